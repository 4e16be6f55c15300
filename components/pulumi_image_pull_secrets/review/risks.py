"""What may go wrong with what a preview announces: the first that a reviewer should read. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from .changes import AccountChange, Action, Changes, PolicyChange
from .wording import Name, Phrase, listed

Object = tuple[str, str]
"""A namespace, and the name of something in it."""

_PRODUCTION = {"prod", "production", "prd", "live"}
_BEFORE_PRODUCTION = {"pre", "non", "not", "no"}


class Level(Enum):
    """How much it asks for attention."""

    RISK = "risk"
    """Pulls may fail, or something goes that can't be brought back."""
    NOTE = "note"
    """Worth knowing."""


@dataclass(frozen=True)
class Risk:
    """One thing that may go wrong, wherever in the stack."""

    code: str
    """Stable, such as ``namespace-deleted``."""
    level: Level
    message: Phrase
    objects: tuple[str, ...] = ()
    """Where: namespaces, ``namespace/name``, or stacks."""


@dataclass(frozen=True)
class Pods:
    """What a look at the cluster's pods told."""

    naming: Mapping[Object, int]
    """How many pods that have not ended name a Secret; a Secret that isn't in here wasn't looked for."""


def risks_of(changes: Changes, *, adopts: bool = False, pods: Pods | None = None) -> tuple[Risk, ...]:
    """The risks of one stack's changes, the gravest first. ``adopts`` is the stack's setting of that name."""
    return (
        *_unreadable(changes),
        *_cluster(changes),
        *_namespaces(changes),
        *_replaced(changes),
        *_accounts(changes),
        *_removed(changes, pods),
        *_policies(changes),
        *_notes(changes, adopts),
    )


def is_production(stack: str) -> bool:
    """Whether a stack is production by its name: ``prod`` or the like is a word of it, and not behind a ``pre``."""
    words = re.split(r"[^a-z0-9]+", stack.rpartition("/")[2].lower())
    return any(
        word in _PRODUCTION and (index == 0 or words[index - 1] not in _BEFORE_PRODUCTION)
        for index, word in enumerate(words)
    )


def mixed_environments(changed: Iterable[str]) -> tuple[Risk, ...]:
    """Where production changes together with another stack: nobody has seen the change work there first."""
    stacks = sorted(set(changed))
    production = [stack for stack in stacks if is_production(stack)]
    if not production or len(production) == len(stacks):
        return ()
    rest = [stack for stack in stacks if stack not in production]
    message = ("production and others change together, ", *listed(production), " with ", *listed(rest))
    return (Risk("environments-mixed", Level.RISK, message, tuple(stacks)),)


def _unreadable(changes: Changes) -> Iterator[Risk]:
    if changes.unreadable:
        message = (f"{changes.unreadable} steps of the preview can't be read, and may be anything",)
        yield Risk("steps-unreadable", Level.RISK, message)


def _cluster(changes: Changes) -> Iterator[Risk]:
    for change in changes.providers:
        names = [Name(context) if context else "unknown" for context in (change.before, change.after)]
        message: Phrase = ("the stack moves to another context, from ", names[0], " to ", names[1])
        if change.before == change.after and change.is_another:
            message = ("the provider takes the cluster of the same context for another one; is it?",)
        elif change.before == change.after:
            message = ("the kubeconfig changes; is it the same cluster?",)
        yield Risk("cluster-changed", Level.RISK, message)


def _namespaces(changes: Changes) -> Iterator[Risk]:
    gone = [one.name for one in changes.namespaces if one.action in (Action.DELETED, Action.REPLACED)]
    if gone:
        message = (
            _many(
                gone,
                "a namespace is deleted with all that is in it: ",
                "namespaces are deleted with all that is in them: ",
            ),
            *listed(gone),
        )
        yield Risk("namespace-deleted", Level.RISK, message, tuple(gone))


def _replaced(changes: Changes) -> Iterator[Risk]:
    replaced = [f"{one.namespace}/{one.name}" for one in changes.secrets if one.action is Action.REPLACED]
    if not replaced:
        return
    subject = _many(replaced, "a Secret is", "Secrets are")
    message: Phrase = (
        subject,
        " deleted and made anew, and pulls in between fail: ",
        *listed(replaced),
        "; a provider with ",
        Name("enable_secret_mutable"),
        " changes it in place",
    )
    if any(change.is_another for change in changes.providers):
        # Whatever the provider's settings, since all that it made is made again.
        message = (
            subject,
            " deleted in the old cluster and made in the new one, and pulls in the old one fail: ",
            *listed(replaced),
        )
    yield Risk("secret-replaced", Level.RISK, message, tuple(replaced))


