"""The program itself with the checkout's own stack files; only the cluster's answer is made up."""

import base64
import json
import runpy
import secrets
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi_image_pull_secrets import cluster
from pulumi_image_pull_secrets.attachment import LiveAccount
from pulumi_image_pull_secrets.docker_config import registry_key
from pulumi_image_pull_secrets.errors import PreflightError

from tests.unit.mocks import COMPONENT, NAMESPACE, PATCH, PROVIDER, SECRET, Deployment, deploy, forms_of

CHECKOUT = Path(__file__).parents[2]
STACKS = pytest.mark.parametrize("stack", ["staging", "preprod", "prod"])
PREFIX = "image-pull-secrets:"

Config = dict[str, Any]


class Preflight:
    """Stands in for cluster.preflight: every account that must be there is there, and holds an entry of theirs."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.calls: list[Mapping[str, Any]] = []

    def __call__(self, args: Any, **arguments: Any) -> cluster.Resolved:
        self.calls.append(arguments)
        if self.error:
            raise self.error
        accounts = {
            entry["name"]: dict.fromkeys(entry["service_accounts"], LiveAccount(("theirs",)))
            for entry in args["namespaces"]
            if not entry["create"]
        }
        return cluster.Resolved({key: args[key] for key in args if key not in ("exclude", "coverage")}, accounts)  # type: ignore[arg-type]


@pytest.fixture
def preflight(monkeypatch: pytest.MonkeyPatch) -> Preflight:
    fake = Preflight()
    monkeypatch.setattr(cluster, "preflight", fake)
    return fake


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    contexts = [{"name": f"acme-{stack}", "context": {"cluster": "c", "user": "u"}} for stack in ("staging", "prod")]
    contexts.append({"name": "acme-preprod", "context": {"cluster": "c", "user": "u"}})
    text = {
        "contexts": contexts,
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"token": secrets.token_urlsafe(16)}}],
        "current-context": "acme-prod",
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(text))
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def config_of(stack: str) -> Config:
    loaded = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    assert all(key.startswith(PREFIX) for key in loaded)
    return {key.removeprefix(PREFIX): value for key, value in loaded.items()}


@pytest.fixture
def passwords(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """By the variable that a stack file reads it from."""
    variables = {
        registry["passwordEnv"]
        for stack in ("staging", "preprod", "prod")
        for registry in config_of(stack)["registries"]
    }
    made_up = {variable: secrets.token_urlsafe(16) for variable in variables}
    for variable, password in made_up.items():
        monkeypatch.setenv(variable, password)
    return made_up


async def run(stack: str, config: Config, deployment: Deployment | None = None) -> Deployment:
    # Pulumi hands over what isn't text as JSON.
    texts = {f"{PREFIX}{key}": value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}

    def program() -> None:
        runpy.run_path(str(CHECKOUT / "__main__.py"), run_name="__main__")

    return await deploy(program, stack=stack, config=texts, deployment=deployment)


def expected_keys(config: Config) -> set[tuple[str, str]]:
    keys = {(PROVIDER, "cluster"), (COMPONENT, "pulls")}
    for namespace in config["namespaces"]:
        path = f"pulls/{namespace['name']}"
        keys |= {(SECRET, f"{path}/{name}") for name in secret_names(config)}
        keys |= {(PATCH, f"{path}/{account}") for account in namespace.get("serviceAccounts", ["default"])}
        if namespace.get("create"):
            keys.add((NAMESPACE, path))
    return keys


def secret_names(config: Config) -> list[str]:
    return [config["secretName"], *config.get("retiredSecretNames", [])]


@STACKS
async def test_exactly_what_the_stack_file_says_is_registered(
    stack: str, preflight: Preflight, kubeconfig: Path, passwords: dict[str, str]
) -> None:
    config = config_of(stack)
    deployment = await run(stack, config)
    assert deployment.keys == expected_keys(config)
    assert len(deployment.resources) == len(deployment.keys)

    inputs = deployment.of_type(PROVIDER)["cluster"].inputs
    assert (inputs["context"], inputs["kubeconfig"]) == (f"acme-{stack}", str(kubeconfig))
    assert inputs["upsertExistingObjects"] == "true"

    created = {entry["name"] for entry in config["namespaces"] if entry.get("create")}
    for name, patch in deployment.of_type(PATCH).items():
        names = [entry["name"] for entry in patch.inputs["imagePullSecrets"]]
        theirs = [] if name.split("/")[1] in created else ["theirs"]
        assert names == [*theirs, config["secretName"]]
        owner = f"image-pull-secrets/image-pull-secrets.{stack}.pulls"
        assert patch.inputs["metadata"]["annotations"] == {owner: config["secretName"]}

    for secret in deployment.of_type(SECRET).values():
        content = json.loads(base64.b64decode(secret.inputs["data"][".dockerconfigjson"]))
        assert secret.secret_inputs == {"data"}
        logins = {key: (entry["username"], entry["password"]) for key, entry in content["auths"].items()}
        assert logins == {
            registry_key(registry["server"]): (registry["username"], passwords[registry["passwordEnv"]])
            for registry in config["registries"]
        }


@STACKS
async def test_the_cluster_is_asked_once_and_about_the_stacks_own_context(
    stack: str, preflight: Preflight, kubeconfig: Path, passwords: dict[str, str]
) -> None:
    await run(stack, config_of(stack))
    owner = f"image-pull-secrets.{stack}.pulls"
    assert preflight.calls == [
        {"owner": owner, "context": f"acme-{stack}", "kubeconfig": None, "refusals": ()},
    ]


@STACKS
async def test_the_outputs_tell_what_is_attached_and_no_password(
    stack: str, preflight: Preflight, kubeconfig: Path, passwords: dict[str, str]
) -> None:
    config = config_of(stack)
    deployment = await run(stack, config)
    assert deployment.exports == {
        "secrets": [f"{entry['name']}/{name}" for entry in config["namespaces"] for name in secret_names(config)],
        "attached": {
            f"{entry['name']}/{account}": [config["secretName"]]
            for entry in config["namespaces"]
            for account in entry.get("serviceAccounts", ["default"])
        },
    }
    for secret in deployment.of_type(SECRET).values():
        del secret.inputs["data"]
    users = [registry["username"] for registry in config["registries"]]
    shown = str(deployment)
    for password in passwords.values():
        assert not [form for user in users for form in forms_of(password, user) if form in shown]


async def test_detach_and_kubeconfig_reach_whom_they_are_for(
    preflight: Preflight, kubeconfig: Path, passwords: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBECONFIG")
    config = {**config_of("staging"), "detach": True, "kubeconfig": str(kubeconfig)}
    deployment = await run("staging", config)
    assert preflight.calls[0]["kubeconfig"] == str(kubeconfig)
    inputs = deployment.of_type(PROVIDER)["cluster"].inputs
    assert (inputs["kubeconfig"], inputs["upsertExistingObjects"]) == (str(kubeconfig), "true")
    assert not [names for names in deployment.exports["attached"].values() if names]
    assert deployment.of_type(PATCH)["pulls/search/default"].inputs["imagePullSecrets"] == [{"name": "theirs"}]


async def fails(stack: str, config: Config) -> str:
    """What the program says where it must fail, with nothing registered."""
    deployment = Deployment()
    with pytest.raises(pulumi.RunError) as caught:
        await run(stack, config, deployment)
    assert deployment.resources == []
    assert deployment.exports == {}
    told = "".join(traceback.format_exception(caught.value))
    # Only the message: no other exception, whose text nobody has looked at, before it.
    assert "During handling" not in told
    assert "direct cause" not in told
    return str(caught.value)


async def test_all_mistakes_of_a_configuration_are_told_in_one_run_error(
    preflight: Preflight, kubeconfig: Path, passwords: dict[str, str]
) -> None:
    config = config_of("prod")
    config["secretNam"] = config.pop("secretName")
    config["namespaces"][1]["serviceAccounts"] = ["default", "Web"]
    config["namespaces"].append({"name": "checkout"})
    message = await fails("prod", config)
    assert message.splitlines()[0] == 'stack "prod" has 4 mistakes in its configuration:'
    for key in ("secretNam", "secretName", "namespaces[1].serviceAccounts[1]", "namespaces[4].name"):
        assert f"\n  {PREFIX}{key}: " in message
    assert 'did you mean "secretName"?' in message
    assert preflight.calls == []


@STACKS
async def test_a_password_that_is_not_in_the_environment_is_told(
    stack: str, preflight: Preflight, kubeconfig: Path, passwords: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GHCR_TOKEN")
    assert "the environment variable 'GHCR_TOKEN' is not set; export it" in await fails(stack, config_of(stack))


async def test_a_cluster_that_is_not_ready_is_told(
    preflight: Preflight, kubeconfig: Path, passwords: dict[str, str]
) -> None:
    preflight.error = PreflightError("acme-prod", ['namespace "search" does not exist'])
    message = await fails("prod", config_of("prod"))
    assert message == str(preflight.error)


async def test_a_context_that_is_not_there_is_told_and_no_other_one_taken(
    preflight: Preflight, kubeconfig: Path, passwords: dict[str, str]
) -> None:
    message = await fails("prod", {**config_of("prod"), "context": "acme-prd"})
    assert 'context "acme-prd" is not in' in message
    assert 'did you mean "acme-prod"?' in message


async def test_an_error_that_nobody_foresaw_is_not_dressed_up(
    preflight: Preflight, kubeconfig: Path, passwords: dict[str, str]
) -> None:
    preflight.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await run("prod", config_of("prod"))


def test_no_stack_file_holds_a_password() -> None:
    for path in CHECKOUT.glob("Pulumi.*.yaml"):
        text = path.read_text(encoding="utf-8")
        for registry in (yaml.safe_load(text).get("config") or {}).get(f"{PREFIX}registries", []):
            assert isinstance(registry.get("password", {"secure": ""}), dict), path
