"""What stands in the way of a stack, judged from what its cluster has. Pure: no Pulumi, no client."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .attachment import OWNER_ANNOTATION, LiveAccount
from .docker_config import SECRET_TYPE
from .names import nearest
from .wording import listed

_FEW = 5
"""Up to so many things of which the same is to be said have a line each."""


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
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for before, where, after in found:
        alike[before, after].append(where)
    for before, where, after in found:
        first, *others = alike[before, after]
        if len(others) < _FEW:
            yield f"{before}{where}{after}"
        elif where == first:
            yield f"{before}{where}{after} (the same with {listed(others)})"


class _Obstacle(NamedTuple):
    before: str
    where: str
    """The object, or the namespace that it isn't in."""
    after: str


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
            yield _namespace(namespace.name, "is being deleted (Terminating); wait until it is gone, or take it out")
            continue
        if namespace.create and found.owner != owner:
            yield _namespace(
                namespace.name,
                f"has create: true but exists, and {_made_by(found.owner)}; "
                f"{_if_renamed(namespace.name, owner) if found.owner else ''}"
                "leave create out, so that a destroy doesn't delete it",
            )
        if not namespace.create and found.owner == owner:
            yield _namespace(
                namespace.name,
                "was made by this stack, and without create: true it would be deleted with all that is in it; give it "
                "create: true, or take it out of the namespaces if it shall go",
            )
        if not namespace.create:
            yield from _missing_accounts(namespace, found)
        yield from _foreign_secrets(namespace.name, found, owner=owner, adopt=adopt)


def _namespace(name: str, said: str) -> _Obstacle:
    return _Obstacle('namespace "', name, f'" {said}')


def _missing_namespace(name: str, known: tuple[str, ...]) -> _Obstacle:
    meant = nearest(name, known)
    hint = f'did you mean "{meant}"? Otherwise' if meant else "correct the name,"
    return _namespace(name, f"does not exist; {hint} create it, or give it create: true")


def _missing_accounts(wanted: WantedNamespace, found: LiveNamespace) -> Iterator[_Obstacle]:
    for account in wanted.service_accounts:
        if account not in found.accounts:
            meant = nearest(account, found.accounts)
            hint = f'did you mean "{meant}"? ' if meant else ""
            there = ", ".join(sorted(found.accounts)[:10]) or "none"
            more = ", …" if len(found.accounts) > 10 else ""
            yield _Obstacle(
                f'ServiceAccount "{account}" does not exist in namespace "',
                wanted.name,
                f'"; {hint}accounts there: {there}{more}; correct the name, or create it first',
            )


def _foreign_secrets(namespace: str, found: LiveNamespace, *, owner: str, adopt: bool) -> Iterator[_Obstacle]:
    for name, secret in sorted(found.secrets.items()):
        said = ""
        if not secret.has_our_type:
            said = (
                f"exists with a type other than {SECRET_TYPE}, and no type can be changed; "
                "delete it, or choose another secretName"
            )
        elif secret.owner != owner and not adopt:
            said = (
                f"exists and {_made_by(secret.owner)}; set adopt: true to take it over"
                f"{' (right after a rename of this stack)' if secret.owner else ''}, or choose another secretName"
            )
        if said:
            yield _Obstacle('Secret "', f"{namespace}/{name}", f'" {said}')


def _if_renamed(namespace: str, owner: str) -> str:
    """Left out, create would delete a namespace that the state of a renamed stack still holds."""
    command = f"kubectl annotate --overwrite namespace {namespace} {OWNER_ANNOTATION}={owner}"
    return f"if that is this stack's former name, type {command}; otherwise "


def _made_by(owner: str | None) -> str:
    return f'was made by "{owner}"' if owner else "was made by somebody else"
