"""The stand-in plugin's contract: objects are created, read, updated and deleted as the official provider does it."""

import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from kubernetes.client.exceptions import ApiException

from tests.integration.live import LiveCluster
from tests.integration.test_standin_process import Standin, config_map, running

TYPE = "core/v1:ConfigMap"


@pytest.fixture(scope="module")
def standin(cluster: LiveCluster) -> Iterator[Standin]:
    with running(cluster.admin_kubeconfig) as standin:
        yield standin


@pytest.fixture(scope="module")
def upserting(cluster: LiveCluster) -> Iterator[Standin]:
    with running(cluster.admin_kubeconfig, upsertExistingObjects="true") as standin:
        yield standin


@pytest.fixture
def namespace(cluster: LiveCluster) -> str:
    return cluster.new_namespace()


def live(cluster: LiveCluster, namespace: str, name: str = "config") -> Any:
    """The object, or None where there is none."""
    try:
        return cluster.api.read_namespaced_config_map(name, namespace)
    except ApiException as error:
        if error.status == 404:
            return None
        raise


def test_creating_an_object_that_exists_fails(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    cluster.kubectl("create", "configmap", "config", "-n", namespace, "--from-literal=key=theirs")

    with pytest.raises(grpc.RpcError, match='configmaps "config" already exists') as failure:
        standin.resource(TYPE, config_map(namespace, "config")).create()

    assert "upsertExistingObjects" in failure.value.details()
    assert live(cluster, namespace).data == {"key": "theirs"}


def test_creating_an_object_that_exists_takes_it_over_with_upsert_existing_objects(
    cluster: LiveCluster, upserting: Standin, namespace: str
) -> None:
    cluster.kubectl("create", "configmap", "config", "-n", namespace, "--from-literal=other=theirs")

    resource = upserting.resource(TYPE, config_map(namespace, "config")).create()

    assert resource.id == f"{namespace}/config"
    assert live(cluster, namespace).data == {"key": "value", "other": "theirs"}


def test_taking_an_object_over_is_not_forced(cluster: LiveCluster, upserting: Standin, namespace: str) -> None:
    cluster.kubectl("create", "configmap", "config", "-n", namespace, "--from-literal=key=theirs")

    with pytest.raises(grpc.RpcError, match=r"conflict with .*kubectl-create"):
        upserting.resource(TYPE, config_map(namespace, "config")).create()

    assert live(cluster, namespace).data == {"key": "theirs"}


def test_a_previewed_create_is_a_dry_run_on_the_server(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, config_map(namespace, "config")).create(preview=True)

    assert resource.id == ""
    assert resource.state["metadata"]["uid"]
    assert live(cluster, namespace) is None


def test_a_previewed_create_shows_no_status(standin: Standin) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "never-created"}}

    assert "status" not in standin.resource("core/v1:Namespace", namespace).create(preview=True).state


def test_a_previewed_create_that_the_server_would_refuse_fails(standin: Standin, namespace: str) -> None:
    with pytest.raises(grpc.RpcError, match="Invalid value"):
        standin.resource(TYPE, config_map(namespace, "No_Such_Name")).create(preview=True)


def test_a_previewed_create_passes_where_the_namespace_is_not_there_yet(standin: Standin) -> None:
    resource = standin.resource(TYPE, config_map("not-there-yet", "config")).create(preview=True)

    assert resource.state == resource.inputs


def test_a_previewed_create_passes_where_the_object_exists(standin: Standin, namespace: str) -> None:
    standin.resource(TYPE, config_map(namespace, "config")).create()

    assert standin.resource(TYPE, config_map(namespace, "config")).create(preview=True).id == ""


def test_a_create_waits_for_its_namespace(cluster: LiveCluster, standin: Standin) -> None:
    name = f"{cluster.new_namespace()}-later"
    timer = threading.Timer(0.3, lambda: cluster.kubectl("create", "namespace", name))
    timer.start()

    standin.resource(TYPE, config_map(name, "config")).create()

    timer.join()
    assert live(cluster, name) is not None