def _accounts(changes: Changes) -> Iterator[Risk]:
    staying = [one for one in changes.accounts if one.namespace not in _namespaces_that_go(changes)]
    removed = {(one.namespace, one.name) for one in changes.secrets if one.action is Action.DELETED}

    def risk(code: str, level: Level, text: str, applies: Callable[[AccountChange], object]) -> Iterator[Risk]:
        objects = tuple(f"{one.namespace}/{one.name}" for one in staying if applies(one))
        if objects:
            yield Risk(code, level, (text, ": ", *listed(objects)), objects)

    yield from risk(
        "account-emptied",
        Level.RISK,
        "the list becomes empty, and new pods of the account pull without a credential",
        lambda one: one.before and one.after == (),
    )
    yield from risk(
        "account-dangling",
        Level.RISK,
        "the account names a Secret that this change deletes",
        lambda one: any((one.namespace, name) in removed for name in one.after or ()),
    )
    yield from risk(
        "foreign-entry-lost",
        Level.RISK,
        "an entry goes that isn't this stack's",
        lambda one: one.lost,
    )
    yield from risk(
        "entry-stays",
        Level.NOTE,
        "the stack forgets the account, and its entry stays there",
        lambda one: one.action is Action.FORGOTTEN and any(name in one.ours for name in one.before or ()),
    )
    yield from risk(
        "list-unknown", Level.NOTE, "what the list becomes shows in the up only", lambda one: one.after is None
    )


def _removed(changes: Changes, pods: Pods | None) -> Iterator[Risk]:
    gone = _namespaces_that_go(changes)
    removed = [
        (one.namespace, one.name)
        for one in changes.secrets
        if one.action is Action.DELETED and one.namespace not in gone
    ]
    asked = [one for one in removed if pods and one in pods.naming]
    named = {one: pods.naming[one] for one in asked if pods and pods.naming[one]}
    unknown = [one for one in removed if one not in asked]
    if named:
        objects = tuple("/".join(one) for one in named)
        total = sum(named.values())
        message = (
            f"{total} {'pod names' if total == 1 else 'pods name'} a Secret that is deleted, and the next pull of each "
            "fails: ",
            *listed(objects),
            "; keep it with ",
            Name("retiredSecretNames"),
            " until no pod does",
        )
        yield Risk("secret-in-use", Level.RISK, message, objects)
    if unknown:
        objects = tuple("/".join(one) for one in unknown)
        message = (
            _many(objects, "a Secret is", "Secrets are"),
            " deleted: ",
            *listed(objects),
            "; a pod keeps the names that it was created with, and no preview knows the pods, so look for them with ",
            Name("--pods"),
            ", or keep the Secret with ",
            Name("retiredSecretNames"),
        )
        yield Risk("secret-deleted", Level.RISK, message, objects)


def _policies(changes: Changes) -> Iterator[Risk]:
    def risk(code: str, level: Level, text: str, then: str, where: Callable[[PolicyChange], bool]) -> Iterator[Risk]:
        names = tuple(one.name for one in changes.policies if where(one))
        if names:
            policy = _many(names, "MutatingAdmissionPolicy ", "MutatingAdmissionPolicies ")
            yield Risk(code, level, (f"{text}, by the {policy}", *listed(names), then), names)

    made_later = "ServiceAccounts made later in the chosen namespaces"
    yield from risk(
        "policy-ended",
        Level.RISK,
        f"{made_later} no longer get the name at their creation",
        "; until an up attaches the name, their pods pull without a credential",
        lambda one: one.action is Action.DELETED or (one.is_out_of_force and one.chooses_otherwise),
    )
    yield from risk(
        "policy-replaced",
        Level.RISK,
        "ServiceAccounts made in between don't get the name at their creation",
        ", which is deleted and made anew",
        lambda one: one.action is Action.REPLACED,
    )
    yield from risk(
        "policy-created",
        Level.NOTE,
        f"{made_later} get the name at their creation",
        ", which is the whole cluster's",
        lambda one: one.action is Action.CREATED and not one.is_out_of_force,
    )


def _notes(changes: Changes, adopts: bool) -> Iterator[Risk]:
    created = [f"{one.namespace}/{one.name}" for one in changes.secrets if one.action is Action.CREATED]
    if adopts and created:
        message = (
            Name("adopt"),
            " is on: what is created may be a Secret that somebody else made, and that is taken over: ",
            *listed(created),
        )
        yield Risk("secret-adopted", Level.NOTE, message, tuple(created))


def _namespaces_that_go(changes: Changes) -> set[str]:
    return {one.name for one in changes.namespaces if one.action in (Action.DELETED, Action.REPLACED)}


def _many(objects: Iterable[object], one: str, more: str) -> str:
    return one if len(list(objects)) == 1 else more
