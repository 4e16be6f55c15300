"""``pull-secrets`` as a person runs it on the real API server: in this process, or as it is installed on a terminal.

On a terminal other commands run as well.
"""

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pulumi_image_pull_secrets.command_line import main

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
def on_a_terminal(
    *arguments: str, command: Sequence[str | Path] = (SCRIPT,), **options: Any
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A command whose stderr, and stdout unless it goes elsewhere, is a terminal, and where what it shows is read."""
    ours, theirs = pty.openpty()
    options = {"stdout": theirs, **options}
    process = subprocess.Popen([*command, *arguments], stdin=subprocess.DEVNULL, stderr=theirs, **options)
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
