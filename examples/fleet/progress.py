"""How each stack of a fleet is getting on, as one table."""

import re
import time
from dataclasses import dataclass, field
from enum import Enum

from plan import Plan
from pulumi.automation import EngineEvent
from rich.table import Table
from rich.text import Text

_COLOUR_TAG = re.compile(r"<\{%[^%]*%\}>")
_UNCHANGED = ("same", "read")


class State(Enum):
    """Of one stack, with the colour that it is shown in."""

    WAITING = "waiting", "dim"
    RUNNING = "running", "cyan"
    DONE = "done", "green"
    FAILED = "failed", "bold red"
    NOT_BEGUN = "not begun", "yellow"

    @property
    def label(self) -> str:
        """The word for it."""
        return self.value[0]


@dataclass
class Progress:
    """One stack's; written by the thread that runs it, read by the display."""

    stack: str
    wave: str
    state: State = State.WAITING
    steps: int = 0
    changes: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    begun: float = 0.0
    ended: float = 0.0

    def begin(self) -> None:
        """Its run begins."""
        self.state, self.begun = State.RUNNING, time.monotonic()

    def finish(self) -> None:
        """Its run is over, and all is well."""
        self.state, self.ended = State.DONE, time.monotonic()

    def fail(self, reason: str) -> None:
        """Its run failed; ``reason`` is for want of an event that tells why."""
        self.state, self.ended = State.FAILED, time.monotonic()
        self.errors = self.errors or [reason]

    def note(self, event: EngineEvent) -> None:
        """What the engine tells while it runs."""
        if event.res_outputs_event:
            self.steps += 1
        elif event.summary_event:
            self.changes = {
                str(getattr(kind, "value", kind)): count
                for kind, count in event.summary_event.resource_changes.items()
                if str(getattr(kind, "value", kind)) not in _UNCHANGED
            }
        elif event.diagnostic_event and event.diagnostic_event.severity == "error":
            self.errors.append(_COLOUR_TAG.sub("", event.diagnostic_event.message).strip())

    @property
    def seconds(self) -> float:
        """How long its run takes, or took."""
        return (self.ended or time.monotonic()) - self.begun if self.begun else 0.0

    @property
    def summary(self) -> str:
        """What changed, or why it failed, in a line."""
        if self.state is State.FAILED:
            return self.errors[0].splitlines()[0]
        if self.state is State.RUNNING:
            return f"{self.steps} steps"
        changed = ", ".join(f"{count} {kind}" for kind, count in sorted(self.changes.items()))
        return changed or ("no changes" if self.state is State.DONE else "")


def of_plan(plan: Plan) -> dict[str, Progress]:
    """Of all stacks, by name, before anything is begun."""
    return {stack: Progress(stack, wave.name) for wave in plan.waves for stack in wave.stacks}


def table(fleet: dict[str, Progress]) -> Table:
    """A row for each stack, in the order of the waves."""
    result = Table("Wave", "Stack", "State", "Seconds", "Changes")
    for progress in fleet.values():
        label, style = progress.state.value
        seconds = f"{progress.seconds:.0f}" if progress.begun else ""
        # What the engine says isn't markup.
        result.add_row(progress.wave, progress.stack, Text(label, style), seconds, Text(progress.summary))
    return result
