"""Pods that run only because their image is on the node: what a policy hides."""

from typing import Any

import pytest
from pulumi_image_pull_secrets.doctor.findings import Finding, Severity
from pulumi_image_pull_secrets.doctor.observation import ContainerSeen

from tests.unit.doctor.observed import (
    HOUR,
    NOT_FOUND,
    NOW,
    UNAUTHORIZED,
    account,
    codes,
    config,
    container,
    deployment,
    found,
    login,
    pod,
    secret,
    the,
)

REFUSED = container(said=UNAUTHORIZED)
RUNS_ALWAYS = container(pull_policy="Always")


def hidden(*containers: ContainerSeen, **others: Any) -> list[Finding]:
    expired: dict[str, Any] = {"annotations": {"image-pull-secrets/expires": (NOW - HOUR).isoformat()}}
    return found(
        account("regcred"), secret(**expired), pod(*containers, pull_secrets=["regcred"], **others), deployment()
    )


@pytest.mark.parametrize("policy", ["IfNotPresent", "Never"])
def test_a_policy_that_hides_an_expired_login(policy: str) -> None:
    findings = hidden(container(pull_policy=policy))
    assert codes(findings) == ["secret-token-expired", "pod-policy-hides"]
    only = the("pod-policy-hides", findings)
    assert (only.severity, only.kind, only.name, only.pods) == (Severity.WARNING, "Secret", "regcred", 1)
    assert only.message.startswith(
        "pods of Deployment web run only because their image is on the node: the token of 'ghcr.io' (user 'bot') exp"
    )
    assert only.fix == "pull-secrets doctor -n shop  # with the options of this run; it tells secret-token-expired"


def test_the_policy_always_hides_nothing_and_neither_does_another_registry() -> None:
    assert codes(hidden(RUNS_ALWAYS)) == ["secret-token-expired"]
    assert codes(hidden(container("quay.io/acme/db:1"))) == ["secret-token-expired"]


def test_a_policy_that_hides_a_login_which_is_refused_elsewhere() -> None:
    running = pod(pull_secrets=["regcred"], name="web-5d8f-x2")
    findings = found(account("regcred"), secret(), pod(REFUSED, pull_secrets=["regcred"]), running, deployment())
    assert codes(findings) == ["pod-unauthorized", "pod-policy-hides"]
    assert [finding.pods for finding in findings] == [1, 1]


def test_a_policy_hides_nothing_where_another_pod_fails_for_no_want_of_a_login() -> None:
    pods = [pod(container(said=NOT_FOUND), pull_secrets=["regcred"]), pod(pull_secrets=["regcred"], name="web-5d8f-x2")]
    assert codes(found(account("regcred"), secret(), *pods, deployment())) == ["pod-image-not-found"]


def test_a_policy_that_hides_a_secret_that_nobody_can_read() -> None:
    findings = found(account("regcred"), secret(content=b"{"), pod(pull_secrets=["regcred"]), deployment())
    assert codes(findings) == ["secret-unreadable", "pod-policy-hides"]


def test_a_policy_hides_nothing_where_another_login_works_or_a_restart_is_told() -> None:
    expired: dict[str, Any] = {"annotations": {"image-pull-secrets/expires": (NOW - HOUR).isoformat()}}
    both = found(account("a", "b"), secret("a", **expired), secret("b"), pod(pull_secrets=["a", "b"]), deployment())
    assert codes(both) == ["secret-token-expired"]
    predating = found(account("regcred"), secret(), pod(REFUSED), pod(name="web-5d8f-x2"), deployment())
    assert codes(predating) == ["pod-predates-account"]


def test_a_policy_hides_nothing_that_a_login_without_a_password_would_not_show() -> None:
    blank = secret(content=config(**{"ghcr.io": login("bot", "")}))
    assert codes(found(account("regcred"), blank, pod(pull_secrets=["regcred"]), deployment())) == ["secret-empty"]
