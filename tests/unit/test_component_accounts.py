"""What the component does to ServiceAccounts: whose entries stay, which go, and who is left alone."""

import secrets
from typing import Any

import pulumi
import pulumi_kubernetes
import pytest
from pulumi_image_pull_secrets import ImagePullSecrets, ImagePullSecretsArgs, InvalidArgumentsError
from pulumi_image_pull_secrets.args import NamespaceArgs, RegistryArgs
from pulumi_image_pull_secrets.attachment import LiveAccount

from tests.unit.mocks import (
    ACCOUNT,
    COMPONENT,
    NAMESPACE,
    PATCH,
    SECRET,
    UNKNOWN,
    Deployment,
    deploy,
    deploy_pulls,
    empty_accounts,
)

KEY = "image-pull-secrets/image-pull-secrets.test.pulls"
WAYS = pytest.mark.parametrize("reads", [False, True], ids=["preflight read the accounts", "it reads for itself"])


@pytest.fixture
def args() -> ImagePullSecretsArgs:
    return ImagePullSecretsArgs(
        secret_name="regcred",
        registries=[RegistryArgs(server="ghcr.io", username="bot", password=secrets.token_urlsafe(16))],
        namespaces=[
            NamespaceArgs(name="team-a", service_accounts=["default", "builder"]),
            NamespaceArgs(name="team-b"),
        ],
    )


async def deploy_onto(
    accounts: dict[str, tuple[list[str], str | None]], args: ImagePullSecretsArgs, *, reads: bool, preview: bool = False
) -> Deployment:
    """The component where "namespace/account" holds these names, and this annotation of ours; others are empty."""
    if reads:
        answers = {
            name: {
                "imagePullSecrets": [{"name": entry} for entry in entries] or None,
                "annotations": {KEY: annotation, "acme.example/else": "1"} if annotation is not None else None,
            }
            for name, (entries, annotation) in accounts.items()
        }
        return await deploy_pulls(args, accounts=answers, preview=preview)
    live = empty_accounts(args)
    for name, (entries, annotation) in accounts.items():
        namespace, account = name.split("/")
        live[namespace][account] = LiveAccount(tuple(entries), annotation)
    return await deploy_pulls(args, live_accounts=live, preview=preview)


def shape_of(deployment: Deployment) -> dict[str, tuple[list[str], str | None]]:
    """What the patches make of each account: the list's names and our annotation."""
    shapes: dict[str, tuple[list[str], str | None]] = {}
    for patch in deployment.of_type(PATCH).values():
        metadata = patch.inputs["metadata"]
        if patch.name.endswith("/exists"):
            continue
        assert set(metadata.get("annotations", {})) <= {KEY}
        names = [entry["name"] for entry in patch.inputs.get("imagePullSecrets", [])]
        annotation = metadata.get("annotations", {}).get(KEY)
        shapes[f"{metadata['namespace']}/{metadata['name']}"] = (names, annotation)
        assert patch.name == f"pulls/{metadata['namespace']}/{metadata['name']}"
    return shapes


@WAYS
async def test_foreign_entries_stay_first_and_ours_is_appended(args: ImagePullSecretsArgs, reads: bool) -> None:
    accounts: dict[str, tuple[list[str], str | None]] = {
        "team-a/default": (["zeta", "alpha"], None),
        "team-a/builder": ([], None),
        "team-b/default": (["regcred", "theirs"], "regcred"),
    }
    deployment = await deploy_onto(accounts, args, reads=reads)
    assert shape_of(deployment) == {
        "team-a/default": (["zeta", "alpha", "regcred"], "regcred"),
        "team-a/builder": (["regcred"], "regcred"),
        "team-b/default": (["regcred", "theirs"], "regcred"),
    }
    assert deployment.exports["attached"] == {account: ["regcred"] for account in accounts}


