"""The program's life on the real engine and API server: up, no-op, rotate, rename, destroy."""

from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack


def test_up_attaches_the_secret_and_a_second_up_changes_nothing(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace("builder")
    stack.config["namespaces"] = [{"name": namespace, "serviceAccounts": ["default", "builder"]}]

    first = stack.up()

    assert not first.failed, first.output
    assert cluster.pull_secrets(namespace) == ["regcred"]
    assert cluster.pull_secrets(namespace, "builder") == ["regcred"]
    assert cluster.docker_config(namespace, "regcred")["auths"]["ghcr.io"]["password"] == stack.password
    assert stack.outputs()["secrets"] == [f"{namespace}/regcred"]
    assert stack.outputs()["attached"] == {f"{namespace}/default": ["regcred"], f"{namespace}/builder": ["regcred"]}
    assert stack.up().changed == {}
    assert stack.preview().changed == {}


def test_a_new_password_changes_the_secret_in_place(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    stack.up()
    before = cluster.secret(namespace, "regcred")

    stack.password += "-rotated"
    preview, up = stack.preview(), stack.up()

    after = cluster.secret(namespace, "regcred")
    assert preview.changed == up.changed == {"update": 1}
    assert before is not None
    assert after is not None
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert cluster.docker_config(namespace, "regcred")["auths"]["ghcr.io"]["password"] == stack.password


def test_a_rename_moves_every_account_to_the_new_name(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    stack.up()

    stack.config["secretName"] = "regcred-2"
    stack.up()

    assert cluster.pull_secrets(namespace) == ["regcred-2"]
    assert cluster.secret(namespace, "regcred") is None
    assert stack.preview().changed == {}


def test_destroy_leaves_an_account_exactly_as_it_was(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    before = cluster.account(namespace, "default")
    stack.config["namespaces"] = [{"name": namespace}]
    stack.up()

    stack.destroy()

    assert cluster.account(namespace, "default") == before
    assert cluster.secret(namespace, "regcred") is None
