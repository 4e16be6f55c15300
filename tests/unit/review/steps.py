"""Previews as the engine would print them, made up step by step."""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_image_pull_secrets.review.engine_json import Preview

COMPONENT = "image-pull-secrets:index:ImagePullSecrets"
SECRET = "kubernetes:core/v1:Secret"
PATCH = "kubernetes:core/v1:ServiceAccountPatch"
NAMESPACE = "kubernetes:core/v1:Namespace"
PROVIDER = "pulumi:providers:kubernetes"
POLICY = "kubernetes:admissionregistration.k8s.io/v1:MutatingAdmissionPolicy"
BINDING = f"{POLICY}Binding"
KEY = "image-pull-secrets/image-pull-secrets.prod.pulls"

Step = dict[str, Any]


def preview(*steps: Step | None, stack: str = "prod", **parts: Any) -> Preview:
    """A preview that came to its end, unless ``parts`` say otherwise."""
    root = step("same", "pulumi:pulumi:Stack", f"image-pull-secrets-{stack}", parents="")
    document = {"steps": [root, *steps], "changeSummary": {"same": 1}, **parts}
    for one in document["steps"]:
        if one:
            one["urn"] = one["urn"].replace(":prod::", f":{stack}::")
    return Preview.model_validate(document)


def step(
    op: str,
    kind: str,
    name: str,
    *,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    paths: Sequence[str] = (),
    parents: str = f"{COMPONENT}$",
) -> Step:
    return {
        "op": op,
        "urn": f"urn:pulumi:prod::image-pull-secrets::{parents}{kind}::{name}",
        **({"oldState": old} if old is not None else {}),
        **({"newState": new} if new is not None else {}),
        "detailedDiff": {path: {"kind": "update", "inputDiff": False} for path in paths} or None,
    }


def state(namespace: str, name: str, *, retain: bool = False, **inputs: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"inputs": {"metadata": metadata, **inputs}, "retainOnDelete": retain}


def account(
    namespace: str, name: str, *names: str, ours: str | None = None, live: Sequence[str] | None = None, **rest: Any
) -> dict[str, Any]:
    """A patch's state: the list that was asked for, the annotation, and what the cluster had where that differs."""
    made = state(namespace, name, imagePullSecrets=[{"name": one} if one else {} for one in names], **rest)
    if ours is not None:
        made["inputs"]["metadata"]["annotations"] = {KEY: ours}
    if live is not None:
        made["outputs"] = {"imagePullSecrets": [{"name": one} for one in live]}
    return made


def secret_step(op: str, namespace: str, name: str, *paths: str, retain: bool = False) -> Step:
    made = state(namespace, name, retain=retain, data={".dockerconfigjson": "[secret]"})
    old = None if op in ("create", "import") else made
    new = None if op == "delete" else made
    return step(op, SECRET, f"pulls/{namespace}/{name}", old=old, new=new, paths=paths)


def account_step(op: str, *, old: Mapping[str, Any] | None = None, new: Mapping[str, Any] | None = None) -> Step:
    metadata = (new or old or {})["inputs"]["metadata"]
    return step(op, PATCH, f"pulls/{metadata['namespace']}/{metadata['name']}", old=old, new=new)


def namespace_step(op: str, name: str, *, retain: bool = False) -> Step:
    made = state("", name, retain=retain)
    old, new = (None if op == "create" else made), (None if op == "delete" else made)
    return step(op, NAMESPACE, f"pulls/{name}", old=old, new=new)


def policy_step(op: str, kind: str, *paths: str, name: str = "pulls-of-prod", retain: bool = False) -> Step:
    made = state("", name, retain=retain, spec={})
    old, new = (None if op in ("create", "import") else made), (None if op == "delete" else made)
    return step(op, kind, "pulls/policy" if kind == POLICY else "pulls/policy-binding", old=old, new=new, paths=paths)
