"""The component's inputs.

They stay within what Pulumi infers a schema for other languages from: plain classes of annotated fields, a docstring
after each as its description, secrets only at the leaves. So no ``from __future__ import annotations`` here.
https://www.pulumi.com/docs/iac/extending-pulumi/build-a-component/
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypedDict, get_args, get_origin

import pulumi
from typing_extensions import NotRequired, is_typeddict

from .errors import Problem
from .names import nearest


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
    """The registries, all in one Secret. Either these or the whole text of a .dockerconfigjson."""
    docker_config_json: NotRequired[pulumi.Input[str]]
    """The whole text of a .dockerconfigjson instead of registries. The component marks it secret."""
    retired_secret_names: NotRequired[list[str]]
    """Earlier names of the Secret, kept with current content but attached to no account while pods still refer to
    them."""
    adopt: NotRequired[bool]
    """Whether preflight, which is for Python, lets Secrets of these names be taken over that somebody else made. What
    takes them over is the Kubernetes provider, by its setting to upsert existing objects."""
    detach: NotRequired[bool]
    """Whether to take exactly our entries off every account, so that a destroy after it leaves each as it was."""
    labels: NotRequired[dict[str, str]]
    """Labels for the Secrets."""
    annotations: NotRequired[dict[str, str]]
    """Annotations for the Secrets."""
    expires: NotRequired[pulumi.Input[str]]
    """When the password that ends first does, in RFC 3339. It is written on the Secrets as
    image-pull-secrets/expires, where pull-secrets doctor reads it."""
    expiring: NotRequired[list[str]]
    """The servers, as in registries, whose passwords end then; all of them where left out. It is written on the Secrets
    as image-pull-secrets/expiring."""


class NamespaceChoice(TypedDict, total=False):
    """One entry of ``namespaces``: ``name``, or ``selector``."""

    name: str
    """The name of one namespace, or a glob."""
    selector: str
    """A label selector."""
    service_accounts: list[str]
    """Names and globs; ["default"] where left out."""
    create: bool
    """As in NamespaceArgs; for a name alone."""
    allow_empty: bool
    """Whether a pattern may match nothing."""
    confirm_all: bool
    """Whether a pattern that every namespace matches is meant so."""


class Exclusion(TypedDict, total=False):
    """One entry of ``exclude``: ``name``, or ``selector``."""

    name: str
    """A name, or a glob."""
    selector: str
    """A label selector."""


class SelectionArgs(ImagePullSecretsArgs):
    """The component's arguments with patterns in them, which a preflight resolves."""

    namespaces: list[NamespaceChoice]  # type: ignore[misc]
    """What chooses the namespaces that get it; each entry adds."""
    exclude: NotRequired[list[Exclusion]]
    """What they don't include, whatever an entry chooses."""
    coverage: NotRequired[str]
    """What accounts that are made later get the name from: the next "up", or, at their creation, "admission"."""


def find_shape_problems(
    args: Mapping[str, Any], spelled: Callable[[str], str] = str, *, has_patterns: bool = False
) -> Iterator[Problem]:
    """Unknown and missing keys, and values of the wrong kind: what no type checker saw, or nobody ran one.

    ``spelled`` gives the names in which the arguments are spelled, where they aren't Python's. ``has_patterns``: they
    are SelectionArgs.
    """
    yield from _shape_problems(args, SelectionArgs if has_patterns else ImagePullSecretsArgs, (), spelled)


def in_python_names(args: Mapping[str, Any], spelled: Callable[[str], str]) -> dict[str, Any]:
    """The arguments from another spelling, without the keys and objects that find_shape_problems tells."""
    lists: dict[str, Any] = {"namespaces": NamespaceArgs, "registries": RegistryArgs}
    found = _renamed(args, ImagePullSecretsArgs, spelled)
    for key, kind in lists.items():
        if isinstance(found.get(key), list):
            found[key] = [_renamed(item, kind, spelled) for item in found[key]]
    return found


def _renamed(value: Any, kind: Any, spelled: Callable[[str], str]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    return {key: value[spelled(key)] for key in kind.__annotations__ if spelled(key) in value}


def without_none(value: Any) -> Any:
    """The arguments without the keys that are None, which other languages send for what is left out."""
    if isinstance(value, Mapping):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    return [without_none(item) for item in value] if isinstance(value, (list, tuple)) else value


_AS_A_WHOLE = "can't be an Output or a secret as a whole; only a registry's fields, {whole_text} and expires can"


def _shape_problems(
    value: Any, expected: Any, path: tuple[str | int, ...], spelled: Callable[[str], str]
) -> Iterator[Problem]:
    kind = get_origin(expected) or expected
    if isinstance(value, pulumi.Output) and (is_typeddict(expected) or kind in (list, dict)):
        yield Problem(path, _AS_A_WHOLE.format(whole_text=spelled("docker_config_json")))
    elif is_typeddict(expected):
        yield from _object_problems(value, expected, path, spelled)
    elif kind is list:
        if not isinstance(value, list):
            yield Problem(path, "must be a list")
            return
        for index, item in enumerate(value):
            yield from _shape_problems(item, get_args(expected)[0], (*path, index), spelled)
    elif kind is dict:
        if not isinstance(value, Mapping) or not all(isinstance(text, str) for pair in value.items() for text in pair):
            yield Problem(path, "must be an object of texts")
    elif kind in (str, bool):
        if not isinstance(value, kind):
            yield Problem(path, f"must be {'text' if kind is str else 'true or false'}, and known in a preview")
    elif not isinstance(value, (str, pulumi.Output)) and not hasattr(value, "__await__"):
        yield Problem(path, "must be text, or an Output of text")


def _object_problems(
    value: Any, expected: Any, path: tuple[str | int, ...], spelled: Callable[[str], str]
) -> Iterator[Problem]:
    hints = {spelled(key): _required(hint) for key, hint in expected.__annotations__.items()}
    if not isinstance(value, Mapping):
        yield Problem(path, f"must be an object with the keys {', '.join(hints)}")
        return
    for key in value:
        if key not in hints:
            meant = nearest(str(key), hints)
            hint = f"did you mean {meant!r}?" if meant else f"known keys: {', '.join(hints)}"
            yield Problem((*path, str(key)), f"unknown key; {hint}")
    required = set(map(spelled, expected.__required_keys__))
    for key, hint in hints.items():
        if key in value:
            yield from _shape_problems(value[key], hint, (*path, key), spelled)
        elif key in required:
            yield Problem((*path, key), "missing; this key is required")


def _required(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is NotRequired else hint