@WAYS
async def test_what_we_attached_before_and_no_longer_want_is_dropped(args: ImagePullSecretsArgs, reads: bool) -> None:
    args["secret_name"], args["retired_secret_names"] = "regcred-2", ["regcred"]
    accounts: dict[str, tuple[list[str], str | None]] = {
        "team-a/default": (["theirs", "regcred", "ancient"], "ancient,regcred"),
        "team-a/builder": (["regcred"], None),
        "team-b/default": (["ancient"], "regcred"),
    }
    assert shape_of(await deploy_onto(accounts, args, reads=reads)) == {
        "team-a/default": (["theirs", "regcred-2"], "regcred-2"),
        "team-a/builder": (["regcred-2"], "regcred-2"),
        "team-b/default": (["ancient", "regcred-2"], "regcred-2"),
    }


@WAYS
async def test_detach_leaves_exactly_the_foreign_entries_and_no_annotation(
    args: ImagePullSecretsArgs, reads: bool
) -> None:
    args["detach"] = True
    args["retired_secret_names"] = ["old"]
    accounts: dict[str, tuple[list[str], str | None]] = {
        "team-a/default": (["zeta", "regcred", "alpha", "old"], "regcred"),
        "team-a/builder": (["regcred"], "regcred"),
        "team-b/default": ([], None),
    }
    deployment = await deploy_onto(accounts, args, reads=reads)
    assert shape_of(deployment) == {
        "team-a/default": (["zeta", "alpha"], None),
        "team-a/builder": ([], None),
        "team-b/default": ([], None),
    }
    for name in ("pulls/team-a/builder", "pulls/team-b/default"):
        assert set(deployment.of_type(PATCH)[name].inputs) == {"apiVersion", "kind", "metadata"}
        assert set(deployment.of_type(PATCH)[name].inputs["metadata"]) == {"name", "namespace"}
    assert deployment.exports["attached"] == {account: [] for account in accounts}
    assert len(deployment.of_type(SECRET)) == 4


@WAYS
@pytest.mark.parametrize("detach", [False, True])
async def test_a_patch_is_retained_exactly_where_the_list_holds_foreign_entries(
    args: ImagePullSecretsArgs, reads: bool, detach: bool
) -> None:
    args["detach"] = detach
    accounts: dict[str, tuple[list[str], str | None]] = {
        "team-a/default": (["theirs", "regcred"], "regcred"),
        "team-a/builder": (["regcred", "former"], "regcred,former"),
        "team-b/default": ([], None),
    }
    patches = (await deploy_onto(accounts, args, reads=reads)).of_type(PATCH)
    assert {name: bool(patch.retain_on_delete) for name, patch in patches.items()} == {
        "pulls/team-a/default": True,
        "pulls/team-a/builder": False,
        "pulls/team-b/default": False,
    }


@WAYS
async def test_the_transform_changes_nothing_but_retain_on_delete(args: ImagePullSecretsArgs, reads: bool) -> None:
    deployment = await deploy_onto({"team-a/default": (["theirs"], None)}, args, reads=reads)
    patch = deployment.of_type(PATCH)["pulls/team-a/default"]
    assert deployment.of_type(SECRET)["pulls/team-a/regcred"].urn in patch.dependencies
    assert patch.inputs["imagePullSecrets"] == [{"name": "theirs"}, {"name": "regcred"}]


async def test_each_account_is_read_once_by_its_namespace_and_name(args: ImagePullSecretsArgs) -> None:
    deployment = await deploy_pulls(args)
    reads = [(read.name, read.read_id) for read in deployment.resources if read.type == ACCOUNT]
    assert sorted(reads) == [
        ("pulls/team-a/builder", "team-a/builder"),
        ("pulls/team-a/default", "team-a/default"),
        ("pulls/team-b/default", "team-b/default"),
    ]
    assert {resource.type for resource in deployment.resources if resource.read_id is not None} == {ACCOUNT}


