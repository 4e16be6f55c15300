"""Keys that serve nothing, and why; ``tests/integration/test_keyring_as_the_kubelet.py`` asks the kubelet itself."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.key_pattern import Mistake, example, mistake
from pulumi_image_pull_secrets.keyring import Config, Keyring, Kind, dead_keys, lookup, parse


def config_of(*keys: str) -> Config:
    return Config(json.dumps(dict.fromkeys(keys)), Kind.DOCKERCFG)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("HTTPS://ghcr.io", Mistake.SCHEME),
        ("oci://ghcr.io", Mistake.SCHEME),
        ("https://https://ghcr.io", Mistake.SCHEME),
        ("", Mistake.NO_ADDRESS),
        ("https://", Mistake.NO_ADDRESS),
        ("/acme", Mistake.NO_ADDRESS),
        (" ghcr.io", Mistake.NO_ADDRESS),
        ("ghcr.io:http", Mistake.NO_ADDRESS),
        ("ghcr.io/%zz", Mistake.NO_ADDRESS),
        ("ghcr.io/acme#%", Mistake.NO_ADDRESS),
        ("ghcr.io/acme\n", Mistake.NO_ADDRESS),
        ("b t@ghcr.io", Mistake.NO_ADDRESS),
        ("[1]:5000", Mistake.NO_ADDRESS),
        ("index.docker.io/v1", Mistake.HUB),
        ("https://index.docker.io/v1/acme", Mistake.HUB),
        ("index.docker.io:", Mistake.HUB),
        ("[::1]", Mistake.IPV6),
        ("ghcr", Mistake.NO_DOT),
        ("acme/app", Mistake.NO_DOT),
        ("ghcr.io.", Mistake.HOST),
        ("é.io", Mistake.HOST),
        ("my_registry:5000", Mistake.HOST),
        ("-*.io", Mistake.HOST),
        ("ghcr.io/Acme", Mistake.PATH),
        ("ghcr.io/acme/app:1", Mistake.PATH),
        ("ghcr.io/*", Mistake.PATH),
        ("ghcr.io//acme", Mistake.PATH),
        ("ghcr.io/" + "a" * 256, Mistake.PATH),
        ("docker.io/" + "a" * 254, Mistake.PATH),
    ],
)
def test_a_key_that_serves_nothing_is_told_why(key: str, why: Mistake) -> None:
    assert example(key) is None
    assert mistake(key) is why
    (told,) = dead_keys(parse(config_of("ghcr.io", key)))
    assert (told[0].key, told[1]) == (key, why)


@pytest.mark.parametrize(
    "key",
    ["ghcr.io", "docker.io", "https://index.docker.io/v1/", "docker.io/acme/", "*", "[::1]:5000", "a*_b.io", "A.io/b-"],
)
def test_the_example_of_a_key_is_served_by_it(key: str) -> None:
    image = example(key)
    assert image is not None
    assert [credential.key for credential in lookup(image, [config_of(key)])] == [key]


@given(st.dictionaries(st.text(), st.none(), max_size=5), st.text())
def test_any_key_is_dead_or_has_an_example(entries: dict[str, None], image: str) -> None:
    config = parse(Config(json.dumps(entries), Kind.DOCKERCFG))
    dead = {credential.key for credential, _ in dead_keys(config)}
    for credential in config.credentials:
        assert (example(credential.key) is None) == (credential.key in dead)
    assert not dead & {credential.key for credential in Keyring([config]).lookup(image)}
