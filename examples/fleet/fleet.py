"""Brings many stacks up, wave by wave: those of a wave at the same time, and none after a red one.

python fleet.py fleet.yaml
python fleet.py --preview fleet.yaml
"""

import re
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from typing import Annotated

import typer
from plan import Plan, PlanError, read
from progress import Progress, State, of_plan, table
from pulumi import automation
from rich.console import Console
from rich.live import Live


class Fleet:
    """The stacks of a plan, and how each is getting on."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._stopped = Event()
        self.progress = of_plan(plan)
        workspace = _workspace(plan.project)
        # One after the other: the engine keeps which stack is selected in one file for the whole project.
        self._stacks = {name: _selected(name, workspace) for name in plan.stacks}

    def run(self, *, preview: bool) -> None:
        """Wave by wave. A run that has begun is never cut off, and none is begun after a red one."""
        shown = {"get_renderable": lambda: table(self.progress), "auto_refresh": self._console.is_terminal}
        with Live(console=self._console, transient=True, **shown):
            for wave in self._plan.waves:
                with ThreadPoolExecutor(self._plan.parallel) as pool:
                    runs = [pool.submit(self._run_one, self.progress[name], preview=preview) for name in wave.stacks]
                    try:
                        wait(runs)
                    except KeyboardInterrupt:
                        # The engine is told by the terminal as well, and ends each of its runs in order.
                        self._stopped.set()
                for run in runs:
                    run.result()
        for one in self.progress.values():
            if one.state is State.WAITING:
                one.state = State.NOT_BEGUN

    def _run_one(self, one: Progress, *, preview: bool) -> None:
        if self._stopped.is_set():
            return
        stack = self._stacks[one.stack]
        one.begin()
        self._tell(one)
        try:
            (stack.preview if preview else stack.up)(on_event=one.note)
        except automation.CommandError as error:
            self._stopped.set()
            one.fail(_reason(error))
        else:
            one.finish()
        self._tell(one)

    def _tell(self, one: Progress) -> None:
        if not self._console.is_terminal:
            self._console.print(f"{one.wave}: {one.stack} {one.state.label}", markup=False, highlight=False)


def _workspace(project: Path) -> automation.Workspace:
    """The project of this folder. Raises PlanError where there is no engine for it, or one that is too old."""
    try:
        return automation.LocalWorkspace(work_dir=str(project))
    except FileNotFoundError:
        raise PlanError(
            "there is no pulumi command on PATH; install it: https://www.pulumi.com/docs/install/"
        ) from None
    except automation.InvalidVersionError as error:
        raise PlanError(str(error)) from None


def _selected(name: str, workspace: automation.Workspace) -> automation.Stack:
    """The stack of this name. Raises PlanError where there is none, or the engine can't tell."""
    try:
        return automation.Stack.select(name, workspace)
    except automation.CommandError as error:
        raise PlanError(f"{name}: {_reason(error)}") from None


def _reason(error: automation.CommandError) -> str:
    """What the engine wrote on standard error, without the warnings before; the exception's text holds much else."""
    written = str(error).partition("\n stderr: ")[2].strip()
    return re.split("^error: ", written, maxsplit=1, flags=re.MULTILINE)[-1] or str(error).strip()


def main(
    file: Annotated[Path, typer.Argument(help="The plan, such as fleet.yaml.")],
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would change.")] = False,
) -> None:
    """Bring the stacks of a plan up, wave by wave. Exits with 1 after a red one, with 2 where none can be begun."""
    try:
        fleet = Fleet(read(file), Console(stderr=True))
    except PlanError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    fleet.run(preview=preview)
    console = Console()
    console.print(table(fleet.progress))
    for one in fleet.progress.values():
        for error in one.errors:
            console.print(f"{one.stack}: {error}", markup=False, highlight=False)
    sys.exit(any(one.state is not State.DONE for one in fleet.progress.values()))


if __name__ == "__main__":
    typer.run(main)
