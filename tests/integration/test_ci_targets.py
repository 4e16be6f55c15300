"""make kubeconfig, review, deploy and drift, as the workflows call them, on the real engine and API server."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sandbox import plugin as sandbox_plugin
from tests.integration import language_host
from tests.integration.clones import Clone
from tests.integration.live import CONTEXT, LiveCluster

STACK = "harbour"


class Machine:
    """A checkout on a machine of CI, with a backend and a passphrase of its own."""

    def __init__(self, clone: Clone, folder: Path, path: list[Path], cluster: LiveCluster) -> None:
        self.folder = clone.folder
        self.password = secrets.token_urlsafe(16)
        self.output = ""
        (folder / "state").mkdir(parents=True)
        self._environment = {
            "PATH": os.pathsep.join([*map(str, path), os.environ["PATH"]]),
            "HOME": str(folder),
            "KUBECONFIG_TEXT": cluster.kubeconfig.read_text(),
            "PULUMI_HOME": str(folder / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": secrets.token_urlsafe(16),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "REGISTRY_TOKEN": self.password,
            "STACK": STACK,
        }
        # The environment of this checkout: the clone's own would be the same, and take a minute to make.
        (self.folder / ".venv").symlink_to(Path(sys.executable).parent.parent)

    def run(self, *command: str, code: int = 0) -> str:
        run = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.output += run.stdout
        assert run.returncode == code, run.stdout
        return run.stdout

    def make(self, target: str, *, fails: bool = False) -> str:
        return self.run("make", "--old-file=.venv/.installed", target, code=2 if fails else 0)

    def drift(self) -> dict[str, str]:
        kept: dict[str, str] = json.loads((self.folder / "reports" / "drift" / f"{STACK}.json").read_text())
        return kept


@pytest.fixture
def machine(
    clone: Clone, parts: dict[str, Path], plugin: sandbox_plugin.Plugin, cluster: LiveCluster, tmp_path: Path
) -> Machine:
    host = tmp_path / "host"
    language_host.install(host)
    return Machine(clone, tmp_path / "home", [host, plugin.folder, parts["pulumi"].parent], cluster)


@pytest.fixture
def namespace(machine: Machine, cluster: LiveCluster) -> str:
    """A namespace, and in it what the stack is to attach."""
    name = cluster.new_namespace()
    config = {
        "context": CONTEXT,
        "secretName": "regcred",
        "registries": [{"server": "ghcr.io", "username": "bot", "passwordEnv": "REGISTRY_TOKEN"}],
        "namespaces": [{"name": name}],
    }
    machine.make("kubeconfig")
    machine.run("pulumi", "stack", "init", STACK, "--non-interactive")
    file = machine.folder / f"Pulumi.{STACK}.yaml"
    content = yaml.safe_load(file.read_text()) if file.exists() else {}
    content["config"] = {f"image-pull-secrets:{key}": value for key, value in config.items()}
    file.write_text(yaml.safe_dump(content))
    return name


def test_a_stack_is_deployed_and_compared(machine: Machine, namespace: str, cluster: LiveCluster) -> None:
    assert f"make deploy STACK={STACK}" in machine.make("drift", fails=True)
    assert machine.drift()["state"] == "differs"

    machine.make("review")
    review = (machine.folder / "reports" / "review" / f"{STACK}.md").read_text()
    assert f"| `{namespace}` | ServiceAccount `default` | `regcred` attached |" in review
    assert cluster.pull_secrets(namespace) == []

    machine.make("deploy")
    assert cluster.pull_secrets(namespace) == ["regcred"]
    machine.make("drift")
    assert machine.drift()["state"] == "same"

    cluster.set_pull_secrets(namespace, "default", "theirs")
    machine.make("drift", fails=True)
    assert machine.drift()["state"] == "differs"
    assert f"{namespace}/default" in machine.drift()["output"]
    machine.make("deploy")
    assert cluster.pull_secrets(namespace) == ["theirs", "regcred"]

    assert machine.password not in machine.output


def test_a_stack_that_can_not_be_compared_says_why(machine: Machine, namespace: str) -> None:
    file = machine.folder / f"Pulumi.{STACK}.yaml"
    file.write_text(file.read_text().replace(f"context: {CONTEXT}", "context: elsewhere"))
    assert "could not be compared" in machine.make("drift", fails=True)
    assert machine.drift()["state"] == "failed"
    assert 'context "elsewhere" is not in the kubeconfig' in machine.drift()["output"]
