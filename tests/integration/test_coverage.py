"""coverage: admission, on the real API server: accounts that are made after the up carry the name."""

import json
import secrets
import subprocess
from bisect import bisect_left
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pulumi_image_pull_secrets import admission
from pulumi_image_pull_secrets.attachment import EXCLUDE_ANNOTATION, OWNER_ANNOTATION, annotation_key, owner_of
from pulumi_image_pull_secrets.selection import Selection

from sandbox.controlplane import ControlPlane
from sandbox.engine import Engine
from tests.integration.fakes import as_json
from tests.integration.faulty import Request, in_front_of
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import Outcome, ProgramStack
from tests.integration.reviewer import Reviewer

ROLE = "image-pull-secrets-admission"
PARALLEL = 8


def bind(cluster: LiveCluster, name: str) -> None:
    cluster.kubectl("create", "clusterrolebinding", name, f"--clusterrole={ROLE}", f"--serviceaccount={cluster.user}")


@pytest.fixture
def rights(cluster: LiveCluster) -> Iterator[None]:
    """For programs to make policies, besides what they may anyway."""
    name = f"{ROLE}-{secrets.token_hex(4)}"
    bind(cluster, name)
    yield
    cluster.kubectl("delete", "clusterrolebinding", name)


class Covered:
    """A stack that covers the namespaces of one prefix, all accounts in them, and those that come."""

    def __init__(self, cluster: LiveCluster, stack: ProgramStack, prefix: str = "") -> None:
        self.cluster, self.stack = cluster, stack
        self.prefix = prefix or f"c-{secrets.token_hex(4)}"
        self.owner = owner_of(project="image-pull-secrets", stack=stack.name, component="pulls")
        stack.config["namespaces"] = [{"name": f"{self.prefix}-*", "serviceAccounts": "all", "allowEmpty": True}]
        stack.config["coverage"] = "admission"

    def up(self) -> Outcome:
        """An up, after which nothing is left to do, and the policy is in force."""
        outcome = self.stack.up()
        assert not outcome.failed, outcome.output
        again = self.stack.preview()
        assert again.changed == {}, again.output
        if self.policies():
            probe = self.add(f"probe-{secrets.token_hex(4)}")
            names = (f"a-{number}" for number in range(10**9))
            # The API server hears of a policy a moment later.
            self.cluster.wait_for(lambda: self.name in self.account(probe, next(names)))
        return outcome

    @property
    def name(self) -> str:
        return str(self.stack.config["secretName"])

    def add(self, name: str, **annotations: str) -> str:
        full = f"{self.prefix}-{name}"
        self.cluster.api.create_namespace({"metadata": {"name": full, "annotations": annotations}})
        self.cluster.wait_for(lambda: self.cluster.account(full, "default"))
        return full

    def account(self, namespace: str, name: str, *pull_secrets: str, **metadata: Any) -> list[str]:
        """Makes it, and says what it carries then."""
        self.cluster.create_account(namespace, name, *pull_secrets, **metadata)
        return self.names(namespace, name)

    def names(self, namespace: str, account: str = "default") -> list[str]:
        """On its list, without the placeholder that the policy adds."""
        entries = self.cluster.account(namespace, account).get("imagePullSecrets", [])
        return [entry["name"] for entry in entries if entry]

    def policies(self) -> list[str]:
        """Of this owner, the bindings among them."""
        kinds = f"{admission.POLICIES},{admission.BINDINGS}"
        names = self.cluster.kubectl("get", kinds, "-o", "name").split()
        return [name for name in names if name.endswith(admission.policy_name(self.owner))]


def lines_until(text: str, output: str) -> list[str]:
    """Those before the one with the text, which must be there."""
    lines = output.splitlines()
    return lines[: next(number for number, line in enumerate(lines) if text in line)]


@pytest.fixture
def covered(cluster: LiveCluster, stack: ProgramStack, rights: None) -> Covered:
    return Covered(cluster, stack)


