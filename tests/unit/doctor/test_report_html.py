"""The page, without a browser; tests/integration/test_doctor_html.py opens it in one."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from pulumi_image_pull_secrets.doctor import report_html
from pulumi_image_pull_secrets.doctor.findings import Check, Severity, finding

from tests.unit.doctor.reports import MISSING, STUCK, report

VOID = {"meta", "br", "input"}


class Page(HTMLParser):
    """Reads a page strictly: every tag is closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)


def text_of(page: str) -> str:
    return " ".join(" ".join(Page(page).texts).split())


@pytest.mark.parametrize("told", [report(), report(findings=()), report(unreadable=("Secrets in a", "Secrets in b"))])
def test_every_tag_is_closed_and_the_page_is_ascii(told: object) -> None:
    page = report_html.render(told)  # type: ignore[arg-type]
    Page(page)
    assert page.isascii()
    assert page.endswith("</html>\n")


def test_everything_that_was_found_is_told() -> None:
    text = text_of(report_html.render(report(unreadable=("Secrets in kube-system", "Pods in a"))))
    for part in (
        "2 errors, 2 warnings, 1 note: image pulls of prod-eu",
        "4 namespaces, read 2026-11-24 18:04 UTC",
        "secrets 41 Secrets 1 error, 1 warning",
        "Secrets in kube-system Pods in a",
        "Show 2 errors 2 warnings 1 note",
        "error Secret regcred checkout ServiceAccounts default and payments name it, and it isn't there "
        "kubectl create secret docker-registry regcred --namespace checkout --docker-server=SERVER secret-missing 12",
        "warning Namespace preview no stack covers it",
        "Secret is named but missing secret-missing The kubelet passes over",
    ):
        assert part in text


def test_a_clean_page_has_neither_table_nor_filter() -> None:
    page = report_html.render(report(findings=()))
    assert "Nothing found." in text_of(page)
    assert "<table" not in page
    assert "<input" not in page
    assert "What the checks mean" not in page
    assert "Not everything could be read" not in page


def test_a_severity_that_nothing_has_is_not_offered() -> None:
    page = report_html.render(report(findings=(finding(MISSING, "n", "Secret", "s", "m"),)))
    assert re.findall(r'<input [^>]*value="(\w+)"', page) == ["error"]


def test_a_check_is_explained_once_however_often_it_hits_and_each_link_leads_to_one() -> None:
    found = tuple(finding(check, "n", "Pod", name, "m") for check in (STUCK, MISSING) for name in "abc")
    attributes = Page(report_html.render(report(findings=found))).attributes
    ids = [value for name, value in attributes if name == "id" and not str(value).startswith("show-")]
    assert ids == ["pod-unauthorized", "secret-missing"]
    assert {value for name, value in attributes if name == "href"} == {f"#{one}" for one in ids}


def test_an_explanation_keeps_its_paragraphs_and_its_code() -> None:
    check = Check("pod-x", Severity.ERROR, "T", "One `a < b` and\ntwo.\n\n`Three`.\n", "f")
    page = report_html.render(report(findings=(finding(check, "n", "Pod", "p", "m"),), checks=(check,)))
    assert "<dd><p>One <code>a &lt; b</code> and two.</p><p><code>Three</code>.</p></dd>" in page


def test_the_policy_allows_just_the_style_and_the_script_of_the_page() -> None:
    page = report_html.render(report())
    allowed = ["default-src &#x27;none&#x27;".replace("&#x27;", "'")]
    for tag in ("style", "script"):
        contents = re.findall(f"(?s)<{tag}[^>]*>(.*?)</{tag}>", page)
        assert len(contents) == 1
        allowed.append(f"{tag}-src 'sha256-{base64.b64encode(hashlib.sha256(contents[0].encode()).digest()).decode()}'")
    policy = "; ".join([*allowed, "base-uri 'none'", "form-action 'none'"])
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in page


def test_nothing_in_the_page_is_an_address_elsewhere_or_a_style_or_handler_of_its_own() -> None:
    page = report_html.render(report())
    names = {name for name, _ in Page(page).attributes}
    assert not [name for name in names if name.startswith("on") or name in ("style", "src", "srcset", "action")]
    assert not re.search(r"https?:|//[a-z]|@import|url\(", page)


def test_the_table_says_what_its_cells_are_also_where_a_style_takes_its_form_away() -> None:
    attributes = Page(report_html.render(report())).attributes
    roles = [value for name, value in attributes if name == "role"]
    assert {role: roles.count(role) for role in ("table", "row", "columnheader", "rowheader", "cell")} == {
        "table": 1,
        "row": 6,
        "columnheader": 6,
        "rowheader": 5,
        "cell": 25,
    }
    assert attributes.count(("scope", "col")) == 6
    assert attributes.count(("scope", "row")) == 5
    assert attributes.count(("aria-sort", "descending")) == 1
    assert ("lang", "en") in attributes
