"""Measures every contender at every size, and writes a line of JSON for each operation.

``python -m benchmarks.rollout FILE SIZE…`` writes FILE anew; ``report.py`` makes a page and plots of it.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kubernetes import client
from kubernetes.config import new_client_from_config

from benchmarks.rollout.work import (
    ADD,
    DESTROY,
    FIRST,
    LOOP,
    OPERATIONS,
    OURS,
    PREVIEW,
    ROTATE,
    SKIPPED,
    UP,
    Work,
)
from sandbox import builds, parts
from sandbox import plugin as plugins
from sandbox.api_requests import OF_THE_PROGRAM, counted
from sandbox.controlplane import ControlPlane

RUNS = 3
CONTEXT = "sandbox"
_NEED_STATE = {UP, PREVIEW}
_MAIN = {FIRST, PREVIEW, DESTROY}


@dataclass(frozen=True)
class Contender:
    """Who is measured."""

    name: str
    command: tuple[str, ...]
    """A module of this package, and its argument."""
    environment: tuple[tuple[str, str], ...] = ()
    has_state: bool = False
    largest_whole: int = 300
    """Up to here, all operations are measured; beyond it the main ones, so that a run comes to an end."""
    largest: int = 300
    """Beyond this many namespaces, nothing."""

    def operations(self, size: int) -> Iterator[str]:
        """What is measured of it at this size, in order."""
        for operation in OPERATIONS if size <= self.largest else ():
            needs_state = operation in _NEED_STATE and not self.has_state
            if not needs_state and (size <= self.largest_whole or operation in _MAIN):
                yield operation


_SKIP = (("PULUMI_EXPERIMENTAL", "true"), ("PULUMI_SKIP_CHECKPOINTS", "true"))
CONTENDERS = (
    Contender(OURS, ("pulumi_stack", "ours"), has_state=True),
    Contender(SKIPPED, ("pulumi_stack", "ours"), _SKIP, has_state=True, largest_whole=1_000, largest=3_000),
    Contender("naive Pulumi", ("pulumi_stack", "naive"), has_state=True, largest_whole=100),
    Contender(LOOP, ("kubectl", "1"), largest=1_000),
    Contender("xargs -P 8 kubectl", ("kubectl", "8"), largest_whole=100),
    Contender("bare client", ("client",), largest=3_000),
)


class Bench:
    """A cluster that grows, and the contenders' states."""

    def __init__(self, folder: Path, write: Callable[[dict[str, Any]], None]) -> None:
        self._folder = folder
        self._write = write
        self._parts = builds.provide(parts.ALL, _say)
        self._plugin = plugins.provide(folder / "plugin", self._parts["pulumi"])
        self.plane = ControlPlane(folder / "cluster", self._parts)
        self._names: list[str] = []

    def grow(self, size: int) -> None:
        """Makes namespaces until there is one more than this size."""
        api: Any = client.CoreV1Api(new_client_from_config(str(self.plane.kubeconfig), CONTEXT))
        new = [f"b-{number:04}" for number in range(len(self._names), size + 1)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: api.create_namespace({"metadata": {"name": name}}), new))
        self._names += new
        while len(api.list_service_account_for_all_namespaces(field_selector="metadata.name=default").items) < size + 5:
            time.sleep(0.5)

    def run(self, contender: Contender, size: int, number: int) -> None:
        """All operations of one contender, from nothing to nothing."""
        work = Work(
            operation=FIRST,
            namespaces=self._names[:size],
            password=secrets.token_urlsafe(16),
            kubeconfig=str(self.plane.kubeconfig),
            context=CONTEXT,
            folder=str(self._folder / f"{contender.command[-1]}-{len(contender.environment)}-{size}-{number}"),
            parts={name: str(path) for name, path in self._parts.items()},
            plugin=str(self._plugin.folder),
        )
        for operation in contender.operations(size):
            if operation == ROTATE:
                work = replace(work, password=secrets.token_urlsafe(16))
            if operation == ADD:
                work = replace(work, namespaces=self._names[: size + 1])
            measured = self._measure(contender, replace(work, operation=operation))
            line = {"contender": contender.name, "size": size, "run": number, "operation": operation, **measured}
            self._write(line)
            told = f"{measured['seconds']:8.2f} s  {measured['mebibytes']:5.0f} MiB"
            _say(f"{size:5} {contender.name:26} {operation:14} {told}")

    def _measure(self, contender: Contender, work: Work) -> dict[str, Any]:
        module, *arguments = contender.command
        command = [sys.executable, "-m", f"benchmarks.rollout.{module}", *arguments]
        environment = {**os.environ, "KUBECONFIG": work.kubeconfig, **dict(contender.environment)}
        before, start = self._requests(), time.monotonic()
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, text=True, env=environment, stdout=subprocess.DEVNULL
        )
        assert process.stdin  # noqa: S101
        process.stdin.write(work.text())
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{contender.name} failed at: {work.operation}")
        state = sum(path.stat().st_size for path in Path(work.folder).glob("state/.pulumi/stacks/**/*.json"))
        return {
            "seconds": seconds,
            "processor": usage.ru_utime + usage.ru_stime,
            # The largest of all processes that took part.
            "mebibytes": usage.ru_maxrss / 1024,
            "requests": (self._requests() - before).total(),
            "state": state,
        }

    def _requests(self) -> Counter[str]:
        return counted(self.plane.metrics(), OF_THE_PROGRAM)


def main() -> None:
    """Size by size, and within it run by run, so that a busy minute doesn't hit one contender alone."""
    file, sizes = Path(sys.argv[1]), sorted(int(size) for size in sys.argv[2:])
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lines, tempfile.TemporaryDirectory() as folder:

        def write(line: dict[str, Any]) -> None:
            lines.write(json.dumps(line) + "\n")
            lines.flush()

        bench = Bench(Path(folder), write)
        try:
            bench.plane.start([CONTEXT])
            for size in sizes:
                bench.grow(size)
                for number in range(RUNS):
                    for contender in CONTENDERS:
                        bench.run(contender, size, number)
        finally:
            bench.plane.processes.stop()


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
