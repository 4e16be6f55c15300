"""How findings speak of what others have named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.wording import count, in_a_shell, key_text, line, listed, names, user_text


def test_words_are_listed_once_sorted_and_not_for_ever() -> None:
    assert listed([]) == ""
    assert listed(["b", "a", "b"]) == "a, b"
    assert listed("edcba") == "a, b, c and 2 more"


def test_counts_and_names_agree_with_their_noun() -> None:
    assert (count(1, "pod"), count(0, "pod")) == ("1 pod", "0 pods")
    assert (names("Secret", ["a"]), names("Secret", ["b", "a"])) == ("Secret a", "Secrets a, b")


def test_a_line_is_one_printable_line_of_some_length() -> None:
    assert line("a\n b\t\x1b[31mc\u202e") == "a b \\x1b[31mc\\u202e"
    assert line("x" * 300) == "x" * 300
    assert line("x" * 301) == "x" * 299 + "…"


@given(st.text())
def test_any_text_becomes_a_printable_line(text: str) -> None:
    assert line(text).isprintable()
    assert in_a_shell(text).isprintable()


def test_words_for_a_shell_are_quoted_where_they_must_be() -> None:
    assert in_a_shell("regcred, other") == "regcred, other"
    assert in_a_shell("a;b $(c)") == "'a;b' '$(c)'"


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("ghcr.io", "'ghcr.io'"),
        ("https://bot:hush@ghcr.io/v2/", "'ghcr.io/v2/'"),
        ("a\x1b[0m", "'a\\x1b[0m'"),
        ("k" * 400, "'" + "k" * 299 + "\\u2026'"),
    ],
)
def test_a_key_is_quoted_without_what_may_be_a_password(key: str, shown: str) -> None:
    assert key_text(key) == shown


@pytest.mark.parametrize(
    "token", ["ghp_abc", "gho_abc", "github_pat_abc", "glpat-abc", "dckr_pat_abc", "AKIA123", "eyJhbGciOi", "x" * 101]
)
def test_a_user_name_that_is_a_token_by_its_looks_is_not_shown(token: str) -> None:
    assert user_text(token) == "(a token)"


@pytest.mark.parametrize(
    "username", ["bot", "AWS", "_json_key", "00000000-0000-0000-0000-000000000000", "oauth2accesstoken"]
)
def test_other_user_names_are_shown(username: str) -> None:
    assert user_text(username) == f"'{username}'"
