"""P11: a Secret of that name that someone made with kubectl is named, and never overwritten silently."""

from tests.integration.importing import import_components
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack


def create_by_hand(cluster: LiveCluster, namespace: str) -> None:
    cluster.kubectl(
        "create", "secret", "docker-registry", "regcred", "-n", namespace,
        "--docker-server=quay.io", "--docker-username=them", "--docker-password=theirs",
    )  # fmt: skip


def test_it_is_named_with_the_two_ways_on_and_left_alone(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    create_by_hand(cluster, namespace)
    stack.config["namespaces"] = [{"name": namespace}]

    preview, up = stack.preview(), stack.up()

    for outcome in (preview, up):
        assert outcome.failed
        assert (
            f'Secret "{namespace}/regcred" exists and was made by somebody else; set adopt: true to take it over, '
            "or choose another secretName" in outcome.output
        )
    assert list(cluster.docker_config(namespace, "regcred")["auths"]) == ["quay.io"]
    assert cluster.pull_secrets(namespace) == []


def test_adopt_takes_it_over_in_place(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    create_by_hand(cluster, namespace)
    before = cluster.secret(namespace, "regcred")
    stack.config |= {"namespaces": [{"name": namespace}], "adopt": True}

    up = stack.up()

    after = cluster.secret(namespace, "regcred")
    assert not up.failed, up.output
    assert before is not None
    assert after is not None
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert list(cluster.docker_config(namespace, "regcred")["auths"]) == ["ghcr.io"]
    assert stack.preview().changed == {}
    stack.password += "-rotated"
    assert not stack.up().failed
    assert cluster.docker_config(namespace, "regcred")["auths"]["ghcr.io"]["password"] == stack.password
    stack.destroy()
    assert cluster.secret(namespace, "regcred") is None


def test_after_adopting_the_flag_can_go(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    create_by_hand(cluster, namespace)
    stack.config |= {"namespaces": [{"name": namespace}], "adopt": True}
    stack.up()

    stack.config["adopt"] = False
    up = stack.up()

    assert not up.failed, up.output
    assert stack.preview().changed == {}
    assert cluster.pull_secrets(namespace) == ["regcred"]


def test_imported_the_up_fails_and_a_provider_that_adopts_takes_it_over(
    cluster: LiveCluster, stack: ProgramStack
) -> None:
    namespace = cluster.new_namespace()
    create_by_hand(cluster, namespace)
    before = cluster.secret(namespace, "regcred")
    import_components(cluster, stack, "pulls")
    stack.config["namespaces"] = [{"name": namespace}]

    preview, up = stack.preview(), stack.up()
    assert not preview.failed
    assert up.failed
    assert 'secrets "regcred" already exists' in up.output
    assert cluster.secret(namespace, "regcred") == before
    assert cluster.pull_secrets(namespace) == []

    stack.config["adopt"] = True
    up = stack.up()
    after = cluster.secret(namespace, "regcred")
    assert not up.failed, up.output
    assert before is not None
    assert after is not None
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert list(cluster.docker_config(namespace, "regcred")["auths"]) == ["ghcr.io"]
    assert cluster.pull_secrets(namespace) == ["regcred"]
