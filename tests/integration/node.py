"""A played node for a cluster without any: it takes every pod, and pulls as a kubelet does, from a played registry."""

import contextlib
import json
from collections import Counter
from threading import Event, Lock, Thread
from typing import Any

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

NAME = "node-1"
REFUSED = "pull access denied, repository does not exist or may require authorization: insufficient_scope"
_PAUSE = 0.05
_UNPARSED = {"_preload_content": False}
_PASSES = (ApiException, HTTPError)
"""A pod that changed meanwhile, a connection that broke: as a kubelet, the node tries again in the next round."""


class Node:
    """Binds pods, writes their statuses, and lets go of those that are deleted. A context manager."""

    def __init__(self, api: Any) -> None:
        self._api = api
        self._ended = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._lock = Lock()
        self._secrets: dict[str, str] = {}
        self._failures: dict[str, str] = {}
        self._held: set[str] = set()
        self._fewest: dict[str, int] = {}

    def __enter__(self) -> "Node":
        node = {"metadata": {"name": NAME, "labels": {"kubernetes.io/hostname": NAME}}}
        self._api.create_node(node)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def private(self, image: str, secret: str) -> None:
        """The registry gives this image only to pods that name this Secret."""
        with self._lock:
            self._secrets[image] = secret

    def broken(self, image: str, message: str) -> None:
        """A pull of this image fails with this message, whatever the pod names."""
        with self._lock:
            self._failures[image] = message

    def hold(self, namespace: str) -> None:
        """Pods that come there from now on don't start."""
        with self._lock:
            self._held.add(namespace)

    def watch(self, namespace: str) -> None:
        """Counts from now on."""
        with self._lock:
            self._fewest[namespace] = 1_000

    def fewest(self, namespace: str) -> int:
        """How many pods were ready there at least, at any time since ``watch``: only this node makes them ready."""
        with self._lock:
            return self._fewest[namespace]

    def _run(self) -> None:
        while not self._ended.wait(_PAUSE):
            with contextlib.suppress(*_PASSES):
                items = json.loads(self._api.list_pod_for_all_namespaces(**_UNPARSED).data)["items"]
                with self._lock:
                    self._count(items)
                    for item in items:
                        self._tend(item)

    def _count(self, items: list[dict[str, Any]]) -> None:
        ready = Counter(
            item["metadata"]["namespace"]
            for item in items
            if item["status"]["phase"] == "Running" and "deletionTimestamp" not in item["metadata"]
        )
        self._fewest = {name: min(fewest, ready[name]) for name, fewest in self._fewest.items()}

    def _tend(self, item: dict[str, Any]) -> None:
        name, namespace, uid = (item["metadata"][key] for key in ("name", "namespace", "uid"))
        with contextlib.suppress(*_PASSES):
            if "deletionTimestamp" in item["metadata"]:
                options = {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}
                self._api.delete_namespaced_pod(name, namespace, body=options, **_UNPARSED).drain_conn()
            elif not item["spec"].get("nodeName"):
                target = {"apiVersion": "v1", "kind": "Node", "name": NAME}
                binding = {"metadata": {"name": name, "namespace": namespace}, "target": target}
                self._api.create_namespaced_binding(namespace, binding, **_UNPARSED).drain_conn()
            elif item["status"]["phase"] == "Pending" and not (
                namespace in self._held and not item["status"].get("containerStatuses")
            ):
                status = {"status": self._status(item)}
                self._api.patch_namespaced_pod_status(name, namespace, status, **_UNPARSED).drain_conn()

    def _status(self, item: dict[str, Any]) -> dict[str, Any]:
        names = [entry["name"] for entry in item["spec"].get("imagePullSecrets", [])]
        statuses = [self._container(container, names) for container in item["spec"]["containers"]]
        is_ready = all(status["ready"] for status in statuses)
        return {
            "phase": "Running" if is_ready else "Pending",
            "conditions": [{"type": "Ready", "status": str(is_ready)}],
            "containerStatuses": statuses,
        }

    def _container(self, container: dict[str, Any], names: list[str]) -> dict[str, Any]:
        image = container["image"]
        needed = self._secrets.get(image)
        said = self._failures.get(image) or (REFUSED if needed and needed not in names else None)
        running = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
        message = f'Back-off pulling image "{image}": ErrImagePull: {said}'
        state = {"waiting": {"reason": "ImagePullBackOff", "message": message}} if said else running
        return {
            "name": container["name"],
            "image": image,
            "imageID": "" if said else image,
            "ready": not said,
            "restartCount": 0,
            "state": state,
        }
