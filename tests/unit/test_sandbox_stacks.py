"""What the sandbox takes from a stack file."""

from typing import Any

import pytest

from sandbox.stacks import NamedNamespace, StackFile


def test_passwords_of_others_are_made_up() -> None:
    registries = [
        {"server": "a.example", "username": "a", "password": {"secure": "v1:…"}},
        {"server": "b.example", "username": "b", "passwordEnv": "B"},
        {"server": "c.example", "username": "c", "passwordCommand": ["c"], "passwordLifetime": "1h"},
        {"server": "d.azurecr.io", "passwordFrom": "acr"},
    ]
    stack = StackFile(
        "prod", {"context": "c", "registries": registries, "verifyRegistries": True}, {"encryptionsalt": ""}
    )
    assert stack.with_made_up_passwords() == StackFile(
        "prod",
        {
            "context": "c",
            "registries": [
                {"server": "a.example", "username": "a", "passwordEnv": "SANDBOX_PASSWORD_0"},
                {"server": "b.example", "username": "b", "passwordEnv": "B"},
                {"server": "c.example", "username": "c", "passwordEnv": "SANDBOX_PASSWORD_2"},
                {"server": "d.azurecr.io", "username": "sandbox", "passwordEnv": "SANDBOX_PASSWORD_3"},
            ],
        },
        {},
    )


def named(namespaces: Any) -> list[NamedNamespace]:
    return StackFile("staging", {"namespaces": namespaces}, {}).named_namespaces


def test_named_are_those_that_no_pattern_chooses() -> None:
    namespaces = [
        {"name": "checkout", "serviceAccounts": ["default", "payments"]},
        {"name": "team-*", "serviceAccounts": ["ci"]},
        {"selector": "team in (a, b)", "serviceAccounts": "all"},
        {"name": "search"},
        {"name": "monitoring", "serviceAccounts": "all"},
        {"name": "storefront", "serviceAccounts": ["web", "ci-*", "job-?"]},
        {"name": "tools", "serviceAccounts": []},
        {"name": "preview", "create": True},
    ]
    assert named(namespaces) == [
        NamedNamespace("checkout", ("default", "payments"), create=False),
        NamedNamespace("search", ("default",), create=False),
        NamedNamespace("monitoring", (), create=False),
        NamedNamespace("storefront", ("web",), create=False),
        NamedNamespace("tools", (), create=False),
        NamedNamespace("preview", ("default",), create=True),
    ]


@pytest.mark.parametrize("namespaces", [None, "checkout", ["checkout"], [{"name": "checkout", "serviceAccounts": "x"}]])
def test_of_namespaces_with_mistakes_none_is_named(namespaces: Any) -> None:
    assert named(namespaces) == []
