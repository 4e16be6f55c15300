"""What the steps of a preview mean: for namespaces, for Secrets, and for the lists of ServiceAccounts. Pure."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, TypeGuard

from ..admission import BINDING, GROUP, NONE_CHOSEN, POLICY, VERSIONS
from ..attachment import ANNOTATION_PREFIX, parse_annotation
from ..component import TYPE
from .engine_json import STACK_TYPE, Preview, State, Step

NAMESPACE_TYPE = "kubernetes:core/v1:Namespace"
SECRET_TYPE = "kubernetes:core/v1:Secret"
PATCH_TYPE = "kubernetes:core/v1:ServiceAccountPatch"
PROVIDER_TYPE = "pulumi:providers:kubernetes"
POLICY_TYPES = tuple(f"kubernetes:{GROUP}/{version}:{kind}" for version in VERSIONS for kind in (POLICY, BINDING))
"""Of what ``coverage: admission`` makes for the whole cluster: a policy, and the binding that puts it into force."""

_IDENTIFIER = "clusterIdentifier"
"""The provider's setting by which it tells clusters apart (see provider.cluster_provider)."""
_REFRESH = "refresh"
_UNCHANGED = {"same", "read", _REFRESH, "discard"}
# Parts of a "replace", which is always shown besides.
_PARTS = {"create-replacement", "delete-replaced", "read-replacement", "discard-replaced", "remove-pending-replace"}


class Action(Enum):
    """What is done to an object."""

    CREATED = "created"
    RESTORED = "restored"
    """It was in the stack, is gone from the cluster, and is made again."""
    TAKEN_OVER = "taken over"
    """It exists, and the stack imports it."""
    ROTATED = "rotated"
    """A Secret's content changes in place."""
    REPLACED = "replaced"
    """It is deleted, and made anew."""
    CHANGED = "changed"
    DELETED = "deleted"
    FORGOTTEN = "forgotten"
    """It stays as it is, and the stack knows nothing of it any more."""


_ACTIONS = {
    "create": Action.CREATED,
    "import": Action.TAKEN_OVER,
    "update": Action.CHANGED,
    "replace": Action.REPLACED,
    "delete": Action.DELETED,
}
_GRAVEST_FIRST = (
    Action.REPLACED, Action.DELETED, Action.CREATED, Action.RESTORED, Action.TAKEN_OVER, Action.CHANGED,
    Action.FORGOTTEN,
)  # fmt: skip


@dataclass(frozen=True)
class NamespaceChange:
    """A namespace that the stack makes."""

    name: str
    action: Action


@dataclass(frozen=True)
class SecretChange:
    """One of the component's Secrets."""

    namespace: str
    name: str
    action: Action
    counterpart: str | None = None
    """Of one that is created: the name that it takes the place of. Of one that is deleted: the name that comes."""


@dataclass(frozen=True)
class AccountChange:
    """A ServiceAccount's list of image pull secrets."""

    namespace: str
    name: str
    action: Action
    before: tuple[str, ...] | None
    """The names in its list; None where the preview doesn't say."""
    after: tuple[str, ...] | None
    """The names in it then; None where it shows in the up only."""
    ours: frozenset[str]
    """Names of which this stack says that they are its own."""

    @property
    def attached(self) -> tuple[str, ...]:
        """Our names that come."""
        return tuple(name for name in self.after or () if name in self.ours and name not in (self.before or ()))

    @property
    def detached(self) -> tuple[str, ...]:
        """Our names that go."""
        return tuple(name for name in self._gone if name in self.ours)

    @property
    def lost(self) -> tuple[str, ...]:
        """Somebody else's names that go."""
        return tuple(name for name in self._gone if name not in self.ours)

    @property
    def others(self) -> tuple[str, ...]:
        """Somebody else's names that are on the account then."""
        names = (self.before if self.after is None else self.after) or ()
        return tuple(name for name in names if name not in self.ours)

    @property
    def _gone(self) -> tuple[str, ...]:
        return () if self.after is None else tuple(name for name in self.before or () if name not in self.after)


@dataclass(frozen=True)
class PolicyChange:
    """The component's policy for ServiceAccounts that are made later, with its binding."""

    name: str
    """Which both have."""
    action: Action
    chooses_otherwise: bool = False
    """Of one that changes: whether it chooses other ServiceAccounts."""
    gives_otherwise: bool = False
    """Of one that changes: whether those get something else, such as another name."""
    is_out_of_force: bool = False
    """Whether it then chooses no ServiceAccount at all, as that of a stack with ``detach``."""


@dataclass(frozen=True)
class ProviderChange:
    """The Kubernetes provider's cluster."""

    before: str | None
    """The context; None where it isn't known, or is a secret."""
    after: str | None
    is_another: bool = False
    """Whether the provider takes it for another one, for which all is made again, and deleted in the one before."""


