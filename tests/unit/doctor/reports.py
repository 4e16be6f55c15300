"""A report with one of everything that a report tells."""

import io
import re
from collections.abc import Sequence
from datetime import datetime, timezone

from pulumi_image_pull_secrets.doctor.findings import Check, Finding, Severity, finding
from pulumi_image_pull_secrets.doctor.report import LookedAt, Report

MISSING = Check(
    "secret-missing",
    Severity.ERROR,
    "Secret is named but missing",
    "The kubelet passes over a name that isn't there, and pulls without a credential.\n\n"
    "The pod's events say `pull access denied`.",
    "kubectl create secret docker-registry {name} --namespace {namespace} --docker-server=SERVER",
)
EXPIRES = Check(
    "secret-token-expiring", Severity.WARNING, "Token expires soon", "A JWT holds its end.", "renew the token in {name}"
)
OVERRIDDEN = Check(
    "account-always-overridden",
    Severity.NOTE,
    "All pods override the account's list",
    "A pod's own `imagePullSecrets` takes the place of the account's.",
    "kubectl edit serviceaccount {name} --namespace {namespace}",
)
STUCK = Check(
    "pod-unauthorized",
    Severity.ERROR,
    "The registry refuses the pull",
    "The registry answered 401 or 403.",
    "kubectl describe pod {name} --namespace {namespace}",
)
TEMPLATE = Check(
    "controller-overrides-account", Severity.WARNING, "Template has a list of its own", "So.", "edit {name}"
)
COVERAGE = Check(
    "coverage-namespace", Severity.WARNING, "Namespace isn't in the stack", "So.", "add {name} to the stack"
)
CHECKS = (MISSING, EXPIRES, OVERRIDDEN, STUCK, TEMPLATE, COVERAGE)
FINDINGS = (
    finding(
        MISSING,
        "checkout",
        "Secret",
        "regcred",
        "ServiceAccounts default and payments name it, and it isn't there",
        pods=12,
    ),
    finding(
        STUCK,
        "shop",
        "Pod",
        "web-7c9d8b6f5-x2x4k",
        'the node may not pull "registry.example.com:5000/shop/web:1.27": pull access denied, repository does not '
        "exist or may require authorization: server message: insufficient_scope: authorization failed",
        pods=1,
    ),
    finding(EXPIRES, "shop", "Secret", "ci-token", "the token for registry.example.com:5000 expires in 3 days"),
    finding(
        COVERAGE, "preview", "Namespace", "preview", "no stack covers it, and its pods use images of ghcr.io", pods=3
    ),
    finding(OVERRIDDEN, "tools", "ServiceAccount", "builder", "all 4 pods have a list of their own", pods=4),
)


def report(
    findings: Sequence[Finding] = FINDINGS,
    context: str = "prod-eu",
    checks: tuple[Check, ...] = CHECKS,
    unreadable: tuple[str, ...] = (),
) -> Report:
    time = datetime(2026, 11, 24, 18, 4, 5, tzinfo=timezone.utc)
    looked_at = LookedAt(namespaces=4, secrets=41, accounts=1, pods=130, controllers=0)
    return Report(context, time, findings, checks, looked_at, unreadable)


class Terminal(io.StringIO):
    """A file that is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    @staticmethod
    def text_of(written: str) -> str:
        """What a person sees of what was written: without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", written)
