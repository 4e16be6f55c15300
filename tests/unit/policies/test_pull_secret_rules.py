"""What each policy asks, of plain values."""

import base64
import json
import re
import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from pull_secret_rules import (
    credentials,
    detached_accounts,
    endless_retired_secrets,
    plain_passwords,
    unlisted_registries,
    wide_admins,
)

TODAY = date(2026, 11, 25)


def data(auths: Mapping[str, Any]) -> dict[str, str]:
    return {".dockerconfigjson": base64.b64encode(json.dumps({"auths": auths}).encode()).decode()}


@pytest.mark.parametrize(
    ("config", "keys"),
    [
        ({"image-pull-secrets:dockerConfigJson": "x"}, ["image-pull-secrets:dockerConfigJson"]),
        ({"image-pull-secrets:dockerConfigJson": {"secure": "x"}}, []),
        (
            {"image-pull-secrets:registries": [{"server": "a", "password": {"secure": "x"}}, {"password": "x"}]},
            ["image-pull-secrets:registries[1].password"],
        ),
        ({"image-pull-secrets:registries": [{"server": "a", "passwordEnv": "X"}]}, []),
        ({"other:settings": {"deep": [{"Password": 12}]}}, ["other:settings.deep[0].Password"]),
        ({"other:password": ""}, []),
        ({"other:docker_config_json": "x"}, ["other:docker_config_json"]),
        ({"other:passwords": {"secure": "x", "password": "y"}}, ["other:passwords.password"]),
        ({"image-pull-secrets:kubeconfig": "~/.kube/config"}, []),
        ({"image-pull-secrets:kubeconfig": "apiVersion: v1\nkind: Config\n"}, ["image-pull-secrets:kubeconfig"]),
        ({"image-pull-secrets:kubeconfig": '{"kind": "Config"}'}, ["image-pull-secrets:kubeconfig"]),
        (
            {"image-pull-secrets:registries": '[{"server": "a", "password": "x"}]'},
            ["image-pull-secrets:registries[0].password"],
        ),
        ({"image-pull-secrets:registries": '[{"server": "a"', "other:text": "{plain}"}, []),
        ({"image-pull-secrets:dockerConfigJson": {"value": "x"}}, ["image-pull-secrets:dockerConfigJson.value"]),
        (None, []),
        ([], []),
    ],
)
def test_passwords_in_plain_text_are_found_by_their_keys(config: Any, keys: list[str]) -> None:
    assert list(plain_passwords(json.dumps({"config": config}))) == keys


def test_a_stack_file_without_anything_holds_no_password() -> None:
    assert list(plain_passwords("")) == []
    assert list(plain_passwords("- a list")) == []


def test_a_stack_file_that_is_no_yaml_is_told_without_its_content() -> None:
    password = secrets.token_urlsafe(16)
    with pytest.raises(ValueError, match=r"^not YAML$") as error:
        list(plain_passwords(f"password: {password}: ["))
    assert error.value.__suppress_context__


def test_hosts_and_user_names_are_read_from_a_secret() -> None:
    auth = base64.b64encode(b"bot:secret").decode()
    found = credentials(
        data({"https://index.docker.io/v1/": {"auth": auth}, "a.example:5000/team": {"username": "me"}})
    )
    assert found == [("index.docker.io", "bot"), ("a.example:5000", "me")]
    assert credentials(data({"ghcr.io": {"username": "somebody", "auth": auth}})) == [("ghcr.io", "bot")]


@pytest.mark.parametrize(
    "content", [None, {}, {".dockerconfigjson": "%%%"}, {".dockerconfigjson": "e30="}, {".dockerconfigjson": "W10="}]
)
def test_what_is_no_docker_config_is_an_error(content: Any) -> None:
    with pytest.raises(ValueError, match="can be read"):
        credentials(content)


def test_an_entry_that_is_no_mapping_is_an_error() -> None:
    with pytest.raises(ValueError, match="can be read"):
        credentials(data({"ghcr.io": 7}))


