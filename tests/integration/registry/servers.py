"""Small HTTP servers on loopback that answer what a test wants, and note what they were asked."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    """By name, in small letters."""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    @property
    def authorization(self) -> str:
        return self.headers.get("authorization", "")


Answers = Callable[[Request], bytes | Iterable[bytes]]
Answer = bytes | Answers
"""The bytes of every answer, or what makes them of a request."""


@dataclass
class Server:
    """One port; ``answer`` may be changed at any time."""

    answer: Answer
    context: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    sent: int = 0
    """Bytes."""

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def stop(self) -> None:
        for each in (self._listener, *self._open):
            # A thread that waits for it would not notice that it is closed.
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(timeout=30)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            if request := _read(connection):
                self.requests.append(request)
                answer = self.answer if isinstance(self.answer, bytes) else self.answer(request)
                for part in [answer] if isinstance(answer, bytes) else answer:
                    connection.sendall(part)
                    self.sent += len(part)
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
                # A connection that is closed with something unread would be reset, and the answer lost.
                while connection.recv(_HEAD_BYTES):
                    pass
        except OSError:
            pass
        finally:
            connection.close()


def _read(connection: socket.socket) -> Request | None:
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(_HEAD_BYTES)
        if not part or len(head) > _HEAD_BYTES:
            return None
        head += part
    first, *lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(method, target, headers)


def response(status: int, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of an answer; ``Content_Type`` is ``Content-Type``."""
    lines = [f"HTTP/1.1 {status} Something", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextlib.contextmanager
def serving(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(answer, context)
    try:
        yield server
    finally:
        server.stop()
