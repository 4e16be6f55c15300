"""A server that never answers, Ctrl-C, and what a terminal is shown."""

import os
import pty
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from pulumi_image_pull_secrets import api

from tests.integration import fakes
from tests.integration.command_line import SCRIPT, Run, on_a_terminal, run, shown_on
from tests.integration.live import CONTEXT, LiveCluster

__all__ = ["run"]


@pytest.fixture
def silent() -> Iterator[int]:
    """A server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("command", [["doctor"], ["explain", "web"]], ids=["doctor", "explain"])
def test_a_server_that_never_answers_is_told_in_time(
    run: Run, silent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    # As much as all tries of one request may take; with what is waited between them, within the 30 s.
    assert 2 * api.READ_SECONDS + 2 < 30
    assert 3 * api.CONNECT_SECONDS + 4 < 30
    monkeypatch.setattr(api, "_TIMEOUT", urllib3.Timeout(connect=0.2, read=0.2))
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


def test_a_registry_that_is_silent_is_waited_for_with_a_word_on_the_terminal(silent: int, cluster: LiveCluster) -> None:
    namespace = cluster.new_namespace()
    image = f"127.0.0.1:{silent}/acme/web:1"
    pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "main", "image": image}]}}
    cluster.api.create_namespaced_pod(namespace, pod)
    own = ["-n", namespace, "--context", CONTEXT, "--kubeconfig", str(cluster.admin_kubeconfig)]
    with on_a_terminal("doctor", "--verify", "--timeout", "1", *own, stdout=subprocess.PIPE) as (process, terminal):
        shown = shown_on(terminal, b"asking registries about 1 image")
        assert process.stdout
        out = process.stdout.read()
        assert process.wait(20) == 0
    assert b"asking registries about 1 image" in shown
    assert b"doesn't answer within 1 s" in out
    assert b"asking registries" not in out
