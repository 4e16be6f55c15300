"""Which pods are judged as one, who owns them, and where their lists of Secrets are from."""

import random
from typing import Any

import pytest
from pulumi_image_pull_secrets.doctor import parsing
from pulumi_image_pull_secrets.doctor.groups import Group, Listing, cleaned, group_pods, is_of_cron_job
from pulumi_image_pull_secrets.doctor.observation import AccountSeen, ObjectName, PodSeen, WorkloadSeen

from tests.unit.doctor.observed import DAY, HOUR, NOW, UNAUTHORIZED, account, container, deployment, pod


def grouped(
    *pods: PodSeen, accounts: tuple[AccountSeen, ...] = (), workloads: tuple[WorkloadSeen, ...] = ()
) -> list[Group]:
    return group_pods(
        pods,
        {(each.namespace, each.name): each for each in accounts},
        {(each.namespace, each.kind, each.name): each for each in workloads},
    )


def owner(controller: ObjectName | None, *workloads: WorkloadSeen) -> ObjectName:
    (only,) = grouped(pod(owner=controller, name="p"), workloads=workloads)
    return only.alike.owner


def listing(of: PodSeen, accounts: AccountSeen | None = None, template: WorkloadSeen | None = None) -> Listing:
    (only,) = grouped(of, accounts=(accounts,) if accounts else (), workloads=(template,) if template else ())
    return only.alike.listing


def test_pods_of_one_controller_are_one_group_whatever_was_said_of_each() -> None:
    pods = [pod(container(said=f"{UNAUTHORIZED} {number}"), name=f"web-{number}") for number in range(5)]
    (only,) = grouped(*pods)
    assert (only.count, only.first, only.said) == (5, "web-0", {"ghcr.io/acme/web:1": f"{UNAUTHORIZED} 0"})


@pytest.mark.parametrize(
    "different",
    [
        {"namespace": "other"},
        {"account": "builder"},
        {"pull_secrets": ["regcred"]},
        {"owner": ("StatefulSet", "db")},
    ],
)
def test_pods_that_differ_in_what_counts_are_two_groups(different: dict[str, Any]) -> None:
    assert len(grouped(pod(), pod(name="other", **different))) == 2


@pytest.mark.parametrize(
    "other",
    [
        container("ghcr.io/acme/api:1"),
        container(pull_policy="Always"),
        container(said=UNAUTHORIZED),
        container(said=""),
    ],
)
def test_pods_that_need_other_images_or_fail_otherwise_are_two_groups(other: Any) -> None:
    assert len(grouped(pod(), pod(other, name="other"))) == 2


def test_the_groups_do_not_depend_on_the_order_of_the_pods() -> None:
    pods = [
        pod(
            container(said=f"{UNAUTHORIZED} {number}"),
            owner=controller,
            name=f"web-{number}",
            namespace=f"n-{number % 2}",
        )
        for number in range(9)
        for controller in (None, ("StatefulSet", f"db-{number % 3}"))
    ]
    assert grouped(*pods) == grouped(*random.Random(1).sample(pods, len(pods)))


def test_bare_pods_that_are_alike_are_one_group_named_after_the_first() -> None:
    (only,) = grouped(pod(owner=None, name="b"), pod(owner=None, name="a"), pod(owner=None, name="c"))
    assert (only.alike.owner, only.count) == (("Pod", "a"), 3)


def test_a_replica_set_is_named_by_its_deployment_where_that_is_known() -> None:
    assert owner(("ReplicaSet", "web-shop-5d8f"), deployment("web-shop")) == ("Deployment", "web-shop")
    assert owner(("ReplicaSet", "web-shop-5d8f"), deployment("web")) == ("ReplicaSet", "web-shop-5d8f")
    assert owner(("ReplicaSet", "web-5d8f"), deployment(namespace="other")) == ("ReplicaSet", "web-5d8f")


