"""The one issue about drift: its text, and when it is opened, renewed and closed."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pulumi_image_pull_secrets.wording import visible

from ci import drift_issue
from ci.drift import Comparison, State
from ci.drift_issue import MARKER, MAX_CHARACTERS
from sandbox import stacks
from tests.unit.github import BOT, GitHub, serving

RUN = "https://github.com/owner/name/actions/runs/7"
SAME = Comparison(State.SAME, "12 unchanged\n")
DRIFT = Comparison(
    State.DIFFERS, "  ~ kubernetes:core/v1:ServiceAccountPatch: (update)\nerror: no changes were expected\n"
)
FAILED = Comparison(State.FAILED, 'error: namespace "checkout" does not exist\n')


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    with serving(secrets.token_urlsafe(16)) as server:
        monkeypatch.setenv("GITHUB_API_URL", server.url)
        monkeypatch.setenv("GITHUB_TOKEN", server.token)
        yield server


@pytest.fixture
def night(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> "Night":
    return Night(tmp_path, capsys)


class Night:
    """One night: what the comparisons came to, and what the command then says."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capsys = capsys

    def __call__(self, **found: Comparison) -> str:
        for stack in stacks.names():
            found.get(stack, SAME).write(stack, self._folder)
        drift_issue.main("owner/name", RUN, BOT, self._folder)
        return self._capsys.readouterr().out


def test_opens_one_issue_renews_it_and_closes_it(github: GitHub, night: Night) -> None:
    assert night() == "nothing differs, and no issue is open\n"
    assert night(prod=DRIFT) == "opened issue 1\n"
    assert "## prod differs from its cluster" in github.issue(1)["body"]
    assert night(prod=DRIFT, staging=FAILED) == "renewed issue 1\n"
    assert "## staging could not be compared with its cluster" in github.issue(1)["body"]
    assert night() == "nothing differs any more: closed issue 1\n"
    assert (github.issue(1)["state"], github.issue(1)["state_reason"]) == ("closed", "completed")
    assert night(prod=DRIFT) == "opened issue 2\n"
    assert github.writes == ["POST", "PATCH", "PATCH", "POST"]


def test_finds_its_issue_behind_hundreds_of_others(github: GitHub, night: Night) -> None:
    night(prod=DRIFT)
    for _ in range(250):
        github.add("another")
    assert night(prod=DRIFT) == "renewed issue 1\n"


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (f"{MARKER}\nplease write here", {"login": "somebody"}),
        (f"{MARKER}\na change", {"pull_request": {"url": "…"}}),
        (f"I quote:\n{MARKER}", {}),
        (MARKER.replace("drift", "drift-eu"), {}),
        (None, {}),
    ],
)
def test_leaves_the_issues_of_others_alone(
    body: str | None, more: dict[str, object], github: GitHub, night: Night
) -> None:
    github.add(body, **more)  # type: ignore[arg-type]
    assert night(prod=DRIFT) == "opened issue 2\n"
    assert github.issue(1)["body"] == body
    assert night() == "nothing differs any more: closed issue 2\n"
    assert github.issue(1)["state"] == "open"


def test_a_stack_whose_job_left_nothing_is_told(github: GitHub, tmp_path: Path) -> None:
    drift_issue.main("owner/name", RUN, BOT, tmp_path)
    for stack in stacks.names():
        assert f"## {stack} could not be compared with its cluster" in github.issue(1)["body"]


def test_github_takes_even_what_a_thousand_namespaces_print(github: GitHub, night: Night) -> None:
    many = Comparison(State.DIFFERS, "".join(f"  ~ namespace-{number}: `{'x' * 90}`\n" for number in range(5_000)))
    assert night(staging=many, preprod=many, prod=many) == "opened issue 1\n"
    body = github.issue(1)["body"]
    assert len(body) > MAX_CHARACTERS * 0.9
    left_out = [int(count) for count in re.findall(r"^… and (\d+) more lines$", body, re.MULTILINE)]
    shown = len(re.findall(r"^  ~ namespace-\d+: `x{90}`$", body, re.MULTILINE))
    assert len(left_out) == 3
    assert shown + sum(left_out) == 15_000


@given(
    st.lists(st.sampled_from(["`", "```", "`````", "~~~", "\n", "\r", "    ", " ", "@team", "\x1b[2J", "\u202e", "#1"]))
)
def test_all_that_pulumi_printed_stays_in_one_block_and_moves_no_cursor(parts: list[str]) -> None:
    text = drift_issue.body({"prod": Comparison(State.FAILED, "".join(parts))}, RUN)
    assert text is not None
    tokens = MarkdownIt().parse(text)
    assert [token.type for token in tokens[-4:]] == ["heading_open", "inline", "heading_close", "fence"]
    assert tokens[-1].info == "text"
    shown = [line.split() for line in tokens[-1].content.splitlines()]
    assert shown == [visible(line).split() for line in "".join(parts).strip("\n").splitlines()]
    assert not re.search("[\r\x1b\u202e]", text)


@pytest.mark.parametrize("token", ["", " \n", None])
def test_says_that_the_token_is_missing(token: str | None, night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    if token is not None:
        monkeypatch.setenv("GITHUB_TOKEN", token)
    with pytest.raises(SystemExit, match="GITHUB_TOKEN is empty"):
        night()


def test_says_what_github_answered_and_never_the_token(
    github: GitHub, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = secrets.token_urlsafe(16)
    monkeypatch.setenv("GITHUB_TOKEN", wrong)
    with pytest.raises(SystemExit, match=r"GET .*: 403 Resource not accessible by integration") as error:
        night()
    assert wrong not in str(error.value)


def test_white_space_around_the_token_does_not_count(
    github: GitHub, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", f" {github.token}\n")
    assert night(prod=DRIFT) == "opened issue 1\n"


def test_says_that_the_file_of_certificates_is_not_there(
    github: GitHub, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(SystemExit, match=r"error: SSL_CERT_FILE: '/nowhere/ca\.pem' can't be read"):
        night()


def test_says_that_github_is_not_there(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving("token") as gone:
        url = gone.url
    monkeypatch.setenv("GITHUB_API_URL", url)
    monkeypatch.setenv("GITHUB_TOKEN", secrets.token_urlsafe(16))
    with pytest.raises(SystemExit, match=f"{url} can't be reached"):
        night()
