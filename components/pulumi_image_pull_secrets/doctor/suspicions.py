"""What may be wrong, before it is known which pods fail because of it; and how it becomes a finding. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..wording import listed
from .findings import Check, Finding, finding
from .groups import Alike, Group

Place = tuple[str, str, str]
"""Namespace, kind and name of an object."""
Explains = Callable[[Alike, str], bool]
"""Whether something explains that pods don't get an image."""


def always(_pods: Alike, _image: str) -> bool:
    """Explains whatever fails."""
    return True


@dataclass(frozen=True)
class Suspicion:
    """Something that is wrong with one object. Two are the same when they say the same of it."""

    check: Check
    place: Place
    what: str
    """The message, but for the pods that fail."""
    fix: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What the fix needs besides the object's names."""
    explains: Explains = field(default=always, compare=False, repr=False)
    hit: Sequence[Group] = field(default=(), compare=False, repr=False)
    """The pods that it concerns, where none fails because of it."""
    quiet: str | None = field(default="", compare=False)
    """What to add to the message where no pod fails because of it; None where it isn't told then."""
    is_milder: bool = field(default=True, compare=False)
    """Whether it is milder where no pod fails because of it, if its check can be."""
    is_owners: bool = field(default=False, compare=False)
    """Whether it is told of the owner of the pods where they have but one, instead of what they share."""
    command: str = field(default="", compare=False)
    """A template of a fix in place of the check's, where that isn't right for this object."""


@dataclass
class Failing:
    """The pods that fail because of one suspicion."""

    groups: dict[Alike, Group] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)

    def add(self, group: Group, said: str) -> None:
        """Counts pods; those that lack two images once."""
        self.groups[group.alike] = group
        self.said |= {said} - {""}


def told(suspicion: Suspicion, failing: Failing | None) -> Finding | None:
    """The finding that a suspicion comes to, if it is told at all."""
    if failing is None and suspicion.quiet is None:
        return None
    groups = suspicion.hit if failing is None else failing.groups.values()
    owners = {(group.alike.namespace, *group.alike.owner) for group in groups}
    place = min(owners) if suspicion.is_owners and len(owners) == 1 else suspicion.place
    message = suspicion.what
    if failing is None:
        message += f"; {suspicion.quiet}" if suspicion.quiet else ""
    else:
        message += f"; {_objects(owners, place)} can't pull" if owners != {place} else ""
        message += f": {min(failing.said)}" if failing.said else ""
    return finding(
        suspicion.check,
        *place,
        message,
        pods=sum(group.count for group in groups),
        is_milder=failing is None and suspicion.is_milder,
        images=frozenset(need.image for group in groups for need in group.alike.needs),
        command=suspicion.command,
        **suspicion.fix,
    )


def _objects(owners: Iterable[Place], place: Place) -> str:
    return listed(
        f"{kind} {name}" if namespace == place[0] else f"{kind} {namespace}/{name}" for namespace, kind, name in owners
    )
