"""The sample comments of docs/ci.md are the reports that the snapshots hold.

SAVE_SNAPSHOTS=1 writes them anew, after those of test_snapshots.py.
"""

import os
import re
from pathlib import Path

from sandbox.engine import CHECKOUT

PAGE = CHECKOUT / "docs" / "ci.md"
SNAPSHOTS = Path(__file__).parent / "snapshots"
KINDS = {
    "attached": "A namespace is new in the stack",
    "namespace-created": "A namespace with `create: true` comes, and two others leave",
    "rotated": "A password or a registry changes",
    "renamed": "The Secret is renamed",
    "renamed-with-the-old-one-kept": "The Secret is renamed, and `retiredSecretNames` keeps the old one",
    "account-leaves": "An account leaves the stack",
    "namespace-leaves": "A namespace leaves the stack",
    "adopted-and-namespace-deleted": "`adopt` is on, and a namespace with `create: true` leaves",
    "detached": "`detach` is on",
    "covered": "Patterns choose, and `coverage` is `admission`",
    "covered-no-more": "`coverage` is taken out",
    "undone-by-hand": "Somebody undid something by hand",
    "another-context": "The stack moves to another cluster",
    "imported-replaced": "A provider of somebody's own replaces the Secret",
    "failed": "The preview fails",
    "nothing": "Nothing changes",
}
LIKE_OTHERS = {"imported-attached", "imported-renamed"}
"""Snapshots of the component in a project of somebody's own, whose comments look like the program's."""
START, END = "<!-- samples: made by tests/unit/review/test_samples.py -->\n", "<!-- end of the samples -->\n"


def sample(kind: str) -> str:
    """The comment as a quotation, without its marker; only the first keeps the engine's steps."""
    _, _, text = (SNAPSHOTS / f"{kind}.md").read_text(encoding="utf-8").partition("\n")
    if kind != next(iter(KINDS)):
        text, _, _ = text.partition("<details>")
    # A heading would have the page's table of contents show the stacks of the samples.
    text = re.sub(r"^### (.*)$", r"**\1**", text.strip(), flags=re.MULTILINE)
    quoted = "".join(f"> {line}".rstrip() + "\n" for line in text.splitlines())
    return f"{KINDS[kind]}:\n\n{quoted}\n"


def test_the_page_shows_a_comment_of_every_kind() -> None:
    samples = "\n" + "".join(map(sample, KINDS))
    before, start, rest = PAGE.read_text(encoding="utf-8").partition(START)
    shown, end, after = rest.partition(END)
    assert (start, end) == (START, END)
    if os.environ.get("SAVE_SNAPSHOTS"):
        PAGE.write_text(before + start + samples + end + after, encoding="utf-8")
        shown = samples
    assert shown == samples, "stale; run: SAVE_SNAPSHOTS=1 .venv/bin/python -m pytest tests/unit/review"


def test_no_kind_is_left_out() -> None:
    assert {path.stem for path in SNAPSHOTS.glob("*.md")} == KINDS.keys() | LIKE_OTHERS
