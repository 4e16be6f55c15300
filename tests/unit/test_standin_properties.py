"""The stand-in plugin: the engine's property values, and what in them is marked secret or unknown."""

from typing import Any

import pytest

from sandbox.standin.properties import (
    contains_secret,
    contains_unknown,
    from_struct,
    is_secret,
    mark_secrets,
    plain,
    secret,
    to_struct,
)

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
MARK = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def test_a_marked_value_is_what_the_engine_takes_for_a_secret() -> None:
    assert secret("x") == {**MARK, "value": "x"}


def test_a_marked_value_is_not_marked_again() -> None:
    assert secret(secret("x")) == secret("x")


def test_values_survive_the_way_to_the_engine_and_back() -> None:
    values: dict[str, Any] = {"text": "x", "list": [1, {"a": True}], "none": None, "secret": secret({"k": "v"})}

    assert from_struct(to_struct(values)) == values


def test_whole_numbers_come_back_as_integers() -> None:
    back = from_struct(to_struct({"replicas": 3, "ratio": 0.5}))

    assert [type(back[key]) for key in ("replicas", "ratio")] == [int, float]


@pytest.mark.parametrize("nest", [lambda value: value, lambda value: [value], lambda value: {"a": [{"b": value}]}])
def test_secrets_and_unknowns_are_found_at_any_depth(nest: Any) -> None:
    assert contains_secret(nest(secret("x")))
    assert contains_unknown(nest(UNKNOWN))
    assert contains_unknown(nest(secret(UNKNOWN)))
    assert not contains_secret(nest("x"))
    assert not contains_unknown(nest("x"))


def test_a_value_that_only_holds_a_secret_is_not_one() -> None:
    assert not is_secret({"a": secret("x")})


def test_plain_values_have_no_marks_left() -> None:
    assert plain({"a": secret({"b": secret("x")}), "c": [secret("y")]}) == {"a": {"b": "x"}, "c": ["y"]}


def test_data_and_string_data_of_a_secret_are_always_marked() -> None:
    outputs = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "x"}, "stringData": {"b": "y"}}

    marked = mark_secrets(outputs, {})

    assert marked == {**outputs, "data": secret({"a": "x"}), "stringData": secret({"b": "y"})}


def test_another_kind_of_object_has_its_data_in_the_open() -> None:
    outputs = {"kind": "ConfigMap", "data": {"a": "x"}}

    assert mark_secrets(outputs, {"data": {"a": "x"}}) == outputs


def test_only_the_value_that_was_secret_is_marked_in_a_map() -> None:
    given = {"metadata": {"annotations": {"open": "x", "hidden": secret("y")}}}
    outputs = {"metadata": {"annotations": {"open": "x", "hidden": "y"}, "uid": "1"}}

    marked = mark_secrets(outputs, given)

    assert marked["metadata"] == {"annotations": {"open": "x", "hidden": secret("y")}, "uid": "1"}


def test_a_list_with_a_secret_in_it_is_marked_as_a_whole() -> None:
    given = {"items": [{"name": "x"}, {"name": secret("y")}]}
    outputs = {"items": [{"name": "y"}, {"name": "x"}]}

    assert mark_secrets(outputs, given) == {"items": secret(outputs["items"])}


def test_a_map_that_was_secret_as_a_whole_is_marked_as_a_whole() -> None:
    outputs = {"metadata": {"labels": {"a": "x"}}}

    assert mark_secrets(outputs, {"metadata": {"labels": secret({"a": "x"})}}) == {
        "metadata": {"labels": secret({"a": "x"})}
    }
