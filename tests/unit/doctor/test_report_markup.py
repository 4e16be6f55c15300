"""Names and messages come from a cluster, where others choose them: in no report may one act as markup."""

import dataclasses
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.doctor import report_html, report_json, report_table
from pulumi_image_pull_secrets.doctor.findings import Finding, Severity
from pulumi_image_pull_secrets.doctor.report import Report
from pulumi_image_pull_secrets.wording import visible

from tests.unit.doctor.reports import CHECKS, MISSING, Terminal, report

ATTACKS = [
    "[red]x[/red]",
    "[link=http://evil]x[/link]",
    ":smile:",
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    "a\r\nb",
    "\u202egnp.exe",
    "\u2066\u05d0\u0661",
    "<script>alert(1)</script>",
    "</title></style></script><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' x='",
    "<!--",
    "&lt;b&gt;&#x202e;",
    "$policy${title}",
    "`code`",
    "\\",
    "\ud800",
]
TEXT = st.lists(st.sampled_from([*ATTACKS, "web", " "]) | st.text(max_size=4), max_size=5).map("".join)
FINDING = st.builds(
    Finding,
    check=st.sampled_from(CHECKS),
    namespace=TEXT,
    kind=TEXT.map("Kind".__add__),
    name=TEXT,
    message=TEXT,
    fix=TEXT,
    pods=st.integers(0, 2),
    severity=st.sampled_from(Severity),
)
REPORT = st.builds(
    report, st.lists(FINDING, max_size=3).map(tuple), TEXT, unreadable=st.lists(TEXT, max_size=2).map(tuple)
)
EVERY_ATTACK = report(
    tuple(Finding(MISSING, text, f"Kind{text}", text, text, text, 1, Severity.ERROR) for text in ATTACKS),
    "".join(ATTACKS),
    unreadable=tuple(ATTACKS),
)


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100000")


def harmless(told: Report) -> Report:
    """The same report with the same number of each, of names and messages that could do nothing."""
    findings = [
        dataclasses.replace(found, namespace="n", kind="k", name="n", message="m", fix="f") for found in told.findings
    ]
    return dataclasses.replace(told, findings=findings, context="c", unreadable=["u"] * len(told.unreadable))


def in_a_pipe(told: Report) -> str:
    return report_table.render(told, io.TextIOWrapper(io.BytesIO(), "utf-8"))


def on_a_terminal(told: Report) -> str:
    return report_table.render(told, Terminal())


@given(REPORT)
@example(EVERY_ATTACK)
def test_no_text_adds_a_line_or_anything_that_cannot_be_seen_to_the_table(told: Report) -> None:
    lines = in_a_pipe(told).split("\n")
    assert all(line.isprintable() for line in lines)
    assert len(lines) == len(in_a_pipe(harmless(told)).split("\n"))
    in_a_pipe(told).encode()


@given(REPORT)
@example(EVERY_ATTACK)
def test_no_text_changes_a_colour_or_moves_the_cursor_of_a_terminal(told: Report) -> None:
    escape = re.compile(r"\x1b\[[0-9;]*m")
    assert escape.findall(on_a_terminal(told)) == escape.findall(on_a_terminal(harmless(told)))
    assert all(line.isprintable() for line in Terminal.text_of(on_a_terminal(told)).split("\n"))


@given(REPORT)
@example(EVERY_ATTACK)
def test_every_text_stands_in_the_table_as_it_is_but_for_escapes(told: Report) -> None:
    lines = in_a_pipe(told).split("\n")
    for found in told.findings:
        assert any(visible(found.name) in line and visible(found.message) in line for line in lines)
        assert f"    → {visible(found.fix)}" in lines


@given(REPORT)
@example(EVERY_ATTACK)
def test_a_program_reads_every_text_from_the_json_as_it_was(told: Report) -> None:
    text = report_json.render(told)
    assert all(line.isascii() and line.isprintable() for line in text.split("\n"))
    content = json.loads(text)
    assert (content["context"], content["unreadable"]) == (told.context, list(told.unreadable))
    for written, found in zip(content["findings"], told.findings, strict=True):
        for key in ("namespace", "kind", "name", "message", "fix"):
            assert written[key] == getattr(found, key)


class Structure(HTMLParser):
    """The tags of a page with the names of their attributes, its comments, and its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[object] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, [name for name, _ in attrs]))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(tag)

    def handle_comment(self, data: str) -> None:
        self.tags.append(f"<!--{data}-->")

    def handle_data(self, data: str) -> None:
        self.text += data


@given(REPORT)
@example(EVERY_ATTACK)
def test_no_text_becomes_a_tag_or_an_attribute_of_the_page(told: Report) -> None:
    page = Structure(report_html.render(told))
    assert page.tags == Structure(report_html.render(harmless(told))).tags
    for found in told.findings:
        for shown in (found.kind, found.name, found.message, found.fix):
            assert visible(shown) in page.text


@given(REPORT)
@example(EVERY_ATTACK)
def test_no_text_changes_what_the_page_may_do(told: Report) -> None:
    for part in ("(?s)<script>.*</script>", "(?s)<style>.*</style>", '<meta http-equiv="Content-Security-Policy".*'):
        find: Callable[[str], list[str]] = re.compile(part).findall
        assert find(report_html.render(told)) == find(report_html.render(harmless(told)))
