"""Registries that answer oddly, late, without end or not at all: one clear answer each, in bounded time and memory."""

import logging
import secrets
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from pulumi_image_pull_secrets.errors import CertificateFileError
from pulumi_image_pull_secrets.registry import LoginResult, Question, Result, ask_all, log_in_all

from tests.integration.registry.conftest import Certificates, login
from tests.integration.registry.servers import Answer, Request, response, serving
from tests.integration.registry.test_asking import MANIFEST, WANTS_BASIC, Far, Near, TokenServer, ask
from tests.unit.mocks import forms_of

MIB = 1024 * 1024


def forever(part: bytes, *, pause: float = 0) -> Iterator[bytes]:
    """10 GiB, or until nobody reads any more."""
    for _ in range(10 * 1024 * MIB // len(part)):
        yield part
        time.sleep(pause)


def endless(head: bytes, part: bytes, *, pause: float = 0) -> Callable[[Request], Iterable[bytes]]:
    def answer(request: Request) -> Iterator[bytes]:
        yield head
        yield from forever(part, pause=pause)

    return answer


HUGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 10737418240\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
NOT_A_REGISTRY = "answers, but not as a registry does"
ENDED = "it ends the connection"
NO_HTTP = "it ends the connection, or speaks no HTTP"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response(200, b"<html>", Content_Type="text/html"), f" {NOT_A_REGISTRY}"),
        (endless(HUGE, b"x" * MIB), f" {NOT_A_REGISTRY}"),
        (endless(CHUNKED, b"100000\r\n" + b"x" * MIB + b"\r\n"), f" {NOT_A_REGISTRY}"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"X-Header: " + b"x" * 1000 + b"\r\n"), f": {NO_HTTP}"),
        (endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * MIB), f": {NO_HTTP}"),
        (b"", f": {NO_HTTP}"),
        (b"HTTP/1.1 200 OK\r\nContent-", f": {NO_HTTP}"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", f": {NO_HTTP}"),
        (secrets.token_bytes(1000), f": {NO_HTTP}"),
        (b"HTTP/1.1 999999 \x1b[2J\r\n\r\n", f": {NO_HTTP}"),
        (response(307, Location="/v2/again"), " redirects without end"),
        (response(307, Location="https://a:b/"), ": it is no address, or redirects to none"),
        (response(307), " answers with the status 307"),
        (response(503, b"<html>" * 1000), " answers with the status 503"),
    ],
)
def test_one_clear_answer(far: Far, certificates: Certificates, answer: Answer, reason: str) -> None:
    server = far("registry.example", answer)
    host = f"registry.example:{server.port}"
    question = Question(f"{host}/acme/web", login())
    asked = ask_all([question], timeout=20, ca_file=certificates.ca_file)[question]
    assert (asked.result, asked.reason) == (Result.UNREACHABLE, f"{host}{reason}")
    # What the sockets hold on both sides, and not 10 GiB.
    assert server.sent < 40 * MIB


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response(200, b"<html>"), "answers, but gives no token"),
        (response(200, b"[]"), "answers, but gives no token"),
        (response(200, b'{"token": 1}'), "answers, but gives no token"),
        (response(200, b'{"token": "a\\r\\nHost: b"}'), "answers, but gives no token"),
        (response(200, b'{"token": "\\u00e9"}'), "answers, but gives no token"),
        (response(200, b"[" * 500_000), "answers, but gives no token"),
        (response(200, b"\x1f\x8b" + bytes(100), Content_Encoding="gzip"), "answers, but gives no"),
        (response(200, b'{"token": "' + b"x" * 2 * MIB + b'"}'), "answers without end"),
        (endless(HUGE, b"x" * MIB), "answers without end"),
        (response(404), "answers with the status 404"),
        (response(500), "answers with the status 500"),
        (response(429), "takes no more requests for now (429)"),
        (response(302, Location="https://evil.example/"), "evil.example: the connection was refused"),
    ],
)
def test_a_token_server_may_be_odd_too(near: Near, answer: Answer, reason: str) -> None:
    right = login()
    tokens = TokenServer(right)
    giver, server = near(answer), near(tokens.registry)
    tokens.realm = f"http://{giver.address}/token"
    asked = ask(f"{server.address}/acme/web", right)
    assert asked.result is Result.UNREACHABLE
    assert reason in asked.reason
    assert giver.sent < 40 * MIB


