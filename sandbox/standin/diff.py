"""What an update would change, and whether it can be done in place. Pure.

Mirrors ``provider/pkg/provider/{provider,diff,util}.go``: new inputs are compared with the live object, pruned to the
shape of the old inputs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_READ_ONLY_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
_MISSING = object()


@dataclass
class Diff:
    """Property paths by what happens to them."""

    added: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    replaces: list[str] = field(default_factory=list)
    """Those of the paths that can't be changed in place."""
    delete_before_replace: bool = False

    @property
    def changed(self) -> list[str]:
        """All paths."""
        return [*self.added, *self.deleted, *self.updated]


def normalized(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs without what the server alone writes, and without the empty lists and maps that Go's types omit."""
    result = {key: _without_empty(value) for key, value in inputs.items() if value is not None}
    metadata = {key: value for key, value in result.get("metadata", {}).items() if key not in _READ_ONLY_METADATA}
    pruned = {key: value for key, value in result.items() if key == "metadata" or not _is_empty(value)}
    return {**pruned, "metadata": {key: value for key, value in metadata.items() if not _is_empty(value)}}


def pruned(live: Any, shape: Any) -> Any:
    """The live value with only the keys, and as many list elements, as ``shape`` has (``util.go``, pruneMap)."""
    if isinstance(live, Mapping) and isinstance(shape, Mapping):
        return {key: pruned(value, shape[key]) for key, value in live.items() if key in shape}
    if isinstance(live, list) and isinstance(shape, list):
        return [pruned(value, target) for value, target in zip(live, shape, strict=False)]
    return live


def compare(
    old_inputs: Mapping[str, Any], live: Mapping[str, Any], new_inputs: Mapping[str, Any], *, is_patch: bool,
    secrets_are_mutable: bool,
) -> Diff:  # fmt: skip
    """The diff between the live object and the new inputs."""
    old = pruned(live, normalized(old_inputs))
    new = normalized(new_inputs)
    diff = Diff()
    _walk("", old, new, diff)
    immutable = {"metadata.name", "metadata.namespace"}
    if new.get("kind") == "Secret" and not is_patch:
        immutable.add("type")
        if not secrets_are_mutable or new.get("immutable"):
            immutable.update(("data", "stringData"))
    diff.replaces = [path for path in diff.changed if _within(path, immutable)]
    same_object = all(
        new["metadata"].get(key) == live.get("metadata", {}).get(key) for key in ("name", "namespace")
    )
    diff.delete_before_replace = bool(diff.replaces) and same_object
    return diff


def _walk(path: str, old: Any, new: Any, diff: Diff) -> None:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            _walk(_join(path, key), old.get(key, _MISSING), new.get(key, _MISSING), diff)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            left = old[index] if index < len(old) else _MISSING
            right = new[index] if index < len(new) else _MISSING
            _walk(f"{path}[{index}]", left, right, diff)
    elif old is _MISSING:
        diff.added.append(path)
    elif new is _MISSING:
        diff.deleted.append(path)
    elif old != new:
        diff.updated.append(path)


def _join(path: str, key: str) -> str:
    if not key.replace("_", "").isalnum():
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _within(path: str, roots: Iterable[str]) -> bool:
    return any(path == root or path.startswith((f"{root}.", f"{root}[")) for root in roots)


def _is_empty(value: Any) -> bool:
    return isinstance(value, (Mapping, list)) and not value


def _without_empty(value: Any) -> Any:
    if isinstance(value, Mapping):
        cleaned = {key: _without_empty(item) for key, item in value.items() if item is not None}
        return {key: item for key, item in cleaned.items() if not _is_empty(item)}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value
