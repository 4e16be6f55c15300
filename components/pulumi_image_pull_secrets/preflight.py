"""What stands in the way of a stack, judged from what its cluster has. Pure: no Pulumi, no client."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .attachment import OWNER_ANNOTATION, LiveAccount
from .docker_config import SECRET_TYPE
from .names import nearest
from .wording import line, listed

_MOST_LINES = 5
"""Up to so many objects of which the same is to be said have a line each."""
_MOST_NAMES = 30
"""So many of the others are named."""
_HERE = "\0"
"""Stands for the object's name in what is said of it; no name can hold it."""


@dataclass(frozen=True)
class LiveSecret:
    """A Secret of one of the names that the stack wants."""

    owner: str | None
    """Who made it, by its annotation; None is somebody with another tool."""
    has_our_type: bool
    """Whether its type is ``kubernetes.io/dockerconfigjson``; a type never changes."""


@dataclass(frozen=True)
class LiveNamespace:
    """One namespace that is there."""

    owner: str | None = None
    """The component that made it, by its annotation."""
    terminating: bool = False
    accounts: Mapping[str, LiveAccount] = field(default_factory=dict)
    secrets: Mapping[str, LiveSecret] = field(default_factory=dict)


@dataclass(frozen=True)
class WantedNamespace:
    """One namespace as the configuration has it."""

    name: str
    service_accounts: tuple[str, ...]
    create: bool


def find_obstacles(
    wanted: tuple[WantedNamespace, ...],
    live: Mapping[str, LiveNamespace],
    *,
    owner: str,
    adopt: bool,
    known_namespaces: tuple[str, ...] = (),
) -> Iterator[str]:
    """One line for each thing that is missing or in the way, with what to do about it.

    Where it is the same with many, as with a thousand namespaces in the wrong cluster, one line is for all of them.
    ``known_namespaces`` are names to guess from where one is missing.
    """
    found = list(_obstacles(wanted, live, owner=owner, adopt=adopt, known_namespaces=known_namespaces))
    alike: dict[str, list[str]] = defaultdict(list)
    for name, said in found:
        alike[said].append(name)
    for name, said in found:
        names = alike[said]
        if len(names) <= _MOST_LINES:
            yield said.replace(_HERE, name)
        elif name == names[0]:
            yield f"{said.replace(_HERE, name)} (the same with {listed(names[1:], _MOST_NAMES)})"


class _Obstacle(NamedTuple):
    name: str
    """Of the object, or of the namespace where it isn't."""
    said: str
    """With ``_HERE`` for the name."""


def _obstacles(
    wanted: tuple[WantedNamespace, ...],
    live: Mapping[str, LiveNamespace],
    *,
    owner: str,
    adopt: bool,
    known_namespaces: tuple[str, ...],
) -> Iterator[_Obstacle]:
    for namespace in wanted:
        found = live.get(namespace.name)
        if found is None:
            if not namespace.create:
                yield _missing_namespace(namespace.name, known_namespaces)
            continue
        if found.terminating:
            said = "is being deleted (Terminating); wait until it is gone, or take it out"
            yield _Obstacle(namespace.name, f'namespace "{_HERE}" {said}')
            continue
        if namespace.create and found.owner != owner:
            yield _Obstacle(
                namespace.name,
                f'namespace "{_HERE}" has create: true but exists, and {_made_by(found.owner)}; '
                f"{_if_renamed(owner) if found.owner else ''}leave create out, so that a destroy doesn't delete it",
            )
        if not namespace.create and found.owner == owner:
            yield _Obstacle(
                namespace.name,
                f'namespace "{_HERE}" was made by this stack, and without create: true it would be deleted with all '
                "that is in it; give it create: true, or take it out of the namespaces if it shall go",
            )
        if not namespace.create:
            yield from _missing_accounts(namespace, found)
        yield from _foreign_secrets(namespace.name, found, owner=owner, adopt=adopt)


def _missing_namespace(name: str, known: tuple[str, ...]) -> _Obstacle:
    meant = nearest(name, known)
    hint = f'did you mean "{meant}"? Otherwise' if meant else "correct the name,"
    return _Obstacle(name, f'namespace "{_HERE}" does not exist; {hint} create it, or give it create: true')


def _missing_accounts(wanted: WantedNamespace, found: LiveNamespace) -> Iterator[_Obstacle]:
    for account in wanted.service_accounts:
        if account not in found.accounts:
            meant = nearest(account, found.accounts)
            hint = f'did you mean "{meant}"? ' if meant else ""
            there = ", ".join(sorted(found.accounts)[:10]) or "none"
            more = ", …" if len(found.accounts) > 10 else ""
            yield _Obstacle(
                wanted.name,
                f'ServiceAccount "{account}" does not exist in namespace "{_HERE}"; {hint}'
                f"accounts there: {there}{more}; correct the name, or create it first",
            )


def _foreign_secrets(namespace: str, found: LiveNamespace, *, owner: str, adopt: bool) -> Iterator[_Obstacle]:
    for name, secret in sorted(found.secrets.items()):
        place = f"{namespace}/{name}"
        if not secret.has_our_type:
            yield _Obstacle(
                place,
                f'Secret "{_HERE}" exists with a type other than {SECRET_TYPE}, and no type can be changed; '
                "delete it, or choose another secretName",
            )
        elif secret.owner != owner and not adopt:
            yield _Obstacle(
                place,
                f'Secret "{_HERE}" exists and {_made_by(secret.owner)}; set adopt: true to take it over'
                f"{' (right after a rename of this stack)' if secret.owner else ''}, or choose another secretName",
            )


def _if_renamed(owner: str) -> str:
    """Left out, create would delete a namespace that the state of a renamed stack still holds."""
    command = f"kubectl annotate --overwrite namespace {_HERE} {OWNER_ANNOTATION}={owner}"
    return f"if that is this stack's former name, type {command}; otherwise "


def _made_by(owner: str | None) -> str:
    # An annotation, which others may write.
    return f'was made by "{line(owner)}"' if owner else "was made by somebody else"
