"""Which names an account's ``imagePullSecrets`` list shall hold. Pure: no Pulumi, no client.

``imagePullSecrets`` is an *atomic* list in server-side apply: whoever applies it replaces it whole. So what others
put there has to be read, kept, and applied again together with ours.
https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ANNOTATION_PREFIX = "image-pull-secrets/"
"""What every annotation of ours on a shared object starts with; the owner follows."""
OWNER_ANNOTATION = f"{ANNOTATION_PREFIX}owner"
"""On Secrets and namespaces that a component made: whose they are."""

_MAX_OWNER = 63
_DIGEST_LENGTH = 10


@dataclass(frozen=True)
class LiveAccount:
    """What one ServiceAccount holds now."""

    pull_secrets: tuple[str, ...] = ()
    """The names in its ``imagePullSecrets``, in order."""
    attached_before: frozenset[str] = frozenset()
    """The names that this owner attached, by its annotation on the account."""


@dataclass(frozen=True)
class Attachment:
    """What one ServiceAccount shall hold."""

    pull_secrets: tuple[str, ...]
    """The whole new ``imagePullSecrets``, in order."""
    attached: tuple[str, ...]
    """The names in it that are ours, in order."""

    @property
    def has_foreign_entries(self) -> bool:
        """Whether somebody else's entries are in the list, so that deleting it would take them away."""
        return len(self.pull_secrets) > len(self.attached)


def merge(live: LiveAccount, *, wanted: Iterable[str], retired: Iterable[str] = ()) -> Attachment:
    """The list that keeps every foreign entry in its order and holds exactly ours besides.

    Ours are the names in the owner's annotation, and every wanted and retired name, which are Secrets of ours
    whatever the annotation says (somebody may have edited it). Of ours, the wanted ones stay where they are or
    are appended; the others are dropped.
    """
    wanted = tuple(dict.fromkeys(wanted))
    ours = live.attached_before.union(wanted, retired)
    kept = [name for name in dict.fromkeys(live.pull_secrets) if name in wanted or name not in ours]
    kept += [name for name in wanted if name not in kept]
    return Attachment(pull_secrets=tuple(kept), attached=tuple(name for name in kept if name in wanted))


def owner_of(*, project: str, stack: str, component: str) -> str:
    """Who attaches: one component in one stack of one project, as a name that an annotation key can hold.

    At most 63 characters of letters, digits, ``-``, ``_`` and ``.``; where the plain ``project.stack.component``
    isn't that, it is shortened and a digest keeps it unique.
    https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/#syntax-and-character-set
    """
    parts = (project, stack, component)
    plain = ".".join(parts)
    if len(plain) <= _MAX_OWNER and all(
        re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_]*[A-Za-z0-9])?", part) for part in parts
    ):
        return plain
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    readable = re.sub(r"[^-A-Za-z0-9_.]", "-", plain)[: _MAX_OWNER - _DIGEST_LENGTH - 1].strip("-_.")
    return f"{readable}-{digest}" if readable else digest


def annotation_key(owner: str) -> str:
    """The annotation on an account that holds the names which ``owner`` attached."""
    return ANNOTATION_PREFIX + owner


def format_annotation(attached: Sequence[str]) -> str:
    """The annotation's value: the names, in order, with commas between (no Secret's name can hold one)."""
    return ",".join(attached)


def parse_annotation(value: str | None) -> frozenset[str]:
    """The names in an annotation's value, however somebody edited it."""
    return frozenset(name.strip() for name in (value or "").split(",") if name.strip())
