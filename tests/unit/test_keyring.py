"""Which credential serves which image. ``tests/integration/test_keyring_as_the_kubelet.py`` asks the kubelet's code."""

import base64
import json
import secrets
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets import docker_config
from pulumi_image_pull_secrets.errors import DockerConfigError
from pulumi_image_pull_secrets.key_pattern import mistake
from pulumi_image_pull_secrets.keyring import (
    Config,
    Credential,
    Failure,
    Fault,
    Keyring,
    Kind,
    lookup,
    parse,
)

ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
HUB = "https://index.docker.io/v1/"


def auth_of(login: str | bytes) -> str:
    return base64.b64encode(login.encode() if isinstance(login, str) else login).decode()


def config_of(*keys: str, source: str = "") -> Config:
    """Each key with itself as its user."""
    auths = {key: {"username": key, "password": "pw"} for key in keys}
    return Config(json.dumps({"auths": auths}), source=source)


def keys_for(image: str, *configs: Config) -> list[str]:
    return [credential.key for credential in lookup(image, configs)]


@pytest.mark.parametrize(
    ("key", "image"),
    [
        ("ghcr.io", "ghcr.io/acme/app"),
        ("https://ghcr.io", "ghcr.io/acme/app:1"),
        ("http://ghcr.io/", "ghcr.io/acme/app"),
        ("https://ghcr.io/v2/", "ghcr.io/acme/app"),
        ("ghcr.io/v1/acme", "ghcr.io/acme/app"),
        ("ghcr.io?x#y", "ghcr.io/acme/app"),
        ("bot:pw@ghcr.io", "ghcr.io/acme/app"),
        ("ghcr.io:", "ghcr.io/acme/app"),
        ("quay.io/org", "quay.io/organization/app"),
        ("quay.io/org/", "quay.io/org/app"),
        ("quay.io/%6Frg", "quay.io/org/app"),
        ("docker.io", "nginx"),
        ("docker.io/library", "nginx"),
        ("docker.io", "index.docker.io/acme/app"),
        ("index.docker.io:443", "index.docker.io:443/acme/app"),
        (HUB, "nginx"),
        (HUB, "docker.io/acme/app"),
        ("index.docker.io", "index.docker.io/acme/app"),
        (HUB, "localhost/app"),
        ("localhost:5000", "localhost:5000/app"),
        ("[::1]:5000", "[::1]:5000/app"),
        ("*:5000", "[::1]:5000/app"),
        ("*.azurecr.io", "acme.azurecr.io/app"),
        ("*.dkr.ecr.*.amazonaws.com", f"{ECR}/app"),
        ("a*m*.azurecr.io", "acme.azurecr.io/app"),
        ("GHCR.IO", "GHCR.IO/app"),
        ("my_registry.io", "my_registry.io/app"),
    ],
)
def test_a_key_serves_the_image(key: str, image: str) -> None:
    assert keys_for(image, config_of(key)) == [key]
    assert mistake(key) is None


@pytest.mark.parametrize(
    ("key", "image"),
    [
        ("ghcr.io", "ghcr.io:443/acme/app"),
        ("ghcr.io:443", "ghcr.io/acme/app"),
        ("ghcr.io:0443", "ghcr.io:443/acme/app"),
        ("ghcr.io", "GHCR.IO/acme/app"),
        ("GHCR.IO", "ghcr.io/acme/app"),
        ("ghcr.io/v2", "ghcr.io/acme/app"),
        ("quay.io/org/", "quay.io/organization/app"),
        ("docker.io/acme", "nginx"),
        ("*.io", "a.b.io/app"),
        ("*.azurecr.io", "azurecr.io/app"),
        ("ab*ba.io", "aba.io/app"),
        ("a*b*c.io", "acb.io/app"),
        ("*b*a*.io", "ab.io/app"),
        ("hub.docker.com", "nginx"),
        ("registry-1.docker.io", "nginx"),
        (HUB, "ghcr.io/acme/app"),
        (HUB, "docker.io:443/acme/app"),
        ("localhost", "localhost:5000/app"),
        ("*:5000", "ghcr.io:5000/app"),
        ("ghcr.io", "ghcr.io/Acme/app"),
        ("[::1]:5000", "[1]:5000/app"),
    ],
)
def test_a_key_of_another_registry_does_not(key: str, image: str) -> None:
    assert keys_for(image, config_of(key)) == []


def test_the_more_special_key_comes_first_whichever_secret_it_is_in() -> None:
    one, two = (
        config_of("ghcr.io", "*.io", "gh*******.io", source="one"),
        config_of("ghcr.io/acme/app", "ghcr.io/acme", source="two"),
    )
    expected = ["ghcr.io/acme/app", "ghcr.io/acme", "ghcr.io", "gh*******.io", "*.io"]
    assert keys_for("ghcr.io/acme/app", one, two) == keys_for("ghcr.io/acme/app", two, one) == expected
    sources = [credential.source for credential in lookup("ghcr.io/acme/app", [one, two])]
    assert sources == ["two", "two", "one", "one", "one"]