def test_accounts_made_later_carry_the_name_and_are_ours(cluster: LiveCluster, covered: Covered) -> None:
    first = covered.add("first")
    outcome = covered.up()
    assert f"by the MutatingAdmissionPolicy {admission.policy_name(covered.owner)}" in outcome.output
    assert cluster.pull_secrets(first) == ["regcred"]
    for policy in covered.policies():
        metadata = json.loads(cluster.kubectl("get", policy, "-o", "json"))["metadata"]
        assert metadata["annotations"][OWNER_ANNOTATION] == covered.owner

    later = covered.add("later")
    assert covered.names(later) == ["regcred"]
    assert cluster.account(later, "default")["metadata"]["annotations"] == {annotation_key(covered.owner): "regcred"}
    assert covered.account(first, "builder", "theirs") == ["theirs", "regcred"]
    assert covered.account(first, "twice", "regcred", "theirs") == ["regcred", "theirs"]
    assert covered.account(first, "out", annotations={EXCLUDE_ANNOTATION: "true"}) == []
    opted_out = covered.add("out", **{EXCLUDE_ANNOTATION: "true"})
    assert covered.account(opted_out, "builder") == []
    assert covered.account(cluster.new_namespace(), "builder") == []
    kept = covered.account(first, "restored", annotations={annotation_key(covered.owner): "old,regcred"})
    assert kept == ["regcred"]
    restored = cluster.account(first, "restored")["metadata"]["annotations"]
    assert restored == {annotation_key(covered.owner): "old,regcred"}

    # The next up makes the Secret, and takes all of them for its own.
    covered.up()
    assert cluster.secret(later, "regcred") is not None
    assert cluster.pull_secrets(later) == ["regcred"]
    assert cluster.pull_secrets(first, "builder") == ["theirs", "regcred"]
    assert covered.stack.outputs()["attached"][f"{first}/builder"] == ["regcred"]


def test_a_rename_reaches_those_that_come(cluster: LiveCluster, covered: Covered) -> None:
    covered.up()
    made_before = covered.add("before")
    covered.stack.config |= {"secretName": "regcred-2", "retiredSecretNames": ["regcred"]}
    covered.up()
    assert cluster.pull_secrets(made_before) == ["regcred-2"]
    assert covered.names(covered.add("after")) == ["regcred-2"]


def test_leaving_takes_the_policy_and_every_entry_of_it_away(cluster: LiveCluster, covered: Covered) -> None:
    first = covered.add("first")
    covered.up()
    later = covered.add("later")
    covered.account(later, "theirs", "other")
    accounts = [(first, "default"), (later, "default"), (later, "theirs")]
    assert all("regcred" in covered.names(*each) for each in accounts)
    covered.stack.config["detach"] = True

    up = covered.stack.up()

    assert not up.failed
    before = lines_until("pulls/policy updated", up.output)
    assert not [line for line in before if "ServiceAccountPatch" in line and ("updat" in line or "creat" in line)]
    # What was made before the API server heard of it is found by its annotation (docs/howto/leave.md).
    cluster.wait_for(lambda: covered.account(first, f"a-{secrets.token_hex(4)}") == [])
    for _ in range(2):
        assert not covered.stack.up().failed
    assert covered.stack.preview().changed == {}
    assert [cluster.pull_secrets(*each) for each in accounts] == [[], [], ["other"]]
    assert not covered.stack.destroy().failed
    assert covered.policies() == []
    for namespace in (first, later):
        assert cluster.secret(namespace, "regcred") is None
        for account in cluster.api.list_namespaced_service_account(namespace).items:
            assert "regcred" not in [entry.name for entry in account.image_pull_secrets or []]
            assert not [key for key in account.metadata.annotations or {} if key.startswith("image-pull-secrets/")]


def test_without_coverage_the_policy_goes_and_accounts_stay(cluster: LiveCluster, covered: Covered) -> None:
    covered.up()
    later = covered.add("later")
    covered.stack.config["coverage"] = "up"
    covered.up()
    assert covered.policies() == []
    assert cluster.pull_secrets(later) == ["regcred"]


