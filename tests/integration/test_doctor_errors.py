"""What is in the way of a command: one message on stderr, the right exit code, and nothing secret."""

import base64
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.engine import CHECKOUT
from tests.integration.command_line import Run, run
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.test_cluster_rights import user

__all__ = ["run", "user"]

BOTH = pytest.mark.parametrize("command", [["doctor"], ["explain", "web"]], ids=["doctor", "explain"])


@BOTH
def test_an_unknown_context(run: Run, cluster: LiveCluster, command: list[str]) -> None:
    ran = run(*command, "--context", "sandbix", kubeconfig=cluster.admin_kubeconfig)
    assert ran.code == 3
    assert 'context "sandbix" is not in the kubeconfig' in ran.error
    assert f'did you mean "{CONTEXT}"?' in ran.error


@BOTH
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no kubeconfig at "),
        (b"", " is empty"),
        (b"contexts: [", " is not YAML (line 1, column 12)"),
        (b"token: hush-hush\n", " is not a kubeconfig: it has no list of "),
        (b"\xff\xfe", " can't be read: it is not a text in UTF-8"),
        (b"contexts: []\nusers: [{user: {token: hush-hush}}]\n", "there is no current context in the kubeconfig "),
        (b"contexts: []\ncurrent-context: hush\n", 'context "hush" is not in the kubeconfig'),
    ],
)
def test_a_kubeconfig_that_cannot_be_used(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], content: bytes | None, said: str
) -> None:
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("KUBECONFIG", str(path))
    for ran in (run(*command, kubeconfig=path), run(*command)):
        assert ran.code == 3
        assert said in ran.error
        assert str(path) in ran.error
        assert "hush-hush" not in ran.error


@BOTH
def test_the_current_context_is_taken_where_none_is_named(
    run: Run, cluster: LiveCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    namespace = cluster.new_namespace()
    content = yaml.safe_load(cluster.admin_kubeconfig.read_text())
    content["current-context"] = CONTEXT
    content["contexts"][0]["context"]["namespace"] = namespace
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(content))
    monkeypatch.setenv("KUBECONFIG", f"/nowhere{os.pathsep}{tmp_path / 'kubeconfig'}")
    ran = run(*command)
    if command == ["doctor"]:
        assert f" of {CONTEXT}, " in ran.out
    else:
        assert ran.code == 3
        assert f'no pod "web" runs or waits in namespace {namespace}. An image' in ran.error


@BOTH
def test_an_unknown_namespace(run: Run, cluster: LiveCluster, command: list[str]) -> None:
    namespace = cluster.new_namespace()
    ran = run(*command, "-n", f"{namespace}x", "--context", CONTEXT, kubeconfig=cluster.admin_kubeconfig)
    assert ran.code == 3
    assert ran.error == f'there is no namespace "{namespace}x", did you mean "{namespace}"?'


@pytest.mark.parametrize("right", [("get", "namespaces"), ("list", "namespaces")], ids=" ".join)
def test_an_unknown_namespace_is_told_to_whoever_may_see_that(
    run: Run, cluster: LiveCluster, user: Callable[..., Path], right: tuple[str, str]
) -> None:
    namespace = cluster.new_namespace()
    kubeconfig = user([], [], [right, ("list", "serviceaccounts")])
    ran = run("doctor", "-n", f"{namespace}x", "--context", CONTEXT, kubeconfig=kubeconfig)
    assert ran.code == 3
    assert ran.error.startswith(f'there is no namespace "{namespace}x"')
    assert run("doctor", "-n", namespace, "--context", CONTEXT, kubeconfig=kubeconfig).code == 0
    blind = user([], [], [("list", "serviceaccounts")])
    assert run("doctor", "-n", f"{namespace}x", "--context", CONTEXT, kubeconfig=blind).code == 0


def test_several_unknown_namespaces_beside_a_known_one(run: Run, cluster: LiveCluster) -> None:
    namespace = cluster.new_namespace()
    wanted = ["-n", "xyzzy", "-n", namespace, "-n", "plugh-plugh"]
    ran = run("doctor", *wanted, "--context", CONTEXT, kubeconfig=cluster.admin_kubeconfig)
    assert (ran.code, ran.error) == (3, 'there is no namespace "xyzzy"; there is no namespace "plugh-plugh"')


def test_an_unknown_pod_comes_with_the_nearest_one(run: Run, cluster: LiveCluster) -> None:
    namespace = cluster.new_namespace()
    pod = {"metadata": {"name": "web-0"}, "spec": {"containers": [{"name": "main", "image": "nginx"}]}}
    cluster.api.create_namespaced_pod(namespace, pod)
    ran = run("explain", "web", "-n", namespace, "--context", CONTEXT, kubeconfig=cluster.admin_kubeconfig)
    assert (ran.code, ran.error) == (
        3,
        f'no pod "web" runs or waits in namespace {namespace}; did you mean "web-0"? '
        "An image is written with its tag: web:latest",
    )


