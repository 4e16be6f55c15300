"""The component as a plugin: the engine has it construct what a program of any language registers."""

import base64
import json
import os
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

Remote = Callable[[dict[str, Any]], ProgramStack]


@pytest.fixture
def remote(cluster: LiveCluster, stack: ProgramStack, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """A program that knows the component by its type token alone, as a generated SDK does."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)

    def give(inputs: dict[str, Any]) -> ProgramStack:
        def program() -> None:
            provider = cluster_provider("cluster", context=CONTEXT, kubeconfig=str(cluster.kubeconfig))
            pulumi.ComponentResource(
                "image-pull-secrets:index:ImagePullSecrets",
                "pulls",
                {
                    **inputs,
                    "registries": [_secret(each) for each in inputs["registries"]],
                    "secrets": None,
                    "attached": None,
                },
                pulumi.ResourceOptions(providers=[provider]),
                remote=True,
            )

        stack.program = lambda: program
        return stack

    return give


def _secret(registry: dict[str, Any]) -> dict[str, Any]:
    """An Output as a leaf; it belongs to the run of the program that makes it."""
    return {**registry, "password": pulumi.Output.secret(registry["password"])}


def registry(stack: ProgramStack) -> dict[str, Any]:
    return {"server": "ghcr.io", "username": "bot", "password": stack.password}


def test_it_makes_the_secret_and_attaches_it(
    cluster: LiveCluster, engine: Engine, stack: ProgramStack, remote: Remote
) -> None:
    namespace = cluster.new_namespace()
    cluster.create_account(namespace, "builder", "theirs")
    accounts = {"name": namespace, "serviceAccounts": ["default", "builder"]}
    remote({"secretName": "regcred", "registries": [registry(stack)], "namespaces": [accounts]})

    up = stack.up()

    assert not up.failed, up.output
    assert cluster.pull_secrets(namespace, "builder") == ["theirs", "regcred"]
    data = cluster.api.read_namespaced_secret("regcred", namespace).data[".dockerconfigjson"]
    assert json.loads(base64.b64decode(data))["auths"]["ghcr.io"]["password"] == stack.password
    state = "".join(path.read_text() for path in (engine.folder / "state").rglob("*.json"))
    assert "regcred" in state
    assert stack.password not in state
    assert data not in state
    assert stack.preview().changed == {}


def test_an_input_of_the_wrong_type_is_named_without_the_plugins_traceback(stack: ProgramStack, remote: Remote) -> None:
    remote({"secretName": "regcred", "registries": [registry(stack)], "namespaces": [{"name": 3}]})

    preview = stack.preview()

    assert preview.failed
    assert "namespaces[0].name" in preview.output
    # A Python program has its own traceback; the plugin adds none of its own.
    assert "pulumi_image_pull_secrets/component.py" not in preview.output
