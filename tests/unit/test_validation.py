"""Every rule of a configuration with the path at which it speaks, and silence where a part has the wrong shape."""

import base64
import secrets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.errors import Problem, format_path
from pulumi_image_pull_secrets.validation import find_problems

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["a", "ghcr.io", "a:b"])
KEYS = st.sampled_from(["name", "service_accounts", "create", "server", "username", "password", "email"]) | st.text()
JSON = st.recursive(
    LEAVES,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(KEYS, children, max_size=4),
    max_leaves=6,
)
TOP_KEYS = [
    "secret_name",
    "retired_secret_names",
    "namespaces",
    "registries",
    "docker_config_json",
    "labels",
    "annotations",
]


def good(**changes: Any) -> dict[str, Any]:
    registry = {"server": "ghcr.io", "username": "bot", "password": secrets.token_urlsafe()}
    return {"secret_name": "regcred", "namespaces": [{"name": "team-a"}], "registries": [registry], **changes}


def problems(**changes: Any) -> dict[str, str]:
    return {format_path(problem.path): problem.message for problem in find_problems(good(**changes))}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"retired_secret_names": ["regcred-1", "regcred-2"]},
        {"namespaces": [{"name": "a", "service_accounts": ["default", "builder.v1"], "create": True}]},
        {"registries": None, "docker_config_json": '{"auths": {"ghcr.io": {"auth": "YTpi"}}}'},
        {"labels": {"app.kubernetes.io/part-of": "acme", "empty": ""}},
        {"annotations": {"acme.example/contact": "anything at all, ü"}},
    ],
)
def test_a_good_configuration_has_no_problem(changes: dict[str, Any]) -> None:
    assert problems(**changes) == {}


REGISTRY = {"server": "ghcr.io", "username": "bot", "password": "-"}


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"secret_name": "Reg"}, "secret_name", "DNS-1123 subdomain"),
        ({"secret_name": "a" * 254}, "secret_name", "254 characters"),
        ({"retired_secret_names": ["ok", "Old"]}, "retired_secret_names[1]", "DNS-1123 subdomain"),
        ({"retired_secret_names": ["a", "b", "a"]}, "retired_secret_names[2]", "given twice; it is already at [0]"),
        ({"retired_secret_names": ["regcred"]}, "retired_secret_names[0]", "is the current secret_name"),
        (
            {"secret_name": "x" * 200, "retired_secret_names": ["x" * 200]},
            "retired_secret_names[0]",
            f"'{'x' * 62}'… is the current secret_name",
        ),
        ({"namespaces": []}, "namespaces", "the list is empty"),
        ({"namespaces": [{"name": "a.b"}]}, "namespaces[0].name", "DNS-1123 label"),
        ({"namespaces": [{"name": "a"}, {"name": "a"}]}, "namespaces[1].name", "given twice; it is already at [0]"),
        (
            {"namespaces": [{"name": "a", "service_accounts": ["Default"]}]},
            "namespaces[0].service_accounts[0]",
            "DNS-1123 subdomain",
        ),
        (
            {"namespaces": [{"name": "a", "service_accounts": ["x", "x"]}]},
            "namespaces[0].service_accounts[1]",
            "given twice",
        ),
        ({"registries": None}, "registries", "missing; give the registries to log in to"),
        ({"registries": []}, "registries", "the list is empty"),
        ({"registries": [REGISTRY | {"server": "ghcr"}]}, "registries[0].server", "neither a dot nor a port"),
        ({"registries": [REGISTRY, REGISTRY | {"server": "https://GHCR.io/"}]}, "registries[1].server", "the same"),
        ({"registries": [REGISTRY | {"username": "a:b"}]}, "registries[0].username", "':'"),
        ({"registries": [REGISTRY | {"username": ""}]}, "registries[0].username", "empty"),
        ({"registries": [REGISTRY | {"password": ""}]}, "registries[0].password", "empty"),
        ({"docker_config_json": '{"auths": {"a.b": {"auth": "YTpi"}}}'}, "docker_config_json", "one of the two"),
        ({"registries": None, "docker_config_json": ""}, "docker_config_json", "not JSON"),
        ({"labels": {"-": "x"}}, "labels.-", "not a qualified name"),
        ({"labels": {"a": "x y"}}, "labels.a", "not a label value"),
        ({"annotations": {"a b": ""}}, "annotations.a b", "not a qualified name"),
        ({"labels": {"image-pull-secrets/owner": "x"}}, "labels.image-pull-secrets/owner", "is kept for"),
        ({"annotations": {"pulumi.com/patchForce": "true"}}, "annotations.pulumi.com/patchForce", "is kept for"),
    ],
)
def test_each_mistake_is_told_at_its_path(changes: dict[str, Any], path: str, says: str) -> None:
    found = problems(**changes)
    assert list(found) == [path]
    assert says in found[path]


def test_several_mistakes_are_told_at_once() -> None:
    found = problems(
        secret_name="X",
        namespaces=[{"name": "Y", "service_accounts": ["Z"]}, {"name": "ok"}, {"name": "ok"}],
        registries=[{"server": "ftp://x.y", "username": "", "password": ""}],
        labels={"-": ""},
    )
    assert set(found) == {
        "secret_name",
        "namespaces[0].name",
        "namespaces[0].service_accounts[0]",
        "namespaces[2].name",
        "registries[0].server",
        "registries[0].username",
        "registries[0].password",
        "labels.-",
    }


def test_a_third_spelling_of_a_registry_is_held_against_the_first() -> None:
    found = problems(registries=[REGISTRY | {"server": server} for server in ("docker.io", "", "hub.docker.com")])
    assert "'docker.io' and '' are" in found["registries[1].server"]
    assert "'docker.io' and 'hub.docker.com' are" in found["registries[2].server"]


def test_the_same_account_name_in_two_namespaces_is_no_mistake() -> None:
    assert problems(namespaces=[{"name": name, "service_accounts": ["default"]} for name in ("a", "b")]) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"secret_name": 5},
        {"retired_secret_names": "regcred"},
        {"retired_secret_names": [5, None]},
        {"namespaces": {}},
        {"namespaces": "team-a"},
        {"namespaces": [None, 5, "a", {"name": 5}, {"name": "a", "service_accounts": "default"}]},
        {"registries": "ghcr.io"},
        {"registries": [None, {"server": 5, "username": None, "password": []}]},
        {"labels": ["a"], "annotations": 5},
        {"labels": {"a": 5}},
        {"labels": {5: "a", None: "-", ("a",): "x y"}, "annotations": {5: "a"}},
    ],
)
def test_a_part_of_the_wrong_shape_is_passed_over(changes: dict[str, Any]) -> None:
    assert problems(**changes) == {}


def test_no_password_is_in_any_message() -> None:
    password = secrets.token_urlsafe()
    bad = [
        {"server": f"bot:{password}@ghcr.io", "username": "", "password": f"{password}\ud800"},
        {"server": f"https://{password}@ghcr.io", "username": "a:b", "password": password},
    ]
    told = [
        str(problem)
        for config in (
            good(registries=bad),
            good(docker_config_json=password),
            good(docker_config_json=f'{{"auths": {{"x.y": {{"auth": "{password}"}}}}}}'),
        )
        for problem in find_problems(config)
    ]
    assert len(told) >= 6
    assert not [line for line in told if password in line or base64.b64encode(password.encode()).decode() in line]


@given(st.dictionaries(st.sampled_from(TOP_KEYS), JSON))
def test_no_json_under_the_known_keys_makes_it_raise(config: dict[str, Any]) -> None:
    assert all(isinstance(problem, Problem) for problem in find_problems(config))
