"""The checkout's program on the real engine, one stack of it."""

import copy
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from pulumi import automation

from sandbox.engine import Engine, Program, checkout_program, configure
from tests.integration.live import CONTEXT, LiveCluster

PASSWORD_ENV = "TEST_REGISTRY_PASSWORD"


@dataclass
class Outcome:
    """What one run of the engine came to."""

    output: str
    """Everything that it printed."""
    changes: dict[str, int]
    """Resources by what was done, or would be: create, update, delete, same, …"""
    failed: bool = False

    @property
    def changed(self) -> dict[str, int]:
        """Without what stays as it is."""
        return {kind: count for kind, count in self.changes.items() if kind not in ("same", "read")}


class ProgramStack:
    """A stack, its configuration (Python's dict for the stack file), and the registry's password."""

    def __init__(self, engine: Engine, cluster: LiveCluster, name: str) -> None:
        self._engine = engine
        self._stack: automation.Stack | None = None
        self.name = name
        self.password = secrets.token_urlsafe(16)
        self.program: Callable[[], Program] = lambda: checkout_program({PASSWORD_ENV: self.password})
        self.config: dict[str, Any] = {
            "context": CONTEXT,
            "kubeconfig": str(cluster.kubeconfig),
            "secretName": "regcred",
            "registries": [{"server": "ghcr.io", "username": "bot", "passwordEnv": PASSWORD_ENV}],
            "namespaces": [],
        }

    def preview(self, **options: Any) -> Outcome:
        return self.run("preview", **options)

    def up(self, **options: Any) -> Outcome:
        return self.run("up", **options)

    def refresh(self) -> Outcome:
        return self.run("refresh")

    def destroy(self) -> Outcome:
        return self.run("destroy")

    def stack(self) -> automation.Stack:
        """The engine's stack, with the program and the configuration as they are now."""
        config = {f"image-pull-secrets:{key}": value for key, value in copy.deepcopy(self.config).items()}
        if self._stack is None:
            self._stack = ask_nothing_afterwards(self._engine.stack(self.name, self.program(), config))
        else:
            self._stack.workspace.program = self.program()
            configure(self._stack, config)
        return self._stack

    def outputs(self) -> dict[str, Any]:
        return {name: output.value for name, output in automation.Stack.outputs(self.stack()).items()}

    def run(self, operation: str, **options: Any) -> Outcome:
        lines: list[str] = []
        changes: dict[str, int] = {}

        def note(event: automation.EngineEvent) -> None:
            if event.summary_event:
                changes.update({str(kind): count for kind, count in event.summary_event.resource_changes.items()})

        stack = self.stack()
        try:
            getattr(stack, operation)(on_output=lines.append, on_error=lines.append, on_event=note, **options)
        except automation.CommandError as error:
            return Outcome("\n".join([*lines, str(error)]), {}, failed=True)
        return Outcome("\n".join(lines), changes)


def ask_nothing_afterwards(stack: automation.Stack) -> automation.Stack:
    """Spares the three runs of the command line that follow an operation and cost as much as it does."""
    now = datetime.now(timezone.utc)
    summary = automation.UpdateSummary("update", now, "", {}, {}, "succeeded")
    stack.info = lambda *_: summary  # type: ignore[method-assign]
    stack.outputs = dict  # type: ignore[method-assign]
    return stack
