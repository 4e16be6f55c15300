"""The connection to GitHub: what is sent of a token, and what is told of it."""

import json
import secrets
from collections.abc import Iterator

import httpx
import pytest
from pulumi_image_pull_secrets.review.github import GitHub as Client
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


def test_the_proxy_of_the_environment_is_asked(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", github.url)
    with connected("http://github.invalid", github.token) as api:
        assert list(api.pages("/repos/acme/images/issues/12/comments")) == []
    assert github.requests == ["GET http://github.invalid/repos/acme/images/issues/12/comments?per_page=100"]


def test_no_proxy_counts_too(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert ask(github, github.token) == []


def test_a_proxy_that_makes_no_connection_is_told(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    # The stand-in knows no CONNECT.
    monkeypatch.setenv("HTTPS_PROXY", github.url)
    told = r"https://github\.invalid can't be reached: 501"
    with pytest.raises(GitHubError, match=told), connected("https://github.invalid", github.token) as api:
        api.ask("POST", "/", {})


@pytest.mark.parametrize("address", ["ftp://user:{}@proxy", "http://user:{}@proxy:port"])
def test_a_proxy_that_is_none_is_told_without_its_password(
    github: GitHub, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    password = secrets.token_urlsafe(16)
    monkeypatch.setenv("HTTP_PROXY", address.format(password))
    with pytest.raises(GitHubError, match="the proxy that the environment names can't be used") as error:
        ask(github, github.token)
    assert password not in str(error.value)


@pytest.mark.parametrize(
    ("error", "failures", "asked"),
    [
        (httpx.ConnectError, 2, 3),
        (httpx.ConnectTimeout, 2, 3),
        (httpx.ConnectError, 3, 3),
        (httpx.ReadError, 1, 1),
        (httpx.ReadTimeout, 1, 1),
    ],
)
def test_only_what_was_not_sent_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, error: type[httpx.TransportError], failures: int, asked: int
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if len(requests) <= failures:
            raise error("no")
        return httpx.Response(201, json={"id": 1})

    api = Client("https://github.invalid", httpx.Client(transport=httpx.MockTransport(answer)))
    if failures < asked:
        assert api.ask("POST", "/", {"body": "x"}) == {"id": 1}
    else:
        with pytest.raises(error):
            api.ask("POST", "/", {"body": "x"})
    assert [json.loads(request.content) for request in requests] == [{"body": "x"}] * asked
