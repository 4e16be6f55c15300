"""What registries are asked, and what is made of their answers."""

import asyncio
import base64
import json
import secrets
from collections.abc import Callable

import pytest
from pulumi_image_pull_secrets.keyring import Credential
from pulumi_image_pull_secrets.registry import Answer as Answered
from pulumi_image_pull_secrets.registry import LoginResult, Question, Result, ask_all, log_in_all

from tests.integration.registry.conftest import Certificates, login
from tests.integration.registry.servers import Answer, Request, Server, response

Near = Callable[[Answer], Server]
Far = Callable[[str, Answer], Server]

DIGEST = f"sha256:{'0' * 64}"
MANIFEST = response(200, Docker_Content_Digest=DIGEST, Content_Type="application/vnd.oci.image.manifest.v1+json")
WANTS_BASIC = response(401, WWW_Authenticate='Basic realm="test"')


def basic(credential: Credential) -> str:
    return f"Basic {base64.b64encode(f'{credential.username}:{credential.password}'.encode()).decode()}"


def by_login(credential: Credential, answer: bytes = MANIFEST) -> Callable[[Request], bytes]:
    """A registry that takes one login."""
    return lambda request: answer if request.authorization == basic(credential) else WANTS_BASIC


def ask(image: str, credential: Credential | None = None, *, timeout: float = 10, ca: str | None = None) -> Answered:
    question = Question(image, credential)
    return ask_all([question], timeout=timeout, ca_file=ca)[question]


def test_a_registry_that_asks_for_no_login_is_sent_none(near: Near) -> None:
    server = near(MANIFEST)
    answer = ask(f"{server.address}/acme/web:1", login())
    assert answer == Answered(Result.PULLS, f"{server.address} asks for no login")
    assert [request.authorization for request in server.requests] == [""]


def test_the_manifest_is_asked_for_as_containerd_does(near: Near) -> None:
    server = near(MANIFEST)
    image = f"{server.address}/acme/web"
    ask_all([Question(image), Question(f"{image}:1.2"), Question(f"{image}:1.2@{DIGEST}")])
    assert {(request.method, request.target) for request in server.requests} == {
        ("HEAD", f"/v2/acme/web/manifests/{name}") for name in ("latest", "1.2", DIGEST)
    }
    kinds = ["docker.distribution.manifest.v2", "docker.distribution.manifest.list.v2"]
    kinds += ["oci.image.manifest.v1", "oci.image.index.v1"]
    assert server.requests[0].headers["accept"] == ", ".join([*(f"application/vnd.{k}+json" for k in kinds), "*/*"])


def test_a_login_is_sent_where_it_is_asked_for(near: Near) -> None:
    right = login()
    server = near(by_login(right))
    image = f"{server.address}/acme/web"
    assert ask(image, right) == Answered(Result.PULLS, f"{server.address} takes the login")
    assert ask(image, login()).result is Result.DENIED
    assert ask(image, login()).reason == f"{server.address} refuses the login, or it may not pull this (401)"
    assert ask(image) == Answered(Result.DENIED, f"{server.address} wants a login")


@pytest.mark.parametrize("half", [("", "x"), ("bot", "")])
def test_half_a_login_is_none(near: Near, half: tuple[str, str]) -> None:
    server = near(WANTS_BASIC)
    credential = Credential("any", *half)
    assert ask(f"{server.address}/acme/web", credential) == Answered(Result.DENIED, f"{server.address} wants a login")
    assert log_in_all([credential])[credential].result is LoginResult.NOT_KNOWN


def test_a_login_that_is_no_text_is_refused(near: Near) -> None:
    server = near(WANTS_BASIC)
    answer = ask(f"{server.address}/acme/web", Credential("any", "bot", "\udcff"))
    assert answer == Answered(Result.DENIED, "the login holds bytes that are no UTF-8, which no kubelet can hand on")


