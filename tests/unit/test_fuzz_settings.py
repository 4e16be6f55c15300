"""Whatever a stack's configuration holds: Settings or one SettingsError come out, in time, and no secret with it."""

import contextvars
import functools
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pulumi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi_image_pull_secrets.errors import SettingsError
from pulumi_image_pull_secrets.settings import PROJECT, NamespaceSettings, RegistrySettings, Settings, load, parse
from pydantic.alias_generators import to_camel

EXAMPLES = 100_000 if settings.get_current_profile_name() == "long" else 1_500
SECONDS = 20.0
"""Far more than anything here takes; without a bound of some kind it would be minutes."""

SECRET = secrets.token_urlsafe(16)
ENVIRON = {"SET": SECRET, "EMPTY": "", "ODD": f"{SECRET}\udc80"}

KEYS, NAMESPACE_KEYS, REGISTRY_KEYS = (
    [to_camel(name) for name in model.model_fields] for model in (Settings, NamespaceSettings, RegistrySettings)
)
HOSTILE = [
    "", " ", "\0", "[", "]", "{", "tru", "nul", '"', "[,]", "[1", '{"a"}', "\ufeff[]", "[]x", "'[]'", "1e999", "-1e999",
    "NaN", "[Infinity]", "-0", "01", "0x1", "9" * 5_000, "[" * 100_000, '{"name":' * 100_000, "[" * 900 + "]" * 900,
    '[{"name":"a","name":"b"}]', '[{"name":1,"name":"a"}]', '["\\ud800"]', '[{"\\udfff":1}]', '"\\u0000"', "\ud800",
    "é" * 1_000, "\u2028", "[[[[[{}]]]]]", "{}", "[]", "null", "true", "0", '""', "a\nb", "\x1b[2J", "🔑" * 300,
]  # fmt: skip

ODD_TEXT = st.text(st.characters(), max_size=12)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), ODD_TEXT, st.just(10**400), st.sampled_from(["", "a", "A"])
)
ODD_KEYS = st.sampled_from([*KEYS, *NAMESPACE_KEYS, *REGISTRY_KEYS, "secret_name", "", "a\nb", "x" * 400]) | ODD_TEXT
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ODD_KEYS, inner, max_size=4),
    max_leaves=8,
)
ODD_VALUES: list[Any] = [
    None, True, 5, -1.5, float("inf"), float("nan"), 10**400, "", "\ud800", "\0", "a\nb", [], {}, [[]], [None],
    {"a": 1}, {"\udfff": {}}, ["a", 5], "true", "[1]",
]  # fmt: skip
SECRET_VALUES = st.sampled_from(
    [
        *[SECRET] * 8,
        f"{SECRET}\ud800",
        f"\0{SECRET}",
        [SECRET],
        {"value": SECRET},
        {"password": {SECRET: 1}},
        "",
        None,
        5,
    ]
)


