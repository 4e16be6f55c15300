"""A small GitHub: the API's pages of comments, with Link headers, on a port of this machine."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

REPOSITORY = "acme/images"
BOT = {"login": "github-actions[bot]", "id": 41898282}
PERSON = {"login": "mallory", "id": 7}


class GitHub:
    """One repository with one pull request, number 12."""

    def __init__(self, *, enterprise: bool = False) -> None:
        self.token = "a-token"
        self.viewer: dict[str, Any] | None = BOT
        self.comments: list[dict[str, Any]] = []
        self.per_page = 100
        """The most that it gives, whatever is asked for."""
        self.next_host: str | None = None
        """Where the next page is said to be; here, unless something is wrong."""
        self.requests: list[str] = []
        self.port = 0
        self.rest = "/api/v3" if enterprise else ""
        self.graphql = "/api/graphql" if enterprise else "/graphql"
        self.refusal: tuple[int, Any] | None = None
        """What a write is answered, where it isn't done."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.rest}"

    def add(self, body: str, user: dict[str, Any] | None = PERSON) -> dict[str, Any]:
        number = len(self.comments) + 1000
        comment = {"id": number, "body": body, "user": user, "html_url": f"https://github.example/c/{number}"}
        self.comments.append(comment)
        return comment

    def answer(self, method: str, target: str, token: str, content: Any) -> tuple[int, Any, dict[str, str]]:
        parts = urlsplit(target)
        self.requests.append(f"{method} {target}")
        if token != f"Bearer {self.token}":
            return 401, {"message": "Bad credentials"}, {}
        if (method, parts.path) == ("POST", self.graphql):
            viewer = self.viewer and {"login": self.viewer["login"], "databaseId": self.viewer["id"]}
            return 200, {"data": {"viewer": viewer}} if viewer else {"errors": [{"message": "not for you"}]}, {}
        issues = f"{self.rest}/repos/{REPOSITORY}/issues"
        if (method, parts.path) == ("GET", f"{issues}/12/comments"):
            return self._page(parts.path, {key: int(values[0]) for key, values in parse_qs(parts.query).items()})
        if self.refusal:
            return (*self.refusal, {})
        if (method, parts.path) == ("POST", f"{issues}/12/comments"):
            return 201, self.add(content["body"], self.viewer), {}
        for comment in self.comments:
            if (method, parts.path) == ("PATCH", f"{issues}/comments/{comment['id']}"):
                comment["body"] = content["body"]
                return 200, comment, {}
        return 404, {"message": "Not Found"}, {}

    def _page(self, path: str, query: dict[str, int]) -> tuple[int, Any, dict[str, str]]:
        size = min(query.get("per_page", 30), self.per_page)
        page = query.get("page", 1)
        links = {}
        if page * size < len(self.comments):
            host = self.next_host or f"http://127.0.0.1:{self.port}"
            links["Link"] = f'<{host}{path}?per_page={size}&page={page + 1}>; rel="next", <{host}{path}>; rel="first"'
        return 200, self.comments[(page - 1) * size : page * size], links


@contextmanager
def serve(github: GitHub) -> Iterator[GitHub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content, headers = github.answer(
                self.command, self.path, self.headers["Authorization"], json.loads(body or "null")
            )
            data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        github.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield github
        finally:
            server.shutdown()
            thread.join()
