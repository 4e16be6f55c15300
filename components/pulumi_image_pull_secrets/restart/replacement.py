"""How the pods of a namespace are now, and how one that came in place of another does."""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from ..api import Object
from ..doctor import parsing
from ..doctor.observation import ObjectName, PodSeen
from ..doctor.pull_failures import failure_of

Passwords = Mapping[str, Collection[str]]
"""By namespace, what no message may hold."""
NO_PASSWORDS: Passwords = MappingProxyType({})

_STARTING = {"", "ContainerCreating", "PodInitializing"}


class Standing(Enum):
    """How far a pod has come."""

    READY = "ready, or it has done its work"
    RUNS = "every container has its image and was started"
    STARTS = "it has a way to go"
    PULL_FAILS = "it doesn't get an image"
    FAILS = "it has its images, and something else is wrong"


@dataclass(frozen=True)
class PodNow:
    """A pod, and how it is."""

    pod: PodSeen
    standing: Standing
    said: str = field(default="", repr=False)
    """Why it isn't ready, one line, in words that go on from ``it``."""


def pod_now(item: Object, passwords: Passwords = NO_PASSWORDS) -> PodNow:
    """A pod as the API has it now. Ephemeral containers don't count: a pod is as well as those that its work needs."""
    pod, status = parsing.pod(item).without_ephemeral(), item.get("status") or {}
    phase = status.get("phase") or ""
    conditions = {condition.get("type"): condition for condition in status.get("conditions") or []}
    for container in pod.containers:
        # Before anything is cut: what is left of a password wouldn't be found any more.
        if failure := failure_of(pod, container, passwords.get(pod.namespace, ())):
            said = f": {failure.said}" if failure.said else ""
            where = f"waits for {container.image}: {container.waiting_reason} ({failure.kind.value}{said})"
            return PodNow(pod, Standing.PULL_FAILS, where)
    for container in pod.containers:
        if container.waiting_reason not in _STARTING:
            said = f"its container {container.name} waits: {container.waiting_reason}"
            return PodNow(pod, Standing.FAILS, said)
    if phase == "Failed":
        return PodNow(pod, Standing.FAILS, f"failed: {status.get('reason') or 'its containers ended in failure'}")
    if phase == "Succeeded" or conditions.get("Ready", {}).get("status") == "True":
        return PodNow(pod, Standing.READY)
    if phase == "Running":
        return PodNow(pod, Standing.RUNS, "runs and isn't ready")
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return PodNow(pod, Standing.STARTS, f"isn't scheduled: {scheduled.get('message') or scheduled.get('reason')}")
    return PodNow(pod, Standing.STARTS, "hasn't started yet")


class Pods:
    """All pods of some namespaces at one time."""

    def __init__(self, items: Iterable[Object], passwords: Passwords = NO_PASSWORDS) -> None:
        self.by_uid: dict[str, PodNow] = {}
        self._by_controller: dict[tuple[str, ObjectName], list[PodNow]] = {}
        for item in items:
            now = pod_now(item, passwords)
            self.by_uid[now.pod.uid] = now
            if now.pod.controller:
                self._by_controller.setdefault((now.pod.namespace, now.pod.controller), []).append(now)

    def replacement(self, of: PodSeen, taken: Set[str]) -> PodNow | None:
        """The pod that its controller made in place of this one: of the same name, as a StatefulSet's, or the first.

        ``taken`` are the uids of pods that were there before, or have taken another's place.
        """
        if of.controller is None:
            return None
        made = self._by_controller.get((of.namespace, of.controller), [])
        free = [now for now in made if now.pod.uid not in taken and not now.pod.is_leaving]
        return min(free, key=lambda now: (now.pod.name != of.name, now.pod.created, now.pod.name), default=None)
