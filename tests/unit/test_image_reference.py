"""Images' names. ``tests/integration/test_keyring_as_the_kubelet.py`` asks the kubelet's own code."""

import pytest
from pulumi_image_pull_secrets.image_reference import ImageReference, parse, problem

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("image", "name", "tag", "digest"),
    [
        ("nginx", "docker.io/library/nginx", "latest", ""),
        ("nginx:1.27", "docker.io/library/nginx", "1.27", ""),
        ("docker.io/nginx", "docker.io/library/nginx", "latest", ""),
        ("index.docker.io/nginx", "docker.io/library/nginx", "latest", ""),
        ("acme/app", "docker.io/acme/app", "latest", ""),
        ("index.docker.io/acme/app", "docker.io/acme/app", "latest", ""),
        ("ghcr.io/acme/app", "ghcr.io/acme/app", "latest", ""),
        ("ghcr.io/app", "ghcr.io/app", "latest", ""),
        (f"ghcr.io/acme/app@{DIGEST}", "ghcr.io/acme/app", "", DIGEST),
        (f"ghcr.io/acme/app:1@{DIGEST}", "ghcr.io/acme/app", "1", DIGEST),
        ("localhost/app", "localhost/app", "latest", ""),
        ("localhost:5000", "docker.io/library/localhost", "5000", ""),
        ("registry:5000/app:1", "registry:5000/app", "1", ""),
        ("registry/app", "docker.io/registry/app", "latest", ""),
        ("[::1]:5000/app", "[::1]:5000/app", "latest", ""),
        ("GHCR.io/app", "GHCR.io/app", "latest", ""),
        ("Registry/app", "Registry/app", "latest", ""),
        ("my_registry.io/app", "my_registry.io/app", "latest", ""),
        ("ghcr.io/a__b/c---d/e.f_g", "ghcr.io/a__b/c---d/e.f_g", "latest", ""),
        ("docker.io:443/app", "docker.io:443/app", "latest", ""),
        ("ghcr.io/" + "a" * 255, "ghcr.io/" + "a" * 255, "latest", ""),
        ("a" * 247, "docker.io/library/" + "a" * 247, "latest", ""),
    ],
)
def test_a_name_is_written_out(image: str, name: str, tag: str, digest: str) -> None:
    assert parse(image) == ImageReference(name, tag, digest)
    assert problem(image) is None


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("", "empty"),
        ("https://ghcr.io/app", "scheme"),
        ("a" * 64, "an image's ID"),
        (" nginx", "white space"),
        ("nginx\n", "white space"),
        ("ghcr.io/Acme/app", "capital letters"),
        ("Nginx", "capital letters"),
        ("nginx@sha256:0", "no digest"),
        ("nginx@", "no digest"),
        (f"nginx@{DIGEST.upper()}", "no digest"),
        ("nginx@md5:" + "a" * 32, "no digest"),
        ("a" * 248, "more than 255 characters"),
        ("ghcr.io/" + "a" * 256, "more than 255 characters"),
        ("nginx:", "not a registry's host"),
        ("nginx:" + "a" * 129, "not a registry's host"),
        ("ghcr.io/a___b", "not a registry's host"),
        ("ghcr.io/a..b", "not a registry's host"),
        ("ghcr.io//app", "not a registry's host"),
        ("my_registry:5000/app", "not a registry's host"),
        ("nginx\n\nx", "not a registry's host"),
        ("ñginx", "not a registry's host"),
    ],
)
def test_what_is_no_reference_is_told_why(image: str, says: str) -> None:
    assert parse(image) is None
    assert says in (problem(image) or "")


def test_registry_and_repository_are_the_parts_of_the_name() -> None:
    reference = parse("acme/app")
    assert reference is not None
    assert (reference.registry, reference.repository) == ("docker.io", "acme/app")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ["a", "a.", "a-", "a/", "a_", "a:", "1.a/", "[", "a@"])
def test_a_very_long_image_takes_no_time(part: str) -> None:
    parse(part * 20_000 + "!")
    problem(part * 20_000 + "!")
