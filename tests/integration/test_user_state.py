"""What people do to a stack's state: forget a part or all of it, give it another name, give a namespace up."""

import secrets

import pytest

from sandbox.engine import Engine
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack
from tests.integration.test_p05_leaves_as_found import detach_and_destroy
from tests.integration.test_user_operations import PATCH, SECRET, names_of, two, urn

__all__ = ["two"]


def again(engine: Engine, cluster: LiveCluster, stack: ProgramStack, name: str) -> ProgramStack:
    """The same stack file, under a name that the engine doesn't know by this process."""
    found = ProgramStack(engine, cluster, name)
    found.config, found.password = stack.config, stack.password
    return found


def come_to_rest(stack: ProgramStack, ups: int) -> None:
    for _ in range(ups):
        up = stack.up()
        assert not up.failed, up.output
    assert stack.preview().changed == {}


@pytest.fixture
def with_ours(cluster: LiveCluster, stack: ProgramStack) -> tuple[str, str]:
    """A namespace with somebody else's entry on its account, and one that the stack makes; the stack is up."""
    first, made = cluster.new_namespace(), f"t-{secrets.token_hex(5)}"
    cluster.set_pull_secrets(first, "default", "theirs")
    stack.config["namespaces"] = [{"name": first}, {"name": made, "create": True, "serviceAccounts": ["builder"]}]
    assert not stack.up().failed
    return first, made


def exists(cluster: LiveCluster, namespace: str) -> bool:
    return namespace in {item.metadata.name for item in cluster.api.list_namespace().items}


def owner_of(stack: ProgramStack) -> str:
    return f"image-pull-secrets.{stack.name}.pulls"


def test_what_was_deleted_from_the_state_is_taken_up_again(
    cluster: LiveCluster, engine: Engine, stack: ProgramStack, two: tuple[str, str]
) -> None:
    first, second = two
    before = [cluster.secret(namespace, "regcred") for namespace in two]
    for forgotten in (
        urn(stack, PATCH, f"{first}/default"),
        urn(stack, PATCH, f"{second}/default"),
        urn(stack, SECRET, f"{second}/regcred"),
    ):
        engine.run(["state", "delete", forgotten, "--yes", "--stack", stack.name])

    assert stack.up().changed == {"create": 3}
    # The managers that were forgotten hold the annotations as well; this up makes the new ones their only managers.
    assert stack.up().changed == {"update": 2}

    assert cluster.pull_secrets(first) == ["theirs", "regcred"]
    assert cluster.pull_secrets(second) == ["regcred"]
    uids = [secret and secret["metadata"]["uid"] for secret in before]
    after = [cluster.secret(namespace, "regcred") for namespace in two]
    assert [secret and secret["metadata"]["uid"] for secret in after] == uids

    detach_and_destroy(stack)
    assert cluster.pull_secrets(first) == ["theirs"]
    assert "imagePullSecrets" not in cluster.account(second, "default")
    assert [names_of(cluster, namespace) for namespace in two] == [set(), set()]
    for namespace in two:
        assert "annotations" not in cluster.account(namespace, "default")["metadata"]


def test_a_stack_whose_state_was_lost_is_taken_up_again_whole(
    cluster: LiveCluster, engine: Engine, stack: ProgramStack, with_ours: tuple[str, str]
) -> None:
    first, made = with_ours
    namespace = cluster.api.read_namespace(made)
    engine.run(["stack", "rm", "--force", "--yes", stack.name])
    fresh = again(engine, cluster, stack, stack.name)

    come_to_rest(fresh, 2)

    assert cluster.pull_secrets(first) == ["theirs", "regcred"]
    assert cluster.pull_secrets(made, "builder") == ["regcred"]
    assert cluster.api.read_namespace(made).metadata.uid == namespace.metadata.uid
    detach_and_destroy(fresh)
    assert cluster.pull_secrets(first) == ["theirs"]
    assert "annotations" not in cluster.account(first, "default")["metadata"]
    assert names_of(cluster, first) == set()
    assert not exists(cluster, made)


