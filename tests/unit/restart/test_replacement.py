"""How far a new pod has come, and which new pod came in whose place."""

from typing import Any

import pytest
from pulumi_image_pull_secrets.restart.replacement import Pods, Standing, pod_now

OWNER = {"kind": "ReplicaSet", "name": "web-5d8f", "controller": True}


def item(name: str = "web-5d8f-x1", *, owner: dict[str, Any] | None = OWNER, **others: Any) -> dict[str, Any]:
    """A pod as the API has it."""
    status = {key: others.pop(key) for key in ("phase", "reason", "conditions", "containerStatuses") if key in others}
    metadata = {
        "namespace": "shop",
        "name": name,
        "uid": f"uid-{name}",
        "creationTimestamp": "2026-03-01T12:00:00Z",
        "ownerReferences": [owner] if owner else [],
        **others,
    }
    spec = {"containers": [{"name": "main", "image": "ghcr.io/acme/web:1", "imagePullPolicy": "Always"}]}
    return {"metadata": metadata, "spec": spec, "status": status}


def waits(reason: str, message: str = "") -> list[dict[str, Any]]:
    return [{"name": "main", "state": {"waiting": {"reason": reason, "message": message}}}]


def condition(kind: str, status: str, **others: str) -> list[dict[str, str]]:
    return [{"type": kind, "status": status, **others}]


@pytest.mark.parametrize(
    ("status", "standing", "said"),
    [
        ({}, Standing.STARTS, "hasn't started yet"),
        ({"phase": "Pending", "containerStatuses": waits("ContainerCreating")}, Standing.STARTS, "hasn't started yet"),
        (
            {"phase": "Pending", "conditions": condition("PodScheduled", "False", message="0/1 nodes are available")},
            Standing.STARTS,
            "isn't scheduled: 0/1 nodes are available",
        ),
        (
            {"phase": "Pending", "containerStatuses": waits("ErrImagePull", "unauthorized")},
            Standing.PULL_FAILS,
            "waits for ghcr.io/acme/web:1: ErrImagePull (unauthorized: unauthorized)",
        ),
        (
            {"phase": "Pending", "containerStatuses": waits("ErrImageNeverPull")},
            Standing.PULL_FAILS,
            "waits for ghcr.io/acme/web:1: ErrImageNeverPull (not on the node, and its policy is Never)",
        ),
        (
            {"phase": "Running", "containerStatuses": waits("CrashLoopBackOff")},
            Standing.FAILS,
            "its container main waits: CrashLoopBackOff",
        ),
        ({"phase": "Failed", "reason": "OutOfcpu"}, Standing.FAILS, "failed: OutOfcpu"),
        ({"phase": "Failed"}, Standing.FAILS, "failed: its containers ended in failure"),
        ({"phase": "Running"}, Standing.RUNS, "runs and isn't ready"),
        ({"phase": "Running", "conditions": condition("Ready", "True")}, Standing.READY, ""),
        ({"phase": "Succeeded", "conditions": condition("Ready", "False")}, Standing.READY, ""),
    ],
)
def test_how_a_pod_is(status: dict[str, Any], standing: Standing, said: str) -> None:
    now = pod_now(item(**status))
    assert (now.standing, now.said) == (standing, said)


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "CreateContainerError"])
def test_a_debugging_container_that_waits_does_not_count(reason: str) -> None:
    made = item(phase="Running", conditions=condition("Ready", "True"))
    made["spec"]["ephemeralContainers"] = [{"name": "debugger", "image": "ghcr.io/acme/tools:1"}]
    made["status"]["ephemeralContainerStatuses"] = [{**waits(reason)[0], "name": "debugger"}]
    assert pod_now(made).standing is Standing.READY


def test_nothing_is_told_of_what_holds_a_password_not_even_its_end() -> None:
    password = "made-up-by-the-test"
    for length in range(160, 220):
        said = f"unauthorized: {password}{'x' * length}"
        made = item(phase="Pending", containerStatuses=waits("ErrImagePull", said))
        (now,) = Pods([made], {"shop": {password}}).by_uid.values()
        assert now.said == "waits for ghcr.io/acme/web:1: ErrImagePull (unauthorized)"
    (other,) = Pods([made], {"other": {password}}).by_uid.values()
    assert other.said.endswith("x)")


def replaced_by(of: dict[str, Any], *there: dict[str, Any], taken: frozenset[str] = frozenset()) -> str | None:
    now = Pods(there).replacement(pod_now(of).pod, taken | {of["metadata"]["uid"]})
    return now.pod.name if now else None


def test_the_first_new_pod_of_the_same_controller_is_the_replacement() -> None:
    later = item("web-5d8f-b", creationTimestamp="2026-03-01T12:00:09Z")
    assert replaced_by(item(), later, item("web-5d8f-c"), item()) == "web-5d8f-c"


def test_a_pod_that_was_there_before_or_is_going_or_is_of_somebody_else_is_none() -> None:
    other = {**OWNER, "name": "api-77"}
    assert replaced_by(item(), item("b"), taken=frozenset({"uid-b"})) is None
    assert replaced_by(item(), item("b", deletionTimestamp="2026-03-01T12:00:09Z")) is None
    assert replaced_by(item(), item("b", owner=other), item("c", owner=None), item("d", namespace="other")) is None
    assert replaced_by(item(owner=None), item("b", owner=None)) is None


def test_a_stateful_sets_replacement_has_the_same_name() -> None:
    owner = {**OWNER, "kind": "StatefulSet", "name": "db"}
    again = item("db-1", owner=owner, uid="new", creationTimestamp="2026-03-01T12:00:09Z")
    assert replaced_by(item("db-1", owner=owner), item("db-0", owner=owner), again) == "db-1"
