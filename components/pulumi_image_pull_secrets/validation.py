"""What is wrong with a configuration, wherever it came from. Pure: no Pulumi, no client.

A configuration is looked at as plain dicts and lists with Python's names, so that the component's arguments and the
stack's settings go through the same checks. Parts of the wrong shape are passed over: whoever reads them says so.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import docker_config, label_selector, names, patterns
from .attachment import ANNOTATION_PREFIX
from .errors import DockerConfigError, LabelSelectorError, Problem, RegistryAddressError
from .token_expiry import parse_time

_Path = tuple[str | int, ...]

DEFAULT_ACCOUNTS = ("default",)
"""The accounts of a namespace that names none: Kubernetes makes ``default`` in every namespace."""

COVERAGES = ("up", "admission")
"""What ``coverage`` may be."""


def find_problems(
    config: Mapping[str, Any], *, has_patterns: bool = False, may_be_empty: bool = False
) -> Iterator[Problem]:
    """Every mistake in names, registries and their combination; nothing of a secret in any message.

    ``has_patterns``: namespaces and accounts may be chosen by globs and selectors too, and be excluded.
    ``may_be_empty``: a list without namespaces is right, since whoever made it had patterns that matched none.
    """
    yield from _secret_names(config)
    if has_patterns:
        yield from find_choice_problems(config)
    else:
        yield from _namespaces(config.get("namespaces"), may_be_empty=may_be_empty)
    yield from _credential(config)
    yield from _metadata(config)
    expires = config.get("expires")
    if isinstance(expires, str):
        yield from find_time_problems(expires)
    yield from _expiring(config)


def find_time_problems(expires: object) -> Iterator[Problem]:
    """What is wrong with ``expires``, which may be known later than the rest."""
    if not isinstance(expires, str):
        yield Problem(("expires",), "must be text")
    elif parse_time(expires) is None:
        yield Problem(("expires",), f"{names.shown(expires)} is no time in RFC 3339, such as 2030-01-31T12:00:00Z")


def find_choice_problems(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Every mistake in ``namespaces`` and ``exclude``, as far as names, globs and selectors go."""
    if config.get("namespaces") == []:
        yield Problem(("namespaces",), _NO_NAMESPACE)
    for key in ("namespaces", "exclude"):
        entries = config.get(key)
        if not isinstance(entries, list):
            continue
        given = [entry.get("name") if isinstance(entry, Mapping) else None for entry in entries]
        yield from _names(given, (key,), _or_pattern(names.label_problem), leaf=("name",))
        for index, entry in enumerate(entries):
            if isinstance(entry, Mapping):
                yield from _one_way_to_choose(entry, (key, index))
                if key == "namespaces":
                    yield from _choice(entry, (key, index))
                else:
                    for part, left_out in _means_everything(entry):
                        message = f"{left_out} leaves out every namespace there is; take it out"
                        yield Problem((key, index, part), f"{message}, or, to have nothing anywhere, pulumi destroy")
    yield from _named_and_excluded(config)
    coverage = config.get("coverage")
    if isinstance(coverage, str) and coverage not in COVERAGES:
        yield Problem(("coverage",), f"{names.shown(coverage)} is unknown; give one of: {', '.join(COVERAGES)}")


def _one_way_to_choose(entry: Mapping[str, Any], path: _Path) -> Iterator[Problem]:
    name, selector = entry.get("name"), entry.get("selector")
    if name is None and selector is None:
        yield Problem((*path, "name"), "missing; give a name, or a selector")
    if name is not None and selector is not None:
        yield Problem((*path, "selector"), "name is given as well; give one of the two")
    if isinstance(selector, str):
        try:
            label_selector.parse(selector)
        except LabelSelectorError as error:
            yield Problem((*path, "selector"), str(error))


