"""Which logins serve an image, as each report tells it."""

import io
from dataclasses import replace

from pulumi_image_pull_secrets.doctor import report_html, report_image, report_table
from pulumi_image_pull_secrets.doctor.image_scope import ImageAnswer, WantedImage, answer
from pulumi_image_pull_secrets.doctor.view import View

from tests.unit.doctor.observed import account, config, login, observe, pod, secret
from tests.unit.doctor.reports import report

TOKEN = "ghp_" + "0123456789abcdef" * 2


def answered() -> ImageAnswer:
    """Of six accounts; one login stands in a key, and one user name is a token."""
    entries = {"https://bot:hush-hush@ghcr.io/acme": login(TOKEN), "ghcr.io": login()}
    seen = observe(
        secret("two", config(**entries)),
        *(secret(namespace=f"team-{number}") for number in range(4)),
        account("two"),
        *(account("regcred", namespace=f"team-{number}") for number in range(4)),
        account(name="poor"),
        pod(pull_secrets=["two"]),
        pod(namespace="team-0", pull_secrets=["regcred"]),
        pod(account="poor", name="poor"),
    )
    return answer(View(seen), WantedImage.parse("ghcr.io/acme/web:1"))


LINES = [
    "no login: ServiceAccount shop/poor, 1 pod",
    "user 'bot' of key 'ghcr.io' in Secret regcred: "
    "ServiceAccounts team-0/default, team-1/default, team-2/default and 1 more, 1 pod",
    "user (a token) of key 'ghcr.io/acme' in Secret two, then user 'bot' of key 'ghcr.io' in Secret two: "
    "ServiceAccount shop/default, 1 pod",
]


def test_accounts_are_told_by_what_they_have_those_without_first() -> None:
    assert report_image.title(answered()) == "image ghcr.io/acme/web:1"
    assert report_image.summary(answered()) == "5 ServiceAccounts have a login for it, 3 pods use it"
    assert report_image.lines(answered()) == LINES


def test_programs_get_every_account_and_nothing_secret() -> None:
    content = report_image.content(answered())
    assert [(each["namespace"], each["name"], each["pods"]) for each in content["accounts"]] == [
        ("shop", "default", 1),
        ("shop", "poor", 1),
        ("team-0", "default", 1),
        ("team-1", "default", 0),
        ("team-2", "default", 0),
        ("team-3", "default", 0),
    ]
    assert content["accounts"][0]["logins"] == [
        {"secret": "two", "key": "ghcr.io/acme", "user": "(a token)"},
        {"secret": "two", "key": "ghcr.io", "user": "bot"},
    ]


def test_the_table_and_the_page_have_the_same_lines() -> None:
    told = replace(report(), image=answered())
    table = report_table.render(told, io.TextIOWrapper(io.BytesIO(), "utf-8"))
    heading = "i image ghcr.io/acme/web:1: 5 ServiceAccounts have a login for it, 3 pods use it"
    assert "\n".join(["", heading, *(f"  {line}" for line in LINES), ""]) in table
    page = report_html.render(told)
    assert "<strong>image ghcr.io/acme/web:1</strong>: 5 ServiceAccounts have a login for it, 3 pods use it." in page
    assert "<li>no login: ServiceAccount shop/poor, 1 pod</li>" in page
    for output in (table, page):
        assert TOKEN not in output
        assert "hush-hush" not in output
