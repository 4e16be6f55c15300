"""Who holds what on one account: what an API server makes of applies and updates, for our two fields alone.

And which of them the provider passes over, because it sees no difference.

The list is atomic, so it is one field, and so is the annotation of one key.
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from dataclasses import dataclass, field
from typing import Any

from pulumi_image_pull_secrets.attachment import Attachment, LiveAccount, annotation_key, merge

from sandbox.standin.diff import compare, normalized, pruned

OWNER = "project.stack.component"

Manager = tuple[str, str]
"""Its name and its operation: Apply, or Update for every other kind of write."""
OURS: Manager = ("pulumi-kubernetes-1a2b3c4d", "Apply")
OTHER: Manager = ("pulumi-kubernetes-5e6f7a8b", "Apply")
PATCH: Manager = ("kubectl-patch", "Update")
EDIT: Manager = ("kubectl-edit", "Update")
_BEFORE: Manager = ("before-first-apply", "Update")

LIST, ANNOTATION = "list", "annotation"


@dataclass
class Server:
    """One account; a field that isn't in ``values`` isn't on it."""

    values: dict[str, Any] = field(default_factory=dict)
    held: dict[Manager, set[str]] = field(default_factory=dict)
    """The fields of each manager, among them ``other``, which stands for all that isn't ours to look at."""
    inputs: dict[str, Any] | None = None
    """Those of our patch in the state; None before the first up, which creates the patch whatever is there."""

    @property
    def names(self) -> tuple[str, ...] | None:
        """The list's names; empty for an entry without one, and None for no list."""
        return self.values.get(LIST)

    @property
    def annotation(self) -> str | None:
        return self.values.get(ANNOTATION)

    @property
    def live(self) -> LiveAccount:
        return LiveAccount.parse(self.as_json(), OWNER)

    def holders(self, name: str) -> set[Manager]:
        return {manager for manager, fields in self.held.items() if name in fields}

    def apply(self, manager: Manager, **given: Any) -> None:
        """A forced apply of exactly these fields."""
        assert manager[1] == "Apply"
        if not self.held and self.values:
            self.held[_BEFORE] = set(self.values)
        before = self.held.get(manager, set()) - {"other"}
        for name, value in given.items():
            if self.values.get(name) != value:
                self._take_from_all(name)
            self.values[name] = value
        self.held[manager] = {*given, "other"}
        for name in before - set(given):
            if not self.holders(name):
                self.values.pop(name, None)

    def update(self, manager: Manager, **given: Any) -> None:
        """Any other write: who changes a field, or takes it away, has it alone; the others stay as they were."""
        assert manager[1] == "Update"
        for name, value in given.items():
            if self.values.get(name) == value:
                continue
            self._take_from_all(name)
            if value is None:
                del self.values[name]
            else:
                self.values[name] = value
                self.held.setdefault(manager, set()).add(name)

    def up(self, *wanted: str, retired: tuple[str, ...] = ()) -> Attachment:
        """What an up of the component makes of it: the patch that ``merge`` wants, applied by its manager.

        Only where the provider sees that there is anything to do; its refresh comes first.
        """
        attachment = merge(self.live, wanted=wanted, retired=retired)
        given: dict[str, Any] = {}
        if attachment.pull_secrets:
            given[LIST] = attachment.pull_secrets
        if attachment.annotation is not None:
            given[ANNOTATION] = attachment.annotation
        inputs = _as_json(given)
        if self.inputs is None or self._seen(inputs):
            self.apply(OURS, **given)
            self.inputs = inputs
        return attachment

    def destroy(self, attachment: Attachment) -> None:
        """What becomes of the patch when the component goes: it stays where the transform retains it."""
        if not attachment.has_foreign_entries:
            self.apply(OURS)

    def state(self) -> tuple[Any, ...]:
        return dict(self.values), {manager: set(fields) for manager, fields in self.held.items()}

    def as_json(self) -> dict[str, Any]:
        paths: dict[str, dict[str, Any]] = {
            LIST: {"f:imagePullSecrets": {}},
            ANNOTATION: {"f:metadata": {"f:annotations": {f"f:{annotation_key(OWNER)}": {}}}},
            "other": {"f:secrets": {}},
        }
        account = _as_json(self.values)
        account["metadata"]["managedFields"] = [
            {
                "manager": name,
                "operation": operation,
                "fieldsV1": {path: tree for one in sorted(fields) for path, tree in paths[one].items()},
            }
            for (name, operation), fields in self.held.items()
        ]
        return account

    def _seen(self, inputs: dict[str, Any]) -> bool:
        live = self.as_json()
        self.inputs = pruned(live, normalized(self.inputs or {}))
        return bool(compare(self.inputs, live, inputs, is_patch=True, secrets_are_mutable=True).changed)

    def _take_from_all(self, name: str) -> None:
        for fields in self.held.values():
            fields.discard(name)
        self.held = {manager: fields for manager, fields in self.held.items() if fields}


def _as_json(values: dict[str, Any]) -> dict[str, Any]:
    account: dict[str, Any] = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    if values.get(ANNOTATION) is not None:
        account["metadata"]["annotations"] = {annotation_key(OWNER): values[ANNOTATION]}
    if values.get(LIST) is not None:
        account["imagePullSecrets"] = [{"name": name} if name else {} for name in values[LIST]]
    return account
