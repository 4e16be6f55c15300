"""Registers the policy that ``admission`` describes, and the binding that puts it into force."""

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta import v1 as meta

from . import admission
from .admission import Coverage
from .attachment import OWNER_ANNOTATION


class Policy:
    """What covers the accounts that are made later, as children of ``component``, whose name is ``name``.

    ``owner`` is who attaches. It comes after ``secrets``, since an account that is made meanwhile gets their name. What
    takes the name off an account for good depends on ``resource``, and so comes after
    the policy has changed; the binding is the last to come and the first to go, since a policy does nothing without
    one. So no account is given a name that has been taken off the others.
    """

    resource: pulumi.Resource
    """The policy itself."""

    def __init__(
        self,
        component: pulumi.Resource,
        name: str,
        coverage: Coverage,
        secrets: Sequence[pulumi.Resource],
        *,
        secret_name: str,
        owner: str,
    ) -> None:
        self._component = component
        self._name = name
        self._version = coverage.api_version
        self._metadata = meta.ObjectMetaArgs(name=admission.policy_name(owner), annotations={OWNER_ANNOTATION: owner})
        self._bound = admission.binding_spec(admission.policy_name(owner))
        spec = admission.policy_spec(coverage, secret_name=secret_name, owner=owner)
        self.resource = self._register("policy", admission.POLICY, spec, secrets)

    def bind(self, attached: Sequence[pulumi.Resource]) -> None:
        """Puts it into force, after all that attaches."""
        self._register("policy-binding", admission.BINDING, self._bound, [self.resource, *attached])

    def _register(
        self, name: str, kind: str, spec: dict[str, Any], depends_on: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        others = [f"kubernetes:{admission.GROUP}/{each}:{kind}" for each in admission.VERSIONS]
        options = pulumi.ResourceOptions(
            parent=self._component,
            depends_on=list(depends_on),
            # In a cluster that got a newer version it is the same object still, and must not be deleted as the old one.
            aliases=[pulumi.Alias(type_=each) for each in others if each != f"kubernetes:{self._version}:{kind}"],
            delete_before_replace=True,
        )
        # A class for each kind is in newer SDKs alone, and for one version each; the resources are the same.
        return CustomResource(f"{self._name}/{name}", self._version, kind, spec, self._metadata, options)
