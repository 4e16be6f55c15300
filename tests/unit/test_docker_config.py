"""Registry keys, logins, and the text that is written from registries, byte for byte."""

import base64
import json
import secrets
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.docker_config import (
    DOCKER_HUB_KEY,
    MAX_SECRET_BYTES,
    Registry,
    check,
    login_problem,
    registry_key,
    render,
)
from pulumi_image_pull_secrets.errors import DockerConfigError, RegistryAddressError

ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"

ADDRESSES = st.one_of(
    st.text(),
    st.text(alphabet="a1.:/-_[]*@ V", max_size=20),
    st.lists(st.sampled_from(["https://", "ghcr.io", "docker.io", ":443", "/v1", "/v2", "/acme", "/"])).map("".join),
)
CONTROL = "".join(map(chr, [*range(32), 127]))
USERNAMES = st.text(st.characters(codec="utf-8", exclude_characters=f":{CONTROL}"), min_size=1)
PASSWORDS = st.text(st.characters(codec="utf-8"), min_size=1)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("ghcr.io", "ghcr.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("HTTP://ghcr.io/", "ghcr.io"),
        ("  ghcr.io\n", "ghcr.io"),
        ("GHCR.IO", "ghcr.io"),
        ("ghcr.io///", "ghcr.io"),
        ("https://ghcr.io/v2/", "ghcr.io"),
        ("ghcr.io/v1", "ghcr.io"),
        ("ghcr.io/v2/acme", "ghcr.io/acme"),
        ("ghcr.io/v1/v2/acme", "ghcr.io/acme"),
        ("ghcr.io/v10", "ghcr.io/v10"),
        ("", DOCKER_HUB_KEY),
        ("docker.io", DOCKER_HUB_KEY),
        ("Docker.io/", DOCKER_HUB_KEY),
        ("index.docker.io", DOCKER_HUB_KEY),
        ("https://index.docker.io/v1/", DOCKER_HUB_KEY),
        ("https://hub.docker.com/", DOCKER_HUB_KEY),
        ("registry-1.docker.io", DOCKER_HUB_KEY),
        ("registry.hub.docker.com/v2/", DOCKER_HUB_KEY),
        ("docker.io/acme", "docker.io/acme"),
        ("index.docker.io/acme/app", "docker.io/acme/app"),
        ("localhost", "localhost"),
        ("localhost:5000", "localhost:5000"),
        ("http://localhost:5000/", "localhost:5000"),
        ("registry:5000", "registry:5000"),
        ("127.0.0.1:5000", "127.0.0.1:5000"),
        ("[::1]:5000", "[::1]:5000"),
        ("quay.io/org", "quay.io/org"),
        ("quay.io/org/", "quay.io/org"),
        (ECR, ECR),
        (f"https://{ECR}", ECR),
        ("europe-west3-docker.pkg.dev/project/repository", "europe-west3-docker.pkg.dev/project/repository"),
        ("acme.azurecr.io", "acme.azurecr.io"),
        ("*.azurecr.io", "*.azurecr.io"),
        ("*.dkr.ecr.*.amazonaws.com", "*.dkr.ecr.*.amazonaws.com"),
        ("host.io:65535/a__b/c-d", "host.io:65535/a__b/c-d"),
    ],
)
def test_an_address_as_people_type_it_becomes_the_key_that_the_kubelet_looks_up(typed: str, key: str) -> None:
    assert registry_key(typed) == key


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("ftp://ghcr.io", "scheme"),
        ("https://https://ghcr.io", "scheme"),
        ("https://", "no host"),
        ("/v1/", "no host"),
        ("ghcr", "neither a dot nor a port"),
        ("*", "neither a dot nor a port"),
        ("[::1]", "has no port"),
        ("[::1]5000", "not a registry's address"),
        ("[::1", "not a registry's address"),
        ("[:]:5000", "not a registry's address"),
        ("[::ffff:1.2.3.4]:5000", "not a registry's address"),
        ("ghcr.io:", "not a registry's address"),
        ("ghcr.io:0", "not a registry's address"),
        ("ghcr.io:65536", "not a registry's address"),
        ("ghcr.io:http", "not a registry's address"),
        ("ghcr.io:٣", "not a registry's address"),
        ("-ghcr.io", "not a registry's address"),
        ("my_registry.io", "not a registry's address"),
        ("gh cr.io", "not a registry's address"),
        ("ghcr.io/Acme", "path"),
        ("ghcr.io/acme/app:tag", "path"),
        ("ghcr.io//acme", "path"),
        ("docker.io/Acme", "path"),
        ("ghcr.io/acme/app@sha256:0", "digest"),
        ("a.b" + "/a" * 500, "has 1003 characters, more than any image's name"),
    ],
)
def test_an_address_that_no_node_would_look_up_is_an_error_that_says_why(typed: str, says: str) -> None:
    with pytest.raises(RegistryAddressError, match=says):
        registry_key(typed)


@pytest.mark.parametrize("form", ["{}@ghcr.io", "bot:{}@ghcr.io", "https://bot:{}@ghcr.io/v2/", "ftp://bot:{}@h:x/y"])
def test_a_password_typed_into_the_address_is_in_no_message(form: str) -> None:
    password = secrets.token_urlsafe()
    with pytest.raises(RegistryAddressError) as caught:
        registry_key(form.format(password))
    assert password not in "".join(traceback.format_exception(caught.value))


