"""A small server on loopback that answers as a test wants, and the cluster's reader in front of it."""

import json
import secrets
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import yaml
from pulumi_image_pull_secrets import ClusterUnreachableError, cluster
from pulumi_image_pull_secrets.api import Api
from pulumi_image_pull_secrets.attachment import LiveAccount
from pulumi_image_pull_secrets.preflight import LiveNamespace

CONTEXT = "fake"
Answer = tuple[int, dict[str, str], bytes] | str
"""Status, headers and body; or what is done to the connection instead."""


def as_json(value: object, status: int = 200, **headers: str) -> Answer:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode()


def good(path: str) -> Answer:
    """What the API server of one namespace answers."""
    if path == "/version":
        return as_json({"gitVersion": "v1.36.0"})
    if path.endswith("/serviceaccounts"):
        return as_json({"items": [{"metadata": {"namespace": "team-a", "name": "default"}}]})
    return as_json({"items": []} if path.endswith("/secrets") else {"metadata": {"name": "team-a"}})


class FakeServer(ThreadingHTTPServer):
    """Answers as ``answer`` says, from the path and how often that was asked for before."""

    daemon_threads = True
    protocol = "HTTP/1.1"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Callable[[str, int], Answer] = lambda path, _: good(path)
        self.asked: Counter[str] = Counter()
        self.tokens: set[str | None] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """A connection that we broke ourselves is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: FakeServer

    @property
    def protocol_version(self) -> str:  # type: ignore[override]
        return self.server.protocol

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].rstrip("/")
        self.server.asked[path] += 1
        self.server.tokens.add(self.headers.get("Authorization"))
        answer = self.server.answer(path, self.server.asked[path])
        if isinstance(answer, str):
            self.close_connection = True
            if answer == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if answer == "cut off":
                self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"items"')
            self.connection.close()
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@contextmanager
def serving() -> Iterator[FakeServer]:
    """A server that answers as the API server of one namespace does, until it is told otherwise."""
    with FakeServer() as fake:
        thread = Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        fake.shutdown()
        thread.join()


def kubeconfig(address: str, user: dict[str, Any] | None = None, *, proxy: str | None = None) -> str:
    return yaml.safe_dump(
        {
            "contexts": [{"name": CONTEXT, "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": address, **({"proxy-url": proxy} if proxy else {})}}],
            "users": [{"name": "u", "user": user or {"token": secrets.token_urlsafe(16)}}],
        }
    )


def read(text: str) -> dict[str, LiveNamespace]:
    with Api(context=CONTEXT, kubeconfig=text) as api:
        api.check()
        live, left = cluster.read(api, ["team-a"], cluster.namespaces(api, ["team-a"]), ["regcred"], owner="p.s.c")
    assert left == {}
    return live


LIVE = {"team-a": LiveNamespace(accounts={"default": LiveAccount()})}


def refused(text: str) -> str:
    """The one message that comes out, with nothing around it."""
    with pytest.raises(ClusterUnreachableError) as caught:
        read(text)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert "\n" not in str(caught.value)
    return str(caught.value)
