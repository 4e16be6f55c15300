"""What the engine keeps of a resource, and what a URN says of it. Pure."""

import secrets
from typing import Any

from . import properties
from .client import Object
from .managed_fields import CREATE_MANAGER


def pack(inputs: Object, live: Object, given: Object, manager: str) -> Any:
    """What the engine keeps (``provider.go``, checkpointObject)."""
    state = properties.mark_secrets(live, given)
    state["__inputs"] = properties.mark_secrets(inputs, given)
    state["__initialApiVersion"] = live["apiVersion"]
    state["__fieldManager"] = manager
    return properties.to_struct(state)


def parse(struct: Any) -> tuple[Object, Object, str]:
    """The inputs, the live object and the field manager in what the engine kept; a new manager where it has none."""
    state = properties.plain(properties.from_struct(struct))
    inputs = state.pop("__inputs", {})
    state.pop("__initialApiVersion", None)
    manager = state.pop("__fieldManager", None) or new_manager()
    return inputs, state, manager


def new_manager() -> str:
    """A field manager for one resource, for all its life."""
    return f"{CREATE_MANAGER}-{secrets.token_hex(4)}"


def identifier(live: Object) -> str:
    """The resource's id: namespace/name."""
    namespace = live["metadata"].get("namespace")
    name: str = live["metadata"]["name"]
    return f"{namespace}/{name}" if namespace else name


def is_patch(urn: str, values: Object) -> bool:
    """Whether it is the …Patch of its kind (``provider/pkg/kinds/util.go``)."""
    return _type_of(urn)[2] == f"{values.get('kind')}Patch"


def group_version_kind(urn: str) -> tuple[str, str]:
    """``kubernetes:core/v1:Secret`` -> ``v1``, ``Secret``; a patch's kind is that of its object."""
    _, module, kind = _type_of(urn)
    group, _, api_version = module.partition("/")
    return (api_version if group == "core" else f"{group}/{api_version}"), kind.removesuffix("Patch")


def _type_of(urn: str) -> list[str]:
    return urn.split("::")[2].rpartition("$")[2].split(":")
