"""Registers the policy that ``admission`` describes, and the binding that puts it into force."""

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta import v1 as meta

from . import admission
from .admission import Coverage
from .attachment import OWNER_ANNOTATION


def register(
    component: pulumi.Resource,
    name: str,
    coverage: Coverage,
    *,
    secret_name: str,
    owner: str,
    attached: Sequence[pulumi.Resource],
) -> None:
    """As children of ``component``, whose name is ``name``; ``owner`` is who attaches, and ``attached`` what it has."""
    metadata = meta.ObjectMetaArgs(name=admission.policy_name(owner), annotations={OWNER_ANNOTATION: owner})
    version = coverage.api_version

    def options(kind: str, depends_on: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        others = [f"kubernetes:{admission.GROUP}/{each}:{kind}" for each in admission.VERSIONS]
        return pulumi.ResourceOptions(
            parent=component,
            depends_on=list(depends_on),
            # In a cluster that got a newer version it is the same object still, and must not be deleted as the old one.
            aliases=[pulumi.Alias(type_=each) for each in others if each != f"kubernetes:{version}:{kind}"],
            delete_before_replace=True,
        )

    # A class for each kind is in newer SDKs alone, and for one version each; the resources are the same.
    spec: dict[str, Any] = admission.policy_spec(coverage, secret_name=secret_name, owner=owner)
    policy = CustomResource(f"{name}/policy", version, admission.POLICY, spec, metadata, options(admission.POLICY, []))
    # Last to come and first to go, since a policy does nothing without a binding: a destroy takes the name off no
    # account while new ones still get it.
    CustomResource(
        f"{name}/policy-binding",
        version,
        admission.BINDING,
        admission.binding_spec(admission.policy_name(owner)),
        metadata,
        options(admission.BINDING, [policy, *attached]),
    )
