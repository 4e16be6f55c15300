"""What a node does to pull, as far as the manifest, in containerd's order; and a login without an image.

The manifest is asked for without a login first (``core/remotes/docker/resolver.go``). Where the registry answers 401,
its challenge decides: the login itself, or a token for it from the token server that the challenge names, on whichever
host that is (``authorizer.go``; Docker Hub's is on another). So a registry that asks for no login is never sent one,
and such a pull succeeds with a wrong password too.

The token is asked for by GET (https://distribution.github.io/distribution/spec/auth/token/), which every token server
takes. containerd tries a POST before; where an account is locked after some wrong logins, one try is better than two.
"""

import base64
import json
import re
from dataclasses import dataclass

import httpx

from . import addresses
from .addresses import host_text, is_loopback
from .answers import Answer, LoginAnswer, LoginResult, Result
from .challenge import Bearer, parse
from .exchange import Exchange, NoHTTPError, Reply, UnreachableError, address

_ACCEPT = ", ".join(
    (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "*/*",
    )
)
"""What containerd accepts where it resolves a name."""
_MAX_TOKEN_BYTES = 1024 * 1024
_UNAUTHORIZED = 401
_REFUSALS = (_UNAUTHORIZED, 403)

Login = tuple[str, str]
"""User name and password, both not empty: without one of them, a kubelet and containerd pull without a login."""


class RefusedError(Exception):
    """A login, or what comes without one, is refused; the message is for a person."""


@dataclass
class Registry:
    """A registry, as long as it is asked."""

    exchange: Exchange
    name: str
    """As an image's name has it: host and port."""
    origins: tuple[str, ...] = ()
    """Where it may be; one, once it has answered."""
    unreached: str = ""
    """Why it isn't asked any more."""

    def __post_init__(self) -> None:
        self.origins = self.origins or addresses.origins(self.name)

    @property
    def host(self) -> str:
        """As messages have it."""
        return host_text(self.name)

    async def send(self, method: str, path: str, *, authorization: str = "", accept: str = "*/*") -> Reply:
        """The answer to one request; the first is to have no authorization. Raises UnreachableError."""
        failure: NoHTTPError | None = None
        for origin in self.origins:
            try:
                reply = await self._send_to(origin, method, path, authorization, accept)
            except NoHTTPError as error:
                failure = failure or error
                continue
            # With 400, a server of HTTPS answers what comes by HTTP.
            if reply.status != httpx.codes.BAD_REQUEST or origin == self.origins[-1]:
                self.origins = (origin,)
                return reply
        raise failure or UnreachableError(f"{self.host} has no address")

    async def _send_to(self, origin: str, method: str, path: str, authorization: str, accept: str) -> Reply:
        url = address(origin + path)
        if url is None:
            raise UnreachableError(f"{self.host} is no address", is_final=True)
        return await self.exchange.send(
            method, url, is_near=is_loopback(self.name), authorization=authorization, accept=accept
        )

    async def authorization(self, refusal: Reply, login: Login | None, scopes: tuple[str, ...] = ()) -> str:
        """What to send after ``refusal``, which is a 401. Raises RefusedError and UnreachableError.

        Without ``scopes`` a token is asked for as ``docker login`` does, for none at all: the scope of a registry's
        challenge may be a placeholder (``repository:user/image:pull``), which its token server refuses.
        https://github.com/distribution/distribution/blob/main/internal/client/auth/session.go
        """
        if refusal.has_moved:
            raise UnreachableError(f"{self.host} redirects to {host_text(refusal.host)}, where no login is sent")
        challenges = parse(refusal.headers.get_list("WWW-Authenticate"))
        if not challenges:
            raise UnreachableError(f"{self.host} wants a login, and names no way to log in that a node knows")
        if isinstance(challenges[0], Bearer):
            return f"Bearer {await self._token(challenges[0], login, scopes)}"
        if login is None:
            raise RefusedError(f"{self.host} wants a login")
        return _basic(login)

    async def _token(self, challenge: Bearer, login: Login | None, scopes: tuple[str, ...]) -> str:
        url = self._token_server(challenge.realm)
        host = host_text(url.netloc.decode("ascii", "replace"))
        if challenge.service:
            url = url.copy_add_param("service", challenge.service)
        for scope in sorted({*scopes, *challenge.scopes} if scopes else ()):
            url = url.copy_add_param("scope", scope)
        reply = await self.exchange.send(
            "GET",
            url,
            is_near=is_loopback(self.name),
            authorization=_basic(login) if login else "",
            accept="application/json",
            limit=_MAX_TOKEN_BYTES,
        )
        if reply.has_moved and login:
            raise UnreachableError(f"{host} redirects to {host_text(reply.host)}, where no login is sent")
        if reply.status in _REFUSALS:
            raise RefusedError(f"{host} refuses the login ({reply.status})" if login else f"{host} wants a login")
        if not httpx.codes.is_success(reply.status):
            raise UnreachableError(_status(host, reply))
        token = _token_in(reply.body)
        if token is None:
            raise UnreachableError(f"{host} answers, but gives no token")
        return token

    def _token_server(self, realm: str) -> httpx.URL:
        url = address(realm)
        if url is None or not url.host or url.scheme not in ("https", "http"):
            raise UnreachableError(f"{self.host} names no token server's address")
        if url.scheme == "http" and not (is_loopback(self.name) and is_loopback(url.host)):
            raise UnreachableError(
                f"{self.host} names the token server {host_text(url.host)} by plain HTTP, to which no login is sent"
            )
        return url


