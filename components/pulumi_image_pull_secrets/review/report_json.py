"""The report for programs. ``docs/preview.schema.json`` says what is in it."""

import json
from collections.abc import Sequence
from typing import Any

from .changes import AccountChange, Changes
from .report import Review
from .risks import Risk
from .wording import plain

VERSION = 1
"""Of the format. New keys may come without a new version; what is there stays."""


def render(reviews: Sequence[Review]) -> str:
    """One JSON object, in ASCII, so that no terminal and no encoding can misread it."""
    content = {"version": VERSION, "stacks": [_review(review) for review in reviews]}
    return json.dumps(content, indent=2) + "\n"


def _review(review: Review) -> dict[str, Any]:
    return {
        "stack": review.stack,
        "failed": review.failed,
        "errors": list(review.errors),
        "warnings": list(review.warnings),
        "notes": list(review.notes),
        "risks": [_risk(risk) for risk in review.risks],
        **_changes(review.changes),
        "steps": list(review.steps),
    }


def _risk(risk: Risk) -> dict[str, Any]:
    return {
        "code": risk.code,
        "level": risk.level.value,
        "message": plain(risk.message),
        "objects": list(risk.objects),
    }


def _changes(changes: Changes) -> dict[str, Any]:
    return {
        "contexts": [{"before": one.before, "after": one.after} for one in changes.providers],
        "namespaces": [{"name": one.name, "action": one.action.value} for one in changes.namespaces],
        "secrets": [
            {
                "namespace": one.namespace,
                "name": one.name,
                "action": one.action.value,
                "counterpart": one.counterpart,
            }
            for one in changes.secrets
        ],
        "serviceAccounts": [_account(one) for one in changes.accounts],
        "admissionPolicies": [{"name": one.name, "action": one.action.value} for one in changes.policies],
        "otherSteps": dict(changes.others),
        "unreadableSteps": changes.unreadable,
    }


def _account(change: AccountChange) -> dict[str, Any]:
    return {
        "namespace": change.namespace,
        "name": change.name,
        "action": change.action.value,
        "before": None if change.before is None else list(change.before),
        "after": None if change.after is None else list(change.after),
        "attached": list(change.attached),
        "detached": list(change.detached),
        "lost": list(change.lost),
        "others": list(change.others),
    }
