"""The component as a plugin: the engine has it construct what a program of any language registers."""

import base64
import json
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_image_pull_secrets import cluster_provider

from sandbox.engine import Engine
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import ProgramStack

TOKEN = "image-pull-secrets:index:ImagePullSecrets"


class Remote:
    """A program that knows the component by its type token alone, as a generated SDK does."""

    def __init__(self, cluster: LiveCluster, stack: ProgramStack) -> None:
        self._cluster = cluster
        self._stack = stack
        self.provider = True
        """Whether the component is given a Kubernetes provider."""

    def __call__(self, make_inputs: Callable[[], dict[str, Any]]) -> None:
        """Outputs belong to the run of the program that makes them, so the inputs are made in it."""

        def program() -> None:
            provider = cluster_provider("cluster", context=CONTEXT, kubeconfig=str(self._cluster.kubeconfig))
            component = pulumi.ComponentResource(
                TOKEN,
                "pulls",
                {**make_inputs(), "secrets": None, "attached": None},
                pulumi.ResourceOptions(providers=[provider] if self.provider else []),
                remote=True,
            )
            # A generated SDK declares them as properties; here they are what the registration resolved.
            pulumi.export("secrets", component.secrets)  # type: ignore[attr-defined]
            pulumi.export("attached", component.attached)  # type: ignore[attr-defined]

        self._stack.program = lambda: program


@pytest.fixture
def remote(cluster: LiveCluster, stack: ProgramStack, monkeypatch: pytest.MonkeyPatch) -> Remote:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    return Remote(cluster, stack)


def registry(stack: ProgramStack) -> dict[str, Any]:
    return {"server": "ghcr.io", "username": "bot", "password": pulumi.Output.secret(stack.password)}


def test_it_makes_the_secret_and_attaches_it(
    cluster: LiveCluster, engine: Engine, stack: ProgramStack, remote: Remote
) -> None:
    namespace = cluster.new_namespace()
    cluster.create_account(namespace, "builder", "theirs")
    accounts = {"name": namespace, "serviceAccounts": ["default", "builder"]}
    remote(lambda: {"secretName": "regcred", "registries": [registry(stack)], "namespaces": [accounts]})

    up = stack.up()

    assert not up.failed, up.output
    assert cluster.pull_secrets(namespace, "builder") == ["theirs", "regcred"]
    data = cluster.api.read_namespaced_secret("regcred", namespace).data[".dockerconfigjson"]
    assert json.loads(base64.b64decode(data))["auths"]["ghcr.io"]["password"] == stack.password
    state = "".join(path.read_text() for path in (engine.folder / "state").rglob("*.json"))
    assert "regcred" in state
    assert stack.password not in state
    assert data not in state
    assert stack.outputs() == {
        "secrets": [f"{namespace}/regcred"],
        "attached": {f"{namespace}/default": ["regcred"], f"{namespace}/builder": ["regcred"]},
    }
    assert stack.preview().changed == {}


def told(output: str) -> str:
    """What the engine prints of the component's refusal."""
    # Above, a row of the table has its first line alone.
    _, found, after = output.partition("Diagnostics:")[2].partition("resource 'pulls' has a problem: ")
    assert found, output
    return after.partition("error: python inline source runtime error")[0]


def assert_no_traceback_of_the_plugin(output: str) -> None:
    # The program here is Python as well, and its SDK tells with a traceback of its own that the engine has gone.
    for file in ("pulumi_image_pull_secrets", "provider/server.py", "provider/experimental/"):
        assert file not in "".join(line for line in output.splitlines() if "File " in line), file


def test_mistakes_are_told_at_once_in_the_names_of_the_other_language(stack: ProgramStack, remote: Remote) -> None:
    number = secrets.randbits(40)
    remote(
        lambda: {
            "secretName": 3,
            "registries": [{**registry(stack), "password": number}],
            "namespaces": [{"name": "a", "serviceAcounts": ["builder"]}, {"name": "b", "serviceAccounts": "default"}],
            # A letter first: a password that begins with a digit is JSON up to there.
            "dockerConfigJson": f"x{stack.password}",
        }
    )

    preview = stack.preview()

    assert preview.failed
    assert [line.strip() for line in told(preview.output).splitlines() if line.strip()] == [
        "the arguments can't be used:",
        "dockerConfigJson: registries is given as well; give one of the two",
        "dockerConfigJson: it is not JSON at line 1, column 1",
        "namespaces[0].serviceAcounts: unknown key; did you mean 'serviceAccounts'?",
        "namespaces[1].serviceAccounts: must be a list",
        "registries[0].password: must be text, or an Output of text",
        "secretName: must be text, and known in a preview",
    ]
    assert_no_traceback_of_the_plugin(preview.output)
    # The engine would write the number as 1.2e+11.
    assert f"{number:e}"[:7] not in preview.output
    assert str(number) not in preview.output
    assert stack.password not in preview.output


@pytest.mark.parametrize("path", ["registries", "registries[0]"])
def test_a_secret_that_holds_a_whole_object_is_refused_and_not_shown(
    stack: ProgramStack, remote: Remote, path: str
) -> None:
    def inputs() -> dict[str, Any]:
        plain = {**registry(stack), "password": stack.password}
        whole = pulumi.Output.secret([plain]) if path == "registries" else [pulumi.Output.secret(plain)]
        return {"secretName": "regcred", "registries": whole, "namespaces": [{"name": "a"}]}

    remote(inputs)

    preview = stack.preview()

    assert preview.failed
    assert f"{path}: can't be an Output or a secret as a whole" in told(preview.output)
    assert stack.password not in preview.output


def test_a_provider_must_be_given(stack: ProgramStack, remote: Remote) -> None:
    remote.provider = False
    remote(lambda: {"secretName": "regcred", "registries": [registry(stack)], "namespaces": [{"name": "a"}]})

    preview = stack.preview()

    assert preview.failed
    assert "options.provider: missing" in told(preview.output)
    assert_no_traceback_of_the_plugin(preview.output)


def test_a_mistake_in_a_secret_is_told_when_it_is_known(
    cluster: LiveCluster, stack: ProgramStack, remote: Remote
) -> None:
    namespace = cluster.new_namespace()
    # The sign is none of base64's: without it, one password in thirty can be read as a user and a password.
    text = json.dumps({"auths": {"ghcr.io": {"auth": f"%{stack.password}"}}})
    remote(
        lambda: {
            "secretName": "regcred",
            "dockerConfigJson": pulumi.Output.secret(text),
            "namespaces": [{"name": namespace}],
        }
    )

    preview = stack.preview()

    assert preview.failed
    assert "dockerConfigJson: the entry \"auths\" -> 'ghcr.io' has an auth that is not base64" in told(preview.output)
    assert_no_traceback_of_the_plugin(preview.output)
    assert stack.password not in preview.output
