"""The API server, by server-side apply and plain verbs, through the official client."""

import json
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3
import yaml
from kubernetes import client
from kubernetes.config import ConfigException, load_kube_config

Object = dict[str, Any]

_DISCOVERY_SECONDS = 10.0


class UnreachableError(Exception):
    """The cluster can't be used; the official provider then goes on with previews."""


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
        base = f"/api/{self.api_version}" if "/" not in self.api_version else f"/apis/{self.api_version}"
        scope = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"{base}{scope}/{self.plural}" + (f"/{name}" if name else "")


class ClientSettings:
    """``kubeClientSettings``: queries per second, burst, seconds per request."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.qps = float(settings.get("qps") or 50)
        self.burst = int(settings.get("burst") or 120)
        self.timeout = float(settings["timeout"]) if settings.get("timeout") else None


class Client:
    """A client of one context. Thread-safe."""

    def __init__(self, *, kubeconfig: str, context: str, settings: ClientSettings) -> None:
        configuration = client.Configuration()
        configuration.connection_pool_maxsize = 64
        configuration.retries = urllib3.Retry(total=0, redirect=0)
        try:
            _load(kubeconfig, context, configuration)
        except (ConfigException, OSError, ValueError, TypeError, KeyError, yaml.YAMLError) as error:
            raise UnreachableError(f"unable to load Kubernetes client configuration from kubeconfig: {error}") from None
        self._api = client.ApiClient(configuration)
        self._throttle = _Throttle(settings.qps, settings.burst)
        self._timeout = settings.timeout
        self._kinds: dict[str, dict[str, Kind]] = {}
        self._lock = threading.Lock()
        try:
            self.request("GET", "/version", timeout=_DISCOVERY_SECONDS)
        except (ApiError, urllib3.exceptions.HTTPError) as error:
            raise UnreachableError(f"unable to load schema information from the API server: {error}") from None

    def kind(self, api_version: str, kind: str) -> Kind:
        """The kind's place on the server. Raises ApiError where there is none."""
        with self._lock:
            if api_version not in self._kinds:
                base = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
                resources = self.request("GET", base)["resources"]
                self._kinds[api_version] = {
                    entry["kind"]: Kind(api_version, entry["name"], entry["namespaced"])
                    for entry in resources
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
        query = {"fieldManager": manager, **({"dryRun": "All"} if dry_run else {})}
        return self.request("POST", kind.path(namespace), query, body)

    def apply(
        self, kind: Kind, namespace: str, body: Object, *, manager: str, force: bool, dry_run: bool = False
    ) -> Object:
        """A server-side apply."""
        query = {"fieldManager": manager, "force": str(force).lower(), **({"dryRun": "All"} if dry_run else {})}
        path = kind.path(namespace, body["metadata"]["name"])
        return self.request("PATCH", path, query, body, content_type="application/apply-patch+yaml")

    def replace_managed_fields(self, kind: Kind, live: Object, managed_fields: list[Any]) -> Object:
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
        try:
            before = self.get(kind, namespace, name)
            self.request("DELETE", path, {}, {"propagationPolicy": "Foreground"})
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if self.get(kind, namespace, name)["metadata"]["uid"] != before["metadata"]["uid"]:
                    return
                time.sleep(0.05)
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
        headers = {"Accept": "application/json", "Content-Type": content_type}
        arguments = self._api.param_serialize(
            method, path, query_params=list((query or {}).items()), header_params=headers, auth_settings=["BearerToken"]
        )
        _, url, sent_headers, *_ = arguments
        response = self._api.rest_client.pool_manager.request(
            method,
            url,
            headers=sent_headers,
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


class _Throttle:
    """client-go's token bucket: ``burst`` at once, ``qps`` a second."""

    def __init__(self, qps: float, burst: int) -> None:
        self._qps, self._burst = qps, burst
        self._tokens, self._at = float(burst), time.monotonic()
        self._lock = threading.Lock()

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._qps) - 1
            self._at = now
            delay = -self._tokens / self._qps
        if delay > 0:
            time.sleep(delay)


def _load(kubeconfig: str, context: str, configuration: client.Configuration) -> None:
    """Path or text, as ``util.go``, parseKubeconfigString: what exists as a file is a path."""
    if "\n" not in kubeconfig and Path(kubeconfig).expanduser().exists():
        load_kube_config(str(Path(kubeconfig).expanduser()), context or None, configuration, persist_config=False)
        return
    content = yaml.safe_load(kubeconfig)
    if not isinstance(content, dict):
        raise ConfigException("it is not a kubeconfig")
    with tempfile.NamedTemporaryFile("w", suffix=".kubeconfig") as file:
        file.write(kubeconfig)
        file.flush()
        load_kube_config(file.name, context or None, configuration, persist_config=False)


