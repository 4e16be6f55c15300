"""What a diagnosis reads of a real API server, and what it does where it may not read."""

import base64
import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pulumi_image_pull_secrets.api import Api, ForbiddenError
from pulumi_image_pull_secrets.doctor.diagnosis import diagnose
from pulumi_image_pull_secrets.doctor.observation import Observation
from pulumi_image_pull_secrets.doctor.reader import observe
from pulumi_image_pull_secrets.doctor.view import View

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
    # The kubelet tells of each try twice more, without a reason.
    for number in range(7):
        event(cluster, namespace, name, f"{message} {number}", number)
        event(cluster, namespace, name, "Error: ErrImagePull", number)
        event(cluster, namespace, name, "Error: ImagePullBackOff", number)
    for number, missing in enumerate(("old, gone", "gone")):
        said = f"Unable to retrieve some image pull secrets ({missing}); attempting to pull the image may not succeed."
        event(cluster, namespace, name, said, number, "FailedToRetrieveImagePullSecret")


def event(cluster: LiveCluster, namespace: str, pod: str, message: str, second: int, reason: str = "Failed") -> None:
    body = {
        "metadata": {"generateName": pod},
        "involvedObject": {"kind": "Pod", "name": pod, "namespace": namespace},
        "reason": reason,
        "message": message,
        "lastTimestamp": f"2026-01-01T00:00:0{second}Z",
    }
    cluster.api.create_namespaced_event(namespace, body)


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
        changed = seen.secrets[namespace, "old"].changed
        assert changed is not None
        assert changed >= seen.secrets[namespace, "old"].created
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


def test_where_secrets_are_forbidden_the_kubelets_say_which_are_missing(
    cluster: LiveCluster, namespace: str, user: Callable[..., Path]
) -> None:
    other = cluster.new_namespace()
    stuck_pod(cluster, other, "web", "unauthorized")
    kubeconfig = user([namespace, other], [right for right in READ if right[1] != "secrets"])

    told = [f"unauthorized {number}" for number in (6, 5, 4, 3, 2)]
    missing = "Unable to retrieve some image pull secrets (gone); attempting to pull the image may not succeed."
    seen = read(kubeconfig, namespace, other)
    assert [list(pod.events) for pod in seen.pods] == [[*told, missing]] * 2
    assert View(seen).missing == {(namespace, "gone")}
    # Where Secrets are read, they say what is missing.
    assert [list(pod.events) for pod in read(cluster.admin_kubeconfig, namespace).pods] == [told]


def test_a_secrets_content_counts_from_its_last_write(cluster: LiveCluster, namespace: str) -> None:
    before = read(cluster.admin_kubeconfig, namespace).secrets[namespace, "old"]
    # Times are whole seconds; the annotation is written later than the data, and says nothing of them.
    cluster.wait_for(lambda: datetime.now(timezone.utc) > before.created + timedelta(seconds=2))
    cluster.kubectl("-n", namespace, "annotate", "secret", "old", "a=b")
    assert read(cluster.admin_kubeconfig, namespace).secrets[namespace, "old"].changed == before.changed
    data = base64.b64encode(b'{"a": {}}').decode()
    cluster.kubectl("-n", namespace, "patch", "secret", "old", "-p", json.dumps({"data": {".dockercfg": data}}))
    after = read(cluster.admin_kubeconfig, namespace).secrets[namespace, "old"]
    assert (after.content, after.created) == (b'{"a": {}}', before.created)
    assert before.changed is not None
    assert after.changed is not None
    assert after.changed > before.changed


def test_a_static_pods_mirror_has_no_account(cluster: LiveCluster) -> None:
    namespace = cluster.new_namespace()
    cluster.set_pull_secrets(namespace, "default", "regcred")
    mirror = {
        "metadata": {"name": "etcd-node-1", "annotations": {"kubernetes.io/config.mirror": "x"}},
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "registry.k8s.io/etcd:3.6"}]},
    }
    cluster.api.create_namespaced_pod(namespace, mirror)
    seen = read(cluster.admin_kubeconfig, namespace)
    assert [(pod.account, pod.pull_secrets) for pod in seen.pods] == [("", ())]
    # It isn't taken for a pod of the account default that was created too early.
    assert [finding.check.code for finding in diagnose(seen)] == ["account-dangling-entry"]


def test_who_may_not_even_list_namespaces_must_name_them(
    cluster: LiveCluster, namespace: str, user: Callable[..., Path]
) -> None:
    kubeconfig = user([namespace], READ)
    assert read(kubeconfig, namespace).pods
    with pytest.raises(ForbiddenError, match="namespaces"):
        read(kubeconfig)


def test_who_may_read_nothing_there_is_told_so(cluster: LiveCluster, namespace: str, user: Callable[..., Path]) -> None:
    may_list_namespaces = user([], [], [("list", "namespaces")])
    for names in ([namespace], []):
        with pytest.raises(
            ForbiddenError, match="may not list pods, serviceaccounts, secrets in any of the namespaces"
        ):
            read(may_list_namespaces, *names)
    # One of the kinds is enough to say something.
    assert read(user([namespace], [("list", "serviceaccounts")]), namespace).accounts


def test_progress_is_told_kind_by_kind(cluster: LiveCluster, namespace: str) -> None:
    told: list[str] = []
    with Api(context=CONTEXT, kubeconfig=str(cluster.admin_kubeconfig)) as api:
        observe(api, [namespace], told.append)
    assert told[:3] == ["pods", "serviceaccounts", "secrets"]
    assert told[-1] == "events"
