"""One real API server and one engine for all integration tests; each test has namespaces and stacks of its own."""

import os
import secrets
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import builds
from sandbox import parts as sandbox_parts
from sandbox import plugin as sandbox_plugin
from sandbox.controlplane import ControlPlane
from sandbox.engine import Engine
from tests.integration.clones import Clone
from tests.integration.inline_programs import keep_apart
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import ProgramStack
from tests.integration.reviewer import Reviewer


@pytest.fixture(scope="session")
def parts() -> dict[str, Path]:
    return builds.provide(sandbox_parts.ALL, print)


@pytest.fixture(scope="session")
def control_plane(parts: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path_factory.mktemp("control-plane"), parts)
    try:
        plane.start([CONTEXT])
        yield plane
    finally:
        plane.processes.stop()


@pytest.fixture(scope="session")
def plugin(parts: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> sandbox_plugin.Plugin:
    return sandbox_plugin.provide(tmp_path_factory.mktemp("plugin"), parts["pulumi"])


@pytest.fixture(scope="session")
def cluster(control_plane: ControlPlane, parts: dict[str, Path]) -> LiveCluster:
    return LiveCluster(control_plane.kubeconfig, parts["kubectl"])


@pytest.fixture
def other_cluster(parts: dict[str, Path], tmp_path: Path) -> Iterator[LiveCluster]:
    """A cluster of one test alone."""
    plane = ControlPlane(tmp_path / "other-control-plane", parts)
    try:
        plane.start([CONTEXT])
        yield LiveCluster(plane.kubeconfig, parts["kubectl"])
    finally:
        plane.processes.stop()


@pytest.fixture(scope="session", autouse=True)
def _programs_apart() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        keep_apart(patch)
        yield


@pytest.fixture
def engine(parts: dict[str, Path], plugin: sandbox_plugin.Plugin, tmp_path: Path) -> Engine:
    return Engine(tmp_path / "engine", pulumi=parts["pulumi"], plugin=plugin.folder)


@pytest.fixture
def new_stack(engine: Engine, cluster: LiveCluster) -> Callable[[], ProgramStack]:
    """Makes stacks of the program, each of a name of its own."""
    return lambda: ProgramStack(engine, cluster, f"test-{secrets.token_hex(4)}")


@pytest.fixture
def stack(new_stack: Callable[[], ProgramStack]) -> ProgramStack:
    return new_stack()


@pytest.fixture
def reviewer(parts: dict[str, Path], engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reviewer:
    monkeypatch.setenv("COLUMNS", "1000")
    return Reviewer(parts["pulumi"], engine, tmp_path, monkeypatch)


@pytest.fixture
def new_clone(parts: dict[str, Path], tmp_path: Path) -> Iterator[Callable[[str], Clone]]:
    clones: list[Clone] = []

    def make(name: str) -> Clone:
        (tmp_path / name).mkdir()
        clones.append(Clone(tmp_path / name))
        return clones[-1]

    yield make
    for clone in clones:
        for pid in clone.running().values():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def clone(new_clone: Callable[[str], Clone]) -> Clone:
    return new_clone("clone")