def nearly(*right: Any) -> st.SearchStrategy[Any]:
    """Mostly one of these."""
    return st.sampled_from([*right * (2 * len(ODD_VALUES) // len(right)), *ODD_VALUES])


REGISTRY = st.fixed_dictionaries(
    {},
    optional={
        "server": nearly("ghcr.io", "docker.io", "", "https://ghcr.io/", f"bot:{SECRET}@ghcr.io", "ghcr"),
        "username": nearly("bot", "a:b", ""),
        "password": SECRET_VALUES,
        "passwordEnv": nearly("SET", "EMPTY", "ODD", "UNSET", "a=b\0"),
        "passwordCommand": nearly(["pass", SECRET], []),
        "passwordLifetime": nearly("12h", "0h", "9" * 30),
        "passwordFrom": nearly("ecr", "erc"),
        "email": nearly("bot@acme.example"),
        "pasword": SECRET_VALUES,
    },
)
NAMESPACE = st.fixed_dictionaries(
    {},
    optional={
        "name": nearly("team-a", "team-b", "Team", "n" * 64),
        "serviceAccounts": nearly(["default"], ["a", "a"], [], "default"),
        "create": nearly(True, False, "true"),
    },
)
DOCKER_CONFIGS = st.sampled_from(
    [
        SECRET,
        json.dumps({"auths": {"ghcr.io": {"auth": SECRET}}}),
        json.dumps({"auths": {"ghcr.io": {"username": "bot", "password": SECRET}}}),
        json.dumps({"auths": {SECRET: {"username": "bot", "password": 5}}}),
        json.dumps({"auths": {f"bot:{SECRET}@a.b": SECRET}, "credsStore": SECRET}),
        f'{{"auths": {{"a.b": {{"auth": "{SECRET}"}}',
    ]
)


def as_pulumi_hands_over(value: Any) -> Any:
    return value if isinstance(value, str) else json.dumps(value)


def texts_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    """As Pulumi hands them over; sometimes cut off, or something else altogether."""
    whole = values.map(as_pulumi_hands_over)
    cut = st.tuples(whole, st.integers(0, 200)).map(lambda pair: pair[0][: pair[1]])
    return st.one_of(whole, whole, whole, whole, cut, st.sampled_from(HOSTILE))


def one_or_odd(entries: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(entries, max_size=2) | st.lists(entries | JSON, max_size=3) | entries


GOOD = {
    "context": "acme-staging",
    "secretName": "regcred",
    "namespaces": '[{"name": "team-a"}]',
    "registries": json.dumps([{"server": "ghcr.io", "username": "bot", "password": SECRET}]),
}
CONFIGURATIONS = st.builds(
    lambda whole, right, odd: {**whole, **odd, **right},
    st.sampled_from([GOOD, GOOD, {}]),
    st.fixed_dictionaries(
        {},
        optional={
            "context": texts_of(nearly("acme-staging")),
            "kubeconfig": st.sampled_from([f"a: b\ntoken: {SECRET}\n", "~/.kube/config", "\0", ""]),
            "secretName": texts_of(nearly("regcred", "Regcred", "secret_name")),
            "namespaces": texts_of(one_or_odd(NAMESPACE)),
            "registries": texts_of(one_or_odd(REGISTRY)),
            "dockerConfigJson": DOCKER_CONFIGS,
            "retiredSecretNames": texts_of(nearly(["old"], ["regcred"], ["old", "old"])),
            "adopt": texts_of(nearly(True, "yes")),
            "detach": texts_of(nearly(True, "yes")),
        },
    ),
    st.just({}) | st.dictionaries(ODD_KEYS, texts_of(JSON), max_size=2),
)


@pytest.fixture(scope="module", autouse=True)
def in_a_stack() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pulumi, "get_stack", lambda: "staging")
        patch.delenv("PULUMI_CONFIG", raising=False)
        yield


def loaded(configuration: Mapping[str, Any]) -> Settings:
    """What the running program of a stack with this configuration reads."""

    def run() -> Settings:
        pulumi.runtime.set_all_config({f"{PROJECT}:{key}": value for key, value in configuration.items()})
        return load(ENVIRON)

    return contextvars.copy_context().run(run)


def outcome_of(read: Callable[[], Settings]) -> Settings | SettingsError:
    """What came out; nothing else may, nor hold the secret, nor hang on it, nor take for ever."""
    outcome: Settings | SettingsError
    started = time.process_time()
    try:
        outcome = read()
    except SettingsError as error:
        outcome = error
    assert time.process_time() - started < SECONDS
    if isinstance(outcome, SettingsError):
        assert outcome.__cause__ is None
        assert outcome.__context__ is None
        assert str(outcome).encode().decode().splitlines()[1:] == [f"  {line}" for line in outcome.lines]
        assert all(line.startswith(f"{PROJECT}:") for line in outcome.lines)
        assert max(map(len, outcome.lines)) < 2_000, "a line that fills the screen"
        assert SECRET not in repr(outcome.args)
    assert SECRET not in f"{outcome}{outcome!r}"
    return outcome


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(CONFIGURATIONS)
def test_only_settings_or_one_settings_error_come_out(configuration: dict[str, str]) -> None:
    outcome_of(lambda: loaded(configuration))


NESTED = st.recursive(
    st.sampled_from(ODD_VALUES),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*REGISTRY_KEYS, *NAMESPACE_KEYS, 5, None, 1.5, (), True]), inner, max_size=4)
    ),
    max_leaves=6,
)


