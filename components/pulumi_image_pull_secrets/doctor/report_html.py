"""The report as one page that needs nothing else, for a ticket or as what a CI run leaves behind."""

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from importlib import resources
from string import Template

from ..wording import count, visible
from . import report_image, report_pulls
from .findings import Check, Finding, Severity
from .image_scope import ImageAnswer
from .report import DOCUMENTATION, Category, Report, tally, worst
from .verify import Verdict

_SYMBOLS = {None: "√", Severity.NOTE: "i", Severity.WARNING: "‼\ufe0e", Severity.ERROR: "×"}  # noqa: RUF001
_COLUMNS = ("Severity", "Object", "Namespace", "What is wrong", "Check", "Pods")


def render(report: Report) -> str:
    """The page, in ASCII, so that whoever writes it to a file can't get its encoding wrong."""
    template = resources.files(__package__).joinpath("report.html").read_text(encoding="utf-8")
    page = Template(template).substitute(
        policy=_policy(template),
        title=_text(f"{tally(report.findings)}: image pulls of {report.context}"),
        heading=f'Image pulls of <span translate="no">{_text(report.context)}</span>',
        scope=_scope(report),
        categories="\n".join(_category(category) for category in report.categories()),
        unreadable=_image(report.image) + _pulls(report.verdicts) + _unreadable(report.unreadable),
        findings=_findings(report.findings),
        footer=f"Made by <code>pull-secrets doctor</code>. All checks are explained in <code>{DOCUMENTATION}</code>.",
    )
    return page.encode("ascii", "xmlcharrefreplace").decode()


def _policy(template: str) -> str:
    """Nothing is loaded, and nothing runs but the page's own style and script."""
    allowed = ["default-src 'none'"]
    for tag in ("style", "script"):
        content = re.findall(f"(?s)<{tag}>(.*)</{tag}>", template)[0]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        allowed.append(f"{tag}-src 'sha256-{digest}'")
    return "; ".join([*allowed, "base-uri 'none'", "form-action 'none'"])


def _scope(report: Report) -> str:
    namespaces = count(report.looked_at.namespaces, "namespace")
    time = f'<time datetime="{report.time.isoformat()}">{report.time:%Y-%m-%d %H:%M %Z}</time>'
    return f"{namespaces}, read {time}"


def _category(category: Category) -> str:
    severity = worst(category.findings)
    return (
        f'<li class="card"><span class="mark {_class(severity)}" aria-hidden="true">{_SYMBOLS[severity]}</span>'
        f"<strong>{category.title}</strong>"
        f'<span class="quiet"><span class="number">{category.looked_at}</span><br>{tally(category.findings)}</span>'
        "</li>"
    )


def _image(answer: ImageAnswer | None) -> str:
    if answer is None:
        return ""
    items = "".join(f"<li>{_text(line)}</li>" for line in report_image.lines(answer))
    title, summary = _text(report_image.title(answer)), _text(report_image.summary(answer))
    return f'<div class="card image"><p><strong>{title}</strong>: {summary}.</p><ul>{items}</ul></div>'


def _pulls(verdicts: Sequence[Verdict] | None) -> str:
    if verdicts is None:
        return ""
    items = "".join(f"<li>{_text(line)}</li>" for line in report_pulls.lines(verdicts))
    title, summary = _text(report_pulls.TITLE), _text(report_pulls.summary(verdicts))
    return f'<div class="card image"><p><strong>{title}</strong>: {summary}.</p><ul>{items}</ul></div>'


def _unreadable(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    if not items:
        return ""
    return (
        '<div class="card unread">'
        "<p><strong>Not everything could be read.</strong> What is wrong there is not known.</p>"
        f"<ul>{items}</ul></div>"
    )


def _findings(findings: Iterable[Finding]) -> str:
    findings = list(findings)
    if not findings:
        mark = f'<span class="mark fine" aria-hidden="true">{_SYMBOLS[None]}</span>'
        return f'<h2>Findings</h2>\n<p class="card clean">{mark} Nothing found.</p>'
    columns = "".join(_column(title) for title in _COLUMNS)
    rows = "\n".join(_row(found) for found in findings)
    checks = {found.check.code: found.check for found in findings}
    return f"""<h2>Findings</h2>
<div class="bar"><fieldset><legend>Show</legend>{_filters(findings)}</fieldset><p class="quiet" role="status"></p></div>
<table class="card" role="table">
<caption>Findings, the worst first</caption>
<thead role="rowgroup"><tr role="row">{columns}</tr></thead>
<tbody role="rowgroup">
{rows}
</tbody>
</table>
<h2>What the checks mean</h2>
<dl>
{"".join(_explanation(checks[code]) for code in sorted(checks))}</dl>"""


def _filters(findings: list[Finding]) -> str:
    """A box for each severity that there is."""
    boxes = []
    for severity in reversed(Severity):
        if number := sum(found.severity is severity for found in findings):
            name = severity.value
            box = f'<input type="checkbox" id="show-{name}" value="{name}" checked autocomplete="off">'
            boxes.append(f'<label class="{name}">{box}{count(number, name)}</label>')
    return "".join(boxes)


def _column(title: str) -> str:
    # The worst and the most first, where somebody sorts by these.
    worst_first = {"Severity": ' data-before="ascending" aria-sort="descending"', "Pods": ' data-before="ascending"'}
    return f'<th scope="col" role="columnheader"{worst_first.get(title, "")}>{title}</th>'


def _row(found: Finding) -> str:
    severity, code = found.severity, html.escape(found.check.code)
    namespace = _text(found.namespace)
    name, pods = severity.value, count(found.pods, "pod") if found.pods else ""
    cells = [
        f'<td role="cell" class="severity" data-value="{severity.rank}"><span class="badge {name}">{name}</span></td>',
        f'<th scope="row" role="rowheader" translate="no"><span class="quiet">{_text(found.kind)}</span> '
        f"{_text(found.name)}</th>",
        f'<td role="cell" class="namespace" data-value="{namespace}" translate="no">'
        f"{'' if found.kind == 'Namespace' else namespace}</td>",
        f'<td role="cell" class="problem">{_text(found.message)}'
        f'<code class="fix" translate="no">{_text(found.fix)}</code></td>',
        f'<td role="cell" class="check" translate="no"><a href="#{code}"><code>{code}</code></a></td>',
        f'<td role="cell" class="pods" data-unit="{pods.partition(" ")[2]}">{pods.partition(" ")[0]}</td>',
    ]
    return f'<tr role="row" data-severity="{name}">{"".join(cells)}</tr>'


def _explanation(check: Check) -> str:
    code = html.escape(check.code)
    return (
        f'<div class="card" id="{code}"><dt>{_text(check.title)}<code translate="no">{code}</code></dt>'
        f"<dd>{_prose(check.explanation)}</dd></div>\n"
    )


def _prose(markdown: str) -> str:
    """Paragraphs, with what stands between backticks as code; checks use no other Markdown."""
    paragraphs = re.split(r"\n\s*\n", markdown.strip())
    return "".join("<p>" + re.sub("`([^`]+)`", r"<code>\1</code>", _text(text)) + "</p>" for text in paragraphs)


def _text(text: str) -> str:
    return html.escape(visible(text))


def _class(severity: Severity | None) -> str:
    return severity.value if severity else "fine"
