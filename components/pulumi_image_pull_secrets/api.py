"""One cluster's API: requests, pages, retries, and words for what goes wrong.

The official client reads the kubeconfig, and provides the connections and the credentials. Its classes for the API's
groups are passed over: importing them takes longer than all that a preflight asks.
"""

import contextlib
import json
import logging
import ssl
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import urllib3
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import ConfigException
from kubernetes.config.kube_config import KubeConfigLoader

from . import USER_AGENT
from . import kubeconfig as kubeconfigs
from .child_environment import with_plugins_kept_from_it
from .errors import ClusterUnreachableError

PAGE = 500
"""Objects in one answer to a list."""
CONNECT_SECONDS = 5.0
READ_SECONDS = 12.0
"""How long one request may take; with the retries below, an unreachable cluster is told within 30 s."""

_LONGEST_WAIT = 5.0
"""Seconds that a busy server may have us wait before the next try, whatever its Retry-After says."""
_PARALLEL = 8
_WHOLE = "application/json"
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_HEADERS = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
_TIMEOUT = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)

_A = TypeVar("_A")
_T = TypeVar("_T")
Object = dict[str, Any]


def path_of(resource: str, namespace: str | None = None, name: str | None = None, *, version: str = "v1") -> str:
    """Where the API has all objects of a resource, those of one namespace, or the one with a name.

    ``version`` has the API's group with it, such as ``apps/v1``; the core group has none.
    https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
    """
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    parts = [resource] if namespace is None else ["namespaces", namespace, resource]
    if name is not None:
        parts.append(name)
    return "/".join((root, *(quote(part, safe="") for part in parts)))


class Api:
    """The API of one context's cluster. A context manager."""

    def __init__(self, *, context: str, kubeconfig: str | None = None) -> None:
        self._context = context
        found = kubeconfigs.find(context, kubeconfig)
        self._server = found.server
        # The official client passes it over, and would act as somebody else than the provider does.
        self._impersonation = found.impersonation
        self._configuration = configuration = Configuration()
        # A refused connection or a busy answer is worth another try; a server that accepts and never answers isn't.
        self._retries = configuration.retries = _Retry(
            total=4, connect=2, read=1, status=4, backoff_factor=0.5, backoff_max=4,
            status_forcelist=[429, 500, 502, 503, 504], raise_on_status=False,
            # A review is a POST, too.
            allowed_methods=None,
        )  # fmt: skip
        try:
            content = with_plugins_kept_from_it(found.content)
            beside = str(Path(found.source).parent) if found.is_path else ""
            with _plugin_failure_raised():
                KubeConfigLoader(content, context, config_base_path=beside).load_and_set(configuration)
            self._connections: urllib3.PoolManager = RESTClientObject(configuration).pool_manager
        # What comes out of it has no common root: a login with OIDC is renewed here, by three libraries, and what the
        # kubeconfig holds, such as a proxy-url with socks5://, may need packages that aren't there.
        except Exception as error:
            raise ClusterUnreachableError(
                f'what the kubeconfig has for context "{context}" can\'t be used ({type(error).__name__.lstrip("_")}); '
                f"try: kubectl --context {context} get namespaces"
            ) from None

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self._connections.clear()

    def check(self) -> None:
        """Raises ClusterUnreachableError where no API server answers.

        One request before all others: a server that never answers would let each of many wait its time, and one that
        is no API server would have us say that namespaces don't exist. Who may not make it may still make the others.
        """
        with contextlib.suppress(ForbiddenError):
            if "gitVersion" not in (self.get("/version") or {}):
                raise self._unreachable(ValueError())

    def each(self, subjects: Iterable[_A], ask: Callable[[_A], _T]) -> list[_T]:
        """The answers for all of ``subjects``, several at once."""
        pool = ThreadPoolExecutor(_PARALLEL)
        try:
            return list(pool.map(ask, subjects))
        finally:
            # Whoever presses Ctrl-C doesn't wait for answers.
            is_interrupted = isinstance(sys.exc_info()[1], KeyboardInterrupt)
            pool.shutdown(wait=not is_interrupted, cancel_futures=is_interrupted)

    def list(self, path: str, *, field_selector: str = "", metadata_only: bool = False) -> Iterator[Object]:
        """The items of a list, page by page; with ``metadata_only`` nothing else of them is sent.

        Raises NotFoundError where the API has no such list, which is something else than an empty one.
        """
        query = {"limit": str(PAGE)}
        if field_selector:
            query["fieldSelector"] = field_selector
        while True:
            page = self._ask("GET", path, query, accept=_METADATA_ONLY if metadata_only else _WHOLE)
            yield from page.get("items") or []
            query["continue"] = page.get("metadata", {}).get("continue") or ""
            if not query["continue"]:
                return

    def get(self, path: str) -> Object | None:
        """The object at ``path``, or None where there is none."""
        with contextlib.suppress(NotFoundError):
            return self._ask("GET", path)
        return None

    def post(self, path: str, content: Object, *, once: bool = False) -> Object | None:
        """The answer to ``content``, or None where ``path`` isn't there.

        With ``once`` it isn't sent again where it may have been heard: a second answer wouldn't tell what came of it.
        """
        # "other" is what breaks in TLS, also after all was sent.
        retries = self._retries.new(read=0, status=0, other=0) if once else self._retries
        with contextlib.suppress(NotFoundError):
            return self._ask("POST", path, body=content, retries=retries)
        return None

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Object | None = None,
        accept: str = _WHOLE,
        retries: urllib3.Retry | None = None,
    ) -> Object:
        try:
            response = self._connections.request(
                method,
                self._configuration.host + path,
                fields=query,
                body=None if body is None else json.dumps(body),
                headers=self._headers(accept),
                timeout=_TIMEOUT,
                retries=retries or self._retries,
                # Whose answer stops in the middle isn't asked again.
                preload_content=False,
            )
            content = response.data
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._unreachable(error) from None
        answer = _parsed(content)
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._refused(response, answer or {})
        if answer is None:
            raise self._unreachable(ValueError())
        return answer

    def _headers(self, accept: str) -> urllib3.HTTPHeaderDict:
        headers = urllib3.HTTPHeaderDict({**_HEADERS, "Accept": accept, **self._credentials()})
        for name, value in self._impersonation:
            headers.add(name, value)
        return headers

    def _credentials(self) -> dict[str, str]:
        """The header with the token, if the user has one; the official client renews it when it is time."""
        found: Mapping[str, Any] = self._configuration.auth_settings()
        return {setting["key"]: setting["value"] for setting in found.values() if setting["value"]}

    def _refused(self, response: urllib3.BaseHTTPResponse, status: Object) -> ClusterUnreachableError:
        where = f'the cluster of context "{self._context}" ({self._server})'
        if response.status == HTTPStatus.FORBIDDEN:
            # Such as: namespaces is forbidden: User "ci" cannot list resource …
            message = f"{where} doesn't allow it: {status.get('message') or response.reason}"
            return ForbiddenError(message, response.status, status)
        if response.status == HTTPStatus.UNAUTHORIZED:
            return ClusterUnreachableError(f"{where} doesn't accept the kubeconfig's credentials; log in again")
        kind = NotFoundError if response.status == HTTPStatus.NOT_FOUND else RefusedError
        return kind(f"{where} answered {response.status} {response.reason}", response.status, status)

    def _unreachable(self, error: Exception) -> ClusterUnreachableError:
        return ClusterUnreachableError(
            f'the cluster of context "{self._context}" ({self._server}) can\'t be reached: {_reason(error)}; '
            f"try: kubectl --context {self._context} get namespaces"
        )


