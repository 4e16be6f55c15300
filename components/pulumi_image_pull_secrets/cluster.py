"""What the cluster has, asked before anything is registered.

Everything is asked in lists, a page at a time: one per kind or, where that would read far more than the stack lists
or isn't allowed, one per listed namespace. Nothing is written, and no Secret's data is read: Secrets are asked for
as metadata only.
"""

import contextlib
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import permissions
from .admission import GROUP, POLICIES, VERSIONS, Coverage, covering, policy_name, size_problem
from .api import Api, ForbiddenError, Object, path_of
from .args import ImagePullSecretsArgs, NamespaceArgs, SelectionArgs, find_shape_problems, without_none
from .attachment import LiveAccount, annotation_key, owner_in
from .docker_config import SECRET_TYPE
from .errors import InvalidArgumentsError, PreflightError, with_others
from .permissions import Permission
from .preflight import LiveNamespace, LiveSecret, WantedNamespace, find_obstacles
from .selection import NamespaceSeen, Selection, choose, choose_accounts
from .validation import find_choice_problems

_FEW_NAMESPACES = 25
"""Up to this many, one list per namespace reads less than one of the whole cluster."""

_COVERED = "accounts that are made later get the name at their creation, by the MutatingAdmissionPolicy {}"
_NO_POLICIES = (
    "coverage: admission needs MutatingAdmissionPolicy, which the cluster doesn't have: it comes with Kubernetes 1.36, "
    "and since 1.34 with its feature gate and admissionregistration.k8s.io/v1beta1 switched on; leave coverage out"
)

LiveAccounts = Mapping[str, Mapping[str, LiveAccount]]
"""Namespace -> ServiceAccount -> what it holds.

A listed namespace that isn't in it doesn't exist yet. Of other namespaces it has the accounts that this owner attached
to before, and so has to leave."""


@dataclass(frozen=True)
class Resolved:
    """What a preflight makes of arguments and a cluster."""

    args: ImagePullSecretsArgs
    """The component's, with each chosen namespace and account by its name."""
    live_accounts: LiveAccounts
    """The component's as well; it spares it a read per account."""
    cluster: str | None = None
    """What tells this cluster from any other, for cluster_provider; None where it may not be read."""
    notes: tuple[str, ...] = ()
    """What patterns chose, what was left out, and what covers later accounts, a line for each."""
    coverage: Coverage | None = None
    """The component's, too: what becomes of accounts that are made later, where an admission policy is to see to it."""


def preflight(
    args: SelectionArgs | ImagePullSecretsArgs,
    *,
    owner: str,
    context: str,
    kubeconfig: str | None = None,
    refusals: Collection[str] = (),
) -> Resolved:
    """Asks the cluster what ``args`` choose there, whether it can be carried out, and what its accounts hold.

    Raises InvalidArgumentsError where what chooses has mistakes, KubeconfigError, ClusterUnreachableError, or
    PreflightError with everything that is missing or in the way. ``refusals`` are lines on logins that registries
    refuse; with any, it raises PreflightError too, and tells them with what else there is.
    """
    args = without_none(args)
    others = find_choice_problems(args) if isinstance(args, Mapping) else ()
    if problems := with_others(find_shape_problems(args, has_patterns=True), others):
        raise InvalidArgumentsError(owner, problems)
    selection = Selection.parse(args)
    secret_names = [args["secret_name"], *args.get("retired_secret_names", [])]
    with Api(context=context, kubeconfig=kubeconfig) as api:
        api.check()
        if selection.needs_all_namespaces:
            _demand(api, context, permissions.to_choose(), refusals)
        else:
            _demand(api, context, permissions.to_attach(selection.named), refusals)
        found = candidates(api, selection)
        seen = seen_in(found)
        chosen = choose(selection, seen, owner=owner)
        if selection.needs_all_namespaces:
            _demand(api, context, permissions.to_attach(chosen.namespaces), refusals)
        names = [choice.name for choice in chosen.namespaces]
        left_out = seen.keys() & {choice.name for choice in selection.named} - set(names)
        live, left = read(api, names, found, secret_names, owner=owner, left_out=left_out)
        _demand(api, context, permissions.to_leave(left), refusals)
        wanted = choose_accounts(chosen.namespaces, live)
        cluster = _identity(api, found)
        leaves = args.get("detach", False)
        covers_new_accounts = args.get("coverage") == "admission"
        coverage = _coverage(api, selection) if covers_new_accounts else None
        # Whoever leaves a cluster that has no policies leaves none behind.
        needs_policies = covers_new_accounts and (coverage is not None or not leaves)
        if needs_policies:
            _demand(api, context, permissions.to_cover(), refusals)
        missing = any(not entry.create and entry.name not in live for entry in wanted.namespaces)
        obstacles = find_obstacles(
            wanted.namespaces,
            live,
            owner=owner,
            adopt=args.get("adopt", False),
            known_namespaces=namespace_names(api) if missing else (),
        )
        findings = [*chosen.obstacles, *wanted.obstacles, *obstacles]
        if needs_policies and coverage is None:
            findings.append(_NO_POLICIES)
        if coverage and not leaves and (problem := size_problem(coverage)):
            findings.append(problem)
        if findings or refusals:
            raise PreflightError(context, findings, refusals)
    live_accounts = {**left, **{name: namespace.accounts for name, namespace in live.items()}}
    notes = (*chosen.notes, *wanted.notes, *([_COVERED.format(policy_name(owner))] if coverage and not leaves else []))
    return Resolved(_by_name(args, wanted.namespaces), live_accounts, cluster, notes, coverage)