def test_registries_are_allowed_by_patterns() -> None:
    allowed = ["ghcr.io", "*.dkr.ecr.*.amazonaws.com"]
    hosts = ["ghcr.io", "1.dkr.ecr.eu-west-1.amazonaws.com", "evil.example", "evil.example"]
    assert list(unlisted_registries(hosts, allowed)) == [
        "evil.example is not among the allowed registries: ghcr.io, *.dkr.ecr.*.amazonaws.com"
    ]
    assert list(unlisted_registries(["xghcr.io", "ghcr.io.evil.example"], ["ghcr.io"]))


@pytest.mark.parametrize(
    ("stack", "attached", "exceptions", "told"),
    [
        ("prod", {"a/default": ["x"]}, {}, None),
        ("prod", {}, {}, None),
        ("staging", {"a/default": []}, {}, None),
        ("prod", {"a/default": [], "b/default": ["x"]}, {}, '1 of 2 accounts .* add an exception named "prod"'),
        ("prod-eu", {"a/default": []}, {"prod": {"reason": "r", "until": "2999-01-01"}}, 'named "prod-eu"'),
        ("prod", {"a/default": []}, {"prod": {"reason": "r", "until": "2026-11-25"}}, None),
        ("prod", {"a/default": []}, {"prod": {"reason": "r", "until": "2026-11-24"}}, "ended on 2026-11-24"),
        ("prod", {"a/default": []}, {"prod": {"until": "2999-01-01"}}, "needs a reason"),
        ("prod", {"a/default": []}, {"prod": {"reason": "r"}}, "until as a day"),
        ("prod", {"a/default": []}, {"prod": {"reason": "r", "until": "soon"}}, "until as a day"),
    ],
)
def test_detaching_takes_a_named_exception_that_still_holds(
    stack: str, attached: dict[str, list[str]], exceptions: dict[str, Any], told: str | None
) -> None:
    complaints = list(
        detached_accounts(attached, stack=stack, stacks=["prod", "prod-*"], exceptions=exceptions, today=TODAY)
    )
    assert len(complaints) == (told is not None)
    if told:
        assert re.search(told, complaints[0])


def test_an_administrator_is_told_once_for_all_namespaces() -> None:
    places = {f"{name}/regcred": [("ghcr.io", "ACME-Admin"), ("quay.io", "bot")] for name in "abc"}
    limits = {"usernames": ["*-admin"], "max_namespaces": 2}
    (complaint,) = wide_admins(places, **limits)  # type: ignore[arg-type]
    assert '"ACME-Admin" at ghcr.io looks like an administrator and would be in 3 namespaces; 2 allowed' in complaint
    places.pop("a/regcred")
    assert not list(wide_admins(places, **limits))  # type: ignore[arg-type]


def test_two_secrets_in_one_namespace_are_one_place() -> None:
    places = {"a/regcred": [("ghcr.io", "admin")], "a/regcred-old": [("ghcr.io", "admin")]}
    assert not list(wide_admins(places, usernames=["admin"], max_namespaces=1))


@pytest.mark.parametrize(
    ("end_dates", "told"),
    [
        ({}, 'the retired Secret "old" has no end date'),
        ({"old": "2026-11-24"}, "was to go by 2026-11-24"),
        ({"old": "2026-11-25"}, None),
        ({"old": "next year"}, "is not a day such as"),
        ({"old": None}, "is not a day such as"),
    ],
)
def test_a_retired_secret_has_a_day_that_is_not_past(end_dates: Any, told: str | None) -> None:
    kept = ["a/new", "a/old", "b/new", "b/old"]
    complaints = list(endless_retired_secrets(kept, {"a/default": ["new"]}, end_dates=end_dates, today=TODAY))
    assert len(complaints) == (told is not None)
    assert told is None or told in complaints[0]


def test_after_a_detach_nothing_tells_which_secrets_are_retired() -> None:
    assert not list(endless_retired_secrets(["a/new"], {"a/default": []}, end_dates={}, today=TODAY))