@pytest.mark.parametrize("is_there", [False, True])
async def test_nothing_is_read_where_the_accounts_are_known(args: ImagePullSecretsArgs, is_there: bool) -> None:
    args["namespaces"].append(NamespaceArgs(name="preview", create=True))
    there = {"preview": {"default": LiveAccount(("theirs",))}} if is_there else {}
    live_accounts = {**empty_accounts(args), **there}
    deployment = await deploy_pulls(args, live_accounts=live_accounts)
    assert [resource for resource in deployment.resources if resource.read_id is not None] == []
    assert len(deployment.of_type(PATCH)) == 4
    assert shape_of(deployment)["preview/default"] == (["theirs", "regcred"] if is_there else ["regcred"], "regcred")


async def test_no_patch_is_registered_for_an_account_that_was_not_read(args: ImagePullSecretsArgs) -> None:
    args["namespaces"] += [
        NamespaceArgs(name="preview", create=True, service_accounts=["not-there-yet"]),
        NamespaceArgs(name="no-accounts", service_accounts=[]),
        NamespaceArgs(name="team-c", create=False),
    ]
    live_accounts = {"team-a": {"default": LiveAccount()}, "team-c": {"Default": LiveAccount()}}
    deployment = Deployment()
    with pytest.raises(InvalidArgumentsError) as caught:
        await deploy_pulls(args, live_accounts=live_accounts, deployment=deployment)
    reason = "is not among the live_accounts, so it doesn't exist, or wasn't read"
    assert [str(problem) for problem in caught.value.problems] == [
        f"namespaces[0].service_accounts: 'builder' {reason}",
        f"namespaces[1].service_accounts: 'default' {reason}",
        f"namespaces[4].service_accounts: 'default' {reason}",
    ]
    assert deployment.of_type(COMPONENT) == deployment.of_type(PATCH) == deployment.of_type(SECRET) == {}


async def test_entries_without_a_name_and_accounts_without_metadata_are_read(args: ImagePullSecretsArgs) -> None:
    accounts: dict[str, dict[str, Any]] = {
        "team-a/default": {"imagePullSecrets": [{}, {"name": "theirs"}, {"name": ""}], "annotations": {}},
        "team-a/builder": {"imagePullSecrets": [], "annotations": {KEY: " , ,"}},
    }
    assert shape_of(await deploy_pulls(args, accounts=accounts)) == {
        "team-a/default": (["theirs", "regcred"], "regcred"),
        "team-a/builder": (["regcred"], "regcred"),
        "team-b/default": (["regcred"], "regcred"),
    }


async def test_in_a_namespace_of_ours_the_account_is_made_before_it_is_read(args: ImagePullSecretsArgs) -> None:
    args["namespaces"] = [NamespaceArgs(name="preview", create=True, service_accounts=["default", "builder"])]
    deployment = await deploy_pulls(args, accounts={"preview/default": {"imagePullSecrets": [{"name": "theirs"}]}})
    namespace = deployment.of_type(NAMESPACE)["pulls/preview"]
    for account in ("default", "builder"):
        name = f"pulls/preview/{account}"
        exists = deployment.of_type(PATCH)[f"{name}/exists"]
        assert exists.inputs["metadata"] == {"name": account, "namespace": "preview"}
        assert set(exists.inputs) == {"apiVersion", "kind", "metadata"}
        assert exists.dependencies == {namespace.urn}
        assert deployment.of_type(ACCOUNT)[name].read_id == f"preview/{account}"
        order = [(NAMESPACE, "pulls/preview"), (PATCH, f"{name}/exists"), (ACCOUNT, name), (PATCH, name)]
        assert sorted(order, key=lambda key: deployment.position(*key)) == order
    assert shape_of(deployment) == {
        "preview/default": (["theirs", "regcred"], "regcred"),
        "preview/builder": (["regcred"], "regcred"),
    }


