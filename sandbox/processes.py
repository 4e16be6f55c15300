"""Processes that outlive the command that starts them, and are ended by nobody else's id."""

import itertools
import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from . import files

READY_SECONDS = 60.0
_STOP_SECONDS = 20.0
_LOG_LINES = 8
_PORTS = range(20_000, 32_000)


class ProcessError(Exception):
    """A process that didn't start, or ended early; the message has the end of its log."""


@dataclass(frozen=True)
class Recorded:
    """What is kept of a process. The start time tells it from a later process with the same id."""

    pid: int
    started: float

    def process(self) -> psutil.Process | None:
        """The process itself, or None where it has ended."""
        try:
            process = psutil.Process(self.pid)
            alive = process.create_time() == self.started and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if alive else None


class Processes:
    """The processes of one folder, recorded in it, each with its log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._record = folder / "processes.json"
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def running(self) -> dict[str, int]:
        """The ids of those that run, by name."""
        return {name: recorded.pid for name, recorded in self._read().items() if recorded.process()}

    def start(self, name: str, command: list[str], environment: Mapping[str, str] | None = None) -> None:
        """Starts a process in a session of its own, so that a Ctrl-C meant for the command doesn't end it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
                cwd=self._folder,
            )
        self._children[child.pid] = child
        records = self._read()
        records[name] = Recorded(child.pid, psutil.Process(child.pid).create_time())
        self._write(records)

    def wait_until(self, ready: Callable[[], bool], name: str) -> None:
        """Waits until ``ready``; raises ProcessError where the process ends before, or takes too long."""
        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            if name not in self.running():
                raise ProcessError(f"{name} ended while starting. {self._log_end(name)}")
            if time.monotonic() > deadline:
                raise ProcessError(f"{name} isn't ready after {READY_SECONDS:.0f} s. {self._log_end(name)}")
            time.sleep(0.05)

    def stop(self, *names: str) -> None:
        """Ends these, or all, the last started first; those that don't end in time are killed."""
        records = self._read()
        for name in [name for name in reversed(records) if not names or name in names]:
            process = records.pop(name).process()
            if process is not None:
                process.send_signal(signal.SIGTERM)
                _, alive = psutil.wait_procs([process], timeout=_STOP_SECONDS)
                for stubborn in alive:
                    stubborn.kill()
                    stubborn.wait(_STOP_SECONDS)
                if child := self._children.pop(process.pid, None):
                    child.wait()
            self._write(records)

    def kill(self, name: str) -> None:
        """Ends one as a crash would, for tests of what comes after."""
        process = self._read()[name].process()
        if process is not None:
            process.kill()
            process.wait(_STOP_SECONDS)

    def log(self, name: str) -> Path:
        """Where a process writes."""
        return self._folder / f"{name}.log"

    def _log_end(self, name: str) -> str:
        lines = self.log(name).read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return f"The end of {self.log(name)}:\n  " + "\n  ".join(lines)

    def _read(self) -> dict[str, Recorded]:
        if not self._record.exists():
            return {}
        return {name: Recorded(**entry) for name, entry in json.loads(self._record.read_text()).items()}

    def _write(self, records: Mapping[str, Recorded]) -> None:
        files.write(self._record, json.dumps({name: asdict(recorded) for name, recorded in records.items()}, indent=2))


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody has now.

    Below those from which a system takes the ports of its outgoing connections, so that none of these is in the way
    when a stopped process is started on its port again.
    """
    candidates = random.sample(_PORTS, len(_PORTS))
    return list(itertools.islice(filter(is_free, candidates), count))


def is_free(port: int) -> bool:
    """Whether nobody listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
