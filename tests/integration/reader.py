"""Somebody who follows a page, line by line: what is typed in a shell, and whether it prints what stands there."""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.pages import LEFT_OUT, Step

MADE_UP = {
    r"\d{4}-\d\d-\d\d \d\d:\d\d": "TIME",
    r"\b(\d+[smh])+\b": "AGE",
    r"[ ]+": " ",
}
"""What is another each time, and the width of columns that follows from it."""
# What keeps its effect in a person's shell from one line to the next.
_KEPT = re.compile(r"(export|cd) ")


class Reader:
    """A shell in one folder, whose exports last."""

    def __init__(self, folder: Path, environment: Mapping[str, str], made_up: Mapping[str, str] = MADE_UP) -> None:
        self._folder = folder
        self._environment = {**environment, "PYTHONIOENCODING": "utf-8"}
        self._made_up = made_up
        self._kept: list[str] = []
        self.code = 0
        """Of the last command."""

    def types(self, command: str) -> str:
        """What it prints, on both streams as on a terminal."""
        if _KEPT.match(command):
            self._kept.append(command)
        ran = subprocess.run(
            ["bash", "-c", "\n".join([*self._kept, command])],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.code = ran.returncode
        return ran.stdout

    def follows(self, step: Step) -> None:
        """Types it. Where nothing stands below it the page promises that it works."""
        output = self.types(step.command)
        assert self.prints(step.shown, output), f"{step.command}\n{output}"
        assert step.shown or self.code == 0, f"{step.command}\n{output}"

    def prints(self, shown: list[str], output: str) -> bool:
        """Whether the lines are the output's; where some are left out, the others are in it, in order."""
        wanted, printed = self._plain(shown), self._plain(output.splitlines())
        if LEFT_OUT not in wanted:
            return not wanted or wanted == printed
        rest = iter(printed)
        return all(line in rest for line in wanted if line != LEFT_OUT)

    def _plain(self, lines: Iterable[str]) -> list[str]:
        """The lines that aren't empty, without what is another each time."""
        return [line for line in map(self._without_what_is_made_up, lines) if line]

    def _without_what_is_made_up(self, line: str) -> str:
        for pattern, name in self._made_up.items():
            line = re.sub(pattern, name, line)
        return line.strip()


def shell(folder: Path, *path: Path) -> dict[str, str]:
    """The environment of a shell in a clone, which finds the clone's library and these folders' commands."""
    return {
        **os.environ,
        "PATH": os.pathsep.join([*map(str, path), os.environ["PATH"]]),
        "PYTHONPATH": str(folder / "components"),
    }
