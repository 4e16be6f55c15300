"""What the component makes of its credential: the Secrets, their content, and nobody who shows it."""

import base64
import json
import secrets
import traceback
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_kubernetes
import pytest
from pulumi_image_pull_secrets import DockerConfigError, ImagePullSecrets, ImagePullSecretsArgs, InvalidArgumentsError
from pulumi_image_pull_secrets.args import NamespaceArgs, RegistryArgs
from pulumi_kubernetes.core import v1 as core

from tests.unit.mocks import NAMESPACE, SECRET, UNKNOWN, Deployment, deploy, deploy_pulls, empty_accounts, forms_of

OWNER = {"image-pull-secrets/owner": "image-pull-secrets.test.pulls"}


@pytest.fixture
def password() -> str:
    return secrets.token_urlsafe(16)


@pytest.fixture
def args(password: str) -> ImagePullSecretsArgs:
    return ImagePullSecretsArgs(
        secret_name="regcred",
        registries=[RegistryArgs(server="ghcr.io", username="bot", password=password)],
        namespaces=[NamespaceArgs(name="team-a"), NamespaceArgs(name="team-b", service_accounts=["builder"])],
    )


def content_of(deployment: Deployment, name: str) -> str:
    data: dict[str, str] = deployment.of_type(SECRET)[name].inputs["data"]
    assert list(data) == [".dockerconfigjson"]
    return base64.b64decode(data[".dockerconfigjson"], validate=True).decode()


async def test_every_namespace_gets_one_secret_as_kubectl_writes_it(args: ImagePullSecretsArgs, password: str) -> None:
    deployment = await deploy_pulls(args, live_accounts=empty_accounts(args))
    auth = base64.b64encode(f"bot:{password}".encode()).decode()
    kubectl = f'{{"auths":{{"ghcr.io":{{"username":"bot","password":"{password}","auth":"{auth}"}}}}}}'
    assert set(deployment.of_type(SECRET)) == {"pulls/team-a/regcred", "pulls/team-b/regcred"}
    for namespace in ("team-a", "team-b"):
        inputs = deployment.of_type(SECRET)[f"pulls/{namespace}/regcred"].inputs
        assert inputs["type"] == "kubernetes.io/dockerconfigjson"
        assert inputs["metadata"] == {"name": "regcred", "namespace": namespace, "annotations": OWNER}
        assert content_of(deployment, f"pulls/{namespace}/regcred") == kubectl


async def test_several_registries_go_into_one_secret(args: ImagePullSecretsArgs, password: str) -> None:
    args["registries"].append(
        RegistryArgs(server="docker.io", username="ci", password=password, email="ci@acme.example")
    )
    auths = json.loads(
        content_of(await deploy_pulls(args, live_accounts=empty_accounts(args)), "pulls/team-a/regcred")
    )["auths"]
    assert list(auths) == ["ghcr.io", "https://index.docker.io/v1/"]
    assert auths["https://index.docker.io/v1/"]["email"] == "ci@acme.example"


async def test_a_whole_text_is_taken_byte_for_byte(args: ImagePullSecretsArgs, password: str) -> None:
    del args["registries"]
    text = f'{{\n  "auths" : {{ "ghcr.io": {{"username": "bot", "password": "{password}"}} }}, "ü": 1\n}}\n'
    args["docker_config_json"] = text
    assert content_of(await deploy_pulls(args, live_accounts=empty_accounts(args)), "pulls/team-b/regcred") == text


async def test_labels_and_annotations_stand_beside_the_owners(args: ImagePullSecretsArgs) -> None:
    args["labels"] = {"app.kubernetes.io/part-of": "shop"}
    args["annotations"] = {"acme.example/contact": "platform"}
    metadata = (
        (await deploy_pulls(args, live_accounts=empty_accounts(args)))
        .of_type(SECRET)["pulls/team-a/regcred"]
        .inputs["metadata"]
    )
    assert metadata["labels"] == {"app.kubernetes.io/part-of": "shop"}
    assert metadata["annotations"] == {"acme.example/contact": "platform", **OWNER}


