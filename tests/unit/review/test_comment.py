"""One comment per stack in a pull request: found among all pages, by its exact first line and its author."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi_image_pull_secrets.command_line import make_app
from pulumi_image_pull_secrets.review.comment import CommentError, Done, Place, marker_of, put
from pulumi_image_pull_secrets.review.github import GitHubError
from typer.testing import CliRunner, Result

from tests.unit.review.github import BOT, PERSON, REPOSITORY, GitHub, serve

MARKER = "<!-- image-pull-secrets preview: prod -->"
TEXT = f"{MARKER}\n### Preview of `prod`\n"


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serve(GitHub()) as served:
        yield served


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_API_URL"):
        monkeypatch.delenv(name, raising=False)


def send(github: GitHub, text: str = TEXT) -> Done:
    return put(text, Place(github.url, REPOSITORY, 12), github.token)[0]


def writes(github: GitHub) -> list[str]:
    return [request for request in github.requests if not request.startswith("GET") and "graphql" not in request]


def test_the_first_time_it_is_made(github: GitHub) -> None:
    github.add("looks good")
    assert send(github) is Done.CREATED
    assert [comment["body"] for comment in github.comments] == ["looks good", TEXT]


def test_the_next_time_it_is_changed_in_place(github: GitHub) -> None:
    send(github)
    assert send(github, TEXT + "more") is Done.UPDATED
    assert [comment["body"] for comment in github.comments] == [TEXT + "more"]


def test_what_would_stay_the_same_is_not_written(github: GitHub) -> None:
    send(github)
    # What GitHub gives back: its white space at the end gone, and a browser's line ends.
    github.comments[0]["body"] = TEXT.rstrip().replace("\n", "\r\n")
    assert send(github) is Done.UNCHANGED
    assert len(writes(github)) == 1


@pytest.mark.parametrize("count", [0, 99, 100, 101, 250])
def test_it_is_found_on_whatever_page(github: GitHub, count: int) -> None:
    for number in range(count):
        github.add(f"comment {number}")
    ours = github.add(TEXT, BOT)
    for number in range(150):
        github.add(f"later comment {number}")
    assert send(github, TEXT + "more") is Done.UPDATED
    assert ours["body"] == TEXT + "more"
    assert len(github.comments) == count + 151


def test_a_server_with_smaller_pages_is_read_to_its_end(github: GitHub) -> None:
    github.per_page = 3
    for number in range(10):
        github.add(f"comment {number}")
    assert send(github) is Done.CREATED
    assert send(github) is Done.UNCHANGED


@pytest.mark.parametrize(
    "body",
    [
        TEXT.replace("prod -->", "prod-eu -->"),
        TEXT.replace(": prod", ": eu-prod"),
        TEXT.replace(": prod -->", ": prod staging -->"),
        f"> {TEXT}",
        f"\n{TEXT}",
        f"{MARKER} and more\n",
        f" {TEXT}",
        TEXT.replace("prod -->", "Prod -->"),
        "",
    ],
)
def test_another_comment_of_ours_stays(github: GitHub, body: str) -> None:
    github.add(body, BOT)
    assert send(github) is Done.CREATED
    assert [comment["body"] for comment in github.comments] == [body, TEXT]


def test_a_comment_of_somebody_else_that_begins_so_stays(github: GitHub) -> None:
    github.add(TEXT, PERSON)
    # Of an account that was deleted.
    github.add(TEXT, None)
    assert send(github, TEXT + "more") is Done.CREATED
    assert [comment["body"] for comment in github.comments] == [TEXT, TEXT, TEXT + "more"]


def test_a_comment_without_a_text_is_passed_over(github: GitHub) -> None:
    github.add(TEXT, BOT)["body"] = None
    assert send(github) is Done.CREATED


def test_on_an_enterprise_server_the_author_is_asked_for_elsewhere() -> None:
    with serve(GitHub(enterprise=True)) as github:
        assert send(github) is Done.CREATED
        assert send(github, TEXT + "more") is Done.UPDATED
        assert github.requests[0] == "POST /api/graphql"


def test_the_token_is_not_sent_to_another_host(github: GitHub) -> None:
    with serve(GitHub()) as other:
        github.next_host = f"http://127.0.0.1:{other.port}"
        for number in range(101):
            github.add(f"comment {number}")
        with pytest.raises(GitHubError, match="another host"):
            send(github)
        assert other.requests == []
    assert writes(github) == []


@pytest.mark.parametrize("text", ["", "## Preview\n", "<!-- a\n-->", "<!---->"])
def test_a_text_that_could_not_be_found_again_is_not_written(text: str) -> None:
    with pytest.raises(CommentError, match="no marker"):
        marker_of(text)


class TestCommand:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "preview.md"
        path.write_text(TEXT)
        return path

    def run(self, github: GitHub, file: Path, *options: str, **environment: str) -> Result:
        arguments = ["comment", "--pr", "12", "--file", str(file), "--api-url", github.url, *options]
        return CliRunner().invoke(make_app(), arguments, env=environment)

    def test_it_tells_what_it_did_and_where(self, github: GitHub, file: Path) -> None:
        done = self.run(github, file, "--repo", REPOSITORY, GITHUB_TOKEN=github.token)
        assert (done.exit_code, done.output) == (0, "created: https://github.example/c/1000\n")
        done = self.run(github, file, GITHUB_TOKEN=github.token, GITHUB_REPOSITORY=REPOSITORY)
        assert (done.exit_code, done.output) == (0, "left as it is: https://github.example/c/1000\n")

    def test_a_workflow_gives_the_rest_in_its_environment(self, github: GitHub, file: Path) -> None:
        variables = {
            "GITHUB_TOKEN": github.token,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_API_URL": github.url,
        }
        done = CliRunner().invoke(make_app(), ["comment", "--pr", "12", "--file", str(file)], env=variables)
        assert done.exit_code == 0, done.output
        assert [comment["body"] for comment in github.comments] == [TEXT]

    @pytest.mark.parametrize(
        ("options", "environment", "message"),
        [
            (["--repo", REPOSITORY], {}, "GITHUB_TOKEN"),
            ([], {"GITHUB_TOKEN": "t"}, "--repo"),
            (["--repo", "images"], {"GITHUB_TOKEN": "t"}, "OWNER/NAME"),
            (["--repo", "../../user"], {"GITHUB_TOKEN": "t"}, "OWNER/NAME"),
            (["--repo", REPOSITORY, "--pr", "0"], {"GITHUB_TOKEN": "t"}, "--pr"),
            (["--repo", REPOSITORY, "--file", "/nowhere"], {"GITHUB_TOKEN": "t"}, "/nowhere can't be read"),
            (["--repo", REPOSITORY, "--file", __file__], {"GITHUB_TOKEN": "t"}, "is no report: the text's first line"),
        ],
    )
    def test_wrong_arguments_end_with_2(
        self, github: GitHub, file: Path, options: list[str], environment: dict[str, str], message: str
    ) -> None:
        done = self.run(github, file, *options, **environment)
        assert done.exit_code == 2
        assert message in " ".join(done.output.replace("│", " ").split())
        assert github.requests == []

    @pytest.mark.parametrize(
        ("spoil", "message"),
        [
            (lambda github: setattr(github, "token", "another"), "401 Bad credentials"),
            (lambda github: setattr(github, "viewer", None), "doesn't say whose token this is: not for you"),
            (
                lambda github: setattr(github, "refusal", (403, {"message": "Resource not accessible by integration"})),
                "403 Resource not accessible by integration",
            ),
            (lambda github: setattr(github, "refusal", (502, "<html>busy\x1b[2J</html>")), "502 Bad Gateway"),
            (
                lambda github: setattr(github, "refusal", (200, "<html>log in</html>")),
                "isn't what GitHub's API answers",
            ),
            (lambda github: setattr(github, "refusal", (200, ["a list"])), "isn't what GitHub's API answers"),
        ],
    )
    def test_what_github_refuses_ends_with_3_and_its_own_words(
        self, github: GitHub, file: Path, spoil: object, message: str
    ) -> None:
        assert callable(spoil)
        spoil(github)
        done = self.run(github, file, "--repo", REPOSITORY, GITHUB_TOKEN="a-token")
        assert done.exit_code == 3
        assert message in done.output
        assert "Traceback" not in done.output
        assert "a-token" not in done.output

    @pytest.mark.parametrize(
        ("certificates", "message"),
        [("/nowhere/ca.pem", "can't be read"), (__file__, "is not a file of certificates in PEM")],
    )
    def test_certificates_that_cannot_be_used_end_with_2(
        self, github: GitHub, file: Path, certificates: str, message: str
    ) -> None:
        done = self.run(github, file, "--repo", REPOSITORY, GITHUB_TOKEN="t", SSL_CERT_FILE=certificates)
        assert done.exit_code == 2
        assert done.output.startswith("error: SSL_CERT_FILE: '")
        assert done.output.endswith(f" {message}\n")
        assert github.requests == []

    def test_a_server_that_is_not_there_ends_with_3(self, file: Path) -> None:
        gone = GitHub()
        with serve(gone):
            pass
        done = self.run(gone, file, "--repo", REPOSITORY, GITHUB_TOKEN="t")
        assert done.exit_code == 3
        assert "can't be reached" in done.output

    def test_an_address_that_is_none_ends_with_3(self, file: Path) -> None:
        for url in ("ftp://x", "http://[", "nothing", "http://a\x00b"):
            done = CliRunner().invoke(
                make_app(),
                ["comment", "--pr", "1", "--file", str(file), "--repo", REPOSITORY, "--api-url", url],
                env={"GITHUB_TOKEN": "t"},
            )
            assert (done.exit_code, done.exception and type(done.exception)) == (3, SystemExit), url
