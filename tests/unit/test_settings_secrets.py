"""Where passwords come from, and that no value of a secret comes out of the settings or their errors."""

import base64
import contextlib
import json
import secrets
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.errors import SettingsError
from pulumi_image_pull_secrets.settings import Settings, load, parse

KEYS = [
    "context",
    "secretName",
    "namespaces",
    "registries",
    "dockerConfigJson",
    "kubeconfig",
    "retiredSecretNames",
    "adopt",
    "detach",
]
INNER_KEYS = st.sampled_from(
    ["name", "serviceAccounts", "create", "server", "username", "password", "passwordEnv", "email"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(INNER_KEYS | st.text(st.characters()), children, max_size=4)
    ),
    max_leaves=6,
)


def raw(*registries: Mapping[str, Any], **changes: str) -> dict[str, str]:
    return {
        "context": "acme-staging",
        "secretName": "regcred",
        "namespaces": '[{"name": "team-a"}]',
        **({"registries": json.dumps(registries)} if registries else {}),
        **changes,
    }


def registry(**login: Any) -> dict[str, Any]:
    return {"server": "ghcr.io", "username": "bot", **login}


def error(values: Mapping[str, str], environ: Mapping[str, str] | None = None) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        parse(values, stack="staging", environ=environ or {})
    return caught.value


def line(values: Mapping[str, str], environ: Mapping[str, str] | None = None) -> str:
    (only,) = error(values, environ).lines
    return only


def password_of(settings: Settings) -> str | None:
    (entry,) = settings.registries or []
    return entry.password.get_secret_value() if entry.password else None


@pytest.mark.parametrize("login", [{}, {"password": None}, {"password": None, "passwordEnv": None}])
def test_a_missing_password_comes_with_the_command_that_sets_it(login: dict[str, Any]) -> None:
    assert line(raw(registry(password="-"), registry(server="quay.io", **login))) == (
        "image-pull-secrets:registries[1].password: missing; set it with: "
        "pulumi config set --secret --path 'image-pull-secrets:registries[1].password'"
    )


def test_a_password_is_taken_from_the_named_environment_variable() -> None:
    password = secrets.token_urlsafe()
    settings = parse(raw(registry(passwordEnv="GHCR")), stack="staging", environ={"GHCR": password})
    assert password_of(settings) == password


@pytest.mark.parametrize("environ", [{}, {"GHCR": ""}])
def test_an_environment_variable_that_is_not_set_is_told_by_its_name(environ: dict[str, str]) -> None:
    assert line(raw(registry(passwordEnv="GHCR")), environ) == (
        "image-pull-secrets:registries[0].passwordEnv: the environment variable 'GHCR' is not set; export it"
    )


def test_a_very_long_name_of_an_environment_variable_is_cut() -> None:
    assert len(line(raw(registry(passwordEnv="X" * 100_000)))) < 300


def test_an_environment_variable_beside_a_password_is_one_too_many() -> None:
    assert line(raw(registry(passwordEnv="GHCR", password="-")), {"GHCR": "-"}) == (
        "image-pull-secrets:registries[0].passwordEnv: password is given as well; give one of the two"
    )


def test_the_name_of_an_environment_variable_must_be_text() -> None:
    assert "registries[0].passwordEnv: must be text" in line(raw(registry(passwordEnv=5)))


def test_a_name_that_no_environment_variable_can_have_is_not_set_in_the_real_environment_either() -> None:
    with pytest.raises(SettingsError, match="is not set"):
        parse(raw(registry(passwordEnv="\udfff\ud800")), stack="staging")


def test_a_bad_password_from_the_environment_is_told_without_it() -> None:
    password = secrets.token_urlsafe() + "\udc80"
    found = line(raw(registry(passwordEnv="GHCR")), {"GHCR": password})
    assert found.startswith("image-pull-secrets:registries[0].password: the password holds a lone surrogate")
    assert password[:-1] not in found


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def told(error: BaseException) -> str:
    parts = traceback.format_exception(error)
    for link in chain(error):
        parts += [str(link), repr(link), repr(link.args), repr(vars(link))]
    return "".join(parts)


