"""One comment in a pull request, found by its first line and changed in place.

https://docs.github.com/en/rest/issues/comments
"""

from dataclasses import dataclass
from enum import Enum

from ..errors import ImagePullSecretsError
from .github import GitHub, GitHubError, connected

_REST_OF_AN_ENTERPRISE = "/api/v3"
_VIEWER = "query { viewer { login databaseId } }"


class CommentError(ImagePullSecretsError):
    """The text isn't one that can be found again."""


class Done(Enum):
    """What became of the comment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "left as it is"


@dataclass(frozen=True)
class Place:
    """Where the comment goes."""

    api_url: str
    """Such as ``https://api.github.com``, or ``https://HOST/api/v3``."""
    repository: str
    """``OWNER/NAME``."""
    number: int
    """The pull request's."""


def marker_of(text: str) -> str:
    """The first line, by which the comment is found again; raises CommentError where it is no HTML comment."""
    marker = _first_line(text)
    if not (marker.startswith("<!-- ") and marker.endswith(" -->")):
        raise CommentError(
            "the text's first line is no marker such as <!-- image-pull-secrets preview: prod -->; make it with "
            "pull-secrets preview --format markdown"
        )
    return marker


def put(text: str, place: Place, token: str) -> tuple[Done, str]:
    """Makes ``text`` a comment, in place of the one that begins with the same line; returns its address.

    Only a comment of the token's own user is changed: anybody can write a comment that begins so, and could change it
    later to what they like. Raises CommentError and GitHubError.
    """
    marker = marker_of(text)
    with connected(place.api_url, token) as github:
        issues = f"/repos/{place.repository}/issues"
        author = _user(github)
        comments = f"{issues}/{place.number}/comments"
        for comment in github.pages(comments):
            if (comment.get("user") or {}).get("id") != author or _first_line(comment.get("body") or "") != marker:
                continue
            if _lines(comment["body"]) == _lines(text):
                return Done.UNCHANGED, str(comment.get("html_url"))
            changed = github.ask("PATCH", f"{issues}/comments/{comment['id']}", {"body": text})
            return Done.UPDATED, str(changed.get("html_url"))
        return Done.CREATED, str(github.ask("POST", comments, {"body": text}).get("html_url"))


def _user(github: GitHub) -> int:
    """The id of the token's user. GET /user refuses the token of a GitHub App, as that of a workflow is."""
    graphql = f"{github.url.removesuffix(_REST_OF_AN_ENTERPRISE)}/api/graphql"
    if not github.url.endswith(_REST_OF_AN_ENTERPRISE):
        graphql = f"{github.url}/graphql"
    answer = github.ask_url("POST", graphql, {"query": _VIEWER})
    viewer = (answer.get("data") or {}).get("viewer") or {}
    if not isinstance(viewer.get("databaseId"), int):
        reasons = "; ".join(str(one.get("message")) for one in answer.get("errors") or [])
        raise GitHubError(f"{graphql} doesn't say whose token this is{f': {reasons}' if reasons else ''}")
    return int(viewer["databaseId"])


def _first_line(text: str) -> str:
    return text.partition("\n")[0].rstrip("\r")


def _lines(text: str) -> list[str]:
    # GitHub gives back what was sent, without white space at its end, and with the line ends of whoever edited it.
    return text.rstrip().splitlines()
