"""docs/tutorial.md, line by line, in a clone: each command, as it stands there, prints what stands there."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox.engine import CHECKOUT
from tests.integration.clones import Clone

PAGE = CHECKOUT / "docs" / "tutorial.md"
LEFT_OUT = "…"
_MADE_UP = {
    r"\bweb-[0-9a-z]+-[0-9a-z]{5}\b": "POD",
    r"\d{4}-\d\d-\d\d \d\d:\d\d": "TIME",
    r"\b\d+s\b": "AGE",
    r"[ ]+": " ",
}
"""What is another each time, and the width of columns that follows from it."""


@dataclass
class Step:
    command: str
    shown: list[str] = field(default_factory=list)


def steps() -> list[Step]:
    found: list[Step] = []
    for line in PAGE.read_text().splitlines():
        if line.startswith("    $ "):
            found.append(Step(line[6:]))
        elif line.startswith("    "):
            found[-1].shown.append(line[4:])
    return found


def played_node() -> list[str]:
    fenced = re.findall(r"^```\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(fenced) == 1
    return shlex.split(fenced[0])


def plain(line: str) -> str:
    for pattern, name in _MADE_UP.items():
        line = re.sub(pattern, name, line)
    return line.strip()


def prints(shown: list[str], output: str) -> bool:
    """Whether the lines are the output's; where some are left out, the others are in it, in order."""
    wanted = [plain(line) for line in shown if line]
    printed = [plain(line) for line in output.splitlines() if line.strip()]
    if LEFT_OUT not in wanted:
        return not wanted or wanted == printed
    rest = iter(printed)
    return all(line in rest for line in wanted if line != LEFT_OUT)


def test_the_comparison_tells_a_difference() -> None:
    assert prints(["web-1a2b-abcde  3s", LEFT_OUT, "b"], "web-9z-xxxxx   14s\nother\nb\n")
    assert not prints([LEFT_OUT, "b", "a"], "a\nb\n")
    assert not prints(["a"], "a\nb\n")


@pytest.fixture
def checkout(clone: Clone) -> Clone:
    """The clone as a checkout in which make has nothing to install."""
    (clone.folder / ".venv").symlink_to(sys.prefix)
    for name in ("requirements-dev.txt", "components/pyproject.toml"):
        os.utime(clone.folder / name, (0, 0))
    for command in (["git", "init", "-q"], ["git", "add", "-A"]):
        subprocess.run(command, cwd=clone.folder, check=True)
    return clone


@pytest.fixture
def typed(checkout: Clone) -> Callable[[str], str]:
    exported: list[str] = []

    def run(command: str) -> str:
        if command.startswith("export "):
            exported.append(command)
        script = "\n".join([*exported, command])
        ran = subprocess.run(
            ["bash", "-c", script], cwd=checkout.folder, env=environment(checkout.folder),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        return ran.stdout

    return run


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder / "components"), "PYTHONIOENCODING": "utf-8"}


def test_the_page_line_by_line(checkout: Clone, typed: Callable[[str], str]) -> None:
    first, *others = steps()
    output = typed(first.command)
    assert prints(first.shown, output), output
    pod = ""
    with subprocess.Popen(played_node(), cwd=checkout.folder, env=environment(checkout.folder)) as node:
        try:
            for step in others:
                command = re.sub(r"\bweb-[0-9a-z]+-[0-9a-z]{5}\b", pod, step.command)
                output = typed(command)
                deadline = time.monotonic() + 60
                # A reader looks again, until the node has seen to the pod.
                while not prints(step.shown, output) and "kubectl" in command and time.monotonic() < deadline:
                    if " create " in command:
                        break
                    time.sleep(0.2)
                    output = typed(command)
                assert prints(step.shown, output), f"{command}\n{output}"
                found = re.search(r"\bweb-[0-9a-z]+-[0-9a-z]{5}\b", output)
                pod = found[0] if found else pod
        finally:
            node.send_signal(signal.SIGINT)
    assert not checkout.running()
