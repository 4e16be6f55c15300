"""What is asked of registries, and what is wrong by their answers."""

import io
from dataclasses import replace

import pytest
from pulumi_image_pull_secrets.doctor import report_html, report_pulls, report_table
from pulumi_image_pull_secrets.doctor.diagnosis import diagnose
from pulumi_image_pull_secrets.doctor.findings import Severity
from pulumi_image_pull_secrets.doctor.image_scope import WantedImage
from pulumi_image_pull_secrets.doctor.observation import Observation
from pulumi_image_pull_secrets.doctor.verify import verdicts
from pulumi_image_pull_secrets.doctor.view import View
from pulumi_image_pull_secrets.registry import Result

from tests.unit.doctor.observed import (
    NOT_FOUND,
    UNAUTHORIZED,
    account,
    codes,
    config,
    container,
    login,
    observe,
    pod,
    secret,
    the,
)
from tests.unit.doctor.reports import report
from tests.unit.doctor.verified import Registries, verdicts_of_everything, verified

IMAGE = "ghcr.io/acme/web:1"
RUNS = observe(secret(), account("regcred"), pod(pull_secrets=["regcred"]), pod(pull_secrets=["regcred"], name="b"))
FAILS = observe(secret(), account("regcred"), pod(container(said=UNAUTHORIZED), pull_secrets=["regcred"]))
TWO = secret(content=config(**{"ghcr.io/acme": login("team"), "ghcr.io": login()}))


def asked(seen: Observation, wanted: WantedImage | None = None) -> list[tuple[str, str]]:
    registries = Registries(lambda *_: Result.PULLS)
    verdicts(View(seen), registries.ask_all, wanted)
    return registries.asked


def test_every_login_is_asked_with_in_the_kubelets_order_and_none_only_where_there_is_none() -> None:
    seen = observe(TWO, account("regcred"), pod(pull_secrets=["regcred"]), pod(container("quay.io/a/b:1"), name="b"))
    assert asked(seen) == [("quay.io/a/b:1", ""), (IMAGE, "team"), (IMAGE, "bot")]


def test_the_same_list_and_image_is_asked_about_once_and_counts_all_pods() -> None:
    given = verdicts(View(RUNS), Registries(lambda *_: Result.PULLS).ask_all)
    assert [(verdict.pull.image, verdict.pull.pods, verdict.result) for verdict in given] == [(IMAGE, 2, Result.PULLS)]


def test_what_no_kubelet_asks_for_is_not_asked() -> None:
    seen = observe(
        secret("bad", b"{"),
        account(),
        pod(pull_secrets=["bad"]),
        pod(container("Nginx"), name="no-name"),
        pod(container("ghcr.io/acme/never:1", pull_policy="Never"), name="never"),
        pod(pull_secrets=["unread"], namespace="other"),
        secrets_known_in=frozenset({"shop"}),
    )
    assert asked(seen) == []
    told = report_pulls.content(verdicts(View(seen), Registries(lambda *_: Result.PULLS).ask_all))
    assert [(each["image"], each["result"], each["reason"]) for each in told] == [
        ("Nginx", "not asked", "it is no image's name"),
        (IMAGE, "not asked", "Secret shop/bad can't be read, which fails every pull"),
        (IMAGE, "not asked", "the Secrets in other couldn't be read"),
    ]


def test_of_one_image_alone() -> None:
    seen = observe(account(), pod(), pod(container("ghcr.io/acme/api:1"), name="api"))
    assert asked(seen, WantedImage.parse("ghcr.io/acme/api")) == [("ghcr.io/acme/api:1", "")]


@pytest.mark.parametrize(
    ("team", "bot", "result"),
    [
        (Result.PULLS, Result.DENIED, Result.PULLS),
        (Result.DENIED, Result.PULLS, Result.PULLS),
        (Result.DENIED, Result.NOT_FOUND, Result.NOT_FOUND),
        (Result.DENIED, Result.UNREACHABLE, Result.UNREACHABLE),
        (Result.DENIED, Result.DENIED, Result.DENIED),
    ],
)
def test_one_login_that_works_is_enough(team: Result, bot: Result, result: Result) -> None:
    seen = observe(TWO, account("regcred"), pod(pull_secrets=["regcred"]))
    (verdict,) = verdicts(View(seen), Registries(lambda _, user: team if user == "team" else bot).ask_all)
    assert verdict.result is result
    refused = codes(verified(seen, lambda _, user: team if user == "team" else bot))
    assert ("secret-refused" in refused) is (Result.DENIED in (team, bot))


