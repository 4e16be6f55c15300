"""The report for people: on a terminal, in a pipe, and where the encoding is an old one."""

# ruff: noqa: RUF001

import io

import pytest
from pulumi_image_pull_secrets.doctor import report_table
from pulumi_image_pull_secrets.doctor.findings import finding
from pulumi_image_pull_secrets.doctor.report import Report

from tests.unit.doctor.reports import MISSING, Terminal, report


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")


def in_a_pipe(told: Report, encoding: str = "utf-8") -> str:
    return report_table.render(told, io.TextIOWrapper(io.BytesIO(), encoding))


def test_the_whole_report_in_a_pipe() -> None:
    assert in_a_pipe(report(unreadable=("Secrets in kube-system: the user may not list them",))) == (
        """\
× secrets: 41 Secrets, 1 error, 1 warning
  × Secret checkout/regcred: ServiceAccounts default and payments name it, and it isn't there [secret-missing, 12 pods]
    → kubectl create secret docker-registry regcred --namespace checkout --docker-server=SERVER
  ‼ Secret shop/ci-token: the token for registry.example.com:5000 expires in 3 days [secret-token-expiring]
    → renew the token in ci-token

√ accounts: 1 ServiceAccount, 1 note
  i ServiceAccount tools/builder: all 4 pods have a list of their own [account-always-overridden, 4 pods]
    → kubectl edit serviceaccount builder --namespace tools

× pods: 130 pods, 1 error
  × Pod shop/web-7c9d8b6f5-x2x4k: the node may not pull "registry.example.com:5000/shop/web:1.27": """
        """pull access denied, repository does not exist or may require authorization: server message: """
        """insufficient_scope: authorization failed [pod-unauthorized, 1 pod]
    → kubectl describe pod web-7c9d8b6f5-x2x4k --namespace shop

√ controllers: 0 controllers, nothing found
‼ coverage: 4 namespaces, 1 warning
  ‼ Namespace preview: no stack covers it, and its pods use images of ghcr.io [coverage-namespace, 3 pods]
    → add preview to the stack

‼ not read: what is wrong there is not known
  Secrets in kube-system: the user may not list them

× 2 errors, 2 warnings, 1 note in 4 namespaces of prod-eu, 2026-11-24 18:04 UTC
what each check means: docs/checks.md
"""
    )


def test_a_clean_report_is_a_line_for_each_category_and_one_for_all() -> None:
    assert in_a_pipe(report(findings=())) == (
        """\
√ secrets: 41 Secrets, nothing found
√ accounts: 1 ServiceAccount, nothing found
√ pods: 130 pods, nothing found
√ controllers: 0 controllers, nothing found
√ coverage: 4 namespaces, nothing found

√ nothing found in 4 namespaces of prod-eu, 2026-11-24 18:04 UTC
"""
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437"])
def test_where_the_encoding_lacks_a_symbol_all_of_them_are_ascii(encoding: str) -> None:
    told = in_a_pipe(report(), encoding)
    assert told.isascii()
    assert told.splitlines()[:3] == [
        "xx secrets: 41 Secrets, 1 error, 1 warning",
        "  xx Secret checkout/regcred: ServiceAccounts default and payments name it, and it isn't there "
        "[secret-missing, 12 pods]",
        "    -> kubectl create secret docker-registry regcred --namespace checkout --docker-server=SERVER",
    ]
    assert "ok controllers" in told
    assert "!! coverage" in told


def test_a_character_that_the_encoding_lacks_shows_as_an_escape() -> None:
    told = in_a_pipe(report(findings=(finding(MISSING, "n", "Secret", "ä日", "m"),)), "latin-1")
    assert "Secret n/ä\\u65e5: m" in told


def test_a_terminal_gets_colours_and_lines_of_its_width_but_hints_that_can_be_copied() -> None:
    lines = Terminal.text_of(report_table.render(report(), Terminal())).splitlines()
    assert "    → kubectl create secret docker-registry regcred --namespace checkout --docker-server=SERVER" in lines
    start = lines.index("  × Secret checkout/regcred: ServiceAccounts default and")
    assert lines[start + 1 : start + 3] == [
        "    payments name it, and it isn't there [secret-missing, 12",
        "    pods]",
    ]
    assert not any(line.endswith(" ") for line in lines)


def test_no_line_but_a_hint_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for width in range(40, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = Terminal.text_of(report_table.render(report(), Terminal())).splitlines()
        assert [line for line in lines if len(line) > width and "→" not in line] == []


def test_severities_have_colours_of_their_own_on_a_terminal() -> None:
    told = report_table.render(report(), Terminal())
    assert "\x1b[1;31m× \x1b[0m\x1b[1msecrets" in told
    assert "\x1b[1;33m‼ \x1b[0m\x1b[1mcoverage" in told
    assert "\x1b[1;32m√ \x1b[0m\x1b[1mcontrollers" in told
    assert "\x1b[1;36mi \x1b[0m\x1b[1mServiceAccount tools/builder" in told


def test_no_color_takes_the_colours_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = report_table.render(report(), Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    told = report_table.render(report(), Terminal())
    assert "\x1b[3" not in told
    assert ";3" not in told
    assert Terminal.text_of(told) == Terminal.text_of(coloured)


def test_forced_colours_in_a_pipe_leave_a_line_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = in_a_pipe(report())
    monkeypatch.setenv("FORCE_COLOR", "1")
    told = in_a_pipe(report())
    assert "\x1b[1;31m" in told
    assert Terminal.text_of(told) == plain


def test_a_terminal_too_narrow_for_words_still_gets_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1")
    told = Terminal.text_of(report_table.render(report(), Terminal()))
    assert "".join(told.split()) == "".join(in_a_pipe(report()).split())
