"""What the cluster has, asked with the official client before anything is registered.

Everything is asked in lists, a page at a time: one per kind or, where that would read far more than the stack lists
or isn't allowed, one per listed namespace. Nothing is written, and no Secret's data is ever read: Secrets are asked
for as metadata only.
"""

import logging
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
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

_T = TypeVar("_T")


def preflight(
    args: ImagePullSecretsArgs, *, owner: str, context: str, kubeconfig: str | None = None
) -> LiveAccounts:
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
        self._api = client.ApiClient(configuration)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self._api.rest_client.pool_manager.clear()

    def namespace_names(self) -> tuple[str, ...]:
        """The names of all namespaces, or none where listing them isn't allowed."""
        try:
            return tuple(item["metadata"]["name"] for item in self._list("/api/v1/namespaces", metadata_only=True))
        except _Forbidden:
            return ()

    def read(self, namespaces: list[str], secret_names: list[str], *, owner: str) -> dict[str, LiveNamespace]:
        """Those of ``namespaces`` that exist, with their accounts and their Secrets of ``secret_names``."""
        found = {item["metadata"]["name"]: item["metadata"] for item in self._namespaces(namespaces)}
        names = sorted(found)
        accounts: dict[str, dict[str, LiveAccount]] = {name: {} for name in names}
        for item in self._namespaced("serviceaccounts", names):
            metadata = item["metadata"]
            if metadata["namespace"] in accounts:
                accounts[metadata["namespace"]][metadata["name"]] = _live_account(item, owner)
        secrets: dict[str, dict[str, LiveSecret]] = {name: {} for name in names}
        for secret_name in secret_names:
            for has_our_type, selector in ((True, f"type={SECRET_TYPE}"), (False, f"type!={SECRET_TYPE}")):
                query = f"metadata.name={secret_name},{selector}"
                for item in self._namespaced("secrets", names, field_selector=query, metadata_only=True):
                    metadata = item["metadata"]
                    if metadata["namespace"] in secrets:
                        secrets[metadata["namespace"]][metadata["name"]] = LiveSecret(_owner(metadata), has_our_type)
        return {
            name: LiveNamespace(
                owner=_owner(found[name]),
                terminating="deletionTimestamp" in found[name],
                accounts=accounts[name],
                secrets=secrets[name],
            )
            for name in names
        }

    def _namespaces(self, names: list[str]) -> Iterable[dict[str, Any]]:
        if len(names) > _FEW_NAMESPACES:
            try:
                wanted = set(names)
                everything = self._list("/api/v1/namespaces", metadata_only=True)
                return [item for item in everything if item["metadata"]["name"] in wanted]
            except _Forbidden:
                pass
        return [item for item in self._each(names, self._namespace) if item]

    def _namespace(self, name: str) -> dict[str, Any] | None:
        return self._get(f"/api/v1/namespaces/{name}")

    def _namespaced(self, kind: str, namespaces: list[str], **options: Any) -> Iterable[dict[str, Any]]:
        if len(namespaces) > _FEW_NAMESPACES:
            try:
                return list(self._list(f"/api/v1/{kind}", **options))
            except _Forbidden:
                pass
        lists = self._each(namespaces, lambda name: list(self._list(f"/api/v1/namespaces/{name}/{kind}", **options)))
        return [item for items in lists for item in items]

    def _each(self, names: list[str], ask: Callable[[str], _T]) -> list[_T]:
        with ThreadPoolExecutor(_PARALLEL) as pool:
            return list(pool.map(ask, names))

    def _list(self, path: str, *, field_selector: str = "", metadata_only: bool = False) -> Iterator[dict[str, Any]]:
        query = [("limit", str(PAGE))] + ([("fieldSelector", field_selector)] if field_selector else [])
        accept = _METADATA_ONLY if metadata_only else "application/json"
        token: str | None = ""
        while token is not None:
            page = self._get(path, [*query, ("continue", token)] if token else query, accept) or {}
            yield from page.get("items") or []
            token = page.get("metadata", {}).get("continue") or None

    def _get(
        self, path: str, query: list[tuple[str, str]] | None = None, accept: str = "application/json"
    ) -> dict[str, Any] | None:
        """The answer, or None for an object that isn't there."""
        try:
            return self._api.call_api(
                path,
                "GET",
                query_params=query or [],
                header_params={"Accept": accept},
                auth_settings=["BearerToken"],
                response_type="object",
                _return_http_data_only=True,
                _request_timeout=(CONNECT_SECONDS, READ_SECONDS),
            )
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise self._refused(error, path) from None
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._unreachable(error) from None

    def _refused(self, error: ApiException, path: str) -> Exception:
        where = f'the cluster of context "{self._context}" ({self._server})'
        if error.status == HTTPStatus.FORBIDDEN:
            return _Forbidden(f"{where} doesn't allow this user to read {path}")
        if error.status == HTTPStatus.UNAUTHORIZED:
            return ClusterUnreachableError(f"{where} doesn't accept the kubeconfig's credentials; log in again")
        return ClusterUnreachableError(f"{where} answered {error.status} {error.reason} to {path}")

    def _unreachable(self, error: Exception) -> ClusterUnreachableError:
        return ClusterUnreachableError(
            f'the cluster of context "{self._context}" ({self._server}) can\'t be reached: {_reason(error)}; '
            f"try: kubectl --context {self._context} get namespaces"
        )


class _Forbidden(ClusterUnreachableError):
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
