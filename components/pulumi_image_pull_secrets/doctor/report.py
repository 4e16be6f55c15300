"""What a diagnosis came to, as every report tells it: findings, what was looked at, what couldn't be seen. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..wording import count
from .findings import Check, Finding, Severity
from .image_scope import ImageAnswer
from .observation import Observation
from .verify import Verdict

DOCUMENTATION = "docs/checks.md"
"""Where the checks are explained, each under its code."""


@dataclass(frozen=True)
class LookedAt:
    """How many objects of each kind the rules were given."""

    namespaces: int = 0
    secrets: int = 0
    accounts: int = 0
    pods: int = 0
    controllers: int = 0


@dataclass(frozen=True)
class Category:
    """The findings of one category of checks."""

    title: str
    """Such as ``secrets``."""
    looked_at: str
    """Such as ``41 Secrets``."""
    findings: Sequence[Finding]


@dataclass(frozen=True)
class Report:
    """What there is to tell."""

    context: str
    time: datetime
    """When the cluster was read; with a time zone."""
    findings: Sequence[Finding]
    """In the order in which they are told."""
    checks: Sequence[Check]
    """All that were run. A category of which none was run is in no report."""
    looked_at: LookedAt
    unreadable: Sequence[str] = ()
    """A line for each thing that couldn't be seen."""
    image: ImageAnswer | None = None
    """Which logins serve the image that was asked about."""
    verdicts: Sequence[Verdict] | None = None
    """What registries answered; None where none was asked."""

    def categories(self) -> list[Category]:
        """In the order in which they are told, each of which a check was run."""
        looked_at = {
            "secret": ("secrets", count(self.looked_at.secrets, "Secret")),
            "account": ("accounts", count(self.looked_at.accounts, "ServiceAccount")),
            "pod": ("pods", count(self.looked_at.pods, "pod")),
            "controller": ("controllers", count(self.looked_at.controllers, "controller")),
            "coverage": ("coverage", count(self.looked_at.namespaces, "namespace")),
        }
        run = {check.category for check in self.checks}
        return [
            Category(title, number, [found for found in self.findings if found.check.category == category])
            for category, (title, number) in looked_at.items()
            if category in run
        ]


def report_of(
    observation: Observation,
    context: str,
    checks: Sequence[Check],
    findings: Iterable[Finding],
    image: ImageAnswer | None = None,
    verdicts: Sequence[Verdict] | None = None,
) -> Report:
    """The report of these findings of these checks, which were all that were run on ``observation``."""
    namespaces = observation.secrets_known_in | observation.accounts_known_in
    namespaces |= {namespace for namespace, _ in (*observation.secrets, *observation.accounts)}
    namespaces |= {pod.namespace for pod in observation.pods} | {one.namespace for one in observation.workloads}
    looked_at = LookedAt(
        namespaces=len(namespaces),
        secrets=len(observation.secrets),
        accounts=len(observation.accounts),
        pods=len(observation.pods),
        controllers=len(observation.workloads),
    )
    ordered = sorted(findings, key=lambda found: found.sort_key)
    return Report(context, observation.now, ordered, checks, looked_at, observation.unreadable, image, verdicts)


def documentation_url(check: Check) -> str:
    """Where a check is explained."""
    return f"{DOCUMENTATION}#{check.code}"


def object_of(found: Finding) -> str:
    """The object as a person names it, such as ``ServiceAccount shop/default``."""
    if not found.namespace or found.kind == "Namespace":
        return f"{found.kind} {found.name}"
    return f"{found.kind} {found.namespace}/{found.name}"


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The severity of the worst; None where there is nothing to mend, be it that there are notes."""
    severities = {found.severity for found in findings} - {Severity.NOTE}
    return max(severities, key=lambda severity: severity.rank, default=None)


def tally(findings: Iterable[Finding]) -> str:
    """Such as ``2 errors, 1 note``; ``nothing found`` where there are none."""
    numbers = Counter(found.severity for found in findings)
    told = [count(numbers[severity], severity.value) for severity in reversed(Severity) if numbers[severity]]
    return ", ".join(told) or "nothing found"