def test_a_refused_login_is_told_at_the_secret_once_with_the_pods() -> None:
    (only,) = verified(RUNS, lambda *_: Result.DENIED)
    assert (only.check.code, only.kind, only.name, only.pods) == ("secret-refused", "Secret", "regcred", 2)
    assert only.severity is Severity.ERROR
    assert only.message == f"ghcr.io refuses the login (401): user 'bot' of key 'ghcr.io', asked for {IMAGE}"
    assert verified(RUNS, lambda *_: Result.PULLS) == []


def test_pods_that_fail_count_under_the_refused_secret_and_are_not_told_twice() -> None:
    assert codes(verified(FAILS, lambda *_: Result.PULLS)) == ["pod-unauthorized"]
    (only,) = verified(FAILS, lambda *_: Result.DENIED)
    assert (only.check.code, only.kind, only.pods) == ("secret-refused", "Secret", 1)
    assert "ReplicaSet web-5d8f can't pull" in only.message


def test_a_refused_login_beside_one_that_works_is_a_warning() -> None:
    seen = observe(TWO, account("regcred"), pod(pull_secrets=["regcred"]))
    (only,) = verified(seen, lambda _, user: Result.DENIED if user == "team" else Result.PULLS)
    assert (only.check.code, only.severity) == ("secret-refused", Severity.WARNING)
    assert "user 'team'" in only.message
    assert "user 'bot'" not in only.message


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (config(**{"ghcr.io": {"username": "bot", "password": ""}}), "secret-empty"),
        (config(**{"ghcr.io": login("bot", "eyJhbGciOiJub25lIn0.eyJleHAiOjB9.x")}), "secret-token-expired"),
        (config(**{"ghcr.io": {**login(), "username": "other"}}), "secret-auth-disagrees"),
    ],
)
def test_what_is_wrong_with_a_secret_by_its_looks_is_not_told_twice(content: bytes, code: str) -> None:
    seen = observe(secret(content=content), account("regcred"), pod(pull_secrets=["regcred"]))
    without = codes(diagnose(seen))
    assert code in without
    assert codes(verified(seen, lambda *_: Result.DENIED)) == without


def test_an_image_that_is_not_there() -> None:
    (only,) = verified(RUNS, lambda *_: Result.NOT_FOUND)
    assert (only.check.code, only.severity, only.pods) == ("pod-image-not-found", Severity.WARNING, 2)
    assert only.message == (
        f"image {IMAGE} is not in the registry; no pod fails because of it now: "
        "ghcr.io has no such repository, tag or digest"
    )


@pytest.mark.parametrize("said", [NOT_FOUND, UNAUTHORIZED, ""])
def test_a_pod_that_lacks_such_an_image_is_told_once(said: str) -> None:
    seen = observe(secret(), account("regcred"), pod(container(said=said), pull_secrets=["regcred"]))
    (only,) = verified(seen, lambda *_: Result.NOT_FOUND)
    assert (only.check.code, only.severity, only.pods) == ("pod-image-not-found", Severity.ERROR, 1)


def test_a_pod_that_lacks_it_for_another_reason_is_told_of_that_alone() -> None:
    seen = observe(
        secret(), account("regcred"), pod(container(said="no space left on device"), pull_secrets=["regcred"])
    )
    assert codes(verified(seen, lambda *_: Result.NOT_FOUND)) == ["pod-disk-full"]


def test_a_login_that_is_wanted_where_there_is_none() -> None:
    seen = observe(account(), pod())
    (only,) = verified(seen, lambda *_: Result.DENIED)
    assert (only.check.code, only.severity, only.pods) == ("pod-no-credential", Severity.WARNING, 1)
    assert verified(seen, lambda *_: Result.PULLS) == []


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        # A Secret of the namespace has a login for the image.
        (observe(secret(), account(), pod()), "account-without-secret"),
        (observe(account("gone"), pod(pull_secrets=["gone"])), "account-dangling-entry"),
        (observe(secret(), account("regcred"), pod()), "pod-predates-account"),
        (observe(account(), pod(container(said=UNAUTHORIZED))), "account-without-secret"),
    ],
)
def test_why_there_is_no_login_is_told_instead_where_it_is_known(seen: Observation, code: str) -> None:
    assert codes(verified(seen, lambda *_: Result.DENIED)) == [code]


