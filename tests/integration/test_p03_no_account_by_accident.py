"""P3: no ServiceAccount is created by accident; only in a namespace of ours are the listed accounts made."""

import secrets

from tests.integration.live import LiveCluster
from tests.integration.meanwhile import After, after_the_read
from tests.integration.program import ProgramStack

__all__ = ["after_the_read"]


def accounts(cluster: LiveCluster, namespace: str) -> set[str]:
    return {item.metadata.name for item in cluster.api.list_namespaced_service_account(namespace).items}


def test_a_typo_is_an_error_and_makes_nothing(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace("builder")
    stack.config["namespaces"] = [{"name": namespace, "serviceAccounts": ["builder", "bilder"]}]

    preview, up = stack.preview(), stack.up()

    assert preview.failed
    assert up.failed
    assert 'ServiceAccount "bilder" does not exist' in up.output
    assert accounts(cluster, namespace) == {"default", "builder"}
    assert cluster.secret(namespace, "regcred") is None


def test_a_namespace_of_ours_gets_the_listed_accounts(cluster: LiveCluster, stack: ProgramStack) -> None:
    name = f"t-{secrets.token_hex(5)}"
    stack.config["namespaces"] = [{"name": name, "serviceAccounts": ["default", "builder"], "create": True}]

    preview, up = stack.preview(), stack.up()

    assert not up.failed, up.output
    assert preview.changed == up.changed
    assert accounts(cluster, name) == {"default", "builder"}
    assert cluster.pull_secrets(name, "builder") == ["regcred"]
    assert stack.preview().changed == {}
    stack.destroy()
    assert name not in {item.metadata.name for item in cluster.api.list_namespace().items}


def test_an_account_that_is_deleted_between_the_read_and_the_apply_is_made_again(
    cluster: LiveCluster, stack: ProgramStack, after_the_read: After
) -> None:
    namespace = cluster.new_namespace("builder")
    stack.config["namespaces"] = [{"name": namespace, "serviceAccounts": ["builder"]}]

    after_the_read(lambda: cluster.kubectl("delete", "serviceaccount", "builder", "-n", namespace))
    assert not stack.up().failed
    assert cluster.pull_secrets(namespace, "builder") == ["regcred"]

    cluster.kubectl("delete", "serviceaccount", "builder", "-n", namespace)
    assert stack.up().failed
    assert accounts(cluster, namespace) == {"default"}
