"""``--verify``, on the real API server and the real registry."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.processes import free_ports
from sandbox.registry import USERNAME, Registry
from tests.integration.command_line import Ran, Run, run
from tests.integration.images import push
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.one_of_everything import REFUSED
from tests.integration.secret_forms import new_password, places_of

__all__ = ["run"]


@pytest.fixture(scope="module")
def password() -> str:
    return new_password()


@pytest.fixture(scope="module")
def registry(parts: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, password: str) -> Iterator[Registry]:
    running = Registry(tmp_path_factory.mktemp("registry"), parts["registry"])
    try:
        running.start(password)
        with httpx.Client(base_url=f"http://{running.address}", auth=(USERNAME, password)) as client:
            push(client, "acme/web", "1")
        yield running
    finally:
        running.processes.stop()


@dataclass
class Place:
    """A namespace, and ``pull-secrets`` looking at it alone."""

    cluster: LiveCluster
    run: Run
    registry: Registry
    namespace: str
    passwords: list[str] = field(default_factory=list)

    def secret(self, name: str, password: str, server: str = "") -> None:
        entry = {"username": USERNAME, "password": password}
        content = json.dumps({"auths": {server or self.registry.address: entry}}).encode()
        body = {
            "metadata": {"name": name},
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": base64.b64encode(content).decode()},
        }
        self.cluster.api.create_namespaced_secret(self.namespace, body)
        self.passwords.append(password)

    def pod(self, name: str, *secrets: str, image: str = "", said: str = "") -> None:
        image = image or f"{self.registry.address}/acme/web:1"
        spec: dict[str, Any] = {
            "containers": [{"name": "main", "image": image}],
            "imagePullSecrets": [{"name": secret} for secret in secrets],
        }
        self.cluster.api.create_namespaced_pod(self.namespace, {"metadata": {"name": name}, "spec": spec})
        running = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
        waiting = {"waiting": {"reason": "ErrImagePull", "message": said}}
        container = {"name": "main", "image": image, "imageID": "", "ready": not said, "restartCount": 0}
        status = {"containerStatuses": [{**container, "state": waiting if said else running}]}
        self.cluster.api.patch_namespaced_pod_status(name, self.namespace, {"status": status})

    def __call__(self, *arguments: str) -> Ran:
        ran = self.run(*arguments, "-n", self.namespace, "--context", CONTEXT, kubeconfig=self.cluster.admin_kubeconfig)
        assert places_of(self.passwords, {"out": ran.out.encode(), "err": ran.err.encode()}) == []
        assert ran.err == ""
        return ran

    def told(self, *arguments: str, code: int) -> tuple[list[tuple[str, ...]], list[tuple[str, str, int]]]:
        """The findings, and what became of images; the same exit code in every format."""
        ran = self("doctor", "--verify", "-o", "json", *arguments)
        assert [self("doctor", "--verify", "-o", each, *arguments).code for each in ("table", "html")] == [code, code]
        assert ran.code == code
        told = json.loads(ran.out)
        return (
            [(each["code"], each["severity"], each["kind"], each["name"]) for each in told["findings"]],
            [(each["image"].partition("/")[2], each["result"], each["pods"]) for each in told["pulls"]],
        )


@pytest.fixture
def place(cluster: LiveCluster, run: Run, registry: Registry) -> Place:
    return Place(cluster, run, registry, cluster.new_namespace())


def test_a_login_that_works_pulls(place: Place, password: str) -> None:
    place.secret("regcred", password)
    place.cluster.set_pull_secrets(place.namespace, "default", "regcred")
    place.pod("web", "regcred")
    assert place.told("--fail-on", "warning", code=0)[1] == [("acme/web:1", "pulls", 1)]
    said = f"pulls ({place.registry.address} takes the login)."
    assert said in place("explain", "web", "--verify").out
    assert said in place("explain", f"{place.registry.address}/acme/web:1", "--verify").out


def test_a_wrong_password_is_told_at_the_secret_with_the_pods_that_fail(place: Place) -> None:
    place.secret("regcred", new_password())
    image = f"{place.registry.address}/acme/web:1"
    place.pod("web", "regcred", said=REFUSED.format(image=image))
    place.pod("api", "regcred", said=REFUSED.format(image=image))
    findings, pulls = place.told(code=1)
    assert findings == [("secret-refused", "error", "Secret", "regcred")]
    assert pulls == [("acme/web:1", "denied", 2)]
    table = place("doctor", "--verify").out
    assert f"{place.registry.address} refuses the login, or it may not pull this (401): user '{USERNAME}'" in table
    assert "[secret-refused, 2 pods]" in table
    assert f"denied ({place.registry.address} refuses the login" in place("explain", "web", "--verify").out
    # Without it, the same pods are told of by what the kubelet said.
    assert "[pod-unauthorized, 2 pods]" in place("doctor").out


def test_an_unknown_repository_is_not_found_and_a_warning_while_the_pod_runs(place: Place, password: str) -> None:
    place.secret("regcred", password)
    place.pod("web", "regcred", image=f"{place.registry.address}/acme/other:1")
    findings, pulls = place.told(code=0)
    assert findings == [("pod-image-not-found", "warning", "Pod", "web")]
    assert pulls == [("acme/other:1", "not found", 1)]
    assert place.told("--fail-on", "warning", code=1)[1] == pulls


def test_a_registry_on_a_closed_port_is_unreachable_and_a_note(place: Place) -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    place.secret("regcred", new_password(), address)
    place.pod("web", "regcred", image=f"{address}/acme/web:1")
    findings, pulls = place.told("--fail-on", "warning", code=0)
    assert findings == [("pod-not-verified", "note", "Registry", address)]
    assert pulls == [("acme/web:1", "unreachable", 1)]


def test_a_pull_without_a_login_where_one_is_wanted(place: Place) -> None:
    place.pod("web")
    findings, pulls = place.told(code=0)
    assert findings == [("pod-no-credential", "warning", "Pod", "web")]
    assert pulls == [("acme/web:1", "denied", 1)]
