"""A login reaches the registry, and the token server that it names, and nobody else."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pulumi_image_pull_secrets.errors import MissingPackageError
from pulumi_image_pull_secrets.keyring import Credential
from pulumi_image_pull_secrets.registry import LoginResult, Question, Result, ask_all, log_in_all
from pulumi_image_pull_secrets.registry.addresses import is_loopback, origins, registry_of

from sandbox.pki import Authority
from tests.integration.registry.conftest import Certificates, login
from tests.integration.registry.servers import Request, Server, response, serving
from tests.integration.registry.test_asking import MANIFEST, WANTS_BASIC, Far, Near, TokenServer, ask, by_login
from tests.unit.mocks import forms_of


def heard(server: Server) -> str:
    return "".join(f"{request.target}{request.headers}" for request in server.requests)


def has_heard(server: Server, credential: Credential) -> bool:
    return any(form in heard(server) for form in forms_of(credential.password))


def redirecting(to: str, *, when_logged_in: bool = True) -> Callable[[Request], bytes]:
    def answer(request: Request) -> bytes:
        if when_logged_in and not request.authorization:
            return WANTS_BASIC
        return response(307, Location=to)

    return answer


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_followed_without_the_login(
    far: Far, certificates: Certificates, status: int
) -> None:
    right = login()
    store = far("store.example", MANIFEST)
    to = f"https://store.example:{store.port}/manifest"
    server = far(
        "registry.example", lambda request: response(status, Location=to) if request.authorization else WANTS_BASIC
    )
    asked = ask(f"registry.example:{server.port}/acme/web", right, ca=certificates.ca_file)
    assert asked.result is Result.PULLS
    assert has_heard(server, right)
    assert len(store.requests) == 1
    assert not has_heard(store, right)
    assert "authorization" not in store.requests[0].headers


def test_another_port_is_another_host(far: Far, certificates: Certificates) -> None:
    right = login()
    store = far("registry.example", MANIFEST)
    server = far("registry.example", redirecting(f"https://registry.example:{store.port}/"))
    assert ask(f"registry.example:{server.port}/a", right, ca=certificates.ca_file).result is Result.PULLS
    assert not has_heard(store, right)


def test_within_the_host_the_login_stays(far: Far, certificates: Certificates) -> None:
    right = login()

    def answer(request: Request) -> bytes:
        if request.path == "/elsewhere":
            return by_login(right)(request)
        return redirecting("/elsewhere")(request)

    server = far("registry.example", answer)
    assert ask(f"registry.example:{server.port}/a", right, ca=certificates.ca_file).result is Result.PULLS


def test_there_and_back_again_the_login_is_gone(far: Far, certificates: Certificates) -> None:
    right = login()
    ports: dict[str, int] = {}
    store = far("store.example", lambda _: response(307, Location=f"https://registry.example:{ports['it']}/b"))

    def answer(request: Request) -> bytes:
        if request.path == "/b":
            return MANIFEST
        return redirecting(f"https://store.example:{store.port}/")(request)

    server = far("registry.example", answer)
    ports["it"] = server.port
    assert ask(f"registry.example:{server.port}/a", right, ca=certificates.ca_file).result is Result.PULLS
    assert server.requests[-1].path == "/b"
    assert not server.requests[-1].authorization
    assert not has_heard(store, right)


def test_whoever_wants_a_login_there_and_back_again_refuses_none(far: Far, certificates: Certificates) -> None:
    right = login()
    ports: dict[str, int] = {}
    store = far("store.example", lambda _: response(307, Location=f"https://registry.example:{ports['it']}/v2/b"))

    def answer(request: Request) -> bytes:
        if request.path == "/v2/b" or not request.authorization:
            return WANTS_BASIC
        return response(307, Location=f"https://store.example:{store.port}/")

    server = far("registry.example", answer)
    ports["it"] = server.port
    at_it = Credential(f"registry.example:{server.port}", right.username, right.password)
    assert log_in_all([at_it], ca_file=certificates.ca_file)[at_it].result is LoginResult.UNREACHABLE


@pytest.mark.parametrize("when_logged_in", [True, False])
def test_a_host_that_wants_a_login_after_a_redirect_gets_none(
    far: Far, certificates: Certificates, when_logged_in: bool
) -> None:
    right = login()
    evil = far("evil.example", WANTS_BASIC)
    to = f"https://evil.example:{evil.port}/"
    server = far("registry.example", redirecting(to, when_logged_in=when_logged_in))
    host = f"registry.example:{server.port}"
    reason = f"{host} redirects to evil.example:{evil.port}, where no login is sent"
    asked = ask(f"{host}/a", right, ca=certificates.ca_file)
    assert (asked.result, asked.reason) == (Result.UNREACHABLE, reason)

    at_it = Credential(host, right.username, right.password)
    assert log_in_all([at_it], ca_file=certificates.ca_file)[at_it].result is LoginResult.UNREACHABLE
    assert len(evil.requests) > 1
    assert not has_heard(evil, right)


def test_a_token_server_that_redirects_passes_no_login_on(far: Far, certificates: Certificates) -> None:
    right = login()
    evil = far("evil.example", response(200, b'{"token": "x"}'))
    giver = far("auth.example", response(307, Location=f"https://evil.example:{evil.port}/"))
    tokens = TokenServer(right, f"https://auth.example:{giver.port}/token")
    server = far("registry.example", tokens.registry)
    asked = ask(f"registry.example:{server.port}/a", right, ca=certificates.ca_file)
    reason = f"auth.example:{giver.port} redirects to evil.example:{evil.port}, where no login is sent"
    assert (asked.result, asked.reason) == (Result.UNREACHABLE, reason)
    assert has_heard(giver, right)
    assert not has_heard(evil, right)


@pytest.mark.parametrize("host", ["auth.example", "127.0.0.1", "localhost"])
def test_no_token_server_gets_a_login_by_plain_http(
    far: Far, near: Near, certificates: Certificates, host: str
) -> None:
    right = login()
    giver = near(TokenServer(right).give)
    tokens = TokenServer(right, f"http://{host}:{giver.port}/token")
    server = far("registry.example", tokens.registry)
    asked = ask(f"registry.example:{server.port}/a", right, ca=certificates.ca_file)
    assert asked.result is Result.UNREACHABLE
    assert f"names the token server {host} by plain HTTP" in asked.reason
    assert giver.connections == 0


def test_a_registry_of_this_machine_names_no_other_by_plain_http(near: Near) -> None:
    right = login()
    giver = near(TokenServer(right).give)
    server = near(TokenServer(right, f"http://auth.example:{giver.port}/token").registry)
    assert "by plain HTTP" in ask(f"{server.address}/a", right).reason
    assert giver.connections == 0


def test_nothing_but_this_machine_is_asked_by_plain_http(near: Near) -> None:
    right = login()
    server = near(by_login(right))
    assert ask(f"registry.example:{server.port}/a", right, timeout=1).result is Result.UNREACHABLE
    assert server.requests == []


def test_what_follows_a_redirect_to_plain_http_has_no_login(near: Near, far: Far, certificates: Certificates) -> None:
    right = login()
    store = near(MANIFEST)
    server = far("registry.example", redirecting(f"http://registry.example:{store.port}/"))
    assert ask(f"registry.example:{server.port}/a", right, ca=certificates.ca_file).result is Result.PULLS
    assert not has_heard(store, right)


def test_an_untrusted_token_server_gets_no_login(
    far: Far, near: Near, certificates: Certificates, tmp_path: Path
) -> None:
    right = login()
    giver = far("auth.example", TokenServer(right).give)
    server = near(TokenServer(right, f"https://auth.example:{giver.port}/token").registry)
    assert "its TLS certificate is not accepted" in ask(f"{server.address}/a", right).reason
    assert giver.requests == []

    # A registry elsewhere that names this machine is no reason to trust what listens here.
    others = Certificates(tmp_path, Authority.create())
    with serving(TokenServer(right).give, others.context("localhost")) as giver:
        server = far("registry.example", TokenServer(right, f"https://127.0.0.1:{giver.port}/").registry)
        asked = ask(f"registry.example:{server.port}/a", right, ca=certificates.ca_file)
        assert asked.reason.startswith(f"{giver.address}: its TLS certificate is not accepted")
        assert giver.requests == []


def test_the_user_in_an_address_is_not_sent(far: Far, certificates: Certificates) -> None:
    right = login()
    giver = far("auth.example", response(200, b'{"token": "x"}'))
    tokens = TokenServer(right, f"https://somebody:else@auth.example:{giver.port}/")
    server = far("registry.example", tokens.registry)
    ask(f"registry.example:{server.port}/a", ca=certificates.ca_file)
    assert [request.authorization for request in giver.requests] == [""]
    store = far("store.example", MANIFEST)
    server = far("registry.example", redirecting(f"https://u:p@store.example:{store.port}/", when_logged_in=False))
    ask(f"registry.example:{server.port}/a", right, ca=certificates.ca_file)
    assert [request.authorization for request in store.requests] == [""]


def test_a_proxy_is_used_but_for_this_machine(
    near: Near, far: Far, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = login()
    proxy = near(response(502))
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
    monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
    server = far("registry.example", by_login(right))
    host = f"registry.example:{server.port}"

    asked = ask(f"{host}/a", right, ca=certificates.ca_file)
    assert (asked.result, asked.reason) == (Result.UNREACHABLE, f"{host}: the proxy doesn't connect to it")
    assert [(request.method, request.target) for request in proxy.requests] == [("CONNECT", host)]
    assert server.connections == 0
    assert not has_heard(proxy, right)

    monkeypatch.setenv("NO_PROXY", "registry.example")
    assert ask(f"{host}/a", right, ca=certificates.ca_file).result is Result.PULLS
    here = near(by_login(right))
    assert ask(f"{here.address}/a", right).result is Result.PULLS
    assert len(proxy.requests) == 1


@pytest.mark.parametrize("proxy", ["ftp://bot:{}@proxy.example", "socks5://bot:{}@proxy.example", "http://[x:{}"])
def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    password = login().password
    monkeypatch.setenv("HTTPS_PROXY", proxy.format(password))
    question, credential = Question("registry.example/a"), Credential("registry.example", "bot", "x")
    pull, taken = ask_all([question])[question], log_in_all([credential])[credential]
    assert (pull.result, taken.result) == (Result.UNREACHABLE, LoginResult.UNREACHABLE)
    for reason in (pull.reason, taken.reason):
        assert "proxy" in reason
        assert password not in reason


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        ("docker.io", ["https://registry-1.docker.io"]),
        ("ghcr.io", ["https://ghcr.io"]),
        ("ghcr.io:80", ["https://ghcr.io:80"]),
        ("10.0.0.1:5000", ["https://10.0.0.1:5000"]),
        ("localhost", ["https://localhost"]),
        ("localhost:443", ["https://localhost:443"]),
        ("localhost:80", ["http://localhost:80"]),
        ("127.8.8.8:5000", ["http://127.8.8.8:5000", "https://127.8.8.8:5000"]),
        ("[::1]:5000", ["http://[::1]:5000", "https://[::1]:5000"]),
        ("[::1]", ["https://[::1]"]),
        ("[2001:db8::1]:5000", ["https://[2001:db8::1]:5000"]),
        ("localhost.example:5000", ["https://localhost.example:5000"]),
        ("127.0.0.1.example", ["https://127.0.0.1.example"]),
    ],
)
def test_by_which_scheme_a_registry_is_asked(registry: str, expected: list[str]) -> None:
    assert list(origins(registry)) == expected


@pytest.mark.parametrize("host", ["::1", "[::1]", "[::1]:5000", "127.0.0.1", "LOCALHOST", "localhost:1"])
def test_this_machine_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io/acme", "docker.io"),
        ("ghcr.io", "ghcr.io"),
        ("https://ghcr.io/v2/", "ghcr.io"),
        ("quay.io/org", "quay.io"),
        ("[::1]:5000", "[::1]:5000"),
        ("localhost:5000", "localhost:5000"),
        ("*.azurecr.io", None),
        ("https://index.docker.io/v3/", None),
        ("registry", None),
    ],
)
def test_the_registry_of_a_key(key: str, registry: str | None) -> None:
    assert registry_of(key) == registry


def test_docker_hub_is_asked_where_its_images_are() -> None:
    right = login()
    asked = ask("nginx", right)
    assert asked.reason == "registry-1.docker.io: its host name is not known"
    hub = Credential("https://index.docker.io/v1/", right.username, right.password)
    assert log_in_all([hub])[hub].reason == "registry-1.docker.io: its host name is not known"


def test_nothing_needs_httpx_before_a_registry_is_asked() -> None:
    program = (
        "import sys; import pulumi_image_pull_secrets, pulumi_image_pull_secrets.settings, "
        "pulumi_image_pull_secrets.registry; sys.exit('httpx' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_httpx_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("asking", "exchange", "node"):
        monkeypatch.delitem(sys.modules, f"pulumi_image_pull_secrets.registry.{name}", raising=False)
    monkeypatch.delattr("pulumi_image_pull_secrets.registry.asking", raising=False)
    monkeypatch.setitem(sys.modules, "httpx", None)
    for ask_registries in (lambda: ask_all([]), lambda: log_in_all([])):
        with pytest.raises(MissingPackageError) as caught:
            ask_registries()
        assert str(caught.value) == (
            "asking a registry needs the package httpx, which is not installed; "
            "type: pip install 'pulumi-image-pull-secrets[verify]'"
        )
