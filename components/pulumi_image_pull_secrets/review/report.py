"""A preview as every report tells it: risks, rows of what changes, the engine's own words and steps. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..admission import POLICY
from ..wording import count, visible
from .changes import AccountChange, Action, Changes, PolicyChange, SecretChange, changes_of, setting
from .engine_json import Preview, Step
from .risks import Pods, Risk, mixed_environments, risks_of
from .wording import Name, Phrase, listed

MOST_NOTES = 50
"""Lines that the program said besides. Our own has one for each pattern and reason; another may print any number."""

WHOLE_CLUSTER = "the whole cluster"
"""Where a namespace's name would stand, which has no spaces."""

_UNTOLD = {"same", "refresh", "read"}
"""Steps that do nothing to the cluster; a refresh at a preview's start has one for each resource."""

_NAMESPACE = {
    Action.CREATED: "created",
    Action.RESTORED: "made again: it is in the stack, and gone from the cluster",
    Action.TAKEN_OVER: "taken over",
    Action.CHANGED: "metadata changed",
    Action.REPLACED: "deleted with all that is in it, and made anew",
    Action.DELETED: "deleted with all that is in it",
    Action.FORGOTTEN: "stays, and the stack forgets it",
}
_SECRET = {
    **_NAMESPACE,
    Action.ROTATED: "password or registries changed",
    Action.REPLACED: "deleted and made anew",
    Action.DELETED: "deleted",
}


@dataclass(frozen=True)
class Row:
    """One object that changes."""

    namespace: str | None
    """None for what is the whole cluster's."""
    kind: str
    """``Namespace``, ``Secret``, ``ServiceAccount`` or ``MutatingAdmissionPolicy``."""
    name: str
    action: Action
    what: Phrase
    """Such as ``regcred`` attached."""
    others: tuple[str, ...] = ()
    """Of an account: somebody else's names on it."""


@dataclass(frozen=True)
class Review:
    """One stack's preview."""

    stack: str
    changes: Changes = field(default_factory=Changes)
    risks: tuple[Risk, ...] = ()
    """The gravest first."""
    errors: tuple[str, ...] = ()
    """Why the preview failed, in the engine's words; empty where it came to its end."""
    warnings: tuple[str, ...] = ()
    """The engine's and the program's."""
    notes: tuple[str, ...] = ()
    """What the program said besides, such as which namespaces patterns chose: a line each, as it can be shown."""
    steps: tuple[str, ...] = ()
    """A line for each step of the engine that does something; no values."""

    @property
    def failed(self) -> bool:
        """Whether nothing can be said of what an up would do."""
        return bool(self.errors)


def review_of(preview: Preview, stack: str, *, error: str | None = None, pods: Pods | None = None) -> Review:
    """The review of one stack. ``error`` is what the engine said besides, where it failed."""
    errors = preview.messages("error")
    if error and not errors:
        errors = (error,)
    elif preview.change_summary is None and not errors:
        errors = ("the preview didn't come to its end: it holds no summary of changes",)
    # Sorted, since the engine previews many at once, and the same preview shall be told in the same way.
    steps = tuple(sorted(_line(step) for step in preview.steps if step and step.op not in _UNTOLD))
    warnings, notes = preview.messages("warning"), _notes(preview)
    if errors:
        return Review(stack, errors=errors, warnings=warnings, notes=notes, steps=steps)
    changes = changes_of(preview)
    risks = risks_of(changes, adopts=setting(preview, "adopt") == "true", pods=pods)
    return Review(stack, changes, risks, warnings=warnings, notes=notes, steps=steps)


def together(reviews: Sequence[Review]) -> list[Review]:
    """The reviews of stacks that change at once, with the risks of that."""
    mixed = mixed_environments(review.stack for review in reviews if review.changes.any)
    return [
        replace(review, risks=(*mixed, *review.risks)) if review.changes.any and mixed else review for review in reviews
    ]


def rows(changes: Changes) -> list[Row]:
    """What is the whole cluster's, then by namespace; in it the namespace itself, its Secrets, its accounts."""
    found = [Row(None, POLICY, one.name, one.action, _of_policy(one)) for one in changes.policies]
    found += [Row(one.name, "Namespace", one.name, one.action, (_NAMESPACE[one.action],)) for one in changes.namespaces]
    found += [Row(one.namespace, "Secret", one.name, one.action, _of_secret(one)) for one in changes.secrets]
    found += [
        Row(one.namespace, "ServiceAccount", one.name, one.action, _of_account(one), one.others)
        for one in changes.accounts
    ]
    return sorted(found, key=lambda row: (row.namespace is not None, row.namespace or ""))


