"""A cluster as far as a recreation meets it, whose time passes only while it is waited."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from pulumi_image_pull_secrets.api import Api, RefusedError
from pulumi_image_pull_secrets.doctor.observation import PodSeen
from pulumi_image_pull_secrets.errors import ClusterUnreachableError
from pulumi_image_pull_secrets.restart import recreation
from pulumi_image_pull_secrets.restart.plan import Planned
from pulumi_image_pull_secrets.restart.recreation import Case, Outcome, Patience, Recreation
from pulumi_image_pull_secrets.restart.replacement import NO_PASSWORDS, Passwords

from tests.unit.doctor.observed import UNAUTHORIZED, container, pod
from tests.unit.restart.test_replacement import condition, item, waits

READY: dict[str, Any] = {"phase": "Running", "conditions": condition("Ready", "True")}
STUCK: dict[str, Any] = {"phase": "Pending", "containerStatuses": waits("ImagePullBackOff", UNAUTHORIZED)}
BUDGET = {
    "message": "Cannot evict pod as it would violate the pod's disruption budget.",
    "details": {
        "causes": [
            {
                "reason": "DisruptionBudget",
                "message": "The disruption budget web needs 2 healthy pods and has 2 currently",
            }
        ]
    },
}


class Cluster:
    """Pods of one ReplicaSet, the API server and the clock."""

    def __init__(self, *pods: dict[str, Any]) -> None:
        self.pods = {each["metadata"]["uid"]: each for each in pods}
        self.new: dict[str, Any] = READY
        """How each new pod is."""
        self.refusals: list[Exception] = []
        """What is raised at the next evictions, one after the other."""
        self.lost: Exception | None = None
        """What is raised once an eviction was carried out, in place of its answer."""
        self.is_hidden = False
        self.makes_new = True
        self.evicted: list[str] = []
        self.time = 0.0
        self.on_look: Callable[[], None] = lambda: None

    def each(self, subjects: Iterable[Any], ask: Callable[[Any], Any]) -> list[Any]:
        return [ask(subject) for subject in subjects]

    def list(self, _path: str) -> Iterable[dict[str, Any]]:
        self.on_look()
        if self.is_hidden:
            raise ClusterUnreachableError("the connection was refused")
        return list(self.pods.values())

    def post(self, path: str, body: dict[str, Any], *, once: bool) -> dict[str, Any] | None:
        uid = body["deleteOptions"]["preconditions"]["uid"]
        name = body["metadata"]["name"]
        assert path.endswith(f"/pods/{name}/eviction")
        assert once
        if self.refusals:
            raise self.refusals.pop(0)
        if uid not in self.pods:
            return None
        old = self.pods.pop(uid)
        self.evicted.append(name)
        if self.makes_new and old["metadata"]["ownerReferences"]:
            made = item(
                f"new-{len(self.evicted)}", creationTimestamp=f"2026-03-02T12:00:{len(self.evicted):02}Z", **self.new
            )
            self.pods[made["metadata"]["uid"]] = made
        if self.lost:
            raise self.lost
        return {}

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def planned(name: str, *, is_stuck: bool = True, **others: Any) -> Planned:
    seen: PodSeen = pod(container(), name=name, uid=f"uid-{name}", **others)
    owner = ("Deployment", "web") if seen.controller else ("Pod", name)
    return Planned(seen, owner, ("ghcr.io/acme/web:1",), ("regcred",), is_stuck)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recreation]:
    def start(cluster: Cluster, *all_planned: Planned, passwords: Passwords = NO_PASSWORDS) -> Recreation:
        monkeypatch.setattr(recreation, "time", cluster)
        told: list[Case] = []
        api: Api = cluster  # type: ignore[assignment]
        made = Recreation(api, all_planned, told.append, Patience(), passwords)
        made.run()
        assert sorted(case.planned.pod.name for case in told) == sorted(each.pod.name for each in all_planned)
        return made

    return start


def outcomes(made: Recreation) -> dict[str, Outcome | None]:
    return {case.planned.pod.name: case.outcome for case in made.cases}


def refused(code: int = 429, **status: Any) -> RefusedError:
    return RefusedError("the cluster answered so", code, status or BUDGET)
