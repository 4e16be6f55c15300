"""Our bytes against kubectl's, and what the cluster and a real registry make of them."""

import base64
import json
import secrets
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi_image_pull_secrets.docker_config import Registry, login_problem, registry_key, render

from sandbox.registry import USERNAME
from sandbox.registry import Registry as SandboxRegistry
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack

_CONTROL = "\x00\x01\x08\x0b\x0c\x1f\x7f\t\n\r"
_ODD = "<>&\"\\'%{}$`\u2028\u2029 é€😀\ufeff\ufffd"
_NAME = st.text(
    st.one_of(st.sampled_from(_ODD), st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=":")),
    min_size=1,
    max_size=30,
)
_TEXT = st.text(
    st.one_of(st.sampled_from(f"{_ODD}{_CONTROL}:"), st.characters(exclude_categories=["Cs"])), min_size=1, max_size=30
)
_LOGIN = st.tuples(_NAME, _TEXT, st.none() | _TEXT)
_SERVERS = ("ghcr.io", "localhost:5000", "quay.io/org", "https://index.docker.io/v1/", "[::1]:5000")


@pytest.fixture(scope="session")
def kubectl_writes(parts: dict[str, Path]) -> Callable[[Registry], bytes]:
    """What ``kubectl create secret docker-registry`` puts into ``.dockerconfigjson``."""

    def write(registry: Registry) -> bytes:
        arguments = {"server": registry.server, "username": registry.username, "password": registry.password}
        if registry.email:
            arguments["email"] = registry.email
        command = [
            str(parts["kubectl"]),
            "create",
            "secret",
            "docker-registry",
            "x",
            "--dry-run=client",
            "--output=json",
        ]
        command += [f"--docker-{name}={value}" for name, value in arguments.items()]
        run = subprocess.run(command, capture_output=True, check=True)
        return base64.b64decode(json.loads(run.stdout)["data"][".dockerconfigjson"])

    return write


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logins=st.lists(_LOGIN, min_size=20, max_size=20), server=st.sampled_from(_SERVERS))
def test_ours_are_kubectls_bytes(
    kubectl_writes: Callable[[Registry], bytes], logins: list[tuple[str, str, str | None]], server: str
) -> None:
    # An argument of a command can't hold a NUL, so no kubectl can be asked about one.
    registries = [
        Registry(registry_key(server), *login) for login in logins if not any("\0" in (part or "") for part in login)
    ]
    assert not any(login_problem(registry.username, registry.password) for registry in registries)
    with ThreadPoolExecutor(4) as pool:
        theirs = list(pool.map(kubectl_writes, registries))

    assert [render([registry]).encode() for registry in registries] == theirs


def test_a_pod_of_the_account_carries_the_name(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    stack.up()
    pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": "ghcr.io/acme/web:1"}]}}

    cluster.api.create_namespaced_pod(namespace, pod)

    found = json.loads(cluster.kubectl("get", "pod", "web", "-n", namespace, "-o", "json"))
    assert found["spec"]["imagePullSecrets"] == [{"name": "regcred"}]


@pytest.fixture
def registry(parts: dict[str, Path], tmp_path: Path, stack: ProgramStack) -> Iterator[SandboxRegistry]:
    running = SandboxRegistry(tmp_path / "registry", parts["registry"])
    try:
        running.start(stack.password)
        yield running
    finally:
        running.processes.stop()


def test_a_real_registry_accepts_what_the_secret_holds(
    cluster: LiveCluster, stack: ProgramStack, registry: SandboxRegistry
) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    stack.config["registries"][0] |= {"server": f"http://{registry.address}/v2/", "username": USERNAME}
    stack.up()

    entry = cluster.docker_config(namespace, "regcred")["auths"][registry.address]

    url = f"http://{registry.address}/v2/"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={"Authorization": f"Basic {entry['auth']}"}).status_code == 200
    assert httpx.get(url, auth=(entry["username"], secrets.token_urlsafe(8))).status_code == 401
