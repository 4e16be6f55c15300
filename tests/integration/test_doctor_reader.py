"""What a diagnosis reads of a real API server, and what it does where it may not read."""

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi_image_pull_secrets.api import Api, ForbiddenError
from pulumi_image_pull_secrets.doctor.observation import Observation
from pulumi_image_pull_secrets.doctor.reader import observe

from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.test_cluster_rights import user

__all__ = ["user"]

READ = [("list", resource) for resource in ("pods", "serviceaccounts", "secrets", "events")]


def read(kubeconfig: Path, *namespaces: str) -> Observation:
    with Api(context=CONTEXT, kubeconfig=str(kubeconfig)) as api:
        return observe(api, namespaces)


def stuck_pod(cluster: LiveCluster, namespace: str, name: str, message: str) -> None:
    """A pod as a kubelet leaves one whose image it can't pull."""
    container = {"name": "main", "image": "ghcr.io/acme/web:1"}
    init = {"name": "setup", "image": "busybox", "imagePullPolicy": "Never"}
    cluster.api.create_namespaced_pod(
        namespace, {"metadata": {"name": name}, "spec": {"containers": [container], "initContainers": [init]}}
    )
    waiting = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": message}}}
    status = {"name": "main", "image": "ghcr.io/acme/web:1", "imageID": "", "ready": False, "restartCount": 0}
    cluster.api.patch_namespaced_pod_status(name, namespace, {"status": {"containerStatuses": [{**status, **waiting}]}})
    for number in range(7):
        event = {
            "metadata": {"name": f"{name}.{number}"},
            "involvedObject": {"kind": "Pod", "name": name, "namespace": namespace},
            "reason": "Failed",
            "message": f"{message} {number}",
            "lastTimestamp": f"2026-01-01T00:00:0{number}Z",
        }
        cluster.api.create_namespaced_event(namespace, event)


def secret(cluster: LiveCluster, namespace: str, name: str, type_: str, data: dict[str, bytes]) -> None:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    cluster.api.create_namespaced_secret(namespace, {"metadata": {"name": name}, "type": type_, "data": encoded})


@pytest.fixture
def namespace(cluster: LiveCluster) -> str:
    name = cluster.new_namespace("builder")
    cluster.set_pull_secrets(name, "default", "regcred", "gone")
    cluster.apply({"name": "builder", "namespace": name}, ["regcred"], "somebody")
    content = json.dumps({"auths": {"ghcr.io": {"auth": base64.b64encode(b"bot:" + secrets.token_bytes(6)).decode()}}})
    secret(cluster, name, "regcred", "kubernetes.io/dockerconfigjson", {".dockerconfigjson": content.encode()})
    secret(cluster, name, "old", "kubernetes.io/dockercfg", {".dockercfg": b"{}"})
    secret(cluster, name, "database", "Opaque", {"password": secrets.token_bytes(6)})
    stuck_pod(cluster, name, "web", "unauthorized")
    return name


def test_what_is_there_is_seen(cluster: LiveCluster, namespace: str) -> None:
    deployment: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": "api"}},
            "template": {
                "metadata": {"labels": {"app": "api"}},
                "spec": {
                    "serviceAccountName": "builder",
                    "imagePullSecrets": [{"name": "own"}],
                    "containers": [{"name": "main", "image": "quay.io/acme/api"}],
                },
            },
        },
    }
    cron = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly", "namespace": namespace},
        "spec": {
            "schedule": "0 0 * * *",
            "jobTemplate": {
                "spec": {
                    "template": {
                        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}
                    }
                }
            },
        },
    }
    cluster.kubectl("create", "-f", "-", text=f"{json.dumps(deployment)}\n---\n{json.dumps(cron)}")

    whole, part = read(cluster.admin_kubeconfig), read(cluster.admin_kubeconfig, namespace)

    assert {entry.namespace for entry in part.pods} == {namespace}
    for seen in (whole, part):
        (pod,) = [entry for entry in seen.pods if entry.namespace == namespace]
        assert (pod.name, pod.account, pod.pull_secrets) == ("web", "default", ("regcred", "gone"))
        assert [(c.name, c.pull_policy, c.waiting_reason) for c in pod.containers] == [
            ("setup", "Never", ""),
            ("main", "IfNotPresent", "ImagePullBackOff"),
        ]
        assert pod.events == tuple(f"unauthorized {number}" for number in (6, 5, 4, 3, 2))
        assert seen.accounts[namespace, "default"].pull_secrets == ("regcred", "gone")
        # Nobody's fields are managed on an account that a controller made and nobody has applied.
        assert seen.accounts[namespace, "default"].changed is None
        assert seen.accounts[namespace, "builder"].changed is not None
        types = {name: found.type for (where, name), found in seen.secrets.items() if where == namespace}
        assert types == {"regcred": "kubernetes.io/dockerconfigjson", "old": "kubernetes.io/dockercfg", "database": ""}
        assert seen.secrets[namespace, "old"].content == b"{}"
        assert seen.secrets[namespace, "database"].content is None
        workloads = {
            (w.kind, w.name): (w.account, w.pull_secrets, w.images) for w in seen.workloads if w.namespace == namespace
        }
        assert workloads == {
            ("Deployment", "api"): ("builder", ("own",), ("quay.io/acme/api",)),
            ("CronJob", "nightly"): ("default", (), ("busybox",)),
        }
        assert not seen.unreadable
        assert namespace in seen.secrets_known_in & seen.accounts_known_in


def test_who_may_read_some_namespaces_is_told_which_not(
    cluster: LiveCluster, namespace: str, user: Callable[..., Path]
) -> None:
    other = cluster.new_namespace()
    kubeconfig = user([namespace], READ, [("list", "namespaces")])

    seen = read(kubeconfig, namespace, other)

    assert {entry.namespace for entry in seen.pods} == {namespace}
    assert f"pods in {other}" in seen.unreadable
    assert any(line.startswith("deployments in ") for line in seen.unreadable)
    assert namespace in seen.secrets_known_in
    assert other not in seen.secrets_known_in
    everywhere = read(kubeconfig)
    assert {entry.namespace for entry in everywhere.pods} == {namespace}
    assert any(line.startswith("pods in ") and " more" in line for line in everywhere.unreadable)


def test_who_may_not_even_list_namespaces_must_name_them(
    cluster: LiveCluster, namespace: str, user: Callable[..., Path]
) -> None:
    kubeconfig = user([namespace], READ)
    assert read(kubeconfig, namespace).pods
    with pytest.raises(ForbiddenError, match="namespaces"):
        read(kubeconfig)
