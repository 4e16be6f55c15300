"""The component as a Pulumi plugin, for programs in any language.

The engine takes an executable ``pulumi-resource-image-pull-secrets`` on PATH as the plugin; the wheel brings it.
"""

import json
import sys
from typing import Any

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult
from pulumi.provider import main as serve
from pulumi.provider.experimental.component import ComponentProvider

from . import __version__
from .component import TYPE, ImagePullSecrets
from .errors import InvalidArgumentsError, format_path

NAME = TYPE.partition(":")[0]
"""The plugin's name: the engine wants it to be the first segment of the component's type token."""


class Plugin(ComponentProvider):
    """What Pulumi infers from the component, with the secret inputs marked, which annotations can't say."""

    def __init__(self) -> None:
        super().__init__([ImagePullSecrets], NAME, version=__version__)
        schema: dict[str, Any] = json.loads(self.schema or "{}")
        schema["types"][f"{NAME}:index:RegistryArgs"]["properties"]["password"]["secret"] = True
        schema["resources"][TYPE]["inputProperties"]["dockerConfigJson"]["secret"] = True
        self.schema = json.dumps(schema)

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
            raise InputPropertiesError(
                str(mistakes),
                [{"property_path": format_path(each.path), "reason": each.message} for each in mistakes.problems],
            ) from None


def main() -> None:
    """Serves the component to the engine, until the engine ends it."""
    serve(Plugin(), sys.argv[1:])
