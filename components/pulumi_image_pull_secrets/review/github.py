"""GitHub's REST API for whoever holds a token: requests, all pages of a list, and errors that say what was refused.

https://docs.github.com/en/rest, of GitHub's own and of Enterprise servers.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from ..errors import ImagePullSecretsError
from ..registry import certificates

PAGE = 100
"""Entries in one answer, the most that GitHub gives."""
SECONDS = 30.0
"""How long one request may take."""

_PAUSES = (0.0, 0.5)
"""Seconds before connecting a second and a third time."""
_VERSION = "2022-11-28"
_T = TypeVar("_T")


class GitHubError(ImagePullSecretsError):
    """GitHub can't be reached, or refuses."""


class GitHub:
    """``url`` is the API's, such as ``https://api.github.com`` or ``https://HOST/api/v3``; paths begin with a slash."""

    def __init__(self, url: str, client: httpx.Client) -> None:
        self.url = url.rstrip("/")
        self._client = client

    def pages(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """A list's entries, those of all pages. Raises GitHubError.

        https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
        """
        start = httpx.URL(self.url + path, params={**query, "per_page": str(PAGE)})
        following: httpx.URL | None = start
        while following is not None:
            answer = self._send("GET", following)
            yield from (entry for entry in _content(answer, list) if isinstance(entry, dict))
            link = answer.links.get("next", {}).get("url")
            following = httpx.URL(link) if link else None
            if following is not None and _origin(following) != _origin(start):
                raise GitHubError(f"{_origin(start)} names another host for the next page; the token isn't sent there")

    def ask(self, method: str, path: str, content: Mapping[str, object]) -> dict[str, Any]:
        """What GitHub answers to ``content``. Raises GitHubError."""
        return self.ask_url(method, self.url + path, content)

    def ask_url(self, method: str, url: str, content: Mapping[str, object]) -> dict[str, Any]:
        """The same for an address that isn't under ``url``."""
        return _content(self._send(method, url, content), dict)

    def _send(self, method: str, url: httpx.URL | str, content: Mapping[str, object] | None = None) -> httpx.Response:
        # Where no connection is made, nothing was sent. A transport of httpx's would try again by itself, but whoever
        # gives a client one loses the proxies of the environment.
        for pause in _PAUSES:
            try:
                return self._client.request(method, url, json=content)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                time.sleep(pause)
        return self._client.request(method, url, json=content)


@contextmanager
def connected(url: str, token: str) -> Iterator[GitHub]:
    """GitHub's API at ``url``, through the proxy of the environment if there is one. Errors of the network
    are raised as GitHubError, in the body as well.

    White space around the token doesn't count. Raises GitHubError for a token that no header can hold, and
    CertificateFileError for a file of authorities, which the environment names, that can't be used.
    """
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {_checked(token)}",
        "X-GitHub-Api-Version": _VERSION,
    }
    try:
        with _client(headers) as client:
            yield GitHub(url, client)
    except httpx.LocalProtocolError:
        # Its text may be that of a header, and so the token.
        raise GitHubError(f"{url} can't be asked: the request breaks the rules of HTTP") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise GitHubError(f"{url} can't be reached: {error or type(error).__name__}") from None


def _client(headers: Mapping[str, str]) -> httpx.Client:
    context = certificates.trusted()
    try:
        return httpx.Client(headers=headers, timeout=SECONDS, follow_redirects=True, verify=context)
    except (ValueError, ImportError, httpx.InvalidURL):
        # Not told as it is: a proxy's address may hold a password.
        raise GitHubError("the proxy that the environment names can't be used") from None


def _checked(token: str) -> str:
    stripped = token.strip()
    if not re.fullmatch("[!-~]+", stripped):
        raise GitHubError("the token is empty, or holds a character that no token of GitHub's has")
    return stripped


def _content(answer: httpx.Response, kind: type[_T]) -> _T:
    where = f"{answer.request.method} {answer.request.url}"
    try:
        content = answer.json()
    except ValueError:
        content = None
    if not answer.is_success:
        message = content.get("message") if isinstance(content, dict) else None
        raise GitHubError(f"{where}: {answer.status_code} {message or answer.reason_phrase}")
    if not isinstance(content, kind):
        raise GitHubError(f"{where}: what came isn't what GitHub's API answers")
    return content


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"
