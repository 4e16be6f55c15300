"""The command goes on to its end, whatever becomes of what it writes."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from pulumi_image_pull_secrets.command_line import restart as command
from pulumi_image_pull_secrets.command_line.outcomes import Outcome, OutputError
from pulumi_image_pull_secrets.restart import recreation

from tests.unit.doctor.observed import UNAUTHORIZED, account, container, deployment, observe, pod, secret
from tests.unit.restart.played import STUCK, Cluster
from tests.unit.restart.test_replacement import item

NAMES = "abc"
FULL = Path("/dev/full")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Three pods that wait, in the place of the cluster that the command would find."""
    played = Cluster(*(item(name, **STUCK) for name in NAMES))
    waiting = (pod(container(said=UNAUTHORIZED), name=name, uid=f"uid-{name}") for name in NAMES)
    seen = observe(account("regcred"), secret(), deployment(), *waiting)
    found = SimpleNamespace(context="staging", observe=lambda _: seen, api=lambda: nullcontext(played))
    monkeypatch.setattr(command, "Cluster", SimpleNamespace(of=lambda *_: found))
    monkeypatch.setattr(command, "lacking", lambda *_: [])
    monkeypatch.setattr(recreation, "time", played)
    return played


@contextmanager
def stdout_to(monkeypatch: pytest.MonkeyPatch, descriptor: int) -> Iterator[None]:
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        yield


def restart() -> None:
    command.restart(namespace=["shop"], yes=True)


def test_what_is_done_is_told_line_by_line(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    restart()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "to recreate: 3 pods in 1 namespace of staging"
    assert lines[4:] == [
        *(f"recreated     shop/{name}: new-{i} is ready" for i, name in enumerate(NAMES, 1)),
        "3 recreated",
    ]


@pytest.mark.parametrize("is_fine", [True, False])
def test_who_stops_reading_stops_no_restart(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_fine: bool
) -> None:
    reader, writer = os.pipe()
    cluster.new = cluster.new if is_fine else STUCK
    cluster.on_look = closing(reader)
    with stdout_to(monkeypatch, writer):
        if is_fine:
            restart()
        else:
            with pytest.raises(typer.Exit) as ended:
                restart()
            assert ended.value.exit_code == Outcome.FINDINGS
    assert cluster.evicted == list(NAMES)
    assert cluster.time > 0
    assert capsys.readouterr().err == ""


def closing(reader: int) -> Callable[[], None]:
    """Ends the reading once the plan was read, at the first look at the cluster."""
    open_ones = [reader]

    def close() -> None:
        if open_ones:
            os.close(open_ones.pop())

    return close


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_told_once_every_pod_was_seen_to(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    with FULL.open("w") as full, stdout_to(monkeypatch, writer):

        def fill() -> None:
            # At the first look, when the plan was written.
            if not cluster.evicted:
                os.dup2(full.fileno(), writer)

        cluster.on_look = fill
        with pytest.raises(OutputError, match="No space left on device"):
            restart()
    os.close(reader)
    assert cluster.evicted == list(NAMES)
    assert not [name for name in NAMES if f"uid-{name}" in cluster.pods]
