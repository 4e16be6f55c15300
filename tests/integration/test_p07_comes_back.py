"""P7: what was undone by hand comes back at the next up, without a flag; the preview says so."""

from collections.abc import Callable

import pytest

from tests.integration.importing import import_components
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack


def _entry(cluster: LiveCluster, namespace: str) -> None:
    cluster.set_pull_secrets(namespace, "default", "theirs")


def _whole_list(cluster: LiveCluster, namespace: str) -> None:
    patch = '{"imagePullSecrets":null}'
    cluster.kubectl("patch", "serviceaccount", "default", "-n", namespace, "--type=merge", "-p", patch)


def _annotation(cluster: LiveCluster, namespace: str) -> None:
    found = cluster.account(namespace, "default")["metadata"]["annotations"]
    (key,) = [key for key in found if key.startswith("image-pull-secrets/")]
    cluster.kubectl("annotate", "serviceaccount", "default", "-n", namespace, f"{key}-")


def _annotation_value(cluster: LiveCluster, namespace: str) -> None:
    found = cluster.account(namespace, "default")["metadata"]["annotations"]
    (key,) = [key for key in found if key.startswith("image-pull-secrets/")]
    cluster.kubectl("annotate", "--overwrite", "serviceaccount", "default", "-n", namespace, f"{key}=nonsense, ,x")


def _secret(cluster: LiveCluster, namespace: str) -> None:
    cluster.kubectl("delete", "secret", "regcred", "-n", namespace)


def _content(cluster: LiveCluster, namespace: str) -> None:
    patch = '{"stringData":{".dockerconfigjson":"{\\"auths\\":{}}"}}'
    cluster.kubectl("patch", "secret", "regcred", "-n", namespace, "-p", patch)


@pytest.mark.parametrize("undo", [_entry, _whole_list, _annotation, _annotation_value, _secret, _content])
def test_what_somebody_undid(
    cluster: LiveCluster, stack: ProgramStack, undo: Callable[[LiveCluster, str], None]
) -> None:
    namespace = cluster.new_namespace()
    cluster.set_pull_secrets(namespace, "default", "theirs")
    stack.config["namespaces"] = [{"name": namespace}]
    stack.up()
    annotations = cluster.account(namespace, "default")["metadata"]["annotations"]

    undo(cluster, namespace)
    preview, up = stack.preview(), stack.up()

    assert not up.failed, up.output
    assert preview.changed == up.changed
    assert cluster.pull_secrets(namespace)[-1] == "regcred"
    assert cluster.account(namespace, "default")["metadata"]["annotations"] == annotations
    assert cluster.docker_config(namespace, "regcred")["auths"]["ghcr.io"]["password"] == stack.password
    assert stack.preview().changed == {}


def test_a_retired_name_that_somebody_put_back_behind_ours_goes_again(
    cluster: LiveCluster, stack: ProgramStack
) -> None:
    # The provider doesn't see an entry go from the end of a list alone.
    namespace = cluster.new_namespace()
    cluster.set_pull_secrets(namespace, "default", "theirs")
    stack.config |= {"namespaces": [{"name": namespace}], "retiredSecretNames": ["old"]}
    stack.up()
    cluster.set_pull_secrets(namespace, "default", "theirs", "regcred", "old")

    preview, up = stack.preview(), stack.up()

    assert preview.changed == up.changed == {"update": 1}
    assert cluster.pull_secrets(namespace) == ["theirs", "regcred"]
    assert stack.preview().changed == {}


@pytest.mark.parametrize("imported", [False, True], ids=["the program", "imported"])
def test_a_default_account_that_kubernetes_made_again(
    cluster: LiveCluster, stack: ProgramStack, imported: bool
) -> None:
    namespace = cluster.new_namespace()
    if imported:
        import_components(cluster, stack, "pulls")
    stack.config["namespaces"] = [{"name": namespace}]
    stack.up()
    attached = cluster.account(namespace, "default")

    cluster.kubectl("delete", "serviceaccount", "default", "-n", namespace)
    cluster.wait_for(lambda: cluster.account(namespace, "default"))
    preview, up = stack.preview(), stack.up()

    assert not up.failed, up.output
    assert preview.changed == up.changed
    after = cluster.account(namespace, "default")
    assert after["metadata"]["uid"] != attached["metadata"]["uid"]
    assert after["metadata"]["annotations"] == attached["metadata"]["annotations"]
    assert after["imagePullSecrets"] == attached["imagePullSecrets"]
    assert stack.preview().changed == {}


def test_imported_what_somebody_undid(cluster: LiveCluster, stack: ProgramStack) -> None:
    namespaces = [cluster.new_namespace() for _ in range(3)]
    import_components(cluster, stack, "pulls")
    stack.config["namespaces"] = [{"name": name} for name in namespaces]
    stack.up()
    attached = [cluster.account(name, "default") for name in namespaces]

    for namespace, undo in zip(namespaces, (_whole_list, _annotation, _secret), strict=True):
        undo(cluster, namespace)
    preview, up = stack.preview(), stack.up()

    assert not up.failed, up.output
    assert preview.changed == up.changed == {"create": 1, "update": 2}
    assert [cluster.account(name, "default") for name in namespaces] == attached
    assert all(cluster.secret(name, "regcred") for name in namespaces)
    assert stack.preview().changed == {}
