"""A crowded cluster for benchmarks: thousands of pods on a real API server, with statuses as a kubelet writes them."""

import base64
import json
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

IMAGE = "ghcr.io/acme/web:1"
REFUSED = "pull access denied, repository does not exist or may require authorization: insufficient_scope"
_PARALLEL = 8


class Crowd:
    """Makes namespaces, each with a Secret, an account, a Deployment with its ReplicaSet, and pods of that."""

    def __init__(self, api_client: client.ApiClient) -> None:
        self._core: Any = client.CoreV1Api(api_client)
        self._apps: Any = client.AppsV1Api(api_client)

    def make(self, *, namespaces: int, pods: int, waiting: int) -> None:
        """``pods`` in all; every fifth namespace's account names no Secret, and pods that wait are there first."""
        names = [f"team-{number:04}" for number in range(namespaces)]
        bare = set(names[::5])
        owners = dict(
            zip(names, _each(names, lambda name: self._namespace(name, has_entry=name not in bare)), strict=True)
        )
        places = [(names[number % namespaces], number // namespaces) for number in range(pods)]
        _each(places, lambda place: self._pod(place[0], place[1], owners[place[0]]))
        places.sort(key=lambda place: place[0] not in bare)
        _each(places[:waiting], lambda place: self._refuse(*place))
        _each(places[waiting:], lambda place: self._run(*place))

    def _namespace(self, name: str, *, has_entry: bool) -> dict[str, Any]:
        """Makes it; the reference of a pod to its owner there."""
        self._core.create_namespace({"metadata": {"name": name}})
        self._core.create_namespaced_secret(name, _secret())
        entries = [{"name": "regcred"}] if has_entry else []
        account = {"metadata": {"name": "default"}, "imagePullSecrets": entries}
        try:
            self._core.create_namespaced_service_account(name, account)
        except ApiException as error:
            if error.status != 409:  # The controller was first.
                raise
            self._core.patch_namespaced_service_account("default", name, {"imagePullSecrets": entries})
        workload = {"selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": _LABELS, "spec": _spec()}}
        deployment = self._apps.create_namespaced_deployment(name, {"metadata": {"name": "web"}, "spec": workload})
        owner = _reference("Deployment", "web", deployment.metadata.uid)
        metadata = {"name": _REPLICA_SET, "ownerReferences": [owner]}
        replica_set = self._apps.create_namespaced_replica_set(name, {"metadata": metadata, "spec": workload})
        return _reference("ReplicaSet", _REPLICA_SET, replica_set.metadata.uid)

    def _pod(self, namespace: str, number: int, owner: dict[str, Any]) -> None:
        metadata = {**_LABELS, "name": f"{_REPLICA_SET}-{number:05}", "ownerReferences": [owner]}
        self._core.create_namespaced_pod(namespace, {"metadata": metadata, "spec": _spec()})

    def _run(self, namespace: str, number: int) -> None:
        self._status(namespace, number, "Running", {"running": {"startedAt": "2026-01-01T00:00:00Z"}})

    def _refuse(self, namespace: str, number: int) -> None:
        message = f'Back-off pulling image "{IMAGE}": ErrImagePull: {REFUSED}'
        self._status(namespace, number, "Pending", {"waiting": {"reason": "ImagePullBackOff", "message": message}})
        pod = f"{_REPLICA_SET}-{number:05}"
        event = {
            "metadata": {"name": f"{pod}.{secrets.token_hex(8)}"},
            "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": pod, "namespace": namespace},
            "type": "Warning",
            "reason": "Failed",
            "message": f'Failed to pull image "{IMAGE}": {REFUSED}',
            "lastTimestamp": "2026-01-01T00:00:00Z",
            "count": 9,
        }
        self._core.create_namespaced_event(namespace, event)

    def _status(self, namespace: str, number: int, phase: str, state: dict[str, Any]) -> None:
        container = {
            "name": "main",
            "image": IMAGE,
            "imageID": "",
            "ready": phase == "Running",
            "restartCount": 0,
            "state": state,
        }
        status = {"phase": phase, "containerStatuses": [container]}
        self._core.patch_namespaced_pod_status(f"{_REPLICA_SET}-{number:05}", namespace, {"status": status})


_LABELS: dict[str, Any] = {"labels": {"app": "web"}}
_REPLICA_SET = "web-5d8f7c9b6d"


def _spec() -> dict[str, Any]:
    """Of about the size that a pod of a real application has."""
    variables = [
        {"name": f"SETTING_{number}", "value": f"what the application needs, {number}"} for number in range(20)
    ]
    return {"containers": [{"name": "main", "image": IMAGE, "env": variables}]}


def _secret() -> dict[str, Any]:
    login = base64.b64encode(f"bot:{secrets.token_urlsafe(16)}".encode()).decode()
    content = json.dumps({"auths": {"ghcr.io": {"auth": login}}})
    return {
        "metadata": {"name": "regcred"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": content},
    }


def _reference(kind: str, name: str, uid: str) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": True}


def _each(subjects: Iterable[Any], do: Callable[[Any], Any]) -> list[Any]:
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return list(pool.map(do, subjects))
