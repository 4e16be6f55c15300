"""The component as a whole: what it is called, under whom it stands, which arguments and providers it accepts."""

import copy
import secrets
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_kubernetes
import pytest
from pulumi_image_pull_secrets import ImagePullSecrets, ImagePullSecretsArgs, InvalidArgumentsError
from pulumi_image_pull_secrets.args import NamespaceArgs, RegistryArgs
from pulumi_image_pull_secrets.component import owner

from tests.unit.mocks import (
    COMPONENT,
    PATCH,
    PROVIDER,
    SECRET,
    Deployment,
    deploy,
    deploy_pulls,
    empty_accounts,
    forms_of,
)

OptionsOf = Callable[[], pulumi.ResourceOptions | None]


@pytest.fixture
def args() -> ImagePullSecretsArgs:
    return ImagePullSecretsArgs(
        secret_name="regcred",
        registries=[RegistryArgs(server="ghcr.io", username="bot", password=secrets.token_urlsafe(16))],
        retired_secret_names=["old-1", "old-2"],
        namespaces=[
            NamespaceArgs(name="team-a", service_accounts=["default", "builder"]),
            NamespaceArgs(name="team-b"),
            NamespaceArgs(name="preview", create=True),
        ],
    )


async def test_its_type_and_name_are_what_stacks_rely_on(args: ImagePullSecretsArgs) -> None:
    deployment = await deploy_pulls(args)
    assert COMPONENT == "image-pull-secrets:index:ImagePullSecrets"
    assert set(deployment.of_type(COMPONENT)) == {"pulls"}


async def test_every_child_has_the_component_as_its_parent_and_its_provider(args: ImagePullSecretsArgs) -> None:
    deployment = await deploy_pulls(args)
    component = deployment.of_type(COMPONENT)["pulls"]
    provider = deployment.of_type(PROVIDER)["cluster"]
    children = [resource for resource in deployment.resources if resource not in (component, provider)]
    assert len(children) == 1 + 9 + 4 + 5
    assert {child.parent for child in children} == {component.urn}
    assert {child.provider.rpartition("::")[0] for child in children} == {provider.urn}


async def test_no_two_resources_have_one_urn(args: ImagePullSecretsArgs) -> None:
    args["namespaces"][0]["service_accounts"] = ["default", "regcred", "old-1", "exists"]
    urns = [resource.urn for resource in (await deploy_pulls(args)).resources]
    assert len(urns) == len(set(urns))


@pytest.mark.parametrize("reads", [False, True], ids=["preflight read the accounts", "it reads for itself"])
async def test_names_do_not_depend_on_positions(args: ImagePullSecretsArgs, reads: bool) -> None:
    live_accounts = None if reads else empty_accounts(args)
    turned = copy.deepcopy(args)
    turned["namespaces"].reverse()
    turned["retired_secret_names"].reverse()
    turned["namespaces"][-1]["service_accounts"].reverse()
    before = await deploy_pulls(args, live_accounts=live_accounts)
    after = await deploy_pulls(turned, live_accounts=live_accounts)
    assert before.keys == after.keys
    by_urn = [{resource.urn: resource for resource in deployment.resources} for deployment in (before, after)]
    assert by_urn[0] == by_urn[1]


async def test_a_namespace_more_changes_nothing_for_the_others(args: ImagePullSecretsArgs) -> None:
    before = await deploy_pulls(args)
    args["namespaces"].insert(0, NamespaceArgs(name="added"))
    after = await deploy_pulls(args)
    assert before.keys < after.keys
    assert {name for _, name in after.keys - before.keys} == {
        "pulls/added/regcred",
        "pulls/added/old-1",
        "pulls/added/old-2",
        "pulls/added/default",
    }


async def test_the_owner_is_the_component_in_its_stack_and_project(args: ImagePullSecretsArgs) -> None:
    owners: list[str] = []
    await deploy(lambda: owners.append(owner("pulls")), stack="prod")
    assert owners == ["image-pull-secrets.prod.pulls"]
    secret = (await deploy_pulls(args, stack="prod")).of_type(SECRET)["pulls/team-a/regcred"]
    assert secret.inputs["metadata"]["annotations"] == {"image-pull-secrets/owner": owners[0]}