class RefusedError(ClusterUnreachableError):
    """An answer that isn't the one that was asked for."""

    def __init__(self, message: str, code: int, status: Object) -> None:
        super().__init__(message)
        self.code = code
        """HTTP's."""
        self.status = status
        """The ``Status`` that came with it, with ``message`` and ``details``; empty where none did."""


class ForbiddenError(RefusedError):
    """Something that this user may not do."""


class NotFoundError(RefusedError):
    """Nothing is at the path: no such object, or no such resource in this cluster's API."""


class _Retry(urllib3.Retry):
    def get_retry_after(self, response: Any) -> float | None:
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, _LONGEST_WAIT)


class _CredentialPluginError(ConfigException):
    pass


@contextlib.contextmanager
def _plugin_failure_raised() -> Iterator[None]:
    """The client only logs that a credential plugin failed, and goes on as nobody."""
    failures: list[str] = []

    def is_of_others(record: logging.LogRecord) -> bool:
        failures.extend({record.module} & {"kube_config"})
        return record.module != "kube_config"

    logging.getLogger().addFilter(is_of_others)
    try:
        yield
    finally:
        logging.getLogger().removeFilter(is_of_others)
    if failures:
        raise _CredentialPluginError


def _parsed(content: bytes) -> Object | None:
    """The object that it is in JSON; None where it is something else."""
    try:
        parsed = json.loads(content)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _reason(error: BaseException) -> str:
    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        error = error.reason
    if isinstance(error, urllib3.exceptions.SSLError):
        cause = error.args[0] if error.args else error
        detail = getattr(cause, "verify_message", "") if isinstance(cause, ssl.SSLError) else ""
        return f"its TLS certificate is not accepted ({detail or 'TLS handshake failed'})"
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "its host name is not known"
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        is_refused = isinstance(error.__cause__, ConnectionRefusedError)
        return "the connection was refused" if is_refused else "no connection can be made"
    # After those two, which urllib3 derives from a timeout.
    if isinstance(error, (urllib3.exceptions.ConnectTimeoutError, urllib3.exceptions.ReadTimeoutError)):
        return "it doesn't answer in time"
    if isinstance(error, ValueError) and not isinstance(error, urllib3.exceptions.HTTPError):
        return "what answers there isn't a Kubernetes API server"
    return f"the connection failed ({type(error).__name__})"


# It warns of each retry, on stderr, and we say what came of them.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
