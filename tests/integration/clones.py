"""Copies of the checkout, for what the sandbox's commands do in one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from sandbox.engine import CHECKOUT
from sandbox.processes import Processes

_LISTED = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]


class Clone:
    """A copy of the checkout's files, with the command line that the Makefile runs in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in subprocess.run(_LISTED, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.split(
            "\0"
        ):
            if name and (CHECKOUT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(CHECKOUT / name, folder / name)

    def start(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder / "components"), **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0, environment: dict[str, str] | None = None) -> str:
        with self.start(*arguments, environment=environment) as process:
            output, _ = process.communicate()
        assert process.returncode == code, output
        return output

    def kubectl(self, *arguments: str) -> str:
        command = [".sandbox/bin/kubectl", "--kubeconfig=.sandbox/kubeconfig", *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True).stdout

    def running(self) -> dict[str, int]:
        return {
            **Processes(self.folder / ".sandbox" / "cluster").running(),
            **Processes(self.folder / ".sandbox" / "registry").running(),
        }
