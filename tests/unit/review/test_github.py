"""The connection to GitHub: what is sent of a token, and what is told of it."""

import secrets
from collections.abc import Iterator

import httpx
import pytest
from pulumi_image_pull_secrets.review.github import GitHubError, connected

from tests.unit.review.github import GitHub, serve


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serve(GitHub()) as served:
        yield served


def ask(github: GitHub, token: str) -> list[object]:
    with connected(github.url, token) as api:
        return list(api.pages("/repos/acme/images/issues/12/comments"))


def test_white_space_around_the_token_does_not_count(github: GitHub) -> None:
    assert ask(github, f" {github.token}\r\n") == []


@pytest.mark.parametrize("odd", ["\x01", "\n", "\x00", " ", "\x7f", "é", "\u2028", "\udc80"])
def test_a_token_that_no_header_can_hold_is_not_sent_and_not_told(github: GitHub, odd: str) -> None:
    halves = secrets.token_urlsafe(8), secrets.token_urlsafe(8)
    with pytest.raises(GitHubError, match="holds a character that no token of GitHub's has") as error:
        ask(github, odd.join(halves))
    assert not any(half in str(error.value) for half in halves)
    assert github.requests == []


def test_what_httpx_says_of_a_header_is_not_told(github: GitHub) -> None:
    with pytest.raises(GitHubError, match="breaks the rules of HTTP") as error, connected(github.url, "t"):
        raise httpx.LocalProtocolError("Illegal header value b'Bearer a-token'")
    assert "a-token" not in str(error.value)
