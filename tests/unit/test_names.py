"""Kubernetes's rules for names, and the nearest word to a mistyped one."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets import names

RULES = [names.label_problem, names.subdomain_problem, names.qualified_name_problem, names.label_value_problem]


@pytest.mark.parametrize("name", ["a", "0", "team-a", "a--b", "a" * 63])
def test_a_label_is_accepted(name: str) -> None:
    assert names.label_problem(name) is None
    assert names.subdomain_problem(name) is None


@pytest.mark.parametrize("name", ["a.b", "regcred.acme-1", "a" * 253])
def test_a_subdomain_may_have_dots_and_be_longer(name: str) -> None:
    assert names.subdomain_problem(name) is None
    assert names.label_problem(name) is not None


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "A", "a_b", "a b", "a\n", "ä", "٣", "a..b", ".a", "a.", "a.-b", "a/b"]
)
def test_a_name_that_kubernetes_refuses_is_refused_for_both(name: str) -> None:
    assert "DNS-1123 label" in (names.label_problem(name) or "")
    assert "DNS-1123 subdomain" in (names.subdomain_problem(name) or "")


@pytest.mark.parametrize(("rule", "most"), [(names.label_problem, 63), (names.subdomain_problem, 253)])
def test_a_name_that_is_too_long_is_told_by_its_length(rule: Callable[[str], str | None], most: int) -> None:
    problem = rule("a" * (most + 1)) or ""
    assert f"has {most + 1} characters; at most {most} are allowed" in problem
    assert len(problem) < 150


@pytest.mark.parametrize("key", ["a", "A.b_c-D", "example.com/team", "a" * 63, f"{'a' * 253}/b"])
def test_a_qualified_name_is_accepted(key: str) -> None:
    assert names.qualified_name_problem(key) is None


@pytest.mark.parametrize("key", ["/a", "A.com/a", "a/b/c", "a_b/c", f"{'a' * 254}/b", "//a"])
def test_a_bad_prefix_is_told_as_one(key: str) -> None:
    assert "prefix" in (names.qualified_name_problem(key) or "")


@pytest.mark.parametrize("key", ["", "-a", "a-", "a b", "example.com/", "example.com/-a", "a" * 64, "ä", "a\n"])
def test_a_bad_key_is_told_as_one(key: str) -> None:
    assert "not a qualified name" in (names.qualified_name_problem(key) or "")


@pytest.mark.parametrize("value", ["", "a", "A_b.c-9", "a" * 63])
def test_a_label_value_is_accepted(value: str) -> None:
    assert names.label_value_problem(value) is None


@pytest.mark.parametrize("value", ["-", "a b", "a/b", "a" * 64, "ä", "a\n"])
def test_a_bad_label_value_is_refused(value: str) -> None:
    assert "not a label value" in (names.label_value_problem(value) or "")


@given(st.text() | st.text(min_size=64, max_size=300))
def test_every_message_is_short_and_printable(name: str) -> None:
    for rule in RULES:
        problem = rule(name) or ""
        assert len(problem) < 1000
        assert problem.isprintable()


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("tema-a", ["team-a", "team-b"], "team-a"),
        ("secret_name", ["secretName", "context"], "secretName"),
        ("SECRETNAME", ["secretName", "context"], "secretName"),
        ("zzz", ["secretName", "context"], None),
        ("a", [], None),
        ("", ["a"], None),
        ("staging" + "x" * 100_000, ["staging"], None),
    ],
)
def test_the_nearest_word_is_guessed_only_where_one_is_near(word: str, known: list[str], meant: str | None) -> None:
    assert names.nearest(word, known) == meant


@given(st.text(), st.lists(st.text()))
def test_a_guess_is_always_one_of_the_known_words(word: str, known: list[str]) -> None:
    assert names.nearest(word, known) in [None, *known]
