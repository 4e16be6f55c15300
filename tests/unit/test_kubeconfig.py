"""Where the kubeconfig is found, and that no context but the one that was asked for is ever taken."""

import base64
import errno
import json
import os
import secrets
import traceback
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets import kubeconfig
from pulumi_image_pull_secrets.errors import KubeconfigError


def content(*contexts: str, **changes: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": contexts[0] if contexts else "",
        "contexts": [{"name": name, "context": {"cluster": f"{name}-c", "user": f"{name}-u"}} for name in contexts],
        "clusters": [{"name": f"{name}-c", "cluster": {"server": f"https://{name}.example"}} for name in contexts],
        "users": [{"name": f"{name}-u", "user": {"token": "-"}} for name in contexts],
        **changes,
    }


def write(path: Path, *contexts: str, **changes: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content(*contexts, **changes)), encoding="utf-8")
    return path


def error(context: str, text: str | None = None, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(KubeconfigError) as caught:
        kubeconfig.find(context, text, environ or {})
    return str(caught.value)


def test_a_path_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "config", "staging", "prod")
    found = kubeconfig.find("prod", str(path))
    assert (found.source, found.is_path, found.context) == (str(path), True, "prod")
    assert found.server == "https://prod.example"


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "config", "prod")
    monkeypatch.chdir(tmp_path)
    assert kubeconfig.find("prod", "config").source == str(path)


def test_a_tilde_in_a_path_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "config", "prod")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert kubeconfig.find("prod", "~/config").source == str(path)


def test_a_tilde_of_a_user_that_is_not_there_is_a_path_that_is_not_there() -> None:
    assert "there is no kubeconfig at" in error("prod", "~nobody-of-that-name/config")


@pytest.mark.parametrize("write_text", [yaml.safe_dump, json.dumps])
def test_a_text_is_taken_as_it_is(write_text: Any) -> None:
    text = write_text(content("prod"))
    found = kubeconfig.find("prod", text)
    assert (found.source, found.is_path, found.server) == (text, False, "https://prod.example")


def test_the_repr_shows_nothing_of_the_text() -> None:
    token = secrets.token_urlsafe()
    text = yaml.safe_dump(content("prod", users=[{"name": "prod-u", "user": {"token": token}}]))
    assert token not in repr(kubeconfig.find("prod", text))


def test_without_a_path_the_usual_file_of_the_home_folder_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / ".kube" / "config", "prod")
    for environ in ({"HOME": str(tmp_path)}, {"HOME": str(tmp_path), "KUBECONFIG": ""}):
        assert kubeconfig.find("prod", environ=environ).source == str(path)


def test_the_files_of_kubeconfig_are_searched_in_order(tmp_path: Path) -> None:
    first = write(tmp_path / "first", "staging", "shared")
    second = write(tmp_path / "second", "prod", "shared")
    environ = {"KUBECONFIG": os.pathsep.join([str(tmp_path / "missing"), str(first), "", str(second)])}
    assert kubeconfig.find("prod", environ=environ).source == str(second)
    assert kubeconfig.find("shared", environ=environ).source == str(first)
    message = error("preprod", environ=environ)
    assert f"is not in the kubeconfig {first}, the kubeconfig {second}; " in message
    assert "contexts there: staging, shared, prod, shared" in message


def test_a_file_of_several_may_hold_no_contexts_or_nothing(tmp_path: Path) -> None:
    users, nothing = tmp_path / "users", tmp_path / "nothing"
    users.write_text(yaml.safe_dump({"kind": "Config", "users": [{"name": "a", "user": {}}]}))
    nothing.write_text("")
    path = write(tmp_path / "prod", "prod")
    environ = {"KUBECONFIG": os.pathsep.join(map(str, [users, nothing, path]))}
    assert kubeconfig.find("prod", environ=environ).source == str(path)
    assert kubeconfig.current_context(environ=environ) == "prod"
    assert error("dev", environ=environ).endswith("; contexts there: prod")


def test_what_is_behind_the_file_that_is_used_is_not_read(tmp_path: Path) -> None:
    path, broken = write(tmp_path / "prod", "prod"), tmp_path / "broken"
    broken.write_text("{")
    environ = {"KUBECONFIG": os.pathsep.join(map(str, [path, broken]))}
    assert kubeconfig.find("prod", environ=environ).source == str(path)
    assert kubeconfig.current_context(environ=environ) == "prod"
    assert f"the kubeconfig {broken} is not YAML" in error("dev", environ=environ)


