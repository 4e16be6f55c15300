"""Whatever is given as a Docker configuration or a registry: one DockerConfigError comes out, or what a node reads."""

import base64
import functools
import json
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi_image_pull_secrets.docker_config import Registry, check, registry_key, render
from pulumi_image_pull_secrets.errors import DockerConfigError, RegistryAddressError

EXAMPLES = 100_000 if settings.get_current_profile_name() == "long" else 1_500
SECONDS = 20.0
"""Far more than anything here takes; without a bound of some kind it would be minutes."""

SECRET = secrets.token_urlsafe(16)
LOGIN = base64.b64encode(f"bot:{SECRET}".encode()).decode()
TOLD = [SECRET, LOGIN.rstrip("=")]


class Pairs(list[tuple[str, Any]]):
    """An object of JSON with each of its keys, as often as it is there."""


def written(value: Any) -> str:
    """The JSON of a value; a string in a tuple stands as it is."""
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{json.dumps(key)}:{written(item)}" for key, item in value) + "}"
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    return str(value[0]) if isinstance(value, tuple) else json.dumps(value)


def objects(keys: st.SearchStrategy[str], values: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[Pairs]:
    return st.lists(st.tuples(keys, values), min_size=least, max_size=3).map(Pairs)


ODD = st.sampled_from(
    [
        None, True, 0, -1.5, 10**400, "", "x", SECRET, "\0", "é", "\ud800", [], [SECRET], Pairs(), Pairs([("A", "b")]),
        Pairs([("A", 5)]), ("NaN",), ("-Infinity",), ("1e999",), ("9" * 5_000,), ("01",), ("'x'",), ("",), ("\0",),
        ("[" * 100_000,), ('{"a":' * 100_000,), ("[" * 500 + "]" * 500,), ('"\x7f"',), ('"a\tb"',), (f'"{SECRET}',),
    ]
)  # fmt: skip
AUTHS = st.sampled_from(
    [
        *[LOGIN] * 4, LOGIN.rstrip("="), f"{LOGIN} ", f" {LOGIN}", f"{LOGIN}\n", f"{LOGIN[:5]}\r\n{LOGIN[5:]}",
        f"!{LOGIN}", f"{LOGIN}=", f"{LOGIN}====", LOGIN[:-5], LOGIN[1:], SECRET, "YTpi", "YTpiYw", "YTpiYw=",
        "YTpiYx==", "YTo", "Og==", "OmI=", "_-8=", "=", "é", base64.b64encode(b"\xff:\xfe").decode(),
        base64.b64encode(SECRET.encode()).decode(),
    ]
)  # fmt: skip
FIELDS = st.sampled_from(
    [*["username", "password", "auth"] * 3, "email", "Auth", "AUTH", "Password", "u\u017fername", "x"]
)
ENTRIES = st.one_of(
    st.just(Pairs([("auth", LOGIN)])),
    st.just(Pairs([("username", "bot"), ("password", SECRET)])),
    objects(FIELDS, AUTHS),
    objects(FIELDS, AUTHS | ODD),
    ODD,
)
SERVERS = st.sampled_from(["ghcr.io", "a.b", "GHCR.io", "", "https://index.docker.io/v1/", f"bot:{SECRET}@a.b", SECRET])
REGISTRIES = objects(SERVERS, ENTRIES, least=1)
TOPS = objects(
    st.sampled_from(
        [*["auths"] * 8, "Auths", "AUTH\u017f", "HttpHeaders", "httpheaders", "credsStore", "credHelpers", "x"]
    ),
    REGISTRIES | REGISTRIES | ODD,
    least=1,
)
WHOLE = (st.just(Pairs()) | TOPS).flatmap(lambda top: REGISTRIES.map(lambda auths: Pairs([("auths", auths), *top])))
TEXTS = st.one_of(
    WHOLE.map(written),
    WHOLE.map(written),
    TOPS.map(written),
    st.tuples(WHOLE.map(written), st.integers(0, 300)).map(lambda pair: pair[0][: pair[1]]),
    st.text(alphabet='{}[]":,=auths01 \n\\'),
    st.text(st.characters()),
)


def come_to(
    run: Callable[[], Any], error_type: type[DockerConfigError] = DockerConfigError
) -> DockerConfigError | None:
    """The error that came out, if one did; no other may, nor hold the secret, nor take for ever."""
    caught: DockerConfigError | None = None
    started = time.process_time()
    try:
        run()
    except error_type as error:
        caught = error
    assert time.process_time() - started < SECONDS
    if caught:
        assert caught.__cause__ is None
        assert caught.__context__ is None
        message = str(caught)
        assert len(message.encode().splitlines()) == 1
        assert len(message) < 1_500
        assert not [form for form in TOLD if form in f"{message}{caught.args!r}"]
    return caught


def assert_a_node_can_use(text: str) -> None:
    """As Go's parser reads it: every double counts, and a key in any letters; one bad value fails every pull."""
    logins = 0
    for key, value in json.loads(text, object_pairs_hook=Pairs):
        if key.casefold() == "httpheaders" and value is not None:
            assert isinstance(value, Pairs)
            assert all(header is None or isinstance(header, str) for _, header in value)
        if key.casefold() == "auths" and value is not None:
            assert isinstance(value, Pairs)
            for _, entry in value:
                assert_a_login(entry)
                logins += 1
    assert logins


def assert_a_login(entry: Any) -> None:
    assert isinstance(entry, Pairs)
    login = {"username": "", "password": "", "email": "", "auth": ""}
    for field, value in entry:
        if field.casefold() in login and value is not None:
            assert isinstance(value, str)
            login[field.casefold()] = value
    if login["auth"]:
        stripped = re.sub(r"[\r\n]", "", login["auth"])
        padded = stripped if stripped.endswith("=") else stripped + "=" * (-len(stripped) % 4)
        assert len(padded) % 4 == 0
        assert b":" in base64.b64decode(padded, validate=True)
    else:
        assert login["username"]
        assert login["password"]


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS)
def test_a_text_is_refused_or_a_node_can_use_it(text: str) -> None:
    if come_to(lambda: check(text)) is None:
        assert_a_node_can_use(text)


