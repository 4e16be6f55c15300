"""Namespaces and accounts that are chosen by globs and label selectors, while they come, change and go."""

import json
import secrets
from collections import Counter
from typing import Any

import pytest
from pulumi_image_pull_secrets.api import Api
from pulumi_image_pull_secrets.attachment import EXCLUDE_ANNOTATION
from pulumi_image_pull_secrets.cluster import preflight

from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import Outcome, ProgramStack


class Family:
    """Namespaces whose names start alike, on a cluster that has many others."""

    def __init__(self, cluster: LiveCluster) -> None:
        self._cluster = cluster
        self.prefix = f"f-{secrets.token_hex(4)}"
        self.pattern = f"{self.prefix}-*"

    def add(self, name: str, *accounts: str, **labels: str) -> str:
        full = f"{self.prefix}-{name}"
        self._cluster.api.create_namespace({"metadata": {"name": full, "labels": labels}})
        for account in accounts:
            self._cluster.create_account(full, account)
        self._cluster.wait_for(lambda: self._cluster.account(full, "default"))
        return full

    def annotate(self, *kind_and_name: str) -> None:
        self._cluster.kubectl("annotate", "--overwrite", *kind_and_name, f"{EXCLUDE_ANNOTATION}=true")


@pytest.fixture
def family(cluster: LiveCluster) -> Family:
    return Family(cluster)


def up(stack: ProgramStack) -> Outcome:
    """An up, after which nothing is left to do."""
    outcome = stack.up()
    assert not outcome.failed, outcome.output
    again = stack.preview()
    assert again.changed == {}, again.output
    return outcome


def test_namespaces_are_covered_while_they_match(cluster: LiveCluster, stack: ProgramStack, family: Family) -> None:
    first = family.add("a", "builder", "ci-1")
    cluster.set_pull_secrets(first, "builder", "theirs")
    other = family.add("b", env="dev")
    excluded = family.add("c")
    stack.config["namespaces"] = [{"name": family.pattern, "serviceAccounts": ["default", "builder", "ci-*"]}]
    stack.config["exclude"] = [{"name": "*-c"}, {"selector": "env=prod"}]

    outcome = up(stack)

    assert f"namespaces[0] ({family.pattern}) chooses 2 namespaces: {first}, {other}" in outcome.output
    assert f"left out by exclude[0] (*-c): namespace {excluded}" in outcome.output
    assert f"finds no ServiceAccount builder in 1 of 2 namespaces: {other}" in outcome.output
    assert cluster.pull_secrets(first, "builder") == ["theirs", "regcred"]
    assert cluster.pull_secrets(first, "ci-1") == cluster.pull_secrets(other) == ["regcred"]
    assert cluster.pull_secrets(excluded) == []
    assert cluster.secret(excluded, "regcred") is None

    # One comes, and one is excluded from now on.
    new = family.add("d")
    cluster.kubectl("label", "--overwrite", "namespace", other, "env=prod")
    up(stack)

    assert cluster.pull_secrets(new) == ["regcred"]
    assert cluster.pull_secrets(other) == []
    assert cluster.secret(other, "regcred") is None
    assert cluster.secret(first, "regcred") is not None


def test_whoever_opts_out_is_left_as_found(cluster: LiveCluster, stack: ProgramStack, family: Family) -> None:
    first, second = family.add("a", "builder"), family.add("b")
    cluster.set_pull_secrets(second, "default", "theirs")
    before = cluster.account(second, "default")
    stack.config["namespaces"] = [{"name": family.pattern, "serviceAccounts": "all"}]
    up(stack)
    assert cluster.pull_secrets(first, "builder") == ["regcred"]
    assert cluster.pull_secrets(second) == ["theirs", "regcred"]

    family.annotate("namespace", second)
    family.annotate("serviceaccount", "builder", "-n", first)
    outcome = stack.up()

    assert f"left out by their annotation {EXCLUDE_ANNOTATION}: namespace {second}" in outcome.output
    assert f"left out by their annotation {EXCLUDE_ANNOTATION}: ServiceAccount {first}/builder" in outcome.output
    assert cluster.pull_secrets(first, "builder") == []
    assert cluster.pull_secrets(first) == ["regcred"]
    assert cluster.account(second, "default") == before
    # The patch of an account with foreign entries goes from the state with the next up (docs/promises.md, P5).
    assert not stack.up().failed
    assert stack.preview().changed == {}


