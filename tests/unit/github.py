"""A stand-in for the issues of GitHub's REST interface, on a port of this machine.

https://docs.github.com/en/rest/issues/issues and https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

MAX_BODY = 65_536
BOT = "github-actions[bot]"


class GitHub(ThreadingHTTPServer):
    """One repository, ``owner/name``, for whoever has ``token``."""

    def __init__(self, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.token = token
        self.issues: list[dict[str, Any]] = []
        self.writes: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, body: str | None, *, login: str = BOT, **more: Any) -> int:
        number = len(self.issues) + 1
        self.issues.append({"number": number, "state": "open", "body": body, "user": {"login": login}, **more})
        return number

    def issue(self, number: int) -> dict[str, Any]:
        return self.issues[number - 1]


@contextmanager
def serving(token: str) -> Iterator[GitHub]:
    with GitHub(token) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: GitHub
    _PATH = "/repos/owner/name/issues"

    def do_GET(self) -> None:
        if not self._allowed():
            return
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
        # Newest first, as GitHub sorts them.
        wanted = [issue for issue in reversed(self.server.issues) if issue["state"] == query.get("state", "open")]
        more = len(wanted) > size * page
        link = f'<{self.server.url}{url.path}?state=open&per_page={size}&page={page + 1}>; rel="next"' if more else ""
        self._answer(200, wanted[size * (page - 1) : size * page], link)

    def do_POST(self) -> None:
        self._write(lambda content: self.server.issue(self.server.add(None) if content else 0))

    def do_PATCH(self) -> None:
        self._write(lambda _: self.server.issue(int(self.path.rpartition("/")[2])))

    def _write(self, find: Any) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._allowed():
            return
        if len(content.get("body", "")) > MAX_BODY:
            self._answer(422, {"message": "Validation Failed"})
            return
        self.server.writes.append(self.command)
        issue = find(content)
        issue.update(content)
        self._answer(201 if self.command == "POST" else 200, issue)

    def _allowed(self) -> bool:
        if not urlsplit(self.path).path.startswith(self._PATH):
            self._answer(404, {"message": "Not Found"})
        elif self.headers["Authorization"] != f"Bearer {self.server.token}":
            self._answer(403, {"message": "Resource not accessible by integration"})
        else:
            return True
        return False

    def _answer(self, status: int, content: Any, link: str = "") -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        if link:
            self.send_header("Link", link)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Says nothing."""
