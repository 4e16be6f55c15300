"""The real engine, driven by Pulumi's Automation API: this process is the language host.

The Python language host is no Go module, so it can't be built here; an inline program needs none.
"""

import json
import os
import runpy
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation

from . import files

CHECKOUT = Path(__file__).parent.parent
PROJECT = "image-pull-secrets"
COMPONENT = "pulls"
"""What the checkout's program calls its component."""

Program = Callable[[], None]


class Engine:
    """An engine with its own home, a backend of files, and a passphrase that is made up."""

    def __init__(self, folder: Path, *, pulumi: Path, plugin: Path) -> None:
        self.folder = folder
        self._pulumi = pulumi
        self._plugin = plugin

    @property
    def environment(self) -> dict[str, str]:
        """What a plain ``pulumi`` needs in its environment to work on the same stacks."""
        passphrase = {"PULUMI_CONFIG_PASSPHRASE_FILE": str(self.folder / "passphrase")}
        if "PULUMI_CONFIG_PASSPHRASE" in os.environ or "PULUMI_CONFIG_PASSPHRASE_FILE" in os.environ:
            passphrase = {}
        return {
            **passphrase,
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PATH": os.pathsep.join([str(self._plugin), str(self._pulumi.parent), os.environ.get("PATH", "")]),
        }

    def prepare(self) -> None:
        """Makes the folders that ``environment`` names, and the passphrase."""
        for name in ("home", "state", "project"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / "Pulumi.yaml", self.folder / "project" / "Pulumi.yaml")
        passphrase = self.folder / "passphrase"
        if not passphrase.exists():
            files.write(passphrase, secrets.token_urlsafe(24))

    def stack(
        self,
        name: str,
        program: Program,
        config: Mapping[str, Any] | None,
        encryption: Mapping[str, Any] | None = None,
    ) -> automation.Stack:
        """The stack of this name, made where it isn't there yet, with exactly this configuration.

        Encrypted values that ``set_secret`` wrote are lost with it: write them again. None leaves the configuration
        as it was. ``encryption`` is what a stack file keeps beside its encrypted values, such as ``encryptionsalt``.
        """
        self.prepare()
        work = self.folder / "project"
        options = automation.LocalWorkspaceOptions(
            work_dir=str(work),
            env_vars=self.environment,
            pulumi_command=automation.PulumiCommand(root=str(self._pulumi.parent.parent), skip_version_check=True),
            # A new stack would otherwise get a passphrase, and the file's key be dropped.
            secrets_provider=(encryption or {}).get("secretsprovider"),
        )
        if encryption:
            (work / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(dict(encryption)))
        stack = automation.create_or_select_stack(name, project_name=PROJECT, program=program, opts=options)
        if config is not None:
            configure(stack, config)
        return stack

    def set_secret(self, stack: automation.Stack, path: str, value: str) -> None:
        """Writes an encrypted value; on standard input, since a command line can be read by everybody."""
        self.run(["config", "set", "--secret", "--path", path, "--stack", stack.name], text=value)

    def run(self, arguments: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
        """Runs the engine's own command line on the same stacks."""
        return subprocess.run(
            [str(self._pulumi), "--non-interactive", *arguments],
            cwd=self.folder / "project",
            env={**os.environ, **self.environment},
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )


def configure(stack: automation.Stack, config: Mapping[str, Any]) -> None:
    """Gives the stack exactly this configuration."""
    settings = stack.workspace.stack_settings(stack.name)
    # The Automation API's type for a value knows no booleans; the engine hands every value over as text anyway.
    settings.config = {key: json.dumps(value) if isinstance(value, bool) else value for key, value in config.items()}
    stack.workspace.save_stack_settings(stack.name, settings)


def checkout_program(environment: Mapping[str, str] | None = None) -> Program:
    """The checkout's own program, ``__main__.py``, run as Pulumi would.

    ``environment`` is what it alone finds in ``os.environ``: no child process is given it.
    """

    def program() -> None:
        with _environ(environment or {}):
            runpy.run_path(str(CHECKOUT / "__main__.py"), run_name="__main__")

    return program


@contextmanager
def _environ(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