def lacking(api: Api, needed: Iterable[Permission]) -> list[Permission]:
    """Those of the needed permissions that the user doesn't have; none where the cluster doesn't say.

    One review for each verb where the user has it in every namespace, and else one for each namespace.
    https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
    """
    needed = dict.fromkeys(needed)
    everywhere = dict.fromkeys(replace(entry, namespace="") for entry in needed)
    with contextlib.suppress(ForbiddenError):
        allowed = dict(zip(everywhere, api.each(everywhere, lambda entry: _is_allowed(api, entry)), strict=True))
        doubtful = [entry for entry in needed if not allowed[replace(entry, namespace="")]]
        answers = api.each(doubtful, lambda entry: bool(entry.namespace) and _is_allowed(api, entry))
        return [entry for entry, is_allowed in zip(doubtful, answers, strict=True) if not is_allowed]
    return []


def candidates(api: Api, selection: Selection) -> list[Object]:
    """The namespaces of which ``selection`` chooses: all, or those that it names, as far as they exist."""
    if selection.needs_all_namespaces:
        return list(all_namespaces(api))
    return namespaces(api, [choice.name for choice in selection.named])


def seen_in(namespaces: Iterable[Object]) -> dict[str, NamespaceSeen]:
    """What choosing looks at, by name."""
    return {item["metadata"]["name"]: NamespaceSeen.parse(item["metadata"]) for item in namespaces}


def all_namespaces(api: Api) -> Iterator[Object]:
    """The ``metadata`` of every namespace, if one may list them."""
    return api.list(path_of("namespaces"), metadata_only=True)


def namespace_names(api: Api) -> tuple[str, ...]:
    """The names of all namespaces, or none where listing them isn't allowed."""
    with contextlib.suppress(ForbiddenError):
        return tuple(item["metadata"]["name"] for item in all_namespaces(api))
    return ()


def namespaces(api: Api, names: list[str]) -> list[Object]:
    """Those of these namespaces that exist; their ``metadata`` alone may be there."""
    if len(names) > _FEW_NAMESPACES:
        with contextlib.suppress(ForbiddenError):
            wanted = set(names)
            return [item for item in all_namespaces(api) if item["metadata"]["name"] in wanted]
    return [item for item in api.each(names, lambda name: api.get(path_of("namespaces", name=name))) if item]


