"""Between the engine's property values and plain JSON: secrets and unknowns. Pure.

https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig.go
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_UNKNOWNS = {
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
}


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The property values as they came, secrets still wrapped."""
    values: dict[str, Any] = _with_integers(json_format.MessageToDict(struct))
    return values


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Property values for the engine."""
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def secret(value: Any) -> Any:
    """The value, marked secret."""
    return value if is_secret(value) else {_SIGNATURE: _SECRET, "value": value}


def is_secret(value: Any) -> bool:
    """Whether the value itself is marked secret."""
    return isinstance(value, Mapping) and value.get(_SIGNATURE) == _SECRET


def contains_secret(value: Any) -> bool:
    """Whether the value, or anything in it, is marked secret."""
    return is_secret(value) or any(contains_secret(item) for item in _items(value))


def contains_unknown(value: Any) -> bool:
    """Whether anything in the value is known only after an up."""
    if isinstance(value, str):
        return value in _UNKNOWNS
    return any(contains_unknown(item) for item in _items(value))


def plain(value: Any) -> Any:
    """The value without the marks of its secrets."""
    if is_secret(value):
        return plain(value["value"])
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def mark_secrets(outputs: dict[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Marks what the inputs have as secret, and all data of a Secret (``provider.go``, annotateSecrets)."""
    marked = dict(outputs)
    if outputs.get("kind") == "Secret":
        return {key: secret(value) if key in ("data", "stringData") else value for key, value in marked.items()}
    for key, given in inputs.items():
        value = outputs.get(key)
        if key not in outputs or is_secret(value):
            continue
        if isinstance(value, dict) and isinstance(given, Mapping) and not is_secret(given):
            marked[key] = mark_secrets(value, given)
        elif contains_secret(given):
            marked[key] = secret(value)
    return marked


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _with_integers(value: Any) -> Any:
    """Protobuf has one kind of number; Kubernetes wants integers where they are meant."""
    if isinstance(value, dict):
        return {key: _with_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_integers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
