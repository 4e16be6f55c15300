"""The command line as a whole: help, endings, and what a terminal and a pipe get."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest
from pulumi_image_pull_secrets import command_line as commands
from pulumi_image_pull_secrets.command_line import cluster, outcomes
from pulumi_image_pull_secrets.errors import (
    ClusterUnreachableError,
    ImagePullSecretsError,
    KubeconfigError,
    SettingsError,
)

from sandbox.engine import CHECKOUT
from tests.unit.command_line.running import CommandLine
from tests.unit.doctor.observed import UNAUTHORIZED, account, container, observe, pod

SCRIPT = """
from pulumi_image_pull_secrets import command_line
from pulumi_image_pull_secrets.command_line import cluster
from tests.unit.doctor.observed import UNAUTHORIZED, account, container, observe, pod

objects = [account(), pod(container(said=UNAUTHORIZED))]
cluster.Cluster.observe = lambda this, namespaces=(): SEEN
command_line.main()
"""


def start(seen: str, *arguments: str, stdout: IO[str] | int = subprocess.PIPE) -> "subprocess.Popen[str]":
    """``pull-secrets doctor`` in a process of its own, on what an expression gives."""
    path = os.pathsep.join((str(CHECKOUT), str(CHECKOUT / "components")))
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT.replace("SEEN", seen), "doctor", "--context", "c", *arguments],
        env={**os.environ, "PYTHONPATH": path},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_each_command_is_a_function_of_its_modules_name_and_says_what_it_does(
    command_line: CommandLine, name: str
) -> None:
    ran = command_line.run(name, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: pull-secrets {name} ")
    assert "0 " in ran.out
    overview = command_line.run("-h")
    assert (overview.code, overview.err) == (0, "")
    assert f"\n  {name} " in overview.out


def test_a_mistyped_command_is_a_usage_mistake(command_line: CommandLine) -> None:
    ran = command_line.run("docter")
    assert (ran.code, ran.out) == (2, "")
    assert "No such command 'docter'" in ran.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KubeconfigError("x"), 3),
        (ClusterUnreachableError("x"), 3),
        (outcomes.OutputError("x"), 3),
        (ImagePullSecretsError("x"), 3),
        (SettingsError("prod", ["x"]), 2),
        (outcomes.UsageMistakeError("x"), 2),
    ],
)
def test_an_error_on_purpose_is_one_message_and_a_code(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(cluster.Cluster, "observe", fail)
    ran = command_line.run("doctor")
    assert (ran.code, ran.out) == (code, "")
    assert ran.err == f"error: {error}\n"


def test_what_acts_in_a_message_of_the_cluster_is_shown_as_text(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ClusterUnreachableError("[bold]said\x1b[2J\r\nsecond :smile:")

    monkeypatch.setattr(cluster.Cluster, "observe", fail)
    ran = command_line.run("doctor")
    assert ran.err == "error: [bold]said\\x1b[2J\n  second :smile:\n"


def test_an_unexpected_error_stays_one(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cluster.Cluster, "observe", fail)
    monkeypatch.setattr(sys, "argv", ["pull-secrets", "doctor"])
    with pytest.raises(ZeroDivisionError):
        commands.main()


@pytest.mark.parametrize(
    ("output", "fail_on", "code"), [("table", "never", 0), ("json", "error", 1), ("html", "never", 0)]
)
def test_whoever_stops_reading_causes_no_traceback_and_no_other_code(output: str, fail_on: str, code: int) -> None:
    # A pipe that nobody reads any more, however much it may hold.
    reader, writer = os.pipe()
    os.close(reader)
    try:
        with start("observe(*objects)", "-o", output, "--fail-on", fail_on, stdout=writer) as process:
            _, told = process.communicate()
    finally:
        os.close(writer)
    assert (process.returncode, told) == (code, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told() -> None:
    with Path("/dev/full").open("w") as full, start("observe(*objects)", stdout=full) as process:
        _, told = process.communicate()
    assert (process.returncode, told) == (3, "error: the output can't be written: No space left on device\n")


def test_ctrl_c_ends_it_with_one_word() -> None:
    seen = "(print('reading', flush=True), __import__('time').sleep(60))"
    with start(seen) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "reading\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == "interrupted\n"
        assert process.wait(60) == 130


def test_a_pipe_gets_no_colour_and_no_progress(command_line: CommandLine) -> None:
    command_line.sees(observe(account(), pod(container(said=UNAUTHORIZED))))
    ran = command_line.run("doctor")
    assert "\x1b" not in ran.out + ran.err
    assert ran.err == ""