def read(
    api: Api,
    names: Collection[str],
    namespaces: Iterable[Object],
    secret_names: list[str],
    *,
    owner: str,
    left_out: Collection[str] = (),
) -> tuple[dict[str, LiveNamespace], dict[str, dict[str, LiveAccount]]]:
    """Those of ``names`` among the namespaces, with their accounts and their Secrets of ``secret_names``.

    And, by namespace, the accounts elsewhere that carry this owner's annotation, as far as one may list them: where one
    may not list all, those in ``left_out``, which exist, one by one.
    """
    names = set(names)
    found = {item["metadata"]["name"]: item["metadata"] for item in namespaces if item["metadata"]["name"] in names}
    accounts: dict[str, dict[str, LiveAccount]] = {name: {} for name in found}
    left: dict[str, dict[str, LiveAccount]] = {}
    for item in _accounts(api, list(found), left_out):
        metadata = item["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        # JSON leaves an empty list out, and here it does tell.
        metadata.setdefault("managedFields", [])
        if namespace in found:
            accounts[namespace][name] = LiveAccount.parse(item, owner)
        elif namespace not in names and annotation_key(owner) in (metadata.get("annotations") or {}):
            left.setdefault(namespace, {})[name] = LiveAccount.parse(item, owner)
    secrets: dict[str, dict[str, LiveSecret]] = {name: {} for name in found}
    for secret_name, has_our_type in itertools.product(secret_names, (True, False)):
        selector = f"metadata.name={secret_name},type{'=' if has_our_type else '!='}{SECRET_TYPE}"
        for item in _secrets(api, list(found), selector):
            secrets[item["metadata"]["namespace"]][secret_name] = LiveSecret(owner_in(item["metadata"]), has_our_type)
    live = {
        name: LiveNamespace(
            owner=owner_in(metadata),
            terminating="deletionTimestamp" in metadata,
            accounts=accounts[name],
            secrets=secrets[name],
        )
        for name, metadata in found.items()
    }
    return live, left


def _by_name(args: Any, namespaces: Iterable[WantedNamespace]) -> ImagePullSecretsArgs:
    by_name: ImagePullSecretsArgs = {key: value for key, value in args.items() if key not in ("exclude", "coverage")}  # type: ignore[assignment]
    by_name["namespaces"] = [
        NamespaceArgs(name=entry.name, service_accounts=list(entry.service_accounts), create=entry.create)
        for entry in namespaces
    ]
    return by_name


def _identity(api: Api, namespaces: Iterable[Object]) -> str | None:
    """The uid of the namespace that each cluster is made with and none can lose, as the field identifies clusters."""
    found = next((item for item in namespaces if item["metadata"]["name"] == "kube-system"), None)
    with contextlib.suppress(ForbiddenError):
        found = found or api.get(path_of("namespaces", name="kube-system")) or {}
    return (found or {}).get("metadata", {}).get("uid") or None


def _coverage(api: Api, selection: Selection) -> Coverage | None:
    """With the best version of the policies' API that the cluster has; None where it has none."""
    for version in VERSIONS:
        resources = (api.get(f"/apis/{GROUP}/{version}") or {}).get("resources") or []
        if any(resource.get("name") == POLICIES for resource in resources):
            return covering(selection, version)
    return None


def _demand(api: Api, context: str, needed: Iterable[Permission], refusals: Iterable[str]) -> None:
    needed = list(needed)
    denied = lacking(api, needed)
    # Nobody is granted anything in a namespace that isn't there: then that is what to say.
    visible = {entry.namespace for entry in set(needed) - set(denied) if entry.resource == "namespaces"}
    doubtful = sorted(visible.intersection(entry.namespace for entry in denied) - {""})
    found = api.each(doubtful, lambda name: api.get(path_of("namespaces", name=name)))
    absent = {name for name, namespace in zip(doubtful, found, strict=True) if namespace is None}
    if findings := list(permissions.describe(entry for entry in denied if entry.namespace not in absent)):
        raise PreflightError(context, findings, refusals)


def _is_allowed(api: Api, permission: Permission) -> bool:
    resource, _, part = permission.resource.partition("/")
    attributes = {"verb": permission.verb, "resource": resource, "namespace": permission.namespace}
    if part:
        attributes["subresource"] = part
    if permission.group:
        attributes["group"] = permission.group
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = api.post(path_of("selfsubjectaccessreviews", version="authorization.k8s.io/v1"), review) or {}
    return bool(answer.get("status", {}).get("allowed"))


def _accounts(api: Api, namespaces: list[str], left_out: Collection[str]) -> list[Object]:
    # Always of the whole cluster, where one may: an account to be left can be anywhere.
    with contextlib.suppress(ForbiddenError):
        return list(api.list(path_of("serviceaccounts")))

    def in_namespace(name: str) -> Iterator[Object]:
        with contextlib.suppress(ForbiddenError) if name in left_out else contextlib.nullcontext():
            yield from api.list(path_of("serviceaccounts", name))

    return _in_each(api, [*namespaces, *sorted(left_out)], in_namespace)


def _secrets(api: Api, namespaces: list[str], selector: str) -> list[Object]:
    def in_namespace(name: str) -> Iterator[Object]:
        return api.list(path_of("secrets", name), field_selector=selector, metadata_only=True)

    if len(namespaces) > _FEW_NAMESPACES:
        with contextlib.suppress(ForbiddenError):
            wanted = set(namespaces)
            everywhere = api.list(path_of("secrets"), field_selector=selector, metadata_only=True)
            return [item for item in everywhere if item["metadata"]["namespace"] in wanted]
    return _in_each(api, namespaces, in_namespace)


def _in_each(api: Api, namespaces: list[str], items_in: Callable[[str], Iterator[Object]]) -> list[Object]:
    return [item for items in api.each(namespaces, lambda name: list(items_in(name))) for item in items]
