"""``pull-secrets preview --pods``: which pods of the real cluster name a Secret that goes."""

import copy

from tests.integration.importing import import_components
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack
from tests.integration.reviewer import Reviewer


def create_pods(cluster: LiveCluster, namespace: str, *names: str) -> None:
    for name in names:
        spec = {"containers": [{"name": "main", "image": "registry.example/app"}]}
        # The account's list is copied in at admission.
        cluster.api.create_namespaced_pod(namespace, {"metadata": {"name": name}, "spec": spec})


def test_pods_that_name_a_secret_which_goes_are_counted(
    cluster: LiveCluster, stack: ProgramStack, reviewer: Reviewer
) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    assert not stack.up().failed
    create_pods(cluster, namespace, "one", "two")
    stack.config["secretName"] = "renamed"

    # Its user may not list pods.
    denied = reviewer.run(stack, "--pods").output
    assert "warning: no pods were looked at: " in denied
    assert 'cannot list resource "pods"' in denied
    assert f"risk: a Secret is deleted: {namespace}/regcred; " in denied

    # Another kubeconfig may be another cluster's, so that it counts only once the stack has it.
    stack.config["kubeconfig"] = str(cluster.admin_kubeconfig)
    moved = reviewer.run(stack, "--pods").output
    assert "warning: no pods were looked at: the stack may move to another cluster, " in moved
    assert f"risk: a Secret is deleted: {namespace}/regcred; " in moved
    stack.config["secretName"] = "regcred"
    assert not stack.up().failed
    stack.config["secretName"] = "renamed"
    assert f"risk: 2 pods name a Secret that is deleted, and the next pull of each fails: {namespace}/regcred; " in (
        reviewer.run(stack, "--pods").output
    )
    for name in ("one", "two"):
        cluster.api.delete_namespaced_pod(name, namespace, grace_period_seconds=0)
    assert "risk: a Secret is deleted" not in reviewer.run(stack, "--pods").output


def test_pods_are_counted_in_the_cluster_of_a_provider_where_the_settings_are_anothers(
    cluster: LiveCluster, stack: ProgramStack, reviewer: Reviewer
) -> None:
    namespace = cluster.new_namespace()
    stack.config = {"secretName": "regcred", "namespaces": [{"name": namespace}]}
    as_admin = copy.copy(cluster)
    as_admin.kubeconfig = cluster.admin_kubeconfig
    import_components(as_admin, stack, "pulls")
    assert not stack.up().failed
    create_pods(cluster, namespace, "one")
    stack.config["secretName"] = "renamed"
    assert "risk: 1 pod names a Secret that is deleted" in reviewer.run(stack, "--pods").output
