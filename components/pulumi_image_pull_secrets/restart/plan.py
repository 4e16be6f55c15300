"""Which pods are to be recreated, and why others that one would expect among them are left alone. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from ..doctor import checks
from ..doctor.explanation import EXPLANATIONS
from ..doctor.groups import Alike, Listing, Need, group_pods
from ..doctor.observation import ObjectName, PodSeen
from ..doctor.view import View

MENDED_BY_A_RESTART = next(row.failures for row in EXPLANATIONS if checks.POD_PREDATES_ACCOUNT in row.checks)
"""The kinds of failures for which a diagnosis asks for a restart."""


class Reason(Enum):
    """Why a pod is left alone. ``value`` goes on from the pods and the images that they wait for."""

    OTHER_CAUSE = "a restart doesn't mend that"
    ACCOUNT_UNKNOWN = "the account isn't there, or couldn't be read"
    ACCOUNT_EMPTY = "the account names no Secret"
    ACCOUNT_USELESS = "the account has no working login for it either"
    SECRETS_UNKNOWN = "the Secrets there couldn't be read, and so nobody knows whether the account has a working login"
    OWN_LIST = "the list of Secrets is the template's or the manifest's, and a new pod would have it again"
    MAYBE_OWN_LIST = "the list of Secrets may be the manifest's, which a new pod would have again: no template tells"
    SAME_LIST = "the account's list is there already; the kubelet tries again by itself, at least every five minutes"
    HAS_LOGIN = "the list that is there has a login for it as well, though the registry may refuse it"
    MIRROR = "a static pod, which a kubelet runs from a file of its node"
    LEAVING = "being deleted already"
    BARE = "no controller would make a new pod; --include-bare evicts it all the same, for good"
    BARE_AND_FINE = "no controller would make a new pod, and no image is waited for"
    NOT_STUCK = "no image is waited for, and --stuck-only was given"
    DAEMON_SET = "no image is waited for, and no disruption budget guards a DaemonSet's pods"
    JOB = "no image is waited for, and the Job would lose its work and count a failure"


@dataclass(frozen=True)
class Planned:
    """A pod to recreate."""

    pod: PodSeen
    owner: ObjectName
    """Kind and name of the topmost owner that is known; ``Pod`` and its own name where nothing controls it."""
    images: tuple[str, ...]
    """Those for which it lacks its account's login; where it is stuck, those that it waits for. Sorted."""
    secrets: tuple[str, ...]
    """What its account names now."""
    is_stuck: bool
    """Whether it waits for an image now."""


@dataclass(frozen=True)
class Left:
    """A pod that waits for an image, or lacks its account's login, and is left alone."""

    pod: PodSeen
    owner: ObjectName
    images: tuple[str, ...]
    """As of a planned one."""
    is_stuck: bool
    reason: Reason
    detail: str = ""
    """The kind of failure, of those for which a restart is no cure."""


_P = TypeVar("_P", Planned, Left)


@dataclass(frozen=True)
class Plan:
    """What is to be done, and what isn't."""

    recreate: Sequence[Planned] = ()
    """Those that are stuck first, by namespace, owner and name: what becomes of them shows whether a login works."""
    left: Sequence[Left] = ()

    @property
    def namespaces(self) -> list[str]:
        """Where something is to be recreated."""
        return sorted({planned.pod.namespace for planned in self.recreate})


def plan(view: View, *, stuck_only: bool = False, include_bare: bool = False) -> Plan:
    """The pods that lack a working login which their account has by now, so that new ones would have it.

    With ``stuck_only`` only those that wait for an image. A pod that waits is recreated where that mends all that it
    waits for. ``include_bare`` adds pods without a controller, if they wait: evicted, they are gone.
    """
    # What somebody debugs a pod with is no reason to take the pod from them, and waits in no new one.
    pods = [pod.without_ephemeral() for pod in view.observation.pods]
    judged = [each for pod in pods if (each := _judge(view, pod, stuck_only, include_bare))]
    return Plan(
        _sorted(each for each in judged if isinstance(each, Planned)),
        _sorted(each for each in judged if isinstance(each, Left)),
    )


def _judge(view: View, pod: PodSeen, stuck_only: bool, include_bare: bool) -> Planned | Left | None:
    (group,) = group_pods([pod], view.observation.accounts, view.workloads)
    alike = group.alike
    failing = [need for need in alike.needs if need.failure]
    lacking = _lacking(view, alike)
    if not failing and not lacking:
        return None
    is_stuck = bool(failing)
    images = tuple(sorted({need.image for need in failing} or lacking))
    for need in failing:
        kind = need.failure.kind if need.failure else None
        if kind not in MENDED_BY_A_RESTART:
            return Left(pod, alike.owner, images, is_stuck, Reason.OTHER_CAUSE, kind.value if kind else "")
        if need.image not in lacking:
            # A static pod has no account that could have a login.
            reason = Reason.MIRROR if pod.is_mirror else _not_mended(view, alike, need)
            return Left(pod, alike.owner, images, is_stuck, reason)
    if protected := _protected(pod, is_stuck, view.may_be_own_list(alike), stuck_only, include_bare):
        return Left(pod, alike.owner, images, is_stuck, protected)
    return Planned(pod, alike.owner, images, view.account_list(alike), is_stuck)


def _lacking(view: View, alike: Alike) -> set[str]:
    """The images for which the pod, created anew, would get a working login that it hasn't."""
    if alike.listing is not Listing.EARLIER:
        return set()
    return {need.image for need in alike.needs if view.only_account_works(alike, need.image)}


def _not_mended(view: View, alike: Alike, need: Need) -> Reason:
    """Why a new pod would have no login for the image that this one hasn't."""
    reasons = {
        Listing.UNKNOWN: Reason.ACCOUNT_UNKNOWN,
        Listing.NONE: Reason.ACCOUNT_EMPTY,
        Listing.OWN: Reason.OWN_LIST,
        Listing.ACCOUNT: Reason.SAME_LIST,
    }
    if alike.listing in reasons:
        return reasons[alike.listing]
    if not view.knows_secrets(alike.namespace):
        return Reason.SECRETS_UNKNOWN
    has_login = view.works(alike.namespace, alike.pull_secrets, need.image)
    return Reason.HAS_LOGIN if has_login else Reason.ACCOUNT_USELESS


def _protected(
    pod: PodSeen, is_stuck: bool, may_be_own_list: bool, stuck_only: bool, include_bare: bool
) -> Reason | None:
    """Why a pod that a restart would mend is left alone all the same."""
    if pod.is_mirror:
        return Reason.MIRROR
    if pod.is_leaving:
        return Reason.LEAVING
    if may_be_own_list:
        return Reason.MAYBE_OWN_LIST
    if pod.controller is None and not (include_bare and is_stuck):
        return Reason.BARE if is_stuck else Reason.BARE_AND_FINE
    if is_stuck:
        return None
    if stuck_only:
        return Reason.NOT_STUCK
    kind = pod.controller[0] if pod.controller else ""
    return {"DaemonSet": Reason.DAEMON_SET, "Job": Reason.JOB}.get(kind)


def _sorted(judged: Iterable[_P]) -> tuple[_P, ...]:
    return tuple(sorted(judged, key=lambda each: (not each.is_stuck, each.pod.namespace, *each.owner, each.pod.name)))