@pytest.mark.parametrize("template_hash", ["", "x", "shop-5d8f"])
def test_a_replica_set_that_only_is_called_so_is_no_deployments(template_hash: str) -> None:
    plain = pod(owner=("ReplicaSet", "web-5d8f"), template_hash=template_hash)
    (only,) = grouped(plain, workloads=(deployment("web"),))
    assert only.alike.owner == ("ReplicaSet", "web-5d8f")


def test_the_hash_is_read_from_the_pods_label() -> None:
    metadata = {
        "namespace": "shop",
        "name": "web-5d8f-x1",
        "creationTimestamp": "2026-03-01T12:00:00Z",
        "ownerReferences": [{"kind": "ReplicaSet", "name": "web-5d8f", "controller": True}],
    }
    labelled = {**metadata, "labels": {"app": "web", "pod-template-hash": "5d8f"}}
    owners = [
        grouped(parsing.pod({"metadata": each, "spec": {}}), workloads=(deployment("web"),))[0].alike.owner
        for each in (labelled, metadata)
    ]
    assert owners == [("Deployment", "web"), ("ReplicaSet", "web-5d8f")]


def test_a_job_is_named_by_its_cron_job_where_that_is_known() -> None:
    cron_job = deployment("backup", kind="CronJob")
    assert owner(("Job", "backup-29391840"), cron_job) == ("CronJob", "backup")
    assert owner(("Job", "backup-29391840")) == ("Job", "backup-29391840")
    assert owner(("Job", "backup-once"), cron_job) == ("Job", "backup-once")


@pytest.mark.parametrize(
    "controller", [("StatefulSet", "db"), ("DaemonSet", "agent"), ("Rollout", "web"), ("Node", "n")]
)
def test_other_controllers_are_named_as_they_are(controller: ObjectName) -> None:
    assert owner(controller, deployment("db"), deployment("agent")) == controller


def test_a_job_of_a_cron_job_is_told_apart_from_one_by_itself() -> None:
    job, cron_job = deployment("backup-29391840", kind="Job"), deployment("backup", kind="CronJob")
    workloads = {(each.namespace, each.kind, each.name): each for each in (job, cron_job)}
    assert is_of_cron_job(job, workloads)
    assert not is_of_cron_job(cron_job, workloads)
    assert not is_of_cron_job(deployment("import-1", kind="Job"), workloads)


def test_a_list_is_read_without_placeholders_and_each_name_once() -> None:
    assert cleaned(["b", "", "a", "b", ""]) == ("b", "a")


def test_where_a_pods_list_is_from() -> None:
    assert listing(pod()) is Listing.UNKNOWN
    assert listing(pod(), account()) is Listing.NONE
    assert listing(pod(), account("", "")) is Listing.NONE
    assert listing(pod(), account("regcred")) is Listing.EARLIER
    assert listing(pod(pull_secrets=["regcred"]), account("regcred")) is Listing.ACCOUNT
    assert listing(pod(pull_secrets=["mine"]), account("regcred")) is Listing.OWN


def test_a_template_says_whether_a_pods_list_is_its_own() -> None:
    own, none = deployment(pull_secrets=["mine"]), deployment()
    assert listing(pod(pull_secrets=["mine"]), account("regcred"), own) is Listing.OWN
    assert listing(pod(pull_secrets=["mine"]), account("mine"), own) is Listing.OWN
    assert listing(pod(pull_secrets=["old"]), account("new"), none) is Listing.EARLIER
    assert listing(pod(pull_secrets=["new"]), account("new"), none) is Listing.ACCOUNT


@pytest.mark.parametrize(
    ("changed", "expected"),
    [(NOW - HOUR, Listing.EARLIER), (NOW - DAY, Listing.EARLIER), (NOW - 2 * DAY, Listing.OWN), (None, Listing.OWN)],
)
def test_without_a_template_the_time_of_the_accounts_last_change_says_it(changed: Any, expected: Listing) -> None:
    made = pod(pull_secrets=["old"], created=NOW - DAY)
    assert listing(made, account("new", changed=changed)) is expected
