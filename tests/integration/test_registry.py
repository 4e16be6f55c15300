"""What is asked of registries, by the real one: with a password file, and with a token server."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pulumi_image_pull_secrets.keyring import Credential
from pulumi_image_pull_secrets.registry import LoginResult, Question, Result, ask_all, log_in_all

from sandbox.registry import USERNAME, Registry
from tests.integration.images import TokenRegistry, TokenServer, push
from tests.integration.registry.servers import Server, serving


@pytest.fixture
def registry(parts: dict[str, Path], tmp_path: Path) -> Iterator[Registry]:
    running = Registry(tmp_path / "registry", parts["registry"])
    try:
        yield running
    finally:
        running.processes.stop()


def test_with_a_password_file(registry: Registry) -> None:
    password = secrets.token_urlsafe(16)
    registry.start(password)
    with httpx.Client(base_url=f"http://{registry.address}", auth=(USERNAME, password)) as client:
        digest = push(client, "acme/web", "1.0")
    right = Credential(registry.address, USERNAME, password)
    wrong = Credential(registry.address, USERNAME, secrets.token_urlsafe(16))
    image = f"{registry.address}/acme/web"
    expected = {
        Question(f"{image}:1.0", right): Result.PULLS,
        Question(f"{image}@{digest}", right): Result.PULLS,
        Question(f"{image}:1.0@{digest}", right): Result.PULLS,
        Question(f"{image}:2.0", right): Result.NOT_FOUND,
        Question(f"{image}@sha256:{'0' * 64}", right): Result.NOT_FOUND,
        Question(f"{registry.address}/acme/other:1.0", right): Result.NOT_FOUND,
        Question(f"{image}:1.0", wrong): Result.DENIED,
        Question(f"{image}:2.0", wrong): Result.DENIED,
        Question(f"{image}:1.0"): Result.DENIED,
    }

    assert {question: answer.result for question, answer in ask_all(expected).items()} == expected

    logins = {right: LoginResult.ACCEPTED, wrong: LoginResult.REFUSED}
    assert {credential: answer.result for credential, answer in log_in_all(logins).items()} == logins

    registry.processes.stop()
    assert {answer.reason for answer in ask_all(expected).values()} == {
        f"{registry.address}: the connection was refused"
    }


@pytest.fixture
def tokens(tmp_path: Path) -> TokenServer:
    return TokenServer(tmp_path)


@pytest.fixture
def token_server(tokens: TokenServer) -> Iterator[Server]:
    with serving(tokens.answer) as server:
        yield server


@pytest.fixture
def token_registry(
    parts: dict[str, Path], tmp_path: Path, tokens: TokenServer, token_server: Server
) -> Iterator[Registry]:
    realm = f"http://{token_server.address}/token"
    running = TokenRegistry(tmp_path / "registry", parts["registry"], tokens, realm)
    try:
        running.start("")
        yield running
    finally:
        running.processes.stop()


def test_with_a_token_server(tokens: TokenServer, token_server: Server, token_registry: Registry) -> None:
    address = token_registry.address
    for repository in ("acme/web", "acme/secret", "public/web"):
        bearer = {"Authorization": f"Bearer {tokens.token([repository], ['push', 'pull'])}"}
        with httpx.Client(base_url=f"http://{address}", headers=bearer) as client:
            push(client, repository, "1.0")
    right = Credential(address, "bot", secrets.token_urlsafe(16))
    wrong = Credential(address, "bot", secrets.token_urlsafe(16))
    tokens.logins = {"bot": right.password}
    tokens.may_pull = {"bot": {"acme/web", "public/web"}, "": {"public/web"}}
    expected = {
        Question(f"{address}/acme/web:1.0", right): Result.PULLS,
        Question(f"{address}/acme/web:2.0", right): Result.NOT_FOUND,
        Question(f"{address}/acme/secret:1.0", right): Result.DENIED,
        Question(f"{address}/acme/web:1.0", wrong): Result.DENIED,
        Question(f"{address}/acme/web:1.0"): Result.DENIED,
        Question(f"{address}/public/web:1.0", right): Result.PULLS,
        # A node that has a login uses it, and fails with a wrong one where it would succeed with none.
        Question(f"{address}/public/web:1.0", wrong): Result.DENIED,
        Question(f"{address}/public/web:1.0"): Result.PULLS,
    }

    answers = ask_all(expected)

    assert {question: answer.result for question, answer in answers.items()} == expected
    assert answers[Question(f"{address}/acme/web:1.0", wrong)].reason == (
        f"{token_server.address} refuses the login (401)"
    )
    assert [request.path for request in token_server.requests] == ["/token"] * len(
        {(question.image.rpartition(":")[0], question.credential) for question in expected}
    )

    logins = {right: LoginResult.ACCEPTED, wrong: LoginResult.REFUSED}
    assert {credential: answer.result for credential, answer in log_in_all(logins).items()} == logins
