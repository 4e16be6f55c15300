"""What the cluster has, asked with the official client before anything is registered.

Everything is asked in lists, a page at a time: one per kind or, where that would read far more than the stack lists
or isn't allowed, one per listed namespace. Nothing is written, and no Secret's data is ever read: Secrets are asked
for as metadata only.
"""

import contextlib
import itertools
import json
import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, TypeVar

import urllib3
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException, load_kube_config, load_kube_config_from_dict

from . import kubeconfig as kubeconfigs
from .args import ImagePullSecretsArgs
from .attachment import OWNER_ANNOTATION, LiveAccount, annotation_key, parse_annotation
from .docker_config import SECRET_TYPE
from .errors import ClusterUnreachableError, PreflightError
from .preflight import LiveNamespace, LiveSecret, WantedNamespace, find_obstacles
from .validation import DEFAULT_ACCOUNTS

PAGE = 500
"""Objects in one answer to a list."""
CONNECT_SECONDS = 5.0
READ_SECONDS = 12.0
"""How long one request may take; with the retries below, an unreachable cluster is told within 30 s."""

_FEW_NAMESPACES = 25
"""Up to this many, one list per namespace reads less than one of the whole cluster."""
_PARALLEL = 8
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

LiveAccounts = Mapping[str, Mapping[str, LiveAccount]]
"""Namespace -> ServiceAccount -> what it holds. A namespace that isn't in it doesn't exist yet."""

_TIMEOUT = (CONNECT_SECONDS, READ_SECONDS)

_T = TypeVar("_T")
_Object = dict[str, Any]
_Request = Callable[..., Any]


def preflight(args: ImagePullSecretsArgs, *, owner: str, context: str, kubeconfig: str | None = None) -> LiveAccounts:
    """Asks the cluster whether ``args`` can be carried out there, and what its accounts hold.

    What it returns is the component's ``live_accounts``, which spares it a read per account. Raises KubeconfigError,
    ClusterUnreachableError, or PreflightError with everything that is missing or in the way.
    """
    wanted = tuple(
        WantedNamespace(
            name=entry["name"],
            service_accounts=tuple(entry.get("service_accounts", DEFAULT_ACCOUNTS)),
            create=entry.get("create", False),
        )
        for entry in args["namespaces"]
    )
    secret_names = [args["secret_name"], *args.get("retired_secret_names", [])]
    with Cluster(context=context, kubeconfig=kubeconfig) as cluster:
        live = cluster.read([entry.name for entry in wanted], secret_names, owner=owner)
        missing = any(not entry.create and entry.name not in live for entry in wanted)
        obstacles = find_obstacles(
            wanted,
            live,
            owner=owner,
            adopt=args.get("adopt", False),
            known_namespaces=cluster.namespace_names() if missing else (),
        )
        if findings := list(obstacles):
            raise PreflightError(context, findings)
    return {name: namespace.accounts for name, namespace in live.items()}


