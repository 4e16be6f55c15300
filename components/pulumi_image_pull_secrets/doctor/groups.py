"""Pods that are alike are judged once: five thousand of one Deployment cost as much as one. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType

from .observation import AccountSeen, ObjectName, PodSeen, WorkloadSeen
from .pull_failures import Failure, failure_of

_JOB_OF_A_CRON_JOB = re.compile(r"(.+)-\d+")


class Listing(Enum):
    """Where a pod's list of Secrets is from."""

    NONE = "neither it nor its account has one"
    ACCOUNT = "its account"
    EARLIER = "its account, as it was when the pod was created"
    OWN = "what created it"
    UNKNOWN = "its account wasn't read"


@dataclass(frozen=True)
class Need:
    """One image that pods need."""

    image: str
    is_kept: bool
    """Whether an image that is on the node isn't pulled again: any policy but Always."""
    failure: Failure | None = None
    """Why it isn't pulled; None where nothing waits for it."""
    is_ephemeral: bool = False
    """Whether only a container needs it that was added later, and that a new pod wouldn't have."""

    @property
    def rank(self) -> int:
        """Orders the needs of one pod."""
        return self.failure.kind.rank if self.failure else -1


@dataclass(frozen=True)
class Alike:
    """What pods have in common that are judged as one."""

    namespace: str
    owner: ObjectName
    """Kind and name of the topmost owner that is known; without an owner ``Pod`` and the first of their names."""
    account: str
    pull_secrets: tuple[str, ...]
    """Each name once, without placeholders."""
    listing: Listing
    needs: tuple[Need, ...]

    @property
    def lasting_needs(self) -> list[Need]:
        """Those that new pods would have as well."""
        return [need for need in self.needs if not need.is_ephemeral]


@dataclass
class Group:
    """Pods that are alike."""

    alike: Alike
    count: int = 0
    first: str = ""
    """The first of their names."""
    said: dict[str, str] = field(default_factory=dict)
    """Image -> what was said of it, by one of the kubelets."""

    def add(self, pod: PodSeen, needs: Iterable[Need]) -> None:
        """One more."""
        self.count += 1
        self.first = min(self.first or pod.name, pod.name)
        for need in needs:
            if need.failure and (said := need.failure.said):
                self.said[need.image] = min(self.said.get(need.image, said), said)


Workloads = Mapping[tuple[str, str, str], WorkloadSeen]
"""By namespace, kind and name."""


def group_pods(
    pods: Iterable[PodSeen],
    accounts: Mapping[ObjectName, AccountSeen],
    workloads: Workloads,
    passwords: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> list[Group]:
    """The pods, grouped; the same groups whatever the order in which they were read.

    ``passwords`` has, by namespace, what isn't shown of what was said.
    """
    groups: dict[Alike, Group] = {}
    for pod in pods:
        owner = _owner(pod, workloads)
        needs = {
            Need(
                container.image,
                container.pull_policy != "Always",
                failure_of(pod, container, passwords.get(pod.namespace, ())),
                container.is_ephemeral,
            )
            for container in pod.containers
        }
        alike = Alike(
            namespace=pod.namespace,
            owner=owner,
            account=pod.account,
            pull_secrets=cleaned(pod.pull_secrets),
            listing=_listing(pod, accounts.get((pod.namespace, pod.account)), workloads.get((pod.namespace, *owner))),
            needs=tuple(sorted(needs, key=_order)),
        )
        groups.setdefault(alike, Group(alike)).add(pod, needs)
    for found in groups.values():
        if found.alike.owner == _NOBODY:
            found.alike = replace(found.alike, owner=("Pod", found.first))
    return sorted(groups.values(), key=lambda found: (found.alike.namespace, found.alike.owner, found.first))


def cleaned(pull_secrets: Iterable[str]) -> tuple[str, ...]:
    """A list as the kubelet goes through it: each name once, without the placeholders that stand for nothing."""
    return tuple(name for name in dict.fromkeys(pull_secrets) if name)


def is_of_cron_job(workload: WorkloadSeen, workloads: Workloads) -> bool:
    """Whether it is a Job that a CronJob made, by its name."""
    return workload.kind == "Job" and _cron_job(workload.namespace, workload.name, workloads) is not None


_NOBODY = ("Pod", "")


def _order(need: Need) -> tuple[str, bool, int, bool]:
    return need.image, need.is_kept, need.rank, need.is_ephemeral


def _owner(pod: PodSeen, workloads: Workloads) -> ObjectName:
    if pod.controller is None:
        return _NOBODY
    kind, name = pod.controller
    # A ReplicaSet may be called so without being a Deployment's: only its pods carry the hash.
    if kind == "ReplicaSet" and pod.template_hash and name.endswith(f"-{pod.template_hash}"):
        deployment = name.removesuffix(f"-{pod.template_hash}")
        if (pod.namespace, "Deployment", deployment) in workloads:
            return "Deployment", deployment
    if kind == "Job" and (cron_job := _cron_job(pod.namespace, name, workloads)):
        return "CronJob", cron_job
    return pod.controller


def _cron_job(namespace: str, job: str, workloads: Workloads) -> str | None:
    match = _JOB_OF_A_CRON_JOB.fullmatch(job)
    return match[1] if match and (namespace, "CronJob", match[1]) in workloads else None


def _listing(pod: PodSeen, account: AccountSeen | None, template: WorkloadSeen | None) -> Listing:
    if account is None:
        return Listing.UNKNOWN
    own, accounts = cleaned(pod.pull_secrets), cleaned(account.pull_secrets)
    if not own:
        # Admission gives a pod without a list its account's.
        return Listing.EARLIER if accounts else Listing.NONE
    if template is not None:
        is_own = bool(cleaned(template.pull_secrets))
    else:
        is_own = own != accounts and (account.changed is None or account.changed < pod.created)
    if is_own:
        return Listing.OWN
    return Listing.ACCOUNT if own == accounts else Listing.EARLIER
