"""Finds parts, and builds those that nobody has from their pinned Go modules, into the cache."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .parts import MODULE, Part, PartError, cache_folder, found

_POLL_SECONDS = 0.5
_NEWS_SECONDS = 60.0
_LOG_LINES = 15

Say = Callable[[str], None]


def provide(parts: Iterable[Part], say: Say) -> dict[str, Path]:
    """The path of each part, by name. Says for each where it was found, or how long its build took."""
    paths = {part: found(part, say) for part in parts}
    missing = [part for part, path in paths.items() if path is None]
    if missing:
        with _locked(cache_folder() / ".lock", lambda: say("waiting for another build of the sandbox's parts")):
            _build([part for part in missing if not part.cached().exists()], say)
    return {part.name: path or part.cached() for part, path in paths.items()}


def _build(parts: Sequence[Part], say: Say) -> None:
    """All at once: they share packages, and while one is linked, which takes one core, another is compiled."""
    if not parts:
        return
    go = shutil.which("go")
    names = ", ".join(f"{part.name} {part.version}" for part in parts)
    if go is None:
        raise PartError(
            f"{names}: built from Go modules, and there is no go command on PATH; "
            "install Go 1.24 or newer, which fetches the version that the modules ask for"
        )
    say(f"building {names} (once; minutes where nothing is cached) …")
    log = cache_folder() / "build.log"
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="build-") as folder:
        exit_code = _run(_command(go, parts, Path(folder)), log, _Progress(parts, Path(folder), log, say))
        if exit_code != 0:
            tail = "\n  ".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
            raise PartError(
                f"the build of {names} failed; what was compiled so far is kept, so run the same command again once "
                f"the cause is mended. Its last lines (all of it: {log}):\n  {tail}"
            )
        # Moved into place when whole, so that half a build is never taken for one.
        for part in parts:
            part.cached().parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / _executable(part)).replace(part.cached())


def _command(go: str, parts: Sequence[Part], folder: Path) -> list[str]:
    versions = {variable: part.version for part in parts for variable in part.version_variables}
    linker_flags = ["-s", "-w", *(f"-X {variable}={version}" for variable, version in versions.items())]
    return [
        go, "build", "-v", "-trimpath", "-ldflags", " ".join(linker_flags),
        # Debug information takes a tenth of the time, and is stripped anyway.
        "-gcflags=all=-dwarf=false",
        "-o", f"{folder}{os.sep}", *(part.package for part in parts),
    ]  # fmt: skip


def _run(command: list[str], log: Path, tell_progress: Callable[[], None]) -> int:
    # The compiler's garbage collection is a sixth of its time; up to this size it does without.
    environment = {"GOGC": "off", "GOMEMLIMIT": "2GiB", **os.environ, "CGO_ENABLED": "0"}
    with (
        log.open("w") as output,
        subprocess.Popen(command, cwd=MODULE, env=environment, stdout=output, stderr=output) as process,
    ):
        try:
            while True:
                try:
                    return process.wait(_POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    tell_progress()
        except BaseException:
            process.terminate()
            raise
        finally:
            tell_progress()


class _Progress:
    """Tells of each part when it is done, and how far the compiler is when there was no news for a while."""

    def __init__(self, parts: Sequence[Part], folder: Path, log: Path, say: Say) -> None:
        self._waiting = list(parts)
        self._folder = folder
        self._log = log
        self._say = say
        self._started = self._last_news = time.monotonic()

    def __call__(self) -> None:
        now = time.monotonic()
        for part in [part for part in self._waiting if (self._folder / _executable(part)).exists()]:
            self._waiting.remove(part)
            self._tell(f"built {part.name} {part.version} in {now - self._started:.0f} s", now)
        if now - self._last_news >= _NEWS_SECONDS:
            # go build -v writes a line for each package.
            count = len(self._log.read_text(errors="replace").splitlines())
            self._tell(f"{count} packages compiled or fetched, still building", now)

    def _tell(self, news: str, now: float) -> None:
        self._say(news)
        self._last_news = now


def _executable(part: Part) -> str:
    """The name that go gives it: the last element of the package's path that isn't a major version."""
    return re.sub(r"/v\d+$", "", part.package).rpartition("/")[2]


@contextmanager
def _locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Lets one process build, and the others wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
