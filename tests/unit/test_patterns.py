"""Globs: what they match, and which can match no name at all."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets import names, patterns

GLOBS = st.text("ab-*?", min_size=1, max_size=6)
NAMES = st.text("ab-", max_size=6)


@given(GLOBS, NAMES)
def test_they_match_as_those_of_a_shell(glob: str, name: str) -> None:
    assert patterns.matches(glob, name) == fnmatch.fnmatchcase(name, glob)


def test_a_name_matches_itself_alone() -> None:
    assert patterns.matches("team-a", "team-a")
    assert not patterns.matches("team-a", "team-ab")
    # A ServiceAccount's name may hold dots.
    assert not patterns.matches("a.b", "axb")


@pytest.mark.parametrize("glob", ["*", "team-*", "*-a", "a?", "?", "t*-?-b", "**"])
def test_what_can_match_a_name_is_right(glob: str) -> None:
    assert patterns.problem(glob, names.label_problem) is None


@pytest.mark.parametrize("glob", ["Team-*", "a_*", "-*", "*-", "a/*", "a b*", "é*", "x" * 64 + "*"])
def test_what_can_match_none_is_told(glob: str) -> None:
    assert "can match no name" in (patterns.problem(glob, names.label_problem) or "")


def test_the_rules_of_names_hold_for_names() -> None:
    assert patterns.problem("Team", names.label_problem) == names.label_problem("Team")


@pytest.mark.parametrize(
    ("glob", "is_everything"), [("*", True), ("?*", True), ("a*", False), ("a", False), ("", False)]
)
def test_wildcards_alone_are_everything(glob: str, is_everything: bool) -> None:
    assert patterns.is_everything(glob) is is_everything
