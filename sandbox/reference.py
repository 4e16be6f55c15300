"""``make reference``: renews docs/reference.md from the settings, the component's schema and the command line."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulumi_image_pull_secrets.command_line import COMMANDS, make_app
from pulumi_image_pull_secrets.component import TYPE
from pulumi_image_pull_secrets.settings import PROJECT, Settings
from pydantic.alias_generators import to_camel
from typer.testing import CliRunner

from .engine import CHECKOUT
from .schema import FILE as SCHEMA

FILE = CHECKOUT / "docs" / "reference.md"

_TITLE = """\
# Reference

Every key, argument, command and option. This page is generated; don't edit it. What each means, with its rules and its
errors, is in [configuration.md](configuration.md).
"""
_Row = tuple[str, str, str, str]


def render() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_TITLE, *_settings(), *_component(), *_commands()]).rstrip() + "\n"


def _settings() -> Iterator[str]:
    schema = Settings.model_json_schema()
    yield "## The stack file\n"
    yield f"Each key starts with `{PROJECT}:`.\n"
    yield _table(_rows(schema))
    for key, title in (
        ("namespaces", "NamespaceSettings"),
        ("exclude", "ExclusionSettings"),
        ("registries", "RegistrySettings"),
    ):
        yield f"### {key}[]\n"
        yield _table(_rows(schema["$defs"][title]))


def _component() -> Iterator[str]:
    schema = json.loads(SCHEMA.read_text())
    resource = schema["resources"][TYPE]
    yield "## The component\n"
    yield f"Type token `{TYPE}`. In Python the names are snake_case.\n"
    yield _table(_rows({"properties": resource["inputProperties"], "required": resource["requiredInputs"]}))
    for token, kind in schema["types"].items():
        yield f"### {token.rpartition(':')[2]}\n"
        yield _table(_rows(kind))
    yield "### Outputs\n"
    yield _table(_rows({"properties": resource["properties"], "required": resource["properties"]}))


def _commands() -> Iterator[str]:
    runner = CliRunner(env={"COLUMNS": "100", "TERMINAL_WIDTH": "100"})
    for name in COMMANDS:
        yield f"## pull-secrets {name}\n"
        told = runner.invoke(make_app(), [name, "--help"], prog_name="pull-secrets")
        yield f"```text\n{told.output.strip()}\n```\n"


def _rows(schema: Mapping[str, Any]) -> Iterator[_Row]:
    for name, each in schema["properties"].items():
        default = "required" if name in schema.get("required", ()) else _shown(each.get("default"))
        yield name, _kind(each), default, _text(each.get("description", ""))


def _kind(schema: Mapping[str, Any]) -> str:
    for each in schema.get("anyOf", ()):
        if each.get("type") != "null":
            return _kind(each)
    if "$ref" in schema:
        return "object"
    if "items" in schema:
        return f"list of {_plural(_kind(schema['items']))}"
    if "additionalProperties" in schema:
        return f"object of {_plural(_kind(schema['additionalProperties']))}"
    kind = {"string": "text"}.get(schema["type"], schema["type"])
    return f"{kind}, secret" if schema.get("secret") or schema.get("writeOnly") else kind


def _plural(kind: str) -> str:
    return f"lists{kind.removeprefix('list')}" if kind.startswith("list") else f"{kind}s"


def _shown(default: object) -> str:
    return "" if default in (None, False, []) else f"`{json.dumps(default) if isinstance(default, list) else default}`"


def _text(text: str) -> str:
    """On one line, with the names of keys as a stack file spells them."""
    words = " ".join(text.split())
    return re.sub(r"``(.+?)``", lambda found: f"`{_as_in_a_file(found[1])}`", words)


def _as_in_a_file(name: str) -> str:
    return to_camel(name) if re.fullmatch(r"[a-z]+(_[a-z]+)+", name) else name


def _table(rows: Iterable[_Row]) -> str:
    lines = ["| name | type | default | |", "| --- | --- | --- | --- |"]
    lines += [f"| `{name}` | {kind.replace('|', ', ')} | {default} | {text} |" for name, kind, default, text in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
