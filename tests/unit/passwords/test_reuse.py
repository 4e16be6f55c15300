"""Which passwords stay in the cluster, and for how long."""

import secrets
from datetime import datetime, timedelta, timezone

import pytest
from pulumi_image_pull_secrets.docker_config import Registry, render
from pulumi_image_pull_secrets.passwords.reuse import Written, reusable
from pulumi_image_pull_secrets.token_expiry import as_text

from tests.unit.doctor.test_expiry import at, jwt

NOW = datetime(2030, 1, 31, 12, tzinfo=timezone.utc)
LIFETIME = timedelta(hours=12)
PASSWORD = secrets.token_urlsafe(16)
GHCR, ECR = Registry("ghcr.io", "bot", "static"), Registry("a.dkr.ecr.example", "AWS", PASSWORD)
WANTED = {"a.dkr.ecr.example": "AWS"}
LATER = as_text(NOW + timedelta(hours=10))


def kept(*found: Written, usernames: dict[str, str] = WANTED, now: datetime = NOW) -> dict[str, str] | None:
    stays = reusable(found, usernames, lifetime=LIFETIME, now=now)
    if stays is None:
        return None
    assert PASSWORD not in repr(stays)
    return dict(stays.passwords)


def written(*registries: Registry, expires: str | None = LATER) -> Written:
    return Written(render(registries or [GHCR, ECR]), expires)


def test_what_all_agree_on_stays() -> None:
    assert kept(written(), written()) == {"a.dkr.ecr.example": PASSWORD}


@pytest.mark.parametrize(("left", "stays"), [(timedelta(hours=2, minutes=31), True), (timedelta(hours=2), False)])
def test_a_token_that_says_how_long_it_lives_is_renewed_at_half_of_that(left: timedelta, *, stays: bool) -> None:
    ends = NOW + left
    token = jwt(iat=at(ends - timedelta(hours=5)), exp=at(ends))
    assert bool(kept(written(Registry(ECR.server, "AWS", token), expires=as_text(ends)))) is stays


def test_without_any_there_is_nothing_to_keep() -> None:
    assert kept() is None


def test_the_others_passwords_do_not_matter() -> None:
    assert kept(written(ECR)) == {"a.dkr.ecr.example": PASSWORD}


@pytest.mark.parametrize(
    "other",
    [
        written(GHCR, Registry(ECR.server, "AWS", "planted")),
        written(expires=None),
        written(expires="2030-01-31T22:00:01Z"),
    ],
)
def test_one_that_differs_has_no_say(other: Written) -> None:
    assert kept(written(), other, written()) is None


@pytest.mark.parametrize(
    ("left", "stays"),
    [
        (timedelta(hours=12), True),
        (timedelta(hours=6, seconds=1), True),
        (timedelta(hours=6), False),
        (timedelta(0), False),
        (timedelta(hours=-1), False),
        (timedelta(hours=12, seconds=1), False),
        (timedelta(days=3650), False),
    ],
)
def test_it_stays_for_the_first_half_of_its_life(left: timedelta, *, stays: bool) -> None:
    assert (kept(written(expires=as_text(NOW + left))) is not None) == stays


@pytest.mark.parametrize("expires", [None, "", "soon", "9999-99-99T00:00:00Z"])
def test_without_a_time_nothing_stays(expires: str | None) -> None:
    assert kept(written(expires=expires)) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", '{"auths": []}', '{"auths": {"a.dkr.ecr.example": 5}}', "[" * 100_000,
        '{"auths": {"a.dkr.ecr.example": {"username": "AWS", "password": 5}}}',
        '{"auths": {"a.dkr.ecr.example": {"username": "AWS", "password": ""}}}',
        '{"auths": {"a.dkr.ecr.example": {"username": "other", "password": "a"}}}',
        '{"auths": {"a.dkr.ecr.example": {"auth": "QVdTOv8="}}}',
    ],
)  # fmt: skip
def test_whatever_the_secret_holds_is_kept_only_where_it_is_ours(text: str) -> None:
    assert kept(Written(text, LATER)) is None


def test_all_registries_of_the_stack_must_be_there() -> None:
    assert kept(written(), usernames={**WANTED, "new.example": "AWS"}) is None
