"""What the cluster's reader makes of a server that is busy, broken or something else."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from pulumi_image_pull_secrets import ClusterUnreachableError
from pulumi_image_pull_secrets.api import Api

from tests.integration.fakes import CONTEXT, LIVE, Answer, FakeServer, as_json, good, kubeconfig, read, refused, serving

NOT_AN_API_SERVER = "what answers there isn't a Kubernetes API server"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with serving() as fake:
        yield fake


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited between tries, in seconds; nothing of it in truth."""
    waited: list[float] = []
    monkeypatch.setattr(urllib3.Retry, "_sleep_backoff", lambda self: waited.append(self.get_backoff_time()))

    def sleep_for_retry(self: Any, response: Any) -> bool:
        seconds = self.get_retry_after(response)
        waited.append(seconds or 0.0)
        return bool(seconds)

    monkeypatch.setattr(urllib3.Retry, "sleep_for_retry", sleep_for_retry)
    return waited


def unreachable(server: FakeServer) -> str:
    """Why the server can't be reached."""
    before, reason = refused(kubeconfig(server.address)).split(" can't be reached: ")
    assert before == f'the cluster of context "{CONTEXT}" ({server.address})'
    reason, hint = reason.split("; ")
    assert hint == f"try: kubectl --context {CONTEXT} get namespaces"
    return reason


@pytest.mark.parametrize(
    "first",
    [as_json({}, 429, **{"Retry-After": "1"}), as_json({}, 500), as_json({}, 503), "reset", "close"],
    ids=["busy", "internal error", "unavailable", "reset", "closed"],
)
def test_what_goes_wrong_once_is_tried_again(server: FakeServer, waits: list[float], first: Answer) -> None:
    server.answer = lambda path, times: first if times == 1 else good(path)
    assert read(kubeconfig(server.address)) == LIVE
    # The Secrets are asked for twice in any case: those of our type, and the others.
    assert set(server.asked.values()) == {2, 3}
    assert max(waits) <= 1


def test_a_connection_that_the_server_closed_meanwhile_is_made_anew(server: FakeServer) -> None:
    server.protocol = "HTTP/1.0"
    assert read(kubeconfig(server.address)) == LIVE


@pytest.mark.parametrize("seconds", ["0", "3600"])
def test_a_server_that_stays_busy_is_not_waited_for_as_long_as_it_asks(
    server: FakeServer, waits: list[float], seconds: str
) -> None:
    server.answer = lambda *_: as_json({}, 429, **{"Retry-After": seconds})
    assert refused(kubeconfig(server.address)).endswith("answered 429 Too Many Requests")
    assert server.asked == {"/version": 5}
    assert sum(waits) <= 30


def test_a_server_that_stays_broken_is_told_with_its_status(server: FakeServer, waits: list[float]) -> None:
    server.answer = lambda path, _: as_json({}, 500) if path.endswith("/serviceaccounts") else good(path)
    message = refused(kubeconfig(server.address))
    assert message == f'the cluster of context "{CONTEXT}" ({server.address}) answered 500 Internal Server Error'
    assert sum(waits) <= 30


HTML = (200, {"Content-Type": "text/html"}, b"<html><title>Log in</title></html>")


@pytest.mark.parametrize(
    "answer",
    [
        HTML,
        (200, {}, b""),
        (200, {}, b"\xff\xfe"),
        as_json("ok"),
        as_json([]),
        as_json({"status": "ok"}),
        (404, *HTML[1:]),
    ],
    ids=["HTML", "nothing", "bytes", "a text", "a list", "another object", "not found"],
)
def test_something_else_that_answers_is_told_apart_from_a_cluster(server: FakeServer, answer: Answer) -> None:
    # Above all nobody is told that a namespace doesn't exist, and to create it.
    server.answer = lambda *_: answer
    assert unreachable(server) == NOT_AN_API_SERVER


def test_a_login_page_in_the_middle_is_no_list(server: FakeServer) -> None:
    server.answer = lambda path, _: HTML if path.endswith("/secrets") else good(path)
    assert unreachable(server) == NOT_AN_API_SERVER


@pytest.mark.parametrize(("how", "error"), [("reset", "ProtocolError"), ("close", "ProtocolError")])
def test_a_connection_that_always_breaks(server: FakeServer, waits: list[float], how: str, error: str) -> None:
    server.answer = lambda *_: how
    assert unreachable(server) == f"the connection failed ({error})"
    assert server.asked["/version"] == 2


def test_an_answer_that_is_cut_off(server: FakeServer) -> None:
    server.answer = lambda path, _: "cut off" if path.endswith("/serviceaccounts") else good(path)
    assert unreachable(server) in ("the connection failed (ProtocolError)", "the connection failed (IncompleteRead)")
    assert server.asked["/api/v1/serviceaccounts"] == 1


@pytest.mark.parametrize(("how", "times"), [("reset", 2), ("busy", 5)])
def test_what_is_to_be_sent_once_is_not_sent_again(
    server: FakeServer, waits: list[float], how: str, times: int
) -> None:
    server.answer = lambda *_: as_json({}, 429) if how == "busy" else how
    with Api(context=CONTEXT, kubeconfig=kubeconfig(server.address)) as api:
        for path, once in (("/once", True), ("/again", False)):
            with pytest.raises(ClusterUnreachableError):
                api.post(path, {"kind": "Eviction"}, once=once)
    assert server.asked == {"/once": 1, "/again": times}


@pytest.mark.parametrize("end", ["", "/"])
def test_a_server_behind_a_path(server: FakeServer, end: str) -> None:
    prefix = "/k8s/clusters/c-1"
    server.answer = lambda path, _: good(path.removeprefix(prefix)) if path.startswith(prefix) else as_json({}, 404)
    assert read(kubeconfig(server.address + prefix + end)) == LIVE


def test_a_token_from_a_file(server: FakeServer, tmp_path: Path) -> None:
    token = secrets.token_urlsafe(16)
    (tmp_path / "token").write_text(token)
    assert read(kubeconfig(server.address, {"tokenFile": str(tmp_path / "token")})) == LIVE
    assert server.tokens == {f"Bearer {token}"}


def test_an_account_in_a_namespace_that_came_meanwhile_is_not_left(server: FakeServer) -> None:
    # Its namespace wasn't there a moment before, but it is listed, so it is no account of ours to leave.
    account = {"metadata": {"namespace": "team-a", "name": "default", "annotations": {"image-pull-secrets/p.s.c": "a"}}}

    def answer(path: str, _: int) -> Answer:
        if path.endswith("/serviceaccounts"):
            return as_json({"items": [account]})
        return as_json({}, 404) if path.endswith("/namespaces/team-a") else good(path)

    server.answer = answer
    assert read(kubeconfig(server.address)) == {}


def test_the_version_need_not_be_allowed(server: FakeServer) -> None:
    server.answer = lambda path, _: as_json({}, 403) if path == "/version" else good(path)
    assert read(kubeconfig(server.address)) == LIVE


def test_a_login_that_ran_out_meanwhile_is_told(server: FakeServer) -> None:
    server.answer = lambda path, _: as_json({}, 401) if path.endswith("/secrets") else good(path)
    assert refused(kubeconfig(server.address)).endswith("doesn't accept the kubeconfig's credentials; log in again")


def test_a_refusal_without_the_api_servers_words_has_the_status_text(server: FakeServer) -> None:
    server.answer = lambda path, _: good(path) if path == "/version" else (403, *HTML[1:])
    assert refused(kubeconfig(server.address)).endswith("doesn't allow it: Forbidden")
