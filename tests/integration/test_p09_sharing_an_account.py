"""P9: two stacks or components can share an account: each adds and removes its own names, and both come to rest."""

from collections.abc import Callable

import pytest

from tests.integration.importing import import_components
from tests.integration.live import LiveCluster
from tests.integration.meanwhile import After, after_the_read
from tests.integration.program import ProgramStack

__all__ = ["after_the_read"]


@pytest.fixture
def pair(new_stack: Callable[[], ProgramStack], cluster: LiveCluster) -> tuple[str, ProgramStack, ProgramStack]:
    namespace = cluster.new_namespace()
    one, other = new_stack(), new_stack()
    for stack, name in ((one, "one"), (other, "other")):
        stack.config |= {"secretName": name, "namespaces": [{"name": namespace}]}
    return namespace, one, other


def come_to_rest(*stacks: ProgramStack) -> None:
    for _ in range(3):
        for stack in stacks:
            assert not stack.up().failed
        if all(stack.preview().changed == {} for stack in stacks):
            return
    pytest.fail("the previews didn't become empty")


def test_both_come_to_rest_and_rename_without_disturbing(
    cluster: LiveCluster, pair: tuple[str, ProgramStack, ProgramStack]
) -> None:
    namespace, one, other = pair
    cluster.set_pull_secrets(namespace, "default", "theirs")

    come_to_rest(one, other)
    assert cluster.pull_secrets(namespace) == ["theirs", "one", "other"]

    one.config["secretName"] = "one-2"
    come_to_rest(one, other)
    assert cluster.pull_secrets(namespace) == ["theirs", "other", "one-2"]


def test_each_leaves_alone(cluster: LiveCluster, pair: tuple[str, ProgramStack, ProgramStack]) -> None:
    namespace, one, other = pair
    before = cluster.account(namespace, "default")
    come_to_rest(one, other)

    one.config["detach"] = True
    one.up()
    one.destroy()
    assert cluster.pull_secrets(namespace) == ["other"]

    come_to_rest(other)
    other.config["detach"] = True
    other.up()
    other.destroy()
    assert cluster.account(namespace, "default") == before


def test_the_same_secret_in_one_namespace_is_told(
    cluster: LiveCluster, pair: tuple[str, ProgramStack, ProgramStack]
) -> None:
    namespace, one, other = pair
    other.config["secretName"] = "one"
    one.up()

    refused = other.preview()

    assert refused.failed
    assert f'Secret "{namespace}/one" exists and was made by "image-pull-secrets.{one.name}.pulls"' in refused.output


def test_of_two_at_the_same_moment_the_next_up_mends_the_one_that_lost(
    cluster: LiveCluster, pair: tuple[str, ProgramStack, ProgramStack], after_the_read: After
) -> None:
    namespace, one, other = pair
    cluster.set_pull_secrets(namespace, "default", "theirs")

    after_the_read(other.up)
    assert not one.up().failed
    assert cluster.pull_secrets(namespace) == ["theirs", "one"]

    come_to_rest(other, one)
    assert cluster.pull_secrets(namespace) == ["theirs", "one", "other"]


def test_two_components_in_one_program_come_to_rest_and_leave_alone(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace("builder")
    cluster.set_pull_secrets(namespace, "builder", "theirs")
    before = [cluster.account(namespace, name) for name in ("default", "builder")]
    listed = [{"name": namespace, "serviceAccounts": ["default", "builder"]}]
    stack.config |= {"namespaces": listed, "one": {"secretName": "one"}, "other": {"secretName": "other"}}
    import_components(cluster, stack, "one", "other")

    # The one that applied last in the first up has undone the other.
    assert not stack.up().failed
    come_to_rest(stack)
    assert set(cluster.pull_secrets(namespace)) == {"one", "other"}
    assert cluster.pull_secrets(namespace, "builder")[0] == "theirs"
    assert set(cluster.pull_secrets(namespace, "builder")) == {"theirs", "one", "other"}

    stack.config["one"]["detach"] = True
    assert not stack.up().failed
    import_components(cluster, stack, "other")
    assert not stack.up().failed
    assert cluster.pull_secrets(namespace) == ["other"]
    assert cluster.pull_secrets(namespace, "builder") == ["theirs", "other"]

    stack.config["other"]["detach"] = True
    assert not stack.up().failed
    assert not stack.destroy().failed
    assert [cluster.account(namespace, name) for name in ("default", "builder")] == before
