"""The report for people at a terminal, in the manner of ``linkerd check`` and ``istioctl analyze``."""

from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.text import Text

from ..wording import count, visible
from . import report_image, report_pulls
from .findings import Finding, Severity
from .report import DOCUMENTATION, Report, object_of, tally, worst

_LEAST_WIDTH = 40


@dataclass(frozen=True)
class _Symbols:
    fine: str = "√"
    note: str = "i"
    warning: str = "‼"
    error: str = "×"  # noqa: RUF001
    hint: str = "→"


_ASCII = _Symbols(fine="ok", warning="!!", error="xx", hint="->")
_STYLES = {None: "bold green", Severity.NOTE: "bold cyan", Severity.WARNING: "bold yellow", Severity.ERROR: "bold red"}


def render(report: Report, file: TextIO) -> str:
    """The report as ``file`` can show it: coloured and wrapped on a terminal; elsewhere a line is a line."""
    table = _Table(file)
    for category in report.categories():
        table.heading(worst(category.findings), category.title, f": {category.looked_at}, {tally(category.findings)}")
        for found in category.findings:
            table.finding(found)
    if report.image:
        table.heading(
            Severity.NOTE, report_image.title(report.image), f": {report_image.summary(report.image)}", apart=True
        )
        for line in report_image.lines(report.image):
            table.line(2, Text(table.shown(line)))
    if report.verdicts is not None:
        table.heading(Severity.NOTE, report_pulls.TITLE, f": {report_pulls.summary(report.verdicts)}", apart=True)
        for line in report_pulls.lines(report.verdicts):
            table.line(2, Text(table.shown(line)))
    if report.unreadable:
        table.heading(Severity.WARNING, "not read", ": what is wrong there is not known")
        for line in report.unreadable:
            table.line(2, Text(table.shown(line)))
    where = f" in {count(report.looked_at.namespaces, 'namespace')} of {table.shown(report.context)}"
    when = f"{report.time:%Y-%m-%d %H:%M %Z}"
    table.heading(worst(report.findings), tally(report.findings), f"{where}, {when}", apart=True)
    if report.findings:
        table.line(0, Text(f"what each check means: {DOCUMENTATION}", "dim"))
    return table.text()


class _Table:
    def __init__(self, file: TextIO) -> None:
        self._console = Console(file=file, highlight=False, markup=False, emoji=False)
        self._width = max(self._console.width, _LEAST_WIDTH) if file.isatty() else None
        self._symbols = _Symbols() if self._writes(_Symbols()) else _ASCII
        self._lines: list[Text] = []

    def heading(self, severity: Severity | None, title: str, rest: str, *, apart: bool = False) -> None:
        """A line of its own; an empty one before it where there is something to part it from."""
        if self._lines and (apart or self._lines[-1].plain.startswith(" ")):
            self._lines.append(Text())
        self.line(0, Text.assemble(self._symbol(severity), (title, "bold"), rest))

    def finding(self, found: Finding) -> None:
        facts = found.check.code + (f", {count(found.pods, 'pod')}" if found.pods else "")
        self.line(
            2,
            Text.assemble(
                self._symbol(found.severity),
                (self.shown(object_of(found)), "bold"),
                f": {self.shown(found.message)} ",
                (f"[{facts}]", "dim"),
            ),
        )
        # Never wrapped: it is there to be copied.
        self._lines.append(Text(f"    {self._symbols.hint} {self.shown(found.fix)}"))

    def line(self, indent: int, text: Text) -> None:
        """Lines of a terminal's width, those after the first indented by two more."""
        parts = [text] if self._width is None else text.wrap(self._console, self._width - indent - 2, overflow="fold")
        for number, part in enumerate(parts):
            self._lines.append(Text(" " * (indent + 2 * (number > 0))).append_text(part))
            self._lines[-1].rstrip()

    def shown(self, text: str) -> str:
        """``text`` as the file's encoding can hold it, with nothing in it that acts."""
        encoding = self._console.encoding
        return visible(text).encode(encoding, "backslashreplace").decode(encoding)

    def text(self) -> str:
        with self._console.capture() as capture:
            self._console.print(Text("\n").join(self._lines), soft_wrap=True)
        return capture.get()

    def _symbol(self, severity: Severity | None) -> tuple[str, str]:
        symbol: str = getattr(self._symbols, severity.value if severity else "fine")
        return f"{symbol} ", _STYLES[severity]

    def _writes(self, symbols: _Symbols) -> bool:
        try:
            "".join(vars(symbols).values()).encode(self._console.encoding)
        except UnicodeEncodeError:
            return False
        return True