async def test_retired_secrets_get_the_same_content(args: ImagePullSecretsArgs) -> None:
    args["retired_secret_names"] = ["old-1", "old-2"]
    deployment = await deploy_pulls(args, live_accounts=empty_accounts(args))
    made = deployment.of_type(SECRET)
    assert len(made) == 6
    for namespace in ("team-a", "team-b"):
        current = made[f"pulls/{namespace}/regcred"].inputs
        for name in ("old-1", "old-2"):
            retired = made[f"pulls/{namespace}/{name}"].inputs
            assert retired == {**current, "metadata": {**current["metadata"], "name": name}}


async def test_a_retired_secret_keeps_the_urn_that_it_had_while_attached(args: ImagePullSecretsArgs) -> None:
    before = await deploy_pulls(args, live_accounts=empty_accounts(args))
    args["secret_name"], args["retired_secret_names"] = "regcred-2", ["regcred"]
    after = await deploy_pulls(args, live_accounts=empty_accounts(args))
    for name, secret in before.of_type(SECRET).items():
        assert after.of_type(SECRET)[name] == secret


async def test_only_a_namespace_with_create_is_made_and_its_secret_waits_for_it(args: ImagePullSecretsArgs) -> None:
    args["namespaces"].append(NamespaceArgs(name="preview", create=True))
    deployment = await deploy_pulls(args, live_accounts=empty_accounts(args))
    assert set(deployment.of_type(NAMESPACE)) == {"pulls/preview"}
    namespace = deployment.of_type(NAMESPACE)["pulls/preview"]
    assert namespace.inputs["metadata"] == {"name": "preview", "annotations": OWNER}
    assert deployment.of_type(SECRET)["pulls/preview/regcred"].dependencies == {namespace.urn}
    assert deployment.of_type(SECRET)["pulls/team-a/regcred"].dependencies == set()


@pytest.mark.parametrize("preview", [False, True])
async def test_the_outputs_name_every_secret_in_a_preview_too(args: ImagePullSecretsArgs, preview: bool) -> None:
    args["retired_secret_names"] = ["old"]
    deployment = await deploy_pulls(args, live_accounts=empty_accounts(args), preview=preview)
    expected = ["team-a/regcred", "team-a/old", "team-b/regcred", "team-b/old"]
    assert deployment.exports["secrets"] == expected
    assert [outputs["secrets"] for outputs in deployment.outputs.values() if outputs] == [expected]


async def test_no_credential_is_anywhere_but_in_the_secrets_data(args: ImagePullSecretsArgs, password: str) -> None:
    args["retired_secret_names"] = ["old"]
    args["namespaces"].append(NamespaceArgs(name="preview", create=True))
    deployment = await deploy_pulls(args)
    for name, secret in deployment.of_type(SECRET).items():
        assert password in content_of(deployment, name)
        del secret.inputs["data"]
    assert not [form for form in forms_of(password) if form in str(deployment)]


def given_as(kind: str, text: str) -> pulumi.Input[str]:
    if kind == "text":
        return text
    return pulumi.Output.secret(text) if kind == "secret output" else pulumi.Output.from_input(text)


