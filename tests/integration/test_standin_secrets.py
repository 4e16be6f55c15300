"""The stand-in plugin's contract: Secrets, what replaces them, and what the engine is told to keep encrypted."""

import base64
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.live import LiveCluster
from tests.integration.test_standin_process import Resource, Standin, Values, config_map, running

TYPE = "core/v1:Secret"
SECRET_MARK = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


@pytest.fixture(scope="module")
def standin(cluster: LiveCluster) -> Iterator[Standin]:
    with running(cluster.admin_kubeconfig) as standin:
        yield standin


@pytest.fixture(scope="module")
def mutating(cluster: LiveCluster) -> Iterator[Standin]:
    with running(cluster.admin_kubeconfig, enableSecretMutable="true") as standin:
        yield standin


@pytest.fixture
def namespace(cluster: LiveCluster) -> str:
    return cluster.new_namespace()


def secret(namespace: str, name: str = "s", **fields: Any) -> Values:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, **fields}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def replaced(resource: Resource, inputs: Values) -> list[str]:
    """The properties that a replacement is for; a replaced object of the same name goes first."""
    diff = resource.diff(inputs)
    same_name = all(inputs["metadata"].get(key) == resource.inputs["metadata"][key] for key in ("name", "namespace"))
    assert diff.deleteBeforeReplace == (bool(diff.replaces) and same_name)
    return list(diff.replaces)


def test_other_data_replaces_a_secret(standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, secret(namespace, data={"a": encoded("1")})).create()

    assert replaced(resource, secret(namespace, data={"a": encoded("2")})) == ["data.a"]
    assert replaced(resource, secret(namespace, data={"a": encoded("1"), "b": encoded("1")})) == ["data.b"]
    assert replaced(resource, secret(namespace)) == ["data"]


def test_other_string_data_replaces_a_secret(standin: Standin, namespace: str) -> None:
    resource = standin.resource(TYPE, secret(namespace, stringData={"a": "1"})).create()

    assert replaced(resource, secret(namespace, stringData={"a": "2"})) == ["data.a"]


def test_another_type_replaces_a_secret_always(standin: Standin, mutating: Standin, namespace: str) -> None:
    for number, plugin in enumerate((standin, mutating)):
        resource = plugin.resource(TYPE, secret(namespace, f"s{number}", type="Opaque")).create()

        assert replaced(resource, secret(namespace, f"s{number}", type="example.com/other")) == ["type"]


def test_other_data_changes_a_secret_in_place_with_enable_secret_mutable(
    cluster: LiveCluster, mutating: Standin, namespace: str
) -> None:
    resource = mutating.resource(TYPE, secret(namespace, data={"a": encoded("1")})).create()
    before = cluster.secret(namespace, "s")
    changed = secret(namespace, data={"a": encoded("2")})

    assert resource.diff(changed).detailedDiff.keys() == {"data.a"}
    assert replaced(resource, changed) == []
    assert replaced(resource, secret(namespace, stringData={"a": "2"})) == []
    resource.update(changed)

    after = cluster.secret(namespace, "s")
    assert before is not None
    assert after is not None
    assert after["data"] == {"a": encoded("2")}
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


def test_other_data_replaces_an_immutable_secret_always(mutating: Standin, namespace: str) -> None:
    resource = mutating.resource(TYPE, secret(namespace, data={"a": encoded("1")}, immutable=True)).create()

    assert replaced(resource, secret(namespace, data={"a": encoded("2")}, immutable=True)) == ["data.a"]


def test_the_patch_of_a_secret_is_never_replaced_for_its_data(standin: Standin, namespace: str) -> None:
    resource = standin.resource("core/v1:SecretPatch", secret(namespace, data={"a": encoded("1")})).create()

    assert replaced(resource, secret(namespace, data={"a": encoded("2")})) == []


@pytest.mark.parametrize("token", ["core/v1:ConfigMap", "core/v1:ConfigMapPatch"])
def test_another_name_or_namespace_replaces(standin: Standin, namespace: str, token: str) -> None:
    resource = standin.resource(token, config_map(namespace, "c")).create()

    assert replaced(resource, config_map(namespace, "d")) == ["metadata.name"]
    assert replaced(resource, config_map("default", "c")) == ["metadata.namespace"]
    assert replaced(resource, config_map(namespace, "c", labels={"in": "place"})) == []


def test_what_is_as_it_was_is_no_change(standin: Standin, namespace: str) -> None:
    given = secret(namespace, data={"a": encoded("1")}, stringData={"b": "2"})
    given["metadata"]["labels"] = {"team": "a"}
    resource = standin.resource(TYPE, given).create()

    assert resource.diff(given).changes == resource.diff(given).DIFF_NONE


def test_data_and_string_data_come_back_marked_secret(standin: Standin, namespace: str) -> None:
    password = secrets.token_urlsafe(16)
    resource = standin.resource(TYPE, secret(namespace, stringData={"a": password}, data={"b": encoded(password)}))
    resource.create()
    read = resource.read()

    # None of these were marked secret by the program.
    for properties in (resource.inputs, resource.state, resource.state["__inputs"], read.inputs, read.properties):
        assert_marked(properties["data"])
        rest = {key: value for key, value in dict(properties).items() if key not in ("data", "__inputs")}
        assert password not in str(rest)
        assert encoded(password) not in str(rest)


def test_a_secret_that_is_only_read_is_marked_too(standin: Standin, namespace: str) -> None:
    standin.resource(TYPE, secret(namespace, data={"a": encoded("1")})).create()
    anybody = standin.resource(TYPE, secret(namespace))

    found = anybody.read(f"{namespace}/s")

    assert_marked(found.properties["data"])
    assert_marked(found.inputs["data"])


def test_what_the_program_marks_secret_stays_marked(standin: Standin, namespace: str) -> None:
    given = config_map(namespace, "c", annotations={"open": "x", "hidden": {**SECRET_MARK, "value": "y"}})

    resource = standin.resource("core/v1:ConfigMap", given).create()

    annotations = resource.state["metadata"]["annotations"]
    assert_marked(annotations["hidden"])
    assert annotations["open"] == "x"


def assert_marked(value: Any) -> None:
    assert {key: value[key] for key in SECRET_MARK} == SECRET_MARK