@settings(max_examples=EXAMPLES // 4, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["registries", "namespaces", "retiredSecretNames", "adopt", "x"]), NESTED))
def test_values_that_no_json_has_are_told_as_well(configuration: dict[str, Any]) -> None:
    # Pulumi hands over texts; this is for a change of that, such as keys that are no text.
    outcome_of(lambda: parse(configuration, stack="staging", environ=ENVIRON))


MEGABYTE = 2**20
HUGE = {
    "letters": "a" * MEGABYTE,
    "dots": "a." * (MEGABYTE // 2),
    "dashes": "a.b/a" + "-a" * (MEGABYTE // 2) + "!",
    "slashes": "a.b" + "/a__b" * (MEGABYTE // 5) + "!",
    "schemes": "://" * (MEGABYTE // 3),
    "zeros": "\0" * MEGABYTE,
    "brackets": "[" * MEGABYTE,
    "objects": '{"a":' * (MEGABYTE // 5),
    "digits": "9" * MEGABYTE,
    "surrogates": "\ud800" * MEGABYTE,
}
HERE = "<here>"
LOGIN = {"server": "a.b", "username": "bot", "password": SECRET}
PLACES: dict[str, dict[str, Any]] = {
    **{key: {key: HERE} for key in (*KEYS, "unknown", HERE)},
    "a namespace": {"namespaces": [{"name": HERE}]},
    "an account": {"namespaces": [{"name": "a", "serviceAccounts": [HERE]}]},
    "a key": {"namespaces": [{"name": "a", HERE: 1}]},
    **{f"a {key}": {"registries": [{**LOGIN, key: HERE}]} for key in (*LOGIN, "email")},
    "two servers": {"registries": [{**LOGIN, "server": HERE}] * 2},
    "a variable": {"registries": [{"server": "a.b", "username": "bot", "passwordEnv": HERE}]},
    "both names": {"secretName": HERE, "retiredSecretNames": [HERE]},
}


def put(text: str, place: Mapping[str, Any]) -> dict[str, str]:
    return {
        key.replace(HERE, text): value.replace(HERE, text)
        if isinstance(value, str)
        else json.dumps(value).replace(json.dumps(HERE), json.dumps(text))
        for key, value in place.items()
    }


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_megabyte_anywhere_ends_in_a_short_message(place: dict[str, Any]) -> None:
    for text in HUGE.values():
        outcome_of(functools.partial(loaded, {**GOOD, **put(text, place)}))


MANY: dict[str, tuple[str, Any]] = {
    "bad names beside unknown keys": ("namespaces", {"name": "A", "x": 1}),
    "registries without a password": ("registries", {"server": "a.b", "username": "bot"}),
    "doubles": ("registries", {"server": "a.b", "username": "bot", "password": SECRET}),
    "accounts": ("namespaces", {"name": "a", "serviceAccounts": ["A", 5]}),
}


@pytest.mark.parametrize(("key", "entry"), MANY.values(), ids=MANY)
def test_ten_thousand_mistakes_are_told_in_time(key: str, entry: Any) -> None:
    outcome = outcome_of(lambda: loaded({**GOOD, key: json.dumps([entry] * 10_000)}))

    assert isinstance(outcome, SettingsError)
    assert len(outcome.lines) >= 9_999