@pytest.mark.parametrize("realm", ["", "/token", "no address", "https://", "ftp://auth.example/", "http://a:b/"])
def test_a_token_server_has_an_address(near: Near, realm: str) -> None:
    tokens = TokenServer(login(), realm)
    server = near(tokens.registry)
    asked = ask(f"{server.address}/acme/web", tokens.right)
    assert (asked.result, asked.reason) == (
        Result.UNREACHABLE,
        f"{server.address} names no token server's address",
    )


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: [b""],
        endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", pause=0.05),
        endless(HUGE, b"x", pause=0.05),
    ],
    ids=["silent", "headers", "body"],
)
def test_time_is_limited(near: Near, answer: Callable[[Request], Iterable[bytes]]) -> None:
    right = login()
    tokens = TokenServer(right)
    stopped = threading.Event()

    def slow(request: Request) -> Iterator[bytes]:
        for part in answer(request):
            if not part:
                stopped.wait(60)
            yield part

    giver, server = near(slow), near(tokens.registry)
    tokens.realm = f"http://{giver.address}/token"
    started = time.monotonic()
    try:
        asked = ask(f"{server.address}/acme/web", right, timeout=0.5)
    finally:
        stopped.set()
    assert asked.result is Result.UNREACHABLE
    assert asked.reason == f"{server.address} doesn't answer within 0.5 s"
    assert time.monotonic() - started < 10


def test_a_registry_that_is_silent_is_given_up_after_the_first_time(near: Near) -> None:
    stopped = threading.Event()

    def silent(request: Request) -> bytes:
        stopped.wait(60)
        return b""

    server = near(silent)
    questions = [Question(f"{server.address}/acme/web-{number}") for number in range(200)]
    try:
        answers = ask_all(questions, timeout=0.5)
    finally:
        stopped.set()
    assert {answer.reason for answer in answers.values()} == {f"{server.address} doesn't answer within 0.5 s"}
    # As many as are asked at the same time.
    assert server.connections == 8


def test_a_handshake_that_never_ends(near: Near) -> None:
    # It waits for the end of what TLS begins with.
    server = near(MANIFEST)
    asked = ask(f"registry.example:{server.port}/acme/web", timeout=0.5)
    assert asked.reason == f"registry.example:{server.port} doesn't answer within 0.5 s"
    assert server.requests == []


def test_others_do_not_wait_for_it(near: Near) -> None:
    stopped = threading.Event()

    def silent(request: Request) -> bytes:
        stopped.wait(60)
        return b""

    dead, alive = near(silent), near(MANIFEST)
    questions = [Question(f"{each.address}/acme/web") for each in (dead, alive)]
    try:
        answers = ask_all(questions, timeout=1)
    finally:
        stopped.set()
    assert [answers[question].result for question in questions] == [Result.UNREACHABLE, Result.PULLS]


def test_a_name_that_is_looked_up_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = threading.Event()

    def look_up(*arguments: Any, **options: Any) -> Any:
        stopped.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        asked = ask("registry.example/acme/web", timeout=0.5)
        assert not stopped.is_set()
    finally:
        stopped.set()
    assert asked.reason == "registry.example doesn't answer within 0.5 s"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("ftp://other.example/", "other.example: it is not reached by HTTP"),
        ("https://[x/", "'%5bx': its host name is not known"),
        ("https://other.example:99999/", "other.example:99999: it is no address"),
    ],
)
def test_a_redirect_that_leads_nowhere(near: Near, target: str, reason: str) -> None:
    server = near(response(307, Location=target))
    assert ask(f"{server.address}/acme/web").reason == reason


def test_who_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    images = {
        f"registry.example:{port}/a": f"registry.example:{port}: the connection was refused",
        f"localhost:{port}/a": f"localhost:{port}: the connection was refused",
        "nowhere.invalid/a": "nowhere.invalid: its host name is not known",
        f"registry.example:{10**9}/a": f"registry.example:{10**9}: it is no address",
    }
    answers = ask_all(map(Question, images))
    assert {question.image: answer.reason for question, answer in answers.items()} == images
    assert {answer.result for answer in answers.values()} == {Result.UNREACHABLE}


