"""The stand-in plugin's contract: an unreachable cluster lets previews pass, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import yaml

from sandbox.processes import free_ports
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.test_standin_process import Resource, Standin, config_map, running

TYPE = "core/v1:ConfigMap"


@pytest.fixture(scope="module")
def nowhere(cluster: LiveCluster) -> str:
    """A kubeconfig, as text, whose server nobody listens at."""
    content = yaml.safe_load(cluster.admin_kubeconfig.read_text())
    content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{free_ports(1)[0]}"
    return yaml.safe_dump(content)


@pytest.fixture(scope="module")
def standin(nowhere: str) -> Iterator[Standin]:
    with running(nowhere) as standin:
        yield standin


def existing(standin: Standin) -> Resource:
    """A resource that an earlier up made."""
    resource = standin.resource(TYPE, config_map("team-a", "config"))
    resource.id, resource.state = "team-a/config", {**resource.inputs, "__inputs": resource.inputs}
    return resource


def test_the_user_is_warned(standin: Standin) -> None:
    assert any("cluster is unreachable" in warning for warning in standin.warnings)


def test_previews_of_creates_and_updates_pass(standin: Standin) -> None:
    created = standin.resource(TYPE, config_map("team-a", "config")).create(preview=True)
    changed = config_map("team-a", "config", labels={"new": "yes"})
    updated = existing(standin).update(changed, preview=True)

    assert created.state == created.inputs
    assert updated["metadata"]["labels"] == {"new": "yes"}
    assert existing(standin).diff(changed).changes == existing(standin).diff(changed).DIFF_SOME


def test_creates_and_updates_fail(standin: Standin) -> None:
    with pytest.raises(grpc.RpcError, match="configured Kubernetes cluster is unreachable"):
        standin.resource(TYPE, config_map("team-a", "config")).create()
    with pytest.raises(grpc.RpcError, match="configured Kubernetes cluster is unreachable"):
        existing(standin).update(config_map("team-a", "config"))


def test_reads_and_deletes_fail(standin: Standin) -> None:
    with pytest.raises(grpc.RpcError, match="failed to read resource state due to unreachable cluster"):
        existing(standin).read()
    with pytest.raises(grpc.RpcError, match="failed to read resource state due to unreachable cluster"):
        standin.resource(TYPE, config_map("team-a", "config")).read("team-a/config")
    with pytest.raises(grpc.RpcError, match="configured Kubernetes cluster is unreachable") as failure:
        existing(standin).delete()
    assert "PULUMI_K8S_DELETE_UNREACHABLE" in failure.value.details()


def test_delete_unreachable_forgets_what_can_not_be_reached(nowhere: str) -> None:
    with running(nowhere, deleteUnreachable="true") as standin:
        existing(standin).delete()

        assert existing(standin).read().id == ""


@pytest.mark.parametrize("broken", ["context", "file", "text", "authority"])
def test_a_kubeconfig_that_can_not_be_used_is_an_unreachable_cluster(
    cluster: LiveCluster, tmp_path: Path, broken: str
) -> None:
    content = yaml.safe_load(cluster.admin_kubeconfig.read_text())
    content["clusters"][0]["cluster"]["certificate-authority"] = "/no/such/file"
    kubeconfig = {
        "context": str(cluster.admin_kubeconfig),
        "file": str(tmp_path / "missing"),
        "text": "[never: closed",
        "authority": yaml.safe_dump(content),
    }[broken]

    with running(kubeconfig, "no-such-context" if broken == "context" else CONTEXT) as standin:
        assert standin.resource(TYPE, config_map("team-a", "config")).create(preview=True).state
        with pytest.raises(grpc.RpcError, match="configured Kubernetes cluster is unreachable"):
            standin.resource(TYPE, config_map("team-a", "config")).create()
