"""The report for programs, and its schema."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from pulumi_image_pull_secrets.review import report_json
from pulumi_image_pull_secrets.review.changes import (
    AccountChange,
    Action,
    Changes,
    NamespaceChange,
    PolicyChange,
    ProviderChange,
    SecretChange,
)
from pulumi_image_pull_secrets.review.report import Review
from pulumi_image_pull_secrets.review.risks import Level, Risk, risks_of

from sandbox.engine import CHECKOUT

SCHEMA: dict[str, Any] = json.loads((CHECKOUT / "docs" / "preview.schema.json").read_text())
SNAPSHOTS = sorted((Path(__file__).parent / "snapshots").glob("*.json"))
TEXT = st.text(max_size=3)
NAMES = st.lists(TEXT, max_size=3).map(tuple)
ACTION = st.sampled_from(Action)
CHANGES = st.builds(
    Changes,
    namespaces=st.lists(st.builds(NamespaceChange, TEXT, ACTION), max_size=2).map(tuple),
    secrets=st.lists(st.builds(SecretChange, TEXT, TEXT, ACTION, st.none() | TEXT), max_size=2).map(tuple),
    accounts=st.lists(
        st.builds(AccountChange, TEXT, TEXT, ACTION, st.none() | NAMES, st.none() | NAMES, NAMES.map(frozenset)),
        max_size=2,
    ).map(tuple),
    policies=st.lists(st.builds(PolicyChange, TEXT, ACTION), max_size=2).map(tuple),
    providers=st.lists(st.builds(ProviderChange, st.none() | TEXT, st.none() | TEXT, st.booleans()), max_size=2).map(
        tuple
    ),
    others=st.lists(st.tuples(TEXT, st.integers(1, 9)), max_size=2).map(tuple),
    unreadable=st.integers(0, 2),
)


def everything() -> Any:
    changes = Changes(
        namespaces=(NamespaceChange("shop", Action.DELETED),),
        secrets=(SecretChange("web", "regcred", Action.CREATED, "old"),),
        accounts=(AccountChange("web", "default", Action.CHANGED, ("a",), None, frozenset()),),
        policies=(PolicyChange("pulls-of-prod", Action.CREATED),),
        providers=(ProviderChange("a", None),),
        others=(("create", 1),),
    )
    risks = (Risk("namespace-deleted", Level.RISK, ("a",), ("shop",)),)
    return json.loads(report_json.render([Review("prod", changes, risks, ("e",), ("w",), ("n",), ("s",))]))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda path: path.stem)
def test_what_is_told_of_a_real_preview_is_as_the_schema_says(snapshot: Path) -> None:
    Draft202012Validator(SCHEMA).validate(json.loads(snapshot.read_text()))


@settings(max_examples=50)
@given(CHANGES)
def test_every_output_is_as_the_schema_says(changes: Changes) -> None:
    Draft202012Validator(SCHEMA).validate(
        json.loads(report_json.render([Review("prod", changes, risks_of(changes, adopts=True))]))
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 2),
        (("stacks",), []),
        (("stacks", 0, "failed"), "no"),
        (("stacks", 0, "errors", 0), 3),
        (("stacks", 0, "notes", 0), ""),
        (("stacks", 0, "risks", 0, "level"), "fatal"),
        (("stacks", 0, "risks", 0, "code"), "A risk"),
        (("stacks", 0, "contexts", 0, "after"), 3),
        (("stacks", 0, "namespaces", 0, "action"), "vanished"),
        (("stacks", 0, "secrets", 0, "counterpart"), 3),
        (("stacks", 0, "serviceAccounts", 0, "before"), "a"),
        (("stacks", 0, "serviceAccounts", 0, "others"), None),
        (("stacks", 0, "admissionPolicies", 0, "action"), "enforced"),
        (("stacks", 0, "otherSteps", "create"), -1),
        (("stacks", 0, "unreadableSteps"), -1),
        (("stacks", 0, "steps"), None),
    ],
)
def test_the_schema_refuses_what_no_report_writes(path: tuple[str | int, ...], value: object) -> None:
    content = place = everything()
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(content)


def test_the_schema_requires_every_key_and_knows_no_other() -> None:
    seen: list[dict[str, Any]] = []

    def keys_of(content: Any, schema: dict[str, Any]) -> None:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        if isinstance(content, dict) and "properties" in schema:
            seen.append(schema)
            assert set(content) == set(schema["properties"]) == set(schema["required"])
            for key, value in content.items():
                keys_of(value, schema["properties"][key])
        if isinstance(content, list) and "items" in schema:
            for entry in content:
                keys_of(entry, schema["items"])

    keys_of(everything(), SCHEMA)
    assert len(seen) == len(["report", "stack", "risk", "context", "namespace", "secret", "account", "policy"])


def test_it_is_ascii() -> None:
    assert report_json.render([Review("prod", errors=("käputt 😀",))]).isascii()
