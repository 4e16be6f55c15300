"""README, docs and how-to pages, line by line: each command, as it stands there, prints what stands there.

Each page has a checkout, a cluster and a plain ``pulumi`` of its own. Where it doesn't make its stack itself, staging
is up. What isn't here is Pulumi's language host for Python (see language_host.py).
"""

import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import people, stacks
from sandbox import plugin as sandbox_plugin
from sandbox.controlplane import ControlPlane
from sandbox.engine import CHECKOUT
from tests import pages
from tests.integration import language_host
from tests.integration.clones import Clone
from tests.integration.live import new_core_api
from tests.integration.reader import MADE_UP, Reader, shell

PAGES = [page for page in pages.pages() if page != pages.TUTORIAL and pages.steps(page)]
FROM_PATH = r"^ *warning: using pulumi-\S+ from \$PATH .*$"
"""What the engine says of the language host and the plugin here, and of none that Pulumi installed."""
OWN_CONTEXT = "my-cluster"
"""The context of whoever reads the README."""


@pytest.fixture
def plane(parts: dict[str, Path], tmp_path: Path) -> Iterator[ControlPlane]:
    """A cluster of this page alone, under the names that the stack files give it."""
    plane = ControlPlane(tmp_path / "plane", parts)
    try:
        plane.start([OWN_CONTEXT, *(stacks.read(name).context for name in stacks.names())])
        core = new_core_api(plane.kubeconfig, OWN_CONTEXT)
        for name in stacks.names():
            people.prepare(core, stacks.read(name).named_namespaces)
        yield plane
    finally:
        plane.processes.stop()


@pytest.fixture
def reader(
    clone: Clone, plane: ControlPlane, parts: dict[str, Path], plugin: sandbox_plugin.Plugin, tmp_path: Path
) -> Reader:
    host = tmp_path / "host"
    language_host.install(host)
    # Only this kubectl: the one that runs the tests may have others on its PATH.
    commands = [
        host,
        plugin.folder,
        *(parts[name].parent for name in ("pulumi", "kubectl")),
        Path(sys.executable).parent,
    ]
    (tmp_path / "state").mkdir()
    for name in ("old-token.txt", "new-token.txt"):
        (clone.folder / name).write_text(secrets.token_urlsafe(16))
    (clone.folder / "acme.yaml").write_text(plane.kubeconfig.read_text())
    environment = {
        **shell(clone.folder, *commands),
        "HOME": str(tmp_path),
        "KUBECONFIG": str(plane.kubeconfig),
        "PULUMI_HOME": str(tmp_path / "pulumi"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": secrets.token_urlsafe(16),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # A person at a terminal says yes.
        "PULUMI_SKIP_CONFIRMATIONS": "true",
        "COLUMNS": "200",
    }
    variables = {name for stack in stacks.names() for name in stacks.read(stack).password_variables}
    passwords = {name: secrets.token_urlsafe(16) for name in variables}
    return Reader(clone.folder, environment | passwords, {FROM_PATH: "", **MADE_UP})


def makes_its_stack(page: Path) -> bool:
    return any(step.command.startswith("pulumi stack init") for step in pages.steps(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_a_page_line_by_line(page: Path, reader: Reader) -> None:
    if not makes_its_stack(page):
        for command in ("pulumi stack init staging", "pulumi up --stack staging"):
            reader.follows(pages.Step(command))
    for step in pages.steps(page):
        if os.environ.get("SHOW_PAGES"):
            print(f"    $ {step.command}\n{reader.types(step.command)}\n    [{reader.code}]")
        else:
            reader.follows(step)