def test_an_account_that_left_while_the_state_was_lost_is_left_once_it_is_listed_again(
    cluster: LiveCluster, engine: Engine, stack: ProgramStack, two: tuple[str, str]
) -> None:
    first, second = two
    listed = stack.config["namespaces"]
    engine.run(["stack", "rm", "--force", "--yes", stack.name])
    fresh = again(engine, cluster, stack, stack.name)
    fresh.config["namespaces"] = [{"name": first}]
    assert not fresh.up().failed
    # Its patch is in no state, and nobody can tell whether the name is still wanted there.
    assert cluster.pull_secrets(second) == ["regcred"]
    assert names_of(cluster, second) == {"regcred"}

    fresh.config["namespaces"] = listed
    come_to_rest(fresh, 2)
    fresh.config["namespaces"] = [{"name": first}]
    come_to_rest(fresh, 2)

    assert "imagePullSecrets" not in cluster.account(second, "default")
    assert "annotations" not in cluster.account(second, "default")["metadata"]
    assert names_of(cluster, second) == set()


def test_after_a_rename_of_the_stack_everything_is_taken_back_in_place(
    cluster: LiveCluster, engine: Engine, stack: ProgramStack, with_ours: tuple[str, str]
) -> None:
    first, made = with_ours
    secret = cluster.secret(first, "regcred")
    former, name = owner_of(stack), f"{stack.name}-renamed"
    engine.run(["stack", "rename", name, "--stack", stack.name])
    renamed = again(engine, cluster, stack, name)

    refused = renamed.preview()
    assert refused.failed
    command = f"kubectl annotate --overwrite namespace {made} image-pull-secrets/owner={owner_of(renamed)}"
    assert (
        f'Secret "{first}/regcred" exists and was made by "{former}"; set adopt: true to take it over '
        "(right after a rename of this stack), or choose another secretName" in refused.output
    )
    assert (
        f'namespace "{made}" has create: true but exists, and was made by "{former}"; if that is this stack\'s former '
        f"name, type {command}; otherwise leave create out" in refused.output
    )

    cluster.kubectl(*command.split()[1:])
    renamed.config["adopt"] = True
    preview, up = renamed.preview(), renamed.up()

    assert not up.failed, up.output
    # Two Secrets and two patches; kubectl has written already what the namespace shall have.
    assert preview.changed == up.changed == {"update": 4}
    del renamed.config["adopt"]
    assert renamed.preview().changed == {}
    key = f"image-pull-secrets/{owner_of(renamed)}"
    assert cluster.account(first, "default")["metadata"]["annotations"] == {key: "regcred"}
    assert cluster.account(made, "builder")["metadata"]["annotations"] == {key: "regcred"}
    assert cluster.pull_secrets(first) == ["theirs", "regcred"]
    after = cluster.secret(first, "regcred")
    assert secret is not None
    assert after is not None
    assert after["metadata"]["uid"] == secret["metadata"]["uid"]

    detach_and_destroy(renamed)
    assert cluster.pull_secrets(first) == ["theirs"]
    assert "annotations" not in cluster.account(first, "default")["metadata"]
    assert not exists(cluster, made)


def test_a_namespace_that_was_made_is_kept_where_create_is_taken_out_and_can_be_given_up(
    cluster: LiveCluster, engine: Engine, stack: ProgramStack, with_ours: tuple[str, str]
) -> None:
    _, made = with_ours
    del stack.config["namespaces"][1]["create"]

    refused = stack.preview()
    assert refused.failed
    assert f'namespace "{made}" was made by this stack, and without create: true it would be deleted' in refused.output
    assert cluster.pull_secrets(made, "builder") == ["regcred"]

    namespace = f"urn:pulumi:{stack.name}::image-pull-secrets::image-pull-secrets:index:ImagePullSecrets"
    namespace += f"$kubernetes:core/v1:Namespace::pulls/{made}"
    engine.run(["state", "delete", namespace, "--target-dependents", "--yes", "--stack", stack.name])
    cluster.kubectl("annotate", "namespace", made, "image-pull-secrets/owner-")
    come_to_rest(stack, 2)
    assert cluster.pull_secrets(made, "builder") == ["regcred"]

    detach_and_destroy(stack)
    assert exists(cluster, made)
    assert "imagePullSecrets" not in cluster.account(made, "builder")
    assert names_of(cluster, made) == set()