@dataclass(frozen=True)
class Changes:
    """All that a preview would change. Each list is sorted by namespace and name."""

    namespaces: tuple[NamespaceChange, ...] = ()
    secrets: tuple[SecretChange, ...] = ()
    accounts: tuple[AccountChange, ...] = ()
    policies: tuple[PolicyChange, ...] = ()
    providers: tuple[ProviderChange, ...] = ()
    others: tuple[tuple[str, int], ...] = ()
    """Steps that have nothing to do with image pull secrets: how many of each operation."""
    unreadable: int = 0
    """Steps of which nothing can be said."""

    @property
    def any(self) -> bool:
        """Whether image pull secrets change, or may: a step that can't be read may change them."""
        changed = self.namespaces or self.secrets or self.accounts or self.policies or self.providers
        return bool(changed or self.unreadable)


def changes_of(preview: Preview) -> Changes:
    """What the preview would change."""
    own: dict[str, list[Step]] = {kind: [] for kind in (SECRET_TYPE, PATCH_TYPE, NAMESPACE_TYPE, *POLICY_TYPES)}
    providers: list[Step] = []
    others: Counter[str] = Counter()
    refreshed: set[str] = set()
    for step in preview.steps:
        if step is None or step.op in _UNCHANGED | _PARTS:
            refreshed |= {step.urn} if step and step.op == _REFRESH else set()
            continue
        kind = step.types[-1]
        if kind in own and TYPE in step.types[:-1] and step.op in _ACTIONS:
            own[kind].append(step)
        elif kind == PROVIDER_TYPE:
            providers.append(step)
        elif kind not in (STACK_TYPE, TYPE):
            others[step.op] += 1
    secrets = [_secret(step, refreshed) for step in own[SECRET_TYPE]]
    accounts = _accounts(own[PATCH_TYPE], own_names(preview) | {secret.name for secret in secrets})
    namespaces = [NamespaceChange(_place(step)[1], _action(step, refreshed)) for step in own[NAMESPACE_TYPE]]
    return Changes(
        namespaces=tuple(sorted(namespaces, key=lambda one: one.name)),
        secrets=tuple(sorted(_paired(secrets, accounts), key=lambda one: (one.namespace, one.name))),
        accounts=tuple(sorted(accounts, key=lambda one: (one.namespace, one.name))),
        policies=tuple(_policies([step for kind in POLICY_TYPES for step in own[kind]], refreshed)),
        providers=tuple(change for step in providers if (change := _provider(step))),
        others=tuple(sorted(others.items())),
        unreadable=sum(step is None for step in preview.steps),
    )


def own_names(preview: Preview) -> frozenset[str]:
    """The names of Secrets that this program's configuration holds; a program that imports the component has none."""
    names = [setting(preview, "secretName")]
    try:
        retired = json.loads(setting(preview, "retiredSecretNames") or "[]")
    except ValueError:
        retired = []
    return frozenset(name for name in [*names, *(retired if isinstance(retired, list) else [])] if _is_name(name))


def setting(preview: Preview, key: str) -> str | None:
    """A value of the stack's configuration that is this program's; None where it isn't there or no text."""
    value = preview.config.get(f"image-pull-secrets:{key}")
    return value if isinstance(value, str) else None


def _action(step: Step, refreshed: Collection[str] = ()) -> Action:
    """``refreshed`` are the URNs of what was in the stack before, as the refresh at a preview's start tells."""
    action = _ACTIONS[step.op]
    if action is Action.CREATED and step.urn in refreshed:
        return Action.RESTORED
    if action is Action.DELETED and step.old_state and step.old_state.retain_on_delete:
        return Action.FORGOTTEN
    return action


def _secret(step: Step, refreshed: Collection[str]) -> SecretChange:
    action = _action(step, refreshed)
    if action is Action.CHANGED and any(path.startswith(("data", "stringData")) for path in step.paths):
        action = Action.ROTATED
    return SecretChange(*_place(step), action)


def _accounts(steps: Iterable[Step], ours: frozenset[str]) -> list[AccountChange]:
    found: dict[tuple[str, str], AccountChange] = {}
    for step in steps:
        old, new = step.old_state, step.new_state
        action = _action(step)
        annotated = _annotated(old) | _annotated(new)
        before = None if old is None else _names(old.outputs or old.inputs)
        if action is Action.CREATED:
            # The program has read the list, but the engine doesn't say what was in it before.
            before = tuple(name for name in _names(new.inputs if new else {}) or () if name not in annotated | ours)
        after = _after(action, before, new, annotated | ours)
        change = AccountChange(*_place(step), action, before, after, annotated | ours)
        key = (change.namespace, change.name)
        # The component patches an account in a namespace of its own twice: the first makes sure that it is there.
        if key not in found or change.attached:
            found[key] = change
    return list(found.values())


def _after(
    action: Action, before: tuple[str, ...] | None, new: State | None, ours: frozenset[str]
) -> tuple[str, ...] | None:
    if action is Action.FORGOTTEN:
        return before
    if action is Action.DELETED:
        # We let go of the list. Where somebody else holds it too, it stays as it is, which shows in the up only.
        return () if ours.issuperset(before or ()) else None
    return _names(new.inputs) if new else None