def test_a_certificate_must_be_trusted(certificates: Certificates, near: Near, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(host: str, *, expired: bool = False, ca_file: str | None = certificates.ca_file) -> str:
        with serving(MANIFEST, certificates.context(host, expired=expired)) as server:
            asked = ask(f"registry.example:{server.port}/a", login(), ca=ca_file)
            assert server.requests == [] or asked.result is Result.PULLS
            return asked.reason.replace(str(server.port), "1")

    start = "registry.example:1: its TLS certificate is not accepted"
    assert told("registry.example") == "registry.example:1 asks for no login"
    assert told("registry.example", expired=True) == f"{start} (certificate has expired)"
    assert told("registry.example", ca_file=None) == f"{start} (unable to get local issuer certificate)"
    assert told("other.example").startswith(f"{start} (Hostname mismatch")
    monkeypatch.setenv("SSL_CERT_FILE", certificates.ca_file)
    assert told("registry.example", ca_file=None) == "registry.example:1 asks for no login"


def test_a_certificate_of_this_machine_need_not_be(certificates: Certificates) -> None:
    # As containerd has it.
    with serving(MANIFEST, certificates.context("localhost", expired=True)) as server:
        assert ask(f"{server.address}/a").result is Result.PULLS


def test_a_certificate_file_that_is_none(tmp_path: Any, near: Near) -> None:
    (tmp_path / "text").write_text("no certificate")
    for name, words in {"text": "is not a file of certificates in PEM", "missing": "can't be read"}.items():
        with pytest.raises(CertificateFileError, match=words):
            ask("ghcr.io/acme/web", ca=str(tmp_path / name))


def test_what_a_registry_writes_reaches_nobody(near: Near, caplog: pytest.LogCaptureFixture) -> None:
    """It sends the login back wherever it can, and texts that act in a terminal."""
    caplog.set_level(logging.DEBUG)
    right = login()
    acts = "\x1b[31m\u202e"

    def answers() -> Iterator[Callable[[Request], bytes]]:
        def said(request: Request) -> str:
            return f"{right.password}.{request.authorization.replace(' ', '.')}{acts}"

        yield lambda request: f"HTTP/1.1 500 {said(request)}\r\n\r\n".encode()
        yield lambda request: said(request).encode()
        yield lambda request: response(307, Location=f"https://{said(request)}/")
        yield lambda request: response(307, Location=f"https://evil.example/{said(request)}")
        for realm in ("https://{}/", "http://auth.example/{}", "https://u:{}@auth.example:1/", "{}"):
            yield lambda request, realm=realm: response(  # type: ignore[misc]
                401, WWW_Authenticate=f'Bearer realm="{realm.format(said(request))}"'
            )
        yield lambda request: response(200, said(request).encode(), Content_Type=said(request).encode().hex())

    for answer in answers():
        for first in (answer, lambda request, answer=answer: answer(request) if request.authorization else WANTS_BASIC):
            server = near(first)
            told = [repr(ask(f"{server.address}/acme/web", right, timeout=1))]
            credential = type(right)(server.address, right.username, right.password)
            told.append(repr(log_in_all([credential], timeout=1)))
            shown = "".join(told)
            assert "unreachable" in shown or "refuse" in shown
            assert not [form for form in forms_of(right.password) if form in shown + caplog.text]
            assert acts not in shown
            assert all(character.isprintable() for character in shown)


def test_no_error_of_ours_holds_the_password(near: Near, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks in here."""
    from pulumi_image_pull_secrets.registry import node

    def broken(*arguments: Any) -> Any:
        raise ZeroDivisionError

    right = login()
    monkeypatch.setattr(node, "_is_manifest", broken)
    server = near(MANIFEST)
    with pytest.raises(ZeroDivisionError) as caught:
        ask(f"{server.address}/acme/web", right)
    assert right.password not in "".join(traceback.format_exception(caught.value))


def test_a_login_of_a_silent_registry(near: Near) -> None:
    stopped = threading.Event()

    def silent(request: Request) -> bytes:
        stopped.wait(60)
        return b""

    credential = login()
    asked = type(credential)(near(silent).address, credential.username, credential.password)
    try:
        answer = log_in_all([asked], timeout=0.5)[asked]
    finally:
        stopped.set()
    assert answer.result is LoginResult.UNREACHABLE