def _choice(entry: Mapping[str, Any], path: _Path) -> Iterator[Problem]:
    name, selector, accounts = entry.get("name"), entry.get("selector"), entry.get("service_accounts")
    yield from _names(accounts, (*path, "service_accounts"), _or_pattern(names.subdomain_problem))
    is_name = isinstance(name, str) and not patterns.is_pattern(name) and selector is None
    if entry.get("create") is True:
        if not is_name:
            yield Problem((*path, "create"), "needs the name of one namespace; a pattern chooses from those there are")
        for index, account in _texts(accounts):
            if patterns.is_pattern(account):
                yield Problem(
                    (*path, "service_accounts", index),
                    f"{names.shown(account)} is a pattern, and with create: true there is no account yet to choose",
                )
    for key in ("confirm_all", "allow_empty"):
        if is_name and entry.get(key) is True and not (key == "allow_empty" and _has_pattern(accounts)):
            yield Problem((*path, key), "is for patterns, and a name chooses one namespace; leave it out")
    if entry.get("confirm_all") is not True:
        for key, chosen in _means_everything(entry):
            yield Problem(
                (*path, key), f"{chosen} chooses every namespace there is; if that is meant, set confirm_all: true"
            )


def _means_everything(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The key by which an entry can't but match every namespace, and what stands there; nothing where it may not."""
    name, selector = entry.get("name"), entry.get("selector")
    if selector is None:
        if isinstance(name, str) and patterns.is_everything(name):
            yield "name", names.shown(name)
    elif isinstance(selector, str) and _selects_everything(selector):
        yield "selector", names.shown(selector)


def _selects_everything(selector: str) -> bool:
    try:
        return label_selector.parse(selector).is_everything
    except LabelSelectorError:
        return False


def _named_and_excluded(config: Mapping[str, Any]) -> Iterator[Problem]:
    for index, pattern in _given_names(config.get("exclude")):
        for place, name in _given_names(config.get("namespaces")):
            if not patterns.is_pattern(name) and patterns.matches(pattern, name):
                message = f"{names.shown(pattern)} excludes {names.shown(name)}, which namespaces[{place}] names"
                yield Problem(("exclude", index, "name"), f"{message}; take one of the two out")


def _given_names(entries: object) -> Iterator[tuple[int, str]]:
    if isinstance(entries, list):
        yield from _texts([entry.get("name") if isinstance(entry, Mapping) else None for entry in entries])


def _or_pattern(problem_of: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda text: patterns.problem(text, problem_of)


def _has_pattern(accounts: object) -> bool:
    return any(patterns.is_pattern(account) for _, account in _texts(accounts))


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


def _namespaces(namespaces: object, *, may_be_empty: bool) -> Iterator[Problem]:
    if not isinstance(namespaces, list):
        return
    if not namespaces and not may_be_empty:
        yield Problem(("namespaces",), _NO_NAMESPACE)
    entries = [entry.get("name") if isinstance(entry, Mapping) else None for entry in namespaces]
    yield from _names(entries, ("namespaces",), names.label_problem, leaf=("name",))
    for index, entry in enumerate(namespaces):
        if isinstance(entry, Mapping):
            yield from _names(
                entry.get("service_accounts"), ("namespaces", index, "service_accounts"), names.subdomain_problem
            )


_NO_NAMESPACE = "the list is empty; name at least one namespace"


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


def _expiring(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Servers that are none, or aren't among the registries, as far as these are known."""
    if config.get("expiring") is not None and config.get("expires") is None:
        yield Problem(("expiring",), "says whose passwords end, and nothing says when; give expires as well")
    if config.get("expiring") is not None and config.get("docker_config_json") is not None:
        yield Problem(("expiring",), "is for registries, and docker_config_json is given; leave it out")
    registries = config.get("registries")
    servers = [_key_of(entry) for entry in registries] if isinstance(registries, list) else [None]
    for index, server in _texts(config.get("expiring")):
        try:
            key = docker_config.registry_key(server)
        except RegistryAddressError as error:
            yield Problem(("expiring", index), str(error))
        else:
            if None not in servers and key not in servers:
                yield Problem(("expiring", index), f"{names.shown(server)} is no server of registries; correct it")


def _key_of(registry: object) -> str | None:
    """The key of a registry's login; None where it isn't known yet, or is told elsewhere."""
    server = registry.get("server") if isinstance(registry, Mapping) else None
    try:
        return docker_config.registry_key(server) if isinstance(server, str) else None
    except RegistryAddressError:
        return None


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
