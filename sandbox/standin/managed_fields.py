"""Who owns which field of an object. Pure."""

from collections.abc import Mapping
from typing import Any

CREATE_MANAGER = "pulumi-kubernetes"
"""The field manager of plain creates, whatever the resource: the first update takes over from it."""

_OWN_UPDATES = (CREATE_MANAGER, f"{CREATE_MANAGER}.exe", "pulumi-resource-kubernetes")
_TAKEN_OVER = (
    ("kubectl", "Apply"),
    ("kubectl", "Update"),
    ("before-first-apply", "Update"),
    *((name, "Update") for name in _OWN_UPDATES),
)
"""Prefixes of managers, with their operation (``await.go``, fixCSAFieldManagers): ``kubectl-patch`` is one of them."""

_Entry = Mapping[str, Any]


def entries(live: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The object's ``managedFields``."""
    found: list[dict[str, Any]] = live["metadata"].get("managedFields", [])
    return found


def after_takeover(live: Mapping[str, Any], manager: str) -> list[dict[str, Any]] | None:
    """``managedFields`` with what a plain create and kubectl own given to ``manager``; None where they own nothing."""
    fields = entries(live)
    taken = [entry for entry in fields if _is_taken_over(entry)]
    if not taken:
        return None
    own = [entry for entry in fields if (entry["manager"], entry["operation"]) == (manager, "Apply")]
    merged: dict[str, Any] = {}
    for entry in [*own, *taken]:
        _merge(merged, entry["fieldsV1"])
    ours = {**[*own, *taken][0], "manager": manager, "operation": "Apply", "fieldsV1": merged}
    return [*(entry for entry in fields if entry not in taken and entry not in own), ours]


def previews_must_force(live: Mapping[str, Any]) -> bool:
    """Whether a preview would meet conflicts that the real update's takeover removes (``await.go``, patchForce)."""
    return any(entry["operation"] == "Update" and entry["manager"] in _OWN_UPDATES for entry in entries(live))


def _is_taken_over(entry: _Entry) -> bool:
    return not entry.get("subresource") and any(
        entry["manager"].startswith(prefix) and entry["operation"] == operation for prefix, operation in _TAKEN_OVER
    )


def _merge(into: dict[str, Any], fields: Mapping[str, Any]) -> None:
    for key, value in fields.items():
        _merge(into.setdefault(key, {}), value)
