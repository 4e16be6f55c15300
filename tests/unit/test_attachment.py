"""What becomes of an account's list, and whose names are whose."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.attachment import (
    ANNOTATION_PREFIX,
    Attachment,
    LiveAccount,
    annotation_key,
    merge,
    owner_of,
    parse_annotation,
)

NAMES = st.sampled_from([f"n{number}" for number in range(8)])
LISTS = st.lists(NAMES, max_size=6).map(tuple)
SETS = st.frozensets(NAMES, max_size=4)
OWNERS = st.tuples(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
OWN_NAMES = st.sampled_from(["a1", "a2", "a3"])
OTHER_NAMES = st.sampled_from(["b1", "b2", "b3"])


def live(*names: str, before: tuple[str, ...] = ()) -> LiveAccount:
    return LiveAccount(names, ",".join(before) or None)


def after(merged: Attachment) -> LiveAccount:
    """What the account holds once that is applied, with nobody else on it."""
    return LiveAccount(tuple(name for name in merged.pull_secrets if name), merged.annotation)


@pytest.mark.parametrize(
    ("account", "wanted", "retired", "result"),
    [
        (live(), ["regcred"], [], ("regcred",)),
        (live("theirs"), ["regcred"], [], ("theirs", "regcred")),
        (live("z", "a"), ["m"], [], ("z", "a", "m")),
        (live("theirs", "regcred"), ["regcred"], [], ("theirs", "regcred")),
        (live("regcred", "theirs"), ["regcred"], [], ("regcred", "theirs")),
        (live("old", "theirs", before=("old",)), ["new"], [], ("theirs", "new")),
        (live("old", "theirs"), ["new"], ["old"], ("theirs", "new")),
        (live("old", "theirs"), ["new"], [], ("old", "theirs", "new")),
        (live("theirs", before=("regcred",)), ["regcred"], [], ("theirs", "regcred")),
        (live("theirs", "theirs", "regcred", "regcred"), ["regcred"], [], ("theirs", "regcred")),
        (live("back"), ["back"], ["back"], ("back",)),
        (live(), ["b", "a", "b"], [], ("b", "a")),
        (live("regcred", "theirs", before=("regcred",)), [], ["regcred"], ("theirs",)),
        (live("regcred", before=("regcred",)), [], [], ()),
        (live("theirs"), [], [], ("theirs",)),
    ],
)
def test_ours_are_appended_or_dropped_and_theirs_stay(
    account: LiveAccount, wanted: list[str], retired: list[str], result: tuple[str, ...]
) -> None:
    merged = merge(account, wanted=wanted, retired=retired)
    assert merged.pull_secrets == result
    assert set(merged.attached) == set(wanted)


def test_iterators_are_read_once_and_suffice() -> None:
    merged = merge(live("old", "theirs"), wanted=iter(["new"]), retired=iter(["old"]))
    assert merged.pull_secrets == ("theirs", "new")


@pytest.mark.parametrize(
    ("names", "foreign"), [((), False), (("regcred",), False), (("theirs",), True), (("regcred", "theirs"), True)]
)
def test_foreign_entries_are_told_apart_from_ours(names: tuple[str, ...], foreign: bool) -> None:
    assert merge(live(*names), wanted=["regcred"]).has_foreign_entries is foreign


def foreign_of(account: LiveAccount, ours: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(account.pull_secrets) if name not in ours)


@given(names=LISTS, before=SETS, wanted=LISTS, retired=SETS)
def test_no_foreign_entry_is_lost_or_moved_and_of_ours_exactly_the_wanted_are_in(
    names: tuple[str, ...], before: frozenset[str], wanted: tuple[str, ...], retired: frozenset[str]
) -> None:
    account = live(*names, before=tuple(before))
    ours = before.union(wanted, retired)

    merged = merge(account, wanted=wanted, retired=retired)

    assert tuple(name for name in merged.pull_secrets if name not in ours) == foreign_of(account, ours)
    assert ours.intersection(merged.pull_secrets) == set(wanted) == set(merged.attached)
    assert len(merged.pull_secrets) == len(set(merged.pull_secrets))
    assert merged.has_foreign_entries is bool(foreign_of(account, ours))


@given(names=LISTS, before=SETS, wanted=LISTS, retired=SETS)
def test_merging_again_changes_nothing(
    names: tuple[str, ...], before: frozenset[str], wanted: tuple[str, ...], retired: frozenset[str]
) -> None:
    first = merge(live(*names, before=tuple(before)), wanted=wanted, retired=retired)
    second = merge(after(first), wanted=wanted, retired=retired)
    assert second == (first if first.annotation else replace(first, annotation=None))
    assert merge(after(second), wanted=wanted, retired=retired) == second


@given(names=LISTS, wanted=LISTS, retired=SETS)
def test_attaching_and_then_detaching_leaves_exactly_the_foreign_list(
    names: tuple[str, ...], wanted: tuple[str, ...], retired: frozenset[str]
) -> None:
    account = LiveAccount(names)
    attached = merge(account, wanted=wanted, retired=retired)
    detached = merge(after(attached), wanted=(), retired=retired)
    assert detached.pull_secrets == foreign_of(account, retired.union(wanted))
    assert detached.attached == ()
    assert detached.annotation is None


@given(
    names=st.lists(OWN_NAMES | OTHER_NAMES | NAMES).map(tuple),
    ours=st.lists(OWN_NAMES, min_size=1, max_size=2),
    our_retired=st.frozensets(OWN_NAMES),
    theirs=st.lists(OTHER_NAMES, min_size=1, max_size=2),
    their_retired=st.frozensets(OTHER_NAMES),
    shared=st.frozensets(st.just("shared")),
)
def test_two_owners_in_turn_reach_a_list_that_neither_changes(
    names: tuple[str, ...],
    ours: list[str],
    our_retired: frozenset[str],
    theirs: list[str],
    their_retired: frozenset[str],
    shared: frozenset[str],
) -> None:
    wanted = {"a": [*ours, *shared], "b": [*theirs, *shared]}
    retired = {"a": our_retired, "b": their_retired}
    annotations: dict[str, str | None] = {"a": None, "b": None}
    history = [names]
    for owner in "abab":
        merged = merge(LiveAccount(history[-1], annotations[owner]), wanted=wanted[owner], retired=retired[owner])
        annotations[owner] = merged.annotation
        history.append(merged.pull_secrets)
    assert history[2] == history[3] == history[4]
    assert set(wanted["a"]) | set(wanted["b"]) <= set(history[-1])
    assert foreign_of(LiveAccount(names), frozenset(history[0]) - set(history[-1])) == tuple(
        name for name in history[-1] if name in names
    )


def test_a_plain_owner_is_readable() -> None:
    assert owner_of(project="image-pull-secrets", stack="prod", component="pulls") == "image-pull-secrets.prod.pulls"


@given(OWNERS)
def test_an_owner_is_the_name_part_of_a_valid_annotation_key(parts: tuple[str, str, str]) -> None:
    project, stack, component = parts
    owner = owner_of(project=project, stack=stack, component=component)
    assert len(owner) <= 63
    assert re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?", owner)
    assert annotation_key(owner) == f"{ANNOTATION_PREFIX}{owner}"


@given(OWNERS, OWNERS)
def test_different_triples_are_different_owners(first: tuple[str, str, str], second: tuple[str, str, str]) -> None:
    owners = {owner_of(project=p, stack=s, component=c) for p, s, c in (first, second)}
    assert len(owners) == len({first, second})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("a.b", "c", "d"), ("a", "b.c", "d")),
        (("a", "b.c", "d"), ("a", "b", "c.d")),
        (("a b", "c", "d"), ("a-b", "c", "d")),
        (("ä", "c", "d"), ("ö", "c", "d")),
        (("", "c", "d"), ("c", "", "d")),
        (("a" * 80, "c", "d"), ("a" * 80, "c", "e")),
        (("A", "c", "d"), ("a", "c", "d")),
    ],
)
def test_triples_that_look_alike_are_different_owners(
    first: tuple[str, str, str], second: tuple[str, str, str]
) -> None:
    one, other = (owner_of(project=p, stack=s, component=c) for p, s, c in (first, second))
    assert one != other


def test_an_owner_of_nothing_printable_is_its_digest() -> None:
    assert re.fullmatch(r"[0-9a-f]{10}", owner_of(project="", stack="💥", component="\ud800"))


@given(st.lists(st.text(alphabet="ab0-.", min_size=1), min_size=1))
def test_the_annotation_gives_back_the_names_that_went_in(names: list[str]) -> None:
    assert parse_annotation(merge(LiveAccount(), wanted=names).annotation) == frozenset(names)


def test_the_annotation_has_the_order_of_the_list() -> None:
    assert merge(live("theirs", "b"), wanted=["a", "b"]).annotation == "b,a"


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (None, set()),
        ("", set()),
        (" , ,", set()),
        ("a", {"a"}),
        (" a , b,", {"a", "b"}),
        ("a,a", {"a"}),
        ("a\n,\tb", {"a", "b"}),
    ],
)
def test_an_annotation_that_somebody_edited_is_still_read(value: str | None, names: set[str]) -> None:
    assert parse_annotation(value) == names