@pytest.mark.parametrize(
    ("status", "result", "reason"),
    [
        (403, Result.DENIED, "refuses the login, or it may not pull this (403)"),
        (404, Result.NOT_FOUND, "has no such repository, tag or digest"),
        (429, Result.UNREACHABLE, "takes no more requests for now (429)"),
        (500, Result.UNREACHABLE, "answers with the status 500"),
        (406, Result.UNREACHABLE, "answers with the status 406"),
        (304, Result.UNREACHABLE, "answers with the status 304"),
    ],
)
def test_a_status_has_one_meaning(near: Near, status: int, result: Result, reason: str) -> None:
    right = login()
    server = near(by_login(right, response(status)))
    assert ask(f"{server.address}/acme/web", right) == Answered(result, f"{server.address} {reason}")


def test_what_refuses_without_asking_for_a_login_is_sent_none(near: Near) -> None:
    server = near(response(403))
    answer = ask(f"{server.address}/acme/web", login())
    assert answer == Answered(Result.DENIED, f"{server.address} refuses a pull without a login (403)")
    assert [request.authorization for request in server.requests] == [""]


def test_a_registry_that_knows_no_head_is_asked_with_get(near: Near) -> None:
    server = near(lambda request: response(405) if request.method == "HEAD" else MANIFEST)
    assert ask(f"{server.address}/acme/web").result is Result.PULLS
    assert [request.method for request in server.requests] == ["HEAD", "GET"]


@pytest.mark.parametrize("challenge", ["", "Negotiate"])
def test_a_registry_that_names_no_way_to_log_in(near: Near, challenge: str) -> None:
    server = near(response(401, WWW_Authenticate=challenge))
    answer = ask(f"{server.address}/acme/web", login())
    reason = f"{server.address} wants a login, and names no way to log in that a node knows"
    assert answer == Answered(Result.UNREACHABLE, reason)


class TokenServer:
    """A token server and its registry, which takes its tokens."""

    def __init__(self, right: Credential, realm: str = "") -> None:
        self.right = right
        self.realm = realm
        self.token = secrets.token_urlsafe(16)
        self.field = "token"

    def give(self, request: Request) -> bytes:
        if request.authorization not in ("", basic(self.right)):
            return response(401)
        token = self.token if request.authorization else "anonymous"
        return response(200, json.dumps({self.field: token}).encode())

    def registry(self, request: Request) -> bytes:
        if request.authorization == f"Bearer {self.token}":
            return MANIFEST
        challenge = f'Bearer realm="{self.realm}",service="test reg",scope="other repository:acme/web:pull"'
        return response(401, WWW_Authenticate=challenge)


def test_a_token_is_got_where_the_registry_says(far: Far, certificates: Certificates) -> None:
    right = login()
    tokens = TokenServer(right)
    giver, server = far("auth.example", tokens.give), far("registry.example", tokens.registry)
    tokens.realm = f"https://auth.example:{giver.port}/token?kept=1"
    image = f"registry.example:{server.port}/acme/web"

    assert ask(image, right, ca=certificates.ca_file) == Answered(
        Result.PULLS, f"registry.example:{server.port} takes the login"
    )

    (asked,) = giver.requests
    assert (asked.method, asked.path, asked.authorization) == ("GET", "/token", basic(right))
    scopes = ["other", "repository:acme/web:pull"]
    assert asked.query == {"kept": ["1"], "service": ["test reg"], "scope": scopes}
    assert [request.authorization for request in server.requests] == ["", f"Bearer {tokens.token}"]

    refused = ask(image, login(), ca=certificates.ca_file)
    assert refused == Answered(Result.DENIED, f"auth.example:{giver.port} refuses the login (401)")
    nobody = ask(image, ca=certificates.ca_file)
    assert nobody.reason == f"registry.example:{server.port} refuses a pull without a login (401)"


@pytest.mark.parametrize("field", ["token", "access_token"])
def test_a_token_has_two_names(near: Near, field: str) -> None:
    right = login()
    tokens = TokenServer(right)
    tokens.field = field
    giver, server = near(tokens.give), near(tokens.registry)
    tokens.realm = f"http://{giver.address}/token"
    assert ask(f"{server.address}/acme/web", right).result is Result.PULLS


