"""The component in somebody else's program: it reads each account by itself."""

import secrets

import pulumi
import pytest
from pulumi_image_pull_secrets import ImagePullSecrets, RegistryArgs, cluster_provider
from pulumi_kubernetes.core import v1 as core

from sandbox.engine import Program
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import ProgramStack


@pytest.fixture
def importing(cluster: LiveCluster, stack: ProgramStack) -> ProgramStack:
    """A program of ten lines that imports the component; its arguments are the stack's namespaces."""

    def make() -> Program:
        def program() -> None:
            provider = cluster_provider("cluster", context=CONTEXT, kubeconfig=str(cluster.kubeconfig))
            registry: RegistryArgs = {"server": "ghcr.io", "username": "bot", "password": stack.password}
            ImagePullSecrets(
                "pulls",
                {"secret_name": "regcred", "registries": [registry], "namespaces": stack.config["namespaces"]},
                pulumi.ResourceOptions(provider=provider),
            )

        return program

    stack.program = make
    return stack


def test_it_keeps_what_others_attached(cluster: LiveCluster, importing: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    cluster.create_account(namespace, "builder", "theirs", "theirs-too")
    importing.config["namespaces"] = [{"name": namespace, "service_accounts": ["default", "builder"]}]

    preview, up = importing.preview(), importing.up()

    assert not up.failed, up.output
    assert preview.changed == up.changed
    assert cluster.pull_secrets(namespace, "builder") == ["theirs", "theirs-too", "regcred"]
    assert importing.preview().changed == {}

    cluster.set_pull_secrets(namespace, "builder", "theirs", "new", "theirs-too")
    importing.up()

    assert cluster.pull_secrets(namespace, "builder") == ["theirs", "new", "theirs-too", "regcred"]
    assert importing.preview().changed == {}


def test_an_account_that_is_not_there_fails_the_preview(cluster: LiveCluster, importing: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    importing.config["namespaces"] = [{"name": namespace, "service_accounts": ["bulider"]}]

    preview = importing.preview()

    assert preview.failed
    assert f"resource '{namespace}/bulider' does not exist" in preview.output


def test_it_makes_a_namespace_and_its_accounts(cluster: LiveCluster, importing: ProgramStack) -> None:
    name = f"t-{secrets.token_hex(5)}"
    importing.config["namespaces"] = [{"name": name, "service_accounts": ["default", "builder"], "create": True}]

    preview, up = importing.preview(), importing.up()

    assert not preview.failed, preview.output
    assert not up.failed, up.output
    assert cluster.pull_secrets(name) == cluster.pull_secrets(name, "builder") == ["regcred"]
    cluster.set_pull_secrets(name, "builder", "theirs", "regcred")
    importing.up()
    assert cluster.pull_secrets(name, "builder") == ["theirs", "regcred"]
    assert importing.preview().changed == {}
    assert not importing.destroy().failed
    assert name not in {item.metadata.name for item in cluster.api.list_namespace().items}


def test_a_kubeconfig_known_only_after_up_is_no_obstacle(cluster: LiveCluster, importing: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    cluster.create_account(namespace, "builder", "theirs")
    kubeconfig = cluster.kubeconfig.read_text()

    def program() -> None:
        # An id is known only when its object is made, as the kubeconfig of a cluster is in the program that makes it.
        first = cluster_provider("first", context=CONTEXT, kubeconfig=kubeconfig)
        made = core.Secret(
            "made", metadata={"name": "made", "namespace": namespace}, opts=pulumi.ResourceOptions(provider=first)
        )
        later = made.id.apply(lambda _: kubeconfig)
        provider = cluster_provider("cluster", context=CONTEXT, kubeconfig=later)
        ImagePullSecrets(
            "pulls",
            {
                "secret_name": "regcred",
                "registries": [{"server": "ghcr.io", "username": "bot", "password": importing.password}],
                "namespaces": [{"name": namespace, "service_accounts": ["default", "builder"]}],
            },
            pulumi.ResourceOptions(provider=provider),
        )

    importing.program = lambda: program

    preview, up = importing.preview(), importing.up()

    assert not preview.failed, preview.output
    assert not up.failed, up.output
    assert cluster.pull_secrets(namespace, "builder") == ["theirs", "regcred"]
