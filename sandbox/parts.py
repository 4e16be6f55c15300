"""The real parts and their pins: Go modules at one version each, and where a user may have them already.

Order: ``KUBEBUILDER_ASSETS``, ``PATH``, the cache, a build into the cache (``builds``). The cache is outside the
checkout, and its keys are the pins, so that clones share it and a new pin builds anew.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MODULE = Path(__file__).parent / "module"
"""With the one go.mod and go.sum that pin all parts: what they share is then compiled once."""
_PROBE_SECONDS = 20


class PartError(Exception):
    """A part that can be neither found nor built; the message says what to do."""


@dataclass(frozen=True)
class Part:
    """One binary and the Go package that it is built from."""

    name: str
    package: str
    version: str
    accepts: str
    """Regular expression of the versions that will do where a user has one."""
    version_arguments: tuple[str, ...] = ("--version",)
    version_variables: tuple[str, ...] = ()
    """Go variables that hold the version in a release, and so are set by the linker."""

    def cached(self) -> Path:
        """Where a build of exactly this pin is kept."""
        pin = hashlib.sha256(
            b"".join((MODULE / file).read_bytes() for file in ("go.mod", "go.sum")) + repr(self).encode()
        ).hexdigest()[:12]
        machine = f"{platform.system()}-{platform.machine()}".lower()
        return cache_folder() / f"{self.name}-{self.version}-{machine}-{pin}" / "bin" / self.name


def _kubernetes(name: str, arguments: tuple[str, ...] = ("--version",)) -> Part:
    return Part(
        name,
        f"k8s.io/kubernetes/cmd/{name}",
        "v1.36.3",
        r"v1\.36\.",
        arguments,
        ("k8s.io/component-base/version.gitVersion",),
    )


PULUMI = Part(
    "pulumi",
    "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    "v3.259.0",
    r"v3\.(259|2[6-9]\d|[3-9]\d\d)\.",
    ("version",),
    ("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",),
)
ETCD = Part("etcd", "go.etcd.io/etcd/server/v3", "v3.6.8", r"etcd Version: 3\.[56]\.")
API_SERVER = _kubernetes("kube-apiserver")
CONTROLLER_MANAGER = _kubernetes("kube-controller-manager")
KUBECTL = _kubernetes("kubectl", ("version", "--client"))
REGISTRY = Part("registry", "github.com/distribution/distribution/v3/cmd/registry", "v3.1.1", r"v?3\.\d")
CONTROL_PLANE = (ETCD, API_SERVER, CONTROLLER_MANAGER, KUBECTL)
ALL = (PULUMI, *CONTROL_PLANE, REGISTRY)


def cache_folder() -> Path:
    """Where built parts are kept: ``$XDG_CACHE_HOME``, or ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "image-pull-secrets" / "parts"


def found(part: Part, say: Callable[[str], None]) -> Path | None:
    """The part where somebody has it, or where it was built before; None where it is to be built."""
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
