"""The checks as data, the page that is generated from them, and how findings are made of them."""

import re
import runpy
import string
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pulumi_image_pull_secrets.doctor import check_reference, checks
from pulumi_image_pull_secrets.doctor.check_reference import render
from pulumi_image_pull_secrets.doctor.checks import BY_CODE, CHECKS
from pulumi_image_pull_secrets.doctor.findings import Check, Severity, finding

from sandbox.engine import CHECKOUT

PAGE = CHECKOUT / "docs" / "checks.md"
CATEGORIES = ["secret", "account", "pod", "controller", "coverage"]
HERE = Path(__file__).parent


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_a_check_is_whole(check: Check) -> None:
    assert re.fullmatch("(secret|account|pod|controller|coverage)(-[a-z]+)+", check.code)
    assert check.category in CATEGORIES
    assert re.fullmatch(r"[A-Z].*[^.]", check.title)
    assert re.fullmatch(r"[A-Z`].*\.", check.explanation, re.DOTALL)
    assert "\n" not in check.fix
    assert check.milder is None or check.milder.severity.rank < check.severity.rank


def test_codes_are_told_apart_and_come_by_category() -> None:
    assert [code for code, count in Counter(check.code for check in CHECKS).items() if count > 1] == []
    categories = [check.category for check in CHECKS]
    assert categories == sorted(categories, key=CATEGORIES.index)
    assert BY_CODE["secret-missing"] is checks.SECRET_MISSING
    assert len(BY_CODE) == len(CHECKS) == 37


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_a_check_has_a_positive_and_a_negative_case(check: Check) -> None:
    rules = "".join(path.read_text() for path in HERE.glob("test_*_rules.py"))
    assert f'"{check.code}"' in rules


def test_the_page_is_what_the_checks_say() -> None:
    message = "stale; run: python -m pulumi_image_pull_secrets.doctor.check_reference > docs/checks.md"
    assert PAGE.read_text() == render(), message


def test_the_page_is_printed_by_the_module(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, check_reference.__name__)
    runpy.run_module(check_reference.__name__, run_name="__main__")
    assert capsys.readouterr() == (render(), "")


def test_the_page_has_a_section_for_each_check_and_no_link_leads_nowhere() -> None:
    page = render()
    sections = set(re.findall(r"^#+ (.*)$", page, re.MULTILINE))
    anchors = {re.sub("[^a-z-]", "", section.lower().replace(" ", "-")) for section in sections}
    assert set(BY_CODE) <= sections
    assert set(re.findall(r"\(#([a-z-]+)\)", page)) <= anchors
    assert "*error*; *note* where no pod fails because of it" in page


def places(check: Check) -> set[str]:
    return {place for _, place, _, _ in string.Formatter().parse(check.fix) if place}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_a_fix_is_filled_in_with_the_names_of_the_finding(check: Check) -> None:
    others: dict[str, Any] = {
        place: f"a-{place}" for place in places(check) - {"namespace", "resource", "name", "registry"}
    }
    fix = finding(check, "shop", "ServiceAccount", "default", "message", **others).fix
    assert not re.search("[{}]", re.sub(r"\{name: shop.*\}|'\{.*\}'", "", fix))


def test_a_fix_with_a_name_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError, match="secret"):
        finding(checks.ACCOUNT_DANGLING_ENTRY, "shop", "ServiceAccount", "default", "message")


def test_a_finding_is_as_severe_as_its_check_or_milder() -> None:
    names = ("shop", "Secret", "regcred", "message")
    assert finding(checks.SECRET_EMPTY, *names).severity is Severity.ERROR
    assert finding(checks.SECRET_EMPTY, *names, is_milder=True).severity is Severity.WARNING
    assert finding(checks.SECRET_MISSING, *names, is_milder=True).severity is Severity.ERROR


def test_findings_are_sorted_by_severity_then_pods_then_names() -> None:
    order = [
        finding(checks.SECRET_MISSING, "b", "Secret", "x", "m", pods=9),
        finding(checks.SECRET_MISSING, "a", "Secret", "x", "m", pods=2),
        finding(checks.SECRET_MISSING, "a", "Secret", "y", "m", pods=2),
        finding(checks.ACCOUNT_DANGLING_ENTRY, "a", "ServiceAccount", "x", "m", pods=99, secret="s"),
        finding(checks.ACCOUNT_DUPLICATE_ENTRY, "a", "ServiceAccount", "x", "m", secret="s"),
    ]
    shuffled = [order[index] for index in (3, 1, 4, 0, 2)]
    assert sorted(shuffled, key=lambda found: found.sort_key) == order


def test_the_ranks_of_severities() -> None:
    assert [severity.rank for severity in (Severity.NOTE, Severity.WARNING, Severity.ERROR)] == [0, 1, 2]


@pytest.mark.parametrize(
    "name", ["$(touch x)", "a;touch x", "a\ntouch x", "`touch x`", "a'b", '"; touch x', "a b", "#\n"]
)
def test_a_fix_can_be_pasted_whatever_the_names_are(name: str, tmp_path: Path) -> None:
    fixes = [
        finding(checks.SECRET_MISSING, "shop", "Secret", name, "m").fix,
        finding(checks.ACCOUNT_DANGLING_ENTRY, "shop", "ServiceAccount", name, "m", secret=name).fix,
        finding(checks.POD_DNS, "", "Registry", name, "m", registry=name).fix,
    ]
    for fix in fixes:
        harmless = f"kubectl() {{ :; }}; grep() {{ :; }}; {fix}"
        subprocess.run(["bash", "-c", harmless], cwd=tmp_path, check=True, capture_output=True)
    assert list(tmp_path.iterdir()) == []
