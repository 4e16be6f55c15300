"""Which names an account's ``imagePullSecrets`` list shall hold. Pure: no Pulumi, no client.

``imagePullSecrets`` is an *atomic* list in server-side apply: whoever applies it replaces it whole. So what others
put there has to be read, kept, and applied again together with ours.
https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ANNOTATION_PREFIX = "image-pull-secrets/"
"""What every annotation of ours on a shared object starts with; the owner follows."""
OWNER_ANNOTATION = f"{ANNOTATION_PREFIX}owner"
"""On Secrets and namespaces that a component made: whose they are."""
EXCLUDE_ANNOTATION = f"{ANNOTATION_PREFIX}exclude"
"""With the value ``true`` on a namespace or a ServiceAccount: nothing is put there, whatever is configured."""

PLACEHOLDER = ""
"""The name of an entry that stands for nothing: the kubelet and the API server pass it over."""

_MAX_OWNER = 63
_DIGEST_LENGTH = 10


@dataclass(frozen=True)
class LiveAccount:
    """What one ServiceAccount holds now."""

    pull_secrets: tuple[str, ...] = ()
    """The names in its ``imagePullSecrets``, in order."""
    annotation: str | None = None
    """The value of this owner's annotation, which holds the names that it attached."""
    annotation_is_shared: bool = False
    """Whether not exactly one field manager, which applies, holds the annotation: omitting it wouldn't remove it."""
    list_is_shared: bool = False
    """Whether not just the annotation's one field manager holds the list: omitting it wouldn't remove it."""
    has_opted_out: bool = False
    """Whether it carries the annotation by which it is left out."""

    @classmethod
    def parse(cls, account: Mapping[str, Any], owner: str) -> "LiveAccount":
        """From an account as the API server writes it, in JSON's terms.

        Without ``managedFields`` nothing is known of who holds what; an empty list says that nobody holds anything.
        """
        metadata = account.get("metadata") or {}
        is_told = metadata.get("managedFields") is not None
        key = annotation_key(owner)
        fields = [(entry, entry.get("fieldsV1") or {}) for entry in metadata.get("managedFields") or []]
        with_annotation = {_manager(entry) for entry, held in fields if _holds(held, "metadata", "annotations", key)}
        with_list = {_manager(entry) for entry, held in fields if _holds(held, "imagePullSecrets")}
        # Pulumi applies, so who updated is somebody else. What nobody holds isn't removed by omitting it either: from
        # the first apply on, "before-first-apply" holds what was there, such as what an admission policy added.
        ours = with_annotation if [operation for _, operation in with_annotation] == ["Apply"] else set()
        pull_secrets = tuple(entry["name"] for entry in account.get("imagePullSecrets") or [] if entry.get("name"))
        annotation = (metadata.get("annotations") or {}).get(key)
        return cls(
            pull_secrets=pull_secrets,
            annotation=annotation,
            annotation_is_shared=is_told and annotation is not None and not ours,
            list_is_shared=is_told and bool(pull_secrets) and not (ours and with_list == ours),
            has_opted_out=has_opted_out(metadata),
        )


@dataclass(frozen=True)
class Attachment:
    """What one ServiceAccount shall hold."""

    pull_secrets: tuple[str, ...]
    """The whole new ``imagePullSecrets``, in order; an empty name is a placeholder (see merge)."""
    attached: tuple[str, ...]
    """The names in it that are ours, in order."""
    annotation: str | None
    """The new value of the owner's annotation; None where it shall not be there."""

    @property
    def has_foreign_entries(self) -> bool:
        """Whether somebody else's entries are in the list, so that deleting it would take them away."""
        return any(name and name not in self.attached for name in self.pull_secrets)


def merge(live: LiveAccount, *, wanted: Iterable[str], retired: Iterable[str] = ()) -> Attachment:
    """The list that keeps every foreign entry in its order and holds exactly ours besides.

    Ours are the names in the owner's annotation, and every wanted and retired name, which are Secrets of ours
    whatever the annotation says (somebody may have edited it). Of ours, the wanted ones stay where they are or
    are appended; the others are dropped.

    A field that another field manager holds too stays when we omit it; only another value, forced, makes us its one
    manager. So an empty list is first applied as one entry without a name, and can be omitted the next time; and the
    annotation is written in another spelling.

    The provider compares as many entries as its last inputs had, so that it doesn't see one go from the end. Then the
    annotation is written in another spelling, too, or without names, to make it look.
    https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/util.go (pruneSlice)
    """
    wanted = tuple(dict.fromkeys(wanted))
    ours = parse_annotation(live.annotation).union(wanted, retired)
    kept = [name for name in dict.fromkeys(live.pull_secrets) if name in wanted or name not in ours]
    kept += [name for name in wanted if name not in kept]
    attached = tuple(name for name in kept if name in wanted)
    is_cut = bool(kept) and set(kept) < set(live.pull_secrets) and live.pull_secrets[: len(kept)] == tuple(kept)
    if not kept and live.pull_secrets and live.list_is_shared:
        kept = [PLACEHOLDER]
    return Attachment(tuple(kept), attached, _annotation(live, attached, is_cut=is_cut))


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


def has_opted_out(metadata: Mapping[str, Any]) -> bool:
    """Whether a namespace or an account, by its ``metadata``, carries the annotation by which it is left out."""
    return (metadata.get("annotations") or {}).get(EXCLUDE_ANNOTATION) == "true"


def owner_in(metadata: Mapping[str, Any]) -> str | None:
    """Which component made a Secret or a namespace, by its ``metadata``; None where it was another tool."""
    owner: str | None = (metadata.get("annotations") or {}).get(OWNER_ANNOTATION)
    return owner


def annotation_key(owner: str) -> str:
    """The annotation on an account that holds the names which ``owner`` attached."""
    return ANNOTATION_PREFIX + owner


def parse_annotation(value: str | None) -> frozenset[str]:
    """The names in an annotation's value, however somebody edited it."""
    return frozenset(name.strip() for name in (value or "").split(",") if name.strip())


def _annotation(live: LiveAccount, attached: Sequence[str], *, is_cut: bool) -> str | None:
    spellings = (",".join(attached), ",".join(attached) + ",")
    if live.annotation_is_shared or (is_cut and (attached or live.annotation is None)):
        return next(spelling for spelling in spellings if spelling != live.annotation)
    if not attached:
        return None
    return live.annotation if live.annotation in spellings else spellings[0]


def _manager(entry: Mapping[str, Any]) -> tuple[str, str]:
    return str(entry.get("manager")), str(entry.get("operation"))


def _holds(fields: Any, *path: str) -> bool:
    """Whether a set of managed fields has the one at ``path``.

    https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
    """
    for part in path:
        if not isinstance(fields, Mapping) or f"f:{part}" not in fields:
            return False
        fields = fields[f"f:{part}"]
    return True
