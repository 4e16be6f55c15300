"""docs/checks.md, from the checks themselves.

Run ``python -m pulumi_image_pull_secrets.doctor.check_reference > docs/checks.md``; a test says when it is stale.
"""

import string
import textwrap
from collections.abc import Iterator

from .checks import CHECKS
from .explanation import EXPLANATIONS
from .findings import Check

_WIDTH = 110
_CATEGORIES = {
    "secret": "Secrets",
    "account": "ServiceAccounts",
    "pod": "Pods",
    "controller": "Controllers",
    "coverage": "Coverage",
}
_INTRODUCTION = """\
<!-- not run: what is in capitals has to be filled in -->

# Checks

What `pull-secrets doctor` looks for. This page is generated from the checks; don't edit it.

Each cause is told once, with the number of pods that it hits. A pod that doesn't pull is counted under the first
cause that explains it, in [this order](#which-cause-is-told). Where rights are missing, what wasn't read isn't judged.

- An *error* is something that doesn't pull, or can't.
- A *warning* is something that will fail, or does where nobody sees it.
- A *note* is worth knowing.

No message holds a password, or anything else of a Secret but its keys and user names. In a command, words in capitals
are for you to fill in. Of a Secret that a stack made, that has several logins, or that is of the type
`kubernetes.io/dockercfg`, a finding gives another command than the one here, so that nothing good is lost or undone.
"""
_ORDER = """\
## Which cause is told

A pod that doesn't pull is counted under the first of these that explains why, and told of nowhere else. Where no
message says why a pod waits, only those count that would keep any login from working.
"""


def render() -> str:
    """The whole page, in Markdown."""
    parts = [_INTRODUCTION]
    for category, title in _CATEGORIES.items():
        checks = [check for check in CHECKS if check.category == category]
        parts += [f"## {title}\n", "\n".join(_row(check) for check in checks) + "\n"]
        parts += [_section(check) for check in checks]
    parts += [_ORDER, "\n".join(f"{number}. {line}" for number, line in enumerate(_order(), 1)) + "\n"]
    return "\n".join(parts)


def _row(check: Check) -> str:
    return f"- [`{check.code}`](#{check.code}): {check.title}"


def _section(check: Check) -> str:
    severity = f"*{check.severity.value}*"
    if check.milder:
        severity += f"; *{check.milder.severity.value}* where {check.milder.when}"
    places = (place for _, place, _, _ in string.Formatter().parse(check.fix) if place)
    fix = check.fix.format_map({place: place.upper() for place in places})
    explanation = textwrap.fill(check.explanation, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return f"### {check.code}\n\n{check.title} ({severity}).\n\n{explanation}\n\n    {fix}\n"


def _order() -> Iterator[str]:
    for row in EXPLANATIONS:
        yield ", ".join(f"[{check.code}](#{check.code})" for check in row.checks)


if __name__ == "__main__":
    print(render(), end="")
