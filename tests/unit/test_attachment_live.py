"""What is read from an account, who holds it, and how that changes what is written."""

from typing import Any

import pytest
from pulumi_image_pull_secrets.attachment import PLACEHOLDER, LiveAccount, annotation_key, merge

from tests.unit.server_side_apply import EDIT, OTHER, OURS, OWNER, PATCH, Manager

KEY = annotation_key(OWNER)
LIST: dict[str, Any] = {"f:imagePullSecrets": {}}
ANNOTATION: dict[str, Any] = {"f:metadata": {"f:annotations": {".": {}, f"f:{KEY}": {}}}}
BOTH = {**LIST, **ANNOTATION}
OTHERS_ANNOTATION: dict[str, Any] = {
    "f:metadata": {"f:annotations": {f"f:{annotation_key('another.stack.component')}": {}}}
}


def held(manager: Manager, fields: object, **more: Any) -> dict[str, Any]:
    return {
        "manager": manager[0],
        "operation": manager[1],
        "apiVersion": "v1",
        "time": "2026-11-24T16:25:36Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **more,
    }


def account(*managed: dict[str, Any], names: tuple[str, ...] = ("a",), annotation: str | None = "a") -> dict[str, Any]:
    annotations = {} if annotation is None else {KEY: annotation, "acme.example/else": "1"}
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "annotations": annotations, "managedFields": list(managed)},
        "imagePullSecrets": [{"name": name} for name in names],
    }


@pytest.mark.parametrize(
    "bare",
    [
        {},
        {"metadata": None, "imagePullSecrets": None},
        {"metadata": {}, "imagePullSecrets": []},
        {"metadata": {"annotations": None, "managedFields": None}},
        {"metadata": {"annotations": {}, "managedFields": []}},
        {"metadata": {"annotations": {"image-pull-secrets/other": "a", "image-pull-secrets/owner": OWNER}}},
        {"metadata": {"managedFields": [{}, {"manager": "x", "operation": "Update"}, {"fieldsV1": None}]}},
        {"imagePullSecrets": [{}, {"name": ""}, {"name": None}]},
    ],
)
def test_what_is_missing_is_an_empty_account(bare: dict[str, Any]) -> None:
    assert LiveAccount.parse(bare, OWNER) == LiveAccount()


def test_the_names_and_this_owners_annotation_are_read() -> None:
    read = LiveAccount.parse(account(names=("z", "", "a", "a"), annotation=" a ,"), OWNER)
    assert (read.pull_secrets, read.annotation) == (("z", "a", "a"), " a ,")
    assert LiveAccount.parse(account(), "another.stack.component").annotation is None
    assert LiveAccount.parse(account(annotation=""), OWNER).annotation == ""


@pytest.mark.parametrize(
    ("managed", "annotation_is_shared", "list_is_shared"),
    [
        ([held(OURS, BOTH)], False, False),
        ([held(OURS, BOTH), held(PATCH, {"f:secrets": {}}), held(OTHER, {"f:metadata": {}})], False, False),
        ([held(OURS, BOTH), held(PATCH, LIST)], False, True),
        ([held(OURS, ANNOTATION), held(PATCH, LIST)], False, True),
        ([held(OURS, BOTH), held(OTHER, {**LIST, **OTHERS_ANNOTATION})], False, True),
        ([held(OURS, ANNOTATION), held(OTHER, {**LIST, **OTHERS_ANNOTATION})], False, True),
        ([held(OURS, ANNOTATION)], False, True),
        ([held(OURS, LIST), held(PATCH, ANNOTATION)], True, True),
        ([held(OURS, BOTH), held(PATCH, ANNOTATION)], True, True),
        ([held(OURS, BOTH), held(OTHER, ANNOTATION)], True, True),
        ([held(OURS, BOTH), held(PATCH, BOTH), held(OTHER, BOTH)], True, True),
        ([held(EDIT, BOTH)], True, True),
        ([held((OURS[0], "Update"), BOTH)], True, True),
        ([held(OURS, BOTH), held((OURS[0], "Update"), LIST)], False, True),
        ([held(PATCH, {"f:secrets": {}})], True, True),
        ([held(OURS, BOTH), held(OURS, BOTH, apiVersion="v2")], False, False),
        # Nobody holds it, and so the API server makes up a manager at the first apply.
        ([], True, True),
    ],
)
def test_who_holds_it_alone_is_one_manager_that_applies(
    managed: list[dict[str, Any]], annotation_is_shared: bool, list_is_shared: bool
) -> None:
    assert LiveAccount.parse(account(*managed), OWNER) == LiveAccount(
        ("a",), "a", annotation_is_shared=annotation_is_shared, list_is_shared=list_is_shared
    )


