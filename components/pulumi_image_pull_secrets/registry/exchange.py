"""One request to a registry or a token server, by the rules that keep a login where it belongs.

A login, or a token, goes only to the host that it is sent to: a redirect to another one is followed without it. It
goes by HTTPS, with a certificate that is trusted; only to a registry on this machine by HTTP too, or without a trusted
certificate, as containerd has it (``ConfigureHosts`` in ``core/remotes/docker/config/hosts.go``), and never through a
proxy then. No answer is read further than it has to be.
"""

import asyncio
import logging
import socket
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType

import httpx

from .. import USER_AGENT
from . import certificates
from .addresses import host_text, is_loopback

_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}


class UnreachableError(Exception):
    """No answer, or none that means anything; the message is for a person."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final
        """Whether the host wasn't reached at all, so that asking it again is no use."""


class NoHTTPError(UnreachableError):
    """Something answered, and not in HTTP: it may speak TLS."""


@dataclass(frozen=True)
class Reply:
    """An answer, as far as it was read."""

    status: int
    headers: httpx.Headers
    body: bytes
    host: str
    """The one that answered; another than that asked after a redirect."""
    has_moved: bool
    """Whether it is another one, which was given no login."""


class Exchange:
    """The connections to all registries, and to their token servers, within one event loop."""

    def __init__(self, context: ssl.SSLContext, timeout: float) -> None:
        self._context = context
        # All requests of a question have the whole time together, which is limited from outside. Whoever is stopped so
        # in a TLS handshake leaves the socket open, as httpcore has it, and who ends by itself doesn't.
        self._timeout = timeout * 0.9
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Exchange":
        untrusted = ssl.create_default_context()
        untrusted.check_hostname = False
        untrusted.verify_mode = ssl.CERT_NONE
        self._near = await self._stack.enter_async_context(self._client(untrusted, trust_env=False))
        try:
            far = self._client(self._context, trust_env=True)
        except (ValueError, ImportError, httpx.InvalidURL):
            await self._stack.aclose()
            raise UnreachableError("the proxy that the environment names can't be used", is_final=True) from None
        self._far = await self._stack.enter_async_context(far)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def _client(self, context: ssl.SSLContext, *, trust_env: bool) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=context,
            trust_env=trust_env,
            timeout=self._timeout,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )

    async def send(
        self,
        method: str,
        url: httpx.URL,
        *,
        is_near: bool,
        authorization: str = "",
        accept: str = "*/*",
        limit: int = 0,
    ) -> Reply:
        """The answer, with at most ``limit`` bytes of its body.

        ``is_near`` says that the registry is this machine's, so that what is said above holds for it and its token
        server. Raises asyncio.TimeoutError, and UnreachableError, also where more than ``limit`` bytes come, unless it
        is 0: then none are read.
        """
        asked, has_moved = url, False
        headers = {"Accept": accept, "Authorization": authorization}
        for _ in range(_MAX_REDIRECTS + 1):
            client = self._near if is_near and is_loopback(url.host) else self._far
            try:
                # Not an address's own user and password either, which httpx would send.
                async with client.stream(
                    method,
                    url,
                    headers={name: value for name, value in headers.items() if value},
                    auth=httpx.Auth(),
                    follow_redirects=False,
                ) as response:
                    target = response.headers.get("Location", "") if response.status_code in _REDIRECTS else ""
                    if not target:
                        body = await _read(response, limit)
                        return Reply(response.status_code, response.headers, body, _authority(url), has_moved)
                    target_url = url.join(target)
            except UnreachableError:
                raise
            except httpx.TimeoutException:
                raise asyncio.TimeoutError from None
            # What the libraries raise for odd answers and addresses has no common root.
            except Exception as error:
                why = _why(error)
                reason = f"{host_text(_authority(url))}: {why}"
                if url is asked and why == _NO_HTTP:
                    raise NoHTTPError(reason) from None
                is_final = isinstance(error, (httpx.ConnectError, httpx.ProxyError))
                raise UnreachableError(reason, is_final=is_final) from None
            if _origin(target_url) != _origin(url):
                # Nor is it sent where a redirect leads back.
                headers["Authorization"], has_moved = "", True
            url = target_url
        raise UnreachableError(f"{host_text(_authority(asked))} redirects without end")


def address(text: str) -> httpx.URL | None:
    """An address that a registry gave, or None where it is none."""
    try:
        return httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        return None


def trusted(ca_file: str | None) -> ssl.SSLContext:
    """What certificates are checked against. Raises CertificateFileError."""
    context = certificates.trusted()
    context.load_default_certs()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ValueError) as error:
            raise certificates.unusable(ca_file, error) from None
    return context


async def _read(response: httpx.Response, limit: int) -> bytes:
    body = bytearray()
    if limit:
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > limit:
                raise UnreachableError(f"{host_text(response.url.host)} answers without end")
    return bytes(body)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _authority(url: httpx.URL) -> str:
    return url.netloc.decode("ascii", "replace")


def _why(error: BaseException) -> str:
    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its TLS certificate is not accepted ({ascii(cause.verify_message)[1:-1]})"
    for kind, words in _WORDS.items():
        if any(isinstance(cause, kind) for cause in causes):
            return words
    return f"the connection failed ({type(error).__name__})"


_NO_HTTP = "it ends the connection, or speaks no HTTP"
_WORDS: dict[type[BaseException], str] = {
    ssl.SSLError: "it speaks no TLS, or none that this machine does",
    socket.gaierror: "its host name is not known",
    ConnectionRefusedError: "the connection was refused",
    httpx.ProxyError: "the proxy doesn't connect to it",
    # Before the next: what a redirect names is an error of the protocol, too.
    httpx.InvalidURL: "it is no address, or redirects to none",
    OverflowError: "it is no address",
    httpx.UnsupportedProtocol: "it is not reached by HTTP",
    httpx.RemoteProtocolError: _NO_HTTP,
    httpx.ReadError: _NO_HTTP,
}
"""From the particular to the general."""


def _silence(thread_name: str) -> None:
    """Keeps what httpx logs in a thread to itself: it holds what registries write, as they write it."""
    for name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy", "httpcore.socks"):
        logging.getLogger(name).addFilter(lambda record: record.threadName != thread_name)


THREAD = "image-pull-secrets-registries"
"""The name of the threads in which requests are to be sent."""
_silence(THREAD)


def _causes(error: BaseException) -> list[BaseException]:
    """The error, and those behind it; a group of them has one for each of a host's addresses."""
    found = [error]
    for each in found:
        behind = (each.__cause__, each.__context__, *getattr(each, "exceptions", ()))
        found += [cause for cause in behind if cause is not None and cause not in found]
    return found
