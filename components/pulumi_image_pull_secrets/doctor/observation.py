"""What was read of a cluster, without anything that no rule looks at. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from .. import patterns

ObjectName = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True)
class SecretSeen:
    """A Secret of one of the two types that hold registry credentials, or another one that somebody pulls with."""

    namespace: str
    name: str
    type: str
    """``kubernetes.io/dockerconfigjson``, ``kubernetes.io/dockercfg``, or empty for a Secret of any other type, whose
    content is never read."""
    created: datetime
    content: bytes | None = field(default=None, repr=False)
    """What is under the type's key in ``data``, decoded from base64; None where that key is missing."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    changed: datetime | None = None
    """When its ``data`` was last written, as its managed fields have it; a token's age is counted from there."""


@dataclass(frozen=True)
class AccountSeen:
    """A ServiceAccount."""

    namespace: str
    name: str
    pull_secrets: tuple[str, ...] = ()
    """The names in ``imagePullSecrets``, in order, as they stand there."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    changed: datetime | None = None
    """When its ``imagePullSecrets`` were last written, as its managed fields have it."""


@dataclass(frozen=True)
class ContainerSeen:
    """A container of a pod, init and ephemeral ones too, with its status."""

    name: str
    image: str
    """As the manifest has it."""
    pull_policy: str
    """``Always``, ``IfNotPresent`` or ``Never``."""
    waiting_reason: str = ""
    """Such as ``ImagePullBackOff``; empty where it doesn't wait."""
    waiting_message: str = field(default="", repr=False)
    is_ephemeral: bool = False
    """Whether it was added to the pod later, as ``kubectl debug`` does; a new pod wouldn't have it."""


@dataclass(frozen=True)
class PodSeen:
    """A pod that isn't over (neither Succeeded nor Failed)."""

    namespace: str
    name: str
    created: datetime
    account: str
    pull_secrets: tuple[str, ...]
    """Its own list, which admission has filled from the account where the manifest had none."""
    containers: tuple[ContainerSeen, ...]
    controller: ObjectName | None = None
    """Kind and name of the owner that is its controller, such as ``("ReplicaSet", "web-5d8f")``."""
    events: tuple[str, ...] = field(default=(), repr=False)
    """Messages of its events of reason Failed, newest first; read only for pods that wait for an image. Where Secrets
    may not be read, those of reason FailedToRetrieveImagePullSecret as well: they say which are missing."""
    uid: str = ""
    """Tells it from a later pod of the same name."""
    is_mirror: bool = False
    """Whether it only shows a static pod, which a kubelet runs from a file of its node."""
    is_leaving: bool = False
    """Whether it is being deleted."""
    template_hash: str = ""
    """The label ``pod-template-hash``, which a Deployment puts on its pods, and at the end of its ReplicaSet's name."""

    def without_ephemeral(self) -> "PodSeen":
        """The pod with no more containers than a new one in its place would have."""
        return replace(self, containers=tuple(each for each in self.containers if not each.is_ephemeral))


@dataclass(frozen=True)
class WorkloadSeen:
    """A Deployment, StatefulSet, DaemonSet, Job or CronJob: its pod template. A CronJob's Jobs may be left out."""

    namespace: str
    kind: str
    name: str
    account: str
    pull_secrets: tuple[str, ...]
    """The template's own list."""
    images: tuple[str, ...]


@dataclass(frozen=True)
class StackCoverage:
    """What a stack file lists."""

    file: str
    """As a message shows it, such as ``Pulumi.staging.yaml``."""
    accounts: Mapping[str, frozenset[str]]
    """Namespace -> the accounts that it lists there; both may be globs. A label selector counts as ``*``, since no
    namespace's labels are read."""
    keys: tuple[str, ...] = ()
    """The keys of its registries; empty where they are encrypted, and nobody knows what it serves."""
    exclude: frozenset[str] = frozenset()
    """Names and globs of namespaces that it leaves out."""

    def accounts_in(self, namespace: str) -> frozenset[str] | None:
        """The names and globs of accounts that it lists in a namespace, or None where it doesn't list it."""
        if any(patterns.matches(excluded, namespace) for excluded in self.exclude):
            return None
        found = [accounts for listed, accounts in self.accounts.items() if patterns.matches(listed, namespace)]
        return frozenset[str]().union(*found) if found else None


@dataclass(frozen=True)
class Observation:
    """All that was read."""

    now: datetime
    secrets: Mapping[ObjectName, SecretSeen] = field(default_factory=dict)
    accounts: Mapping[ObjectName, AccountSeen] = field(default_factory=dict)
    pods: Sequence[PodSeen] = ()
    workloads: Sequence[WorkloadSeen] = ()
    unreadable: Sequence[str] = ()
    """One line for each kind in each place that the user may not list; rules don't judge what isn't known."""
    secrets_known_in: frozenset[str] = frozenset()
    """Namespaces whose Secrets were read, those of other types by name: only there a Secret that isn't found is
    missing."""
    accounts_known_in: frozenset[str] = frozenset()
    pods_known_in: frozenset[str] = frozenset()
