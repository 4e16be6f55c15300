"""What an update would change, and whether it can be done in place. Pure.

Mirrors ``provider/pkg/provider/{provider,diff,util}.go``: new inputs are compared with the live object, pruned to the
shape of the old inputs.
"""

import base64
import binascii
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
    """Inputs in the shape that the server gives them back in, without what the server alone writes.

    A Secret's ``stringData`` becomes ``data``; everywhere else, empty lists and maps go, which Go's types omit
    (``provider/pkg/clients/unstructured.go``). A Secret keeps its empty ones, so that they differ for ever.
    """
    result = _normalized_secret(inputs) if _is_secret(inputs) else _without_empty(inputs)
    if isinstance(result.get("metadata"), Mapping):
        metadata = {key: value for key, value in result["metadata"].items() if key not in _READ_ONLY_METADATA}
        result["metadata"] = metadata
    return result


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
    new = normalized(new_inputs)
    old = pruned(live, normalized(old_inputs))
    _identify(old, live, new)
    diff = Diff()
    _walk("", old, new, diff)
    immutable = {"metadata.name", "metadata.namespace"}
    if _is_secret(new) and not is_patch:
        immutable.add("type")
        if not secrets_are_mutable or new.get("immutable"):
            immutable.update(("data", "stringData"))
    diff.replaces = [path for path in diff.changed if _within(path, immutable)]
    same_object = all(_metadata(new).get(key) == _metadata(live).get(key) for key in ("name", "namespace"))
    diff.delete_before_replace = bool(diff.replaces) and same_object
    return diff


def _identify(old: dict[str, Any], live: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Which object it is comes from the live one, whatever the old inputs said of it."""
    for key in ("apiVersion", "kind"):
        old.setdefault(key, new.get(key))
    if not isinstance(new.get("metadata"), Mapping):
        return
    metadata = old["metadata"] = dict(_metadata(old))
    if new["metadata"].get("name"):
        metadata["name"] = _metadata(live).get("name")
    if new["metadata"].get("namespace"):
        metadata.setdefault("namespace", "default")


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
    if any(character in '."[]' for character in key):
        quoted = key.replace('"', '\\"')
        return f'{path}["{quoted}"]'
    return f"{path}.{key}" if path else key


def _within(path: str, roots: Iterable[str]) -> bool:
    return any(path == root or path.startswith((f"{root}.", f"{root}[")) for root in roots)


def _metadata(values: Mapping[str, Any]) -> Mapping[str, Any]:
    found = values.get("metadata")
    return found if isinstance(found, Mapping) else {}


def _is_secret(values: Mapping[str, Any]) -> bool:
    return values.get("kind") == "Secret" and values.get("apiVersion") in ("v1", "core/v1")


def _normalized_secret(inputs: Mapping[str, Any]) -> dict[str, Any]:
    result = {key: value for key, value in inputs.items() if value is not None}
    data, texts = result.get("data"), result.get("stringData")
    if isinstance(texts, Mapping) and texts and all(isinstance(text, str) for text in texts.values()):
        del result["stringData"]
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
        result["data"] = {**(data if isinstance(data, Mapping) else {}), **encoded}
    elif isinstance(data, Mapping):
        result["data"] = {key: _canonical_base64(value) for key, value in data.items()}
    return result


def _canonical_base64(value: Any) -> Any:
    """As the server writes it: without line breaks. What isn't base64 is left for the server to refuse."""
    try:
        return base64.b64encode(base64.b64decode("".join(value.splitlines()), validate=True)).decode()
    except (AttributeError, binascii.Error, ValueError):
        return value


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = {key: _cleaned(value) for key, value in values.items() if value is not None}
    return {key: value for key, value in cleaned.items() if not (isinstance(value, (Mapping, list)) and not value)}


def _cleaned(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _without_empty(value)
    return [_cleaned(item) for item in value] if isinstance(value, list) else value
