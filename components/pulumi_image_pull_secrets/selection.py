"""Which namespaces and accounts names, globs and label selectors mean in a cluster. Pure: no Pulumi, no client.

Each entry of ``namespaces`` adds; ``exclude`` and the annotation take away, whatever an entry says. What only a pattern
chose may be missing tomorrow, so that no account in it has to be there.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from . import label_selector, patterns
from .attachment import EXCLUDE_ANNOTATION, has_opted_out, owner_in
from .label_selector import LabelSelector
from .preflight import LiveNamespace, WantedNamespace
from .validation import DEFAULT_ACCOUNTS
from .wording import count, listed, names

SYSTEM_NAMESPACES = (
    "kube-*", "openshift", "openshift-*", "gke-*", "gmp-*", "aks-*", "amazon-*", "azure-*", "calico-*", "tigera-*",
    "app-routing-system", "gatekeeper-system",
)  # fmt: skip
"""Of Kubernetes itself and of those who provide clusters. No pattern chooses them; their name does."""

_MANY = 20
_DELETED = "left out, it would be deleted with all that is in it"
_OPTED_OUT = f"left out by their annotation {EXCLUDE_ANNOTATION}"
_TERMINATING = "left out, since they are being deleted (Terminating)"


@dataclass(frozen=True)
class NamespaceSeen:
    """What choosing looks at."""

    name: str
    labels: Mapping[str, str]
    is_excluded: bool = False
    is_terminating: bool = False
    owner: str | None = None
    """The component that made it, if one did."""

    @classmethod
    def parse(cls, metadata: Mapping[str, Any]) -> "NamespaceSeen":
        """From a namespace's ``metadata``, as the API server writes it."""
        labels = metadata.get("labels") or {}
        is_terminating = "deletionTimestamp" in metadata
        return cls(metadata["name"], labels, has_opted_out(metadata), is_terminating, owner_in(metadata))


@dataclass(frozen=True)
class Entry:
    """One entry of ``namespaces`` or of ``exclude``."""

    place: str
    """Such as ``namespaces[0]``."""
    text: str
    """The name, the glob or the selector, as it was written."""
    selector: LabelSelector | None = None
    accounts: tuple[str, ...] = DEFAULT_ACCOUNTS
    """Names and globs."""
    create: bool = False
    allow_empty: bool = False

    @property
    def is_pattern(self) -> bool:
        """Whether it may choose more than one namespace, or none."""
        return self.selector is not None or patterns.is_pattern(self.text)

    def matches(self, namespace: NamespaceSeen) -> bool:
        """Whether it means this one, system namespaces and opted-out ones included."""
        if self.selector is not None:
            return self.selector.matches(namespace.labels)
        return patterns.matches(self.text, namespace.name)

    def __str__(self) -> str:
        return f"{self.place} ({self.text})"


@dataclass(frozen=True)
class Selection:
    """What a configuration chooses."""

    entries: tuple[Entry, ...]
    exclude: tuple[Entry, ...] = ()

    @classmethod
    def parse(cls, args: Mapping[str, Any]) -> "Selection":
        """From arguments without mistakes, in Python's names."""
        return cls(tuple(_entries(args, "namespaces")), tuple(_entries(args, "exclude")))

    @property
    def needs_all_namespaces(self) -> bool:
        """Whether only a list of the cluster's namespaces tells what it means."""
        return any(entry.is_pattern for entry in self.entries)

    @property
    def named(self) -> tuple["Choice", ...]:
        """The namespaces that are given by their name."""
        return tuple(Choice(entry.text, (entry,)) for entry in self.entries if not entry.is_pattern)


