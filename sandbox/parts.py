"""The real parts: found where a user has them, or built once from their Go modules at pinned versions.

Order: ``KUBEBUILDER_ASSETS``, ``PATH``, the cache, a build into the cache. The cache is outside the checkout, and its
keys are the pins, so that clones share it and a new pin builds anew.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent / "modules"
_PROBE_SECONDS = 20
_LOG_LINES = 15


class PartError(Exception):
    """A part that can be neither found nor built; the message says what to do."""


@dataclass(frozen=True)
class Part:
    """One binary and the Go module that it is built from."""

    name: str
    module: str
    """Folder in ``modules/`` with the go.mod and go.sum that pin it."""
    package: str
    version: str
    accepts: str
    """Regular expression of the versions that will do where a user has one."""
    version_arguments: tuple[str, ...] = ("--version",)
    version_variables: tuple[str, ...] = ()
    """Go variables that hold the version in a release, and so are set by the linker."""

    def cached(self) -> Path:
        """Where a build of exactly this pin is kept."""
        folder = MODULES / self.module
        pin = hashlib.sha256(
            b"".join((folder / file).read_bytes() for file in ("go.mod", "go.sum")) + repr(self).encode()
        ).hexdigest()[:12]
        machine = f"{platform.system()}-{platform.machine()}".lower()
        return cache_folder() / f"{self.name}-{self.version}-{machine}-{pin}" / "bin" / self.name


def _kubernetes(name: str, arguments: tuple[str, ...] = ("--version",)) -> Part:
    return Part(
        name,
        "kubernetes",
        f"k8s.io/kubernetes/cmd/{name}",
        "v1.36.3",
        r"v1\.36\.",
        arguments,
        ("k8s.io/component-base/version.gitVersion",),
    )


PULUMI = Part(
    "pulumi",
    "pulumi",
    "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    "v3.259.0",
    r"v3\.(259|2[6-9]\d|[3-9]\d\d)\.",
    ("version",),
    ("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",),
)
ETCD = Part("etcd", "kubernetes", "go.etcd.io/etcd/server/v3", "v3.6.8", r"etcd Version: 3\.[56]\.")
API_SERVER = _kubernetes("kube-apiserver")
CONTROLLER_MANAGER = _kubernetes("kube-controller-manager")
KUBECTL = _kubernetes("kubectl", ("version", "--client"))
REGISTRY = Part("registry", "registry", "github.com/distribution/distribution/v3/cmd/registry", "v3.1.1", r"v?3\.\d")
CONTROL_PLANE = (ETCD, API_SERVER, CONTROLLER_MANAGER, KUBECTL)
ALL = (PULUMI, *CONTROL_PLANE, REGISTRY)


def cache_folder() -> Path:
    """Where built parts are kept: ``$XDG_CACHE_HOME``, or ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "image-pull-secrets" / "parts"


def provide(parts: tuple[Part, ...], say: Callable[[str], None]) -> dict[str, Path]:
    """The path of each part, by name. Says for each where it was found, or how long its build took."""
    return {part.name: _found(part, say) or _built(part, say) for part in parts}


def _found(part: Part, say: Callable[[str], None]) -> Path | None:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    places = [("KUBEBUILDER_ASSETS", shutil.which(part.name, path=assets))] if assets else []
    places.append(("PATH", shutil.which(part.name)))
    for place, path in places:
        if path is None:
            continue
        if _version_fits(part, path):
            say(f"found {part.name} in {place}: {path}")
            return Path(path)
        say(f"passed over {part.name} in {place}: not a version like {part.version}")
    if part.cached().exists():
        say(f"found {part.name} {part.version} in the cache")
        return part.cached()
    return None


def _version_fits(part: Part, path: str) -> bool:
    try:
        run = subprocess.run(
            [path, *part.version_arguments], capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0 and re.search(part.accepts, run.stdout + run.stderr) is not None


def _built(part: Part, say: Callable[[str], None]) -> Path:
    target = part.cached()
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.parent / ".lock", lambda: say(f"waiting for another build of {part.name}")):
        if target.exists():
            return target
        go = shutil.which("go")
        if go is None:
            raise PartError(
                f"{part.name} {part.version} is built from its Go module, and there is no go command on PATH; "
                "install Go 1.24 or newer, which fetches the version that the module asks for"
            )
        say(f"building {part.name} {part.version} (once; minutes where nothing is cached) …")
        started = time.monotonic()
        _go_build(go, part, target)
        say(f"built {part.name} {part.version} in {time.monotonic() - started:.0f} s")
    return target


def _go_build(go: str, part: Part, target: Path) -> None:
    """Builds beside the target and moves it into place, so that half a build is never taken for one."""
    flags = " ".join(["-s", "-w", *(f"-X {variable}={part.version}" for variable in part.version_variables)])
    log = target.parent / "build.log"
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="build-") as folder, log.open("w") as output:
        binary = Path(folder) / part.name
        run = subprocess.run(
            [go, "build", "-trimpath", "-ldflags", flags, "-o", str(binary), part.package],
            cwd=MODULES / part.module,
            env={**os.environ, "CGO_ENABLED": "0"},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if run.returncode != 0:
            tail = "\n  ".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
            raise PartError(
                f"the build of {part.name} {part.version} failed; what was built so far is kept, so run the same "
                f"command again once the cause is mended. Its last lines (all of it: {log}):\n  {tail}"
            )
        binary.replace(target)


@contextmanager
def _locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
