"""What the component does to accounts that it is not to be on any more, and where others hold what is ours."""

import secrets
from typing import Any

import pytest
from pulumi_image_pull_secrets import ImagePullSecretsArgs
from pulumi_image_pull_secrets.args import NamespaceArgs, RegistryArgs
from pulumi_image_pull_secrets.attachment import LiveAccount

from tests.unit.mocks import NAMESPACE, PATCH, SECRET, Deployment, Resource, deploy_pulls, empty_accounts

KEY = "image-pull-secrets/image-pull-secrets.test.pulls"


@pytest.fixture
def args() -> ImagePullSecretsArgs:
    return ImagePullSecretsArgs(
        secret_name="regcred",
        registries=[RegistryArgs(server="ghcr.io", username="bot", password=secrets.token_urlsafe(16))],
        retired_secret_names=["old"],
        namespaces=[NamespaceArgs(name="team-a", service_accounts=["default"]), NamespaceArgs(name="team-b")],
    )


async def deploy_with(args: ImagePullSecretsArgs, **live: LiveAccount) -> Deployment:
    """The component where these accounts, as namespace__account, are there besides the listed ones."""
    accounts: dict[str, dict[str, LiveAccount]] = empty_accounts(args)
    for place, account in live.items():
        namespace, name = place.replace("_", "-").split("--")
        accounts.setdefault(namespace, {})[name] = account
    return await deploy_pulls(args, live_accounts=accounts)


def written(patch: Resource) -> tuple[Any, Any]:
    """The entries and the annotations, as they go over the wire."""
    assert set(patch.inputs) <= {"apiVersion", "kind", "metadata", "imagePullSecrets"}
    assert patch.name == f"pulls/{patch.inputs['metadata']['namespace']}/{patch.inputs['metadata']['name']}"
    return patch.inputs.get("imagePullSecrets"), patch.inputs["metadata"].get("annotations")


LISTED = {"pulls/team-a/default", "pulls/team-b/default"}
PLACES = pytest.mark.parametrize("place", ["team_a__former", "gone__default"])


@PLACES
async def test_from_an_account_with_entries_of_others_exactly_ours_are_taken(
    args: ImagePullSecretsArgs, place: str
) -> None:
    account = LiveAccount(("zeta", "regcred", "alpha", "old", "ancient"), "regcred,ancient")
    deployment = await deploy_with(args, **{place: account})
    patches = deployment.of_type(PATCH)
    (name,) = set(patches) - LISTED
    assert name == f"pulls/{place.replace('_', '-').replace('--', '/')}"
    assert written(patches[name]) == ([{"name": "zeta"}, {"name": "alpha"}], None)
    assert patches[name].retain_on_delete is True
    assert patches[name].dependencies == frozenset()


@PLACES
async def test_an_account_with_ours_alone_is_left_to_the_engine(args: ImagePullSecretsArgs, place: str) -> None:
    deployment = await deploy_with(args, **{place: LiveAccount(("regcred",), "regcred")})
    assert set(deployment.of_type(PATCH)) == LISTED


@PLACES
@pytest.mark.parametrize(
    ("account", "entries", "annotations"),
    [
        (LiveAccount(("regcred",), "regcred", list_is_shared=True), [{}], None),
        (LiveAccount(("regcred",), "regcred", annotation_is_shared=True), None, {KEY: ""}),
        (LiveAccount((), "", annotation_is_shared=True), None, {KEY: ","}),
        (LiveAccount(("old",), "", annotation_is_shared=True, list_is_shared=True), [{}], {KEY: ","}),
    ],
)
async def test_what_others_hold_too_is_taken_over_before_it_goes(
    args: ImagePullSecretsArgs, place: str, account: LiveAccount, entries: Any, annotations: Any
) -> None:
    patches = (await deploy_with(args, **{place: account})).of_type(PATCH)
    (name,) = set(patches) - LISTED
    assert written(patches[name]) == (entries, annotations)
    # So the next up, which finds nothing to do any more, has the engine delete it.
    assert not patches[name].retain_on_delete


