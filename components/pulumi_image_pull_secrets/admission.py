"""ServiceAccounts that are made later: a MutatingAdmissionPolicy that gives them the name at their creation. Pure.

The API server itself carries it out, without a webhook or a controller. It chooses as ``selection`` does, in the
Common Expression Language (CEL), and does what ``attachment.merge`` does for an account that is new.
https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from . import patterns
from .attachment import EXCLUDE_ANNOTATION, PLACEHOLDER, annotation_key
from .label_selector import LabelSelector, Requirement
from .selection import SYSTEM_NAMESPACES, Entry, Selection

GROUP = "admissionregistration.k8s.io"
POLICY, BINDING = "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"
POLICIES, BINDINGS = "mutatingadmissionpolicies", "mutatingadmissionpolicybindings"
VERSIONS = ("v1", "v1beta1")
"""Of the API group, the best first: v1 since Kubernetes 1.36, v1beta1 since 1.34 where it is switched on."""

MAX_EXPRESSION = 100_000
"""Characters of a CEL expression: cel-go's own limit, which the API server leaves as it is.

https://github.com/google/cel-go/blob/v0.26.0/parser/parser.go
"""
NONE_CHOSEN = "false"
"""The expression of a policy that is out of force: one that means no account."""
_NAMESPACE = "namespaceObject.metadata.name"
_LABELS = "namespaceObject.metadata.labels"
_ACCOUNT = "variables.account"
_ACCOUNT_NAME = 'has(object.metadata.name) ? object.metadata.name : object.metadata.generateName + "xxxxx"'
"""A name that is generated is not known yet."""
_INTEGER = "^0*([0-9]{1,18}|[1-8][0-9]{18})$"
"""What CEL reads as an integer without an error; those from 9 * 10^18 on are passed over."""


@dataclass(frozen=True)
class Coverage:
    """What a preflight makes of ``coverage: admission``, for the component."""

    api_version: str
    """Of the policy, as the cluster has it."""
    chosen: str
    """A CEL expression: whether an account that is about to be made is meant."""

    def out_of_force(self) -> "Coverage":
        """The same, but no account is meant."""
        return replace(self, chosen=NONE_CHOSEN)


def covering(selection: Selection, version: str) -> Coverage:
    """What chooses as ``selection`` does, on a cluster with this version of the API."""
    return Coverage(f"{GROUP}/{version}", chosen_expression(selection))


def size_problem(coverage: Coverage) -> str | None:
    """Why the API server would refuse the policy, though each part of it is right, or None."""
    if len(coverage.chosen) <= MAX_EXPRESSION:
        return None
    return (
        f"coverage: admission would make an expression of {len(coverage.chosen):,} characters of what namespaces and "
        f"exclude choose, and the API server takes {MAX_EXPRESSION:,}; choose with globs or selectors instead of that "
        "many names, or split the stack"
    )


def chosen_expression(selection: Selection) -> str:
    """Whether ``selection`` means the account ``object``, in the namespace ``namespaceObject``."""
    created, others = (_chosen(entry for entry in selection.entries if entry.create is each) for each in (True, False))
    # As the preflight has it: whoever makes a namespace doesn't leave it out by an annotation.
    chosen = _any(created, _all(f"!{_opted_out('namespaceObject')}", others))
    excluded = [f"!{_matches(entry)}" for entry in selection.exclude]
    return _all(chosen, *excluded, f"!{_opted_out('object')}")


def _chosen(entries: Iterable[Entry]) -> str:
    """Whether one of these entries means the account; names with the same accounts are one list."""
    named: dict[tuple[str, ...], list[str]] = {}
    chosen = []
    for entry in entries:
        if entry.is_pattern:
            is_system = _any_glob(_NAMESPACE, SYSTEM_NAMESPACES)
            chosen.append(_all(f"!{is_system}", _matches(entry), _any_name(entry.accounts)))
        else:
            named.setdefault(entry.accounts, []).append(entry.text)
    chosen += [_all(f"{_NAMESPACE} in {_list(names)}", _any_name(accounts)) for accounts, names in named.items()]
    return _any(*chosen)


def policy_spec(coverage: Coverage, *, secret_name: str, owner: str) -> dict[str, Any]:
    """The policy's ``spec``: at CREATE of a chosen account, our name after those that it brings, and our annotation.

    What can't be judged is let through as it is: no policy of ours stops a cluster. An annotation that it brings, as
    from a backup, stays; the next up reads it. The list also gets a placeholder: so the next up applies another list,
    which makes it the list's one manager, and a destroy can take it away (see attachment.merge).
    """
    key = annotation_key(owner)
    pointer = f"/metadata/annotations/{key.replace('~', '~0').replace('/', '~1')}"
    # Maps: objects of the type Object.imagePullSecrets, in a list, have API servers panic (1.36.3, json_patch.go).
    ours, placeholder = (f'{{"name": {_text(name)}}}' for name in (secret_name, PLACEHOLDER))
    operations = (
        f"(has(object.imagePullSecrets)"
        f" ? {_patch('/imagePullSecrets/-', ours)} + {_patch('/imagePullSecrets/-', placeholder)}"
        f" : {_patch('/imagePullSecrets', f'[{ours}, {placeholder}]')})"
        f" + (has(object.metadata.annotations) ? [] : {_patch('/metadata/annotations', '{}')})"
        f" + ({_has('object.metadata.annotations', key)} ? [] : {_patch(pointer, _text(secret_name))})"
    )
    return {
        "failurePolicy": "Ignore",
        "reinvocationPolicy": "IfNeeded",
        "matchConstraints": {
            "resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["serviceaccounts"]}
            ]
        },
        "matchConditions": [
            {
                "name": "not-there-yet",
                "expression": "!has(object.imagePullSecrets) || "
                f"!object.imagePullSecrets.exists(entry, has(entry.name) && entry.name == {_text(secret_name)})",
            },
        ],
        # Not among the conditions, which are not given the namespace.
        "variables": [
            {"name": "account", "expression": _ACCOUNT_NAME},
            {"name": "chosen", "expression": coverage.chosen},
        ],
        "mutations": [
            {"patchType": "JSONPatch", "jsonPatch": {"expression": f"!variables.chosen ? [] : ({operations})"}}
        ],
    }


def binding_spec(policy: str) -> dict[str, Any]:
    """The binding's ``spec``, for the policy of this name."""
    return {"policyName": policy}


