"""The provider that the component's promises need."""

import json
import secrets
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_image_pull_secrets import KubeconfigError, cluster_provider

from tests.unit.mocks import PROVIDER, UNKNOWN, Deployment, Resource, deploy


def kubeconfig_of(context: str) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
            "users": [{"name": "u", "user": {"token": secrets.token_urlsafe(16)}}],
            "current-context": "somewhere-else",
        }
    )


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig_of("acme"))
    return path


async def provider(*, preview: bool = False, **arguments: Any) -> Resource:
    deployment = await deploy(lambda: register(**arguments), preview=preview)
    (only,) = deployment.resources
    assert only.key == (PROVIDER, "cluster")
    return only


def register(**arguments: Any) -> None:
    cluster_provider("cluster", **arguments)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("cluster", "certificate-authority"),
        ("user", "client-certificate"),
        ("user", "client-key"),
        ("user", "tokenFile"),
    ],
)
async def test_a_file_by_a_relative_path_is_refused(kubeconfig: Path, kind: str, key: str) -> None:
    content = json.loads(kubeconfig.read_text())
    body = content[f"{kind}s"][0][kind]
    body[key] = "pki/file"
    kubeconfig.write_text(json.dumps(content))
    with pytest.raises(KubeconfigError, match=f'"acme" in the kubeconfig .* has a relative path in {key}, which'):
        await provider(context="acme", kubeconfig=str(kubeconfig))
    body[key] = "/pki/file"
    kubeconfig.write_text(json.dumps(content))
    assert await provider(context="acme", kubeconfig=str(kubeconfig))


async def test_a_relative_path_in_a_text_counts_from_where_pulumi_runs_anyway(kubeconfig: Path) -> None:
    content = json.loads(kubeconfig.read_text())
    content["clusters"][0]["cluster"]["certificate-authority"] = "pki/file"
    assert await provider(context="acme", kubeconfig=json.dumps(content))


async def test_it_has_all_that_the_component_needs_and_nothing_else(kubeconfig: Path) -> None:
    made = await provider(context="acme", kubeconfig=str(kubeconfig))
    client = json.loads(made.inputs.pop("kubeClientSettings"))
    assert client == {"qps": 1000.0, "burst": 2000}
    assert made.inputs == {
        "kubeconfig": str(kubeconfig),
        "context": "acme",
        "enablePatchForce": "true",
        "enableSecretMutable": "true",
        "upsertExistingObjects": "false",
    }
    assert made.secret_inputs == set()


async def test_only_adopt_takes_over_what_exists(kubeconfig: Path) -> None:
    made = await provider(context="acme", kubeconfig=str(kubeconfig), adopt=True)
    assert made.inputs["upsertExistingObjects"] == "true"


@pytest.mark.parametrize("as_output", [False, True])
async def test_a_text_is_handed_on_as_it_is_and_marked_secret(as_output: bool) -> None:
    text = kubeconfig_of("acme")
    made = await provider(context="acme", kubeconfig=pulumi.Output.from_input(text) if as_output else text)
    assert json.loads(made.inputs["kubeconfig"]) == json.loads(text)
    assert made.secret_inputs == {"kubeconfig"}


async def test_a_relative_path_is_handed_on_whole(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(kubeconfig.parent)
    made = await provider(context="acme", kubeconfig="kubeconfig")
    assert made.inputs["kubeconfig"] == str(kubeconfig)


async def test_without_one_the_file_is_searched_for(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    assert (await provider(context="acme")).inputs["kubeconfig"] == str(kubeconfig)


async def test_an_output_is_handed_on_with_its_mark() -> None:
    text = kubeconfig_of("acme")
    made = await provider(context="acme", kubeconfig=pulumi.Output.secret(text))
    assert json.loads(made.inputs["kubeconfig"]) == json.loads(text)
    assert made.secret_inputs == {"kubeconfig"}


async def test_a_kubeconfig_that_is_not_known_yet_does_not_fail_the_preview() -> None:
    def program() -> None:
        cluster = pulumi.CustomResource("acme:index:Cluster", "new")
        cluster_provider("cluster", context="acme", kubeconfig=cluster.id)

    deployment = await deploy(program, preview=True)
    assert deployment.of_type(PROVIDER)["cluster"].inputs["kubeconfig"] == UNKNOWN


async def test_options_are_handed_on(kubeconfig: Path) -> None:
    def program() -> None:
        parent = pulumi.ComponentResource("acme:index:Platform", "platform")
        opts = pulumi.ResourceOptions(parent=parent)
        cluster_provider("cluster", context="acme", kubeconfig=str(kubeconfig), opts=opts)

    deployment = await deploy(program)
    platform = deployment.of_type("acme:index:Platform")["platform"]
    assert deployment.of_type(PROVIDER)["cluster"].parent == platform.urn


@pytest.mark.parametrize("given", [True, False], ids=["given", "from KUBECONFIG"])
async def test_a_context_that_is_not_there_is_an_error(
    kubeconfig: Path, given: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    deployment = Deployment()
    with pytest.raises(KubeconfigError, match=r'context "acne" is not in .*did you mean "acme"'):
        await deploy(
            lambda: register(context="acne", kubeconfig=str(kubeconfig) if given else None),
            deployment=deployment,
        )
    assert deployment.resources == []


async def test_a_kubeconfig_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="there is no kubeconfig at"):
        await provider(context="acme", kubeconfig=str(tmp_path / "missing"))