async def test_only_accounts_in_a_namespace_of_ours_are_made(args: ImagePullSecretsArgs) -> None:
    args["namespaces"].append(NamespaceArgs(name="preview", create=True))
    deployment = await deploy_pulls(args)
    assert [name for name in deployment.of_type(PATCH) if name.endswith("/exists")] == ["pulls/preview/default/exists"]
    assert [resource for resource in deployment.resources if resource.type == ACCOUNT and not resource.read_id] == []


async def test_a_preview_waits_only_for_an_account_that_is_not_there_yet(args: ImagePullSecretsArgs) -> None:
    args["namespaces"].append(NamespaceArgs(name="preview", create=True))
    deployment = await deploy_pulls(
        args, preview=True, accounts={"team-b/default": {"imagePullSecrets": [{"name": "z"}]}}
    )
    assert deployment.of_type(ACCOUNT)["pulls/preview/default"].read_id == UNKNOWN
    patches = deployment.of_type(PATCH)
    assert patches["pulls/preview/default"].inputs["imagePullSecrets"] == UNKNOWN
    assert patches["pulls/preview/default"].retain_on_delete is None
    assert patches["pulls/team-b/default"].inputs["imagePullSecrets"] == [{"name": "z"}, {"name": "regcred"}]
    assert patches["pulls/team-b/default"].retain_on_delete is True
    assert patches["pulls/team-a/default"].inputs["imagePullSecrets"] == [{"name": "regcred"}]


@WAYS
async def test_a_patch_waits_for_its_secret(args: ImagePullSecretsArgs, reads: bool) -> None:
    args["secret_name"], args["retired_secret_names"] = "regcred-2", ["regcred"]
    deployment = await deploy_onto({}, args, reads=reads)
    made = deployment.of_type(SECRET)
    for name, patch in deployment.of_type(PATCH).items():
        namespace = name.split("/")[1]
        assert made[f"pulls/{namespace}/regcred-2"].urn in patch.dependencies


@WAYS
async def test_no_annotation_of_pulumis_provider_is_set(args: ImagePullSecretsArgs, reads: bool) -> None:
    args["namespaces"].append(NamespaceArgs(name="preview", create=True))
    deployment = await deploy_onto({"team-a/default": (["theirs"], None)}, args, reads=reads)
    assert len(deployment.resources) > 8
    assert "pulumi.com/" not in str([resource.inputs for resource in deployment.resources])


async def test_without_accounts_only_the_secret_is_made(args: ImagePullSecretsArgs) -> None:
    args["namespaces"] = [NamespaceArgs(name="team-a", service_accounts=[])]
    deployment = await deploy_pulls(args)
    assert set(deployment.of_type(SECRET)) == {"pulls/team-a/regcred"}
    assert deployment.of_type(PATCH) == deployment.of_type(ACCOUNT) == {}
    assert deployment.exports["attached"] == {}


async def test_two_components_on_one_account_have_names_and_annotations_of_their_own(
    args: ImagePullSecretsArgs,
) -> None:
    args["namespaces"] = [NamespaceArgs(name="team-a")]
    both = {"first": args, "second": ImagePullSecretsArgs(**{**args, "secret_name": "other"})}
    key = KEY.removesuffix("pulls")
    account = {
        "imagePullSecrets": [{"name": "regcred"}, {"name": "other"}],
        "annotations": {f"{key}first": "regcred", f"{key}second": "other"},
    }

    def program() -> None:
        opts = pulumi.ResourceOptions(provider=pulumi_kubernetes.Provider("cluster"))
        for name, its_args in both.items():
            ImagePullSecrets(name, its_args, opts)

    deployment = await deploy(program, accounts={"team-a/default": account})
    assert set(deployment.of_type(COMPONENT)) == {"first", "second"}
    patches = deployment.of_type(PATCH)
    for component, secret_name in (("first", "regcred"), ("second", "other")):
        patch = patches[f"{component}/team-a/default"]
        assert patch.inputs["imagePullSecrets"] == account["imagePullSecrets"]
        assert patch.inputs["metadata"]["annotations"] == {f"{key}{component}": secret_name}
