"""A cluster with the real controllers of workloads and budgets, and a played node, for tests that import it."""

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from pulumi_image_pull_secrets.command_line import make_app
from pulumi_image_pull_secrets.command_line import restart as command
from pulumi_image_pull_secrets.restart.recreation import Patience
from typer.testing import CliRunner, Result

from sandbox.controlplane import ControlPlane
from sandbox.engine import CHECKOUT
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.node import Node

CONTROLLERS = ("deployment", "replicaset", "statefulset", "daemonset", "job", "disruption")
ROLE = "image-pull-secrets-restart"
IMAGE = "ghcr.io/acme/web:1"
PASSWORD = secrets.token_urlsafe(16)


@pytest.fixture(scope="module")
def cluster(parts: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCluster]:
    """A cluster of these tests alone: others make workloads whose pods they don't want."""
    plane = ControlPlane(tmp_path_factory.mktemp("restart"), parts)
    try:
        plane.start([CONTEXT])
        plane.processes.start(
            "workload-controllers",
            [
                str(parts["kube-controller-manager"]),
                f"--kubeconfig={plane.kubeconfig}",
                f"--controllers={','.join(f'{name}-controller' for name in CONTROLLERS)}",
                "--secure-port=0",
                "--leader-elect=false",
            ],
        )
        live = LiveCluster(plane.kubeconfig, parts["kubectl"])
        live.kubectl("apply", "-f", str(CHECKOUT / "deploy" / "rbac-restart.yaml"))
        yield live
    finally:
        plane.processes.stop()


@pytest.fixture(scope="module")
def node(cluster: LiveCluster) -> Iterator[Node]:
    with Node(cluster.api) as node:
        node.private(IMAGE, "regcred")
        yield node


@pytest.fixture(scope="module")
def kubeconfig(cluster: LiveCluster) -> Path:
    """Of a user with the role of deploy/rbac-restart.yaml and nothing else."""
    home = cluster.new_namespace("user")
    cluster.kubectl("create", "clusterrolebinding", home, f"--clusterrole={ROLE}", f"--serviceaccount={home}:user")
    path = cluster.admin_kubeconfig.with_name(home)
    path.write_text(cluster.kubeconfig_of(home, "user"))
    return path


@pytest.fixture
def run(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command as that user, or as another, with little patience."""
    patience = Patience(refused=2, again=0.2, replaced=20, failing=1, pause=0.05)
    monkeypatch.setattr(command, "PATIENCE", patience)

    def restart(*arguments: str, who: Path = kubeconfig, code: int = 0) -> Result:
        result = CliRunner().invoke(make_app(), ["restart", *arguments], env={"KUBECONFIG": str(who)})
        assert result.exit_code == code, result.output
        assert PASSWORD not in result.output
        assert "Traceback" not in result.output
        return result

    return restart


def workload(
    cluster: LiveCluster,
    namespace: str,
    name: str = "web",
    *,
    kind: str = "Deployment",
    replicas: int = 1,
    image: str = IMAGE,
    **spec: Any,
) -> list[str]:
    """Makes it, and returns the uids of its pods when the node has seen to them."""
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": image}], "tolerations": [{"operator": "Exists"}], **spec},
    }
    body: dict[str, Any] = {"selector": {"matchLabels": {"app": name}}, "template": template, "replicas": replicas}
    if kind == "DaemonSet":
        del body["replicas"]
    if kind == "StatefulSet":
        body |= {"serviceName": name, "podManagementPolicy": "Parallel"}
    group = "apps/v1"
    if kind == "Job":
        group, body = "batch/v1", {"template": {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}}
    manifest = {"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": body}
    cluster.kubectl("create", "-f", "-", text=json.dumps(manifest))
    label = "job-name" if kind == "Job" else "app"
    return list(cluster.wait_for(lambda: settled(cluster, namespace, f"{label}={name}", replicas)))


def pods(cluster: LiveCluster, namespace: str, selector: str = "") -> list[dict[str, Any]]:
    """Those that stay."""
    return [item for item in _all(cluster, namespace, selector) if "deletionTimestamp" not in item["metadata"]]


def leaving(cluster: LiveCluster, namespace: str) -> list[dict[str, Any]]:
    """Those that are being deleted."""
    return [item for item in _all(cluster, namespace) if "deletionTimestamp" in item["metadata"]]


def _all(cluster: LiveCluster, namespace: str, selector: str = "") -> list[dict[str, Any]]:
    answer = cluster.api.list_namespaced_pod(namespace, label_selector=selector, _preload_content=False)
    return list(json.loads(answer.data)["items"])


def settled(cluster: LiveCluster, namespace: str, selector: str, count: int) -> list[str]:
    found = [item for item in pods(cluster, namespace, selector) if item["status"].get("containerStatuses")]
    return uids(found) if len(found) == count else []


def uids(items: list[dict[str, Any]]) -> list[str]:
    return sorted(item["metadata"]["uid"] for item in items)


def states(cluster: LiveCluster, namespace: str) -> list[tuple[str, list[str]]]:
    """Phase and list of each pod."""
    return [
        (item["status"]["phase"], [entry["name"] for entry in item["spec"].get("imagePullSecrets", [])])
        for item in pods(cluster, namespace)
    ]


def mend(cluster: LiveCluster, namespace: str, name: str = "regcred", key: str = "ghcr.io") -> None:
    """What somebody does when pods don't pull: makes the Secret and attaches it."""
    login = {"auth": base64.b64encode(f"bot:{PASSWORD}".encode()).decode()}
    content = base64.b64encode(json.dumps({"auths": {key: login}}).encode()).decode()
    body = {
        "metadata": {"name": name},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": content},
    }
    cluster.api.create_namespaced_secret(namespace, body)
    cluster.set_pull_secrets(namespace, "default", name)


def budget(cluster: LiveCluster, namespace: str, name: str, healthy: int) -> None:
    """A PodDisruptionBudget that its controller has worked on."""
    policy: Any = client.PolicyV1Api(cluster.api.api_client)
    spec = {"minAvailable": healthy, "selector": {"matchLabels": {"app": name}}}
    policy.create_namespaced_pod_disruption_budget(namespace, {"metadata": {"name": f"{name}-budget"}, "spec": spec})

    def is_known() -> bool:
        status = policy.read_namespaced_pod_disruption_budget(f"{name}-budget", namespace).status
        return bool(status and (status.current_healthy or 0) >= healthy)

    cluster.wait_for(is_known)