def test_a_given_path_goes_before_the_environment(tmp_path: Path) -> None:
    given_path, other = write(tmp_path / "given", "prod"), write(tmp_path / "other", "staging")
    environ = {"KUBECONFIG": str(other)}
    assert kubeconfig.find("prod", str(given_path), environ).source == str(given_path)
    assert 'context "staging" is not in' in error("staging", str(given_path), environ)


def test_a_file_of_several_that_cannot_be_looked_at_is_told_and_not_passed_over(tmp_path: Path) -> None:
    path, too_long = write(tmp_path / "prod", "prod"), "x" * 300
    environ = {"KUBECONFIG": os.pathsep.join([too_long, str(path)])}
    assert error("prod", environ=environ).endswith(f"{too_long} can't be read: File name too long")
    # Behind the one that is used it isn't read.
    environ = {"KUBECONFIG": os.pathsep.join([str(path), too_long])}
    assert kubeconfig.find("prod", environ=environ).source == str(path)


def test_a_file_of_several_in_a_folder_that_may_not_be_entered_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden, path = write(tmp_path / "hidden" / "config", "prod"), write(tmp_path / "prod", "prod")

    # The superuser, whom no folder keeps out, may run this.
    def refuse(self: Path, *_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(type(hidden), "stat", refuse)
    monkeypatch.setattr(type(hidden), "read_text", refuse)
    environ = {"KUBECONFIG": os.pathsep.join(map(str, [hidden, path]))}
    assert error("prod", environ=environ) == f"the kubeconfig {hidden} can't be read: Permission denied"


@pytest.mark.parametrize("environ", [{"KUBECONFIG": "/nowhere/a:/nowhere/b"}, {"HOME": "/nowhere"}])
def test_a_missing_file_is_told_with_what_to_set(environ: dict[str, str]) -> None:
    message = error("prod", environ=environ)
    assert "there is no kubeconfig at /nowhere/" in message
    assert "set image-pull-secrets:kubeconfig or KUBECONFIG" in message


def test_the_folder_that_one_is_in_is_told_as_one() -> None:
    for text in (".", "./"):
        with pytest.raises(KubeconfigError, match="is a folder; give the path of the file in it"):
            kubeconfig.find("prod", text, {})


def test_a_folder_is_told_as_one(tmp_path: Path) -> None:
    assert f"{tmp_path} is a folder" in error("prod", str(tmp_path))


def test_a_file_below_a_file_cannot_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "config", "prod")
    assert "can't be read: Not a directory" in error("prod", f"{path}/below")


def test_a_file_that_is_no_text_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(b"\xff\xfe\x00")
    assert "not a text in UTF-8" in error("prod", str(path))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("a: b\n\tc", "is not YAML (line 2, column 1)"),
        ("a: 2001-99-99", "is not YAML"),
        ("a: !!bool x", "is not YAML"),
        ("a: !!timestamp x", "is not YAML"),
        ("a: 1" + ":1" * 400 + ".0", "is not YAML"),
        ("[" * 600, "is not YAML"),
        ("just text", 'no list of "contexts"'),
        ("- a", 'no list of "contexts"'),
        ("contexts: {}", 'no list of "contexts"'),
        ("contexts: []", "contexts there: none"),
        ("contexts: [5, {}]", "contexts there: none"),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_told_with_its_path(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")
    message = error("prod", str(path))
    assert f"the kubeconfig {path}" in message
    assert says in message


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_setting_is_told_and_not_taken_for_a_missing_one(text: str) -> None:
    assert "the kubeconfig is empty; give a path or the text, or leave the key out" in error("prod", text)


def test_a_context_that_is_not_there_is_told_with_the_nearest_and_never_replaced_by_the_current() -> None:
    message = error("acme-stagign", yaml.safe_dump(content("acme-staging", "acme-prod")))
    assert message == (
        'context "acme-stagign" is not in the kubeconfig text; did you mean "acme-staging"? '
        "contexts there: acme-staging, acme-prod"
    )


@pytest.mark.parametrize("context", ["", "zzz", "PROD"])
def test_only_the_very_name_finds_a_context(context: str) -> None:
    assert f'context "{context}" is not in the kubeconfig text' in error(context, yaml.safe_dump(content("prod")))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"clusters": []}, 'names the cluster "prod-c", which is not among its clusters'),
        ({"clusters": None}, 'names the cluster "prod-c", which is not among its clusters'),
        ({"clusters": 5}, 'names the cluster "prod-c", which is not among its clusters'),
        ({"clusters": [5, {"name": "other"}]}, 'names the cluster "prod-c", which is not among its clusters'),
        ({"clusters": [{"name": "prod-c"}]}, 'names the cluster "prod-c", which has no server'),
        ({"users": []}, 'names the user "prod-u", which is not among its users'),
        ({"contexts": [{"name": "prod"}]}, "names no cluster"),
        ({"contexts": [{"name": "prod", "context": "text"}]}, "names no cluster"),
    ],
)
def test_a_context_that_leads_nowhere_is_told(changes: dict[str, Any], says: str) -> None:
    message = error("prod", yaml.safe_dump(content("prod", **changes)))
    assert message == f'context "prod" in the kubeconfig text {says}'