@BOTH
@pytest.mark.parametrize(
    "image", ["ghcr.io/Acme/web", "https://ghcr.io/acme/web", "ghcr.io/acme/web:", f"a/{'b' * 300}"]
)
def test_an_image_that_is_none(run: Run, command: list[str], image: str) -> None:
    ran = run(*(["doctor", "--image", image] if command == ["doctor"] else ["explain", image]))
    assert ran.code == 2
    assert "is not an image's name: " in ran.error


@BOTH
def test_a_user_who_may_read_nothing(
    run: Run, cluster: LiveCluster, user: Callable[..., Path], command: list[str]
) -> None:
    namespace = cluster.new_namespace()
    nobody = user([], [])
    ran = run(*command, "-n", namespace, "--context", CONTEXT, kubeconfig=nobody)
    assert ran.code == 3
    assert ran.error == "the user of this context may not list pods, serviceaccounts, secrets in any of the namespaces"
    if command == ["doctor"]:
        everywhere = run("doctor", "--context", CONTEXT, kubeconfig=nobody)
        assert everywhere.code == 3
        assert "doesn't allow it: namespaces is forbidden: User \"system:serviceaccount:" in everywhere.error
        some = run("doctor", "--context", CONTEXT, kubeconfig=user([], [], [("list", "namespaces")]))
        assert (some.code, some.error) == (3, ran.error)


def test_a_user_who_may_read_a_part_is_told_what_was_not_read(
    run: Run, cluster: LiveCluster, user: Callable[..., Path]
) -> None:
    namespace = cluster.new_namespace()
    cluster.set_pull_secrets(namespace, "default", "twice", "twice")
    kubeconfig = user([namespace], [("list", "serviceaccounts")])
    ran = run("doctor", "-n", namespace, "--context", CONTEXT, kubeconfig=kubeconfig)
    assert (ran.code, ran.err) == (0, "")
    assert "[account-duplicate-entry]" in ran.out
    assert f"  secrets in {namespace}\n" in ran.out


def test_a_secret_with_a_mebibyte_of_nonsense(run: Run, cluster: LiveCluster) -> None:
    namespace = cluster.new_namespace()
    # The API server wants JSON. Half of it is one key, the rest is values of every wrong kind, deeply nested.
    password = secrets.token_urlsafe(24)
    key = "k" * 500_000
    nested = '{"a":' * 400 + f'"{password}"' + "}" * 400
    content = (
        f'{{"auths": {{"{key}": {nested}, "x": [{",".join(["null"] * 90_000)}], "y": "{password}"}}, "\\ud800": 1}}'
    )
    assert len(content) > 900_000
    name = "n" * 253
    body = {
        "metadata": {"name": name},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(content.encode()).decode()},
    }
    cluster.api.create_namespaced_secret(namespace, body)
    cluster.set_pull_secrets(namespace, "default", name)
    pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "main", "image": "nginx"}]}}
    cluster.api.create_namespaced_pod(namespace, pod)

    own = ["-n", namespace, "--context", CONTEXT]
    for arguments in (["doctor"], ["doctor", "-o", "json"], ["doctor", "-o", "html"], ["explain", "web"]):
        ran = run(*arguments, *own, kubeconfig=cluster.admin_kubeconfig)
        assert (ran.code, ran.err) == (1 if arguments[0] == "doctor" else 0, "")
        assert "can't be used" in ran.out or "secret-unreadable" in ran.out
        assert len(ran.out) < 30_000
        assert password not in ran.out


def test_the_rights_in_the_documentation_are_enough(
    run: Run, cluster: LiveCluster, tmp_path: Path, cluster_role: str
) -> None:
    home = cluster.new_namespace("reader")
    cluster.kubectl(
        "create", "clusterrolebinding", home, f"--clusterrole={cluster_role}", f"--serviceaccount={home}:reader"
    )
    try:
        (tmp_path / "reader").write_text(cluster.kubeconfig_of(home, "reader"))
        told = json.loads(run("doctor", "-o", "json", "--context", CONTEXT, kubeconfig=tmp_path / "reader").out)
    finally:
        cluster.kubectl("delete", "clusterrolebinding", home)
    assert told["unreadable"] == []
    assert told["lookedAt"]["namespaces"] > 3


@pytest.fixture
def cluster_role(cluster: LiveCluster) -> Iterator[str]:
    """The one in docs/doctor.md."""
    text = (CHECKOUT / "docs" / "doctor.md").read_text()
    (role,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    cluster.kubectl("create", "-f", "-", text=role)
    name = yaml.safe_load(role)["metadata"]["name"]
    yield name
    cluster.kubectl("delete", "clusterrole", name)