def test_an_object_without_a_namespace_goes_where_the_provider_says(cluster: LiveCluster, namespace: str) -> None:
    inputs = config_map("", "config")

    with running(cluster.admin_kubeconfig, namespace=namespace) as standin:
        assert standin.resource(TYPE, inputs).inputs["metadata"]["namespace"] == namespace
    with running(cluster.admin_kubeconfig) as standin:
        assert standin.resource(TYPE, inputs).inputs["metadata"]["namespace"] == "default"


def test_an_object_of_the_cluster_gets_no_namespace(standin: Standin) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "role"}}

    resource = standin.resource("rbac.authorization.k8s.io/v1:ClusterRole", role).create()
    resource.delete()

    assert resource.id == "role"


def test_the_first_update_owns_what_the_create_wrote(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    labels = {"kept": "yes", "removed": "yes"}
    resource = standin.resource(TYPE, config_map(namespace, "config", labels=labels)).create()

    resource.update(config_map(namespace, "config", labels={"kept": "yes"}))

    found = live(cluster, namespace)
    assert found.metadata.labels == {"kept": "yes"}
    assert [(entry.manager, entry.operation) for entry in found.metadata.managed_fields] == [
        (resource.state["__fieldManager"], "Apply")
    ]


def test_an_update_takes_over_what_kubectl_changed(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, config_map(namespace, "config")).create()
    resource.update(config_map(namespace, "config", labels={"round": "1"}))
    cluster.kubectl("patch", "configmap", "config", "-n", namespace, "-p", '{"data":{"key":"theirs"}}')

    resource.update(config_map(namespace, "config", labels={"round": "2"}))

    assert live(cluster, namespace).data == {"key": "value"}


def test_a_previewed_update_is_a_dry_run_on_the_server(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, config_map(namespace, "config")).create()
    version = live(cluster, namespace).metadata.resource_version

    previewed = resource.update(config_map(namespace, "config", labels={"new": "yes"}), preview=True)

    assert previewed["metadata"]["labels"] == {"new": "yes"}
    assert live(cluster, namespace).metadata.resource_version == version
    with pytest.raises(grpc.RpcError, match=r"metadata\.labels: Invalid value"):
        resource.update(config_map(namespace, "config", labels={"new": "not a label"}), preview=True)


def test_an_update_of_a_missing_object_fails(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, config_map(namespace, "config")).create()
    cluster.kubectl("delete", "configmap", "config", "-n", namespace)

    for preview in (True, False):
        with pytest.raises(grpc.RpcError, match='configmaps "config" not found'):
            resource.update(config_map(namespace, "config", labels={"new": "yes"}), preview=preview)
    assert live(cluster, namespace) is None


def test_a_delete_waits_until_the_object_is_gone(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    held = standin.resource(TYPE, config_map(namespace, "config", finalizers=["test/held"])).create()

    with pytest.raises(grpc.RpcError, match="timed out waiting"):
        held.delete(seconds=0.5)
    release = '{"metadata":{"finalizers":null}}'
    timer = threading.Timer(
        0.3, lambda: cluster.kubectl("patch", "configmap", "config", "-n", namespace, "-p", release)
    )
    timer.start()
    held.delete()

    assert live(cluster, namespace) is None
    timer.join()


def test_deleting_a_missing_object_is_success(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, config_map(namespace, "config")).create()
    cluster.kubectl("delete", "configmap", "config", "-n", namespace)

    resource.delete()
    resource.state["metadata"]["namespace"] = "no-such-namespace"
    resource.delete()


def test_a_refresh_finds_what_was_changed(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, config_map(namespace, "config")).create()
    cluster.kubectl("patch", "configmap", "config", "-n", namespace, "-p", '{"data":{"key":"theirs","more":"x"}}')

    found = resource.read()

    # What the inputs don't speak of is no change of theirs.
    assert dict(found.inputs["data"]) == {"key": "theirs"}
    assert dict(found.properties["data"]) == {"key": "theirs", "more": "x"}
    assert found.properties["__fieldManager"] == resource.state["__fieldManager"]


def test_a_missing_object_is_gone_for_a_refresh(cluster: LiveCluster, standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, config_map(namespace, "config")).create()
    cluster.kubectl("delete", "configmap", "config", "-n", namespace)

    assert resource.read().id == ""
