"""The Kubernetes plugin's contract, where the engine has a part in it: the official plugin passes these as well."""

import gc
import json
import secrets
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pulumi
import pulumi_kubernetes
import pytest
import yaml
from pulumi import automation
from pulumi_kubernetes.core import v1 as core

from sandbox.engine import Engine, Program
from sandbox.processes import free_ports
from tests.integration.live import CONTEXT, LiveCluster

STACK = "standin"
Declared = Callable[[pulumi.ResourceOptions], None]


@pytest.fixture(autouse=True)
def unclosed_loops() -> Iterator[None]:
    """The Automation API doesn't close the event loop of an inline program that the engine interrupts."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def namespace(cluster: LiveCluster) -> str:
    return cluster.new_namespace()


@pytest.fixture
def stack_of(cluster: LiveCluster, engine: Engine) -> Callable[[Declared], automation.Stack]:
    def make(declared: Declared) -> automation.Stack:
        return engine.stack(STACK, program(cluster.admin_kubeconfig, declared), {})

    return make


def program(kubeconfig: Path, declared: Declared) -> Program:
    """What ``declared`` declares, on this cluster."""

    def run() -> None:
        provider = pulumi_kubernetes.Provider("cluster", kubeconfig=str(kubeconfig), context=CONTEXT)
        declared(pulumi.ResourceOptions(provider=provider))

    return run


def secret(namespace: str, password: str) -> Declared:
    def declare(opts: pulumi.ResourceOptions) -> None:
        core.Secret("s", metadata={"name": "s", "namespace": namespace}, string_data={"password": password}, opts=opts)

    return declare


def test_a_secret_is_encrypted_in_the_state_and_replaced_after_it_is_deleted(
    cluster: LiveCluster, engine: Engine, stack_of: Callable[[Declared], automation.Stack], namespace: str
) -> None:
    first, second = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    stack = stack_of(secret(namespace, first))
    stack.up()
    before = cluster.secret(namespace, "s")

    # What the backend has; an export by the Automation API would show it decrypted.
    state = "".join(file.read_text() for file in (engine.folder / "state").rglob("*.json"))
    assert before is not None
    assert '"ciphertext"' in state
    assert first not in state
    assert before["data"]["password"] not in state

    operations: list[str] = []

    def note(event: automation.events.EngineEvent) -> None:
        if event.resource_pre_event and event.resource_pre_event.metadata.type == "kubernetes:core/v1:Secret":
            operations.append(event.resource_pre_event.metadata.op)

    # Two objects of one name can't be: the old one goes first, and whoever needs it finds none for a moment.
    stack_of(secret(namespace, second)).up(on_event=note)
    after = cluster.secret(namespace, "s")
    assert after is not None
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert operations.index("delete-replaced") < operations.index("create-replacement")


def test_getting_a_missing_object_fails_and_names_it(
    stack_of: Callable[[Declared], automation.Stack], namespace: str
) -> None:
    def declare(opts: pulumi.ResourceOptions) -> None:
        core.ServiceAccount.get("missing", f"{namespace}/missing", opts=opts)

    with pytest.raises(automation.CommandError, match=f"resource '{namespace}/missing' does not exist"):
        stack_of(declare).preview()


def test_a_refresh_drops_what_is_gone(
    cluster: LiveCluster, stack_of: Callable[[Declared], automation.Stack], namespace: str
) -> None:
    stack = stack_of(secret(namespace, secrets.token_urlsafe(16)))
    stack.up()
    cluster.kubectl("delete", "secret", "s", "-n", namespace)

    stack.refresh()

    assert "kubernetes:core/v1:Secret" not in json.dumps(stack.export_stack().deployment)


def test_an_unreachable_cluster_lets_a_preview_pass_and_fails_an_up(
    cluster: LiveCluster, engine: Engine, tmp_path: Path
) -> None:
    content = yaml.safe_load(cluster.admin_kubeconfig.read_text())
    content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{free_ports(1)[0]}"
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(yaml.safe_dump(content))
    stack = engine.stack(STACK, program(nowhere, secret("default", secrets.token_urlsafe(16))), {})

    # The stack, the provider and the Secret.
    assert stack.preview().change_summary == {"create": 3}
    with pytest.raises(automation.CommandError, match="configured Kubernetes cluster is unreachable"):
        stack.up()
