"""An image that somebody asks about: which pods have it, what concerns them, and which logins serve it."""

import pytest
from pulumi_image_pull_secrets.doctor.diagnosis import diagnose
from pulumi_image_pull_secrets.doctor.image_scope import ServedAccount, WantedImage, answer, concerning
from pulumi_image_pull_secrets.doctor.view import View
from pulumi_image_pull_secrets.errors import ImageNameError

from tests.unit.doctor.observed import (
    NOT_FOUND,
    UNAUTHORIZED,
    account,
    config,
    container,
    deployment,
    observe,
    pod,
    secret,
)

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("typed", "image", "is_it"),
    [
        ("nginx", "nginx", True),
        ("nginx", "docker.io/library/nginx:1.27", True),
        ("nginx", f"index.docker.io/library/nginx@{DIGEST}", True),
        ("nginx:latest", "nginx", True),
        ("nginx:latest", "nginx:1.27", False),
        ("nginx:1", "nginx:1", True),
        ("nginx:1", f"nginx:1@{DIGEST}", True),
        (f"nginx@{DIGEST}", f"nginx:1@{DIGEST}", True),
        (f"nginx@{DIGEST}", "nginx:1", False),
        ("localhost:5000/app", "localhost:5000/app:2", True),
        ("ghcr.io/acme/web", "ghcr.io/acme/website", False),
        ("ghcr.io/acme/web", "GHCR.io/acme/web", False),
        ("nginx", "Not an image", False),
    ],
)
def test_a_name_without_a_tag_means_any(typed: str, image: str, is_it: bool) -> None:
    assert WantedImage.parse(typed).matches(image) is is_it


@pytest.mark.parametrize("text", ["", "Nginx", "https://ghcr.io/a", "a" * 64, "a b", "x" * 5000, "\x1b[2J"])
def test_what_is_no_name_is_an_error_of_one_short_line(text: str) -> None:
    with pytest.raises(ImageNameError) as caught:
        WantedImage.parse(text)
    told = str(caught.value)
    assert "is not an image's name: " in told
    assert told.isprintable()
    assert len(told) < 600


WEB = WantedImage.parse("ghcr.io/acme/web")


def about(*objects: object, image: WantedImage = WEB) -> list[tuple[str, str]]:
    seen = observe(*objects)  # type: ignore[arg-type]
    return [(found.check.code, found.name) for found in concerning(View(seen), image, diagnose(seen))]


def test_what_hits_no_pod_with_the_image_is_left_out() -> None:
    other = pod(container("quay.io/acme/api:1", NOT_FOUND), name="api", owner=None)
    assert about(pod(container(said=NOT_FOUND)), other) == [("pod-image-not-found", "web-5d8f")]
    assert about(other) == []


def test_a_sidecar_that_keeps_the_pod_from_starting_concerns_it() -> None:
    both = pod(container(), container("quay.io/acme/side:1", NOT_FOUND, name="side"))
    assert about(both) == [("pod-image-not-found", "web-5d8f")]


def test_what_hits_no_pod_counts_where_pods_with_the_image_depend_on_it() -> None:
    twice = account("regcred", "regcred")
    assert about(twice, secret(), pod(pull_secrets=["regcred"])) == [("account-duplicate-entry", "default")]
    assert about(twice, secret(), pod(account="other")) == []
    # As a template that has no pod does.
    template = deployment(pull_secrets=["own"])
    assert ("controller-overrides-account", "web") in about(twice, secret(), secret("own"), template)
    assert ("account-duplicate-entry", "default") in about(twice, secret(), template)
    assert about(twice, secret(), template, image=WantedImage.parse("nginx")) == []


def test_accounts_that_have_a_login_or_whose_pods_need_one_are_told() -> None:
    seen = observe(
        secret(),
        secret("hub", config("docker.io")),
        secret("broken", b"{"),
        account("regcred", "hub"),
        account("hub", name="builder"),
        account("regcred", "broken", name="spoilt"),
        account(name="poor", namespace="tools"),
        pod(pull_secrets=["regcred"]),
        pod(name="web-2", pull_secrets=["regcred"]),
        pod(container(), account="poor", namespace="tools"),
    )
    found = answer(View(seen), WEB)
    assert [(each.namespace, each.name, each.pods, len(each.logins)) for each in found.accounts] == [
        ("shop", "default", 2, 1),
        ("shop", "spoilt", 0, 1),
        ("tools", "poor", 1, 0),
    ]
    assert [each.problem for each in found.accounts] == [
        "",
        "Secret broken can't be read, which fails every pull",
        "",
    ]


def test_what_was_not_read_is_not_taken_for_missing() -> None:
    seen = observe(account("regcred"), pod(container(said=UNAUTHORIZED)), secrets_known_in=frozenset())
    assert answer(View(seen), WEB).accounts == (
        ServedAccount("shop", "default", 1, (), "its Secrets couldn't be read"),
    )
