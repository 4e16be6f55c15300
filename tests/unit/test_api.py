"""Requests to the API server, as far as no server is needed for them."""

import threading
import time
from pathlib import Path

import pytest
import urllib3
from pulumi_image_pull_secrets.api import Api, NotFoundError, path_of
from pulumi_image_pull_secrets.errors import ClusterUnreachableError


@pytest.fixture
def api(tmp_path: Path) -> Api:
    (tmp_path / "kubeconfig").write_text(
        "contexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://192.0.2.1'}}]\n"
    )
    return Api(context="a", kubeconfig=str(tmp_path / "kubeconfig"))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (path_of("namespaces"), "/api/v1/namespaces"),
        (path_of("namespaces", name="team-a"), "/api/v1/namespaces/team-a"),
        (path_of("pods", "team-a"), "/api/v1/namespaces/team-a/pods"),
        (path_of("pods", "team-a", "web-1"), "/api/v1/namespaces/team-a/pods/web-1"),
        (path_of("deployments", version="apps/v1"), "/apis/apps/v1/deployments"),
        (path_of("deployments", "team-a", version="apps/v1"), "/apis/apps/v1/namespaces/team-a/deployments"),
        (path_of("secrets", "a/../b?c#d", "%"), "/api/v1/namespaces/a%2F..%2Fb%3Fc%23d/secrets/%25"),
    ],
)
def test_a_path_is_the_one_that_the_api_has(where: str, expected: str) -> None:
    assert where == expected


def test_answers_are_in_the_order_of_what_was_asked(api: Api) -> None:
    assert api.each(range(50), lambda number: number * 2) == list(range(0, 100, 2))


def test_an_error_waits_for_what_is_under_way(api: Api) -> None:
    done: list[int] = []
    all_have_begun = threading.Barrier(5, timeout=60)

    def ask(number: int) -> None:
        all_have_begun.wait()
        if number == 0:
            raise LookupError
        time.sleep(0.05)
        done.append(number)

    with pytest.raises(LookupError):
        api.each(range(5), ask)
    assert len(done) == 4


def test_ctrl_c_waits_for_nothing(api: Api) -> None:
    answered = threading.Event()
    asked: list[int] = []

    def ask(number: int) -> None:
        asked.append(number)
        if number == 0:
            raise KeyboardInterrupt
        assert answered.wait(60)

    with pytest.raises(KeyboardInterrupt):
        api.each(range(100), ask)
    # Those that had begun still wait, and none of the others is made.
    assert not answered.is_set()
    answered.set()
    assert len(asked) < 20


@pytest.mark.parametrize(
    "error",
    [urllib3.exceptions.SSLError("eof"), urllib3.exceptions.ProtocolError("reset")],
    ids=lambda error: type(error).__name__,
)
def test_what_is_to_be_sent_once_is_not_sent_again_when_the_connection_breaks(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    sent: list[str] = []

    def break_after_sending(_: object, __: object, method: str, *___: object, **____: object) -> None:
        sent.append(method)
        raise error

    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(urllib3.HTTPConnectionPool, "_make_request", break_after_sending)
    for once in (True, False):
        sent.clear()
        with pytest.raises(ClusterUnreachableError):
            api.post("/evict", {}, once=once)
        assert (len(sent) == 1) is once


def test_what_is_not_there_is_none_and_a_list_that_is_not_there_is_no_empty_one(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urllib3.PoolManager, "request", lambda *_, **__: urllib3.HTTPResponse(b"{}", status=404))
    assert api.get("/api/v1/namespaces/a") is None
    assert api.post("/api/v1/namespaces/a/pods/b/eviction", {}) is None
    with pytest.raises(NotFoundError, match=r'the cluster of context "a" \(https://192.0.2.1\) answered 404'):
        list(api.list("/api/v1/pods"))
