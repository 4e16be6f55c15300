"""What pod templates say of Secrets."""

from typing import Any

from pulumi_image_pull_secrets.doctor.findings import Severity

from tests.unit.doctor.observed import UNAUTHORIZED, account, codes, config, container, deployment, found, pod, secret

REFUSED = container(said=UNAUTHORIZED)


def test_a_template_that_names_secrets_itself_is_told_instead_of_its_pods() -> None:
    own: dict[str, Any] = {"pull_secrets": ["mine"]}
    objects = (account("regcred"), secret(), secret("mine", config("quay.io")), deployment(**own))
    (failing,) = found(*objects, pod(REFUSED, **own))
    assert (failing.check.code, failing.severity, failing.pods) == ("controller-overrides-account", Severity.ERROR, 1)
    assert (failing.kind, failing.name) == ("Deployment", "web")
    assert failing.fix == "kubectl -n shop edit deployment web  # take imagePullSecrets out of the pod template"
    (idle,) = found(*objects)
    assert (idle.check.code, idle.severity, idle.pods) == ("controller-overrides-account", Severity.NOTE, 0)


def test_a_template_that_hides_nothing_is_no_finding() -> None:
    assert found(account("regcred"), secret(), deployment(pull_secrets=["regcred"])) == []
    assert found(account(), secret(), deployment(pull_secrets=["regcred"])) == []
    assert found(account("regcred"), secret(), deployment()) == []
    assert found(secret(), deployment(pull_secrets=["regcred"])) == []


def test_a_job_of_a_cron_job_is_not_told_beside_it() -> None:
    own: dict[str, Any] = {"pull_secrets": ["mine"]}
    jobs = (deployment("backup", kind="CronJob", **own), deployment("backup-29391840", kind="Job", **own))
    findings = found(account("regcred"), secret(), secret("mine"), *jobs)
    assert [(each.kind, each.name) for each in findings] == [("CronJob", "backup")]
    assert codes(findings) == ["controller-overrides-account"]
