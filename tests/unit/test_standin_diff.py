"""The stand-in plugin: what an update would change, and whether that replaces the object."""

import base64
from typing import Any

import pytest

from sandbox.standin.diff import Diff, compare, normalized, pruned

Values = dict[str, Any]


def account(name: str = "default", namespace: str = "team-a", **fields: Any) -> Values:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace, **fields.pop("metadata", {})},
        **fields,
    }


def secret(**fields: Any) -> Values:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "team-a"}, **fields}


def names(*entries: str) -> list[Values]:
    return [{"name": entry} for entry in entries]


def diff(
    old: Values, new: Values, live: Values | None = None, *, is_patch: bool = False, mutable: bool = False
) -> Diff:
    return compare(old, live or old, new, is_patch=is_patch, secrets_are_mutable=mutable)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_the_same_inputs_are_no_change() -> None:
    assert diff(account(imagePullSecrets=names("a")), account(imagePullSecrets=names("a"))).changed == []


def test_what_the_server_added_is_no_change() -> None:
    given = account(imagePullSecrets=names("a"))
    live = account(imagePullSecrets=names("a"), secrets=names("token"), metadata={"uid": "1", "labels": {"by": "x"}})

    assert diff(given, given, live).changed == []


def test_what_was_undone_on_the_live_object_is_a_change() -> None:
    given = account(imagePullSecrets=names("a", "b"), metadata={"annotations": {"owner": "us"}})
    live = account(imagePullSecrets=names("a"))

    found = diff(given, given, live)

    assert found.added == ["imagePullSecrets[1]", "metadata.annotations"]
    assert found.replaces == []


def test_an_entry_that_somebody_appended_is_not_seen() -> None:
    given = account(imagePullSecrets=names("a"))

    assert diff(given, given, account(imagePullSecrets=names("a", "theirs"))).changed == []


def test_additions_removals_and_updates_are_told_apart() -> None:
    old = account(imagePullSecrets=names("a", "b"), metadata={"labels": {"gone": "x", "kept": "x"}})
    new = account(imagePullSecrets=names("c"), metadata={"labels": {"new": "x", "kept": "x"}})

    found = diff(old, new)

    assert found.added == ["metadata.labels.new"]
    assert found.deleted == ["imagePullSecrets[1]", "metadata.labels.gone"]
    assert found.updated == ["imagePullSecrets[0].name"]


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("plain", "metadata.annotations.plain"),
        ("image-pull-secrets/a-b", "metadata.annotations.image-pull-secrets/a-b"),
        ("example.com/x", 'metadata.annotations["example.com/x"]'),
        ('quo"ted', 'metadata.annotations["quo\\"ted"]'),
    ],
)
def test_a_path_is_written_as_the_engine_reads_it(key: str, path: str) -> None:
    old = account(metadata={"annotations": {key: "x"}})

    assert diff(old, account(metadata={"annotations": {key: "y"}})).updated == [path]


@pytest.mark.parametrize("is_patch", [False, True])
def test_another_name_or_namespace_replaces_and_both_objects_can_be(is_patch: bool) -> None:
    renamed = diff(account(), account("other"), is_patch=is_patch)
    moved = diff(account(), account(namespace="team-b"), is_patch=is_patch)

    assert (renamed.replaces, moved.replaces) == (["metadata.name"], ["metadata.namespace"])
    assert not renamed.delete_before_replace
    assert not moved.delete_before_replace


@pytest.mark.parametrize(
    ("new", "path"),
    [
        (secret(type="Opaque", data={"a": encoded("2")}), "data.a"),
        (secret(type="Opaque", stringData={"a": "2"}), "data.a"),
        (secret(type="Opaque"), "data"),
        (secret(type="example.com/x", data={"a": encoded("1")}), "type"),
    ],
)
def test_a_change_of_a_secret_replaces_it_and_the_old_one_goes_first(new: Values, path: str) -> None:
    found = diff(secret(type="Opaque", data={"a": encoded("1")}), new)

    assert found.changed == found.replaces == [path]
    assert found.delete_before_replace


def test_a_mutable_secret_is_replaced_for_its_type_alone() -> None:
    old = secret(type="Opaque", data={"a": encoded("1")})

    assert diff(old, secret(type="Opaque", data={"a": encoded("2")}), mutable=True).replaces == []
    assert diff(old, secret(type="example.com/x", data={"a": encoded("1")}), mutable=True).replaces == ["type"]


def test_an_immutable_secret_is_replaced_though_secrets_are_mutable() -> None:
    old, new = (secret(data={"a": encoded(text)}, immutable=True) for text in ("1", "2"))

    assert diff(old, new, mutable=True).replaces == ["data.a"]


def test_the_patch_of_a_secret_changes_it_in_place() -> None:
    assert diff(secret(data={"a": encoded("1")}), secret(data={"a": encoded("2")}), is_patch=True).replaces == []


def test_a_label_of_a_secret_changes_in_place() -> None:
    labelled = secret()
    labelled["metadata"]["labels"] = {"a": "x"}

    assert diff(secret(), labelled).replaces == []


def test_string_data_is_what_the_server_makes_of_it() -> None:
    given = secret(stringData={"a": "1", "b": "2"}, data={"b": encoded("overwritten"), "c": encoded("3")})

    assert normalized(given) == secret(data={"a": encoded("1"), "b": encoded("2"), "c": encoded("3")})
    assert diff(given, given, secret(data={"a": encoded("1"), "b": encoded("2"), "c": encoded("3")})).changed == []


def test_line_breaks_in_base64_are_no_change() -> None:
    wrapped = secret(data={"a": encoded("1" * 60)[:40] + "\n" + encoded("1" * 60)[40:]})

    assert diff(wrapped, wrapped, secret(data={"a": encoded("1" * 60)})).changed == []


def test_what_is_not_base64_is_left_for_the_server_to_refuse() -> None:
    assert normalized(secret(data={"a": "%"})) == secret(data={"a": "%"})


def test_empty_lists_and_maps_are_as_good_as_none() -> None:
    empty = account(imagePullSecrets=[], metadata={"annotations": {}, "labels": None})

    assert normalized(empty) == account()
    assert diff(empty, empty, account()).changed == []


def test_a_secret_with_an_empty_map_differs_for_ever() -> None:
    given = secret()
    given["metadata"]["labels"] = {}

    # So it does with the official provider, which takes no empty maps out of a Secret.
    assert diff(given, given, secret()).added == ["metadata.labels"]


def test_what_only_the_server_writes_is_no_input() -> None:
    assert normalized(account(metadata={"uid": "1", "resourceVersion": "2", "managedFields": [{}]})) == account()


def test_values_of_another_type_are_not_pruned() -> None:
    assert pruned({"a": [1]}, {"a": "text"}) == {"a": [1]}


def test_metadata_that_is_not_known_yet_is_a_change() -> None:
    unknown = {**account(), "metadata": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}

    assert diff(account(), unknown).changed == ["metadata"]
