"""docs/tutorial.md, line by line, in a clone: each command, as it stands there, prints what stands there."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.engine import CHECKOUT
from tests.integration import reader
from tests.integration.clones import Clone
from tests.integration.reader import Reader
from tests.pages import LEFT_OUT, steps

PAGE = CHECKOUT / "docs" / "tutorial.md"
MADE_UP = {r"\bweb-[0-9a-z]+-[0-9a-z]{5}\b": "POD", **reader.MADE_UP}


def played_node() -> list[str]:
    fenced = re.findall(r"^```\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(fenced) == 1
    return shlex.split(fenced[0])


def test_the_comparison_tells_a_difference(tmp_path: Path) -> None:
    prints = Reader(tmp_path, {}, MADE_UP).prints
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


def test_the_page_line_by_line(checkout: Clone) -> None:
    shell = Reader(checkout.folder, reader.shell(checkout.folder), MADE_UP)
    first, *others = steps(PAGE)
    shell.follows(first)
    pod = ""
    with subprocess.Popen(played_node(), cwd=checkout.folder, env=reader.shell(checkout.folder)) as node:
        try:
            for step in others:
                command = re.sub(r"\bweb-[0-9a-z]+-[0-9a-z]{5}\b", pod, step.command)
                output = shell.types(command)
                deadline = time.monotonic() + 60
                # A reader looks again, until the node has seen to the pod.
                while not shell.prints(step.shown, output) and "kubectl" in command and time.monotonic() < deadline:
                    if " create " in command:
                        break
                    time.sleep(0.2)
                    output = shell.types(command)
                assert shell.prints(step.shown, output), f"{command}\n{output}"
                found = re.search(r"\bweb-[0-9a-z]+-[0-9a-z]{5}\b", output)
                pod = found[0] if found else pod
        finally:
            node.send_signal(signal.SIGINT)
    assert not checkout.running()
