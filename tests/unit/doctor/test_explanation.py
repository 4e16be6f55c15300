"""The order in which causes are tried, and that there is one for every pod that doesn't pull."""

import re
from typing import Any

import pytest
from pulumi_image_pull_secrets.doctor import checks
from pulumi_image_pull_secrets.doctor.check_reference import render
from pulumi_image_pull_secrets.doctor.explanation import EXPLANATIONS
from pulumi_image_pull_secrets.doctor.pull_failures import PullFailure

from tests.unit.doctor.observed import (
    DAY,
    HOUR,
    NOW,
    UNAUTHORIZED,
    account,
    auth,
    codes,
    config,
    container,
    deployment,
    found,
    login,
    pod,
    secret,
)

REFUSED = container(said=UNAUTHORIZED)
EXPIRED: dict[str, Any] = {"annotations": {"image-pull-secrets/expires": (NOW - HOUR).isoformat()}}


@pytest.mark.parametrize("failure", list(PullFailure))
def test_every_kind_of_failure_has_a_row_that_explains_whatever_fails_so(failure: PullFailure) -> None:
    last = [row for row in EXPLANATIONS if failure in row.failures][-1]
    assert last.make is not None


def test_a_row_looks_somewhere_or_makes_its_explanation() -> None:
    assert all((row.at is None) is (row.make is not None) for row in EXPLANATIONS)


def test_every_check_that_pods_are_counted_under_is_in_one_row() -> None:
    rows = [check for row in EXPLANATIONS for check in row.checks]
    # What is not found is told by kubelets or, before some other causes are tried, by a registry that was asked.
    assert sorted(each.code for each in rows) == sorted([*{each.code for each in rows}, "pod-image-not-found"])
    quiet = {
        checks.SECRET_TOKEN_EXPIRING,
        checks.ACCOUNT_DANGLING_ENTRY,
        checks.ACCOUNT_RETIRED_ENTRY,
        checks.ACCOUNT_DUPLICATE_ENTRY,
        checks.ACCOUNT_ALWAYS_OVERRIDDEN,
        checks.POD_DANGLING_ENTRY,
        checks.POD_POLICY_HIDES,
        checks.POD_NOT_VERIFIED,
    }
    assert set(rows) == set(checks.CHECKS) - quiet


def test_the_page_tells_the_order() -> None:
    told = re.findall(r"^\d+\. (.*)$", render(), re.MULTILINE)
    assert [re.findall(r"\[([a-z-]+)\]", line) for line in told] == [
        [check.code for check in row.checks] for row in EXPLANATIONS
    ]


def causes(*secrets: str, **contents: bytes) -> str:
    """The cause of a pod that names these Secrets, as its account does."""
    there = [secret(name, content) for name, content in contents.items()]
    expired = [secret("expired", **EXPIRED)]
    wrong = [secret("wrong", type_="")]
    findings = found(account(*secrets), *there, *expired, *wrong, pod(REFUSED, pull_secrets=secrets), deployment())
    (cause,) = [each.check.code for each in findings if UNAUTHORIZED in each.message]
    return cause


def test_what_fails_every_pull_comes_before_all_that_is_wrong_with_a_login() -> None:
    contents = {"unreadable": b"{", "undecodable": config(**{"quay.io": {"auth": "!"}})}
    assert causes("gone", "wrong", "expired", "unreadable", **contents) == "secret-unreadable"
    assert causes("gone", "wrong", "expired", "undecodable", **contents) == "secret-auth-undecodable"


def test_a_login_that_is_not_there_comes_in_the_order_of_the_table() -> None:
    contents = {"empty": b"{}", "dead": config("oci://ghcr.io")}
    assert causes("dead", "empty", "wrong", "gone", **contents) == "secret-missing"
    assert causes("dead", "empty", "wrong", **contents) == "secret-wrong-type"
    assert causes("dead", "empty", **contents) == "secret-empty"
    assert causes("dead", **contents) == "secret-key-never-matches"


def test_a_login_that_is_there_and_wrong_comes_in_the_order_of_the_table() -> None:
    disagreeing = {**login("bot", "new"), "auth": auth("bot", "old")}
    contents = {
        "disagrees": config(**{"ghcr.io": disagreeing}),
        "shadowed": config(**{"ghcr.io": login("a"), "https://ghcr.io": login("b")}),
        "sound": config("ghcr.io"),
    }
    assert causes("sound", "shadowed", "disagrees", "expired", **contents) == "secret-token-expired"
    assert causes("sound", "shadowed", "disagrees", **contents) == "secret-auth-disagrees"
    assert causes("sound", "shadowed", **contents) == "secret-entry-shadowed"
    assert causes("sound", **contents) == "pod-unauthorized"


def test_a_restart_that_mends_it_comes_first() -> None:
    old = pod(REFUSED, pull_secrets=["gone"], created=NOW - DAY)
    findings = found(account("regcred", changed=NOW - HOUR), secret(), old)
    assert codes(findings) == ["pod-predates-account"]


def test_a_missing_secret_comes_before_a_list_that_hides_the_accounts() -> None:
    own: dict[str, Any] = {"pull_secrets": ["gone"]}
    assert codes(found(account("regcred"), secret(), pod(REFUSED, **own), deployment(**own)))[0] == "secret-missing"