def test_of_keys_that_mean_the_same_the_first_secrets_comes_first() -> None:
    one, two = config_of("https://ghcr.io/v2/", source="one"), config_of("ghcr.io", source="two")
    found = lookup("ghcr.io/app", [two, one])
    assert [(credential.source, credential.pattern) for credential in found] == [("two", "ghcr.io"), ("one", "ghcr.io")]
    assert keys_for("ghcr.io/app", one, two) == ["https://ghcr.io/v2/", "ghcr.io"]


def test_a_secret_that_is_listed_twice_is_tried_twice() -> None:
    assert keys_for("ghcr.io/app", config_of("ghcr.io"), config_of("ghcr.io")) == ["ghcr.io", "ghcr.io"]


def test_docker_hubs_index_serves_only_where_no_other_key_of_any_secret_does() -> None:
    index, other = config_of(HUB), config_of("docker.io/acme")
    assert keys_for("acme/app", index, other) == ["docker.io/acme"]
    assert keys_for("nginx", index, other) == [HUB]


def test_an_old_docker_config_has_its_entries_at_the_top() -> None:
    content = json.dumps({"ghcr.io": {"auth": auth_of("bot:pw")}})
    assert [each.username for each in lookup("ghcr.io/app", [Config(content, Kind.DOCKERCFG)])] == ["bot"]
    assert parse(Config(content)) == parse(Config("{}"))


@pytest.mark.parametrize(
    ("entry", "username", "password", "is_contradicted"),
    [
        ({"auth": auth_of("bot:p:w")}, "bot", "p:w", False),
        ({"auth": auth_of("bot:pw").rstrip("=")}, "bot", "pw", False),
        ({"auth": "Ym90\r\nOnB3\n"}, "bot", "pw", False),
        ({"auth": auth_of(":")}, "", "", False),
        ({"username": "bot", "password": "pw"}, "bot", "pw", False),
        ({"username": "bot", "password": "pw", "auth": None}, "bot", "pw", False),
        ({"username": "bot", "password": "pw", "auth": auth_of("bot:pw")}, "bot", "pw", False),
        ({"username": "", "auth": auth_of("bot:pw")}, "bot", "pw", False),
        ({"username": "bot", "password": "old", "auth": auth_of("bot:pw")}, "bot", "pw", True),
        ({"Username": "bot", "PASSWORD": "pw"}, "bot", "pw", False),
        ({"u\u017fername": "bot"}, "bot", "", False),
        ({"auth": auth_of(b"\xff:\xfe")}, "\udcff", "\udcfe", False),
        ({"username": "\ud83d", "password": "\ude00"}, "\ufffd", "\ufffd", False),
        ({"identitytoken": "token"}, "", "", False),
        ({}, "", "", False),
        (None, "", "", False),
    ],
)
def test_a_login_is_read(entry: object, username: str, password: str, is_contradicted: bool) -> None:
    (credential,) = lookup("ghcr.io/app", [Config(json.dumps({"auths": {"ghcr.io": entry}}))])
    assert (credential.username, credential.password) == (username, password)
    assert credential.is_contradicted is is_contradicted


@pytest.mark.parametrize(
    ("content", "keys", "overridden"),
    [
        ("", [], []),
        ("null", [], []),
        ("{}", [], []),
        ('{"auths":null}', [], []),
        ('{"AUTHS":{"a.io":{}}}', ["a.io"], []),
        ('{"auths":{"a.io":{}},"auths":{"b.io":{}}}', ["a.io", "b.io"], []),
        ('{"auths":{"a.io":{}},"auths":null}', [], ["a.io"]),
        ('{"auths":{"a.io":{},"b.io":{},"a.io":{}}}', ["b.io", "a.io"], ["a.io"]),
        (b'{"auths":{"\xff\xe2\x82":{}}}', ["\ufffd" * 3], []),
        (r'{"auths":{"\ud83d":{}}}', ["\ufffd"], []),
        ('{"auths":{"\ud83d":{}}}', ["\ufffd" * 3], []),
        ('{"x":[1e999,01e],"auths":{}}'.replace("01e", "9" * 5000), [], []),
    ],
)
def test_json_is_read_as_go_reads_it(content: str | bytes, keys: list[str], overridden: list[str]) -> None:
    parsed = parse(Config(content))
    assert not parsed.failures
    assert [credential.key for credential in parsed.credentials] == keys
    assert [credential.key for credential in parsed.overridden] == overridden