@dataclass(frozen=True)
class Choice:
    """One namespace, and the entries that chose it."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def create(self) -> bool:
        """Whether the namespace is to be made."""
        return any(entry.create for entry in self.entries)


_Chosen = TypeVar("_Chosen")


@dataclass(frozen=True)
class Outcome(Generic[_Chosen]):
    """What was chosen, what to tell of it, and a line for each pattern that matched nothing."""

    namespaces: tuple[_Chosen, ...]
    notes: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()


def choose(selection: Selection, seen: Mapping[str, NamespaceSeen], *, owner: str | None = None) -> Outcome[Choice]:
    """The namespaces that are meant, by name.

    ``seen`` may lack one that is given by name: whether that may be is said elsewhere. ``owner`` is who chooses: what
    it made must not be left out, since it would be deleted.
    """
    reasons: dict[str, set[str]] = {}
    chosen: dict[str, list[Entry]] = {}
    notes: list[str] = []
    obstacles: list[str] = []
    for entry in selection.entries:
        if entry.is_pattern:
            matched = sorted(name for name, namespace in seen.items() if entry.matches(namespace))
            if not matched and not entry.allow_empty:
                obstacles.append(f"{entry} matches no namespace; correct it, or set allowEmpty: true")
        else:
            matched = [entry.text]
        kept = []
        against: set[str] = set()
        for name in matched:
            reason = _reason_against(selection, entry, name, seen.get(name))
            if reason and entry.create:
                obstacles.append(f"{entry} has create: true and is {reason}; {_DELETED}; take one of the two out")
            elif reason:
                against.add(reason)
                reasons.setdefault(reason, set()).add(name)
            else:
                if name in seen and seen[name].is_excluded:
                    notes.append(f"{entry} has create: true, so that its annotation {EXCLUDE_ANNOTATION} doesn't count")
                chosen.setdefault(name, []).append(entry)
                kept.append(name)
        if entry.is_pattern:
            notes.append(f"{entry} chooses {count(len(kept), 'namespace')}{_listing(kept)}")
            # What others bring about, an annotation or a deletion, is for no stack to fail at.
            if against and not kept and not entry.allow_empty and not against & {_OPTED_OUT, _TERMINATING}:
                obstacles.append(
                    f"{entry} chooses no namespace: what it matches is {' or '.join(sorted(against))}; correct it, or "
                    "set allowEmpty: true"
                )
    obstacles += _made_and_left_out(selection, seen, reasons, owner, chosen)
    notes += [f"{reason}: {names('namespace', found, _MANY)}" for reason, found in sorted(reasons.items())]
    notes += [f"{entry} excludes nothing" for entry in selection.exclude if not any(map(entry.matches, seen.values()))]
    choices = tuple(Choice(name, tuple(entries)) for name, entries in sorted(chosen.items()))
    return Outcome(choices, tuple(notes), tuple(obstacles))


def choose_accounts(choices: Collection[Choice], live: Mapping[str, LiveNamespace]) -> Outcome[WantedNamespace]:
    """Each chosen namespace with the accounts in it that are meant.

    An account that an entry names in a namespace that it names is wanted whether it is there or not. All else is
    chosen from what is there.
    """
    missing: dict[tuple[Entry, str], list[str]] = {}
    opted_out: set[str] = set()
    wanted = []
    for choice in choices:
        found = live.get(choice.name, LiveNamespace()).accounts
        accounts: dict[str, None] = {}
        for entry in choice.entries:
            for text in entry.accounts:
                if not entry.is_pattern and not patterns.is_pattern(text):
                    accounts[text] = None
                    continue
                matched = sorted(name for name in found if patterns.matches(text, name))
                accounts.update(dict.fromkeys(matched))
                if not matched:
                    missing.setdefault((entry, text), []).append(choice.name)
        opted_out |= {f"{choice.name}/{name}" for name in accounts if name in found and found[name].has_opted_out}
        kept = tuple(name for name in accounts if f"{choice.name}/{name}" not in opted_out)
        wanted.append(WantedNamespace(choice.name, kept, choice.create))
    notes = []
    if opted_out:
        notes.append(f"left out by their annotation {EXCLUDE_ANNOTATION}: {names('ServiceAccount', opted_out, _MANY)}")
    obstacles = []
    for (entry, text), namespaces in missing.items():
        chosen = sum(entry in choice.entries for choice in choices)
        if len(namespaces) < chosen or entry.allow_empty:
            where = f"{len(namespaces)} of {count(chosen, 'namespace')}"
            notes.append(f"{entry} finds no ServiceAccount {text} in {where}: {listed(namespaces, _MANY)}")
        else:
            where = "it" if chosen == 1 else "any of them"
            obstacles.append(
                f"{entry} chooses {count(chosen, 'namespace')}, and no ServiceAccount {text} is in {where}; "
                "correct it, or set allowEmpty: true"
            )
    return Outcome(tuple(wanted), tuple(notes), tuple(obstacles))


def _reason_against(selection: Selection, entry: Entry, name: str, found: NamespaceSeen | None) -> str:
    """Why the namespace of this name, which an entry means, is left out, or nothing."""
    namespace = found or NamespaceSeen(name, {label_selector.NAME_LABEL: name})
    for exclusion in selection.exclude:
        # One that is neither there nor to be made is missing, whatever labels it would have.
        if exclusion.matches(namespace) and (found or entry.create or exclusion.selector is None):
            return f"left out by {exclusion}"
    # Out of the configuration, a namespace that the stack made is deleted.
    if namespace.is_excluded and not entry.create:
        return _OPTED_OUT
    if not entry.is_pattern:
        return ""
    if any(patterns.matches(system, name) for system in SYSTEM_NAMESPACES):
        return "left out, since a system namespace has to be named"
    if namespace.is_terminating:
        return _TERMINATING
    return ""


def _made_and_left_out(
    selection: Selection,
    seen: Mapping[str, NamespaceSeen],
    reasons: Mapping[str, Collection[str]],
    owner: str | None,
    chosen: Collection[str],
) -> Iterator[str]:
    """Lines on namespaces of ``owner`` that would be deleted, though entries mean them.

    One that ``exclude`` has by its name shall go; what has ``create: true`` is told elsewhere.
    """
    excluded = {entry.text for entry in selection.exclude if not entry.is_pattern}
    decided = {*chosen, *excluded, *(entry.text for entry in selection.entries if entry.create)}
    for reason, found in sorted(reasons.items()):
        made = [name for name in sorted(found) if owner and name in seen and seen[name].owner == owner]
        would_go = [name for name in made if name not in decided and not seen[name].is_terminating]
        if would_go:
            yield (
                f"{names('namespace', would_go, _MANY)}, which this stack made: {reason}; {_DELETED}; name it with "
                "create: true and let no exclude mean it, or, if it shall go, exclude it by its name or name it no more"
            )


def _listing(namespaces: list[str]) -> str:
    return f": {listed(namespaces, _MANY)}" if namespaces else ""


def _entries(args: Mapping[str, Any], key: str) -> Iterator[Entry]:
    for index, entry in enumerate(args.get(key) or ()):
        selector = entry.get("selector")
        yield Entry(
            place=f"{key}[{index}]",
            text=entry["name"] if selector is None else selector,
            selector=None if selector is None else label_selector.parse(selector),
            accounts=tuple(entry.get("service_accounts", DEFAULT_ACCOUNTS)),
            create=entry.get("create", False),
            allow_empty=entry.get("allow_empty", False),
        )
