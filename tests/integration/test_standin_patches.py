"""The stand-in plugin's contract: a …Patch is a server-side apply by a manager of its own."""

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.integration.live import LiveCluster
from tests.integration.test_standin_process import Standin, Values, running

TYPE = "core/v1:ServiceAccountPatch"


@pytest.fixture(scope="module")
def standin(cluster: LiveCluster) -> Iterator[Standin]:
    with running(cluster.admin_kubeconfig) as standin:
        yield standin


@pytest.fixture(scope="module")
def forcing(cluster: LiveCluster) -> Iterator[Standin]:
    with running(cluster.admin_kubeconfig, enablePatchForce="true") as standin:
        yield standin


@pytest.fixture
def namespace(cluster: LiveCluster) -> str:
    return cluster.new_namespace()


def patch(namespace: str, *names: str, account: str = "default", **annotations: str) -> Values:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": account, "namespace": namespace, **({"annotations": annotations} if annotations else {})},
        "imagePullSecrets": [{"name": name} for name in names],
    }


def managers(cluster: LiveCluster, namespace: str) -> list[tuple[str, str]]:
    found: Any = cluster.api.read_namespaced_service_account("default", namespace)
    return [(entry.manager, entry.operation) for entry in found.metadata.managed_fields or []]


def test_a_patch_of_an_object_that_exists_changes_only_what_it_speaks_of(
    cluster: LiveCluster, standin: Standin, namespace: str
) -> None:
    cluster.kubectl("label", "serviceaccount", "default", "-n", namespace, "team=a")

    resource = standin.resource(TYPE, patch(namespace, "regcred")).create()

    account = cluster.account(namespace, "default")
    assert resource.id == f"{namespace}/default"
    assert account["imagePullSecrets"] == [{"name": "regcred"}]
    assert account["metadata"]["labels"] == {"team": "a"}


def test_a_patch_of_a_missing_object_creates_it(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    standin.resource(TYPE, patch(namespace, "regcred", account="missing")).create()

    assert cluster.pull_secrets(namespace, "missing") == ["regcred"]


def test_a_patch_keeps_one_manager_for_life(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, patch(namespace, "one", note="x")).create()
    manager = resource.state["__fieldManager"]
    resource.update(patch(namespace, "two"))

    assert manager.startswith("pulumi-kubernetes-")
    assert resource.state["__fieldManager"] == manager
    assert managers(cluster, namespace) == [(manager, "Apply")]
    account = cluster.account(namespace, "default")
    # One manager throughout: what it no longer speaks of goes.
    assert account["imagePullSecrets"] == [{"name": "two"}]
    assert "annotations" not in account["metadata"]


def test_two_patches_of_one_object_have_two_managers(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    first = standin.resource(TYPE, patch(namespace, one="x")).create()
    second = standin.resource(TYPE, patch(namespace, two="x")).create()

    assert first.state["__fieldManager"] != second.state["__fieldManager"]
    assert cluster.account(namespace, "default")["metadata"]["annotations"] == {"one": "x", "two": "x"}


def test_a_conflict_names_the_other_manager(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    theirs = json.dumps(patch(namespace, "theirs"))
    cluster.kubectl("apply", "--server-side", "--field-manager=somebody", "-f", "-", text=theirs)

    with pytest.raises(grpc.RpcError, match=r"conflict with .*somebody") as failure:
        standin.resource(TYPE, patch(namespace, "ours")).create()

    assert "server-side apply field conflict detected" in failure.value.details()
    assert cluster.pull_secrets(namespace) == ["theirs"]


def test_a_conflict_of_an_update_fails_in_its_preview_too(
    cluster: LiveCluster, standin: Standin, namespace: str
) -> None:
    resource = standin.resource(TYPE, patch(namespace, "ours")).create()
    cluster.set_pull_secrets(namespace, "default", "theirs")

    for preview in (True, False):
        with pytest.raises(grpc.RpcError, match=r"conflict with .*kubectl-patch"):
            resource.update(patch(namespace, "new"), preview=preview)
    assert cluster.pull_secrets(namespace) == ["theirs"]


def test_an_update_that_failed_is_told_with_the_object_as_it_is(
    cluster: LiveCluster, standin: Standin, namespace: str
) -> None:
    resource = standin.resource(TYPE, patch(namespace, "ours")).create()
    cluster.set_pull_secrets(namespace, "default", "theirs")

    with pytest.raises(grpc.RpcError) as failure:
        resource.update(patch(namespace, "new"))

    # The engine keeps this state, and tries again at the next up, whether the inputs change or not.
    details: Any = dict(failure.value.trailing_metadata())["grpc-status-details-bin"]
    assert b"pulumirpc.ErrorResourceInitFailed" in details
    assert b"theirs" in details


def test_a_conflict_is_overcome_with_enable_patch_force(cluster: LiveCluster, forcing: Standin, namespace: str) -> None:
    cluster.set_pull_secrets(namespace, "default", "theirs")

    resource = forcing.resource(TYPE, patch(namespace, "ours")).create()

    assert cluster.pull_secrets(namespace) == ["ours"]
    cluster.set_pull_secrets(namespace, "default", "theirs")
    resource.update(patch(namespace, "new"), preview=True)
    resource.update(patch(namespace, "new"))
    assert cluster.pull_secrets(namespace) == ["new"]


def test_updating_a_patch_takes_over_nothing_of_others(cluster: LiveCluster, forcing: Standin, namespace: str) -> None:
    resource = forcing.resource(TYPE, patch(namespace, "one")).create()
    cluster.kubectl("label", "serviceaccount", "default", "-n", namespace, "team=a")

    resource.update(patch(namespace, "two"))
    resource.delete()

    assert cluster.account(namespace, "default")["metadata"]["labels"] == {"team": "a"}


def test_the_create_of_a_patch_is_not_previewed_on_the_server(standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, patch(namespace, "regcred")).create(preview=True)

    assert resource.state == resource.inputs


def test_deleting_a_patch_takes_every_field_that_its_manager_owns(
    cluster: LiveCluster, forcing: Standin, namespace: str
) -> None:
    before = cluster.account(namespace, "default")
    resource = forcing.resource(TYPE, patch(namespace, "foreign", "ours", note="x")).create()

    resource.delete()

    assert cluster.account(namespace, "default") == before
    assert managers(cluster, namespace) == []


def test_deleting_a_patch_leaves_what_others_took_over(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, patch(namespace, "ours")).create()
    cluster.set_pull_secrets(namespace, "default", "ours", "theirs")

    resource.delete()

    assert cluster.pull_secrets(namespace) == ["ours", "theirs"]


def test_deleting_a_patch_recreates_a_missing_object(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, patch(namespace, "ours", account="gone")).create()
    cluster.kubectl("delete", "serviceaccount", "gone", "-n", namespace)

    resource.delete()

    assert cluster.account(namespace, "gone")["metadata"]["name"] == "gone"
    assert cluster.pull_secrets(namespace, "gone") == []


def test_deleting_a_patch_fails_where_its_namespace_is_missing(standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, patch(namespace, "ours")).create()
    resource.state["metadata"]["namespace"] = "no-such-namespace"

    with pytest.raises(grpc.RpcError, match='namespaces "no-such-namespace" not found'):
        resource.delete()


def test_a_patch_without_a_name_is_refused(standin: Standin) -> None:
    nameless = patch("default", "regcred")
    del nameless["metadata"]["name"]

    with pytest.raises(grpc.RpcError, match=r"patch resources require the `.metadata.name` field"):
        standin.resource(TYPE, nameless)