def test_a_reviewer_sees_what_patterns_chose_and_whom_the_policy_covers(covered: Covered, reviewer: Reviewer) -> None:
    for name in ("first", "out"):
        covered.add(name)
    stack, policy = covered.stack, "image-pull-secrets-of-prod"
    reviewer.names |= {admission.policy_name(covered.owner): policy, covered.prefix: "team"}
    stack.config["exclude"] = [{"name": "*-out"}, {"name": "*-nobody"}]
    made_later = "ServiceAccounts made later in the chosen namespaces"

    notes = [
        "  info: namespaces[0] (team-*) chooses 1 namespace: team-first",
        "  info: left out by exclude[0] (*-out): namespace team-out",
        "  info: exclude[1] (*-nobody) excludes nothing",
    ]
    covers = (
        f"  info: accounts that are made later get the name at their creation, by the MutatingAdmissionPolicy {policy}"
    )
    assert reviewer.lines(stack, "covered") == [
        "prod: 1 Secret created, 1 ServiceAccount attached, 1 admission policy created",
        f"  note: {made_later} get the name at their creation, by the MutatingAdmissionPolicy {policy}, which is the "
        "whole cluster's",
        *notes,
        covers,
        "  the whole cluster",
        f"    + MutatingAdmissionPolicy {policy}: created",
        "  team-first",
        "    + Secret regcred: created",
        "    + ServiceAccount default: regcred attached",
    ]
    assert not stack.up().failed
    assert reviewer.lines(stack, "") == ["prod: no changes", *notes, covers]

    del stack.config["exclude"][1]
    assert reviewer.lines(stack, "") == [
        "prod: 1 admission policy changed",
        *notes[:2],
        covers,
        "  the whole cluster",
        f"    ~ MutatingAdmissionPolicy {policy}: changed: which ServiceAccounts it chooses",
    ]
    stack.config |= {"secretName": "renamed", "retiredSecretNames": ["regcred"]}
    assert (
        f"    ~ MutatingAdmissionPolicy {policy}: changed: which ServiceAccounts it chooses, and what ServiceAccounts "
        "made later get"
    ) in reviewer.lines(stack, "")
    stack.config |= {"secretName": "regcred", "retiredSecretNames": [], "detach": True}
    no_longer = (
        f"  risk: {made_later} no longer get the name at their creation, by the MutatingAdmissionPolicy {policy}; "
        "until an up attaches the name, their pods pull without a credential"
    )
    leaving = reviewer.lines(stack, "")
    assert no_longer in leaving
    assert f"    ~ MutatingAdmissionPolicy {policy}: changed: chooses no ServiceAccount any more" in leaving
    stack.config |= {"detach": False, "coverage": "up"}
    assert reviewer.lines(stack, "covered-no-more") == [
        "prod: 1 admission policy deleted",
        no_longer,
        *notes[:2],
        "  the whole cluster",
        f"    - MutatingAdmissionPolicy {policy}: deleted",
    ]


def test_two_owners_cover_the_same_accounts(
    cluster: LiveCluster, new_stack: Callable[[], ProgramStack], covered: Covered
) -> None:
    other = Covered(cluster, new_stack(), covered.prefix)
    other.stack.config["secretName"] = "other"
    covered.up()
    other.up()

    later = covered.add("later")

    assert sorted(covered.names(later)) == ["other", "regcred"]
    owners = {annotation_key(covered.owner): "regcred", annotation_key(other.owner): "other"}
    assert cluster.account(later, "default")["metadata"]["annotations"] == owners
    for each in (covered, other):
        each.up()
    other.stack.config["detach"] = True
    assert not other.stack.up().failed
    assert cluster.pull_secrets(later) == ["regcred"]


def test_two_hundred_at_once(cluster: LiveCluster, covered: Covered) -> None:
    covered.up()
    with ThreadPoolExecutor(PARALLEL) as pool:
        namespaces = list(pool.map(lambda number: covered.add(str(number)), range(100)))
        lists = list(pool.map(lambda namespace: covered.account(namespace, "builder", "theirs"), namespaces))
    assert lists == [["theirs", "regcred"]] * 100
    assert [covered.names(namespace) for namespace in namespaces] == [["regcred"]] * 100
    covered.up()

    # Not even detach is needed where no entries of others are.
    destroyed = covered.stack.destroy()

    assert not destroyed.failed
    before = lines_until("policy-binding deleted", destroyed.output)
    assert not [line for line in before if "ServiceAccountPatch" in line and "delet" in line]
    assert covered.policies() == []
    bare = cluster.account(cluster.new_namespace(), "default")
    for namespace in namespaces:
        found = cluster.account(namespace, "default")
        assert (found.keys(), found["metadata"].keys()) == (bare.keys(), bare["metadata"].keys())


