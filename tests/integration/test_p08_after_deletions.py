"""P8: destroy and up still work after an account or a namespace was deleted, and recreate nothing on destroy."""

from tests.integration.importing import import_components
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack


def test_destroy_after_an_account_and_a_namespace_were_deleted(cluster: LiveCluster, stack: ProgramStack) -> None:
    kept, gone = cluster.new_namespace("builder"), cluster.new_namespace()
    stack.config["namespaces"] = [{"name": kept, "serviceAccounts": ["default", "builder"]}, {"name": gone}]
    stack.up()
    cluster.kubectl("delete", "serviceaccount", "builder", "-n", kept)
    cluster.delete_namespace(gone)

    destroyed = stack.destroy()

    assert not destroyed.failed, destroyed.output
    assert gone not in {item.metadata.name for item in cluster.api.list_namespace().items}
    assert {item.metadata.name for item in cluster.api.list_namespaced_service_account(kept).items} == {"default"}
    assert cluster.pull_secrets(kept) == []


def test_up_names_what_was_deleted_and_works_without_it(cluster: LiveCluster, stack: ProgramStack) -> None:
    kept, gone = cluster.new_namespace("builder"), cluster.new_namespace()
    stack.config["namespaces"] = [{"name": kept, "serviceAccounts": ["default", "builder"]}, {"name": gone}]
    stack.up()
    cluster.kubectl("delete", "serviceaccount", "builder", "-n", kept)
    cluster.delete_namespace(gone)

    refused = stack.up()
    stack.config["namespaces"] = [{"name": kept}]
    up = stack.up()

    assert refused.failed
    assert f'namespace "{gone}" does not exist' in refused.output
    assert f'ServiceAccount "builder" does not exist in namespace "{kept}"' in refused.output
    assert not up.failed, up.output
    assert cluster.pull_secrets(kept) == ["regcred"]
    assert {item.metadata.name for item in cluster.api.list_namespaced_service_account(kept).items} == {"default"}
    assert stack.preview().changed == {}


def test_a_namespace_of_ours_comes_back_with_the_next_up(cluster: LiveCluster, stack: ProgramStack) -> None:
    name = f"{cluster.new_namespace()}-ours"
    stack.config["namespaces"] = [{"name": name, "serviceAccounts": ["builder"], "create": True}]
    stack.up()
    cluster.delete_namespace(name)

    up = stack.up()

    assert not up.failed, up.output
    assert cluster.pull_secrets(name, "builder") == ["regcred"]
    assert stack.preview().changed == {}


def test_imported_up_and_destroy_work_without_what_was_deleted(cluster: LiveCluster, stack: ProgramStack) -> None:
    kept, gone = cluster.new_namespace("builder", "deployer"), cluster.new_namespace()
    import_components(cluster, stack, "pulls")
    listed = {"name": kept, "serviceAccounts": ["default", "builder", "deployer"]}
    stack.config["namespaces"] = [listed, {"name": gone}]
    assert not stack.up().failed

    cluster.kubectl("delete", "serviceaccount", "builder", "-n", kept)
    cluster.delete_namespace(gone)
    stack.config["namespaces"] = [listed]
    refused = stack.preview()
    assert refused.failed
    assert f"resource '{kept}/builder' does not exist" in refused.output
    listed["serviceAccounts"] = ["default", "deployer"]
    up = stack.up()
    assert not up.failed, up.output
    assert stack.preview().changed == {}

    cluster.kubectl("delete", "serviceaccount", "deployer", "-n", kept)
    destroyed = stack.destroy()
    assert not destroyed.failed, destroyed.output
    assert {item.metadata.name for item in cluster.api.list_namespaced_service_account(kept).items} == {"default"}
    assert gone not in {item.metadata.name for item in cluster.api.list_namespace().items}
    assert cluster.pull_secrets(kept) == []
