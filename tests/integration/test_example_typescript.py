"""The example project in TypeScript: compiled against a generated SDK, run on the real engine and API server.

``pulumi package gen-sdk`` needs Pulumi's language host for Node.js, which isn't served as a Go module. Here a program
of a few lines calls the generator that the host calls (typescript/main.go), and Pulumi's Automation API for Node.js
serves the compiled program to the engine (typescript/host.cjs).
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox.engine import CHECKOUT, Engine
from tests.integration import go_program
from tests.integration.example_project import STACK, ExampleProject
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack

HERE = Path(__file__).parent / "typescript"
ACCOUNTS = 'serviceAccounts: ["default", "builder"]'

pytestmark = pytest.mark.skipif(not shutil.which("npm"), reason="this machine has no npm; install Node.js 20 or newer")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the SDK in ``sdks/``, and all that it asks for."""
    folder = tmp_path_factory.mktemp("typescript")
    generate = go_program.build("typescript/main.go", folder / "generate")
    project = folder / "shop"
    shutil.copytree(CHECKOUT / "examples" / "typescript", project)
    sdk = project / "sdks" / "image-pull-secrets"
    subprocess.run([generate, CHECKOUT / "components" / "schema.json", sdk], check=True)
    subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=project, stdin=subprocess.DEVNULL, check=True
    )
    return project


@pytest.fixture
def namespace(cluster: LiveCluster) -> str:
    return cluster.new_namespace("builder")


@pytest.fixture
def project(
    installed: Path,
    tmp_path: Path,
    engine: Engine,
    parts: dict[str, Path],
    cluster: LiveCluster,
    stack: ProgramStack,
    namespace: str,
) -> ExampleProject:
    folder = tmp_path / "shop"
    shutil.copytree(installed, folder, ignore=shutil.ignore_patterns("node_modules", "sdks"))
    for name in ("node_modules", "sdks"):
        (folder / name).symlink_to(installed / name)
    project = ExampleProject(folder, engine, parts["pulumi"])
    project.configure(cluster, namespace, stack.password)
    return project


def compiled(project: ExampleProject) -> subprocess.CompletedProcess[str]:
    return project.run("node_modules/.bin/tsc")


def run(project: ExampleProject, operation: str) -> subprocess.CompletedProcess[str]:
    return project.run("node", str(HERE / "host.cjs"), STACK, operation)


def test_it_compiles_and_runs(
    cluster: LiveCluster, stack: ProgramStack, project: ExampleProject, namespace: str
) -> None:
    assert compiled(project).stdout == ""

    up = run(project, "up")

    assert up.returncode == 0, up.stdout
    assert cluster.pull_secrets(namespace, "builder") == ["regcred"]
    assert cluster.docker_config(namespace, "regcred")["auths"]["ghcr.io"]["password"] == stack.password
    assert stack.password not in up.stdout
    assert f'"{namespace}/regcred"' in project.pulumi("stack", "output", "--json").stdout
    preview = run(project, "preview")
    assert preview.returncode == 0, preview.stdout
    assert "unchanged" in preview.stdout
    assert " to " not in preview.stdout.partition("Resources:")[2]


def test_the_compiler_finds_a_mistyped_property(project: ExampleProject) -> None:
    project.edit("index.ts", ACCOUNTS, 'serviceAcounts: ["builder"]')
    ran = compiled(project)
    assert ran.returncode != 0
    assert "Did you mean to write 'serviceAccounts'?" in ran.stdout


def test_what_the_compiler_does_not_find_is_told_in_the_names_of_typescript(
    stack: ProgramStack, project: ExampleProject
) -> None:
    project.edit("index.ts", ACCOUNTS, 'serviceAccounts: ["Builder"]')
    assert compiled(project).stdout == ""

    ran = run(project, "preview")

    assert ran.returncode != 0
    assert "namespaces[0].serviceAccounts[0]: 'Builder'" in ran.stdout
    assert "Traceback" not in ran.stdout
    assert ".py" not in ran.stdout
    assert stack.password not in ran.stdout


def test_a_secret_as_a_whole_is_found_by_the_compiler_and_refused_by_the_component(
    stack: ProgramStack, project: ExampleProject
) -> None:
    project.edit("index.ts", "registries: [{", "registries: pulumi.secret([{")
    project.edit("index.ts", 'requireSecret("token") }]', 'require("token") }])')
    ran = compiled(project)
    assert ran.returncode != 0
    assert "from type 'RegistryArgs[]'" in ran.stdout

    # tsc writes what it warns of all the same.
    ran = run(project, "preview")

    assert ran.returncode != 0
    assert "registries: can't be an Output or a secret as a whole" in ran.stdout
    assert stack.password not in ran.stdout
