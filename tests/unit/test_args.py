"""The shape of the component's arguments: every kind of mistake is told with its path."""

import asyncio
import inspect
import secrets
from typing import Any

import pulumi
import pytest
from pulumi_image_pull_secrets import ImagePullSecretsArgs
from pulumi_image_pull_secrets.args import NamespaceArgs, RegistryArgs, find_shape_problems, without_none
from pulumi_image_pull_secrets.errors import format_path

PLAIN_TEXT = "must be text, and known in a preview"
TEXT = "must be text, or an Output of text"
TRUE_OR_FALSE = "must be true or false, and known in a preview"
TEXTS = "must be an object of texts"
AS_A_WHOLE = "can't be an Output or a secret as a whole; only a registry's fields, docker_config_json and expires can"
REGISTRY = "must be an object with the keys server, username, password, email"
NAMESPACE = "must be an object with the keys name, service_accounts, create"


def good(**changes: Any) -> dict[str, Any]:
    registry = {"server": "ghcr.io", "username": "bot", "password": secrets.token_urlsafe()}
    return {"secret_name": "regcred", "namespaces": [{"name": "team-a"}], "registries": [registry], **changes}


def problems(args: Any) -> dict[str, str]:
    return {format_path(problem.path): problem.message for problem in find_shape_problems(args)}


def registry(**changes: Any) -> dict[str, Any]:
    return {"registries": [{"server": "ghcr.io", "username": "bot", "password": "-", **changes}]}


def namespace(**changes: Any) -> dict[str, Any]:
    return {"namespaces": [{"name": "team-a"}, {"name": "team-b", **changes}]}


def output(value: object = "x") -> Any:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(_output(value))
    finally:
        loop.close()


async def _output(value: object) -> pulumi.Output[object]:
    return pulumi.Output.from_input(value)


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"secret_name": 7}, "secret_name", PLAIN_TEXT),
        ({"secret_name": True}, "secret_name", PLAIN_TEXT),
        ({"secret_name": ["regcred"]}, "secret_name", PLAIN_TEXT),
        ({"secret_name": b"regcred"}, "secret_name", PLAIN_TEXT),
        ({"namespaces": "team-a"}, "namespaces", "must be a list"),
        ({"namespaces": {"name": "team-a"}}, "namespaces", "must be a list"),
        ({"namespaces": ["team-a"]}, "namespaces[0]", NAMESPACE),
        ({"namespaces": [["name", "team-a"]]}, "namespaces[0]", NAMESPACE),
        ({"namespaces": [{"name": "a"}, None]}, "namespaces[1]", NAMESPACE),
        (namespace(name=1.5), "namespaces[1].name", PLAIN_TEXT),
        (namespace(service_accounts="default"), "namespaces[1].service_accounts", "must be a list"),
        (namespace(service_accounts={"default": True}), "namespaces[1].service_accounts", "must be a list"),
        (namespace(service_accounts=["a", None]), "namespaces[1].service_accounts[1]", PLAIN_TEXT),
        (namespace(create="yes"), "namespaces[1].create", TRUE_OR_FALSE),
        (namespace(create=1), "namespaces[1].create", TRUE_OR_FALSE),
        ({"registries": registry()["registries"][0]}, "registries", "must be a list"),
        ({"registries": ["ghcr.io"]}, "registries[0]", REGISTRY),
        (registry(server=5000), "registries[0].server", TEXT),
        (registry(username=["bot"]), "registries[0].username", TEXT),
        (registry(password=12345), "registries[0].password", TEXT),
        (registry(email=False), "registries[0].email", TEXT),
        ({"docker_config_json": {"auths": {}}}, "docker_config_json", TEXT),
        ({"retired_secret_names": "old"}, "retired_secret_names", "must be a list"),
        ({"retired_secret_names": ["old", 2]}, "retired_secret_names[1]", PLAIN_TEXT),
        ({"adopt": "true"}, "adopt", TRUE_OR_FALSE),
        ({"detach": 0}, "detach", TRUE_OR_FALSE),
        ({"labels": ["a"]}, "labels", TEXTS),
        ({"labels": {"a": 1}}, "labels", TEXTS),
        ({"annotations": "a=b"}, "annotations", TEXTS),
        ({"annotations": {1: "a"}}, "annotations", TEXTS),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_its_path(changes: dict[str, Any], path: str, says: str) -> None:
    assert problems(good(**changes)) == {path: says}


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"secret_name": output}, "secret_name", PLAIN_TEXT),
        ({"namespaces": output}, "namespaces", AS_A_WHOLE),
        ({"namespaces": [output]}, "namespaces[0]", AS_A_WHOLE),
        ({"adopt": output}, "adopt", TRUE_OR_FALSE),
        ({"labels": output}, "labels", AS_A_WHOLE),
        ({"annotations": {"a": output}}, "annotations", TEXTS),
        ({"registries": output}, "registries", AS_A_WHOLE),
        ({"registries": [output]}, "registries[0]", AS_A_WHOLE),
        ({"retired_secret_names": [output]}, "retired_secret_names[0]", PLAIN_TEXT),
        (namespace(name=output), "namespaces[1].name", PLAIN_TEXT),
        (namespace(service_accounts=output), "namespaces[1].service_accounts", AS_A_WHOLE),
        (namespace(service_accounts=[output]), "namespaces[1].service_accounts[0]", PLAIN_TEXT),
    ],
)
def test_an_output_stands_only_where_a_preview_need_not_know_it(changes: dict[str, Any], path: str, says: str) -> None:
    assert problems(good(**replaced(changes, output()))) == {path: says}


