"""The example projects in YAML and in Python, as they stand, on the real engine and API server."""

import runpy
from pathlib import Path

import pytest

from sandbox.engine import CHECKOUT, Engine
from tests.integration import go_program
from tests.integration.example_project import ExampleProject
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import ProgramStack

FILE = "Pulumi.yaml"


@pytest.fixture(scope="module")
def yaml_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of Pulumi's own language host for YAML, built from its Go module (yaml_host/go.mod)."""
    program = tmp_path_factory.mktemp("yaml-host") / "pulumi-language-yaml"
    module = Path(__file__).parent / "yaml_host"
    return go_program.build("github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml", program, module).parent


@pytest.fixture
def namespace(cluster: LiveCluster) -> str:
    return cluster.new_namespace("builder")


@pytest.fixture
def yaml(
    tmp_path: Path,
    engine: Engine,
    parts: dict[str, Path],
    yaml_host: Path,
    cluster: LiveCluster,
    stack: ProgramStack,
    namespace: str,
) -> ExampleProject:
    project = ExampleProject.copied("yaml", tmp_path / "shop", engine, parts["pulumi"], yaml_host)
    project.configure(cluster, namespace, stack.password)
    return project


def test_yaml(cluster: LiveCluster, stack: ProgramStack, yaml: ExampleProject, namespace: str) -> None:
    cluster.set_pull_secrets(namespace, "builder", "theirs")

    up = yaml.pulumi("up", "--yes", "--skip-preview")

    assert up.returncode == 0, up.stdout
    assert cluster.pull_secrets(namespace) == ["regcred"]
    assert cluster.pull_secrets(namespace, "builder") == ["theirs", "regcred"]
    assert cluster.docker_config(namespace, "regcred")["auths"]["ghcr.io"]["password"] == stack.password
    assert stack.password not in up.stdout
    assert yaml.pulumi("preview", "--expect-no-changes").returncode == 0
    destroyed = yaml.pulumi("destroy", "--yes")
    assert destroyed.returncode == 0, destroyed.stdout
    assert cluster.secret(namespace, "regcred") is None
    assert cluster.pull_secrets(namespace) == []


def test_mistakes_in_yaml_are_told_as_yaml_spells_them(stack: ProgramStack, yaml: ExampleProject) -> None:
    # The host for YAML knows the schema, and finds what is of the wrong type by itself.
    yaml.edit(FILE, "serviceAccounts: [default, builder]", "serviceAccounts: builder")
    wrong_type = yaml.pulumi("preview")
    assert wrong_type.returncode != 0
    assert "serviceAccounts" in wrong_type.stdout

    yaml.edit(FILE, "serviceAccounts: builder", "serviceAccounts: [Builder]")
    wrong_value = yaml.pulumi("preview")
    assert wrong_value.returncode != 0
    assert "namespaces[0].serviceAccounts[0]: 'Builder'" in wrong_value.stdout

    for ran in (wrong_type, wrong_value):
        assert "Traceback" not in ran.stdout
        assert ".py" not in ran.stdout
        assert "service_accounts" not in ran.stdout
        assert stack.password not in ran.stdout


def test_a_secret_registry_in_yaml_is_refused_and_not_shown(stack: ProgramStack, yaml: ExampleProject) -> None:
    yaml.edit(
        FILE,
        "        - server: ghcr.io\n          username: bot\n",
        "        - fn::secret:\n            server: ghcr.io\n            username: bot\n",
    )
    yaml.edit(FILE, "          password: ${token}", "            password: ${token}")

    ran = yaml.pulumi("preview")

    assert ran.returncode != 0
    assert "can't be an Output or a secret as a whole" in ran.stdout
    assert "Traceback" not in ran.stdout
    assert stack.password not in ran.stdout


def test_without_default_providers_the_components_own_must_be_given(yaml: ExampleProject) -> None:
    disabled = ("config", "set", "--path", "pulumi:disable-default-providers[0]")
    assert yaml.pulumi(*disabled, "*").returncode == 0
    ran = yaml.pulumi("preview")
    assert ran.returncode != 0
    assert "Default provider for 'image-pull-secrets' disabled" in ran.stdout

    assert yaml.pulumi(*disabled, "kubernetes").returncode == 0
    ran = yaml.pulumi("preview")
    assert ran.returncode == 0, ran.stdout


def test_python(cluster: LiveCluster, stack: ProgramStack, namespace: str) -> None:
    stack.program = lambda: python_example
    stack.config = {
        "context": CONTEXT,
        "kubeconfig": str(cluster.kubeconfig),
        "namespace": namespace,
        "token": stack.password,
    }

    up = stack.up()

    assert not up.failed, up.output
    assert stack.outputs() == {
        "secrets": [f"{namespace}/regcred"],
        "attached": {f"{namespace}/{name}": ["regcred"] for name in ("default", "builder")},
    }
    assert cluster.docker_config(namespace, "regcred")["auths"]["ghcr.io"]["password"] == stack.password
    assert stack.preview().changed == {}


def python_example() -> None:
    runpy.run_path(str(CHECKOUT / "examples" / "python" / "__main__.py"), run_name="__main__")