@pytest.mark.parametrize(
    "changes",
    [{"users": [{"name": "prod-u", "user": {}}]}, {"contexts": [{"name": "prod", "context": {"cluster": "prod-c"}}]}],
)
def test_a_cluster_that_asks_for_no_credentials_needs_none(changes: dict[str, Any]) -> None:
    assert kubeconfig.find("prod", yaml.safe_dump(content("prod", **changes))).server == "https://prod.example"


@pytest.mark.parametrize("form", ["token: {}\n\tx", "{{token: {}", "contexts: []\ntoken: {}", "{}" * 40])
def test_nothing_secret_of_a_bad_text_is_in_the_error_or_what_hangs_on_it(form: str) -> None:
    token = secrets.token_urlsafe()
    with pytest.raises(KubeconfigError) as caught:
        kubeconfig.find("prod", form.format(*[token] * 40), {})
    assert token not in "".join([*traceback.format_exception(caught.value), repr(caught.value)])
    assert caught.value.__context__ is None


@given(st.text() | st.text(alphabet="{}[]:- \n!&*contexs5'\""), st.text())
def test_only_a_kubeconfig_error_comes_out_of_any_text(text: str, context: str) -> None:
    for given_text in (text, f"{text}\nx"):
        with pytest.raises(KubeconfigError):
            kubeconfig.find(context, given_text, {})


def test_a_kubeconfig_in_base64_is_not_shown() -> None:
    token = secrets.token_urlsafe(150)
    text = base64.b64encode(json.dumps({"users": [{"user": {"token": token}}]}).encode()).decode()
    assert len(text) < 400
    with pytest.raises(KubeconfigError, match="if it is base64, decode it first") as caught:
        kubeconfig.find("prod", text, {})
    assert text[:20] not in str(caught.value)


@pytest.mark.parametrize(
    ("user", "says"),
    [
        ({"as-groups": "abc"}, 'as-groups of the user of context "prod" is no list of groups'),
        ({"as-groups": 5}, "is no list of groups"),
        ({"as-user-extra": ["a"]}, 'as-user-extra of the user of context "prod" is no object of lists'),
        ({"as-user-extra": {"k": None}}, "is no object of lists"),
        ({"as-user-extra": {"k": "abc"}}, "is no object of lists"),
    ],
)
def test_whom_a_user_acts_as_has_a_shape(user: dict[str, Any], says: str) -> None:
    text = json.dumps(content("prod", users=[{"name": "prod-u", "user": user}]))
    with pytest.raises(KubeconfigError, match=says):
        _ = kubeconfig.find("prod", text).impersonation


def test_a_user_may_act_as_another_one() -> None:
    user = {"as": "bot", "as-uid": 7, "as-groups": ["a", "b"], "as-user-extra": {"example.com/why": ["x"]}}
    text = json.dumps(content("prod", users=[{"name": "prod-u", "user": user}]))
    assert kubeconfig.find("prod", text).impersonation == [
        ("Impersonate-User", "bot"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Extra-example.com%2Fwhy", "x"),
    ]
    assert kubeconfig.find("prod", json.dumps(content("prod"))).impersonation == []


def test_the_current_context_is_that_of_the_first_file_that_has_one(tmp_path: Path) -> None:
    files = [write(tmp_path / "a", "dev", **{"current-context": ""}), write(tmp_path / "b", "prod", "dev")]
    environ = {"KUBECONFIG": os.pathsep.join(map(str, [*files, tmp_path / "missing"]))}
    assert kubeconfig.current_context(environ=environ) == "prod"


def test_no_current_context_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a", "dev", **{"current-context": ""})
    with pytest.raises(KubeconfigError, match=r"there is no current context in .*/a; name one with --context"):
        kubeconfig.current_context(environ={"KUBECONFIG": str(path)})
