"""The policy for accounts that are made later. What it chooses and does is tested on a real API server."""

import json
import secrets
from typing import Any

import pytest
from pulumi_image_pull_secrets import admission, names
from pulumi_image_pull_secrets.args import ImagePullSecretsArgs
from pulumi_image_pull_secrets.attachment import LiveAccount, owner_of
from pulumi_image_pull_secrets.errors import SettingsError
from pulumi_image_pull_secrets.selection import Selection
from pulumi_image_pull_secrets.settings import parse

from tests.unit.mocks import COMPONENT, SECRET, Deployment, Resource, deploy_pulls


@pytest.fixture
def args() -> ImagePullSecretsArgs:
    return {
        "secret_name": "regcred",
        "namespaces": [{"name": "team-a"}],
        "registries": [{"server": "ghcr.io", "username": "bot", "password": secrets.token_urlsafe(16)}],
    }


COVERAGE = admission.Coverage("admissionregistration.k8s.io/v1", "true")


@pytest.mark.parametrize("stack", ["prod", "Prod_EU.1", "x" * 200, "a--b", "-", "日本"])
def test_its_name_is_one_for_any_owner(stack: str) -> None:
    owners = [
        owner_of(project="image-pull-secrets", stack=stack, component=name) for name in ("pulls", "Pulls", "p_ulls")
    ]
    made = {admission.policy_name(each) for each in owners}
    assert len(made) == 3
    assert [names.subdomain_problem(name) for name in made] == [None] * 3


def test_names_with_the_same_accounts_are_one_list() -> None:
    entries = [{"name": name, "service_accounts": ["default"]} for name in ("a", "b")]
    expression = admission.chosen_expression(Selection.parse({"namespaces": entries}))
    assert 'namespaceObject.metadata.name in ["a", "b"]' in expression


def registered(deployment: Deployment) -> dict[str, Resource]:
    return {each.name: each for each in deployment.resources if admission.GROUP in each.type}


async def test_the_component_makes_policy_and_binding(args: ImagePullSecretsArgs) -> None:
    deployment = await deploy_pulls(args, coverage=COVERAGE)

    resources = registered(deployment)

    assert list(resources) == ["pulls/policy", "pulls/policy-binding"]
    policy, binding = resources.values()
    (component,) = deployment.of_type(COMPONENT).values()
    assert policy.parent == binding.parent == component.urn
    (patch,) = (each for each in deployment.resources if each.type.endswith(":ServiceAccountPatch"))
    assert {policy.urn, patch.urn} <= set(binding.dependencies)
    # An account that is made meanwhile gets no name whose Secret isn't there yet.
    assert {each.urn for each in deployment.of_type(SECRET).values()} <= set(policy.dependencies)
    assert binding.inputs["spec"] == {"policyName": policy.inputs["metadata"]["name"]}
    assert policy.inputs["apiVersion"] == "admissionregistration.k8s.io/v1"
    assert args["secret_name"] in json.dumps(policy.inputs["spec"])


async def test_what_can_not_be_judged_is_let_through(args: ImagePullSecretsArgs) -> None:
    policy = registered(await deploy_pulls(args, coverage=COVERAGE))["pulls/policy"]
    assert policy.inputs["spec"]["failurePolicy"] == "Ignore"


async def test_there_is_none_without_coverage(args: ImagePullSecretsArgs) -> None:
    assert registered(await deploy_pulls(args)) == {}


async def test_with_detach_it_chooses_nobody_before_a_name_is_taken_off(args: ImagePullSecretsArgs) -> None:
    args["detach"] = True
    deployment = await deploy_pulls(args, coverage=COVERAGE)
    policy, binding = registered(deployment).values()
    assert {"name": "chosen", "expression": "false"} in policy.inputs["spec"]["variables"]
    (patch,) = (each for each in deployment.resources if each.type.endswith(":ServiceAccountPatch"))
    assert policy.urn in patch.dependencies
    assert patch.urn in binding.dependencies


async def test_it_leaves_a_namespace_before_a_name_is_taken_off_there(args: ImagePullSecretsArgs) -> None:
    left = LiveAccount(("theirs", "regcred"), annotation="regcred")
    accounts = {args["namespaces"][0]["name"]: {"default": LiveAccount()}, "left": {"default": left}}
    deployment = await deploy_pulls(args, coverage=COVERAGE, live_accounts=accounts)
    policy, _ = registered(deployment).values()
    patches = {each.name: each for each in deployment.resources if each.type.endswith(":ServiceAccountPatch")}
    waits = {name for name, patch in patches.items() if policy.urn in patch.dependencies}
    assert waits == {"pulls/left/default"}


@pytest.mark.parametrize("coverage", ["operator", "Admission", "", "x" * 300])
def test_a_coverage_that_there_is_not(coverage: str) -> None:
    raw: dict[str, Any] = {
        "context": "c",
        "secretName": "regcred",
        "namespaces": '[{"name": "a"}]',
        "dockerConfigJson": '{"auths": {"ghcr.io": {"username": "a", "password": "b"}}}',
        "coverage": coverage,
    }
    with pytest.raises(SettingsError, match=r"coverage: '.* is unknown; give one of: up, admission"):
        parse(raw, stack="prod")
    assert parse({**raw, "coverage": "admission"}, stack="prod").coverage == "admission"


def test_an_expression_that_is_too_long_is_told_before_the_api_server_refuses_it() -> None:
    entries = [{"name": f"team-{number:06}"} for number in range(10_000)]
    fits = admission.covering(Selection.parse({"namespaces": entries[:5_000]}), "v1")
    assert admission.size_problem(fits) is None
    problem = admission.size_problem(admission.covering(Selection.parse({"namespaces": entries}), "v1"))
    assert problem
    assert "and the API server takes 100,000; choose with globs or selectors" in problem
