"""Compares one stack with its cluster, and keeps what was found for the report (``drift_issue``)."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

FOLDER = Path("reports") / "drift"
_DRIFT_MESSAGE = "no changes were expected"
"""How pulumi ends a preview that found changes. Its exit code says so only since 2026, and differs with the version."""


class State(Enum):
    """What a comparison came to."""

    SAME = "same"
    DIFFERS = "differs"
    FAILED = "failed"


@dataclass(frozen=True)
class Comparison:
    """A stack's comparison with its cluster."""

    state: State
    output: str
    """All that pulumi printed."""

    def write(self, stack: str, folder: Path) -> None:
        """Keeps it as ``<stack>.json``."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{stack}.json").write_text(json.dumps({**asdict(self), "state": self.state.value}), "utf-8")

    @classmethod
    def read(cls, stack: str, folder: Path) -> "Comparison":
        """What was kept of the stack; a failure where nothing was, since its job then broke off before."""
        try:
            content = json.loads((folder / f"{stack}.json").read_text("utf-8"))
        except FileNotFoundError:
            return cls(State.FAILED, "The job ended before pulumi was started.")
        return cls(State(content["state"]), content["output"])


def judge(exit_code: int, output: str) -> State:
    """What ``pulumi preview --expect-no-changes`` tells by its exit code and its last words."""
    if exit_code == 0:
        return State.SAME
    return State.DIFFERS if _DRIFT_MESSAGE in output else State.FAILED


def compare(command: Sequence[str]) -> Comparison:
    """Runs the preview, and shows its lines as they come."""
    lines = []
    try:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
        ) as process:
            for line in process.stdout or ():
                sys.stdout.write(line)
                lines.append(line)
    except FileNotFoundError:
        return Comparison(State.FAILED, f"there is no {command[0]} command on PATH\n")
    output = "".join(lines)
    return Comparison(judge(process.returncode, output), output)


def main(
    stack: Annotated[str, typer.Option(help="The stack to compare.")],
    folder: Annotated[Path, typer.Option(help="Where to keep what was found.")] = FOLDER,
) -> None:
    """Fails where the stack differs from its cluster, and where it can't be compared."""
    comparison = compare(
        ["pulumi", "preview", "--stack", stack, "--expect-no-changes", "--diff", "--non-interactive", "--color=never"]
    )
    comparison.write(stack, folder)
    if comparison.state is State.FAILED:
        sys.exit(f"error: stack {stack} could not be compared with its cluster; the reason is above")
    if comparison.state is State.DIFFERS:
        sys.exit(f"error: stack {stack} differs from its cluster; bring it back with: make deploy STACK={stack}")


if __name__ == "__main__":
    typer.run(main)
