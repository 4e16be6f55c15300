"""The API server, by server-side apply and plain verbs."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import urllib3

from . import kubeconfig
from .kubeconfig import Access, UnreachableError
from .throttle import Throttle

Object = dict[str, Any]

_DISCOVERY_SECONDS = 10.0
_CONNECTIONS = 64
_POLL_SECONDS = (0.02, 0.5)
"""How long to wait before looking again whether an object is gone: at first, and at most."""


class ApiError(Exception):
    """An answer of the API server that is not success."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(message)


@dataclass(frozen=True)
class Kind:
    """One kind, as the server's discovery gives it."""

    api_version: str
    plural: str
    namespaced: bool

    def path(self, namespace: str, name: str = "") -> str:
        """The URL path of an object, or of its collection."""
        scope = f"/namespaces/{namespace or 'default'}" if self.namespaced else ""
        return f"{_group_path(self.api_version)}{scope}/{self.plural}" + (f"/{name}" if name else "")


class _Retry(urllib3.Retry):
    RETRY_AFTER_STATUS_CODES = frozenset({HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)})


_RETRY = _Retry(total=10, connect=0, read=0, redirect=0, other=0, allowed_methods=None, raise_on_status=False)
"""Ten times, whatever was asked, where the answer says after how many seconds (client-go, ``rest/with_retry.go``)."""


class ClientSettings:
    """``kubeClientSettings``: queries per second, burst, seconds per request."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.qps = float(settings.get("qps") or 50)
        self.burst = int(settings.get("burst") or 120)
        self.timeout = float(settings["timeout"]) if settings.get("timeout") else None


class Client:
    """A client of one context. Thread-safe."""

    def __init__(self, access: Access, settings: ClientSettings) -> None:
        cluster = access.cluster
        self._server = cluster["server"].rstrip("/")
        self._throttle = Throttle(settings.qps, settings.burst)
        self._timeout = settings.timeout
        self._kinds: dict[str, dict[str, Kind]] = {}
        self._lock = threading.Lock()
        pools: Any = urllib3.PoolManager
        if proxy := cluster.get("proxy-url"):
            pools = lambda **options: urllib3.ProxyManager(proxy, **options)  # noqa: E731
        try:
            self._credentials = kubeconfig.credentials(access)
            self._pool = pools(
                maxsize=_CONNECTIONS,
                retries=_RETRY,
                ssl_context=kubeconfig.tls(access),
                **({"server_hostname": cluster["tls-server-name"]} if cluster.get("tls-server-name") else {}),
            )
            self.request("GET", "/version", timeout=_DISCOVERY_SECONDS)
        except (ApiError, urllib3.exceptions.HTTPError) as error:
            raise UnreachableError(f"unable to load schema information from the API server: {error}") from None
        except Exception as error:
            # Certificates, keys, a command for a token: whatever goes wrong with them, there is no cluster to speak to.
            raise UnreachableError(
                f"unable to load Kubernetes client configuration from kubeconfig ({type(error).__name__})"
            ) from None

    def kind(self, api_version: str, kind: str) -> Kind:
        """The kind's place on the server. Raises ApiError where there is none."""
        with self._lock:
            found = self._kinds.get(api_version, {}).get(kind)
            if found is None:
                # Asked again where it wasn't there before: a definition may have come since.
                self._kinds[api_version] = {
                    entry["kind"]: Kind(api_version, entry["name"], entry["namespaced"])
                    for entry in self.request("GET", _group_path(api_version))["resources"]
                    if "/" not in entry["name"]
                }
                found = self._kinds[api_version].get(kind)
        if found is None:
            raise ApiError(HTTPStatus.NOT_FOUND, "NoMatch", f'no matches for kind "{kind}" in version "{api_version}"')
        return found

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """The object. Raises ApiError with 404 where it isn't."""
        return self.request("GET", kind.path(namespace, name))

    def create(self, kind: Kind, namespace: str, body: Object, *, manager: str, dry_run: bool) -> Object:
        """A plain create, which fails where the object exists."""
        query = {"fieldManager": manager, **_dry_run(dry_run)}
        return self.request("POST", kind.path(namespace), query, body)

    def apply(
        self, kind: Kind, namespace: str, body: Object, *, manager: str, force: bool, dry_run: bool = False
    ) -> Object:
        """A server-side apply."""
        query = {"fieldManager": manager, "force": str(force).lower(), **_dry_run(dry_run)}
        path = kind.path(namespace, body["metadata"]["name"])
        return self.request("PATCH", path, query, body, content_type="application/apply-patch+yaml")

    def replace_managed_fields(self, kind: Kind, live: Object, managed_fields: list[Object]) -> Object:
        """Writes who manages which field, on the version that was read."""
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": managed_fields},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        ]
        path = kind.path(live["metadata"].get("namespace", ""), live["metadata"]["name"])
        return self.request("PATCH", path, {}, patch, content_type="application/json-patch+json")

    def delete(self, kind: Kind, namespace: str, name: str, *, seconds: float) -> None:
        """Deletes in the foreground and waits until the object is gone; one that isn't there is success."""
        path = kind.path(namespace, name)
        pause, longest = _POLL_SECONDS
        deadline = time.monotonic() + seconds
        try:
            answer = self.request("DELETE", path, {}, {"propagationPolicy": "Foreground"})
            # The object where it is still there, and a Status where it is gone already.
            deleted = answer.get("metadata", {}).get("uid")
            while deleted and self.get(kind, namespace, name)["metadata"]["uid"] == deleted:
                if time.monotonic() > deadline:
                    break
                time.sleep(pause)
                pause = min(pause * 2, longest)
            else:
                return
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return
            raise
        raise ApiError(HTTPStatus.REQUEST_TIMEOUT, "Timeout", f"timed out waiting for {path} to be deleted")

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        content_type: str = "application/json",
        timeout: float | None = None,
    ) -> Object:
        """One request; raises ApiError for an answer that is not success."""
        self._throttle.wait()
        headers = {
            "Accept": "application/json",
            "Content-Type": content_type,
            "User-Agent": "pulumi-kubernetes-standin",
        }
        if authorization := self._credentials():
            headers["Authorization"] = authorization
        url = self._server + path + (f"?{urlencode(query)}" if query else "")
        response = self._pool.request(
            method,
            url,
            headers=headers,
            body=None if body is None else json.dumps(body).encode(),
            timeout=timeout or self._timeout,
        )
        try:
            answer: Object = json.loads(response.data or b"{}")
        except ValueError:
            answer = {"message": response.data.decode(errors="replace").strip()}
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise ApiError(response.status, answer.get("reason", ""), answer.get("message", f"HTTP {response.status}"))
        return answer


def _group_path(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _dry_run(enabled: bool) -> Mapping[str, str]:
    return {"dryRun": "All"} if enabled else {}