def replaced(value: Any, by: object) -> Any:
    """The value with ``by`` wherever ``output`` itself stands."""
    if isinstance(value, dict):
        return {key: replaced(item, by) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, by) for item in value]
    return by if value is output else value


@pytest.mark.parametrize("key", ["server", "username", "password", "email"])
async def test_a_login_may_be_an_output_or_awaited(key: str) -> None:
    text = asyncio.get_running_loop().create_future()
    assert problems(good(**registry(**{key: pulumi.Output.secret("x")}))) == {}
    assert problems(good(**registry(**{key: text}))) == {}
    assert problems({"secret_name": "a", "namespaces": [], "docker_config_json": pulumi.Output.secret("x")}) == {}


@pytest.mark.parametrize(
    ("key", "changes", "path", "meant"),
    [
        (
            "serviceAccounts",
            namespace(serviceAccounts=["default"]),
            "namespaces[1].serviceAccounts",
            "service_accounts",
        ),
        ("secretName", {"secretName": "a"}, "secretName", "secret_name"),
        ("retiredSecretNames", {"retiredSecretNames": []}, "retiredSecretNames", "retired_secret_names"),
        ("dockerConfigJson", {"dockerConfigJson": "{}"}, "dockerConfigJson", "docker_config_json"),
        ("namespace", {"namespace": []}, "namespace", "namespaces"),
        ("acounts", namespace(service_acounts=[]), "namespaces[1].service_acounts", "service_accounts"),
        ("user", registry(user="bot"), "registries[0].user", "username"),
    ],
)
def test_an_unknown_key_gets_the_nearest_one(key: str, changes: dict[str, Any], path: str, meant: str) -> None:
    assert problems(good(**changes)) == {path: f"unknown key; did you mean {meant!r}?"}


def test_an_unknown_key_that_is_near_to_none_gets_all_of_them() -> None:
    told = problems(good(**namespace(zzz=1), **{"1": 1}))
    assert told["namespaces[1].zzz"] == "unknown key; known keys: name, service_accounts, create"
    assert told["1"].startswith("unknown key; known keys: secret_name, namespaces, registries, ")
    assert problems({**good(), 7: 1}) == {"7": told["1"]}


