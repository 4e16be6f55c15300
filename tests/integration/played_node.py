"""The sandbox with what it lacks for workloads: their controllers, and a played node. Runs until Ctrl-C.

docs/tutorial.md has its reader start it: ``python -m tests.integration.played_node IMAGE SECRET``, from the checkout.
"""

import contextlib
import secrets
import subprocess
import sys
from datetime import datetime, timezone
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.config import new_client_from_config

from sandbox import builds, parts
from sandbox.lifecycle import FOLDER
from tests.integration.node import Node

CONTROLLERS = ("deployment-controller", "replicaset-controller", "disruption-controller")


class TellingNode(Node):
    """Writes the event of a pull that failed, too, in the words of the engine that people know them from."""

    def __init__(self, api: Any) -> None:
        super().__init__(api)
        self._events = api
        self._told: set[str] = set()

    def _tend(self, item: dict[str, Any]) -> None:
        super()._tend(item)
        uid = item["metadata"]["uid"]
        waiting = [status for status in item["status"].get("containerStatuses", []) if "waiting" in status["state"]]
        if waiting and uid not in self._told:
            self._told.add(uid)
            self._tell(item["metadata"], waiting[0]["image"])

    def _tell(self, pod: dict[str, Any], image: str) -> None:
        repository = image.rpartition(":")[0]
        refused = (
            f"Error response from daemon: pull access denied for {repository}, "
            "repository does not exist or may require 'docker login'"
        )
        about = {"apiVersion": "v1", "kind": "Pod", **{key: pod[key] for key in ("name", "namespace", "uid")}}
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        event = {
            "metadata": {"name": f"{pod['name']}.{secrets.token_hex(8)}"},
            "involvedObject": about,
            "source": {"component": "kubelet"},
            "type": "Warning",
            "reason": "Failed",
            "message": f'Failed to pull image "{image}": {refused}',
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        with contextlib.suppress(ApiException):
            self._events.create_namespaced_event(pod["namespace"], event)


def main(image: str, secret: str) -> None:
    """Gives ``image`` only to pods that name ``secret``, in the sandbox of this checkout."""
    kubeconfig = FOLDER / "kubeconfig"
    manager = builds.provide((parts.CONTROLLER_MANAGER,), lambda _: None)["kube-controller-manager"]
    command = [str(manager), f"--kubeconfig={kubeconfig}", f"--controllers={','.join(CONTROLLERS)}"]
    options = ["--secure-port=0", "--leader-elect=false"]
    with (FOLDER / "workload-controllers.log").open("wb") as log:
        process = subprocess.Popen([*command, *options], stdout=log, stderr=log)
        try:
            with TellingNode(client.CoreV1Api(new_client_from_config(str(kubeconfig)))) as node:
                node.private(image, secret)
                print("node-1 takes pods; Ctrl-C ends it", flush=True)
                process.wait()
        except KeyboardInterrupt:
            pass
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