def test_each_login_is_tried_once_for_a_repository(near: Near) -> None:
    right, wrong = login(), login()
    tokens = TokenServer(right)
    giver, server = near(tokens.give), near(tokens.registry)
    tokens.realm = f"http://{giver.address}/token"
    images = [f"{server.address}/acme/web:{number}" for number in range(10)]
    questions = [Question(image, credential) for image in images for credential in (right, wrong)]
    # The same login from another Secret is the same login.
    again = Credential("any", wrong.username, wrong.password, source="another")

    answers = ask_all([*questions, *questions, Question(images[0], again)])

    for question in questions:
        assert answers[question].result is (Result.PULLS if question.credential == right else Result.DENIED)
    assert answers[Question(images[0], again)].result is Result.DENIED
    assert sorted(request.authorization for request in giver.requests) == sorted([basic(right), basic(wrong)])
    # With the login that is refused, only the first image is asked for.
    assert len(server.requests) == 1 + len(images) + 1


def test_an_image_that_has_no_name_is_told_and_nobody_asked() -> None:
    answer = ask("Not An Image")
    assert answer.result is Result.NOT_FOUND
    assert answer.reason.startswith("no image has this name: ")


def test_a_loop_that_runs_already_is_no_hindrance(near: Near) -> None:
    server = near(MANIFEST)

    async def program() -> Answered:
        return ask(f"{server.address}/acme/web")

    assert asyncio.run(program()).result is Result.PULLS


class TestLogin:
    @staticmethod
    def ask(key: str, credential: Credential, ca: str | None = None) -> tuple[LoginResult, str]:
        asked = Credential(key, credential.username, credential.password)
        answer = log_in_all([asked], ca_file=ca)[asked]
        return answer.result, answer.reason

    def test_by_the_login_itself(self, near: Near) -> None:
        right = login()
        server = near(by_login(right))
        host = server.address
        assert self.ask(host, right) == (LoginResult.ACCEPTED, f"{host} takes the login")
        assert self.ask(host, login()) == (LoginResult.REFUSED, f"{host} refuses the login (401)")
        assert {request.path for request in server.requests} == {"/v2/"}

    def test_a_login_whose_time_is_over_is_refused(self, near: Near) -> None:
        # As Amazon's registry answers.
        server = near(lambda request: response(403) if request.authorization else WANTS_BASIC)
        assert self.ask(server.address, login()) == (
            LoginResult.REFUSED,
            f"{server.address} refuses the login (403)",
        )

    def test_by_a_token(self, near: Near) -> None:
        right = login()
        tokens = TokenServer(right)
        giver, server = near(tokens.give), near(tokens.registry)
        tokens.realm = f"http://{giver.address}/token"
        assert self.ask(f"http://{server.address}/v2/", right)[0] is LoginResult.ACCEPTED
        assert "scope" not in giver.requests[-1].query, "docker login asks for none"
        assert self.ask(server.address, login()) == (
            LoginResult.REFUSED,
            f"{giver.address} refuses the login (401)",
        )

    def test_a_token_that_is_for_an_image_only(self, near: Near) -> None:
        right = login()
        tokens = TokenServer(right)
        giver = near(tokens.give)
        server = near(lambda request: response(403) if request.authorization else tokens.registry(request))
        tokens.realm = f"http://{giver.address}/token"
        assert self.ask(server.address, right)[0] is LoginResult.NOT_KNOWN

    def test_a_registry_that_does_not_ask(self, near: Near) -> None:
        server = near(response(200))
        reason = f"{server.address} asks for no login before it is asked for an image"
        assert self.ask(server.address, login()) == (LoginResult.NOT_KNOWN, reason)
        assert [request.authorization for request in server.requests] == [""]

    def test_a_server_that_is_no_registry(self, near: Near) -> None:
        server = near(response(404))
        assert self.ask(server.address, login()) == (
            LoginResult.UNREACHABLE,
            f"{server.address} answers with the status 404",
        )

    def test_a_key_with_a_path_is_for_its_registry(self, near: Near) -> None:
        right = login()
        server = near(by_login(right))
        assert self.ask(f"{server.address}/acme", right)[0] is LoginResult.ACCEPTED

    @pytest.mark.parametrize("key", ["*.azurecr.io", "registry", "", "ghcr.io:latest"])
    def test_a_key_of_no_one_registry(self, key: str) -> None:
        reason = "the address is not that of one registry"
        assert self.ask(key, login()) == (LoginResult.NOT_KNOWN, reason)
