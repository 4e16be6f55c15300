"""One Secret in many namespaces is one cause; what only looks alike is told for each."""

from typing import Any

import pytest
from pulumi_image_pull_secrets.doctor.findings import Finding, Severity
from pulumi_image_pull_secrets.doctor.observation import Observation
from pulumi_image_pull_secrets.registry import Result

from tests.unit.doctor.observed import UNAUTHORIZED, account, config, container, found, login, observe, pod, secret
from tests.unit.doctor.verified import verified

NAMESPACES = [f"team-{number:02}" for number in range(7)]
FAILING = container(said=UNAUTHORIZED)


def everywhere(content: bytes | None = None, *, failing: int = 0) -> list[Any]:
    """A Secret of this content in each namespace, with one pod; in the first ones pods that can't pull."""
    objects: list[Any] = []
    for number, namespace in enumerate(NAMESPACES):
        image = FAILING if number < failing else container(pull_policy="Always")
        objects += [
            secret(content=content, namespace=namespace),
            account("regcred", namespace=namespace),
            pod(image, namespace=namespace, pull_secrets=["regcred"]),
        ]
    return objects


def only(findings: list[Finding]) -> Finding:
    (one,) = findings
    return one


def test_a_refused_login_is_told_once_for_all_copies() -> None:
    seen: Observation = observe(*everywhere())
    refused = only(verified(seen, lambda *_: Result.DENIED))
    assert (refused.check.code, refused.pods, refused.namespace) == ("secret-refused", 7, "team-00")
    assert "the same Secret is in 6 more namespaces: team-01, team-02, team-03 and 3 more" in refused.message


@pytest.mark.parametrize(("failing", "severity"), [(0, Severity.WARNING), (2, Severity.ERROR)])
def test_what_is_wrong_with_a_copied_secret_is_told_once_with_all_pods_that_fail(
    failing: int, severity: Severity
) -> None:
    content = config(**{"ghcr.io": {**login("bot", "new"), "auth": login("bot", "old")["auth"]}})
    disagrees = only([each for each in found(*everywhere(content, failing=failing)) if "disagrees" in each.check.code])
    assert disagrees.severity is severity
    assert disagrees.pods == (failing or 7)
    assert "in 6 more namespaces" in disagrees.message


def test_another_content_or_another_name_is_another_cause() -> None:
    bad, worse = (config(**{"ghcr.io": {"auth": auth}}) for auth in ("!", "?"))
    alike = [secret(content=bad, namespace="a"), secret(content=worse, namespace="b"), secret("x", bad, namespace="c")]
    told = [each for each in found(*alike) if each.check.code == "secret-auth-undecodable"]
    assert {each.namespace for each in told} == {"a", "b", "c"}


def test_two_mistakes_in_one_secret_stay_two() -> None:
    content = config(**{"ftp://a.example": login(), "ftp://b.example": login()})
    told = [
        each
        for each in found(*(secret(content=content, namespace=name) for name in ("a", "b")))
        if each.images == frozenset()
    ]
    assert len({each.message for each in told}) == len(told) >= 2
    assert all("in 1 more namespace: b" in each.message for each in told)
