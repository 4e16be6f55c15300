"""The schema that programs in other languages are generated from: what the engine gets, and what is committed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.schema import FILE, answered

RESOURCE = "image-pull-secrets:index:ImagePullSecrets"
REGISTRY = "image-pull-secrets:index:Registry"


@pytest.fixture
def schema(parts: dict[str, Path]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(answered(parts["pulumi"]))
    return answer


def test_the_committed_schema_is_what_the_engine_gets(schema: dict[str, Any]) -> None:
    assert schema == json.loads(FILE.read_text()), "renew it: make schema"


def test_everything_is_described_and_secrets_are_marked(schema: dict[str, Any]) -> None:
    described = dict(_properties(schema))

    assert [path for path, each in described.items() if not each.get("description")] == []
    assert len(described) == 11 + 2 + 3 + 4
    assert {path for path, each in described.items() if each.get("secret")} == {
        f"{RESOURCE}.inputProperties.dockerConfigJson",
        f"{REGISTRY}.properties.password",
    }


def test_the_outputs_have_exact_types(schema: dict[str, Any]) -> None:
    outputs = schema["resources"][RESOURCE]["properties"]

    assert (outputs["secrets"]["type"], outputs["secrets"]["items"]) == ("array", {"type": "string"})
    assert outputs["attached"]["type"] == "object"
    assert outputs["attached"]["additionalProperties"] == {"type": "array", "items": {"type": "string"}}


def _properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for owner, kind in (
        (RESOURCE, "inputProperties"),
        (RESOURCE, "properties"),
        ("image-pull-secrets:index:Namespace", "properties"),
        (REGISTRY, "properties"),
    ):
        for name, each in {**schema["types"], **schema["resources"]}[owner][kind].items():
            yield f"{owner}.{kind}.{name}", each
