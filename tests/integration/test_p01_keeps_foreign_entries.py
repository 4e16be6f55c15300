"""P1: attaching keeps every entry that someone else put on the account, in their order; ours are appended."""

from tests.integration.live import LiveCluster
from tests.integration.meanwhile import After, after_the_read
from tests.integration.program import ProgramStack

__all__ = ["after_the_read"]


def test_through_everything_that_a_stack_does(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    cluster.set_pull_secrets(namespace, "default", "z-theirs", "a-theirs")
    stack.config["namespaces"] = [{"name": namespace}]

    stack.up()
    assert cluster.pull_secrets(namespace) == ["z-theirs", "a-theirs", "regcred"]

    stack.password += "-rotated"
    stack.up()
    stack.config |= {"secretName": "regcred-2", "retiredSecretNames": ["regcred"]}
    stack.up()
    assert cluster.pull_secrets(namespace) == ["z-theirs", "a-theirs", "regcred-2"]

    cluster.set_pull_secrets(namespace, "default", "new", "a-theirs", "regcred-2", "z-theirs")
    preview, up = stack.preview(), stack.up()
    assert preview.changed == up.changed
    assert cluster.pull_secrets(namespace) == ["new", "a-theirs", "regcred-2", "z-theirs"]
    assert stack.preview().changed == {}


def test_an_entry_that_somebody_adds_after_our_up_is_not_undone(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    stack.up()

    cluster.set_pull_secrets(namespace, "default", "regcred", "theirs")
    stack.up()
    stack.up()

    assert cluster.pull_secrets(namespace) == ["regcred", "theirs"]


def test_an_edit_between_the_read_and_the_apply_is_lost_and_none_after_it(
    cluster: LiveCluster, stack: ProgramStack, after_the_read: After
) -> None:
    namespace = cluster.new_namespace()
    cluster.set_pull_secrets(namespace, "default", "z-theirs", "a-theirs")
    stack.config["namespaces"] = [{"name": namespace}]

    after_the_read(lambda: cluster.set_pull_secrets(namespace, "default", "a-theirs", "new"))
    assert not stack.up().failed
    assert cluster.pull_secrets(namespace) == ["z-theirs", "a-theirs", "regcred"]

    cluster.set_pull_secrets(namespace, "default", "a-theirs", "new", "regcred")
    assert not stack.up().failed
    assert cluster.pull_secrets(namespace) == ["a-theirs", "new", "regcred"]
