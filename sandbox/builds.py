"""Finds parts, and builds those that nobody has from their pinned Go modules, into the cache."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from .parts import MODULES, Part, PartError, found

_AT_ONCE = 2
"""Modules built at the same time: a link uses one core, and a download none."""
_LOCK_SECONDS = 0.5
_LOG_LINES = 15


def provide(parts: Iterable[Part], say: Callable[[str], None]) -> dict[str, Path]:
    """The path of each part, by name. Says for each where it was found, or how long its build took."""
    paths = {part: found(part, say) for part in parts}
    built = Builds(say).run(part for part, path in paths.items() if path is None)
    return {part.name: path or built[part.name] for part, path in paths.items()}


class Builds:
    """Builds that end together: where one fails, or is interrupted, the others are stopped."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._stopped = threading.Event()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._guard = threading.Lock()

    def run(self, parts: Iterable[Part]) -> dict[str, Path]:
        """The path of each part, by name. Raises PartError."""
        modules: dict[str, list[Part]] = {}
        for part in parts:
            modules.setdefault(part.module, []).append(part)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            builds = [pool.submit(self._build_all, chain) for chain in modules.values()]
            try:
                return {name: path for build in as_completed(builds) for name, path in build.result().items()}
            except BaseException:
                self._stop()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _build_all(self, parts: list[Part]) -> dict[str, Path]:
        """One after the other, since parts of a module share most of their packages."""
        return {part.name: self._build(part) for part in parts}

    def _build(self, part: Part) -> Path:
        target = part.cached()
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._locked(target.parent / ".lock", part):
            if target.exists():
                return target
            go = shutil.which("go")
            if go is None:
                raise PartError(
                    f"{part.name} {part.version} is built from its Go module, and there is no go command on PATH; "
                    "install Go 1.24 or newer, which fetches the version that the module asks for"
                )
            self._say(f"building {part.name} {part.version} (once; minutes where nothing is cached) …")
            started = time.monotonic()
            self._go_build(go, part, target)
            self._say(f"built {part.name} {part.version} in {time.monotonic() - started:.0f} s")
        return target

    def _go_build(self, go: str, part: Part, target: Path) -> None:
        """Builds beside the target and moves it into place, so that half a build is never taken for one."""
        log = target.parent / "build.log"
        linker_flags = ["-s", "-w", *(f"-X {variable}={part.version}" for variable in part.version_variables)]
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="build-") as folder, log.open("w") as output:
            binary = Path(folder) / part.name
            command = [
                go, "build", "-trimpath", "-ldflags", " ".join(linker_flags),
                # Debug information costs a tenth of the time, and is stripped anyway.
                "-gcflags=all=-dwarf=false",
                "-o", str(binary), part.package,
            ]  # fmt: skip
            if self._exit_code(command, MODULES / part.module, output.fileno()) != 0:
                tail = "\n  ".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
                raise PartError(
                    f"the build of {part.name} {part.version} failed; what was built so far is kept, so run the same "
                    f"command again once the cause is mended. Its last lines (all of it: {log}):\n  {tail}"
                )
            binary.replace(target)

    def _exit_code(self, command: list[str], folder: Path, output: int) -> int:
        # The compiler's own garbage collection is a sixth of its time; collecting less often costs some 400 MB.
        environment = {"GOGC": "400", **os.environ, "CGO_ENABLED": "0"}
        with self._guard:
            self._raise_if_stopped()
            # A group of its own, so that the compilers that it starts can be stopped with it.
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
            )
            self._running.add(process)
        code = process.wait()
        with self._guard:
            self._running.remove(process)
        return code

    def _stop(self) -> None:
        with self._guard:
            self._stopped.set()
            for process in self._running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)

    def _raise_if_stopped(self) -> None:
        if self._stopped.is_set():
            raise PartError("stopped")

    @contextlib.contextmanager
    def _locked(self, path: Path, part: Part) -> Iterator[None]:
        """Lets one process build it, and the others wait."""
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._say(f"waiting for another build of {part.name}")
                self._wait_for(file.fileno())
            yield

    def _wait_for(self, file: int) -> None:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._stopped.wait(_LOCK_SECONDS)
                self._raise_if_stopped()
            else:
                return
