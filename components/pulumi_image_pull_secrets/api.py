"""One cluster's API, with the official client: requests, pages, retries, and words for what goes wrong."""

import contextlib
import json
import logging
import ssl
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, TypeVar

import urllib3
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException, load_kube_config, load_kube_config_from_dict

from . import kubeconfig as kubeconfigs
from .errors import ClusterUnreachableError

PAGE = 500
"""Objects in one answer to a list."""
CONNECT_SECONDS = 5.0
READ_SECONDS = 12.0
"""How long one request may take; with the retries below, an unreachable cluster is told within 30 s."""

_LONGEST_WAIT = 5.0
"""Seconds that a busy server may have us wait before the next try, whatever its Retry-After says."""
_PARALLEL = 8
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_TIMEOUT = (CONNECT_SECONDS, READ_SECONDS)

_A = TypeVar("_A")
_T = TypeVar("_T")
Object = dict[str, Any]
Request = Callable[..., Any]
"""A method of one of the official client's APIs."""


class Api:
    """The API of one context's cluster. A context manager."""

    objects: client.CoreV1Api
    """For whole objects."""
    metadata: client.CoreV1Api
    """For lists of nothing but metadata."""
    reviews: client.AuthorizationV1Api
    """For what the user may do."""

    def __init__(self, *, context: str, kubeconfig: str | None = None) -> None:
        self._context = context
        found = kubeconfigs.find(context, kubeconfig)
        self._server = found.server
        configuration = client.Configuration()
        # A refused connection or a busy answer is worth another try; a server that accepts and never answers isn't.
        configuration.retries = _Retry(
            total=4, connect=2, read=1, status=4, backoff_factor=0.5, backoff_max=4,
            status_forcelist=[429, 500, 502, 503, 504], raise_on_status=False,
            # A review is a POST, and changes nothing.
            allowed_methods=None,
        )  # fmt: skip
        try:
            with _plugin_failure_raised():
                if found.is_path:
                    load_kube_config(found.source, context, configuration, persist_config=False)
                else:
                    load_kube_config_from_dict(dict(found.content), context, configuration)
            self._clients = (client.ApiClient(configuration), client.ApiClient(configuration, "Accept", _METADATA_ONLY))
        # ImportError: a proxy-url with socks5:// needs PySocks.
        except (ConfigException, OSError, ValueError, TypeError, KeyError, ImportError) as error:
            raise ClusterUnreachableError(
                f'what the kubeconfig has for context "{context}" can\'t be used ({type(error).__name__.lstrip("_")}); '
                f"try: kubectl --context {context} get namespaces"
            ) from None
        self._version = client.VersionApi(self._clients[0])
        self.reviews = client.AuthorizationV1Api(self._clients[0])
        self.objects, self.metadata = (client.CoreV1Api(each) for each in self._clients)

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._clients:
            each.rest_client.pool_manager.clear()

    def check(self) -> None:
        """Raises ClusterUnreachableError where no API server answers.

        One request before all others: a server that never answers would let each of many wait its time, and one that
        is no API server would have us say that namespaces don't exist. Who may not make it may still make the others.
        """
        with contextlib.suppress(ForbiddenError):
            if "gitVersion" not in (self.ask(self._version.get_code) or {}):
                raise self._unreachable(ValueError())

    def group(self, kind: Callable[[client.ApiClient], _T]) -> _T:
        """Another API of the official client, such as AppsV1Api, on the same connections."""
        return kind(self._clients[0])

    def each(self, subjects: Iterable[_A], ask: Callable[[_A], _T]) -> list[_T]:
        """The answers for all of ``subjects``, several at once."""
        pool = ThreadPoolExecutor(_PARALLEL)
        try:
            return list(pool.map(ask, subjects))
        finally:
            # Whoever presses Ctrl-C doesn't wait for answers.
            is_interrupted = isinstance(sys.exc_info()[1], KeyboardInterrupt)
            pool.shutdown(wait=not is_interrupted, cancel_futures=is_interrupted)

    def list(self, request: Request, *namespace: str, **query: str) -> Iterator[Object]:
        """The items of a list, page by page."""
        token = ""
        while True:
            page = self.ask(request, *namespace, limit=PAGE, **query, **({"_continue": token} if token else {})) or {}
            yield from page.get("items") or []
            token = page.get("metadata", {}).get("continue") or ""
            if not token:
                return

    def ask(self, request: Request, *arguments: Any, **query: Any) -> Object | None:
        """The answer, as JSON has it, or None for an object that isn't there."""
        try:
            # The client's models cost more than all the rest; a list of thousands is read as plain JSON.
            response = request(*arguments, **query, _preload_content=False, _request_timeout=_TIMEOUT)
            answer: Object = json.loads(response.data)
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise self._refused(error) from None
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._unreachable(error) from None
        if isinstance(answer, dict):
            return answer
        raise self._unreachable(ValueError())

    def _refused(self, error: ApiException) -> ClusterUnreachableError:
        where = f'the cluster of context "{self._context}" ({self._server})'
        if error.status == HTTPStatus.FORBIDDEN:
            message = f"{where} doesn't allow it: {_api_message(error)}"
            return ForbiddenError(message, error.status, _status(error))
        if error.status == HTTPStatus.UNAUTHORIZED:
            return ClusterUnreachableError(f"{where} doesn't accept the kubeconfig's credentials; log in again")
        return RefusedError(f"{where} answered {error.status} {error.reason}", error.status, _status(error))

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


def _api_message(error: ApiException) -> str:
    """What the API server said, such as: namespaces is forbidden: User "ci" cannot list resource …"""
    return str(_status(error).get("message") or error.reason)


def _status(error: ApiException) -> Object:
    try:
        status = json.loads(error.body or "")
    except (ValueError, TypeError):
        return {}
    return status if isinstance(status, dict) else {}


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
