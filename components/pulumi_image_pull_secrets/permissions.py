"""What the user must be allowed to do in a cluster. Pure: no Pulumi, no client.

The verbs are those of the two clients: ours, which reads and lists, and Pulumi's Kubernetes provider, which reads,
applies (``patch``, and ``create`` where the object isn't there yet), deletes, and waits until what it deletes is gone
(``list``, ``watch``). ``deploy/rbac.yaml`` grants exactly them.
https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from . import admission
from .preflight import WantedNamespace
from .selection import Choice

_SECRET_VERBS = ("get", "list", "watch", "create", "patch", "delete")
_ACCOUNT_VERBS = ("get", "list", "patch")
_NAMESPACE_VERBS = ("get", "list", "watch", "create", "patch", "delete")
_POLICY_VERBS = ("get", "list", "watch", "create", "patch", "delete")
_FEW_NAMES = 5


@dataclass(frozen=True)
class Permission:
    """One verb on one resource, or on a part of one, such as ``pods/eviction``."""

    verb: str
    resource: str
    namespace: str
    """Where; empty for the whole cluster."""
    group: str = ""
    """The API group of the resource; empty for the core group."""


def to_choose() -> Iterator[Permission]:
    """All that choosing namespaces by a pattern asks for."""
    yield Permission("list", "namespaces", "")


def to_attach(namespaces: Iterable[WantedNamespace | Choice]) -> Iterator[Permission]:
    """All that a preview, an up and a destroy of these namespaces ask for."""
    for namespace in namespaces:
        yield from _each(_SECRET_VERBS, "secrets", namespace.name)
        yield from _each(_ACCOUNT_VERBS, "serviceaccounts", namespace.name)
        if namespace.create:
            yield Permission("create", "serviceaccounts", namespace.name)
            yield from _each(_NAMESPACE_VERBS, "namespaces", "")
        else:
            yield Permission("get", "namespaces", namespace.name)


def to_leave(namespaces: Iterable[str]) -> Iterator[Permission]:
    """All that taking our names off accounts, and our Secrets out of namespaces, asks for."""
    for namespace in namespaces:
        yield from _each(("get", "patch"), "serviceaccounts", namespace)
        yield from _each(("get", "list", "watch", "delete"), "secrets", namespace)


def to_cover() -> Iterator[Permission]:
    """All that a policy for accounts which are made later asks for."""
    for resource in (admission.POLICIES, admission.BINDINGS):
        yield from _each(_POLICY_VERBS, resource, "", admission.GROUP)


def to_evict(namespaces: Iterable[str]) -> Iterator[Permission]:
    """All that recreating pods there asks for, besides what shows which."""
    for namespace in namespaces:
        yield Permission("list", "pods", namespace)
        yield Permission("create", "pods/eviction", namespace)


def describe(lacking: Iterable[Permission], file: str = "deploy/rbac.yaml") -> Iterator[str]:
    """One line for each resource and the verbs that are missing on it, with what to do about it."""
    verbs: dict[tuple[str, str], list[str]] = {}
    for permission in dict.fromkeys(lacking):
        verbs.setdefault((permission.resource, permission.namespace), []).append(permission.verb)
    namespaces: dict[tuple[str, str], list[str]] = {}
    for (resource, namespace), missing in verbs.items():
        namespaces.setdefault((", ".join(missing), resource), []).append(namespace)
    for (verb_list, resource), names in namespaces.items():
        yield (
            f"the user of this context may not {verb_list} {resource}{_in(names)}; "
            f"give it a role with these verbs, as {file} has them"
        )


def _each(verbs: tuple[str, ...], resource: str, namespace: str, group: str = "") -> Iterator[Permission]:
    return (Permission(verb, resource, namespace, group) for verb in verbs)


def _in(namespaces: list[str]) -> str:
    if namespaces == [""]:
        return ""
    names = ", ".join(f'"{name}"' for name in namespaces[:_FEW_NAMES])
    more = f" and {len(namespaces) - _FEW_NAMES} more" if len(namespaces) > _FEW_NAMES else ""
    return f" in namespace{'s' if len(namespaces) > 1 else ''} {names}{more}"