def test_where_nobody_tells_who_holds_what_nothing_is_concluded() -> None:
    not_told = account()
    del not_told["metadata"]["managedFields"]
    assert LiveAccount.parse(not_told, OWNER) == LiveAccount(("a",), "a")


@pytest.mark.parametrize(
    "fields", [None, {}, "", [], {"f:metadata": None}, {"f:metadata": {"f:annotations": [f"f:{KEY}"]}}, {"f:": LIST}]
)
def test_fields_of_any_shape_hold_nothing_of_ours(fields: object) -> None:
    ours, odd = held(OURS, BOTH), held(PATCH, fields)
    assert LiveAccount.parse(account(ours, odd), OWNER) == LiveAccount(("a",), "a")


def test_what_is_not_on_the_account_is_not_shared() -> None:
    nothing = account(held(PATCH, {"f:secrets": {}}), names=(), annotation=None)
    assert LiveAccount.parse(nothing, OWNER) == LiveAccount()
    placeholder = account(held(PATCH, LIST), names=("",), annotation=None)
    assert LiveAccount.parse(placeholder, OWNER) == LiveAccount()
    theirs = account(held(PATCH, LIST), annotation=None)
    assert LiveAccount.parse(theirs, OWNER) == LiveAccount(("a",), list_is_shared=True)


@pytest.mark.parametrize(
    ("names", "shared", "wanted", "written"),
    [
        (("a",), True, (), (PLACEHOLDER,)),
        (("a", "old"), True, (), (PLACEHOLDER,)),
        (("a",), False, (), ()),
        ((), True, (), ()),
        (("theirs", "a"), True, (), ("theirs",)),
        (("a",), True, ("a",), ("a",)),
        (("old",), True, ("a",), ("a",)),
        ((), True, ("a",), ("a",)),
    ],
)
def test_a_placeholder_stands_only_where_others_hold_a_list_that_we_empty(
    names: tuple[str, ...], shared: bool, wanted: tuple[str, ...], written: tuple[str, ...]
) -> None:
    merged = merge(LiveAccount(names, "a", list_is_shared=shared), wanted=wanted, retired=["old"])
    assert merged.pull_secrets == written
    assert merged.attached == wanted
    assert merged.has_foreign_entries is ("theirs" in names)


@pytest.mark.parametrize(
    ("before", "shared", "wanted", "written"),
    [
        (None, False, ("a",), "a"),
        ("a", False, ("a",), "a"),
        ("a,", False, ("a",), "a,"),
        ("a, ", False, ("a",), "a"),
        ("x", False, ("a",), "a"),
        ("b,a", False, ("a", "b"), "a,b"),
        ("a", True, ("a",), "a,"),
        ("a,", True, ("a",), "a"),
        ("x", True, ("a",), "a"),
        ("a,b", True, ("a", "b"), "a,b,"),
        (None, False, (), None),
        ("a", False, (), None),
        ("", False, (), None),
        (",", False, (), None),
        ("a", True, (), ""),
        ("", True, (), ","),
        (",", True, (), ""),
    ],
)
def test_a_shared_annotation_is_written_in_another_spelling(
    before: str | None, shared: bool, wanted: tuple[str, ...], written: str | None
) -> None:
    merged = merge(LiveAccount((), before, annotation_is_shared=shared), wanted=wanted)
    assert merged.annotation == written
