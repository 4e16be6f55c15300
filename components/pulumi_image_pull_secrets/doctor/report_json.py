"""The report for programs. ``docs/doctor.schema.json`` says what is in it."""

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from . import report_image, report_pulls
from .findings import Finding, Severity
from .report import Report, documentation_url

VERSION = 1
"""Of the format. New keys may come without a new version; what is there stays."""


def render(report: Report) -> str:
    """One JSON object, in ASCII, so that no terminal and no encoding can misread it."""
    numbers = Counter(found.severity for found in report.findings)
    content = {
        "version": VERSION,
        "context": report.context,
        "time": report.time.isoformat(timespec="seconds"),
        "counts": {severity.value: numbers[severity] for severity in reversed(Severity)},
        "lookedAt": asdict(report.looked_at),
        "checks": sorted(check.code for check in report.checks),
        "unreadable": list(report.unreadable),
        "image": report_image.content(report.image) if report.image else None,
        "pulls": None if report.verdicts is None else report_pulls.content(report.verdicts),
        "findings": [_finding(found) for found in report.findings],
    }
    return json.dumps(content, indent=2) + "\n"


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "code": found.check.code,
        "severity": found.severity.value,
        "namespace": found.namespace,
        "kind": found.kind,
        "name": found.name,
        "message": found.message,
        "fix": found.fix,
        "documentationUrl": documentation_url(found.check),
        "pods": found.pods,
    }
