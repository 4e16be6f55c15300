"""What is in the way of a command: one message on stderr, the right exit code, and nothing secret."""

import base64
import json
import os
import pty
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_image_pull_secrets import api
from pulumi_image_pull_secrets.command_line import main

from sandbox.engine import CHECKOUT
from tests.integration import fakes
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.test_cluster_rights import user

__all__ = ["user"]

SCRIPT = Path(sys.executable).with_name("pull-secrets")


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The only message."""
        assert self.out == ""
        assert "Traceback" not in self.err
        assert self.err.startswith("error: ")
        assert self.err.count("\n") == 1
        return self.err.removeprefix("error: ").rstrip("\n")


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """``pull-secrets``, in this process."""

    def running(*arguments: str, kubeconfig: Path | None = None) -> Ran:
        own = ["--kubeconfig", str(kubeconfig)] if kubeconfig else []
        monkeypatch.setattr(sys, "argv", ["pull-secrets", *arguments, *own])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, *capfd.readouterr())

    return running


@contextmanager
def on_a_terminal(*arguments: str, **options: Any) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """``pull-secrets`` whose stderr is a terminal, and where what it shows there is read."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([SCRIPT, *arguments], stdin=subprocess.DEVNULL, stderr=theirs, **options)
    os.close(theirs)
    try:
        with process:
            yield process, ours
    finally:
        os.close(ours)


def shown_on(terminal: int, until: bytes = b"") -> bytes:
    """What is shown until this has been, or until the other side is gone."""
    shown = b""
    while not until or until not in shown:
        try:
            shown += (part := os.read(terminal, 4096))
        except OSError:  # so says Linux
            break
        if not part:
            break
    return shown


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


@pytest.fixture
def silent() -> Iterator[int]:
    """A server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@BOTH
def test_a_server_that_never_answers_is_told_in_time(
    run: Run, silent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    # As much as all tries of one request may take; with what is waited between them, within the 30 s.
    assert 2 * api.READ_SECONDS + 2 < 30
    assert 3 * api.CONNECT_SECONDS + 4 < 30
    monkeypatch.setattr(api, "_TIMEOUT", (0.2, 0.2))
    (tmp_path / "kubeconfig").write_text(fakes.kubeconfig(f"http://127.0.0.1:{silent}"))
    ran = run(*command, "--context", fakes.CONTEXT, kubeconfig=tmp_path / "kubeconfig")
    assert ran.code == 3
    assert "can't be reached: it doesn't answer in time; try: kubectl" in ran.error


@pytest.mark.long
def test_a_server_that_never_answers_is_told_within_30_seconds(run: Run, silent: int, tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text(fakes.kubeconfig(f"http://127.0.0.1:{silent}"))
    started = time.monotonic()
    ran = run("doctor", "--context", fakes.CONTEXT, kubeconfig=tmp_path / "kubeconfig")
    assert ran.code == 3
    assert "it doesn't answer in time" in ran.error
    assert time.monotonic() - started < 30


def test_ctrl_c_while_a_server_is_silent(silent: int, tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text(fakes.kubeconfig(f"http://127.0.0.1:{silent}"))
    arguments = ["doctor", "--context", fakes.CONTEXT, "--kubeconfig", str(tmp_path / "kubeconfig")]
    with on_a_terminal(*arguments, stdout=subprocess.DEVNULL) as (process, terminal):
        shown = shown_on(terminal, b"connecting")
        process.send_signal(signal.SIGINT)
        shown += shown_on(terminal, b"interrupted")
        assert process.wait(20) == 130
    assert b"interrupted" in shown
    assert b"Traceback" not in shown
    # The cursor, which the progress hides, is back.
    assert shown.rfind(b"\x1b[?25h") > shown.rfind(b"\x1b[?25l")


def test_progress_is_on_the_terminal_and_the_report_where_it_is_sent(cluster: LiveCluster) -> None:
    namespace = cluster.new_namespace()
    arguments = ["doctor", "-n", namespace, "--context", CONTEXT, "--kubeconfig", str(cluster.admin_kubeconfig)]
    with on_a_terminal(*arguments, stdout=subprocess.PIPE, env={**os.environ, "TERM": "xterm"}) as (process, terminal):
        shown = shown_on(terminal)
        assert process.stdout
        report = process.stdout.read()
        assert process.wait(20) == 0
    assert b"connecting" in shown
    assert b"secrets:" not in shown
    assert report.startswith("√ secrets: 0 Secrets, nothing found\n".encode())
    assert b"\x1b" not in report


@pytest.mark.parametrize(("environment", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colours_unless_it_wants_none(
    cluster: LiveCluster, environment: dict[str, str], is_coloured: bool
) -> None:
    namespace = cluster.new_namespace()
    arguments = ["doctor", "-n", namespace, "--context", CONTEXT, "--kubeconfig", str(cluster.admin_kubeconfig)]
    clean = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [SCRIPT, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**clean, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    with process:
        report = shown_on(ours)
    os.close(ours)
    assert b"secrets" in report
    assert (b"\x1b[1;32m" in report or b"\x1b[32m" in report) is is_coloured


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
