"""Where an entry's password comes from, as the stack file says it."""

import json
import secrets
from typing import Any

import pytest
from pulumi_image_pull_secrets.errors import SettingsError
from pulumi_image_pull_secrets.settings import RegistrySettings, parse

PASSWORD = secrets.token_urlsafe(16)
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def configured(**registry: Any) -> RegistrySettings:
    raw = {
        "context": "c",
        "secretName": "regcred",
        "namespaces": json.dumps([{"name": "a"}]),
        "registries": json.dumps([{"server": "ghcr.io", "username": "bot", **registry}]),
    }
    return parsed(raw)


def parsed(raw: dict[str, str]) -> RegistrySettings:
    registries = parse(raw, stack="prod", environ={"TOKEN": PASSWORD}).registries
    assert registries
    return registries[0]


def problems(**registry: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        configured(**registry)
    assert PASSWORD not in str(caught.value)
    return [line.removeprefix("image-pull-secrets:registries[0].") for line in caught.value.lines]


def test_a_command_is_run_later() -> None:
    registry = configured(passwordCommand=["pass", "show", "ghcr"], passwordLifetime="12h")
    assert registry.password_command == ["pass", "show", "ghcr"]
    assert registry.password_lifetime == "12h"
    assert registry.password is None


def test_the_line_end_of_a_file_is_no_part_of_a_password() -> None:
    raw = {
        "context": "c",
        "secretName": "regcred",
        "namespaces": json.dumps([{"name": "a"}]),
        "registries": json.dumps([{"server": "ghcr.io", "username": "bot", "passwordEnv": "TOKEN"}]),
    }
    for text in (f"{PASSWORD}\n", f"{PASSWORD}\r\n"):
        registries = parse(raw, stack="prod", environ={"TOKEN": text}).registries
        assert registries
        assert registries[0].password
        assert registries[0].password.get_secret_value() == PASSWORD
    with pytest.raises(SettingsError, match="the environment variable 'TOKEN' is not set"):
        parse(raw, stack="prod", environ={"TOKEN": "\n"})


def test_a_recipe_knows_all_but_the_server() -> None:
    registry = configured(server=ECR, username="AWS", passwordFrom="ecr")
    assert registry.username == "AWS"
    assert registry.password_command == ["aws", "ecr", "get-login-password", "--region", "eu-west-1"]
    assert registry.password_lifetime == "12h"


@pytest.mark.parametrize(
    ("registry", "told"),
    [
        (
            {},
            "password: missing; set it with: "
            "pulumi config set --secret --path 'image-pull-secrets:registries[0].password'",
        ),
        (
            {"password": PASSWORD, "passwordCommand": ["a"]},
            "passwordCommand: password is given as well; give one of the two",
        ),
        (
            {"passwordEnv": "TOKEN", "passwordFrom": "ecr"},
            "passwordFrom: passwordEnv is given as well; give one of the two",
        ),
        ({"passwordCommand": []}, "passwordCommand: is empty; give a program, and its arguments after it"),
        ({"passwordCommand": [""]}, "passwordCommand: is empty; give a program, and its arguments after it"),
        ({"passwordCommand": "aws ecr"}, "passwordCommand: must be a list"),
        (
            {"passwordCommand": ["a", 5]},
            "passwordCommand[1]: must be text (quote it if it looks like a number or a boolean)",
        ),
        (
            {"passwordCommand": ["a", "b\0"]},
            "passwordCommand: holds a NUL character, which no argument of a program can have",
        ),
        (
            {"passwordEnv": "TOKEN", "passwordLifetime": "12h"},
            "passwordLifetime: is for what a passwordCommand prints; leave it out",
        ),
        (
            {"server": ECR, "username": "AWS", "passwordFrom": "ecr", "passwordLifetime": "1h"},
            "passwordLifetime: is for what a passwordCommand prints; passwordFrom knows it; leave it out",
        ),
        (
            {"server": ECR, "passwordFrom": "ecr"},
            "username: must be AWS for ecr; leave it out",
        ),
        ({"passwordFrom": "ecr"}, "passwordFrom: needs a server such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com, "
         "or public.ecr.aws, and 'ghcr.io' is none; correct it, or give a passwordCommand"),
        ({"passwordFrom": "erc"}, "passwordFrom: 'erc' is unknown; did you mean \"ecr\"?"),
        ({"passwordFrom": "vault"}, "passwordFrom: 'vault' is unknown; there are ecr, gar, acr"),
        ({"passwordFrom": 5}, "passwordFrom: must be text (quote it if it looks like a number or a boolean)"),
    ],
)  # fmt: skip
def test_mistakes(registry: dict[str, Any], told: str) -> None:
    assert problems(**registry) == [told]


@pytest.mark.parametrize("lifetime", ["", "12", "0h", "0m", "1d", "-1h", "1m1h", "12h ", "999999h", "\uff11h"])
def test_a_lifetime_that_is_none(lifetime: str) -> None:
    (line,) = problems(passwordCommand=["a"], passwordLifetime=lifetime)
    assert line.endswith("is no time in hours and minutes; write it as 12h, 90m or 1h30m")


def test_without_a_user_name_only_a_recipe_will_do() -> None:
    raw = {"context": "c", "secretName": "regcred", "namespaces": json.dumps([{"name": "a"}])}
    recipe = json.dumps([{"server": ECR, "passwordFrom": "ecr"}])
    assert parsed({**raw, "registries": recipe}).username == "AWS"
    with pytest.raises(SettingsError, match=r"registries\[0\]\.username: missing"):
        parse({**raw, "registries": json.dumps([{"server": ECR, "passwordCommand": ["a"]}])}, stack="prod")
