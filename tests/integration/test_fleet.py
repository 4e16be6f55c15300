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
from tests.integration.command_line import on_a_terminal, shown_on
from tests.integration.live import CONTEXT, LiveCluster

STACKS = ("staging-eu", "staging-us", "preprod-eu", "prod-eu")
FLEET = (sys.executable, "examples/fleet/fleet.py")
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

    def configure(self, stack: str, namespace: str, **password: Any) -> None:
        file = self.folder / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(file.read_text()) if file.exists() else {}
        config = {
            "context": CONTEXT,
            "kubeconfig": str(self.clusters[stack.partition("-")[0]].kubeconfig),
            "secretName": "regcred",
            "registries": [
                {"server": "ghcr.io", "username": "bot", **(password or {"passwordEnv": "REGISTRY_TOKEN"})},
            ],
            "namespaces": [{"name": namespace}],
        }
        content["config"] = {f"image-pull-secrets:{key}": value for key, value in config.items()}
        file.write_text(yaml.safe_dump(content))

    def plan(self, **content: Any) -> None:
        (self.folder / "fleet.yaml").write_text(yaml.safe_dump({"project": ".", **content}))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        run = self._run(*FLEET, *arguments, "fleet.yaml")
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
    assert sorted(told[:2]) == [f"staging: {stack} running" for stack in WAVES["staging"]]
    assert sorted(told[2:4]) == [f"staging: {stack} done" for stack in WAVES["staging"]]
    assert told[4:] == [f"{wave}: {wave}-eu {state}" for wave in ("preprod", "prod") for state in ("running", "done")]

    again = fleet.run()
    assert again.stdout.count("no changes") == len(STACKS), again.stdout


def test_the_stacks_of_a_wave_run_at_the_same_time(fleet: Fleet, tmp_path: Path) -> None:
    """The program of each waits for its password until that of the other is at work as well."""
    here = tmp_path / "here"
    here.mkdir()
    for stack, other in (WAVES["staging"], reversed(WAVES["staging"])):
        script = f'touch {here}/{stack}; until test -e {here}/{other}; do sleep 0.1; done; echo "$REGISTRY_TOKEN"'
        fleet.configure(stack, fleet.namespaces[stack], passwordCommand=["sh", "-c", script])
    fleet.plan(parallel=2, waves=[{"name": "staging", "stacks": WAVES["staging"]}])
    run = fleet.run("--preview")
    assert states(run.stdout) == dict.fromkeys(WAVES["staging"], "done"), run.stdout


def test_a_terminal_shows_how_each_is_getting_on_and_then_one_table(fleet: Fleet) -> None:
    environment = {**fleet.environment, "TERM": "xterm"}
    with on_a_terminal("--preview", "fleet.yaml", command=FLEET, cwd=fleet.folder, env=environment) as (
        process,
        terminal,
    ):
        shown = shown_on(terminal).decode()
        assert process.wait(20) == 0
    # What redraws the display goes up first.
    frames = [states(screen(frame)) for frame in shown.split("\x1b[1A")]
    assert {"staging-eu": "running", "staging-us": "running", "preprod-eu": "waiting", "prod-eu": "waiting"} in frames
    assert {**dict.fromkeys(STACKS[:3], "done"), "prod-eu": "running"} in frames
    # The cursor, which the display hides, is back.
    assert shown.rfind("\x1b[?25h") > shown.rfind("\x1b[?25l") > -1
    left = screen(shown)
    assert states(left) == dict.fromkeys(STACKS, "done")
    assert left.count("Wave") == 1, left
    assert not re.search("running|waiting", left), left


def screen(shown: str) -> str:
    """What is left on a terminal by a display that erases whole lines, and goes up to draw itself anew."""
    lines, row = [""], 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", shown):
        if part == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        elif part == "\x1b[1A":
            row -= 1
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part != "\r" and not part.startswith("\x1b"):
            lines[row] += part
    return "\n".join(lines)


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


def test_a_backend_that_is_not_there_is_told_before_any_is_begun(fleet: Fleet, tmp_path: Path) -> None:
    fleet.environment["PULUMI_BACKEND_URL"] = f"file://{tmp_path / 'elsewhere'}"
    run = fleet.run()
    assert (run.returncode, run.stdout) == (2, "")
    assert re.fullmatch(r"error: staging-eu: unable to open .*/elsewhere: no such file or directory\n", run.stderr), (
        run.stderr
    )


@pytest.mark.parametrize(
    ("version", "told"), [(None, "there is no pulumi command on PATH"), ("3.0.0", "Please update")]
)
def test_an_engine_that_is_missing_or_old_is_told(tmp_path: Path, version: str | None, told: str) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(yaml.safe_dump({"project": str(CHECKOUT), "waves": [{"name": "a", "stacks": ["x"]}]}))
    if version:
        (tmp_path / "pulumi").write_text(f"#!/bin/sh\necho v{version}\n")
        (tmp_path / "pulumi").chmod(0o755)
    run = run_alone(file, PATH=str(tmp_path))
    assert (run.returncode, run.stdout) == (2, "")
    assert told in run.stderr, run.stderr
    assert len(run.stderr.splitlines()) == 1, run.stderr


def test_what_no_event_tells_is_told_by_the_table(fleet: Fleet) -> None:
    fleet.environment["PULUMI_CONFIG_PASSPHRASE"] += "-mistyped"
    run = fleet.run()
    assert run.returncode == 1
    assert states(run.stdout) == {
        "staging-eu": "failed", "staging-us": "failed", "preprod-eu": "not begun", "prod-eu": "not begun",
    }  # fmt: skip
    assert re.search("│ staging-eu │ failed .*incorrect passphrase", run.stdout), run.stdout
    assert "code: " not in run.stdout


def run_alone(file: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHECKOUT / "examples" / "fleet" / "fleet.py"), str(file)]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
