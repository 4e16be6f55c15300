"""The judgement of a ``.dockerconfigjson`` that somebody brings: only what a node can use passes, nothing is shown."""

import base64
import contextlib
import json
import secrets
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.docker_config import check
from pulumi_image_pull_secrets.errors import DockerConfigError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


def auth_of(login: str) -> str:
    return base64.b64encode(login.encode()).decode()


def config_of(entry: object, server: str = "ghcr.io") -> str:
    return json.dumps({"auths": {server: entry}})


@pytest.mark.parametrize(
    "entry",
    [
        {"auth": auth_of("bot:pw")},
        {"auth": auth_of("bot:p:w")},
        {"auth": auth_of("bot:pw12").rstrip("=")},
        {"auth": auth_of("bot:pw1").rstrip("=")},
        {"auth": "Ym90\nOnB3\r\n"},
        {"auth": auth_of("bot:pw"), "username": None, "password": None, "email": None},
        {"username": "bot", "password": "pw"},
        {"username": "bot", "password": "pw", "auth": ""},
    ],
)
def test_an_entry_that_a_node_can_log_in_with_is_accepted(entry: object) -> None:
    check(config_of(entry))


def test_a_whole_file_as_docker_login_writes_it_is_accepted() -> None:
    login = {"auth": auth_of("bot:pw")}
    auths = {"ghcr.io": login, "https://index.docker.io/v1/": login}
    check(json.dumps({"auths": auths, "credsStore": "", "HttpHeaders": {"User-Agent": "Docker-Client"}}, indent=4))
    check(json.dumps({"auths": auths, "HttpHeaders": None, "detachKeys": "ctrl-e"}))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON at line 1, column 1"),
        ("{", "not JSON at line 1, column 2"),
        ('{"auths":\n{]}', "not JSON at line 2, column 2"),
        ("\ufeff{}", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("\ud800", "lone surrogate"),
        ("null", "not a JSON object"),
        ("[]", "not a JSON object"),
        ("{}", '"auths"'),
        ('{"auths": {}}', '"auths"'),
        ('{"auths": ["ghcr.io"]}', '"auths"'),
        ('{"credsStore": "desktop", "auths": {"ghcr.io": {}}}', '"credsStore"'),
        ('{"credHelpers": {"gcr.io": "gcloud"}, "auths": {}}', '"credHelpers"'),
        (config_of("text"), "'ghcr.io' is not an object"),
        (config_of({}), "neither an auth nor"),
        (config_of({"username": "bot"}), "neither an auth nor"),
        (config_of({"password": "pw"}), "neither an auth nor"),
        (config_of({"auth": "not base64!"}), "not base64, which"),
        (config_of({"auth": "Ym90OnB3 "}), "not base64, which"),
        (config_of({"auth": "ä"}), "not base64, which"),
        (config_of({"auth": "A"}), "not base64, which"),
        (config_of({"auth": auth_of("bot")}), "base64 of 'username:password'"),
        (config_of({"auth": auth_of("bot:"), "identitytoken": "eyJ"}), "without a user name or without a password"),
        (config_of({"auth": auth_of(":pw")}), "without a user name or without a password"),
        ('{"auths": {"a.b": {"auth": "!"}}, "auths": {"a.b": {"auth": "YTpi"}}}', "the same key twice"),
        ('{"auths": {"a.b": {"auth": "!", "auth": "YTpi"}}}', "the same key twice"),
        ('{"auths": {"a.b": {"auth": "YTpi"}}, "Auths": {"a.b": {"auth": "!"}}}', 'spell it "auths"'),
        (config_of({"auth": auth_of("bot:pw"), "Auth": "!"}), "'ghcr.io' has a key that differs from \"auth\" only"),
        ('{"auths": {"a.b": {"auth": "YTpi"}}, "httpHeaders": {}}', 'spell it "HttpHeaders"'),
        ('{"auths": {"a.b": {"auth": "YTpi"}}, "HttpHeaders": {"a": 5}}', '"HttpHeaders" that are not'),
        ('{"auths": {"a.b": {"auth": "YTpi"}}, "HttpHeaders": "a"}', '"HttpHeaders" that are not'),
    ],
)
def test_a_text_that_no_node_can_use_is_an_error_that_says_why(text: str, says: str) -> None:
    with pytest.raises(DockerConfigError, match=says):
        check(text)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_python_reads_as_json_and_go_does_not_is_refused(constant: str) -> None:
    with pytest.raises(DockerConfigError, match="not JSON"):
        check(f'{{"auths": {{"ghcr.io": {{"auth": "{auth_of("a:b")}"}}}}, "x": {constant}}}')


@pytest.mark.parametrize("padding", ["=", "==", "===", "===="])
def test_more_padding_than_the_length_asks_for_is_refused_as_go_refuses_it(padding: str) -> None:
    with pytest.raises(DockerConfigError, match="not base64, which"):
        check(config_of({"auth": "Ym90OnB3" + padding}))


@pytest.mark.parametrize("field", ["username", "password", "email", "auth"])
@pytest.mark.parametrize("value", [0, 1, False, [], {}])
def test_a_field_of_another_type_than_text_is_refused_also_where_it_is_empty(field: str, value: object) -> None:
    entry = {"auth": auth_of("bot:pw"), field: value}
    with pytest.raises(DockerConfigError, match="not text"):
        check(config_of(entry))


@pytest.mark.parametrize(
    "form",
    [
        '{{"auths": {{"ghcr.io": {{"auth": "{password}" }} }}',
        '{{"auths": {{"ghcr.io": "{password}"}}}}',
        '{{"auths": {{"ghcr.io": {{"password": "{password}"}}}}}}',
        '{{"auths": {{"ghcr.io": {{"auth": "{encoded}"}}}}}}',
        '{{"auths": {{"ghcr.io": {{"auth": "!{password}"}}}}}}',
        '{{"auths": {{"bot:{password}@ghcr.io": {{}}}}}}',
        '{{"auths": {{"{password}": "ghcr.io"}}}}',
        '{{"auths": {{}}, "x": "{password}", "y": NaN}}',
        '{{"auths": "{password}"}}',
        "{password}",
        '"{password}"',
    ],
)
def test_nothing_secret_of_a_bad_text_is_in_the_error_or_what_hangs_on_it(form: str) -> None:
    password = secrets.token_urlsafe()
    with pytest.raises(DockerConfigError) as caught:
        check(form.format(password=password, encoded=auth_of(password)))
    error = caught.value
    told = "".join([*traceback.format_exception(error), repr(error), repr(error.args)])
    assert password not in told
    assert auth_of(password) not in told
    assert error.__cause__ is None
    assert error.__context__ is None


def test_an_entry_whose_address_is_not_shown_is_told_by_its_number() -> None:
    good = {"auth": auth_of("bot:pw")}
    with pytest.raises(DockerConfigError, match='"auths" -> number 2 is not an object'):
        check(json.dumps({"auths": {"ghcr.io": good, "a@b": None}}))


@given(st.text() | st.text(alphabet='{}[]":,=auths01 ') | JSON.map(json.dumps))
def test_only_a_docker_config_error_comes_out_of_any_text(text: str) -> None:
    with contextlib.suppress(DockerConfigError):
        check(text)


@given(JSON)
def test_only_a_docker_config_error_comes_out_of_any_entry(entry: object) -> None:
    for text in (json.dumps({"auths": entry}), config_of(entry), config_of({"auth": entry, "username": entry})):
        with contextlib.suppress(DockerConfigError):
            check(text)