@pytest.mark.parametrize(
    "account",
    [LiveAccount(), LiveAccount(("theirs",)), LiveAccount(("regcred", "theirs"), list_is_shared=True)],
    ids=["empty", "theirs", "our name, but not by us"],
)
async def test_an_account_without_our_annotation_is_nobodys_business(
    args: ImagePullSecretsArgs, account: LiveAccount
) -> None:
    deployment = await deploy_with(args, team_a__former=account, gone__default=account)
    assert set(deployment.of_type(PATCH)) == LISTED


@pytest.mark.parametrize("detach", [False, True])
async def test_a_listed_account_is_attached_to_and_not_left(args: ImagePullSecretsArgs, detach: bool) -> None:
    args["detach"] = detach
    account = LiveAccount(("theirs", "regcred"), "regcred")
    deployment = await deploy_with(args, team_a__default=account, team_b__default=account)
    patches = deployment.of_type(PATCH)
    assert set(patches) == LISTED
    kept = [{"name": "theirs"}] if detach else [{"name": "theirs"}, {"name": "regcred"}]
    for patch in patches.values():
        assert written(patch) == (kept, None if detach else {KEY: "regcred"})
        assert len(patch.dependencies) == 1


async def test_in_a_namespace_of_ours_too(args: ImagePullSecretsArgs) -> None:
    args["namespaces"].append(NamespaceArgs(name="preview", create=True, service_accounts=["builder"]))
    account = LiveAccount(("theirs", "regcred"), "regcred")
    deployment = await deploy_with(args, preview__default=account)
    patches = deployment.of_type(PATCH)
    assert set(patches) - LISTED == {"pulls/preview/builder", "pulls/preview/default"}
    assert written(patches["pulls/preview/default"]) == ([{"name": "theirs"}], None)


async def test_what_is_left_gets_no_secret_and_is_in_no_output(args: ImagePullSecretsArgs) -> None:
    account = LiveAccount(("theirs", "regcred"), "regcred")
    deployment = await deploy_with(args, team_a__former=account, gone__default=account, gone__other=account)
    plain = await deploy_with(args)
    assert deployment.of_type(SECRET) == plain.of_type(SECRET)
    assert deployment.of_type(NAMESPACE) == {}
    assert deployment.exports == plain.exports
    assert deployment.keys - plain.keys == {
        (PATCH, "pulls/team-a/former"),
        (PATCH, "pulls/gone/default"),
        (PATCH, "pulls/gone/other"),
    }


async def test_a_namespace_without_accounts_has_none_to_leave(args: ImagePullSecretsArgs) -> None:
    live_accounts = {**empty_accounts(args), "gone": {}}
    assert set((await deploy_pulls(args, live_accounts=live_accounts)).of_type(PATCH)) == LISTED


def held(manager: str, operation: str, *fields: str) -> dict[str, Any]:
    trees: dict[str, dict[str, Any]] = {
        "list": {"f:imagePullSecrets": {}},
        "annotation": {"f:metadata": {"f:annotations": {f"f:{KEY}": {}}}},
    }
    merged = {path: tree for name in fields for path, tree in trees[name].items()}
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": merged}


@pytest.mark.parametrize(
    ("managed", "entries", "annotations"),
    [
        ([held("ours", "Apply", "list", "annotation")], None, None),
        ([held("ours", "Apply", "list", "annotation"), held("kubectl-patch", "Update", "list")], [{}], None),
        ([held("ours", "Apply", "list", "annotation"), held("x", "Apply", "annotation")], [{}], {KEY: ""}),
        ([held("kubectl-edit", "Update", "list", "annotation")], [{}], {KEY: ""}),
        ([], None, None),
    ],
    ids=["ours alone", "a list of others", "an annotation of others", "both of others", "not told"],
)
async def test_it_sees_who_holds_what_in_its_own_reads_too(
    args: ImagePullSecretsArgs, managed: list[dict[str, Any]], entries: Any, annotations: Any
) -> None:
    args["detach"] = True
    account = {
        "imagePullSecrets": [{"name": "regcred"}],
        "annotations": {KEY: "regcred"},
        **({"managedFields": managed} if managed else {}),
    }
    deployment = await deploy_pulls(args, accounts={"team-a/default": account})
    assert set(deployment.of_type(PATCH)) == LISTED
    assert written(deployment.of_type(PATCH)["pulls/team-a/default"]) == (entries, annotations)
    assert written(deployment.of_type(PATCH)["pulls/team-b/default"]) == (None, None)
