"""What the sandbox makes in its cluster, and what it tells of one, by a stack file with names and patterns."""

from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from sandbox import people
from sandbox.lifecycle import attachments
from sandbox.stacks import NamedNamespace, StackFile

ANNOTATION = "image-pull-secrets/image-pull-secrets.staging.pulls"


class Cluster:
    """As much of ``CoreV1Api`` as the sandbox asks."""

    def __init__(self, *namespaces: str, may_list_all: bool = True) -> None:
        self.accounts: dict[str, dict[str, client.V1ServiceAccount]] = {name: {} for name in namespaces}
        self.secrets: list[tuple[str, str]] = []
        self._may_list_all = may_list_all

    def create_namespace(self, body: dict[str, Any]) -> None:
        if body["metadata"]["name"] in self.accounts:
            raise ApiException(status=409)
        self.accounts[body["metadata"]["name"]] = {}

    def create_namespaced_service_account(self, namespace: str, body: dict[str, Any]) -> None:
        name = body["metadata"]["name"]
        if name in self.accounts[namespace]:
            raise ApiException(status=409)
        self.add(namespace, name)

    def create_namespaced_secret(self, namespace: str, body: dict[str, Any]) -> None:
        self.secrets.append((namespace, body["metadata"]["name"]))

    def patch_namespaced_service_account(self, name: str, namespace: str, body: dict[str, Any]) -> None:
        self.accounts[namespace][name].image_pull_secrets = _entries(*(e["name"] for e in body["imagePullSecrets"]))

    def list_service_account_for_all_namespaces(self) -> client.V1ServiceAccountList:
        if not self._may_list_all:
            raise ApiException(status=403)
        found = [account for _, accounts in sorted(self.accounts.items()) for account in _in_order(accounts)]
        return client.V1ServiceAccountList(items=found)

    def list_namespaced_service_account(self, namespace: str) -> client.V1ServiceAccountList:
        return client.V1ServiceAccountList(items=_in_order(self.accounts.get(namespace, {})))

    def add(self, namespace: str, name: str, *pull_secrets: str, annotation: str | None = None) -> None:
        metadata = client.V1ObjectMeta(
            name=name, namespace=namespace, annotations={annotation: "regcred"} if annotation else None
        )
        entries = _entries(*pull_secrets) or None
        self.accounts.setdefault(namespace, {})[name] = client.V1ServiceAccount(
            metadata=metadata, image_pull_secrets=entries
        )

    def names(self) -> dict[str, list[str]]:
        return {namespace: list(accounts) for namespace, accounts in self.accounts.items()}

    def attached(self) -> dict[tuple[str, str], list[str]]:
        return {
            (namespace, name): [str(entry.name) for entry in account.image_pull_secrets or []]
            for namespace, accounts in self.accounts.items()
            for name, account in accounts.items()
        }


def _entries(*names: str) -> list[client.V1LocalObjectReference]:
    return [client.V1LocalObjectReference(name=name) for name in names]


def _in_order(accounts: dict[str, client.V1ServiceAccount]) -> list[client.V1ServiceAccount]:
    return [account for _, account in sorted(accounts.items())]


def prepare(cluster: Any, *namespaces: NamedNamespace) -> None:
    people.prepare(cluster, namespaces)


def shown(cluster: Any, *namespaces: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    return list(attachments(cluster, StackFile("staging", {"namespaces": list(namespaces)}, {})))


def test_people_make_what_is_named_and_on_some_accounts_have_attached_something() -> None:
    cluster = Cluster()
    prepare(
        cluster,
        NamedNamespace("checkout", ("default", "payments"), create=False),
        NamedNamespace("search", ("indexer",), create=False),
        NamedNamespace("preview", ("default",), create=True),
    )
    assert cluster.names() == {"checkout": ["default", "payments"], "search": ["default", "indexer"]}
    assert cluster.attached() == {
        ("checkout", "default"): [],
        ("checkout", "payments"): ["quay-readonly"],
        ("search", "default"): [],
        ("search", "indexer"): ["quay-readonly", "team-mirror"],
    }
    assert cluster.secrets == [
        ("checkout", "quay-readonly"), ("search", "quay-readonly"), ("search", "team-mirror"),
    ]  # fmt: skip


def test_people_leave_what_is_there_as_it_is() -> None:
    cluster = Cluster("checkout")
    cluster.add("checkout", "payments", "regcred")
    prepare(cluster, NamedNamespace("checkout", ("default", "payments"), create=False))
    assert cluster.names() == {"checkout": ["payments", "default"]}
    assert cluster.attached()["checkout", "payments"] == ["regcred"]
    assert cluster.secrets == []


@pytest.mark.parametrize("may_list_all", [True, False])
def test_what_is_attached_is_told_in_the_order_of_the_file(may_list_all: bool) -> None:
    cluster = Cluster("gone", may_list_all=may_list_all)
    cluster.add("checkout", "default", "theirs", "regcred", annotation=ANNOTATION)
    cluster.add("checkout", "builder", "theirs")
    cluster.add("storefront", "web", annotation=ANNOTATION)
    cluster.add("storefront", "default", "regcred", annotation=ANNOTATION)
    assert shown(cluster, {"name": "storefront"}, {"name": "gone"}, {"name": "checkout"}) == [
        ("storefront", "default", ["regcred"]),
        ("storefront", "web", []),
        ("checkout", "default", ["theirs", "regcred"]),
    ]


def test_what_patterns_chose_is_told_as_well_and_what_others_attached_is_not() -> None:
    cluster = Cluster()
    for namespace in ("team-a", "team-b", "checkout"):
        cluster.add(namespace, "default", "regcred", annotation=ANNOTATION)
    cluster.add("team-b", "builder", "other", annotation=ANNOTATION.replace("staging", "prod"))
    assert shown(cluster, {"selector": "team"}, {"name": "team-*", "serviceAccounts": "all"}, {"name": "team-b"}) == [
        ("team-b", "default", ["regcred"]),
        ("checkout", "default", ["regcred"]),
        ("team-a", "default", ["regcred"]),
    ]


def test_what_goes_wrong_is_not_taken_for_a_missing_right() -> None:
    class Broken(Cluster):
        def list_service_account_for_all_namespaces(self) -> client.V1ServiceAccountList:
            raise ApiException(status=500)

    with pytest.raises(ApiException):
        shown(Broken("checkout"), {"name": "checkout"})