@pytest.mark.parametrize("own_accounts", [False, True])
def test_an_expression_as_long_as_may_be_is_taken(
    cluster: LiveCluster, covered: Covered, *, own_accounts: bool
) -> None:
    def coverage(count: int) -> admission.Coverage:
        names = [f"{covered.prefix}-{number:06}" for number in range(count)]
        accounts = [["default", *([f"{name}-app"] if own_accounts else [])] for name in names]
        entries = [{"name": name, "service_accounts": own} for name, own in zip(names, accounts, strict=True)]
        return admission.covering(Selection.parse({"namespaces": entries}), "v1")

    def create(of: admission.Coverage) -> None:
        spec = admission.policy_spec(of, secret_name="regcred", owner=covered.owner)
        metadata = {"name": admission.policy_name(covered.owner)}
        policy = {"apiVersion": of.api_version, "kind": admission.POLICY, "metadata": metadata, "spec": spec}
        cluster.kubectl("create", "--dry-run=server", "-f", "-", text=json.dumps(policy))

    too_many = bisect_left(range(10_000), True, key=lambda count: bool(admission.size_problem(coverage(count))))
    create(coverage(too_many - 1))
    with pytest.raises(subprocess.CalledProcessError) as refused:
        create(coverage(too_many))
    assert "expression code point size exceeds limit" in str(refused.value.stderr)


def test_a_longer_expression_is_told_in_the_preview(covered: Covered) -> None:
    first = covered.add("first")
    many = [{"name": f"{covered.prefix}-{number:06}-*", "allowEmpty": True} for number in range(2_000)]
    covered.stack.config["namespaces"] = [{"name": first}, *many]
    preview = covered.stack.preview()
    assert preview.failed
    assert "characters of what namespaces and exclude choose, and the API server takes 100,000" in preview.output


def test_without_the_right_to_make_policies_the_preview_says_so(cluster: LiveCluster, stack: ProgramStack) -> None:
    Covered(cluster, stack)
    outcome = stack.preview()
    assert outcome.failed
    verbs = "get, list, watch, create, patch, delete"
    for resource in (admission.POLICIES, admission.BINDINGS):
        assert f"the user of this context may not {verbs} {resource}; give it a role with these verbs" in outcome.output


def hiding(version: str) -> Callable[[Request], Any]:
    """What has an API server seem to be of a time in which its API group had nothing in this version."""
    nothing = as_json({"kind": "APIResourceList", "groupVersion": f"{admission.GROUP}/{version}", "resources": []})
    return lambda request: nothing if request.path.rstrip("/") == f"/apis/{admission.GROUP}/{version}" else None


def test_a_cluster_without_policies_is_a_clear_error(cluster: LiveCluster, covered: Covered, tmp_path: Path) -> None:
    with in_front_of(cluster.kubeconfig) as proxy:
        proxy.in_front(covered.stack, tmp_path)
        proxy.before = hiding("v1")
        outcome = covered.stack.preview()
        assert outcome.failed
        covered.stack.config["detach"] = True
        leaving = covered.stack.preview()
    assert "coverage: admission needs MutatingAdmissionPolicy, which the cluster doesn't have" in outcome.output
    assert not leaving.failed, leaving.output
    assert admission.POLICY not in leaving.output


@pytest.fixture
def cluster_with_beta(parts: dict[str, Path], tmp_path: Path) -> Iterator[LiveCluster]:
    """One that serves v1beta1 as well, as those before 1.36 do where it is switched on."""
    flag = f"--runtime-config={admission.GROUP}/v1beta1=true"
    plane = ControlPlane(tmp_path / "plane", parts, api_server_flags=[flag])
    try:
        plane.start([CONTEXT])
        yield LiveCluster(plane.kubeconfig, parts["kubectl"])
    finally:
        plane.processes.stop()


def test_with_v1beta1_and_after_an_upgrade_to_v1(
    cluster_with_beta: LiveCluster, engine: Engine, tmp_path: Path
) -> None:
    cluster = cluster_with_beta
    bind(cluster, "rights")
    with in_front_of(cluster.kubeconfig) as proxy:
        covered = Covered(cluster, proxy.in_front(ProgramStack(engine, cluster, "beta"), tmp_path))
        proxy.before = hiding("v1")
        assert f"{admission.GROUP}/v1beta1:{admission.POLICY}" in covered.up().output
        assert covered.names(covered.add("before")) == ["regcred"]
        before = covered.policies()

        proxy.clear()
        assert f"{admission.GROUP}/v1:{admission.POLICY}" in covered.up().output

    assert covered.policies() == before
    assert covered.names(covered.add("after")) == ["regcred"]