class Cluster:
    """The cluster of one context, read only. A context manager."""

    def __init__(self, *, context: str, kubeconfig: str | None = None) -> None:
        self._context = context
        found = kubeconfigs.find(context, kubeconfig)
        self._server = found.server
        configuration = client.Configuration()
        # A refused connection or a busy answer is worth another try; a server that accepts and never answers isn't.
        configuration.retries = urllib3.Retry(
            total=4, connect=2, read=1, status=4, backoff_factor=0.5, backoff_max=4,
            status_forcelist=[429, 500, 502, 503, 504], raise_on_status=False,
        )  # fmt: skip
        try:
            if found.is_path:
                load_kube_config(found.source, context, configuration, persist_config=False)
            else:
                load_kube_config_from_dict(dict(found.content), context, configuration)
        except (ConfigException, OSError, ValueError, TypeError, KeyError) as error:
            raise ClusterUnreachableError(
                f'the credentials of context "{context}" can\'t be used ({type(error).__name__}); '
                f"try: kubectl --context {context} get namespaces"
            ) from None
        self._clients = (client.ApiClient(configuration), client.ApiClient(configuration, "Accept", _METADATA_ONLY))
        self._version = client.VersionApi(self._clients[0])
        self._objects, self._metadata = (client.CoreV1Api(each) for each in self._clients)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._clients:
            each.rest_client.pool_manager.clear()

    def namespace_names(self) -> tuple[str, ...]:
        """The names of all namespaces, or none where listing them isn't allowed."""
        try:
            return tuple(item["metadata"]["name"] for item in self._list(self._metadata.list_namespace))
        except _ForbiddenError:
            return ()

    def read(self, namespaces: list[str], secret_names: list[str], *, owner: str) -> dict[str, LiveNamespace]:
        """Those of ``namespaces`` that exist, with their accounts and their Secrets of ``secret_names``."""
        # One request first: a server that never answers would let each of many wait its time.
        self._ask(self._version.get_code)
        found = {item["metadata"]["name"]: item["metadata"] for item in self._namespaces(namespaces)}
        accounts: dict[str, dict[str, LiveAccount]] = {name: {} for name in found}
        for item in self._in_namespaces(
            list(found),
            self._objects.list_service_account_for_all_namespaces,
            self._objects.list_namespaced_service_account,
        ):
            accounts[item["metadata"]["namespace"]][item["metadata"]["name"]] = _live_account(item, owner)
        secrets: dict[str, dict[str, LiveSecret]] = {name: {} for name in found}
        for secret_name, has_our_type in itertools.product(secret_names, (True, False)):
            for item in self._in_namespaces(
                list(found),
                self._metadata.list_secret_for_all_namespaces,
                self._metadata.list_namespaced_secret,
                field_selector=f"metadata.name={secret_name},type{'=' if has_our_type else '!='}{SECRET_TYPE}",
            ):
                secrets[item["metadata"]["namespace"]][secret_name] = LiveSecret(_owner(item["metadata"]), has_our_type)
        return {
            name: LiveNamespace(
                owner=_owner(metadata),
                terminating="deletionTimestamp" in metadata,
                accounts=accounts[name],
                secrets=secrets[name],
            )
            for name, metadata in found.items()
        }

    def _namespaces(self, names: list[str]) -> list[_Object]:
        if len(names) > _FEW_NAMESPACES:
            with contextlib.suppress(_ForbiddenError):
                wanted = set(names)
                return [
                    item for item in self._list(self._metadata.list_namespace) if item["metadata"]["name"] in wanted
                ]
        return [item for item in self._each(names, lambda name: self._ask(self._objects.read_namespace, name)) if item]

    def _in_namespaces(
        self, namespaces: list[str], list_all: _Request, list_one: _Request, **query: str
    ) -> list[_Object]:
        """The objects in these namespaces, from one list of the whole cluster or one per namespace."""
        if len(namespaces) > _FEW_NAMESPACES:
            with contextlib.suppress(_ForbiddenError):
                wanted = set(namespaces)
                return [item for item in self._list(list_all, **query) if item["metadata"]["namespace"] in wanted]
        lists = self._each(namespaces, lambda name: list(self._list(list_one, name, **query)))
        return [item for items in lists for item in items]

    def _each(self, names: list[str], ask: Callable[[str], _T]) -> list[_T]:
        with ThreadPoolExecutor(_PARALLEL) as pool:
            return list(pool.map(ask, names))

    def _list(self, request: _Request, *namespace: str, **query: str) -> Iterator[_Object]:
        token = ""
        while True:
            page = self._ask(request, *namespace, limit=PAGE, **query, **({"_continue": token} if token else {})) or {}
            yield from page.get("items") or []
            token = page.get("metadata", {}).get("continue") or ""
            if not token:
                return

    def _ask(self, request: _Request, *path: str, **query: Any) -> _Object | None:
        """The answer, as JSON has it, or None for an object that isn't there."""
        try:
            # The client's models cost more than all the rest; a list of thousands is read as plain JSON.
            response = request(*path, **query, _preload_content=False, _request_timeout=_TIMEOUT)
            answer: _Object = json.loads(response.data)
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise self._refused(error) from None
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._unreachable(error) from None
        return answer

    def _refused(self, error: ApiException) -> ClusterUnreachableError:
        where = f'the cluster of context "{self._context}" ({self._server})'
        if error.status == HTTPStatus.FORBIDDEN:
            return _ForbiddenError(f"{where} doesn't allow it: {_api_message(error)}")
        if error.status == HTTPStatus.UNAUTHORIZED:
            return ClusterUnreachableError(f"{where} doesn't accept the kubeconfig's credentials; log in again")
        return ClusterUnreachableError(f"{where} answered {error.status} {error.reason}")

    def _unreachable(self, error: Exception) -> ClusterUnreachableError:
        return ClusterUnreachableError(
            f'the cluster of context "{self._context}" ({self._server}) can\'t be reached: {_reason(error)}; '
            f"try: kubectl --context {self._context} get namespaces"
        )


class _ForbiddenError(ClusterUnreachableError):
    """A list that this user may not have."""


def _live_account(item: Mapping[str, Any], owner: str) -> LiveAccount:
    annotations = item["metadata"].get("annotations") or {}
    return LiveAccount(
        pull_secrets=tuple(entry["name"] for entry in item.get("imagePullSecrets") or [] if entry.get("name")),
        attached_before=parse_annotation(annotations.get(annotation_key(owner))),
    )


def _owner(metadata: Mapping[str, Any]) -> str | None:
    owner: str | None = (metadata.get("annotations") or {}).get(OWNER_ANNOTATION)
    return owner


def _api_message(error: ApiException) -> str:
    """What the API server said, such as: namespaces is forbidden: User "ci" cannot list resource …"""
    try:
        message: str = json.loads(error.body or "")["message"]
    except (ValueError, KeyError, TypeError):
        return str(error.reason)
    return message


def _reason(error: BaseException) -> str:
    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        error = error.reason
    if isinstance(error, (urllib3.exceptions.ConnectTimeoutError, urllib3.exceptions.ReadTimeoutError)):
        return "it doesn't answer in time"
    if isinstance(error, urllib3.exceptions.SSLError):
        cause = error.args[0] if error.args else error
        detail = getattr(cause, "verify_message", "") if isinstance(cause, ssl.SSLError) else ""
        return f"its TLS certificate is not accepted ({detail or 'TLS handshake failed'})"
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "its host name is not known"
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "the connection was refused"
    return f"the connection failed ({type(error).__name__})"


# It warns of each retry, on stderr, and we say what came of them.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
