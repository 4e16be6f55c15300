"""examples/fleet on three API servers: the stacks of three waves, on a plain pulumi of the real engine."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import plugin as sandbox_plugin
from sandbox.controlplane import ControlPlane
from sandbox.engine import CHECKOUT
from tests.integration import language_host
from tests.integration.clones import Clone
from tests.integration.live import CONTEXT, LiveCluster

STACKS = ("staging-eu", "staging-us", "preprod-eu", "prod-eu")
WAVES = {"staging": ["staging-eu", "staging-us"], "preprod": ["preprod-eu"], "prod": ["prod-eu"]}


@pytest.fixture(scope="module")
def clusters(
    cluster: LiveCluster, parts: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, LiveCluster]]:
    """Of each wave."""
    planes = [ControlPlane(tmp_path_factory.mktemp("fleet"), parts) for _ in range(2)]
    try:
        for plane in planes:
            plane.start([CONTEXT])
        others = [LiveCluster(plane.kubeconfig, parts["kubectl"]) for plane in planes]
        yield dict(zip(WAVES, [cluster, *others], strict=True))
    finally:
        for plane in planes:
            plane.processes.stop()


class Fleet:
    """A checkout with four stacks, each with a namespace in its cluster."""

    def __init__(self, clone: Clone, folder: Path, path: list[Path], clusters: dict[str, LiveCluster]) -> None:
        self.folder = clone.folder
        self.clusters = clusters
        self.password = secrets.token_urlsafe(16)
        self.namespaces = {stack: clusters[stack.partition("-")[0]].new_namespace() for stack in STACKS}
        self.environment = {
            "PATH": os.pathsep.join([*map(str, path), os.environ["PATH"]]),
            "HOME": str(folder),
            "COLUMNS": "200",
            "PULUMI_HOME": str(folder / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_CONFIG_PASSPHRASE": secrets.token_urlsafe(16),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "REGISTRY_TOKEN": self.password,
        }
        for stack in STACKS:
            self._run("pulumi", "stack", "init", stack, "--non-interactive")
            self.configure(stack, self.namespaces[stack])
        self.plan(parallel=2, waves=[{"name": name, "stacks": stacks} for name, stacks in WAVES.items()])

    def configure(self, stack: str, namespace: str) -> None:
        file = self.folder / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(file.read_text()) if file.exists() else {}
        config = {
            "context": CONTEXT,
            "kubeconfig": str(self.clusters[stack.partition("-")[0]].kubeconfig),
            "secretName": "regcred",
            "registries": [{"server": "ghcr.io", "username": "bot", "passwordEnv": "REGISTRY_TOKEN"}],
            "namespaces": [{"name": namespace}],
        }
        content["config"] = {f"image-pull-secrets:{key}": value for key, value in config.items()}
        file.write_text(yaml.safe_dump(content))

    def plan(self, **content: Any) -> None:
        (self.folder / "fleet.yaml").write_text(yaml.safe_dump({"project": ".", **content}))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        run = self._run(sys.executable, "examples/fleet/fleet.py", *arguments, "fleet.yaml")
        assert self.password not in run.stdout + run.stderr
        assert "Traceback" not in run.stderr
        return run

    def attached(self) -> dict[str, list[str]]:
        return {
            stack: self.clusters[stack.partition("-")[0]].pull_secrets(namespace)
            for stack, namespace in self.namespaces.items()
        }

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def fleet(
    clone: Clone,
    parts: dict[str, Path],
    plugin: sandbox_plugin.Plugin,
    clusters: dict[str, LiveCluster],
    tmp_path: Path,
) -> Fleet:
    host = tmp_path / "host"
    language_host.install(host)
    return Fleet(clone, tmp_path, [host, plugin.folder, parts["pulumi"].parent], clusters)


def states(output: str) -> dict[str, str]:
    """Of each stack, from the table."""
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in output.splitlines() if line.startswith("│")]
    return {row[1]: row[2] for row in rows}


def test_a_fleet_comes_up_wave_by_wave_and_then_nothing_is_left_to_do(fleet: Fleet) -> None:
    preview = fleet.run("--preview")
    assert preview.returncode == 0, preview.stderr
    assert set(states(preview.stdout).values()) == {"done"}
    assert set(map(tuple, fleet.attached().values())) == {()}

    up = fleet.run()
    assert up.returncode == 0, up.stderr
    assert states(up.stdout) == dict.fromkeys(STACKS, "done")
    assert fleet.attached() == {stack: ["regcred"] for stack in STACKS}
    told = [line for line in up.stderr.splitlines() if " running" in line or " done" in line]
    assert {line.partition(":")[0] for line in told[:4]} == {"staging"}
    assert told[4:] == [f"{wave}: {wave}-eu {state}" for wave in ("preprod", "prod") for state in ("running", "done")]

    again = fleet.run()
    assert again.stdout.count("no changes") == len(STACKS), again.stdout


def test_after_a_red_stack_none_is_begun(fleet: Fleet) -> None:
    fleet.configure("preprod-eu", "nowhere")

    up = fleet.run()

    assert up.returncode == 1
    assert states(up.stdout) == {
        "staging-eu": "done",
        "staging-us": "done",
        "preprod-eu": "failed",
        "prod-eu": "not begun",
    }
    assert re.search(r'preprod-eu: .*\n.*namespace "nowhere" does not exist', up.stdout), up.stdout
    assert fleet.attached()["prod-eu"] == []


def test_of_one_wave_what_runs_comes_to_its_end_and_what_waits_is_not_begun(fleet: Fleet) -> None:
    fleet.configure("staging-eu", "nowhere")
    fleet.plan(parallel=1, waves=[{"name": "all", "stacks": list(STACKS)}])
    up = fleet.run()
    assert states(up.stdout) == {"staging-eu": "failed", **dict.fromkeys(STACKS[1:], "not begun")}

    fleet.plan(parallel=2, waves=[{"name": "all", "stacks": list(STACKS[:2])}])
    up = fleet.run()
    assert states(up.stdout) == {"staging-eu": "failed", "staging-us": "done"}
    assert fleet.attached()["staging-us"] == ["regcred"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"waves": []}, "waves: List should have at least 1 item"),
        ({"waves": [{"name": "a", "stacks": ["x"], "stack": 1}]}, r"waves\[0\].stack: Extra inputs"),
        ({"waves": [{"name": "a", "stacks": ["x", "y"]}, {"name": "b", "stacks": ["x"]}]}, "x is listed twice"),
        ({"waves": [{"name": "a", "stacks": ["x"]}], "parallel": 0}, "parallel: Input should be greater"),
        ({"waves": [{"name": "a", "stacks": ["x"]}], "project": "tests"}, "there is no Pulumi.yaml in"),
    ],
)
def test_a_plan_that_is_wrong_says_where(tmp_path: Path, content: dict[str, Any], told: str) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(yaml.safe_dump({"project": str(CHECKOUT), **content}))
    run = run_alone(file)
    assert run.returncode == 2
    assert re.search(told, run.stderr), run.stderr


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda file: file.write_text("["), "is not YAML"),
        (lambda file: file.write_bytes(b"\xff"), "is not YAML"),
        (lambda file: file.write_text(""), "the file: Input should be a valid dictionary"),
        (lambda file: file.mkdir(), "can't be read: Is a directory"),
        (lambda _: None, "can't be read: No such file"),
    ],
)
def test_a_plan_that_can_not_be_read_is_told(tmp_path: Path, make: Callable[[Path], None], told: str) -> None:
    file = tmp_path / "fleet.yaml"
    make(file)
    run = run_alone(file)
    assert run.returncode == 2
    assert told in run.stderr, run.stderr
    assert "Traceback" not in run.stderr


def test_a_stack_that_does_not_exist_is_told_before_any_is_begun(fleet: Fleet) -> None:
    fleet.plan(waves=[{"name": "all", "stacks": ["staging-eu", "elsewhere"]}])
    run = fleet.run()
    assert run.returncode == 2
    assert "no stack named 'elsewhere' found" in run.stderr
    assert fleet.attached()["staging-eu"] == []


def run_alone(file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHECKOUT / "examples" / "fleet" / "fleet.py"), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
