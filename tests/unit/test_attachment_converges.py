"""Applied again and again, on an account that others write to as well, what we want comes out, and then nothing."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.attachment import parse_annotation

from tests.unit.server_side_apply import ANNOTATION, EDIT, LIST, OTHER, OURS, PATCH, Manager, Server

ROUNDS = 3
NAMES = st.sampled_from(["a", "b", "old", "theirs", "zeta"])
LISTS = st.lists(NAMES | st.just(""), min_size=1, max_size=4).filter(any).map(tuple)
ANNOTATIONS = st.lists(NAMES, max_size=2).map(",".join) | st.sampled_from([",", "a,", " a , b", "b,a", "x"])
WANTED = st.sampled_from([(), ("a",), ("a", "b"), ("b", "a")])
RETIRED = st.sampled_from([(), ("old",), ("a", "old")])
MANAGERS = st.sampled_from([OURS, OTHER, PATCH, EDIT])


@st.composite
def servers(draw: st.DrawFn) -> Server:
    """An account in any state: any values, each of them held by any managers, or by nobody."""
    values = draw(st.fixed_dictionaries({}, optional={LIST: LISTS, ANNOTATION: ANNOTATIONS}))
    held: dict[Manager, set[str]] = {}
    for name in values:
        for manager in draw(st.sets(MANAGERS, max_size=3)):
            held.setdefault(manager, set()).add(name)
    if draw(st.booleans()):
        held.setdefault(PATCH, set()).add("other")
    return Server(values, held)


def looks_like_ours(server: Server) -> bool:
    """Nothing tells our manager from another one that applied our annotation and holds it alone.

    Such as the manager of the same stack before its state was lost; an up that attaches makes the account ours again.
    """
    return server.holders(ANNOTATION) == {OTHER}


def foreign(server: Server, *ours: str) -> list[str]:
    before = parse_annotation(server.annotation).union(ours)
    return [name for name in dict.fromkeys(server.names or ()) if name and name not in before]


@given(servers(), WANTED, RETIRED)
def test_from_any_state_it_comes_to_rest_at_theirs_and_the_wanted(
    server: Server, wanted: tuple[str, ...], retired: tuple[str, ...]
) -> None:
    unknown = not wanted and looks_like_ours(server)
    theirs = foreign(server, *wanted, *retired)
    for _ in range(ROUNDS):
        server.up(*wanted, retired=retired)
    rest = server.state()
    attachment = server.up(*wanted, retired=retired)
    assert server.state() == rest
    if unknown:
        return
    assert [name for name in server.names or () if name not in wanted] == theirs
    assert set(server.names or ()) == {*theirs, *wanted}
    assert len(server.names or ()) == len(theirs) + len(wanted)
    assert attachment.has_foreign_entries is bool(theirs)
    if wanted:
        assert parse_annotation(server.annotation) == set(wanted)
        assert server.holders(ANNOTATION) == {OURS}
    else:
        assert server.annotation is None
        assert (server.names is None) is not bool(theirs)


@given(servers(), WANTED.filter(bool), RETIRED)
def test_what_is_wanted_is_there_after_the_first_round(
    server: Server, wanted: tuple[str, ...], retired: tuple[str, ...]
) -> None:
    theirs = foreign(server, *wanted, *retired)
    server.up(*wanted, retired=retired)
    names = list(server.names or ())
    assert [name for name in names if name not in wanted] == theirs
    assert set(wanted) <= set(names)
    for _ in range(ROUNDS):
        server.up(*wanted, retired=retired)
        assert list(server.names or ()) == names


@given(servers())
def test_what_they_hold_of_ours_does_not_keep_it_on_the_account(server: Server) -> None:
    # Where it can be told who holds what, our names are off after one round already.
    if not server.held or looks_like_ours(server):
        return
    theirs = foreign(server, "a")
    server.up(retired=("a",))
    assert [name for name in server.names or () if name] == theirs


def nothing(_: Server) -> None:
    pass


def they_apply_the_same(server: Server) -> None:
    server.apply(OTHER, **{name: value for name, value in server.values.items() if name == LIST})


def they_apply_everything(server: Server) -> None:
    server.apply(OTHER, **server.values)


def they_apply_our_annotation(server: Server) -> None:
    server.apply(OTHER, **{name: value for name, value in server.values.items() if name == ANNOTATION})


def they_turn_the_list_round(server: Server) -> None:
    server.update(PATCH, list=(*reversed(server.names or ()),) or None)


def they_add_one(server: Server) -> None:
    server.update(PATCH, list=("added", *(server.names or ())))


def they_take_ours_off(server: Server) -> None:
    left = tuple(name for name in server.names or () if name not in ("a", "b"))
    server.update(EDIT, list=left or None)


def they_edit_the_annotation(server: Server) -> None:
    server.update(EDIT, annotation=" a , b ")


def they_write_our_other_spelling(server: Server) -> None:
    server.update(PATCH, annotation="a,")


def they_edit_both(server: Server) -> None:
    server.update(EDIT, list=("a", *(name for name in server.names or () if name != "a")), annotation="a , b")


def they_add_names_of_ours_again(server: Server) -> None:
    server.update(PATCH, list=(*(server.names or ()), "a", "b"))


def they_make_the_account_anew(server: Server) -> None:
    names = ("added", *(server.names or ()))
    server.values, server.held = {LIST: names}, {PATCH: {LIST}}


def they_drop_all_managers(server: Server) -> None:
    server.held = {}


def they_drop_all_managers_and_write(server: Server) -> None:
    server.held = {PATCH: {"other"}}


MEANWHILE = [
    nothing,
    they_apply_the_same,
    they_apply_everything,
    they_apply_our_annotation,
    they_turn_the_list_round,
    they_add_one,
    they_take_ours_off,
    they_edit_the_annotation,
    they_write_our_other_spelling,
    they_edit_both,
    they_add_names_of_ours_again,
    they_make_the_account_anew,
    they_drop_all_managers,
    they_drop_all_managers_and_write,
]


@st.composite
def untouched(draw: st.DrawFn) -> Server:
    """An account that we never were on."""
    names = draw(st.lists(st.sampled_from(["theirs", "zeta", "a"]), max_size=3, unique=True))
    holders = draw(st.sets(st.sampled_from([OTHER, PATCH, EDIT]), max_size=2))
    return Server({LIST: tuple(names)} if names else {}, {manager: {LIST} for manager in holders} if names else {})


@given(untouched(), st.lists(st.sampled_from(MEANWHILE), max_size=3), st.integers(1, 3), st.integers(1, 3))
def test_attach_detach_and_destroy_leave_their_list_alone(
    server: Server, meanwhile: list[Callable[[Server], None]], ups: int, detaches: int
) -> None:
    for _ in range(ups):
        server.up("a", "b")
    for happens in meanwhile:
        happens(server)
    if looks_like_ours(server):
        server.up("a", "b")
    if looks_like_ours(server):
        # They applied what our state holds already, so that the provider sees nothing to do.
        return
    # Nobody's manager of ours is left on it where they dropped all, so the first round only takes it over.
    rounds = max(detaches, 2) if not server.held else detaches
    was_shared = server.live.annotation_is_shared or not server.held
    was_gone = server.annotation is None
    theirs = foreign(server, "a", "b")
    for _ in range(rounds):
        attachment = server.up(retired=("a", "b"))
    server.destroy(attachment)

    assert list(server.names or ()) == theirs
    assert (server.names is None) is not bool(theirs)
    if server.annotation is not None:
        # A patch that is retained can't take away what only the second round would.
        assert theirs
        assert was_shared or was_gone
        assert rounds < ROUNDS
        assert parse_annotation(server.annotation) == frozenset()


@pytest.mark.parametrize("happens", MEANWHILE)
@pytest.mark.parametrize("names", [(), ("theirs",)])
def test_after_whatever_they_did_the_next_ups_repair_it(
    happens: Callable[[Server], None], names: tuple[str, ...]
) -> None:
    server = Server({LIST: names}, {PATCH: {LIST}}) if names else Server()
    server.up("a")
    happens(server)
    for _ in range(ROUNDS):
        server.up("a", retired=("b",))
    assert set(server.names or ()) - {"added"} == {*names, "a"}
    assert parse_annotation(server.annotation) == {"a"}
    # Where nobody's fields are written down, nobody is told that there is anything to mend.
    assert server.holders(ANNOTATION) == ({OURS} if server.held else set())


@given(st.lists(st.sampled_from(["first", "second"]), min_size=1, max_size=6))
def test_a_manager_that_applies_the_list_we_left_does_not_bring_ours_back(turns: list[str]) -> None:
    # Somebody's manifest with the account's whole list, forced in turn with us.
    server = Server()
    for turn in turns:
        if turn == "first":
            server.up("a")
        else:
            server.apply(OTHER, list=("theirs",))
    for _ in range(ROUNDS):
        attachment = server.up()
    server.destroy(attachment)
    assert server.names == (("theirs",) if "second" in turns else None)
    assert server.annotation is None