def headline(review: Review) -> str:
    """What the review comes to, in one line that holds nobody's text but ours."""
    if review.failed:
        return "the preview failed"
    told = ", ".join(_tally(review.changes))
    elsewhere, unreadable = sum(number for _, number in review.changes.others), review.changes.unreadable
    if not told and not unreadable:
        told = "no changes of image pull secrets" if elsewhere else "no changes"
    parts = [
        told,
        f"{count(elsewhere, 'change')} elsewhere" if elsewhere else "",
        # These may be changes of anything, so that beside them nothing can be said not to change.
        f"{count(unreadable, 'step')} can't be read" if unreadable else "",
    ]
    return "; ".join(part for part in parts if part)


def others_line(changes: Changes) -> Phrase:
    """What else the engine would do; empty where it would do nothing else."""
    phrase: list[str] = []
    for op, number in changes.others:
        phrase += [", " if phrase else "", f"{number} to ", Name(op)]
    return ["Not about image pull secrets: ", *phrase] if phrase else []


def _tally(changes: Changes) -> Iterator[str]:
    words = {
        "namespace": [one.action.value for one in changes.namespaces],
        "Secret": [one.action.value for one in changes.secrets],
        "ServiceAccount": [_word(one) for one in changes.accounts],
    }
    for kind, told in words.items():
        yield from (f"{count(number, kind)} {word}" for word, number in sorted(Counter(told).items()))
    for word, number in sorted(Counter(one.action.value for one in changes.policies).items()):
        yield f"{number} admission {'policy' if number == 1 else 'policies'} {word}"
    if changes.providers:
        yield "another cluster"


def _word(change: AccountChange) -> str:
    if change.attached and not change.detached:
        return "attached"
    if change.detached and not change.attached:
        return "detached"
    return change.action.value if change.action is Action.FORGOTTEN else "changed"


def _of_secret(change: SecretChange) -> Phrase:
    if change.counterpart is None:
        return (_SECRET[change.action],)
    between = ", in place of " if change.action is Action.CREATED else "; in its place comes "
    return (_SECRET[change.action], between, Name(change.counterpart))


def _of_policy(change: PolicyChange) -> Phrase:
    chosen = "chooses no ServiceAccount any more" if change.is_out_of_force else "which ServiceAccounts it chooses"
    differs = {
        chosen: change.chooses_otherwise,
        "what ServiceAccounts made later get": change.gives_otherwise,
    }
    told = [words for words, is_so in differs.items() if is_so]
    if change.action is Action.CHANGED:
        return (f"changed: {', and '.join(told)}" if told else "changed, and does what it did",)
    return (_SECRET[change.action],)


def _of_account(change: AccountChange) -> Phrase:
    if change.after is None:
        return ("its list shows in the up only",)
    if change.action is Action.FORGOTTEN:
        return ("stays as it is, and the stack forgets it",)
    parts: list[Phrase] = []
    if len(change.attached) == len(change.detached) == 1:
        parts.append((Name(change.detached[0]), " → ", Name(change.attached[0])))
    else:
        parts += [(*listed(names), f" {word}") for names, word in _moves(change) if names]
    if change.lost:
        parts.append(("somebody else's ", *listed(change.lost), " taken off"))
    if not parts:
        return ("applied again; the list stays as it is" if change.before == change.after else "in another order",)
    return [part for number, phrase in enumerate(parts) for part in ([", "] if number else []) + list(phrase)]


def _moves(change: AccountChange) -> tuple[tuple[tuple[str, ...], str], ...]:
    return ((change.attached, "attached"), (change.detached, "detached"))


def _notes(preview: Preview) -> tuple[str, ...]:
    lines = [line for message in preview.notes for line in message.splitlines() if line.strip()]
    left = len(lines) - MOST_NOTES
    more = [f"… {count(left, 'more line')}"] if left > 0 else []
    return (*map(visible, lines[:MOST_NOTES]), *more)


def _line(step: Step) -> str:
    paths = f" [{', '.join(step.paths)}]" if step.paths else ""
    return visible(f"{step.op} {step.types[-1]} {step.name}{paths}")