ADDRESSES = st.one_of(
    st.text(st.characters(), max_size=30),
    st.text(alphabet="a1.:/-_[]*@ V\0", max_size=30),
    st.lists(
        st.sampled_from(
            ["https://", "FTP://", "ghcr.io", "docker.io", "İ.io", "\u212a.io", ":443", ":99999", ":٣", "/v1", "/v2",
             "/acme", "/", "-", "__", "*", "[::1]", "\n", "\ud800", f"bot:{SECRET}@", ":" + "9" * 5_000, "a." * 500]
        ),
        max_size=6,
    ).map("".join),
)  # fmt: skip


@settings(max_examples=EXAMPLES)
@given(ADDRESSES)
def test_an_address_is_refused_or_becomes_a_key_of_its_own(address: str) -> None:
    def keyed() -> None:
        key = registry_key(address)
        assert registry_key(key) == key
        assert key.isascii()
        assert key == key.strip().lower()

    come_to(keyed, RegistryAddressError)


PARTS = st.text(st.characters(), max_size=20) | st.sampled_from(["", "bot", "a:b", "\0", "\ud800", "é" * 300])
LOGINS = st.builds(
    Registry,
    server=st.sampled_from(["ghcr.io", "docker.io", "hub.docker.com", "quay.io/org", "localhost:5000"]) | ADDRESSES,
    username=st.just("bot") | PARTS,
    password=st.sampled_from([SECRET, SECRET, f"{SECRET}\ud800", f'{SECRET}<"&>\\\n\u2028', ""]),
    email=st.none() | PARTS,
)


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LOGINS, max_size=4))
def test_registries_are_refused_or_a_node_reads_them_back(registries: list[Registry]) -> None:
    texts: list[str] = []
    if come_to(lambda: texts.append(render(registries))):
        return
    check(texts[0])
    assert_a_node_can_use(texts[0])
    auths = json.loads(texts[0])["auths"]
    assert list(auths) == sorted(registry_key(registry.server) for registry in registries)
    for registry in registries:
        entry = auths[registry_key(registry.server)]
        assert (entry["username"], entry["password"]) == (registry.username, registry.password)


MEGABYTE = 2**20
HUGE = {
    "letters": "a" * MEGABYTE,
    "dots": "a." * (MEGABYTE // 2),
    "dashes": "a.b/a" + "-a" * (MEGABYTE // 2) + "!",
    "slashes": "a.b" + "/a__b" * (MEGABYTE // 5) + "!",
    "path": "a.b" + "/a" * (MEGABYTE // 2),
    "versions": "a.b" + "/v1" * (MEGABYTE // 3) + "x",
    "port": "a.b:" + "9" * MEGABYTE,
    "brackets": "[" * (MEGABYTE - 1),
    "objects": '{"a":' * (MEGABYTE // 5),
    "number": '{"auths":' + "9" * (MEGABYTE // 2) + "}",
    "exponent": '{"auths":1e' + "9" * (MEGABYTE // 2) + "}",
    "auth": '{"auths":{"a.b":{"auth":"' + "A" * (MEGABYTE // 2) + '"}}}',
    "padding": '{"auths":{"a.b":{"auth":"' + "=" * (MEGABYTE // 2) + '"}}}',
    "breaks": '{"auths":{"a.b":{"auth":"' + "\\n" * (MEGABYTE // 4) + '"}}}',
    "keys": '{"auths":{' + ",".join(f'"k{number}":1' for number in range(50_000)) + "}}",
    "doubles": '{"auths":{' + ",".join(['"a.b":1'] * 50_000) + "}}",
    "escapes": '{"auths":{"a.b":{"auth":"' + "\\u0041" * (MEGABYTE // 8) + '"}}}',
    "surrogates": "\ud800" * MEGABYTE,
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_a_megabyte_is_judged_in_time(text: str) -> None:
    assert come_to(lambda: check(text))
    come_to(lambda: registry_key(text), RegistryAddressError)
    for registry in (
        Registry(text, "bot", SECRET),
        Registry("a.b", text, SECRET),
        Registry("a.b", "bot", SECRET, text),
    ):
        come_to(functools.partial(render, [registry]))
    come_to(lambda: render([Registry(text, "bot", SECRET)] * 2))