@pytest.mark.parametrize("whole_text", [False, True])
@pytest.mark.parametrize("kind", ["text", "output", "secret output"])
async def test_the_data_is_marked_secret_however_the_password_is_given(
    args: ImagePullSecretsArgs, password: str, kind: str, whole_text: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pulumi's Secret marks its data by itself as well, so what counts is what it was given.
    given: list[pulumi.Output[dict[str, str]]] = []
    marked: list[bool] = []
    original: Any = core.Secret

    def spy(*positional: Any, data: pulumi.Output[dict[str, str]], **keywords: Any) -> Any:
        given.append(data)
        return original(*positional, data=data, **keywords)

    monkeypatch.setattr(core, "Secret", spy)

    async def program() -> None:
        if whole_text:
            del args["registries"]
            auths = {"ghcr.io": {"username": "bot", "password": password}}
            args["docker_config_json"] = given_as(kind, json.dumps({"auths": auths}))
        else:
            args["registries"][0]["password"] = given_as(kind, password)
        opts = pulumi.ResourceOptions(provider=pulumi_kubernetes.Provider("cluster"))
        ImagePullSecrets("pulls", args, opts, live_accounts=empty_accounts(args))
        marked.extend([await output.is_secret() for output in given])

    deployment = await deploy(program)
    assert marked == [True, True]
    for name, secret in deployment.of_type(SECRET).items():
        assert secret.secret_inputs == {"data"}
        assert password in content_of(deployment, name)


@pytest.mark.parametrize("field", ["password", "docker_config_json"])
async def test_a_password_that_is_not_known_yet_does_not_fail_the_preview(
    args: ImagePullSecretsArgs, field: str
) -> None:
    def program() -> None:
        cluster = pulumi.ResourceOptions(provider=pulumi_kubernetes.Provider("cluster"))
        # What a vault would answer: in a preview nobody knows the id of what isn't there yet.
        not_known = core.Namespace("vault", opts=cluster).id
        if field == "password":
            args["registries"][0]["password"] = not_known
        else:
            del args["registries"]
            args["docker_config_json"] = not_known
        ImagePullSecrets("pulls", args, cluster, live_accounts=empty_accounts(args))

    made = (await deploy(program, preview=True)).of_type(SECRET)
    assert [secret.inputs["data"] for secret in made.values()] == [UNKNOWN, UNKNOWN]


def bad_user(args: ImagePullSecretsArgs, password: str) -> None:
    args["registries"][0]["username"] = pulumi.Output.from_input("bot:ci")
    args["registries"][0]["password"] = pulumi.Output.secret(password)


def bad_password(args: ImagePullSecretsArgs, password: str) -> None:
    args["registries"][0]["password"] = pulumi.Output.secret(f"{password}\ud800")


def bad_server(args: ImagePullSecretsArgs, password: str) -> None:
    args["registries"][0]["server"] = pulumi.Output.from_input(f"https://bot:{password}@ghcr.io")


def same_registry_twice(args: ImagePullSecretsArgs, password: str) -> None:
    server = pulumi.Output.from_input("https://ghcr.io/")
    args["registries"].append(RegistryArgs(server=server, username="bot", password=pulumi.Output.secret(password)))


def bad_text(args: ImagePullSecretsArgs, password: str) -> None:
    del args["registries"]
    args["docker_config_json"] = pulumi.Output.secret(f'{{"auths": {{"ghcr.io": {{"password": "{password}"')


def bad_auth(args: ImagePullSecretsArgs, password: str) -> None:
    del args["registries"]
    args["docker_config_json"] = pulumi.Output.secret(json.dumps({"auths": {"ghcr.io": {"auth": f"{password}!"}}}))


async def test_a_bad_time_known_only_later_is_told(args: ImagePullSecretsArgs) -> None:
    def program() -> None:
        args["expires"] = pulumi.Output.from_input("tomorrow")
        opts = pulumi.ResourceOptions(provider=pulumi_kubernetes.Provider("cluster"))
        ImagePullSecrets("pulls", args, opts, live_accounts=empty_accounts(args))

    with pytest.raises(InvalidArgumentsError, match="expires: 'tomorrow' is no time in RFC 3339"):
        await deploy(program, deployment=Deployment())


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("password", 3, r"registries\[0\].password: must be text"),
        ("username", ["a"], r"registries\[0\].username: must be text"),
        ("docker_config_json", {"auths": {}}, "docker_config_json: must be text"),
        ("expires", None, "expires: must be text"),
    ],
)
async def test_what_is_no_text_and_known_only_later_is_told(
    args: ImagePullSecretsArgs, key: str, value: Any, told: str
) -> None:
    later: Any = pulumi.Output.from_input("").apply(lambda _: value)

    def program() -> None:
        if key in ("password", "username"):
            args["registries"][0][key] = later  # type: ignore[literal-required]
        else:
            args[key] = later  # type: ignore[literal-required]
        if key == "docker_config_json":
            del args["registries"]
        opts = pulumi.ResourceOptions(provider=pulumi_kubernetes.Provider("cluster"))
        ImagePullSecrets("pulls", args, opts, live_accounts=empty_accounts(args))

    with pytest.raises(InvalidArgumentsError, match=told):
        await deploy(program, deployment=Deployment())


