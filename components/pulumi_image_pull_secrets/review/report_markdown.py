"""The report as a comment in a pull request: GitHub's Markdown, not longer than a comment may be.

Rules: https://github.github.com/gfm/. A comment holds at most 65,536 characters.
"""

import re
from collections.abc import Iterable, Sequence

from ..wording import count, visible
from .report import WHOLE_CLUSTER, Review, Row, headline, others_line, rows
from .risks import Level, Risk
from .wording import Name, Phrase, listed, shown

MAX_LENGTH = 60_000
"""Characters, as GitHub counts them; a comment that is edited by hand has some left."""

_COLUMNS = ("| Namespace | Object | Change | Others on the account |", "| --- | --- | --- | --- |")
_LEVELS = {Level.RISK: "\u26a0\ufe0f", Level.NOTE: "\u2139\ufe0f"}
_DEEPEST = 8
_ACTS_IN_CODE = {"`": "\\x60", "|": "\\x7c"}
_URL = re.compile(r"https?://[-A-Za-z0-9._~:/?#@!$&'+,;=%]+")


def marker(stacks: Iterable[str]) -> str:
    """The first line, by which the comment is found again, and by nothing else: prod's is no part of prod-eu's."""
    return f"<!-- image-pull-secrets preview: {' '.join(stacks)} -->"


def render(reviews: Sequence[Review], whole_report: str | None = None) -> str:
    """The comment. ``whole_report`` is where the whole report can be found, for one that had to be cut."""
    first = marker(review.stack for review in reviews)
    room = (MAX_LENGTH - _length(first) - 1) // max(len(reviews), 1)
    return "\n".join([first, *(_review(review, room, whole_report) for review in reviews)])


def _review(review: Review, room: int, whole_report: str | None) -> str:
    """Not longer than ``room``: each part has a share of its own, and the table has what the others leave."""
    pointer = _pointer(review, whole_report)
    share = room // 7
    head = [f"### Preview of {_code(review.stack)}", "", f"**{_sentence([headline(review)])}.**", ""]
    head += _messages("Why:", review.errors, share)
    head += _risks(review.risks, share, pointer)
    head += _messages("Warnings:", review.warnings, share)
    head += _lines("Notes:", review.notes, share)
    if elsewhere := others_line(review.changes):
        head += [f"{_phrase(elsewhere)}.", ""]
    steps = _steps(review.steps, share, pointer)
    table = _table(rows(review.changes), room - _length("\n".join([*head, *steps])), pointer)
    return "\n".join([*head, *table, *steps])


def _risks(risks: Sequence[Risk], room: int, pointer: str) -> list[str]:
    if not risks:
        return []
    lines, left = _fitting([f"- {_LEVELS[risk.level]} {_sentence(risk.message)}." for risk in risks], room)
    return [*lines, *([f"- **{count(left, 'more risk')}** left out: {pointer}"] if left else []), ""]


def _table(all_rows: Sequence[Row], room: int, pointer: str) -> list[str]:
    if not all_rows:
        return []
    more = f"**{count(len(all_rows), 'more row')}** left out: {pointer}"
    lines, left = _fitting([_row(row) for row in all_rows], room - _length("\n".join([*_COLUMNS, more])) - 5)
    more = f"**{count(left, 'more row')}** left out: {pointer}"
    return [*_COLUMNS, *lines, "", *([more, ""] if left else [])]


def _row(row: Row) -> str:
    others = _phrase(listed(row.others)) if row.others else ""
    namespace = WHOLE_CLUSTER if row.namespace is None else _code(row.namespace)
    return f"| {namespace} | {row.kind} {_code(row.name)} | {_phrase(row.what)} | {others} |"


def _messages(title: str, messages: Sequence[str], room: int) -> list[str]:
    return _lines(title, [_line(line) for message in messages for line in message.splitlines() if line.strip()], room)


def _lines(title: str, all_lines: Sequence[str], room: int) -> list[str]:
    """Lines in which nothing acts any more."""
    if not all_lines:
        return []
    lines, left = _fitting(all_lines, room)
    return [title, "", *_fenced([*lines, *([f"… {count(left, 'more line')}"] if left else [])]), ""]


def _line(text: str) -> str:
    indent = len(text) - len(text.lstrip(" "))
    return " " * min(indent, _DEEPEST) + visible(text)


def _steps(steps: Sequence[str], room: int, pointer: str) -> list[str]:
    if not steps:
        return []
    lines, left = _fitting(steps, room)
    more = ["", f"{count(left, 'more step')} left out: {pointer}"] if left else []
    summary = f"<summary>The engine's steps ({len(steps)})</summary>"
    return ["<details>", summary, "", *_fenced(lines), *more, "", "</details>", ""]


def _fenced(lines: Sequence[str]) -> list[str]:
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *lines, fence]


def _fitting(lines: Sequence[str], room: int) -> tuple[list[str], int]:
    """The first lines that fit into ``room`` characters, and how many don't."""
    taken: list[str] = []
    for line in lines:
        room -= _length(line) + 1
        if room < 0:
            break
        taken.append(line)
    return taken, len(lines) - len(taken)


def _pointer(review: Review, whole_report: str | None) -> str:
    if whole_report is None:
        return f"`pull-secrets preview --stack {review.stack}` shows all"
    return f"all is in {whole_report if _URL.fullmatch(whole_report) else _code(whole_report)}"


def _phrase(phrase: Phrase) -> str:
    return "".join(_code(part) if isinstance(part, Name) else part for part in phrase)


def _sentence(phrase: Phrase) -> str:
    first = phrase[0] if phrase else ""
    return _phrase(phrase) if isinstance(first, Name) else _phrase([first[:1].upper() + first[1:], *phrase[1:]])


def _code(text: str) -> str:
    """Text in which nothing acts: in a span of code neither HTML nor links nor @names do anything.

    Two characters would end the span or the cell of a table, and show as escapes.
    """
    return f"`{''.join(_ACTS_IN_CODE.get(character, character) for character in shown(text))}`"


def _length(text: str) -> int:
    """As GitHub counts: what lies beyond the first 65,536 characters of Unicode counts twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