def test_a_registry_that_is_not_reached_from_here_is_a_note_for_all_of_its_images() -> None:
    seen = observe(
        secret(),
        account("regcred"),
        pod(pull_secrets=["regcred"]),
        pod(container(), container("ghcr.io/acme/api:1"), pull_secrets=["regcred"], name="two"),
    )
    only = the("pod-not-verified", found := verified(seen, lambda *_: Result.UNREACHABLE))
    assert len(found) == 1
    assert (only.kind, only.name, only.pods, only.severity) == ("Registry", "ghcr.io", 2, Severity.NOTE)
    assert only.message.endswith("and a node may have one: ghcr.io: the connection was refused")
    assert only.fix == "curl -I https://ghcr.io/v2/"


def test_what_nodes_do_not_reach_either_is_told_of_them() -> None:
    said = "dial tcp: lookup ghcr.io: no such host"
    seen = observe(secret(), account("regcred"), pod(container(said=said), pull_secrets=["regcred"]))
    assert codes(verified(seen, lambda *_: Result.UNREACHABLE)) == ["pod-dns"]


def test_the_report_has_a_line_for_each_image_and_result_those_that_pull_last() -> None:
    told = verdicts_of_everything()
    assert report_pulls.summary(told) == (
        "1 image pulls, 1 image not asked, 1 image unreachable, 1 image not found, 1 image denied"
    )
    assert report_pulls.lines(told) == [
        "denied: ghcr.io/acme/web:1, 1 pod in shop: ghcr.io refuses the login (401)",
        "not found: ghcr.io/acme/web:2, 1 pod in shop: ghcr.io has no such repository, tag or digest",
        "unreachable: ghcr.io/acme/web:3, 1 pod in shop: ghcr.io: the connection was refused",
        "not asked: ghcr.io/acme/web:0, 1 pod in shop: Secret shop/broken can't be read, which fails every pull",
        "pulls: ghcr.io/acme/web:0, 2 pods in shop: ghcr.io takes the login",
    ]
    assert report_pulls.summary(()) == "no pod needs an image"


def test_the_table_and_the_page_have_the_same_lines() -> None:
    told = replace(report(), verdicts=verdicts_of_everything())
    table = report_table.render(told, io.TextIOWrapper(io.BytesIO(), "utf-8"))
    lines = report_pulls.lines(told.verdicts or ())
    heading = f"i {report_pulls.TITLE}: {report_pulls.summary(told.verdicts or ())}"
    assert "\n".join(["", heading, *(f"  {line}" for line in lines), ""]) in table
    page = report_html.render(told)
    assert "<strong>asked registries</strong>: 1 image pulls, " in page
    assert "<li>denied: ghcr.io/acme/web:1, 1 pod in shop: ghcr.io refuses the login (401)</li>" in page
    for output in (
        report_table.render(report(), io.TextIOWrapper(io.BytesIO(), "utf-8")),
        report_html.render(report()),
    ):
        assert report_pulls.TITLE not in output


def test_images_are_counted_once_whoever_needs_them() -> None:
    seen = observe(account(), pod(), pod(namespace="other"), pod(container("ghcr.io/acme/api:1"), name="api"))
    assert report_pulls.summary(verdicts(View(seen), Registries(lambda *_: Result.PULLS).ask_all)) == "2 images pull"


def test_a_refused_login_is_mended_by_what_its_secret_is() -> None:
    owned = secret(annotations={"image-pull-secrets/owner": "acme.prod.pulls"})
    several = secret(content=config("ghcr.io", "quay.io"))
    fixes = [
        the(
            "secret-refused",
            verified(observe(account("regcred"), of, pod(pull_secrets=["regcred"])), lambda *_: Result.DENIED),
        ).fix
        for of in (owned, several)
    ]
    assert fixes[0].startswith("pulumi up --refresh  # of acme.prod.pulls, ")
    assert fixes[1].startswith("kubectl -n shop create secret generic regcred ")
