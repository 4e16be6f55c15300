"""What a stack file lists, read without a password."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_image_pull_secrets.doctor import stack_file
from pulumi_image_pull_secrets.doctor.observation import StackCoverage
from pulumi_image_pull_secrets.errors import SettingsError

from sandbox.engine import CHECKOUT

SECURE = {"secure": "v1:abc:def"}
GHCR = {"server": "ghcr.io", "username": "bot", "passwordEnv": "GHCR_TOKEN"}


def parsed(file: str = "Pulumi.prod.yaml", **changes: Any) -> stack_file.StackFile:
    """A right file, with these keys; one that is None is left out."""
    values: dict[str, Any] = {
        "context": "acme-prod",
        "secretName": "regcred",
        "registries": [GHCR],
        "namespaces": [{"name": "shop", "serviceAccounts": ["default", "web"]}, {"name": "tools", "create": True}],
        **changes,
    }
    config = {f"image-pull-secrets:{key}": value for key, value in values.items() if value is not None}
    return stack_file.parse(yaml.safe_dump({"encryptionsalt": "v1:x", "config": {"aws:region": "x", **config}}), file)


ACCOUNTS = {"shop": frozenset({"default", "web"}), "tools": frozenset({"default"})}


def test_what_it_lists_is_known_without_any_password() -> None:
    registries = [GHCR, {"server": "docker.io", "username": SECURE, "password": SECURE, "email": SECURE}]
    found = parsed(registries=registries, kubeconfig="~/acme", retiredSecretNames=["old"])
    keys = ("ghcr.io", "https://index.docker.io/v1/")
    assert found == stack_file.StackFile(StackCoverage("Pulumi.prod.yaml", ACCOUNTS, keys), "acme-prod", "~/acme")


@pytest.mark.parametrize(
    "registries",
    [SECURE, [GHCR, SECURE], [{**GHCR, "server": SECURE}, {**GHCR, "server": SECURE}]],
    ids=["all", "one", "servers"],
)
def test_where_registries_are_encrypted_nobody_knows_what_is_served(registries: Any) -> None:
    assert parsed(registries=registries).coverage == StackCoverage("Pulumi.prod.yaml", ACCOUNTS)


def test_a_whole_docker_config_counts_by_its_keys() -> None:
    text = '{"auths": {"quay.io/acme": {"auth": "eDp5"}}}'
    assert parsed(registries=None, dockerConfigJson=text).coverage.keys == ("quay.io/acme",)
    assert parsed(registries=None, dockerConfigJson=SECURE).coverage.keys == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"secretName": SECURE, "retiredSecretNames": [SECURE, "old", SECURE]},
        {"exclude": [{"name": SECURE}, {"selector": SECURE}]},
        {"registries": [{**GHCR, "passwordEnv": SECURE}]},
        {"registries": [{"server": "ghcr.io", "passwordFrom": SECURE}]},
        {
            "registries": [
                {"server": "ghcr.io", "username": "bot", "passwordCommand": ["get", SECURE], "passwordLifetime": SECURE}
            ]
        },
    ],
)
def test_what_is_encrypted_within_is_no_mistake(changes: dict[str, Any]) -> None:
    assert parsed(**changes).coverage == StackCoverage("Pulumi.prod.yaml", ACCOUNTS, ("ghcr.io",))


def test_what_else_is_encrypted_is_not_needed() -> None:
    found = parsed(context=SECURE, secretName=SECURE, kubeconfig=SECURE, adopt=SECURE, retiredSecretNames=SECURE)
    assert (found.context, found.kubeconfig) == (None, None)
    assert found.coverage.accounts == ACCOUNTS


@pytest.mark.parametrize("namespaces", [SECURE, [{"name": SECURE}], [{"name": "shop", "serviceAccounts": [SECURE]}]])
def test_encrypted_namespaces_are_an_error(namespaces: Any) -> None:
    with pytest.raises(SettingsError, match="namespaces: something in it is encrypted"):
        parsed(namespaces=namespaces)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no stack file of this program"),
        ("config: []", "is no stack file of this program"),
        ("config: {aws:region: eu}", "is no stack file of this program"),
        ("config: [", "Pulumi.prod.yaml is not YAML (line 1, column 10)"),
        ("config: {image-pull-secrets:nonsense: 1}", "image-pull-secrets:nonsense: unknown key"),
    ],
)
def test_what_is_wrong_is_told_as_a_run_of_the_stack_would(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        stack_file.parse(text, "Pulumi.prod.yaml")
    assert str(caught.value).startswith('stack "prod" has ')
    assert said in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_no_mistake_shows_a_value_of_a_secret() -> None:
    with pytest.raises(SettingsError) as caught:
        parsed(registries=[{**GHCR, "passwordEnv": None, "password": 271828}], namespaces=[{"name": "No"}])
    assert "271828" not in str(caught.value)
    assert "registries[0].password" in str(caught.value)


def test_a_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "Pulumi.x.yaml", tmp_path, tmp_path / "gone"):
        with pytest.raises(SettingsError, match="can't be read"):
            stack_file.read(path)


@pytest.mark.parametrize("stack", ["staging", "preprod", "prod"])
def test_the_stacks_of_the_checkout_can_be_read(stack: str) -> None:
    found = stack_file.read(CHECKOUT / f"Pulumi.{stack}.yaml")
    assert found.context == f"acme-{stack}"
    assert "ghcr.io" in found.coverage.keys
    assert "default" in found.coverage.accounts["checkout"]
