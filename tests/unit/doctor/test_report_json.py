"""The report for programs, and its schema."""

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from pulumi_image_pull_secrets.doctor import report_json
from pulumi_image_pull_secrets.doctor.findings import Severity

from sandbox.engine import CHECKOUT
from tests.unit.doctor.reports import report
from tests.unit.doctor.test_report_image import answered
from tests.unit.doctor.verified import verdicts_of_everything

SCHEMA: dict[str, Any] = json.loads((CHECKOUT / "docs" / "doctor.schema.json").read_text())
IMAGE = replace(report(), image=answered(), verdicts=verdicts_of_everything())
REPORTS = [
    IMAGE,
    replace(report(), verdicts=()),
    report(),
    report(findings=()),
    report(unreadable=("Secrets in kube-system",)),
    report(checks=()),
]


def output() -> Any:
    return json.loads(report_json.render(IMAGE))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("told", REPORTS)
def test_every_output_is_as_the_schema_says(told: Any) -> None:
    Draft202012Validator(SCHEMA).validate(json.loads(report_json.render(told)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 2),
        (("time",), None),
        (("counts", "error"), -1),
        (("lookedAt", "pods"), "many"),
        (("checks", 0), "Secret missing"),
        (("unreadable",), "Secrets"),
        (("findings", 0, "code"), "other-thing"),
        (("findings", 0, "severity"), "fatal"),
        (("findings", 0, "kind"), ""),
        (("findings", 0, "pods"), 1.5),
        (("findings", 0), {}),
        (("image",), {}),
        (("pulls",), {}),
        (("pulls", 0, "result"), "maybe"),
        (("image", "accounts", 0, "pods"), "many"),
        (("image", "accounts", 0, "logins", 0, "user"), None),
    ],
)
def test_the_schema_refuses_what_no_report_writes(path: tuple[str | int, ...], value: object) -> None:
    content = output()
    place = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(content)


def test_the_schema_describes_every_key_and_requires_it() -> None:
    content = output()
    described = {
        "report": (SCHEMA, content),
        "counts": (SCHEMA["properties"]["counts"], content["counts"]),
        "lookedAt": (SCHEMA["properties"]["lookedAt"], content["lookedAt"]),
        "finding": (SCHEMA["$defs"]["finding"], content["findings"][0]),
        "image": (SCHEMA["$defs"]["image"], content["image"]),
        "account": (SCHEMA["$defs"]["account"], content["image"]["accounts"][0]),
        "pull": (SCHEMA["$defs"]["pull"], content["pulls"][0]),
        "login": (SCHEMA["$defs"]["login"], content["image"]["accounts"][0]["logins"][0]),
    }
    for schema, written in described.values():
        assert list(schema["properties"]) == schema["required"] == list(written)
    assert set(SCHEMA["$defs"]["finding"]["properties"]["severity"]["enum"]) == {one.value for one in Severity}


def test_the_whole_output_of_one_finding() -> None:
    told = report_json.render(report(findings=report().findings[:1], unreadable=("Secrets in kube-system",)))
    assert json.loads(told) == {
        "version": 1,
        "context": "prod-eu",
        "time": "2026-11-24T18:04:05+00:00",
        "counts": {"error": 1, "warning": 0, "note": 0},
        "lookedAt": {"namespaces": 4, "secrets": 41, "accounts": 1, "pods": 130, "controllers": 0},
        "checks": [
            "account-always-overridden",
            "controller-overrides-account",
            "coverage-namespace",
            "pod-unauthorized",
            "secret-missing",
            "secret-token-expiring",
        ],
        "unreadable": ["Secrets in kube-system"],
        "image": None,
        "pulls": None,
        "findings": [
            {
                "code": "secret-missing",
                "severity": "error",
                "namespace": "checkout",
                "kind": "Secret",
                "name": "regcred",
                "message": "ServiceAccounts default and payments name it, and it isn't there",
                "fix": "kubectl create secret docker-registry regcred --namespace checkout --docker-server=SERVER",
                "documentationUrl": "docs/checks.md#secret-missing",
                "pods": 12,
            }
        ],
    }


def test_the_output_ends_with_one_newline() -> None:
    told = report_json.render(report())
    assert told.endswith("}\n")
    assert not told.endswith("\n\n")
