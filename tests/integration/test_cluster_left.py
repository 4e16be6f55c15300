"""Which accounts elsewhere this owner attached to before, and so has to leave: what preflight finds of them."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi_image_pull_secrets import PreflightError, api
from pulumi_image_pull_secrets import cluster as clusters
from pulumi_image_pull_secrets.attachment import EXCLUDE_ANNOTATION, LiveAccount, annotation_key
from pulumi_image_pull_secrets.cluster import LiveAccounts, preflight

from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.test_cluster import args_of
from tests.integration.test_cluster_rights import NEEDED, user

__all__ = ["user"]


@pytest.fixture
def owner() -> str:
    """One of this test's own: the cluster holds what other tests left."""
    return f"project.stack.c{secrets.token_hex(4)}"


Check = Callable[..., LiveAccounts]


@pytest.fixture
def check(cluster: LiveCluster, owner: str) -> Check:
    def run(*namespaces: str, kubeconfig: Path | None = None, accounts: tuple[str, ...] = ("default",)) -> LiveAccounts:
        entries: list[dict[str, Any]] = [{"name": name, "service_accounts": list(accounts)} for name in namespaces]
        return preflight(
            args_of(*entries), owner=owner, context=CONTEXT, kubeconfig=str(kubeconfig or cluster.kubeconfig)
        ).live_accounts

    return run


@pytest.fixture
def attach(cluster: LiveCluster, owner: str) -> Callable[..., None]:
    """Applies as the provider does: with force, and by a manager of the patch's own."""

    def run(namespace: str, account: str, *names: str, annotation: str = "regcred", manager: str = "pulumi-1") -> None:
        metadata = {"namespace": namespace, "name": account, "annotations": {annotation_key(owner): annotation}}
        cluster.apply(metadata, list(names), manager)

    return run


@pytest.fixture
def gone(cluster: LiveCluster) -> str:
    """A namespace that isn't listed."""
    return cluster.new_namespace("builder", "other")


def test_accounts_of_ours_elsewhere_are_found_and_no_others(
    cluster: LiveCluster, check: Check, attach: Callable[..., None], gone: str, owner: str
) -> None:
    listed = cluster.new_namespace("former", "other")
    attach(gone, "builder", "theirs", "regcred")
    attach(listed, "former", "regcred")
    cluster.set_pull_secrets(gone, "other", "regcred")
    cluster.kubectl("annotate", "sa", "other", "-n", gone, f"{annotation_key(owner)}x=regcred")

    live = check(listed)

    assert set(live) == {listed, gone}
    assert live[gone] == {"builder": LiveAccount(("theirs", "regcred"), "regcred")}
    # In a listed namespace all accounts are known, and the component tells those of ours by the annotation.
    assert live[listed] == {
        "default": LiveAccount(),
        "former": LiveAccount(("regcred",), "regcred"),
        "other": LiveAccount(),
    }


def test_without_any_there_is_nothing_but_what_is_listed(cluster: LiveCluster, check: Check) -> None:
    listed = cluster.new_namespace()
    assert check(listed) == {listed: {"default": LiveAccount()}}


def test_they_are_found_on_every_page(
    cluster: LiveCluster, check: Check, attach: Callable[..., None], gone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = cluster.new_namespace()
    for account in ("builder", "default", "other"):
        attach(gone, account, "regcred")
    monkeypatch.setattr(api, "PAGE", 2)
    assert set(check(listed)[gone]) == {"builder", "default", "other"}


def test_who_may_list_only_the_listed_namespaces_leaves_accounts_in_those(
    cluster: LiveCluster,
    check: Check,
    attach: Callable[..., None],
    gone: str,
    user: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = cluster.new_namespace("former")
    attach(gone, "builder", "regcred")
    attach(listed, "former", "regcred")
    kubeconfig = user([listed], NEEDED)
    for few in (25, 0):
        monkeypatch.setattr(clusters, "_FEW_NAMESPACES", few)
        live = check(listed, kubeconfig=kubeconfig)
        assert set(live) == {listed}
        assert live[listed]["former"].annotation == "regcred"


def test_who_may_list_only_the_listed_namespaces_leaves_those_of_them_that_opt_out(
    cluster: LiveCluster, check: Check, attach: Callable[..., None], user: Callable[..., Path]
) -> None:
    listed, opted_out = cluster.new_namespace(), cluster.new_namespace()
    attach(opted_out, "default", "theirs", "regcred")
    cluster.kubectl("annotate", "namespace", opted_out, f"{EXCLUDE_ANNOTATION}=true")
    live = check(listed, opted_out, kubeconfig=user([listed, opted_out], NEEDED))
    assert live[opted_out] == {"default": LiveAccount(("theirs", "regcred"), "regcred")}


def test_who_may_list_all_accounts_finds_them_and_needs_rights_there(
    cluster: LiveCluster, check: Check, attach: Callable[..., None], gone: str, user: Callable[..., Path]
) -> None:
    listed = cluster.new_namespace()
    attach(gone, "builder", "regcred")
    everywhere = [("list", "serviceaccounts")]
    few_rights = user([listed], NEEDED, everywhere)

    with pytest.raises(PreflightError) as caught:
        check(listed, kubeconfig=few_rights)
    assert [finding.partition(";")[0] for finding in caught.value.findings] == [
        f'the user of this context may not get, patch serviceaccounts in namespace "{gone}"',
        f'the user of this context may not get, list, watch, delete secrets in namespace "{gone}"',
    ]
    more_rights = user([listed, gone], NEEDED, everywhere)
    assert set(check(listed, kubeconfig=more_rights)) == {listed, gone}


def test_an_obstacle_is_told_before_anything_is_left(
    cluster: LiveCluster, check: Check, attach: Callable[..., None], gone: str
) -> None:
    listed = cluster.new_namespace()
    attach(gone, "builder", "regcred")
    with pytest.raises(PreflightError, match='ServiceAccount "missing" does not exist') as caught:
        check(listed, accounts=("missing",))
    assert gone not in str(caught.value)


def test_who_else_holds_what_is_read_from_the_managers(
    cluster: LiveCluster, check: Check, attach: Callable[..., None], gone: str, owner: str
) -> None:
    listed = cluster.new_namespace()

    def now() -> tuple[bool, bool]:
        account = check(listed)[gone]["builder"]
        return account.annotation_is_shared, account.list_is_shared

    cluster.set_pull_secrets(gone, "builder", "theirs", "regcred")
    attach(gone, "builder", "theirs", "regcred")
    assert now() == (False, True)
    attach(gone, "builder", "regcred", "theirs")
    assert now() == (False, False)
    attach(gone, "builder", "regcred", "theirs", manager="pulumi-2")
    assert now() == (True, True)
    attach(gone, "builder", "regcred", annotation="regcred,")
    assert now() == (False, False)
    cluster.kubectl("annotate", "--overwrite", "sa", "builder", "-n", gone, f"{annotation_key(owner)}=regcred")
    assert now() == (True, True)