def policy_name(owner: str) -> str:
    """The name of ``owner``'s policy and binding, which are the cluster's: a DNS-1123 subdomain, unique for it."""
    plain = re.sub(r"[^a-z0-9]+", "-", owner.lower()).strip("-")
    return f"image-pull-secrets-{plain}-{hashlib.sha256(owner.encode()).hexdigest()[:10]}"


def _matches(entry: Entry) -> str:
    """Whether an entry means the namespace, as Entry.matches has it."""
    if entry.selector is not None:
        return _selected(entry.selector)
    return _any_glob(_NAMESPACE, [entry.text])


def _selected(selector: LabelSelector) -> str:
    return _all(*map(_fulfilled, selector.requirements))


def _fulfilled(requirement: Requirement) -> str:
    has, value = _has(_LABELS, requirement.key), f"{_LABELS}[{_text(requirement.key)}]"
    values = sorted(requirement.values)
    if requirement.operator in ("exists", "!"):
        return has if requirement.operator == "exists" else f"!{has}"
    if requirement.operator in ("in", "notin"):
        is_one = _all(has, f"{value} in {_list(values)}")
        return is_one if requirement.operator == "in" else f"!{is_one}"
    return _all(has, f"{value}.matches({_text(_INTEGER)})", f"int({value}) {requirement.operator} {int(values[0])}")


def _any_name(accounts: Iterable[str]) -> str:
    return _any_glob(_ACCOUNT, accounts)


def _any_glob(subject: str, globs: Iterable[str]) -> str:
    """Whether ``subject`` is one of these names, or matches one of these globs, as patterns.matches has it."""
    globs = list(globs)
    plain = [glob for glob in globs if not patterns.is_pattern(glob)]
    others = [_regular_expression(glob) for glob in globs if patterns.is_pattern(glob)]
    expressions = [f"{subject} in {_list(plain)}"] if plain else []
    if others:
        expressions.append(f"{subject}.matches({_text('^(' + '|'.join(others) + ')$')})")
    return _any(*expressions)


def _regular_expression(glob: str) -> str:
    parts = {"*": ".*", "?": ".", ".": "[.]"}
    return "".join(parts.get(character, character) for character in glob)


def _opted_out(subject: str) -> str:
    annotations = f"{subject}.metadata.annotations"
    return _all(_has(annotations, EXCLUDE_ANNOTATION), f'{annotations}[{_text(EXCLUDE_ANNOTATION)}] == "true"')


def _has(mapping: str, key: str) -> str:
    return f"(has({mapping}) && {_text(key)} in {mapping})"


def _patch(path: str, value: str) -> str:
    return f'[JSONPatch{{op: "add", path: {_text(path)}, value: {value}}}]'


def _all(*expressions: str) -> str:
    return f"({' && '.join(expressions)})" if expressions else "true"


def _any(*expressions: str) -> str:
    return f"({' || '.join(expressions)})" if expressions else NONE_CHOSEN


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"


def _text(text: str) -> str:
    # CEL's escapes are JSON's, for all that names and labels can hold.
    return json.dumps(text)