def test_a_missing_key_is_told_with_its_path() -> None:
    missing = "missing; this key is required"
    assert problems({}) == {"secret_name": missing, "namespaces": missing}
    assert problems(good(namespaces=[{}], registries=[{}, {"server": "ghcr.io", "username": "bot"}])) == {
        "namespaces[0].name": missing,
        "registries[0].server": missing,
        "registries[0].username": missing,
        "registries[0].password": missing,
        "registries[1].password": missing,
    }


@pytest.mark.parametrize("args", [None, [], "regcred", 7, [("secret_name", "regcred")]])
def test_arguments_that_are_no_object_get_its_keys(args: object) -> None:
    (problem,) = find_shape_problems(args)  # type: ignore[arg-type]
    assert problem.path == ()
    assert problem.message.startswith("must be an object with the keys secret_name, namespaces, ")


def test_all_mistakes_are_told_at_once_and_no_value() -> None:
    password = secrets.randbits(64)
    args = {
        "secretName": "regcred",
        "namespaces": [{"name": "team-a", "create": "no"}, {"nam": "team-b", "service_accounts": [1, "default", 2]}],
        "registries": [{"server": None, "username": "bot", "password": password}],
        "adopt": [],
    }
    told = problems(args)
    assert set(told) == {
        "secretName",
        "secret_name",
        "namespaces[0].create",
        "namespaces[1].nam",
        "namespaces[1].name",
        "namespaces[1].service_accounts[0]",
        "namespaces[1].service_accounts[2]",
        "registries[0].server",
        "registries[0].password",
        "adopt",
    }
    assert str(password) not in str(told)


VALUES: dict[str, Any] = {
    "secret_name": "regcred",
    "namespaces": [{}],
    "registries": [{}],
    "docker_config_json": "{}",
    "retired_secret_names": ["old"],
    "adopt": True,
    "detach": False,
    "labels": {"a": ""},
    "annotations": {},
    "name": "team-a",
    "service_accounts": [],
    "create": True,
    "server": "ghcr.io",
    "username": "bot",
    "password": "-",
    "email": "ci@acme.example",
    "expires": "2030-01-31T12:00:00Z",
    "expiring": ["ghcr.io"],
}


def test_every_public_key_is_accepted() -> None:
    everything = {key: VALUES[key] for key in ImagePullSecretsArgs.__annotations__}
    everything["namespaces"] = [{key: VALUES[key] for key in NamespaceArgs.__annotations__}]
    everything["registries"] = [{key: VALUES[key] for key in RegistryArgs.__annotations__}]
    assert problems(everything) == {}


@pytest.mark.parametrize("of", [ImagePullSecretsArgs, NamespaceArgs, RegistryArgs])
def test_every_key_has_a_description_for_other_languages(of: type) -> None:
    source = inspect.getsource(of)
    for key, hint in of.__annotations__.items():
        after = source.split(f"\n    {key}: ")[1].split("\n", 1)[1]
        assert hint is not None
        assert after.startswith('    """'), key


def test_none_is_left_out_wherever_a_key_has_it() -> None:
    assert without_none(
        {
            "adopt": None,
            "labels": {"a": None, "b": ""},
            "namespaces": ({"name": "team-a", "create": None, "service_accounts": None},),
            "retired_secret_names": ["old", None],
            "detach": False,
        }
    ) == {
        "labels": {"b": ""},
        "namespaces": [{"name": "team-a"}],
        # A place in a list can't be left out, so it stays for the check to tell.
        "retired_secret_names": ["old", None],
        "detach": False,
    }


def test_leaving_none_out_changes_no_argument_of_the_caller() -> None:
    args = good(adopt=None, namespaces=[{"name": "team-a", "create": None}])
    assert without_none(args) == good(registries=args["registries"])
    assert args["namespaces"] == [{"name": "team-a", "create": None}]
    assert args["adopt"] is None