def test_a_selector_that_matches_no_more_takes_everything_back_where_it_may(
    cluster: LiveCluster, stack: ProgramStack, family: Family
) -> None:
    only = family.add("a", team=family.prefix)
    stack.config["namespaces"] = [{"selector": f"team in ({family.prefix})"}]
    up(stack)
    assert cluster.pull_secrets(only) == ["regcred"]
    cluster.kubectl("label", "--overwrite", "namespace", only, "team=other")

    refused = stack.preview()

    assert refused.failed
    assert f"namespaces[0] (team in ({family.prefix})) matches no namespace; correct it, or set" in refused.output
    assert cluster.pull_secrets(only) == ["regcred"]
    stack.config["namespaces"][0]["allowEmpty"] = True
    up(stack)
    assert cluster.pull_secrets(only) == []
    assert cluster.secret(only, "regcred") is None


def test_a_glob_for_everything_that_is_confirmed_is_carried_out(
    cluster: LiveCluster, stack: ProgramStack, family: Family
) -> None:
    only, other = family.add("a", team=family.prefix), family.add("b")
    stack.config["namespaces"] = [{"name": "*", "confirmAll": True}]
    stack.config["exclude"] = [{"selector": f"team!={family.prefix}"}]
    up(stack)
    assert cluster.pull_secrets(only) == ["regcred"]
    assert cluster.pull_secrets(other) == []


def test_mistakes_change_nothing(cluster: LiveCluster, stack: ProgramStack, family: Family) -> None:
    only = family.add("a")
    for entry, told in (
        ({"name": "*"}, "namespaces[0].name: '*' chooses every namespace there is; if that is meant, set confirmAll"),
        ({"selector": "a=b=c"}, "namespaces[0].selector: '=' found, where ',' is expected, at character 4"),
        (
            {"name": family.pattern, "serviceAccounts": ["defualt"]},
            f"namespaces[0] ({family.pattern}) chooses 1 namespace, and no ServiceAccount defualt is in it; correct it",
        ),
    ):
        stack.config["namespaces"] = [entry]
        outcome = stack.up()
        assert outcome.failed
        assert told in outcome.output
        assert "Traceback" not in outcome.output
    assert cluster.pull_secrets(only) == []


def test_what_is_being_deleted_is_left_out_with_a_note(
    cluster: LiveCluster, stack: ProgramStack, family: Family
) -> None:
    staying, going = family.add("a"), family.add("b")
    body = {"metadata": {"name": "held", "finalizers": ["test.example/held"]}}
    cluster.api.create_namespaced_config_map(going, body)
    stack.config["namespaces"] = [{"name": family.pattern}]
    up(stack)
    assert cluster.pull_secrets(going) == ["regcred"]
    cluster.api.delete_namespace(going)
    try:
        outcome = up(stack)
        assert f"since they are being deleted (Terminating): namespace {going}" in outcome.output
        assert cluster.pull_secrets(staying) == ["regcred"]
    finally:
        patch = json.dumps({"metadata": {"finalizers": None}})
        cluster.kubectl("patch", "configmap", "held", "-n", going, "--type=merge", "-p", patch)


def test_patterns_cost_one_list_of_namespaces_and_nothing_for_each(
    cluster: LiveCluster, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcdef":
        family.add(name)
    asked: Counter[str] = Counter()
    original = Api._ask

    def counted(self: Api, method: str, path: str, query: dict[str, str] | None = None, **others: Any) -> Any:
        # A list's further pages are as many as others have made there.
        asked[f"{method} {path.replace(family.prefix, '…')}"] += "continue" not in (query or {})
        return original(self, method, path, query, **others)

    monkeypatch.setattr(Api, "_ask", counted)
    args: Any = {"secret_name": "regcred", "namespaces": [{"name": family.pattern, "service_accounts": ["*"]}]}

    resolved = preflight(args, owner="project.stack.pulls", context=CONTEXT, kubeconfig=str(cluster.kubeconfig))

    assert [entry["name"] for entry in resolved.args["namespaces"]] == [f"{family.prefix}-{name}" for name in "abcdef"]
    assert {question: count for question, count in asked.items() if question.startswith("GET ")} == {
        "GET /version": 1,
        "GET /api/v1/namespaces": 1,
        "GET /api/v1/serviceaccounts": 1,
        # Of few namespaces in each, of one name, with our type and with another.
        **{f"GET /api/v1/namespaces/…-{name}/secrets": 2 for name in "abcdef"},
    }
