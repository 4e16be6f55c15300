"""A stack's configuration: what is right becomes Settings, and all that is wrong is told at once."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

import pytest
from pulumi_image_pull_secrets.errors import SettingsError
from pulumi_image_pull_secrets.settings import Settings, parse
from pulumi_image_pull_secrets.validation import find_choice_problems
from pydantic.alias_generators import to_snake

TEXT = "must be text (quote it if it looks like a number or a boolean)"
REGISTRY = {"server": "ghcr.io", "username": "bot", "password": "-"}


def good(**changes: Any) -> dict[str, Any]:
    return {
        "context": "acme-staging",
        "secretName": "regcred",
        "registries": [REGISTRY],
        "namespaces": [{"name": "team-a"}],
        **changes,
    }


def as_pulumi_hands_over(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def read(values: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Settings:
    return parse(as_pulumi_hands_over(values), stack="staging", environ=environ or {})


def mistakes(values: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(values, environ)
    lines = list(caught.value.lines)
    assert all(line.startswith("image-pull-secrets:") for line in lines)
    return [line.removeprefix("image-pull-secrets:") for line in lines]


def test_a_full_configuration_is_read() -> None:
    password, email = secrets.token_urlsafe(), "bot@acme.example"
    settings = read(
        good(
            kubeconfig="~/.kube/acme",
            registries=[{**REGISTRY, "password": password, "email": email}, {**REGISTRY, "server": "docker.io"}],
            namespaces=[{"name": "team-a", "serviceAccounts": ["default", "builder"]}, {"name": "p", "create": True}],
            retiredSecretNames=["regcred-old"],
            adopt=True,
            detach=True,
            verifyRegistries=True,
        )
    )
    assert (settings.context, settings.kubeconfig, settings.secret_name) == ("acme-staging", "~/.kube/acme", "regcred")
    assert (settings.retired_secret_names, settings.adopt, settings.detach) == (["regcred-old"], True, True)
    assert settings.verify_registries
    first, second = settings.registries or []
    assert (first.server, first.username, first.email) == ("ghcr.io", "bot", email)
    assert first.password is not None
    assert first.password.get_secret_value() == password
    assert second.server == "docker.io"
    assert [entry.choice() for entry in settings.namespaces] == [
        {"name": "team-a", "service_accounts": ["default", "builder"], "create": False},
        {"name": "p", "service_accounts": ["default"], "create": True},
    ]


def test_what_is_left_out_has_a_default() -> None:
    settings = read(good())
    assert (settings.kubeconfig, settings.docker_config_json, settings.retired_secret_names) == (None, None, [])
    assert (settings.adopt, settings.detach, settings.verify_registries) == (False, False, False)
    assert settings.namespaces[0].service_accounts == ["default"]


@pytest.mark.parametrize("as_text", [True, False])
def test_a_whole_docker_config_is_read_as_a_text_and_as_an_object(as_text: bool) -> None:
    config = {"auths": {"ghcr.io": {"username": "bot", "password": secrets.token_urlsafe()}}}
    values = good(dockerConfigJson=json.dumps(config) if as_text else config)
    del values["registries"]
    settings = read(values)
    assert settings.docker_config_json is not None
    assert json.loads(settings.docker_config_json.get_secret_value()) == config


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "*", "serviceAccounts": ["ci-*"], "create": False, "confirmAll": True, "allowEmpty": True},
        {"selector": "", "serviceAccounts": "all", "create": False, "confirmAll": True, "allowEmpty": True},
        {"name": "a", "serviceAccounts": ["b"], "create": True},
        {"name": "a", "serviceAccounts": "all", "create": False, "allowEmpty": True},
    ],
)
async def test_all_that_an_entry_says_reaches_whoever_chooses(entry: dict[str, Any]) -> None:
    args = read(good(namespaces=[entry])).args()
    (choice,) = args["namespaces"]
    said = {to_snake(key): ["*"] if value == "all" else value for key, value in entry.items()}
    assert choice == said
    assert list(find_choice_problems(args)) == []


def test_all_accounts_of_a_namespace_to_make_are_none() -> None:
    (mistake,) = mistakes(good(namespaces=[{"name": "a", "create": True, "serviceAccounts": "all"}]))
    assert mistake.startswith("namespaces[0].serviceAccounts[0]: '*' is a pattern, and with create: true there is no")


def test_a_context_that_looks_like_a_number_or_a_list_stays_text() -> None:
    assert [read(good(context=name)).context for name in ("123", "true", "[1]")] == ["123", "true", "[1]"]


def test_an_empty_configuration_is_told_key_by_key() -> None:
    assert mistakes({}) == [
        "context: missing; this key is required",
        "namespaces: missing; this key is required",
        "registries: missing; give the registries to log in to, or dockerConfigJson",
        "secretName: missing; this key is required",
    ]


def test_the_message_names_the_stack_and_counts_the_mistakes() -> None:
    with pytest.raises(SettingsError, match=r'^stack "staging" has 1 mistake in its configuration:\n  image-pull-sec'):
        read(good(secretName="X"))
    with pytest.raises(SettingsError, match=r"has 2 mistakes"):
        read(good(secretName="X", namespaces=[]))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"namespaces": {}}, "namespaces: must be a list"),
        ({"namespaces": "team-a"}, "namespaces: must be a list"),
        ({"namespaces": "[team-a"}, "namespaces: must be a list"),
        ({"namespaces": None}, "namespaces: must be a list"),
        ({"namespaces": "[" * 600 + "]" * 600}, "namespaces[0]: must be an object with the keys name, "),
        ({"namespaces": "[" * 100_000}, "namespaces: must be a list"),
        (
            {"namespaces": ["team-a"]},
            "namespaces[0]: must be an object with the keys name, selector, serviceAccounts, create",
        ),
        ({"namespaces": [{}]}, "namespaces[0].name: missing; give a name, or a selector"),
        ({"namespaces": [{"name": 5}]}, f"namespaces[0].name: {TEXT}"),
        ({"namespaces": [{"name": "a", "create": "true"}]}, "namespaces[0].create: must be true or false"),
        ({"namespaces": [{"name": "a", "create": 1}]}, "namespaces[0].create: must be true or false"),
        ({"namespaces": [{"name": "a", "serviceAccounts": "x"}]}, "namespaces[0].serviceAccounts: must be a list"),
        ({"namespaces": [{"name": "a", "serviceAccounts": [5]}]}, f"namespaces[0].serviceAccounts[0]: {TEXT}"),
        ({"namespaces": [{"name": "a", "\ud800": 1}]}, "namespaces[0]: holds a lone surrogate"),
        ({"registries": {}}, "registries: must be a list"),
        ({"registries": ["ghcr.io"]}, "registries[0]: must be an object with the keys server, username, password, "),
        ({"registries": [{**REGISTRY, "server": 5}]}, f"registries[0].server: {TEXT}"),
        ({"registries": [{**REGISTRY, "username": True}]}, f"registries[0].username: {TEXT}"),
        ({"registries": [{**REGISTRY, "password": 12345}]}, f"registries[0].password: {TEXT}"),
        ({"registries": [{**REGISTRY, "password": False}]}, f"registries[0].password: {TEXT}"),
        ({"registries": [{**REGISTRY, "email": 5}]}, f"registries[0].email: {TEXT}"),
        ({"retiredSecretNames": "old"}, "retiredSecretNames: must be a list"),
        ({"retiredSecretNames": [None]}, f"retiredSecretNames[0]: {TEXT}"),
        ({"adopt": "yes"}, "adopt: must be true or false"),
        ({"detach": 1}, "detach: must be true or false"),
    ],
)
def test_a_value_of_the_wrong_type_is_told_once_with_the_type_that_it_must_have(
    changes: dict[str, Any], line: str
) -> None:
    (found,) = mistakes(good(**changes))
    assert found.startswith(line)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"retiredSecretname": ["a"]}, 'retiredSecretname: unknown key; did you mean "retiredSecretNames"?'),
        ({"retired_secret_names": ["a"]}, 'retired_secret_names: unknown key; did you mean "retiredSecretNames"?'),
        ({"labels": {"-": "x"}}, "labels: unknown key; known keys: context, kubeconfig, secretName, namespaces, "),
        ({"Registries": [{"server": "x"}]}, 'Registries: unknown key; did you mean "registries"?'),
        (
            {"namespaces": [{"name": "a", "service_accounts": ["x"]}]},
            'namespaces[0].service_accounts: unknown key; did you mean "serviceAccounts"?',
        ),
        ({"namespaces": [{"name": "a", "Create": True}]}, 'namespaces[0].Create: unknown key; did you mean "create"?'),
        (
            {"namespaces": [{"name": "a", "zzz": 1}]},
            "namespaces[0].zzz: unknown key; known keys: name, selector, service",
        ),
        (
            {"registries": [{**REGISTRY, "pasword": "x"}]},
            'registries[0].pasword: unknown key; did you mean "password"?',
        ),
        ({"registries[0].password": "x"}, 'registries[0].password: unknown key; did you mean "registries"?'),
    ],
)
def test_an_unknown_key_is_told_as_it_was_written_with_the_nearest_one(changes: dict[str, Any], line: str) -> None:
    (found,) = mistakes(good(**changes))
    assert found.startswith(line)


def test_a_required_key_in_the_wrong_spelling_is_missing_under_the_right_one() -> None:
    values = good(secret_name="regcred")
    del values["secretName"]
    assert mistakes(values) == [
        "secretName: missing; this key is required",
        'secret_name: unknown key; did you mean "secretName"?',
    ]


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"secretName": "my_secret_name"}, "secretName", "'my_secret_name' is not a DNS-1123 subdomain"),
        ({"secretName": "a" * 254}, "secretName", "has 254 characters; at most 253 are allowed"),
        ({"secretName": '{"a": 1}'}, "secretName", "is not a DNS-1123 subdomain"),
        ({"retiredSecretNames": ["regcred"]}, "retiredSecretNames[0]", "is the current secretName; a Secret"),
        ({"namespaces": []}, "namespaces", "the list is empty"),
        ({"namespaces": [{"name": "a"}, {"name": "a"}]}, "namespaces[1].name", "'a' is given twice"),
        (
            {"namespaces": [{"name": "a", "serviceAccounts": ["x", "X", "x"]}, {"name": "b"}]},
            "namespaces[0].serviceAccounts[1]",
            "'X' is not a DNS-1123 subdomain",
        ),
        (
            {"namespaces": [{"name": "a", "serviceAccounts": ["x", "x"]}]},
            "namespaces[0].serviceAccounts[1]",
            "'x' is given twice; it is already at [0]",
        ),
        ({"registries": []}, "registries", "the list is empty"),
        ({"registries": [{**REGISTRY, "server": "ghcr"}]}, "registries[0].server", "neither a dot nor a port"),
        (
            {"registries": [{**REGISTRY, "server": server} for server in ("docker.io", "https://hub.docker.com/")]},
            "registries[1].server",
            "'docker.io' and 'https://hub.docker.com/' are the same registry",
        ),
        ({"registries": [{**REGISTRY, "username": "a:b"}]}, "registries[0].username", "holds a ':'"),
        ({"registries": [{**REGISTRY, "password": ""}]}, "registries[0].password", "the password is empty"),
        ({"dockerConfigJson": '{"auths": {"a.b": {"auth": "YTpi"}}}'}, "dockerConfigJson", "give one of the two"),
    ],
)
def test_a_rule_that_is_broken_is_told_at_the_key_as_the_stack_file_spells_it(
    changes: dict[str, Any], path: str, says: str
) -> None:
    found = {line.partition(": ")[0]: line for line in mistakes(good(**changes))}
    assert says in found[path]


def test_three_hundred_mistakes_are_told_at_once_in_the_order_of_their_positions() -> None:
    namespaces = [{"name": f"Team-{number}"} for number in range(298)]
    lines = mistakes(good(namespaces=namespaces, secretName="X", adopt="maybe"))
    paths = [line.partition(": ")[0] for line in lines]
    assert paths == ["adopt", *(f"namespaces[{number}].name" for number in range(298)), "secretName"]


def test_shape_and_rules_are_told_together_and_in_order() -> None:
    namespaces: list[Any] = [{"name": "ok"}, {"name": "Bad"}, "shape", {"name": "ok", "serviceAccounts": ["-", 5, "-"]}]
    assert [line.partition(": ")[0] for line in mistakes(good(namespaces=namespaces))] == [
        "namespaces[1].name",
        "namespaces[2]",
        "namespaces[3].name",
        "namespaces[3].serviceAccounts[0]",
        "namespaces[3].serviceAccounts[1]",
        "namespaces[3].serviceAccounts[2]",
    ]
