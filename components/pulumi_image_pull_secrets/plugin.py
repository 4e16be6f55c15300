"""The component as a Pulumi plugin, for programs in any language.

The engine takes an executable ``pulumi-resource-image-pull-secrets`` on PATH as the plugin; the wheel brings it.
"""

import json
import re
import sys
from typing import Any

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult
from pulumi.provider import main as serve
from pulumi.provider.experimental.component import ComponentProvider
from pydantic.alias_generators import to_camel

from . import __version__
from .args import find_shape_problems, in_python_names, without_none
from .component import TYPE, ImagePullSecrets
from .errors import InvalidArgumentsError, Problem, with_others
from .spelling import in_camel_case
from .validation import find_problems

NAME = TYPE.partition(":")[0]
"""The plugin's name: the engine wants it to be the first segment of the component's type token."""


_NO_PROVIDER = (
    "missing; without one, Pulumi would take whatever cluster the kubeconfig happens to point at; give the component a "
    "Kubernetes provider"
)


class Plugin(ComponentProvider):
    """What Pulumi infers from the component, with types named for all languages, and the secret inputs marked."""

    def __init__(self) -> None:
        super().__init__([ImagePullSecrets], NAME, version=__version__)
        # The generators for other languages append an Args of their own.
        text = re.sub(rf"({NAME}:index:\w+)Args\b", r"\1", self.schema or "{}")
        schema: dict[str, Any] = _on_one_line(json.loads(text))
        schema["types"][f"{NAME}:index:Registry"]["properties"]["password"]["secret"] = True
        schema["resources"][TYPE]["inputProperties"]["dockerConfigJson"]["secret"] = True
        self.schema = json.dumps(schema)

    def map_inputs(self, inputs: Any, component_def: Any) -> Any:  # noqa: ARG002, Pulumi gives it
        """The inputs in Python's names, checked whole under the names that their author knows.

        What Pulumi does here takes an object in an Output for one without keys, and passes over keys that it doesn't
        know, so that a mistyped ``serviceAccounts`` would attach the Secret to ``default``.
        """
        inputs = without_none(inputs)
        args = in_python_names(inputs, to_camel)
        values = map(in_camel_case, find_problems(args))
        if problems := with_others(find_shape_problems(inputs, to_camel), values):
            raise _refusal(problems)
        return _checked_when_known(args)

    def construct(
        self, name: str, resource_type: str, inputs: Any, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        """Mistakes in the arguments become the engine's own kind of message: anything else is told as a traceback."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except Exception as error:
            mistakes = getattr(error, "inner", error)
            if not isinstance(mistakes, InvalidArgumentsError):
                raise
            # Of the rest, a program in another language can make one alone.
            raise _refusal([Problem(("options", "provider"), _NO_PROVIDER)]) from None


def _refusal(problems: list[Problem]) -> InputPropertiesError:
    """All mistakes in its message, and none in its list: of each path there the engine prints the value.

    It prints the value of a secret too, and of a list in which there is one.
    """
    lines = "".join(f"\n  {problem}" for problem in sorted(problems, key=lambda problem: problem.position))
    return InputPropertiesError(f"the arguments can't be used:{lines}", [])


def _checked_when_known(args: dict[str, Any]) -> dict[str, Any]:
    """The arguments, whose Outputs are refused in the same way where what they come to can't be used."""
    checked = {key: _checked(value, (key,)) for key, value in args.items()}
    if "registries" in args:
        checked["registries"] = [
            {key: _checked(value, ("registries", index, key)) for key, value in registry.items()}
            for index, registry in enumerate(args["registries"])
        ]
    return checked


def _checked(value: Any, path: tuple[str | int, ...]) -> Any:
    if not isinstance(value, pulumi.Output):
        return value

    def check(known: Any) -> Any:
        alone = {str(path[0]): [{path[-1]: known}] if len(path) > 1 else known}
        messages = [problem.message for problem in find_problems(alone) if problem.path[-1] == path[-1]]
        if not isinstance(known, str):
            messages = ["must be text"]
        if messages:
            raise _refusal([in_camel_case(Problem(path, message)) for message in messages])
        return known

    return value.apply(check)


def _on_one_line(value: Any) -> Any:
    """A schema with no line broken in it where the source's is."""
    if isinstance(value, dict):
        return {key: _on_one_line(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_on_one_line(item) for item in value]
    return " ".join(value.split()) if isinstance(value, str) else value


def main() -> None:
    """Serves the component to the engine, until the engine ends it."""
    serve(Plugin(), sys.argv[1:])
