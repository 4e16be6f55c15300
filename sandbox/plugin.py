"""Which Kubernetes resource plugin the engine is to use: the official one wherever it can be had."""

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from . import parts

NAME = "pulumi-resource-kubernetes"
_DOWNLOAD_SECONDS = 120


@dataclass(frozen=True)
class Plugin:
    """A plugin in a folder of its own, for the engine's PATH."""

    folder: Path
    note: str
    """What to tell the user about it."""


def provide(folder: Path, pulumi: Path) -> Plugin:
    """The official plugin: from PATH, from Pulumi's own folder, downloaded into the cache; or else the stand-in.

    ``folder`` is where the stand-in's launcher goes, and where it is kept that a download failed, so that later runs
    don't wait for it again.
    """
    wanted = version("pulumi-kubernetes")
    if path := shutil.which(NAME):
        return Plugin(Path(path).parent, f"found the Kubernetes plugin in PATH: {path}")
    cache = parts.cache_folder().parent / "pulumi"
    for home in (Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi"), cache):
        if installed := _newest(home / "plugins"):
            return Plugin(installed, f"found the Kubernetes plugin: {installed}")
    failed = folder / "download-failed"
    if not failed.exists():
        reason = _download(pulumi, cache, wanted)
        if reason is None and (installed := _newest(cache / "plugins")):
            return Plugin(installed, f"downloaded the Kubernetes plugin v{wanted}")
        folder.mkdir(parents=True, exist_ok=True)
        failed.write_text(reason or "it isn't where Pulumi puts plugins")
    _write_launcher(folder)
    return Plugin(
        folder,
        f"using the sandbox's stand-in for the Kubernetes plugin, since the official v{wanted} is not installed and "
        f"can't be downloaded ({failed.read_text()})",
    )


def _newest(plugins: Path) -> Path | None:
    """The folder of the newest installed plugin of the SDK's major version."""
    major = version("pulumi-kubernetes").partition(".")[0]
    found = [path for path in plugins.glob(f"resource-kubernetes-v{major}.*") if (path / NAME).exists()]
    return max(found, key=lambda path: [int(part) for part in re.findall(r"\d+", path.name)], default=None)


def _download(pulumi: Path, home: Path, wanted: str) -> str | None:
    """None, or why it failed."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        run = subprocess.run(
            [str(pulumi), "plugin", "install", "resource", "kubernetes", wanted],
            env={**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"},
            capture_output=True,
            text=True,
            timeout=_DOWNLOAD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {_DOWNLOAD_SECONDS} s"
    if run.returncode == 0:
        return None
    reason = re.search(r"(dial tcp|no such host|connection refused|\b[45]\d\d\b)[^\n]*", run.stderr)
    return reason.group(0).strip() if reason else "the download failed"


def _write_launcher(folder: Path) -> None:
    """An executable of the plugin's name, which runs the stand-in with this very Python."""
    launcher = folder / NAME
    root = Path(__file__).parent.parent
    launcher.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(root))} exec {shlex.quote(sys.executable)} -m sandbox.standin "$@"\n'
    )
    launcher.chmod(launcher.stat().st_mode | stat.S_IXUSR)
