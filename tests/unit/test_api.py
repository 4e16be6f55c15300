"""Requests to the API server, as far as no server is needed for them."""

import base64
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import urllib3
import yaml
from pulumi_image_pull_secrets.api import Api, NotFoundError, path_of
from pulumi_image_pull_secrets.errors import ClusterUnreachableError


@pytest.fixture
def api(tmp_path: Path) -> Api:
    (tmp_path / "kubeconfig").write_text(
        "contexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://192.0.2.1'}}]\n"
    )
    return Api(context="a", kubeconfig=str(tmp_path / "kubeconfig"))


class IdentityProvider(ThreadingHTTPServer):
    """One of OpenID Connect's, on a port of this machine."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _ProviderHandler)
        self.url = f"http://127.0.0.1:{self.server_port}"


class _ProviderHandler(BaseHTTPRequestHandler):
    server: IdentityProvider

    def do_GET(self) -> None:
        self._answer(200, {"token_endpoint": f"{self.server.url}/token"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(400, {"error": "invalid_grant", "error_description": "the refresh token has expired"})

    def _answer(self, status: int, content: object) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityProvider]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    with IdentityProvider() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def of_oidc(issuer: str, refresh_token: str) -> str:
    """The kubeconfig of a user whose token is over."""
    body = base64.urlsafe_b64encode(b'{"exp": 1000}').decode().rstrip("=")
    settings = {
        "idp-issuer-url": issuer,
        "client-id": "kubectl",
        "client-secret": "-",
        "id-token": f"e30.{body}.c2ln",
        "refresh-token": refresh_token,
    }
    return yaml.safe_dump(
        {
            "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://192.0.2.1"}}],
            "users": [{"name": "u", "user": {"auth-provider": {"name": "oidc", "config": settings}}}],
        }
    )


@pytest.mark.parametrize(("is_there", "kind"), [(True, "InvalidGrantError"), (False, "MaxRetryError")])
def test_an_oidc_login_that_cannot_be_renewed_is_told(provider: IdentityProvider, is_there: bool, kind: str) -> None:
    issuer = provider.url if is_there else "http://127.0.0.1:9"
    refresh_token = secrets.token_urlsafe(16)
    with pytest.raises(ClusterUnreachableError) as error:
        Api(context="a", kubeconfig=of_oidc(issuer, refresh_token))
    assert str(error.value) == (
        f'what the kubeconfig has for context "a" can\'t be used ({kind}); try: kubectl --context a get namespaces'
    )
    assert refresh_token not in str(error.value)


def test_a_credential_plugin_is_not_given_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen"
    # So soon that each request has it run again.
    soon = datetime.now(timezone.utc) + timedelta(seconds=60)
    status = {"token": "-", "expirationTimestamp": soon.strftime("%Y-%m-%dT%H:%M:%SZ")}
    version = "client.authentication.k8s.io/v1"
    answer = json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status})
    script = f"import json, os; print(json.dumps(dict(os.environ)), file=open({str(seen)!r}, 'a')); print({answer!r})"
    own = [{"name": "AWS_PROFILE", "value": "acme"}]
    plugin = {"apiVersion": version, "command": sys.executable, "args": ["-c", script], "env": own}
    text = yaml.safe_dump(
        {
            "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
            "users": [{"name": "u", "user": {"exec": plugin}}, {"name": "other", "user": {}}],
        }
    )
    password = secrets.token_urlsafe(16)
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"password": password}))
    monkeypatch.setenv("OTHER", "kept")

    with pytest.raises(ClusterUnreachableError), Api(context="a", kubeconfig=text) as api:
        api.check()

    runs = [json.loads(line) for line in seen.read_text().splitlines()]
    assert len(runs) > 1
    assert {(run["OTHER"], run["AWS_PROFILE"]) for run in runs} == {("kept", "acme")}
    assert password not in seen.read_text()
    assert password in os.environ["PULUMI_CONFIG"]


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
