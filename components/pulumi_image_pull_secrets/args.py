"""The component's inputs.

They stay within what Pulumi infers a schema for other languages from: plain classes of annotated fields, a docstring
after each as its description, secrets only at the leaves. So no ``from __future__ import annotations`` here.
https://www.pulumi.com/docs/iac/extending-pulumi/build-a-component/
"""

from typing import TypedDict

import pulumi
from typing_extensions import NotRequired


class RegistryArgs(TypedDict):
    """One registry and the login for it."""

    server: pulumi.Input[str]
    """The registry's address, such as ghcr.io, localhost:5000 or quay.io/org; docker.io is Docker Hub."""
    username: pulumi.Input[str]
    """The user name, without a colon."""
    password: pulumi.Input[str]
    """The password or token. The component marks it secret."""
    email: NotRequired[pulumi.Input[str]]
    """An e-mail address, for the few registries that still want one."""


class NamespaceArgs(TypedDict):
    """One namespace that gets the Secret, and the ServiceAccounts in it that get its name."""

    name: str
    """The namespace's name."""
    service_accounts: NotRequired[list[str]]
    """The names of the ServiceAccounts; ["default"] where left out."""
    create: NotRequired[bool]
    """Whether the component makes the namespace and the listed accounts. Otherwise both must be there."""


class ImagePullSecretsArgs(TypedDict):
    """What to pull with, and where."""

    secret_name: str
    """The name of the Secret, the same in every namespace."""
    namespaces: list[NamespaceArgs]
    """The namespaces that get it."""
    registries: NotRequired[list[RegistryArgs]]
    """The registries, all in one Secret. Either these or docker_config_json."""
    docker_config_json: NotRequired[pulumi.Input[str]]
    """The whole text of a .dockerconfigjson instead of registries. The component marks it secret."""
    retired_secret_names: NotRequired[list[str]]
    """Earlier names of the Secret, kept with current content but attached to no account while pods still refer to
    them."""
    adopt: NotRequired[bool]
    """Whether Secrets of these names that somebody else made are taken over. The provider must allow it
    (cluster_provider with adopt=True)."""
    detach: NotRequired[bool]
    """Whether to take exactly our entries off every account, so that a destroy after it leaves each as it was."""
    labels: NotRequired[dict[str, str]]
    """Labels for the Secrets."""
    annotations: NotRequired[dict[str, str]]
    """Annotations for the Secrets."""
