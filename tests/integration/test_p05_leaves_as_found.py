"""P5: destroy takes nothing that is not ours, and after a detach every account is exactly as it was found."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.importing import import_components
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack
from tests.integration.test_cluster_rights import NEEDED, user

__all__ = ["user"]


def detach_and_destroy(stack: ProgramStack) -> None:
    stack.config["detach"] = True
    preview, up = stack.preview(), stack.up()
    assert not up.failed, up.output
    assert preview.changed == up.changed
    assert not stack.destroy().failed


@pytest.mark.parametrize("theirs", [[], ["theirs"], ["z-theirs", "a-theirs"]])
def test_detach_and_destroy_restore_the_account(cluster: LiveCluster, stack: ProgramStack, theirs: list[str]) -> None:
    namespace = cluster.new_namespace()
    cluster.kubectl("annotate", "serviceaccount", "default", "-n", namespace, "example.com/note=theirs")
    if theirs:
        cluster.set_pull_secrets(namespace, "default", *theirs)
    before = cluster.account(namespace, "default")
    stack.config["namespaces"] = [{"name": namespace}]
    stack.up()

    detach_and_destroy(stack)

    assert cluster.account(namespace, "default") == before
    assert cluster.secret(namespace, "regcred") is None


def test_a_plain_destroy_keeps_foreign_entries_and_ours_with_them(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    cluster.set_pull_secrets(namespace, "default", "theirs")
    stack.config["namespaces"] = [{"name": namespace}]
    stack.up()

    attached = cluster.account(namespace, "default")
    stack.destroy()

    assert cluster.pull_secrets(namespace) == ["theirs", "regcred"]
    assert cluster.account(namespace, "default") == attached


def test_a_list_edited_after_our_last_up_survives_a_plain_destroy(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    stack.up()
    cluster.set_pull_secrets(namespace, "default", "regcred", "theirs")

    stack.destroy()

    assert cluster.pull_secrets(namespace) == ["regcred", "theirs"]
    assert "annotations" not in cluster.account(namespace, "default")["metadata"]


def test_what_a_destroy_left_is_taken_by_a_later_detach(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    cluster.set_pull_secrets(namespace, "default", "theirs")
    before = cluster.account(namespace, "default")
    stack.config["namespaces"] = [{"name": namespace}]
    stack.up()
    stack.destroy()
    stack.up()
    # The manager of the destroyed patch holds the annotation too; this up makes the new one its only manager.
    stack.up()
    assert stack.preview().changed == {}

    detach_and_destroy(stack)

    assert cluster.account(namespace, "default") == before


def test_a_name_that_only_we_are_left_with_goes_though_kubectl_holds_the_list(
    cluster: LiveCluster, stack: ProgramStack
) -> None:
    namespace = cluster.new_namespace()
    before = cluster.account(namespace, "default")
    stack.config["namespaces"] = [{"name": namespace}]
    cluster.set_pull_secrets(namespace, "default", "theirs")
    stack.up()
    cluster.set_pull_secrets(namespace, "default", "regcred")

    detach_and_destroy(stack)

    assert cluster.account(namespace, "default") == before


def test_detach_takes_our_name_off_an_account_that_was_made_anew_with_it(
    cluster: LiveCluster, stack: ProgramStack
) -> None:
    namespace = cluster.new_namespace("builder")
    stack.config["namespaces"] = [{"name": namespace, "serviceAccounts": ["builder"]}]
    stack.up()
    cluster.kubectl("delete", "serviceaccount", "builder", "-n", namespace)
    cluster.create_account(namespace, "builder", "theirs", "regcred")
    stack.config["detach"] = True

    stack.up()
    assert cluster.pull_secrets(namespace, "builder") == ["theirs"]
    assert stack.up().changed == {"update": 1}
    assert stack.preview().changed == {}

    assert "annotations" not in cluster.account(namespace, "builder")["metadata"]


def test_an_account_and_a_namespace_that_leave_the_stack_are_restored(
    cluster: LiveCluster, stack: ProgramStack
) -> None:
    staying, leaving = cluster.new_namespace(), cluster.new_namespace()
    cluster.create_account(staying, "builder", "theirs")
    cluster.create_account(leaving, "builder", "theirs")
    before = [
        cluster.account(staying, "builder"),
        cluster.account(leaving, "builder"),
        cluster.account(leaving, "default"),
    ]
    stack.config["namespaces"] = [
        {"name": staying, "serviceAccounts": ["default", "builder"]},
        {"name": leaving, "serviceAccounts": ["default", "builder"]},
    ]
    stack.up()

    stack.config["namespaces"] = [{"name": staying}]
    preview, up = stack.preview(), stack.up()

    assert preview.changed == up.changed
    after = [
        cluster.account(staying, "builder"),
        cluster.account(leaving, "builder"),
        cluster.account(leaving, "default"),
    ]
    assert after == before
    assert cluster.secret(leaving, "regcred") is None
    # The patches of the accounts that were left go out of the state with the next up; nothing is done to the cluster.
    stack.up()
    assert stack.preview().changed == {}
    assert [cluster.account(staying, "builder"), cluster.account(leaving, "builder")] == before[:2]


def test_who_may_not_list_all_accounts_leaves_a_namespace_in_two_steps(
    cluster: LiveCluster, stack: ProgramStack, user: Callable[..., Path]
) -> None:
    staying, emptied, leaving = (cluster.new_namespace() for _ in range(3))
    for namespace in (emptied, leaving):
        cluster.set_pull_secrets(namespace, "default", "theirs")
    before = cluster.account(emptied, "default")
    stack.config["kubeconfig"] = str(user([staying, emptied, leaving], NEEDED))
    stack.config["namespaces"] = [{"name": name} for name in (staying, emptied, leaving)]
    assert not stack.up().failed

    stack.config["namespaces"] = [{"name": staying}, {"name": emptied, "serviceAccounts": []}]
    assert not stack.up().failed
    stack.config["namespaces"] = [{"name": staying}]
    up = stack.up()

    assert not up.failed, up.output
    assert cluster.account(emptied, "default") == before
    assert cluster.pull_secrets(leaving) == ["theirs", "regcred"]
    assert cluster.secret(emptied, "regcred") is cluster.secret(leaving, "regcred") is None


def test_imported_detach_and_destroy_restore_the_accounts(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace("builder")
    cluster.set_pull_secrets(namespace, "builder", "theirs")
    before = [cluster.account(namespace, name) for name in ("default", "builder")]
    import_components(cluster, stack, "pulls")
    stack.config["namespaces"] = [{"name": namespace, "serviceAccounts": ["default", "builder"]}]
    stack.up()
    assert cluster.pull_secrets(namespace, "builder") == ["theirs", "regcred"]

    stack.config["detach"] = True
    preview, up = stack.preview(), stack.up()
    assert preview.changed == up.changed == {"update": 2}
    assert stack.preview().changed == {}
    assert not stack.destroy().failed

    assert [cluster.account(namespace, name) for name in ("default", "builder")] == before
    assert cluster.secret(namespace, "regcred") is None