class Puller:
    """One repository, with one login or none; a login is asked for once."""

    def __init__(self, registry: Registry, repository: str, login: Login | None) -> None:
        self._registry = registry
        self._scope = f"repository:{repository}:pull"
        self._login = login
        self._authorization = ""
        self._refusal = ""

    async def ask(self, path: str) -> Answer:
        """What becomes of the image whose manifest has this path. Raises UnreachableError."""
        if not self._refusal:
            try:
                return await self._ask(path)
            except RefusedError as error:
                self._refusal = str(error)
        return Answer(Result.DENIED, self._refusal)

    async def _ask(self, path: str) -> Answer:
        registry = self._registry
        reply = await self._manifest(path)
        if reply.status == _UNAUTHORIZED:
            self._authorization = await registry.authorization(reply, self._login, (self._scope,))
            reply = await self._manifest(path)
        if reply.has_moved and reply.status in _REFUSALS:
            raise UnreachableError(f"{registry.host} redirects to {host_text(reply.host)}, where no login is sent")
        if reply.status in _REFUSALS:
            is_sent = self._login and self._authorization
            what = "refuses the login, or it may not pull this" if is_sent else "refuses a pull without a login"
            raise RefusedError(f"{registry.host} {what} ({reply.status})")
        if reply.status == httpx.codes.NOT_FOUND:
            return Answer(Result.NOT_FOUND, f"{registry.host} has no such repository, tag or digest")
        if not httpx.codes.is_success(reply.status):
            raise UnreachableError(_status(registry.host, reply))
        if not _is_manifest(reply):
            raise UnreachableError(f"{registry.host} answers, but not as a registry does")
        if not self._authorization:
            return Answer(Result.PULLS, f"{registry.host} asks for no login")
        return Answer(Result.PULLS, f"{registry.host} {'takes the login' if self._login else 'needs no login'}")

    async def _manifest(self, path: str) -> Reply:
        reply = await self._registry.send("HEAD", path, authorization=self._authorization, accept=_ACCEPT)
        if reply.status == httpx.codes.METHOD_NOT_ALLOWED:
            return await self._registry.send("GET", path, authorization=self._authorization, accept=_ACCEPT)
        return reply


async def log_in(registry: Registry, login: Login) -> LoginAnswer:
    """Whether a registry takes a login, as ``docker login`` asks it. Raises UnreachableError."""
    reply = await registry.send("GET", "/v2/")
    if httpx.codes.is_success(reply.status):
        reason = f"{registry.host} asks for no login before it is asked for an image"
        return LoginAnswer(LoginResult.NOT_KNOWN, reason)
    if reply.status != _UNAUTHORIZED:
        raise UnreachableError(_status(registry.host, reply))
    try:
        authorization = await registry.authorization(reply, login)
    except RefusedError as error:
        return LoginAnswer(LoginResult.REFUSED, str(error))
    reply = await registry.send("GET", "/v2/", authorization=authorization)
    if httpx.codes.is_success(reply.status):
        return LoginAnswer(LoginResult.ACCEPTED, f"{registry.host} takes the login")
    if reply.status not in _REFUSALS or reply.has_moved:
        raise UnreachableError(_status(registry.host, reply))
    if authorization.startswith("Basic "):
        return LoginAnswer(LoginResult.REFUSED, f"{registry.host} refuses the login ({reply.status})")
    reason = f"{registry.host} gives the login a token, and doesn't take it without an image ({reply.status})"
    return LoginAnswer(LoginResult.NOT_KNOWN, reason)


def _basic(login: Login) -> str:
    try:
        return f"Basic {base64.b64encode(':'.join(login).encode()).decode()}"
    except UnicodeEncodeError:
        raise RefusedError("the login holds bytes that are no UTF-8, which no kubelet can hand on") from None


def _token_in(body: bytes) -> str | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    token = (answer.get("access_token") or answer.get("token")) if isinstance(answer, dict) else None
    return token if isinstance(token, str) and re.fullmatch("[!-~]+", token) else None


def _is_manifest(reply: Reply) -> bool:
    # A page for people comes with 200, too.
    return "Docker-Content-Digest" in reply.headers or "json" in reply.headers.get("Content-Type", "")


def _status(host: str, reply: Reply) -> str:
    if reply.status == httpx.codes.TOO_MANY_REQUESTS:
        return f"{host} takes no more requests for now (429)"
    return f"{host} answers with the status {reply.status}"
