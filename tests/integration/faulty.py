"""Faults: a proxy in front of the real API server, and runs that may be killed at one of its requests."""

import multiprocessing
import os
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import psutil
import yaml
from pulumi import automation

from sandbox.engine import Engine, checkout_program
from tests.integration.fakes import Answer
from tests.integration.program import PASSWORD_ENV, Outcome, ProgramStack, ask_nothing_afterwards

_OF_ONE_CONNECTION = ("connection", "keep-alive", "transfer-encoding", "content-length", "host")
_RUN_SECONDS = 180.0


@dataclass(frozen=True)
class Request:
    """One request, as it came."""

    method: str
    path: str
    query: str

    @property
    def is_write(self) -> bool:
        """Whether it changes an object: a dry run and a review don't."""
        return self.method != "GET" and "dryRun" not in self.query and not self.path.endswith("reviews")


Fault = Callable[[Request], Answer | None]
"""What the caller is answered instead; None for no fault. ``reset`` breaks the connection."""


def no_fault(_: Request) -> None:
    """Everything goes its way."""


class Proxy(ThreadingHTTPServer):
    """Hands on every request, but for what ``before`` and ``after`` say."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, kubeconfig: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        content = yaml.safe_load(kubeconfig)
        cluster = content["clusters"][0]["cluster"]
        self.upstream = urlsplit(cluster["server"]).netloc
        self.tls = ssl.create_default_context(cafile=cluster["certificate-authority"])
        content["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{self.server_port}"}
        self._kubeconfig: str = yaml.safe_dump(content)
        self.clear()

    def clear(self) -> None:
        """No faults."""
        self.before: Fault = no_fault
        """Asked before a request is handed on."""
        self.after: Fault = no_fault
        """Asked when the API server has carried it out, and its caller doesn't know yet."""

    def in_front(self, stack: ProgramStack, folder: Path) -> ProgramStack:
        """The stack, for which the proxy is the API server from now on."""
        (folder / "kubeconfig").write_text(self._kubeconfig)
        stack.config["kubeconfig"] = str(folder / "kubeconfig")
        return stack

    def handle_error(self, *_: object) -> None:
        """A caller that was killed is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        request = Request(self.command, path, query)
        if fault := self.server.before(request):
            self._give(fault)
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_ONE_CONNECTION}
        upstream = HTTPSConnection(self.server.upstream, context=self.server.tls)
        try:
            upstream.request(self.command, self.path, body or None, {**headers, "Accept-Encoding": "identity"})
            response = upstream.getresponse()
            kept = {name: value for name, value in response.getheaders() if name.lower() not in _OF_ONE_CONNECTION}
            if "watch=" in query:
                self._stream(response, kept)
                return
            answer: Answer = response.status, kept, response.read()
        except OSError:
            answer = "reset"
        finally:
            upstream.close()
        self._give(self.server.after(request) or answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _hand_on  # noqa: N815

    def _stream(self, response: HTTPResponse, headers: dict[str, str]) -> None:
        self.close_connection = True
        self.send_response_only(response.status)
        for name, value in {**headers, "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        while part := response.read1():
            self.wfile.write(part)

    def _give(self, answer: Answer) -> None:
        if isinstance(answer, str):
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        status, headers, body = answer
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@contextmanager
def in_front_of(kubeconfig: Path) -> Iterator[Proxy]:
    """A proxy in front of the API server of this kubeconfig."""
    with Proxy(kubeconfig.read_text()) as proxy:
        thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


_FORKS = multiprocessing.get_context("forkserver")
# Each run is a fork of one process that has imported what takes seconds. Our own modules aren't among that, since
# that process doesn't know where pytest looks for them.
_FORKS.set_forkserver_preload(
    ["pulumi.automation", "pulumi_kubernetes.core.v1", "kubernetes.client", "kubernetes.config"]
)


class Apart:
    """A run of the engine in a process of its own, as a command is: it can be killed, and takes nothing with it.

    One that fails is run apart too: it leaves a server behind in its process, by which the SDK's later runs there fail.
    """

    def __init__(self, engine: Engine, stack: ProgramStack, operation: str) -> None:
        stack.stack()
        self._log = engine.folder / f"{operation}.log"
        arguments = (engine, stack.name, stack.password, operation, self._log)
        self._process = _FORKS.Process(target=_run, args=arguments)
        self._process.start()

    def kill(self, victim: str) -> None:
        """Ends the ``engine`` at once; or else the ``program``, which runs it, and all of its children."""
        program = psutil.Process(self._process.pid)
        children = program.children(recursive=True)
        engines = [child for child in children if child.name() == "pulumi"]
        for each in engines if victim == "engine" else [program, *children]:
            with suppress(psutil.NoSuchProcess):
                each.kill()

    def end(self) -> Outcome:
        """Waits for its end: what it printed, on both streams, and whether it failed."""
        self._process.join(_RUN_SECONDS)
        assert self._process.exitcode is not None, "the run didn't end"
        return Outcome(self._log.read_text(errors="replace"), {}, failed=self._process.exitcode != 0)


def _run(engine: Engine, name: str, password: str, operation: str, log: Path) -> None:
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1, 2)
    stack = ask_nothing_afterwards(engine.stack(name, checkout_program({PASSWORD_ENV: password}), None))

    def show(line: str) -> None:
        os.write(1, f"{line}\n".encode())

    try:
        getattr(stack, operation)(on_output=show, on_error=show)
    except automation.CommandError:
        os._exit(1)