def test_a_very_long_address_is_cut_in_the_message() -> None:
    with pytest.raises(RegistryAddressError) as caught:
        registry_key("x" * 100_000)
    assert len(str(caught.value)) < 500


@given(ADDRESSES)
def test_a_key_is_its_own_key_and_nothing_but_an_address_error_comes_out(typed: str) -> None:
    try:
        key = registry_key(typed)
    except RegistryAddressError:
        return
    assert registry_key(key) == key


def test_the_text_is_kubectls_byte_for_byte() -> None:
    registry = Registry("ghcr.io", "bot", "pw", email="bot@acme.example")
    assert render([registry]) == (
        '{"auths":{"ghcr.io":{"username":"bot","password":"pw","email":"bot@acme.example","auth":"Ym90OnB3"}}}'
    )


@pytest.mark.parametrize("email", [None, ""])
def test_no_email_is_written_where_there_is_none(email: str | None) -> None:
    assert render([Registry("docker.io", "bot", "pw", email)]) == (
        '{"auths":{"https://index.docker.io/v1/":{"username":"bot","password":"pw","auth":"Ym90OnB3"}}}'
    )


@pytest.mark.parametrize(
    ("character", "written"),
    [
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
        ("\n", "\\n"),
        ("\r", "\\r"),
        ("\t", "\\t"),
        ("\b", "\\b"),
        ("\f", "\\f"),
        ("\x00", "\\u0000"),
        ("\x1f", "\\u001f"),
        ("\\", "\\\\"),
        ('"', '\\"'),
        ("\x7f", "\x7f"),
        ("'", "'"),
        ("/", "/"),
        ("ä", "ä"),
        ("🐳", "🐳"),
    ],
)
def test_characters_are_escaped_as_go_escapes_them(character: str, written: str) -> None:
    assert f'"password":"{written}"' in render([Registry("ghcr.io", "bot", character)])


def test_several_registries_are_sorted_by_key() -> None:
    text = render(Registry(server, "bot", "pw") for server in ("quay.io", "docker.io", "ghcr.io/b", "ghcr.io"))
    assert list(json.loads(text)["auths"]) == ["ghcr.io", "ghcr.io/b", DOCKER_HUB_KEY, "quay.io"]


def test_one_registry_under_two_spellings_is_an_error_that_names_both() -> None:
    with pytest.raises(DockerConfigError) as caught:
        render([Registry("docker.io", "a", "b"), Registry("https://hub.docker.com", "c", "d")])
    assert all(part in str(caught.value) for part in ("'docker.io'", "'https://hub.docker.com'", DOCKER_HUB_KEY))


@pytest.mark.parametrize(
    ("username", "password", "says"),
    [
        ("", "pw", "user name is empty"),
        ("a:b", "pw", "':'"),
        ("bot", "", "password is empty"),
        ("bot\ud800", "pw", "user name holds a lone surrogate"),
        ("bot", "pw\udfff", "password holds a lone surrogate"),
    ],
)
def test_a_login_that_cannot_work_is_refused(username: str, password: str, says: str) -> None:
    assert says in (login_problem(username, password) or "")
    with pytest.raises(DockerConfigError, match=f"^ghcr.io: .*{says}"):
        render([Registry("ghcr.io", username, password)])


def test_an_email_that_is_no_text_is_refused_without_a_trace_of_the_password() -> None:
    password = secrets.token_urlsafe()
    with pytest.raises(DockerConfigError, match=r"ghcr\.io: the email holds a lone surrogate") as caught:
        render([Registry("ghcr.io", "bot", password, email="\ud800")])
    assert caught.value.__context__ is None


def test_no_registry_is_an_error() -> None:
    with pytest.raises(DockerConfigError, match="no registry"):
        render([])


def test_a_registrys_repr_does_not_show_the_password() -> None:
    password = secrets.token_urlsafe()
    assert password not in repr(Registry("ghcr.io", "bot", password))


def test_a_text_may_have_exactly_one_mebibyte() -> None:
    text = render([Registry("ghcr.io", "u", "p")])
    text += " " * (MAX_SECRET_BYTES - len(text))
    check(text)
    with pytest.raises(DockerConfigError, match=f"{MAX_SECRET_BYTES + 1} bytes"):
        check(text + " ")


def test_what_is_rendered_may_have_exactly_one_mebibyte() -> None:
    fixed = len(render([Registry("ghcr.io", "u", "p", "e")])) - 1
    email = "e" * (MAX_SECRET_BYTES - fixed)
    assert len(render([Registry("ghcr.io", "u", "p", email)])) == MAX_SECRET_BYTES
    with pytest.raises(DockerConfigError, match="1 MiB"):
        render([Registry("ghcr.io", "u", "p", email + "e")])


def test_the_limit_counts_bytes_and_not_characters() -> None:
    with pytest.raises(DockerConfigError, match="1 MiB"):
        render([Registry("ghcr.io", "u", "p", "ä" * (MAX_SECRET_BYTES // 2))])


@given(username=USERNAMES, password=PASSWORDS, email=st.none() | PASSWORDS)
def test_what_render_writes_check_accepts_and_a_node_reads_back(
    username: str, password: str, email: str | None
) -> None:
    text = render([Registry("ghcr.io", username, password, email)])
    check(text)
    entry = json.loads(text)["auths"]["ghcr.io"]
    assert (entry["username"], entry["password"], entry.get("email")) == (username, password, email)
    assert base64.b64decode(entry["auth"]) == f"{username}:{password}".encode()
