"""What the plugin makes of the inputs that a program in another language sends: their spelling, and their mistakes."""

import secrets
from typing import Any

import pulumi
import pytest
from pulumi.errors import InputPropertiesError
from pulumi_image_pull_secrets.plugin import Plugin

COMPONENT = "ImagePullSecrets"


@pytest.fixture(scope="module")
def plugin() -> Plugin:
    return Plugin()


def good(**changes: Any) -> dict[str, Any]:
    registry = {"server": "ghcr.io", "username": "bot", "password": secrets.token_urlsafe()}
    return {"secretName": "regcred", "namespaces": [{"name": "team-a"}], "registries": [registry], **changes}


def told(plugin: Plugin, inputs: dict[str, Any]) -> list[str]:
    """The lines of the refusal, one for each mistake."""
    with pytest.raises(InputPropertiesError) as error:
        plugin.map_inputs(inputs, plugin._component_defs[COMPONENT])
    # Of what is in the list the engine prints the value, whatever it is.
    assert error.value.errors == []
    first, *lines = error.value.message.splitlines()
    assert first == "the arguments can't be used:"
    return [line.strip() for line in lines]


def test_every_input_arrives_under_pythons_name(plugin: Plugin) -> None:
    inputs = good(
        namespaces=[{"name": "team-a", "serviceAccounts": ["builder"], "create": True}, {"name": "team-b"}],
        retiredSecretNames=["old"],
        adopt=False,
        detach=None,
        labels={"serviceAccounts": "kept-as-it-is"},
    )
    assert plugin.map_inputs(inputs, plugin._component_defs[COMPONENT]) == {
        "secret_name": "regcred",
        "namespaces": [
            {"name": "team-a", "service_accounts": ["builder"], "create": True},
            {"name": "team-b"},
        ],
        "registries": inputs["registries"],
        "retired_secret_names": ["old"],
        "adopt": False,
        "labels": {"serviceAccounts": "kept-as-it-is"},
    }


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"secretName": 3}, "secretName: must be text, and known in a preview"),
        ({"secretName": None}, "secretName: missing; this key is required"),
        ({"namespaces": "team-a"}, "namespaces: must be a list"),
        ({"namespaces": ["a"]}, "namespaces[0]: must be an object with the keys name, serviceAccounts, create"),
        ({"namespaces": [{"name": "a", "serviceAccounts": "b"}]}, "namespaces[0].serviceAccounts: must be a list"),
        (
            {"namespaces": [{"name": "a", "serviceAcounts": ["b"]}]},
            "namespaces[0].serviceAcounts: unknown key; did you mean 'serviceAccounts'?",
        ),
        ({"retired_secret_names": []}, "retired_secret_names: unknown key; did you mean 'retiredSecretNames'?"),
        (
            {"retiredSecretNames": ["regcred"]},
            "retiredSecretNames[0]: 'regcred' is the current secretName; a Secret is one or the other",
        ),
        ({"registries": None}, "registries: missing; give the registries to log in to, or dockerConfigJson"),
        ({"labels": {"some_key": "a b"}}, "labels.some_key: "),
    ],
)
def test_a_mistake_is_told_as_its_author_spells_it(plugin: Plugin, changes: dict[str, Any], line: str) -> None:
    (only,) = told(plugin, good(**changes))
    assert only.startswith(line)


async def test_an_output_of_a_whole_object_is_told_as_such(plugin: Plugin) -> None:
    as_a_whole = "can't be an Output or a secret as a whole; only a registry's fields, dockerConfigJson and expires can"
    registry = good()["registries"][0]

    assert told(plugin, good(registries=[pulumi.Output.secret(registry)])) == [f"registries[0]: {as_a_whole}"]
    assert told(plugin, good(registries=pulumi.Output.secret([registry]))) == [f"registries: {as_a_whole}"]


def test_all_mistakes_are_told_at_once_and_no_password(plugin: Plugin) -> None:
    password = secrets.randbits(64)
    registry = {"server": "ghcr.io", "username": "b:ot", "password": password}

    lines = told(plugin, good(registries=[registry], adopt="yes", namespaces=[{"name": "A"}, {"name": True}]))

    paths = ["adopt", "namespaces[0].name", "namespaces[1].name", "registries[0].password", "registries[0].username"]
    assert [line.partition(": ")[0] for line in lines] == paths
    assert str(password) not in "".join(lines)


def test_descriptions_name_nothing_as_only_python_spells_it(plugin: Plugin) -> None:
    schema = plugin.schema or ""
    for name in ("docker_config_json", "secret_name", "service_accounts", "cluster_provider", "\\n"):
        assert name not in schema, name
