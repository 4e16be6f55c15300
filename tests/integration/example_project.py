"""A copy of one of the example projects, run with a plain ``pulumi``."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from sandbox.engine import CHECKOUT, Engine
from tests.integration.live import CONTEXT, LiveCluster

STACK = "dev"


class ExampleProject:
    """``programs`` holds the language host, where the engine has to find one."""

    def __init__(self, folder: Path, engine: Engine, pulumi: Path, programs: Path | None = None) -> None:
        self.folder = folder
        self._pulumi = pulumi
        engine.prepare()
        path = [str(Path(sys.executable).parent), engine.environment["PATH"]]
        if programs:
            path.insert(0, str(programs))
        self._environment = {**os.environ, **engine.environment, "PATH": os.pathsep.join(path)}

    @classmethod
    def copied(cls, name: str, folder: Path, engine: Engine, pulumi: Path, programs: Path) -> "ExampleProject":
        shutil.copytree(CHECKOUT / "examples" / name, folder)
        return cls(folder, engine, pulumi, programs)

    def configure(self, cluster: LiveCluster, namespace: str, password: str) -> None:
        """Makes the stack, with what the examples ask for."""
        for arguments, text in (
            (("stack", "init", STACK), ""),
            (("config", "set", "context", CONTEXT), ""),
            (("config", "set", "namespace", namespace), ""),
            (("config", "set", "--secret", "kubeconfig"), cluster.kubeconfig.read_text()),
            (("config", "set", "--secret", "token"), password),
        ):
            ran = self.pulumi(*arguments, text=text)
            assert ran.returncode == 0, ran.stderr

    def pulumi(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return self.run(str(self._pulumi), "--non-interactive", *arguments, text=text)

    def run(self, *command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """A command in the project's folder, with both of its streams in ``stdout``."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.folder / name
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
