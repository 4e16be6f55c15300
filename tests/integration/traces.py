"""What a run leaves behind and lets others see while it lasts: files, command lines, environments."""

import os
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_PAUSE_SECONDS = 0.05
_GZIP = b"\x1f\x8b"


@dataclass
class Traces:
    """Everything that was seen, by the place where it was."""

    files: dict[str, bytes] = field(default_factory=dict)
    """Each content that a file had when it was looked at; also of files that are gone."""
    command_lines: dict[str, bytes] = field(default_factory=dict)
    environments: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Of each process, its variables."""

    def texts(self, *, known_variables: Iterable[str] = ()) -> dict[str, bytes]:
        """All of it, without the values of variables that are known to hold a secret."""
        variables = {
            f"{name} in {place}": name.encode() + b"=" + value
            for place, environment in dict(self.environments).items()
            for name, value in environment.items()
            if name not in known_variables
        }
        return {**self.files, **self.command_lines, **variables}

    def ran(self, program: str) -> bool:
        """Whether a process of this program was seen."""
        return any(program.encode() in line for line in self.command_lines.values())


@contextmanager
def watching_traces(*folders: Path, without: Iterable[Path] = ()) -> Iterator[Traces]:
    """Looks at these folders, and at every process that descends from this one, again and again and once at the end.

    The folders' files are read whenever they changed. A process is followed by its id also after its parent ended.
    """
    traces = Traces()
    watch = _Watch(traces, folders, tuple(without))
    thread = threading.Thread(target=watch.run)
    thread.start()
    try:
        yield traces
        assert watch.looked.wait(timeout=30), "nothing was seen while it lasted"
    finally:
        watch.done.set()
        thread.join()
        watch.look_at_files()


def unpacked(content: bytes) -> bytes:
    """What is in it: the engine packs its log of every command with gzip, where it doesn't encrypt it."""
    parts, rest = [], content
    while rest.startswith(_GZIP):
        # Of a file that is still being written there is no end yet.
        part = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        parts.append(part.decompress(rest))
        rest = part.unused_data
    return b"".join(parts) + rest


class _Watch:
    def __init__(self, traces: Traces, folders: tuple[Path, ...], without: tuple[Path, ...]) -> None:
        self.done = threading.Event()
        self.looked = threading.Event()
        self._traces = traces
        self._folders = folders
        self._without = {str(path) for path in without}
        self._versions: dict[str, tuple[int, int, int]] = {}
        self._processes: dict[psutil.Process, bytes] = {}

    def run(self) -> None:
        while not self.done.wait(_PAUSE_SECONDS):
            self.look_at_processes()
            self.look_at_files()
            self.looked.set()

    def look_at_processes(self) -> None:
        for known in list(self._processes):
            if not known.is_running():
                del self._processes[known]
        for process in psutil.Process().children(recursive=True):
            self._processes.setdefault(process, b"")
        for process, before in self._processes.items():
            folder = Path("/proc") / str(process.pid)
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").strip()
                if not line or line == before:
                    continue
                variables = (folder / "environ").read_bytes()
            except OSError:
                continue
            self._processes[process] = line
            place = f"process {process.pid}, {line[:60].decode(errors='replace')}"
            self._traces.command_lines[f"the command line of {place}"] = line
            pairs = (entry.partition(b"=") for entry in variables.split(b"\0") if entry)
            self._traces.environments[place] = {name.decode(errors="replace"): value for name, _, value in pairs}

    def look_at_files(self) -> None:
        for folder in self._folders:
            for path in self._files(str(folder)):
                try:
                    stat = Path(path).stat()
                    version = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
                    if self._versions.get(path) == version:
                        continue
                    content = unpacked(Path(path).read_bytes())
                except OSError:
                    continue
                self._versions[path] = version
                self._traces.files[f"{path}, version {len(self._traces.files)}"] = content

    def _files(self, folder: str) -> Iterator[str]:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            return
        for entry in entries:
            if entry.path in self._without:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._files(entry.path)
            elif entry.is_file():
                yield entry.path
