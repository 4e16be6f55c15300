"""``pull-secrets restart`` on a real API server with the real controllers of workloads and disruption budgets."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pulumi_image_pull_secrets.api import Api
from pulumi_image_pull_secrets.doctor import parsing
from pulumi_image_pull_secrets.restart.eviction import Verdict, evict
from typer.testing import Result

from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.node import Node
from tests.integration.workloads import (
    IMAGE,
    budget,
    cluster,
    kubeconfig,
    leaving,
    mend,
    node,
    pods,
    run,
    settled,
    states,
    uids,
    workload,
)

__all__ = ["cluster", "kubeconfig", "node", "run"]


def test_the_story_of_a_stuck_deployment(cluster: LiveCluster, node: Node, run: Callable[..., Result]) -> None:
    namespace = cluster.new_namespace()
    before = workload(cluster, namespace, replicas=2)
    assert states(cluster, namespace) == [("Pending", [])] * 2

    too_early = run("-n", namespace, "--yes").stdout
    assert "nothing to do: no pod of sandbox is to be recreated" in too_early
    assert f"Deployment {namespace}/web, 2 pods waiting for {IMAGE}: the account names no Secret" in too_early

    mend(cluster, namespace)
    shown = run("-n", namespace, "--dry-run").stdout
    assert "to recreate: 2 pods in 1 namespace of sandbox" in shown
    assert f"(Deployment web) waits for {IMAGE}; ServiceAccount default has Secret regcred by now" in shown
    assert uids(pods(cluster, namespace)) == before

    done = run("-n", namespace, "--yes").stdout
    assert done.splitlines()[-1] == "2 recreated"
    assert states(cluster, namespace) == [("Running", ["regcred"])] * 2
    after = pods(cluster, namespace)
    assert not set(uids(after)) & set(before)
    for name in (item["metadata"]["name"] for item in after):
        assert f": {name} is ready" in done
    cluster.wait_for(lambda: not leaving(cluster, namespace))
    assert run("-n", namespace, "--yes").stdout == "nothing to do: no pod of sandbox is to be recreated\n"
    assert uids(pods(cluster, namespace)) == uids(after)


def test_what_is_not_mended_is_not_touched(cluster: LiveCluster, node: Node, run: Callable[..., Result]) -> None:
    namespace = cluster.new_namespace()
    node.broken("ghcr.io/acme/typo:1", "ghcr.io/acme/typo:1: not found")
    node.private("quay.io/acme/db:1", "another")
    alone = workload(cluster, namespace, "typo", image="ghcr.io/acme/typo:1")
    alone += workload(cluster, namespace, "db", image="quay.io/acme/db:1")
    alone += workload(cluster, namespace, "own", imagePullSecrets=[{"name": "gone"}])
    workload(cluster, namespace)
    mend(cluster, namespace)

    done = run("-n", namespace, "--yes").stdout

    assert done.splitlines()[-1] == "1 recreated"
    there = uids(pods(cluster, namespace))
    assert set(alone) < set(there)
    assert len(there) == len(alone) + 1
    for text in (
        f"Deployment {namespace}/typo, 1 pod waiting for ghcr.io/acme/typo:1: not found; a restart doesn't mend that",
        f"Deployment {namespace}/db, 1 pod waiting for quay.io/acme/db:1: the account has no working login for it",
        f"Deployment {namespace}/own, 1 pod waiting for {IMAGE}: the list of Secrets is the template's",
    ):
        assert text in done


def test_a_budget_that_refuses_is_named(cluster: LiveCluster, node: Node, run: Callable[..., Result]) -> None:
    namespace, image = cluster.new_namespace(), "ghcr.io/acme/cached:1"
    before = workload(cluster, namespace, replicas=2, image=image)
    budget(cluster, namespace, "web", 2)
    mend(cluster, namespace)

    done = run("-n", namespace, "--yes", code=1).stdout

    assert f"refused       {namespace}/web-" in done
    assert "by PodDisruptionBudget web-budget: Cannot evict pod as it would violate" in done
    assert "needs 2 healthy pods and has 2 currently" in done
    assert done.splitlines()[-1] == "1 refused, 1 not tried"
    assert uids(pods(cluster, namespace)) == before


def test_pods_that_run_are_recreated_in_turn_unless_only_stuck_ones_are_wanted(
    cluster: LiveCluster, node: Node, run: Callable[..., Result]
) -> None:
    namespace, image = cluster.new_namespace(), "ghcr.io/acme/cached:1"
    before = workload(cluster, namespace, replicas=3, image=image)
    mend(cluster, namespace)

    stuck = run("-n", namespace, "--yes", "--stuck-only").stdout
    assert f"Deployment {namespace}/web, 3 pods without a login for {image}: no image is waited for, and --stu" in stuck
    assert uids(pods(cluster, namespace)) == before

    node.watch(namespace)
    assert run("-n", namespace, "--yes").stdout.splitlines()[-1] == "3 recreated"
    assert states(cluster, namespace) == [("Running", ["regcred"])] * 3
    assert node.fewest(namespace) == 2


def test_a_login_that_the_registry_refuses_leaves_what_runs_alone(
    cluster: LiveCluster, node: Node, run: Callable[..., Result]
) -> None:
    namespace, image = cluster.new_namespace(), "ghcr.io/acme/moved:1"
    before = workload(cluster, namespace, replicas=3, image=image)
    node.private(image, "another")
    mend(cluster, namespace)

    done = run("-n", namespace, "--yes", code=1).stdout

    assert f"waits for {image}: ImagePullBackOff (unauthorized: pull access denied" in done
    assert done.splitlines()[-1] == f"1 still waiting, 2 not tried; see why: pull-secrets doctor -n {namespace}"
    assert len(set(uids(pods(cluster, namespace))) & set(before)) == 2


def test_every_kind_of_owner_and_none(cluster: LiveCluster, node: Node, run: Callable[..., Result]) -> None:
    namespace = cluster.new_namespace()
    workload(cluster, namespace, "db", kind="StatefulSet", replicas=2)
    workload(cluster, namespace, "agent", kind="DaemonSet")
    workload(cluster, namespace, "once", kind="Job")
    running = workload(cluster, namespace, "other-agent", kind="DaemonSet", image="ghcr.io/acme/cached:1")
    container = {"name": "main", "image": IMAGE}
    cluster.api.create_namespaced_pod(namespace, {"metadata": {"name": "bare"}, "spec": {"containers": [container]}})
    static = {"name": "static", "annotations": {"kubernetes.io/config.mirror": "digest"}}
    cluster.api.create_namespaced_pod(
        namespace, {"metadata": static, "spec": {"containers": [container], "nodeName": "node-1"}}
    )
    alone = set(running) | set(cluster.wait_for(lambda: settled(cluster, namespace, "!app,!job-name", 2)))
    mend(cluster, namespace)

    done = run("-n", namespace, "--yes").stdout

    assert done.splitlines()[-1] == "4 recreated"
    assert f"{namespace}/db-1: db-1 is ready" in done
    assert alone < set(uids(pods(cluster, namespace)))
    assert "no image is waited for, and no disruption budget guards a DaemonSet's pods; in turn: kubectl" in done
    assert f"Pod {namespace}/bare waiting for {IMAGE}: no controller would make a new pod" in done
    assert f"Pod {namespace}/static waiting for {IMAGE}: a static pod" in done

    removed = run("-n", namespace, "--yes", "--include-bare").stdout
    assert f"removed       {namespace}/bare: evicted; no controller makes a new one" in removed
    names = {item["metadata"]["name"] for item in pods(cluster, namespace)}
    assert "bare" not in names
    assert "static" in names


def test_a_pod_of_the_same_name_made_since_is_not_evicted(cluster: LiveCluster, kubeconfig: Path) -> None:
    namespace = cluster.new_namespace()
    body = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "main", "image": IMAGE}]}}
    created = json.loads(cluster.api.create_namespaced_pod(namespace, body, _preload_content=False).data)
    seen = parsing.pod(created)
    with Api(context=CONTEXT, kubeconfig=str(kubeconfig)) as api:
        earlier = replace(seen, uid="00000000-0000-0000-0000-000000000000")
        assert evict(api, earlier).verdict is Verdict.GONE
        assert uids(pods(cluster, namespace)) == [seen.uid]
        assert evict(api, seen).verdict is Verdict.EVICTED
        cluster.wait_for(lambda: not pods(cluster, namespace) and not leaving(cluster, namespace))
        assert evict(api, seen).verdict is Verdict.GONE
