"""The doctor's page in a real Chromium: what a person sees, clicks and reads, in each light and on a phone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi_image_pull_secrets.doctor import report_html
from pulumi_image_pull_secrets.doctor.findings import finding

from tests.integration import chromium
from tests.unit.doctor.reports import FINDINGS, MISSING, STUCK, report

pytestmark = pytest.mark.skipif(bool(chromium.missing()), reason=chromium.missing())

PHONE = 360
HOSTILE = (
    *FINDINGS,
    finding(STUCK, "shop", "Pod", "<script>alert(1)</script>", "<img src=http://192.0.2.1/x onerror=alert(2)>", pods=9),
    finding(MISSING, "n" * 63, "Secret", "s" * 253, "an image of a long name: " + "r/" * 400, pods=4_999),
)
CONTRASTS = """
const channel = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const parts = (color) => color.match(/[\\d.]+/g).map(Number);
const luminance = ([red, green, blue]) =>
  0.2126 * channel(red / 255) + 0.7152 * channel(green / 255) + 0.0722 * channel(blue / 255);
const behind = (element) => {
  for (; element; element = element.parentElement) {
    const color = parts(getComputedStyle(element).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
};
return [...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility() && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
  .map((one) => {
    const [less, more] = [parts(getComputedStyle(one).color), behind(one)].map(luminance).sort((a, b) => a - b);
    return [one.outerHTML.slice(0, 80), (more + 0.05) / (less + 0.05)];
  });
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Browser]:
    with chromium.browser(tmp_path_factory.mktemp("chromium")) as window:
        yield window


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(report_html.render(report(HOSTILE, unreadable=("Secrets in kube-system: not allowed",))))
    return path


def column(browser: chromium.Browser, number: int) -> Any:
    """What is in a column of the rows that are shown, from top to bottom."""
    script = """return [...document.querySelectorAll("tbody tr")].filter((row) => row.checkVisibility())
        .map((row) => row.cells[arguments[0]].innerText.split("\\n").pop())"""
    return browser.run(script, number)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_the_page_opens_by_itself_without_a_request_or_a_complaint(
    browser: chromium.Browser, page: Path, tmp_path: Path, width: int, scheme: str
) -> None:
    browser.has(width=width, scheme=scheme)
    browser.open(page)
    picture = browser.screenshot(tmp_path / f"{width}-{scheme}.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert browser.requested(page) == [page.as_uri()]
    assert browser.console() == []


@pytest.mark.parametrize("width", [1280, 1170, 1100, 768, PHONE, 320])
def test_nobody_has_to_scroll_sideways(browser: chromium.Browser, page: Path, width: int) -> None:
    browser.has(width=width)
    browser.open(page)
    assert browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    beyond = """const edge = document.querySelector(".categories").getBoundingClientRect().right + 0.5;
        return [...document.querySelectorAll("main *")].filter((one) => one.checkVisibility()
        && one.getBoundingClientRect().right > edge).map((one) => one.outerHTML)"""
    assert browser.run(beyond) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, PHONE])
def test_every_text_stands_out_from_what_is_behind_it(
    browser: chromium.Browser, page: Path, scheme: str, width: int
) -> None:
    browser.has(width=width, scheme=scheme)
    browser.open(page)
    measured = browser.run(CONTRASTS)
    assert len(measured) > 50
    assert [one for one in measured if one[1] < 4.5] == []


def test_the_page_is_light_or_dark_as_its_reader_prefers(browser: chromium.Browser, page: Path) -> None:
    background = "return getComputedStyle(document.body).backgroundColor"
    shown = []
    for scheme in ("light", "dark"):
        browser.has(width=1280, scheme=scheme)
        browser.open(page)
        shown.append(browser.run(background))
    assert shown == ["rgb(245, 246, 248)", "rgb(20, 23, 27)"]


@pytest.mark.parametrize("width", [1280, PHONE])
def test_a_click_on_a_column_sorts_by_it_and_another_click_turns_it_round(
    browser: chromium.Browser, page: Path, width: int
) -> None:
    browser.has(width=width)
    browser.open(page)
    order = "return [...document.querySelectorAll('thead th')].map((header) => header.ariaSort)"
    assert browser.run(order) == ["descending", None, None, None, None, None]
    browser.click("thead th:nth-child(6) button")
    pods = [text.split(" ")[0] for text in column(browser, 5)]
    assert pods == ["4999", "12", "9", "4", "3", "1", ""]
    assert browser.run(order) == [None, None, None, None, None, "descending"]
    browser.click("thead th:nth-child(6) button")
    assert [text.split(" ")[0] for text in column(browser, 5)] == pods[::-1]
    assert browser.run(order) == [None, None, None, None, None, "ascending"]
    browser.click("thead th:nth-child(1) button")
    assert column(browser, 0) == ["error"] * 4 + ["warning"] * 2 + ["note"]
    browser.click("thead th:nth-child(5) button")
    codes = [finding.check.code for finding in HOSTILE]
    assert column(browser, 4) == sorted(codes)


def test_rows_of_the_same_value_keep_the_order_they_had(browser: chromium.Browser, page: Path) -> None:
    browser.has(width=1280)
    browser.open(page)
    browser.click("thead th:nth-child(6) button")
    browser.click("thead th:nth-child(1) button")
    assert column(browser, 5)[:4] == ["4999", "12", "9", "1"]


@pytest.mark.parametrize("width", [1280, PHONE])
def test_a_severity_can_be_left_out_and_the_page_says_how_many_are_shown(
    browser: chromium.Browser, page: Path, width: int
) -> None:
    browser.has(width=width)
    browser.open(page)
    status = "return document.querySelector('[role=status]').innerText"
    assert browser.run(status) == ""
    browser.click("label.error")
    assert column(browser, 0) == ["warning", "warning", "note"]
    assert browser.run(status) == "3 of 7 shown"
    browser.click("label.note")
    assert column(browser, 0) == ["warning", "warning"]
    browser.click("label.error")
    browser.click("label.note")
    assert len(column(browser, 0)) == 7
    assert browser.run(status) == ""


def test_a_check_leads_to_its_explanation(browser: chromium.Browser, page: Path) -> None:
    browser.has(width=1280)
    browser.open(page)
    browser.click("tbody a[href='#secret-missing']")
    assert browser.run("return document.querySelector(':target dt').innerText").startswith(MISSING.title)


def test_a_name_that_is_a_script_is_a_name(browser: chromium.Browser, page: Path) -> None:
    browser.has(width=1280)
    browser.open(page)
    assert "<script>alert(1)</script>" in column(browser, 1)
    assert browser.run("return [document.scripts.length, document.images.length]") == [1, 0]


def test_the_page_runs_and_loads_nothing_that_is_not_its_own(browser: chromium.Browser, page: Path) -> None:
    browser.has(width=1280)
    content = page.read_text()
    # As if the escaping had failed.
    page.write_text(content.replace("<ul ", "<script>document.title = 'hit'</script><img src='stolen.png'><ul ", 1))
    page.with_name("stolen.png").write_bytes(b"")
    browser.open(page)
    assert browser.run("return document.title") != "hit"
    complaints = browser.console()
    assert len(complaints) == 2
    assert all("Content Security Policy" in complaint for complaint in complaints)


@pytest.mark.parametrize("width", [1280, PHONE])
def test_without_scripts_everything_is_there_and_nothing_pretends_to_be_clickable(
    browser: chromium.Browser, page: Path, width: int
) -> None:
    browser.has(width=width, scripts=False)
    browser.open(page)
    assert len(column(browser, 0)) == len(HOSTILE)
    assert browser.run("return document.querySelectorAll('button').length") == 0
    browser.click("label.error")
    assert column(browser, 0) == ["warning", "warning", "note"]


@pytest.mark.parametrize("width", [1280, PHONE])
def test_who_listens_to_the_page_hears_a_table(browser: chromium.Browser, page: Path, width: int) -> None:
    browser.has(width=width)
    browser.open(page)
    for selector, role in {
        "table": "table",
        "tbody tr": "row",
        "tbody td": "cell",
        "tbody th": "rowheader",
        "thead th": "columnheader",
        "thead button": "button",
    }.items():
        assert browser.role(selector) == role
