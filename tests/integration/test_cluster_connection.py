"""Why there is no connection to the cluster, or no credentials for it: one message each, with the reason."""

import json
import logging
import secrets
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from pulumi_image_pull_secrets import api

from tests.integration.fakes import CONTEXT, LIVE, FakeServer, kubeconfig, read, refused, serving


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with serving() as fake:
        yield fake


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib3.Retry, "_sleep_backoff", lambda _: None)


def test_a_server_that_takes_too_long(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_TIMEOUT", urllib3.Timeout(connect=0.2, read=0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        message = refused(kubeconfig(f"http://127.0.0.1:{silent.getsockname()[1]}"))
    assert "can't be reached: it doesn't answer in time; " in message


def test_a_host_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "can't be reached: its host name is not known; " in refused(kubeconfig("https://api.acme.example"))


def test_a_refused_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "can't be reached: the connection was refused; " in refused(kubeconfig(f"http://127.0.0.1:{port}"))


def test_a_server_without_tls_where_the_kubeconfig_has_it(server: FakeServer) -> None:
    address = f"https://127.0.0.1:{server.server_port}"
    assert "its TLS certificate is not accepted (TLS handshake failed)" in refused(kubeconfig(address))


def test_a_network_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    assert "can't be reached: no connection can be made; " in refused(kubeconfig("http://127.0.0.1:1"))


@pytest.mark.parametrize("address", ["http://127.0.0.1:99999", "ftp://127.0.0.1"])
def test_an_address_that_is_none(address: str) -> None:
    assert f'the cluster of context "{CONTEXT}" ({address}) can\'t be reached: ' in refused(kubeconfig(address))


UNUSABLE = f'what the kubeconfig has for context "{CONTEXT}" can\'t be used ('


def test_an_address_or_a_proxy_that_no_client_can_be_made_for() -> None:
    assert refused(kubeconfig("http://[")).startswith(f"{UNUSABLE}ValueError); try: kubectl ")
    assert UNUSABLE in refused(kubeconfig("http://127.0.0.1:1", proxy="ftp://127.0.0.1:1"))
    with pytest.warns(urllib3.exceptions.DependencyWarning):
        assert UNUSABLE in refused(kubeconfig("http://127.0.0.1:1", proxy="socks5://127.0.0.1:1"))


PLUGIN = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}


def plugin(python: str) -> dict[str, Any]:
    return {"exec": {**PLUGIN, "command": sys.executable, "args": ["-c", python]}}


def test_a_credential_plugins_token_is_used(server: FakeServer, tmp_path: Path) -> None:
    token = secrets.token_urlsafe(16)
    credential = {"apiVersion": PLUGIN["apiVersion"], "kind": "ExecCredential", "status": {"token": token}}
    (tmp_path / "credential").write_text(json.dumps(credential))
    text = kubeconfig(server.address, plugin(f"print(open({str(tmp_path / 'credential')!r}).read())"))
    assert read(text) == LIVE
    assert server.tokens == {f"Bearer {token}"}


@pytest.mark.parametrize(
    "user",
    [
        plugin("import sys; sys.exit('the session has expired')"),
        plugin("print('log in at https://acme.example')"),
        plugin("print('{}')"),
        plugin(f"print({json.dumps(json.dumps({**PLUGIN, 'kind': 'ExecCredential', 'status': {}}))})"),
        {"exec": {**PLUGIN, "command": "no-such-plugin"}},
    ],
    ids=["fails", "no JSON", "no credential", "no token", "is not installed"],
)
@pytest.mark.parametrize("is_path", [False, True])
def test_a_credential_plugin_that_fails_is_one_message(
    server: FakeServer,
    user: dict[str, Any],
    is_path: bool,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    text = kubeconfig(server.address, user)
    (tmp_path / "kubeconfig").write_text(text)
    # Without it the client would go on as nobody, and the server would say what system:anonymous may not.
    assert refused(str(tmp_path / "kubeconfig") if is_path else text) == (
        f'what the kubeconfig has for context "{CONTEXT}" can\'t be used (CredentialPluginError); '
        f"try: kubectl --context {CONTEXT} get namespaces"
    )
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert capfd.readouterr() == ("", "")
    assert not server.asked


@pytest.mark.parametrize(
    "user", [{"client-certificate-data": "no base64!"}, {"client-certificate": "/nowhere/client.crt"}, {"token": 7}]
)
def test_other_credentials_that_cannot_be_used(user: dict[str, Any]) -> None:
    assert refused(kubeconfig("https://127.0.0.1:1", user))
