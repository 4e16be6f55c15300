"""What is wrong with ServiceAccounts, and which pods fail because of it."""

from typing import Any

from pulumi_image_pull_secrets.doctor.findings import Severity

from tests.unit.doctor.observed import (
    UNAUTHORIZED,
    account,
    codes,
    config,
    container,
    deployment,
    found,
    pod,
    secret,
    the,
)

REFUSED = container(said=UNAUTHORIZED)
OURS: dict[str, Any] = {"annotations": {"image-pull-secrets/owner": "image-pull-secrets.prod.pulls"}}


def naming(**annotations: str) -> dict[str, Any]:
    return {"annotations": {f"image-pull-secrets/{owner}": names for owner, names in annotations.items()}}


def test_an_account_without_a_secret_whose_pods_are_refused() -> None:
    (only,) = found(account(), secret(), pod(REFUSED), deployment())
    assert (only.check.code, only.severity, only.pods) == ("account-without-secret", Severity.ERROR, 1)
    assert (only.kind, only.name) == ("ServiceAccount", "default")
    assert only.message.startswith(
        "no pull secret, and its pods pull ghcr.io/acme/web:1, for which Secret regcred has a login; Deployment web"
    )
    assert only.fix == (
        'kubectl -n shop patch serviceaccount default -p \'{"imagePullSecrets": [{"name": "regcred"}]}\' && '
        "pull-secrets restart -n shop"
    )


def test_an_account_without_a_secret_where_no_secret_serves_the_image() -> None:
    only = the("account-without-secret", found(account(), secret(content=config("quay.io")), pod(REFUSED)))
    assert ", for which" not in only.message
    assert '"name": "SECRET"' in only.fix


def test_an_account_whose_pods_pull_what_a_secret_there_serves_is_a_note() -> None:
    (only,) = found(account(), secret(), pod(), pod(name="web-5d8f-x2"))
    assert (only.check.code, only.severity, only.pods) == ("account-without-secret", Severity.NOTE, 2)


def test_an_account_without_a_secret_is_fine_where_its_pods_need_none() -> None:
    assert found(account(), secret(content=config("quay.io")), pod()) == []
    assert found(account(), secret(content=b"{}")) != []
    assert codes(found(account(), pod())) == []
    assert found(account(), secret()) == []


def test_pods_with_a_list_of_their_own_do_not_need_their_account() -> None:
    assert found(account(), secret(), pod(pull_secrets=["regcred"]), deployment(pull_secrets=["regcred"])) == []


def test_an_account_that_was_not_read_is_not_judged() -> None:
    assert codes(found(secret(), pod(REFUSED))) == ["pod-no-credential"]


def test_a_dangling_entry_is_a_warning_while_nothing_fails_for_want_of_it() -> None:
    (only,) = found(account("regcred", "gone"), secret(), pod(pull_secrets=["regcred", "gone"]), deployment())
    assert (only.check.code, only.severity, only.pods) == ("account-dangling-entry", Severity.WARNING, 1)
    assert only.message == "Secret gone in its list, and not there"
    assert only.fix.startswith("kubectl -n shop edit serviceaccount default  # take gone out of imagePullSecrets")


def test_dangling_entries_of_one_account_are_one_finding() -> None:
    only = the("account-dangling-entry", found(account("a", "b")))
    assert (only.message, only.pods) == ("Secrets a, b in its list, and not there", 0)


def test_a_dangling_entry_is_not_told_where_secrets_were_not_read_or_it_is_the_cause_of_a_failure() -> None:
    assert found(account("gone"), secrets_known_in=frozenset()) == []
    failing = pod(REFUSED, pull_secrets=["gone"])
    assert codes(found(account("gone"), account("gone", name="other"), failing, deployment())) == ["secret-missing"]


def test_an_entry_of_a_secret_that_its_owner_has_retired() -> None:
    (only,) = found(
        account("old", "new", **naming(**{"image-pull-secrets.prod.pulls": "new"})),
        secret("old", **OURS),
        secret("new", **OURS),
        pod(pull_secrets=["old", "new"]),
        deployment(),
    )
    assert (only.check.code, only.severity, only.pods) == ("account-retired-entry", Severity.WARNING, 1)
    assert only.message.startswith("Secret old in its list, and no annotation")


def test_an_entry_that_an_owner_names_or_of_a_secret_of_somebody_else_is_not_retired() -> None:
    assert found(account("regcred", **naming(a="other", b="regcred")), secret(**OURS)) == []
    assert found(account("regcred"), secret()) == []


def test_an_entry_that_stands_twice_is_a_note() -> None:
    (only,) = found(account("regcred", "", "regcred", ""), secret())
    assert (only.check.code, only.severity) == ("account-duplicate-entry", Severity.NOTE)
    assert only.message == "Secret regcred twice in its list"
    assert found(account("regcred", "", ""), secret()) == []


def test_an_account_whose_entries_reach_no_pod_is_a_note_that_names_the_owners() -> None:
    own: dict[str, Any] = {"pull_secrets": ["mine"]}
    (only,) = found(
        account("regcred"),
        secret(),
        secret("mine"),
        pod(**own),
        pod(**own, name="db-0", owner=("StatefulSet", "db")),
        deployment(**own),
    )
    assert (only.check.code, only.severity, only.pods) == ("account-always-overridden", Severity.NOTE, 2)
    assert only.message.endswith("every pod of it has a list of its own: Deployment web, StatefulSet db")


def test_an_account_whose_entries_reach_one_pod_is_not_always_overridden() -> None:
    own: dict[str, Any] = {"pull_secrets": ["mine"]}
    findings = found(
        account("regcred"),
        secret(),
        secret("mine"),
        pod(**own),
        pod(name="api-1", owner=("ReplicaSet", "api-1"), pull_secrets=["regcred"]),
        deployment(**own),
        deployment("api"),
    )
    assert codes(findings) == ["controller-overrides-account"]
    assert found(account("regcred"), secret()) == []