async def test_an_email_that_is_none_when_it_is_known_is_left_out(args: ImagePullSecretsArgs) -> None:
    args["registries"][0]["email"] = pulumi.Output.from_input("").apply(lambda _: None)  # type: ignore[arg-type,return-value]
    deployment = await deploy_pulls(args, live_accounts=empty_accounts(args))
    assert "email" not in content_of(deployment, "pulls/team-a/regcred")


async def test_whose_passwords_end_is_on_the_secrets(args: ImagePullSecretsArgs, password: str) -> None:
    args["registries"].append(RegistryArgs(server="docker.io", username="bot", password=password))
    args |= ImagePullSecretsArgs(expires="2030-01-31T12:00:00Z", expiring=["docker.io"])  # type: ignore[typeddict-item]
    deployment = await deploy_pulls(args, live_accounts=empty_accounts(args))
    annotations = deployment.of_type(SECRET)["pulls/team-a/regcred"].inputs["metadata"]["annotations"]
    assert annotations["image-pull-secrets/expiring"] == "https://index.docker.io/v1/"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"expiring": ["ghcr.io"]}, "expiring: says whose passwords end, and nothing says when; give expires as well"),
        (
            {"expires": "2030-01-31T12:00:00Z", "expiring": ["ghcr.io", "quay.io"]},
            r"expiring\[1\]: 'quay.io' is no server of registries; correct it",
        ),
        (
            {"expires": "2030-01-31T12:00:00Z", "expiring": ["ghcr.io"], "docker_config_json": "{}"},
            "expiring: is for registries, and docker_config_json is given; leave it out",
        ),
        ({"expires": "2030-01-31T12:00:00Z", "expiring": ["a b"]}, r"expiring\[0\]: 'a b' is not a registry's address"),
    ],
)
async def test_whose_passwords_end_is_checked(args: ImagePullSecretsArgs, given: dict[str, Any], told: str) -> None:
    args.update(given)  # type: ignore[typeddict-item]
    with pytest.raises(InvalidArgumentsError, match=told):
        await deploy_pulls(args, live_accounts=empty_accounts(args))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (bad_user, "ghcr.io: the user name holds a ':'"),
        (bad_password, "ghcr.io: the password holds a lone surrogate"),
        (bad_server, "the address holds an '@'"),
        (same_registry_twice, "'ghcr.io' and 'https://ghcr.io/' are the same registry"),
        (bad_text, "it is not JSON at line 1"),
        (bad_auth, "the entry \"auths\" -> 'ghcr.io' has an auth that is not base64"),
    ],
)
async def test_a_bad_login_known_only_later_is_told_without_the_password(
    args: ImagePullSecretsArgs,
    password: str,
    spoil: Callable[[ImagePullSecretsArgs, str], Any],
    message: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def program() -> None:
        spoil(args, password)
        opts = pulumi.ResourceOptions(provider=pulumi_kubernetes.Provider("cluster"))
        ImagePullSecrets("pulls", args, opts, live_accounts=empty_accounts(args))

    caplog.set_level("DEBUG")
    deployment = Deployment()
    with pytest.raises(DockerConfigError) as caught:
        await deploy(program, deployment=deployment)
    assert message in str(caught.value)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + str(deployment)
    assert not [form for form in forms_of(password) if form in told]
    assert deployment.of_type(SECRET) == {}
