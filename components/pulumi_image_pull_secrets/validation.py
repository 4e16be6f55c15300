"""What is wrong with a configuration, wherever it came from. Pure: no Pulumi, no client.

A configuration is looked at as plain dicts and lists with Python's names, so that the component's arguments and the
stack's settings go through the same checks. Parts of the wrong shape are passed over: whoever reads them says so.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import docker_config, names
from .attachment import ANNOTATION_PREFIX
from .errors import DockerConfigError, Problem, RegistryAddressError

_Path = tuple[str | int, ...]

DEFAULT_ACCOUNTS = ("default",)
"""The accounts of a namespace that names none: Kubernetes makes ``default`` in every namespace."""


def find_problems(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Every mistake in names, registries and their combination; nothing of a secret in any message."""
    yield from _secret_names(config)
    yield from _namespaces(config.get("namespaces"))
    yield from _credential(config)
    yield from _metadata(config)


def _secret_names(config: Mapping[str, Any]) -> Iterator[Problem]:
    current = config.get("secret_name")
    if isinstance(current, str) and (problem := names.subdomain_problem(current)):
        yield Problem(("secret_name",), problem)
    retired = config.get("retired_secret_names")
    yield from _names(retired, ("retired_secret_names",), names.subdomain_problem)
    for index, name in _texts(retired):
        if name == current:
            yield Problem(
                ("retired_secret_names", index),
                f"{names.shown(name)} is the current secret_name; a Secret is one or the other",
            )


def _namespaces(namespaces: object) -> Iterator[Problem]:
    if not isinstance(namespaces, list):
        return
    if not namespaces:
        yield Problem(("namespaces",), "the list is empty; name at least one namespace")
    entries = [entry.get("name") if isinstance(entry, Mapping) else None for entry in namespaces]
    yield from _names(entries, ("namespaces",), names.label_problem, leaf=("name",))
    for index, entry in enumerate(namespaces):
        if isinstance(entry, Mapping):
            yield from _names(
                entry.get("service_accounts"), ("namespaces", index, "service_accounts"), names.subdomain_problem
            )


def _credential(config: Mapping[str, Any]) -> Iterator[Problem]:
    registries = config.get("registries")
    text = config.get("docker_config_json")
    if registries is not None and text is not None:
        yield Problem(("docker_config_json",), "registries is given as well; give one of the two")
    if registries is None and text is None:
        yield Problem(("registries",), "missing; give the registries to log in to, or docker_config_json")
    if isinstance(text, str):
        try:
            docker_config.check(text)
        except DockerConfigError as error:
            yield Problem(("docker_config_json",), str(error))
    if isinstance(registries, list):
        if not registries:
            yield Problem(("registries",), "the list is empty; give at least one registry")
        yield from _registries(registries)


def _registries(registries: list[Any]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for index, registry in enumerate(registries):
        if not isinstance(registry, Mapping):
            continue
        path: _Path = ("registries", index)
        server = registry.get("server")
        if isinstance(server, str):
            try:
                key = docker_config.registry_key(server)
            except RegistryAddressError as error:
                yield Problem((*path, "server"), str(error))
            else:
                if key in seen:
                    yield Problem((*path, "server"), docker_config.duplicate_message(seen[key], server, key))
                seen.setdefault(key, server)
        for field in ("username", "password"):
            value = registry.get(field)
            if isinstance(value, str) and (problem := docker_config.login_problem(**{**_FILLED, field: value})):
                yield Problem((*path, field), problem)


_FILLED = {"username": "-", "password": "-"}
"""Stands in for the half of a login that isn't being looked at."""


def _metadata(config: Mapping[str, Any]) -> Iterator[Problem]:
    for field in ("labels", "annotations"):
        entries = config.get(field)
        if not isinstance(entries, Mapping):
            continue
        for key, value in entries.items():
            if not isinstance(key, str):
                continue
            problem = names.qualified_name_problem(key)
            if not problem and field == "labels" and isinstance(value, str):
                problem = names.label_value_problem(value)
            if not problem and key.startswith((ANNOTATION_PREFIX, "pulumi.com/")):
                problem = f"{key!r} has a prefix that is kept for this component and for Pulumi's provider"
            if problem:
                yield Problem((field, key), problem)


def _names(values: object, path: _Path, problem_of: Callable[[str], str | None], leaf: _Path = ()) -> Iterator[Problem]:
    """Bad names in a list, and names that stand in it twice."""
    seen: dict[str, int] = {}
    for index, name in _texts(values):
        if problem := problem_of(name):
            yield Problem((*path, index, *leaf), problem)
        elif name in seen:
            yield Problem((*path, index, *leaf), f"{name!r} is given twice; it is already at [{seen[name]}]")
        else:
            seen[name] = index


def _texts(values: object) -> Iterator[tuple[int, str]]:
    if isinstance(values, (list, tuple)):
        yield from ((index, value) for index, value in enumerate(values) if isinstance(value, str))