BAD_WITH_A_SECRET: dict[str, Callable[[str], dict[str, str]]] = {
    "beside an unknown key": lambda s: raw(registry(password=s, pasword=s)),
    "under a misspelled list": lambda s: raw(registry(password="-"), registrys=json.dumps([registry(password=s)])),
    "in a list": lambda s: raw(registry(password=[s])),
    "in an object": lambda s: raw(registry(password={"value": s})),
    "instead of a registry": lambda s: raw(registry(password="-"), registries=json.dumps([s])),
    "instead of the registries": lambda s: raw(registries=s),
    "in broken JSON": lambda s: raw(registries=f'[{{"password": "{s}"'),
    "in the address": lambda s: raw(registry(server=f"bot:{s}@ghcr.io", password=s)),
    "beside a bad address": lambda s: raw(registry(server="ghcr", password=s)),
    "beside a bad user name": lambda s: raw(registry(username="a:b", password=s)),
    "beside a number": lambda s: raw(registry(username=5, password=s)),
    "with a lone surrogate": lambda s: raw(registry(password=s + "\ud800")),
    "beside an environment variable": lambda s: raw(registry(password=s, passwordEnv="GHCR")),
    "from the environment": lambda _: raw(registry(server="ghcr", passwordEnv="SECRET")),
    "as the whole docker config": lambda s: raw(dockerConfigJson=s),
    "in a docker config that is not JSON": lambda s: raw(dockerConfigJson=f'{{"auths": {{"a.b": {{"auth": "{s}"}}}}'),
    "as a bad auth": lambda s: raw(dockerConfigJson=json.dumps({"auths": {"a.b": {"auth": f"!{s}"}}})),
    "in a docker config's address": lambda s: raw(dockerConfigJson=json.dumps({"auths": {f"bot:{s}@a.b": 5}})),
    "in both": lambda s: raw(registry(password=s), dockerConfigJson=json.dumps({"auths": {"a.b": {"password": s}}})),
    "in the kubeconfig": lambda s: raw(registry(password=s), kubeconfig=f"token: {s}\n", adopt="maybe"),
}


@pytest.mark.parametrize("configuration", BAD_WITH_A_SECRET.values(), ids=BAD_WITH_A_SECRET.keys())
def test_no_error_holds_the_secret(configuration: Callable[[str], dict[str, str]]) -> None:
    secret = secrets.token_urlsafe()
    environ = {"GHCR": secret, "SECRET": secret}
    everything = told(error(configuration(secret), environ))
    assert secret not in everything
    assert base64.b64encode(secret.encode()).decode() not in everything


def test_the_settings_repr_and_str_hold_no_secret() -> None:
    secret = secrets.token_urlsafe()
    config = json.dumps({"auths": {"a.b": {"username": "bot", "password": secret}}})
    for values in (raw(registry(password=secret), kubeconfig=f"a: b\ntoken: {secret}"), raw(dockerConfigJson=config)):
        settings = parse(values, stack="staging", environ={})
        assert secret not in repr(settings) + str(settings)


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(st.characters()), st.text(st.characters())))
def test_only_a_settings_error_comes_out_of_any_texts(values: dict[str, str]) -> None:
    with contextlib.suppress(SettingsError):
        parse(values, stack="staging", environ={})


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_only_a_settings_error_comes_out_of_any_json(values: dict[str, Any]) -> None:
    with contextlib.suppress(SettingsError):
        parse({key: json.dumps(value) for key, value in values.items()}, stack="staging", environ={})


@pytest.mark.parametrize("key", ["namespaces", "registries", "adopt", "unknown"])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"name":', "}"), ('[{"server":', "}]")])
def test_any_depth_of_nesting_ends_in_a_settings_error(key: str, opening: str, closing: str) -> None:
    for depth in (10, 150, 300, 450, 900, 20_000):
        text = opening * depth + "1" + closing * depth
        assert error(raw(registry(password="-"), **{key: text})).lines


@pytest.mark.parametrize("login", [{"email": "bot@acme.example"}, {}])
async def test_the_components_arguments_hold_each_password_as_a_secret(login: dict[str, str]) -> None:
    settings = parse(raw(registry(password="-", **login)), stack="staging", environ={})
    args = settings.args()
    (entry,) = args["registries"]
    assert isinstance(entry["password"], pulumi.Output)
    assert {key: value for key, value in entry.items() if key != "password"} == registry(**login)
    assert args["namespaces"] == [{"name": "team-a", "service_accounts": ["default"], "create": False}]
    assert (args["adopt"], args["detach"], args["retired_secret_names"]) == (False, False, [])
    assert "docker_config_json" not in args


async def test_a_password_and_a_docker_config_become_secret_outputs() -> None:
    config = json.dumps({"auths": {"a.b": {"username": "bot", "password": secrets.token_urlsafe()}}})
    text = parse(raw(dockerConfigJson=config), stack="staging", environ={}).args()["docker_config_json"]
    password = parse(raw(registry(password="-")), stack="staging", environ={}).args()["registries"][0]
    for value, plain in ((text, config), (password["password"], "-")):
        assert isinstance(value, pulumi.Output)
        assert await value.is_secret()
        assert await value.future() == plain


def test_the_running_stacks_keys_are_read_and_other_projects_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = {f"image-pull-secrets:{key}": value for key, value in raw(registry(passwordEnv="GHCR")).items()}
    monkeypatch.setattr(pulumi, "get_stack", lambda: "staging")
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({**configuration, "kubernetes:context": "other", "adopt": "true"}))
    password = secrets.token_urlsafe()
    settings = load({"GHCR": password})
    assert (settings.context, settings.adopt, password_of(settings)) == ("acme-staging", False, password)