@pytest.mark.parametrize(
    ("content", "fault", "key"),
    [
        (" ", Fault.NOT_JSON, None),
        ("{", Fault.NOT_JSON, None),
        ("\ufeff{}", Fault.NOT_JSON, None),
        ('{"x":NaN}', Fault.NOT_JSON, None),
        ("[" * 100_000, Fault.NOT_JSON, None),
        ("{}".encode("utf-16"), Fault.NOT_JSON, None),
        ("[]", Fault.NOT_AN_OBJECT, None),
        ('{"auths":[]}', Fault.NOT_AN_OBJECT, None),
        ('{"auths":{"a.io":"x"}}', Fault.NOT_AN_OBJECT, "a.io"),
        ('{"auths":{"a.io":{"email":5}}}', Fault.NOT_TEXT, "a.io"),
        ('{"HttpHeaders":5}', Fault.NOT_AN_OBJECT, None),
        ('{"httpheaders":{"x":5}}', Fault.NOT_TEXT, None),
        ('{"auths":{"a.io":{"auth":"%"}}}', Fault.NOT_BASE64, "a.io"),
        ('{"auths":{"a.io":{"auth":"Og= ="}}}', Fault.NOT_BASE64, "a.io"),
        ('{"auths":{"a.io":{"auth":"Og==="}}}', Fault.NOT_BASE64, "a.io"),
        ('{"auths":{"a.io":{"auth":"O==="}}}', Fault.NOT_BASE64, "a.io"),
        ('{"auths":{"a.io":{"auth":"Ogo=="}}}', Fault.NOT_BASE64, "a.io"),
        ('{"auths":{"a.io":{"auth":"O"}}}', Fault.NOT_BASE64, "a.io"),
        ('{"auths":{"a.io":{"auth":"Ym90"}}}', Fault.NO_COLON, "a.io"),
        ('{"auths":{"a.io":{"auth":"\\n"}}}', Fault.NO_COLON, "a.io"),
        ('{"auths":{"a.io":{"auth":"Og==","Auth":"%"}}}', Fault.NOT_BASE64, "a.io"),
        ('{"auths":{"a.io":{"auth":"%"},"a.io":{}}}', Fault.NOT_BASE64, "a.io"),
    ],
)
def test_what_fails_a_config_is_told(content: str | bytes, fault: Fault, key: str | None) -> None:
    parsed = parse(Config(content, source="regcred"))
    assert parsed.failures == (Failure("regcred", fault, key),)
    assert parsed.credentials == ()


def test_one_config_that_fails_fails_them_all_and_all_that_is_wrong_is_told() -> None:
    bad = {"a.io": {"auth": "%"}, "b.io": {"auth": "Ym90"}, "ghcr.io": {"auth": auth_of("bot:pw")}}
    configs = [config_of("ghcr.io"), Config(json.dumps({"auths": bad}), source="broken")]
    keyring = Keyring(map(parse, configs))
    assert [(each.source, each.key) for each in keyring.failures] == [("broken", "a.io"), ("broken", "b.io")]
    with pytest.raises(
        DockerConfigError, match=r"^broken, 'a\.io': it has an auth that is not base64; broken, 'b\.io'"
    ):
        keyring.lookup("ghcr.io/app")


@pytest.mark.parametrize(
    "form",
    [
        '{{"auths":{{"ghcr.io":{{"auth":"{encoded}"}}}}}}',
        '{{"auths":{{"ghcr.io":{{"auth":"{password}%"}}}}}}',
        '{{"auths":{{"bot:{password}@ghcr.io":{{"auth":5}}}}}}',
        '{{"auths":{{"ghcr.io":{{"password":["{password}"]}}}}}}',
        '{{"auths":{{"ghcr.io":{{"password":"{password}"}}}}',
    ],
)
def test_no_message_holds_a_password(form: str) -> None:
    password = secrets.token_hex(16)
    with pytest.raises(DockerConfigError) as caught:
        lookup("ghcr.io/app", [Config(form.format(password=password, encoded=auth_of(password)))])
    told = "".join([*traceback.format_exception(caught.value), repr(caught.value)])
    assert password not in told
    assert auth_of(password) not in told
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_no_repr_holds_a_password() -> None:
    password = secrets.token_urlsafe()
    config = Config(json.dumps({"auths": {"ghcr.io": {"username": "bot", "password": password}}}))
    assert password not in repr([config, parse(config), Keyring([parse(config)])])


def test_an_image_that_is_no_reference_is_served_by_nothing() -> None:
    assert lookup("Nginx", [config_of("docker.io")]) == []


@given(st.text() | st.binary(), st.text(), st.sampled_from(Kind))
def test_only_a_docker_config_error_comes_out_of_any_text(content: str | bytes, image: str, kind: Kind) -> None:
    config = Config(content, kind)
    if parse(config).failures:
        with pytest.raises(DockerConfigError):
            lookup(image, [config])
    else:
        lookup(image, [config])


@pytest.mark.timeout(20)
@pytest.mark.parametrize("key", ["*" * 20_000, "*a" * 10_000 + ".io", "a." * 10_000, "ghcr.io/" + "a-" * 10_000 + "!"])
def test_a_very_long_key_takes_no_time(key: str) -> None:
    mistake(key)
    lookup("ghcr.io/" + "a/" * 100 + "a", [config_of(key)])
    lookup("a" * 20_000 + ".io/app", [config_of(key)])


def test_docker_config_has_it_too() -> None:
    assert docker_config.lookup is lookup
    assert docker_config.Credential is Credential
