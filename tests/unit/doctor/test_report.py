"""What all reports share: what was looked at, the order, and texts that can't act."""

import random
from datetime import datetime, timezone

import pytest
from pulumi_image_pull_secrets.doctor.findings import Check, Severity, finding
from pulumi_image_pull_secrets.doctor.observation import AccountSeen, Observation, PodSeen, SecretSeen, WorkloadSeen
from pulumi_image_pull_secrets.doctor.report import LookedAt, documentation_url, object_of, report_of, tally, worst
from pulumi_image_pull_secrets.wording import MAX_SHOWN, visible

from tests.unit.doctor.reports import CHECKS, COVERAGE, EXPIRES, FINDINGS, MISSING, OVERRIDDEN, report

NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)
SEEN = Observation(
    now=NOW,
    secrets={("a", "s"): SecretSeen("a", "s", "", NOW), ("a", "t"): SecretSeen("a", "t", "", NOW)},
    accounts={("b", "default"): AccountSeen("b", "default")},
    pods=[PodSeen("c", str(number), NOW, "default", (), ()) for number in range(3)],
    workloads=[WorkloadSeen("d", "Job", "j", "default", (), ())],
    unreadable=["Secrets in e"],
    secrets_known_in=frozenset({"a", "f"}),
    accounts_known_in=frozenset({"b", "g"}),
)


def test_a_namespace_counts_where_something_was_seen_and_where_a_list_was_empty() -> None:
    looked_at = report_of(SEEN, "prod", CHECKS, []).looked_at
    assert looked_at == LookedAt(namespaces=6, secrets=2, accounts=1, pods=3, controllers=1)


def test_what_an_observation_says_of_itself_is_in_the_report() -> None:
    made = report_of(SEEN, "prod", CHECKS, FINDINGS)
    assert (made.context, made.time, made.checks, made.unreadable) == ("prod", NOW, CHECKS, ["Secrets in e"])


def test_the_order_of_findings_does_not_depend_on_the_order_in_which_they_came() -> None:
    shuffled = random.Random(7).sample(FINDINGS, len(FINDINGS))
    told = [found.check.code for found in report_of(SEEN, "prod", CHECKS, shuffled).findings]
    assert told == [
        "secret-missing",
        "pod-unauthorized",
        "coverage-namespace",
        "secret-token-expiring",
        "account-always-overridden",
    ]


def test_every_finding_is_in_the_category_of_its_check() -> None:
    told = {category.title: [found.check.code for found in category.findings] for category in report().categories()}
    assert told == {
        "secrets": ["secret-missing", "secret-token-expiring"],
        "accounts": ["account-always-overridden"],
        "pods": ["pod-unauthorized"],
        "controllers": [],
        "coverage": ["coverage-namespace"],
    }


def test_a_category_of_which_no_check_was_run_is_not_told_to_be_clean() -> None:
    assert [one.title for one in report(findings=(), checks=(MISSING, COVERAGE)).categories()] == [
        "secrets",
        "coverage",
    ]


def test_a_category_says_how_many_objects_were_looked_at() -> None:
    assert [category.looked_at for category in report().categories()] == [
        "41 Secrets",
        "1 ServiceAccount",
        "130 pods",
        "0 controllers",
        "4 namespaces",
    ]


@pytest.mark.parametrize(
    ("checks", "expected", "told"),
    [
        ([], None, "nothing found"),
        ([OVERRIDDEN], None, "1 note"),
        ([OVERRIDDEN, EXPIRES], Severity.WARNING, "1 warning, 1 note"),
        ([OVERRIDDEN, EXPIRES, MISSING, MISSING], Severity.ERROR, "2 errors, 1 warning, 1 note"),
    ],
)
def test_the_worst_finding_decides_and_a_note_is_nothing_to_mend(
    checks: list[Check], expected: Severity | None, told: str
) -> None:
    found = [finding(check, "n", "Secret", "s", "m") for check in checks]
    assert worst(found) is expected
    assert tally(found) == told


@pytest.mark.parametrize(
    ("namespace", "kind", "name", "shown"),
    [
        ("shop", "Secret", "regcred", "Secret shop/regcred"),
        ("shop", "Namespace", "shop", "Namespace shop"),
        ("", "Registry", "ghcr.io", "Registry ghcr.io"),
    ],
)
def test_an_object_is_named_as_a_person_does(namespace: str, kind: str, name: str, shown: str) -> None:
    assert object_of(finding(MISSING, namespace, kind, name, "m")) == shown


def test_a_check_is_explained_under_its_code() -> None:
    assert documentation_url(MISSING) == "docs/checks.md#secret-missing"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web-1", "web-1"),
        ("[red]x[/] :smile: <b> \\x1b", "[red]x[/] :smile: <b> \\x1b"),
        ("zażółć 日本 √", "zażółć 日本 √"),
        ("one\ntwo\r\n\tthree\u2028four\x85five", "one two three four five"),
        ("\x1b[31mred\x07\x9b0m", "\\x1b[31mred\\x07\\x9b0m"),
        ("a\u202eb\u2066c\u200f", "a\\u202eb\\u2066c\\u200f"),
        ("\u05d0\u0627", "\\u05d0\\u0627"),
        ("\ud800\U000e0041\x00", "\\ud800\\U000e0041\\x00"),
    ],
)
def test_what_would_act_shows_as_an_escape_and_the_rest_as_it_is(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_text_that_nobody_would_read_to_its_end_is_cut_and_says_so() -> None:
    assert visible("a" * MAX_SHOWN) == "a" * MAX_SHOWN
    assert visible("a" * 1_000_000) == "a" * MAX_SHOWN + "… (1000000 characters)"
