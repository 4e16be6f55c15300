"""A stack's logins, asked of registries on loopback; and what the program says of them."""

import json
import secrets
from typing import Any

import pytest
from pulumi_image_pull_secrets.errors import PreflightError
from pulumi_image_pull_secrets.registry.stack_logins import Verified, verify
from pulumi_image_pull_secrets.settings import Settings, parse

from tests.integration.registry.conftest import login
from tests.integration.registry.servers import response
from tests.integration.registry.test_asking import Near, by_login


def settings(environ: dict[str, str] | None = None, **keys: Any) -> Settings:
    values = {"context": "c", "secretName": "regcred", "namespaces": [{"name": "a"}], "verifyRegistries": True, **keys}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    return parse(texts, stack="staging", environ=environ or {})


def test_each_refused_login_is_told_with_its_place_and_what_to_do(near: Near) -> None:
    right, wrong = login(), secrets.token_urlsafe(16)
    server, other = near(by_login(right)), near(by_login(right))
    entries = [
        {"server": server.address, "username": "bot", "password": wrong},
        {"server": f"https://{server.address}/acme/", "username": "bot", "passwordEnv": "RIGHT"},
        {"server": other.address, "username": "bot", "passwordEnv": "WRONG"},
    ]
    place = "image-pull-secrets:registries"

    verified = verify(settings({"RIGHT": right.password, "WRONG": wrong}, registries=entries))

    assert verified == Verified(
        (
            f"{place}[0]: {server.address} refuses the login (401); correct the username, or set the password with: "
            f"pulumi config set --secret --path '{place}[0].password'",
            f"{place}[2]: {other.address} refuses the login (401); correct the username, or what the environment "
            "variable 'WRONG' holds",
        )
    )


def test_the_entries_of_a_whole_config_are_asked(near: Near) -> None:
    right, wrong = login(), login()
    server, other = near(by_login(right)), near(by_login(right))
    auths = {
        server.address: {"username": right.username, "password": right.password},
        other.address: {"username": wrong.username, "password": wrong.password},
    }
    (refusal,) = verify(settings(dockerConfigJson=json.dumps({"auths": auths}))).refusals
    assert refusal == (
        f"image-pull-secrets:dockerConfigJson, entry '{other.address}': {other.address} refuses the login (401); "
        "set the text with the right login: pulumi config set --secret dockerConfigJson < config.json"
    )
    assert wrong.password not in refusal


def test_what_is_not_known_is_a_warning(near: Near) -> None:
    broken, open_ = near(response(500)), near(response(200))
    addresses = [broken.address, open_.address, "*.azurecr.io", "nowhere.invalid"]
    entries = [{"server": address, "username": "bot", "password": "-"} for address in addresses]
    verified = verify(settings(registries=entries))
    assert verified.refusals == ()
    assert verified.warning.splitlines() == [
        "these logins could not be verified; a node may get another answer:",
        f"  image-pull-secrets:registries[0]: {broken.address} answers with the status 500",
        f"  image-pull-secrets:registries[1]: {open_.address} asks for no login before it is asked for an image",
        "  image-pull-secrets:registries[2]: the address is not that of one registry",
        "  image-pull-secrets:registries[3]: nowhere.invalid: its host name is not known",
    ]


@pytest.mark.parametrize("keys", [{"verifyRegistries": False}, {"detach": True}])
def test_nobody_is_asked_unless_it_is_wanted(near: Near, keys: dict[str, Any]) -> None:
    server = near(response(401))
    entries = [{"server": server.address, "username": "bot", "password": "-"}]
    assert verify(settings(registries=entries, **keys)) == Verified()
    assert server.connections == 0


def test_refusals_are_told_with_what_is_missing_in_the_cluster() -> None:
    start = 'the cluster of context "c" is not ready for this stack; nothing was changed:'
    assert str(PreflightError("c", ["a"], ["b"])) == f"{start}\n  a\n  b"
    assert str(PreflightError("c", [], ["b"])) == "a login of this stack doesn't work; nothing was changed:\n  b"