def _paired(secrets: Iterable[SecretChange], accounts: Iterable[AccountChange]) -> Iterator[SecretChange]:
    """With the counterparts of what is renamed: one name for another, on an account or, without any, in a namespace."""
    secrets = list(secrets)
    swaps: dict[str, set[tuple[str, str]]] = {}
    for account in accounts:
        if len(account.detached) == len(account.attached) == 1:
            swaps.setdefault(account.namespace, set()).add((account.detached[0], account.attached[0]))
    names: dict[str, dict[Action, list[str]]] = {}
    for secret in secrets:
        names.setdefault(secret.namespace, {}).setdefault(secret.action, []).append(secret.name)
    for namespace, by_action in names.items():
        went, came = by_action.get(Action.DELETED, []), by_action.get(Action.CREATED, [])
        if namespace not in swaps and len(went) == len(came) == 1:
            swaps[namespace] = {(went[0], came[0])}
    for secret in secrets:
        pairs = swaps.get(secret.namespace, ())
        counterparts = {
            Action.CREATED: (old for old, new in pairs if new == secret.name),
            Action.DELETED: (new for old, new in pairs if old == secret.name),
        }
        yield replace(secret, counterpart=next(counterparts.get(secret.action, iter(())), None))


def _policies(steps: Iterable[Step], refreshed: Collection[str]) -> Iterator[PolicyChange]:
    """Either does nothing without the other, so that the gravest of what is done to the two is done to both."""
    by_name: dict[str, list[Step]] = {}
    for step in steps:
        by_name.setdefault(_place(step)[1], []).append(step)
    for name, group in sorted(by_name.items()):
        action = min((_action(step, refreshed) for step in group), key=_GRAVEST_FIRST.index)
        chooses, gives = map(any, zip(*map(_differs, group), strict=True))
        yield PolicyChange(name, action, chooses, gives, any(map(_is_out_of_force, group)))


def _differs(step: Step) -> tuple[bool, bool]:
    """Of a policy or a binding that changes: whether it chooses other ServiceAccounts, and gives something else."""
    if step.op != "update":
        return False, False
    # Where the provider tells none, it may be anything.
    paths = [path for path in step.paths or ("spec",) if path.startswith("spec")]
    if step.types[-1].endswith(f":{BINDING}"):
        return bool(paths), False
    # Which are chosen is one of the variables (see admission.policy_spec).
    variables = [path for path in paths if path.startswith("spec.variables")]
    return bool(variables) or "spec" in paths, len(variables) < len(paths)


def _is_out_of_force(step: Step) -> bool:
    """By the variable that tells which are chosen (see admission.policy_spec)."""
    spec = step.new_state.inputs.get("spec") if step.new_state else None
    variables = spec.get("variables") if isinstance(spec, Mapping) else None
    return isinstance(variables, list) and {"name": "chosen", "expression": NONE_CHOSEN} in variables


def _provider(step: Step) -> ProviderChange | None:
    if step.old_state is None or step.new_state is None:
        return None
    states = (step.old_state, step.new_state)
    before, after = (_text(state.inputs.get("context")) for state in states)
    differs = {path.partition(".")[0].partition("[")[0] for path in step.paths}
    # A cluster that is made anew may have the old one's name. Whoever upgrades has no identifier before.
    identifiers = {identifier for state in states if (identifier := _text(state.inputs.get(_IDENTIFIER)))}
    is_another = len(identifiers) > 1
    if before == after and "kubeconfig" not in differs and not is_another:
        return None
    return ProviderChange(before, after, is_another or step.op == "replace")


def _place(step: Step) -> tuple[str, str]:
    """The object's namespace, empty for what has none, and its name."""
    states = [state for state in (step.new_state, step.old_state) if state]
    for state in states:
        metadata = state.inputs.get("metadata")
        if isinstance(metadata, Mapping) and _is_name(metadata.get("name")):
            return _text(metadata.get("namespace")) or "", metadata["name"]
    # Its name in the program holds both: component/namespace/name.
    *_, namespace, name = ["", "", *step.name.split("/")]
    return namespace, name


def _names(properties: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The names in a list, each once; None where the list isn't known, or is a secret."""
    entries = properties.get("imagePullSecrets") or []
    if not isinstance(entries, list):
        return None
    names = [entry.get("name") if isinstance(entry, Mapping) else None for entry in entries]
    return tuple(dict.fromkeys(name for name in names if _is_name(name)))


def _annotated(state: State | None) -> frozenset[str]:
    """The names that our annotation holds. In inputs, unlike on the account, it is nobody's but ours."""
    metadata = state.inputs.get("metadata") if state else None
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    if not isinstance(annotations, Mapping):
        return frozenset()
    values = [value for key, value in annotations.items() if key.startswith(ANNOTATION_PREFIX)]
    return frozenset().union(*(parse_annotation(value) for value in values if isinstance(value, str)))


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value != ""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
