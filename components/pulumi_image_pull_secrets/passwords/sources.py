"""Where each password of a stack file comes from. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import Problem
from ..names import nearest, shown
from . import lifetime, recipes

_SOURCES = ("password", "passwordEnv", "passwordCommand", "passwordFrom")
"""The keys of an entry of ``registries``, of which each needs one."""


def fill_in(registries: Any, environ: Mapping[str, str], project: str) -> Iterator[Problem]:
    """Fills in what the entries leave to the environment and to recipes; tells what can't be.

    ``registries`` is what the stack file has, in its own spelling and of whatever shape; what is of a wrong one is
    passed over.
    """
    for index, registry in enumerate(registries if isinstance(registries, list) else []):
        if isinstance(registry, dict):
            for key, message in _fill_in(registry, environ, f"{project}:registries[{index}]"):
                yield Problem(("registries", index, key), message)


def _fill_in(registry: dict[Any, Any], environ: Mapping[str, str], place: str) -> Iterator[tuple[str, str]]:
    given = [key for key in _SOURCES if registry.get(key) is not None]
    if not given:
        yield "password", f"missing; set it with: pulumi config set --secret --path '{place}.password'"
    for key in given[1:]:
        yield key, f"{given[0]} is given as well; give one of the two"
    if registry.get("passwordLifetime") is not None:
        yield from _lifetime_problems(registry["passwordLifetime"], given)
    if given == ["passwordEnv"]:
        yield from _from_environment(registry, environ)
    elif given == ["passwordCommand"]:
        yield from _command_problems(registry["passwordCommand"])
    elif given == ["passwordFrom"]:
        yield from _from_recipe(registry)


def _from_environment(registry: dict[Any, Any], environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    variable = registry["passwordEnv"]
    if isinstance(variable, str):
        if environ.get(variable, "").rstrip("\r\n"):
            # A file that was read into it ends in one.
            registry["password"] = environ[variable].rstrip("\r\n")
        else:
            yield "passwordEnv", f"the environment variable {shown(variable)} is not set; export it"


def _command_problems(command: object) -> Iterator[tuple[str, str]]:
    if isinstance(command, list) and all(isinstance(part, str) for part in command):
        if not command or not command[0]:
            yield "passwordCommand", "is empty; give a program, and its arguments after it"
        elif any("\0" in part for part in command):
            yield "passwordCommand", "holds a NUL character, which no argument of a program can have"


def _lifetime_problems(text: object, given: list[str]) -> Iterator[tuple[str, str]]:
    if "passwordCommand" not in given:
        known = "; passwordFrom knows it" if "passwordFrom" in given else ""
        yield "passwordLifetime", f"is for what a passwordCommand prints{known}; leave it out"
    elif isinstance(text, str):
        try:
            lifetime.parse(text)
        except ValueError:
            yield (
                "passwordLifetime",
                f"{shown(text)} is no time in hours and minutes; write it as 12h, 90m or 1h30m",
            )


def _from_recipe(registry: dict[Any, Any]) -> Iterator[tuple[str, str]]:
    source, server = registry["passwordFrom"], registry.get("server")
    if not isinstance(source, str):
        return
    if source not in recipes.SOURCES:
        meant = nearest(source, recipes.SOURCES)
        hint = f'did you mean "{meant}"?' if meant else f"there are {', '.join(recipes.SOURCES)}"
        yield "passwordFrom", f"{shown(source)} is unknown; {hint}"
    elif isinstance(server, str):
        try:
            recipe = recipes.find(source, server)
        except ValueError as error:
            yield "passwordFrom", str(error)
            return
        if registry.setdefault("username", recipe.username) != recipe.username:
            yield "username", f"must be {recipe.username} for {source}; leave it out"
        registry["passwordCommand"] = list(recipe.command)
        registry["passwordLifetime"] = recipe.lifetime
