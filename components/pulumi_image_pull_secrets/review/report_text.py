"""The report for people at a terminal, in the manner of ``pulumi preview``: risks, then what changes, by namespace."""

from collections.abc import Sequence
from itertools import groupby
from typing import TextIO

from rich.console import Console
from rich.text import Text

from ..wording import visible
from .changes import Action
from .report import WHOLE_CLUSTER, Review, Row, headline, others_line, rows
from .risks import Level
from .wording import Phrase, listed, plain

_SIGNS = {
    Action.CREATED: ("+", "green"),
    Action.RESTORED: ("+", "green"),
    Action.TAKEN_OVER: ("=", "green"),
    Action.ROTATED: ("~", "yellow"),
    Action.CHANGED: ("~", "yellow"),
    Action.REPLACED: ("±", "red"),
    Action.DELETED: ("-", "red"),
    Action.FORGOTTEN: ("·", "dim"),
}
_LEVELS = {Level.RISK: ("risk", "bold red"), Level.NOTE: ("note", "bold cyan")}


def render(reviews: Sequence[Review], file: TextIO) -> str:
    """The report as ``file`` can show it: coloured on a terminal; a line is a line."""
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    lines = [line for number, review in enumerate(reviews) for line in [Text()] * (number > 0) + _review(review)]
    with console.capture() as capture:
        console.print(Text("\n").join(lines), soft_wrap=True)
    return capture.get().encode(console.encoding, "backslashreplace").decode(console.encoding)


def _review(review: Review) -> list[Text]:
    lines = [Text.assemble((visible(review.stack), "bold"), f": {headline(review)}")]
    lines += _messages("error", "bold red", review.errors)
    for risk in review.risks:
        lines.append(Text.assemble("  ", _LEVELS[risk.level], f": {plain(risk.message)}"))
    lines += _messages("warning", "bold yellow", review.warnings)
    lines += [Text.assemble("  ", ("info", "bold"), f": {note}") for note in review.notes]
    for namespace, group in groupby(rows(review.changes), lambda row: row.namespace):
        lines.append(Text(f"  {WHOLE_CLUSTER if namespace is None else visible(namespace)}", "bold"))
        lines += [_row(row) for row in group]
    if elsewhere := others_line(review.changes):
        lines.append(Text(f"  {plain(elsewhere)}", "dim"))
    return lines


def _messages(title: str, style: str, messages: Sequence[str]) -> list[Text]:
    lines: list[Text] = []
    for message in messages:
        first, *rest = message.splitlines()
        lines.append(Text.assemble("  ", (title, style), f": {visible(first)}"))
        lines += [Text(f"    {visible(line)}") for line in rest if line.strip()]
    return lines


def _row(row: Row) -> Text:
    sign, style = _SIGNS[row.action]
    what: Phrase = [*row.what, "; also there: ", *listed(row.others)] if row.others else row.what
    return Text.assemble("    ", (sign, style), f" {row.kind} {visible(row.name)}: {plain(what)}")