def component_with(args: ImagePullSecretsArgs, options_of: OptionsOf) -> Callable[[], None]:
    def program() -> None:
        ImagePullSecrets("pulls", args, options_of())

    return program


async def test_all_mistakes_are_told_before_anything_is_registered() -> None:
    password = secrets.token_urlsafe(16)
    args = ImagePullSecretsArgs(
        secret_name="Reg_Cred",
        retired_secret_names=["old", "old"],
        registries=[
            RegistryArgs(server="ghcr.io", username="bot:ci", password=password),
            RegistryArgs(server="https://ghcr.io/", username="bot", password=""),
        ],
        namespaces=[
            NamespaceArgs(name="team-a", service_accounts=["default", "default", "Builder"]),
            NamespaceArgs(name="team-a"),
            NamespaceArgs(name="team.b"),
        ],
        annotations={"pulumi.com/patchForce": "true"},
    )
    deployment = Deployment()
    with pytest.raises(InvalidArgumentsError) as caught:
        await deploy(component_with(args, lambda: None), deployment=deployment)
    assert deployment.resources == []
    assert [str(problem).split(":")[0] for problem in caught.value.problems] == [
        "annotations.pulumi.com/patchForce",
        "namespaces[0].service_accounts[1]",
        "namespaces[0].service_accounts[2]",
        "namespaces[1].name",
        "namespaces[2].name",
        "opts.provider",
        "registries[0].username",
        "registries[1].password",
        "registries[1].server",
        "retired_secret_names[1]",
        "secret_name",
    ]
    message = str(caught.value)
    assert message.startswith('ImagePullSecrets "pulls" has 11 mistakes in its arguments:\n  ')
    assert all(f"\n  {problem}" in message for problem in caught.value.problems)
    assert not [form for form in forms_of(password) if form in message]


async def test_mistakes_of_shape_and_of_names_are_told_together(args: ImagePullSecretsArgs) -> None:
    spoiled: Any = {
        **args,
        "secret_name": "Reg_Cred",
        "secretName": "regcred",
        "adopt": "yes",
        "registries": {"server": "ghcr.io", "password": args["registries"][0]["password"]},
        "namespaces": [{"name": "team-a", "serviceAccounts": []}, {"service_accounts": ["default", "Builder", 7]}],
    }
    deployment = Deployment()
    with pytest.raises(InvalidArgumentsError) as caught:
        # Where the shape is wrong nobody looks for the accounts: it isn't known which are meant.
        await deploy_pulls(spoiled, live_accounts={}, deployment=deployment)
    assert [str(problem).split(";")[0] for problem in caught.value.problems] == [
        "adopt: must be true or false, and known in a preview",
        "namespaces[0].serviceAccounts: unknown key",
        "namespaces[1].name: missing",
        "namespaces[1].service_accounts[1]: 'Builder' is not a DNS-1123 subdomain: "
        "lower-case letters, digits, '-' and '.', with a letter or digit at both ends of each part",
        "namespaces[1].service_accounts[2]: must be text, and known in a preview",
        "registries: must be a list",
        "secretName: unknown key",
        "secret_name: 'Reg_Cred' is not a DNS-1123 subdomain: "
        "lower-case letters, digits, '-' and '.', with a letter or digit at both ends of each part",
    ]
    assert not [form for form in forms_of(str(args["registries"][0]["password"])) if form in str(caught.value)]
    assert deployment.of_type(COMPONENT) == {}


async def test_mistakes_are_told_in_the_order_of_the_lists(args: ImagePullSecretsArgs) -> None:
    args["namespaces"] = [NamespaceArgs(name=f"Team-{number}") for number in range(12)]
    with pytest.raises(InvalidArgumentsError) as caught:
        await deploy_pulls(args)
    assert [problem.path for problem in caught.value.problems] == [("namespaces", n, "name") for n in range(12)]


@pytest.mark.parametrize("args", [None, [], "regcred", 7, {"regcred"}, [("secret_name", "regcred")]])
@pytest.mark.parametrize("live_accounts", [None, {}])
async def test_arguments_that_are_no_object_are_one_mistake(args: Any, live_accounts: Any) -> None:
    deployment = Deployment()
    with pytest.raises(InvalidArgumentsError) as caught:
        await deploy_pulls(args, live_accounts=live_accounts, deployment=deployment)
    (problem,) = caught.value.problems
    assert problem.path == ()
    assert problem.message.startswith("must be an object with the keys secret_name, namespaces, ")
    assert deployment.of_type(COMPONENT) == {}


