"""One comment in a pull request, found by its first line and changed in place, over GitHub's API.

https://docs.github.com/en/rest/issues/comments, for GitHub's own and for Enterprise servers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

import httpx

from ..errors import ImagePullSecretsError

PAGE = 100
"""Comments in one answer, the most that GitHub gives."""
SECONDS = 30.0
"""How long one request may take."""

_API_VERSION = "2022-11-28"
_REST_OF_AN_ENTERPRISE = "/api/v3"
_T = TypeVar("_T")
_VIEWER = "query { viewer { login databaseId } }"


class CommentError(ImagePullSecretsError):
    """GitHub can't be reached, or refuses; or the text isn't one that can be found again."""


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
    later to what they like. Raises CommentError.
    """
    marker = marker_of(text)
    try:
        with httpx.Client(
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {token}",
                "X-GitHub-Api-Version": _API_VERSION,
            },
            timeout=SECONDS,
            follow_redirects=True,
            transport=httpx.HTTPTransport(retries=2),
        ) as client:
            return _put(client, text, marker, place)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CommentError(f"{place.api_url} can't be reached: {error or type(error).__name__}") from None


def _put(client: httpx.Client, text: str, marker: str, place: Place) -> tuple[Done, str]:
    issues = f"{place.api_url.rstrip('/')}/repos/{place.repository}/issues"
    author = _user(client, place.api_url.rstrip("/"))
    comments = f"{issues}/{place.number}/comments"
    for comment in _pages(client, f"{comments}?per_page={PAGE}"):
        if (comment.get("user") or {}).get("id") != author or _first_line(comment.get("body") or "") != marker:
            continue
        if _lines(comment["body"]) == _lines(text):
            return Done.UNCHANGED, str(comment.get("html_url"))
        changed = _ask(client, "PATCH", f"{issues}/comments/{comment['id']}", {"body": text})
        return Done.UPDATED, str(changed.get("html_url"))
    return Done.CREATED, str(_ask(client, "POST", comments, {"body": text}).get("html_url"))


def _user(client: httpx.Client, api_url: str) -> int:
    """The id of the token's user. GET /user refuses the token of a GitHub App, as that of a workflow is."""
    graphql = f"{api_url.removesuffix(_REST_OF_AN_ENTERPRISE)}/api/graphql"
    if not api_url.endswith(_REST_OF_AN_ENTERPRISE):
        graphql = f"{api_url}/graphql"
    answer = _ask(client, "POST", graphql, {"query": _VIEWER})
    viewer = (answer.get("data") or {}).get("viewer") or {}
    if not isinstance(viewer.get("databaseId"), int):
        reasons = "; ".join(str(one.get("message")) for one in answer.get("errors") or [])
        raise CommentError(f"{graphql} doesn't say whose token this is{f': {reasons}' if reasons else ''}")
    return int(viewer["databaseId"])


def _pages(client: httpx.Client, url: str) -> Iterator[Mapping[str, Any]]:
    """The items of all pages. https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api"""
    origin = _origin(httpx.URL(url))
    next_url: str | None = url
    while next_url is not None:
        answer = client.get(next_url)
        yield from (entry for entry in _content(answer, list) if isinstance(entry, dict))
        next_url = answer.links.get("next", {}).get("url")
        if next_url is not None and _origin(httpx.URL(next_url)) != origin:
            raise CommentError(f"{origin} names another host for the next page; the token isn't sent there")


def _ask(client: httpx.Client, method: str, url: str, content: Mapping[str, object]) -> dict[str, Any]:
    return _content(client.request(method, url, json=content), dict)


def _content(answer: httpx.Response, kind: type[_T]) -> _T:
    where = f"{answer.request.method} {answer.request.url}"
    try:
        content = answer.json()
    except ValueError:
        content = None
    if not answer.is_success:
        message = content.get("message") if isinstance(content, dict) else None
        raise CommentError(f"{where}: {answer.status_code} {message or answer.reason_phrase}")
    if not isinstance(content, kind):
        raise CommentError(f"{where}: what came isn't what GitHub's API answers")
    return content


def _first_line(text: str) -> str:
    return text.partition("\n")[0].rstrip("\r")


def _lines(text: str) -> list[str]:
    # GitHub gives back what was sent, without white space at its end, and with the line ends of whoever edited it.
    return text.rstrip().splitlines()


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"
