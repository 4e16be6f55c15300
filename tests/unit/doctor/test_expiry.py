"""When a login ends, as far as anything says so."""

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.doctor.expiry import expiry_of
from pulumi_image_pull_secrets.keyring import Credential
from pulumi_image_pull_secrets.token_expiry import Expiry

from tests.unit.doctor.observed import DAY, HOUR, NOW, secret

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def encoded(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def jwt(**claims: Any) -> str:
    return f"{encoded({'alg': 'RS256'})}.{encoded(claims)}.c2lnbmF0dXJl"


def at(moment: datetime) -> int:
    return int(moment.timestamp())


def expiry(
    password: str = "made-up", username: str = "bot", pattern: str = "ghcr.io", **of_secret: Any
) -> Expiry | None:
    return expiry_of(secret(**of_secret), Credential(pattern, username, password, pattern=pattern))


def test_a_password_that_says_nothing_does_not_expire() -> None:
    assert expiry() is None


def test_a_json_web_token_ends_by_its_exp() -> None:
    assert expiry(jwt(exp=at(NOW))) == Expiry(NOW)
    assert expiry(jwt(exp=at(NOW), iat=at(NOW - DAY))) == Expiry(NOW, DAY)
    assert expiry(jwt(exp=at(NOW), iat=at(NOW + DAY))) == Expiry(NOW)


@pytest.mark.parametrize("exp", [None, "soon", True, 10**30, float("inf"), float("nan"), -(10**30), [], {}])
def test_a_token_with_an_exp_that_is_no_time_does_not_expire(exp: Any) -> None:
    assert expiry(jwt(exp=exp)) is None
    assert expiry(encoded({"expiration": exp})) is None


@pytest.mark.parametrize(
    "password",
    [
        "a.b.c",
        "eyJ.eyJ.eyJ",
        f"{encoded([1])}.{encoded({'exp': 1})}.x",
        f"{encoded({})}.{encoded([1])}.x",
        encoded({"exp": 1}),
        "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9",
        "ey" + "J" * 10_001,
        "ey\ud800",
        "ey" + base64.b64encode(b"[" * 100_000).decode(),
    ],
)
def test_what_only_looks_like_a_token_does_not_expire(password: str) -> None:
    assert expiry(password) is None


def test_an_ecr_password_ends_when_it_says() -> None:
    password = base64.b64encode(json.dumps({"payload": "x", "expiration": at(NOW)}).encode()).decode()
    assert expiry(password, "AWS", ECR) == Expiry(NOW, 12 * HOUR)


@pytest.mark.parametrize(
    "host",
    [ECR, "123.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "123.dkr-ecr.us-east-1.on.aws", "*.dkr.ecr.*.amazonaws.com"],
)
def test_an_ecr_password_ends_twelve_hours_after_it_was_written(host: str) -> None:
    written = NOW - 3 * HOUR
    assert expiry("opaque", "AWS", host, created=written) == Expiry(NOW + 9 * HOUR, 12 * HOUR)
    renewed = expiry("opaque", "AWS", f"{host}/acme", created=NOW - DAY, changed=written)
    assert renewed == Expiry(NOW + 9 * HOUR, 12 * HOUR)


def test_only_the_password_of_ecrs_user_ends_by_its_age() -> None:
    assert expiry("opaque", "bot", ECR) is None
    assert expiry("opaque", "AWS", "ghcr.io") is None
    assert expiry_of(secret(), Credential("[", "AWS", "opaque")) is None


@pytest.mark.parametrize(
    "text", ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00+00:00", " 2026-03-01T13:00:00+01:00 ", "2026-03-01T12:00:00"]
)
def test_an_annotation_says_when_a_secret_ends(text: str) -> None:
    assert expiry(annotations={"image-pull-secrets/expires": text}, created=NOW - HOUR) == Expiry(NOW, HOUR)


def test_an_annotation_may_be_for_some_logins_alone() -> None:
    ends = {"image-pull-secrets/expires": "2026-03-01T12:00:00Z"}
    for others, is_told in (("quay.io", False), ("ghcr.io", True), ("docker.io,ghcr.io", True), ("", False)):
        found = expiry(annotations={**ends, "image-pull-secrets/expiring": others}, created=NOW - HOUR)
        assert (found is not None) is is_told


def test_a_token_of_hours_is_not_about_to_end_from_its_first_minute() -> None:
    annotations = {"image-pull-secrets/expires": "2026-03-01T20:00:00Z"}
    fresh = expiry(annotations=annotations, created=NOW - 30 * DAY, changed=NOW)
    assert fresh == Expiry(NOW + 8 * HOUR, 8 * HOUR)
    assert [fresh.is_near(NOW + hours * HOUR) for hours in (0, 5, 6, 7)] == [False, False, True, True]


def test_what_ended_before_it_was_written_has_no_lifetime() -> None:
    annotations = {"image-pull-secrets/expires": "2026-03-01T12:00:00Z"}
    assert expiry(annotations=annotations, created=NOW) == Expiry(NOW)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01T12:00:00Z"])
def test_an_annotation_that_is_no_time_says_nothing(text: str) -> None:
    assert expiry(annotations={"image-pull-secrets/expires": text}) is None


def test_a_token_is_believed_before_the_annotation_and_that_before_ecrs_age() -> None:
    annotations = {"image-pull-secrets/expires": "2026-03-02T12:00:00Z"}
    assert expiry(jwt(exp=at(NOW)), annotations=annotations) == Expiry(NOW)
    assert expiry("opaque", "AWS", ECR, annotations=annotations, created=NOW) == Expiry(NOW + DAY, DAY)


@pytest.mark.parametrize(
    ("left", "lifetime", "is_over", "is_near"),
    [
        (-HOUR, None, True, False),
        (timedelta(0), None, True, False),
        (HOUR, None, False, True),
        (3 * DAY, None, False, True),
        (3 * DAY + HOUR, None, False, False),
        (3 * HOUR, 12 * HOUR, False, True),
        (4 * HOUR, 12 * HOUR, False, False),
        (3 * DAY, 365 * DAY, False, True),
        (4 * DAY, 365 * DAY, False, False),
    ],
)
def test_what_is_over_and_what_is_near(
    left: timedelta, lifetime: timedelta | None, is_over: bool, is_near: bool
) -> None:
    found = Expiry(NOW + left, lifetime)
    assert (found.is_over(NOW), found.is_near(NOW)) == (is_over, is_near)


@given(st.text(), st.text())
def test_whatever_a_password_and_an_annotation_are_it_ends_or_does_not(password: str, annotation: str) -> None:
    found = expiry(password, annotations={"image-pull-secrets/expires": annotation})
    assert found is None or found.at.tzinfo is not None


def test_times_are_told_in_the_zone_of_greenwich() -> None:
    found = expiry(jwt(exp=at(NOW)))
    assert found is not None
    assert found.at.tzinfo is timezone.utc