@pytest.mark.parametrize("field", ["labels", "annotations"])
@pytest.mark.parametrize("key", [7, None, ("a",)])
async def test_a_key_that_is_no_text_is_a_mistake(args: ImagePullSecretsArgs, field: str, key: object) -> None:
    spoiled: Any = {**args, field: {key: "x", "not a name": "y"}}
    with pytest.raises(InvalidArgumentsError) as caught:
        await deploy_pulls(spoiled)
    assert [str(problem) for problem in caught.value.problems] == [f"{field}: must be an object of texts"]


async def test_what_is_none_counts_as_left_out(args: ImagePullSecretsArgs) -> None:
    # Other languages send null for a key that nobody gave.
    with_none: Any = {
        **args,
        **dict.fromkeys(["docker_config_json", "adopt", "detach", "labels", "annotations"]),
        "registries": [{**registry, "email": None} for registry in args["registries"]],
        "namespaces": [{"service_accounts": None, "create": None, **namespace} for namespace in args["namespaces"]],
    }
    without, given = await deploy_pulls(args), await deploy_pulls(with_none)
    assert {resource.urn: resource for resource in given.resources} == {
        resource.urn: resource for resource in without.resources
    }
    assert given.exports == without.exports


class Platform(pulumi.ComponentResource):
    """Somebody else's component, with a provider of its own."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("acme:index:Platform", name, None, opts)


def kubernetes() -> pulumi_kubernetes.Provider:
    return pulumi_kubernetes.Provider("cluster")


def other_provider() -> pulumi.ProviderResource:
    return pulumi.ProviderResource("random", "random", {})


def inherited() -> pulumi.ResourceOptions:
    platform = Platform("platform", pulumi.ResourceOptions(providers=[kubernetes()]))
    return pulumi.ResourceOptions(parent=Platform("inner", pulumi.ResourceOptions(parent=platform)))


@pytest.mark.parametrize(
    "options_of",
    [
        lambda: pulumi.ResourceOptions(provider=kubernetes()),
        lambda: pulumi.ResourceOptions(providers=[other_provider(), kubernetes()]),
        lambda: pulumi.ResourceOptions(providers={"kubernetes": kubernetes()}),
        lambda: pulumi.ResourceOptions(provider=kubernetes(), parent=Platform("platform")),
        inherited,
    ],
    ids=["provider", "list of providers", "dict of providers", "provider beside a parent", "inherited from a parent"],
)
async def test_a_provider_is_accepted_however_it_is_given(args: ImagePullSecretsArgs, options_of: OptionsOf) -> None:
    deployment = await deploy(component_with(args, options_of))
    provider = deployment.of_type(PROVIDER)["cluster"]
    for resource in [*deployment.of_type(SECRET).values(), *deployment.of_type(PATCH).values()]:
        assert resource.provider.startswith(f"{provider.urn}::")


@pytest.mark.parametrize(
    "options_of",
    [
        lambda: None,
        pulumi.ResourceOptions,
        lambda: pulumi.ResourceOptions(providers=[]),
        lambda: pulumi.ResourceOptions(provider=other_provider()),
        lambda: pulumi.ResourceOptions(parent=Platform("platform")),
        lambda: pulumi.ResourceOptions(parent=Platform("p", pulumi.ResourceOptions(providers=[other_provider()]))),
    ],
    ids=["no options", "empty options", "no providers", "another one", "parent without", "parent with another one"],
)
async def test_without_a_provider_nothing_is_registered(args: ImagePullSecretsArgs, options_of: OptionsOf) -> None:
    deployment = Deployment()
    with pytest.raises(InvalidArgumentsError, match=r"opts\.provider: missing; without one") as caught:
        await deploy(component_with(args, options_of), deployment=deployment)
    assert len(caught.value.problems) == 1
    assert not {resource.type for resource in deployment.resources} & {COMPONENT, SECRET, PATCH}


async def test_a_failed_registration_fails_the_program(
    args: ImagePullSecretsArgs, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The same is what every test here rests on: what goes wrong in the background reaches the test.
    def refuse(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pulumi_image_pull_secrets.component.merge", refuse)
    with pytest.raises(ZeroDivisionError):
        await deploy_pulls(args)
