"""A watch on Secrets and ServiceAccounts: every event from before to after, not snapshots."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kubernetes import watch

from tests.integration.live import LiveCluster


@dataclass
class History:
    """What was seen of one namespace, in the API server's order."""

    events: list[tuple[int, str, str, str, dict[str, Any]]] = field(default_factory=list)
    """Resource version, event type, kind, name, object."""

    def states(self) -> Iterator[tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]]:
        """After each event: the Secrets and the accounts that there are, by name."""
        found: dict[str, dict[str, dict[str, Any]]] = {"Secret": {}, "ServiceAccount": {}}
        for _, event, kind, name, body in sorted(self.events, key=lambda entry: entry[0]):
            if event == "DELETED":
                found[kind].pop(name, None)
            else:
                found[kind][name] = body
            yield dict(found["Secret"]), dict(found["ServiceAccount"])


@contextmanager
def watching(cluster: LiveCluster, namespace: str) -> Iterator[History]:
    """Collects events until the block ends and a last marker has come through both watches."""
    history = History()
    lock = threading.Lock()
    marker = "zz-end-of-watch"
    done = {kind: threading.Event() for kind in ("Secret", "ServiceAccount")}

    def collect(kind: str, request: Any) -> None:
        stream = watch.Watch()
        for event in stream.stream(request, namespace):
            body = event["raw_object"]
            name = body["metadata"]["name"]
            if name == marker:
                stream.stop()
                done[kind].set()
                return
            with lock:
                version = int(body["metadata"]["resourceVersion"])
                history.events.append((version, event["type"], kind, name, body))

    requests = {
        "Secret": cluster.api.list_namespaced_secret,
        "ServiceAccount": cluster.api.list_namespaced_service_account,
    }
    threads = [threading.Thread(target=collect, args=pair, daemon=True) for pair in requests.items()]
    for thread in threads:
        thread.start()
    try:
        yield history
    finally:
        cluster.api.create_namespaced_secret(namespace, {"metadata": {"name": marker}})
        cluster.create_account(namespace, marker)
        for thread in threads:
            thread.join(timeout=30)
    assert all(event.is_set() for event in done.values()), "a watch ended early"
