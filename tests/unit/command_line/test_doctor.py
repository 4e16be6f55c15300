"""``pull-secrets doctor``: what it looks at, what it writes where, and its exit codes."""

import json
from pathlib import Path

import pytest
from pulumi_image_pull_secrets.doctor.checks import CHECKS, OF_REGISTRIES
from pulumi_image_pull_secrets.doctor.observation import Observation

from tests.unit.command_line.running import CONTEXT, CommandLine
from tests.unit.doctor.observed import UNAUTHORIZED, account, config, container, deployment, observe, pod, secret

STACK = """\
config:
  image-pull-secrets:context: acme-prod
  image-pull-secrets:secretName: regcred
  image-pull-secrets:registries: [{server: ghcr.io, username: bot, password: {secure: v1:abc}}]
  image-pull-secrets:namespaces: [{name: other}]
"""
CLEAN = observe(
    secret(), account("regcred"), pod(pull_secrets=["regcred"]), deployment(), secret(namespace="tools", name="unused")
)
WITH_WARNING = observe(account("gone"))
WITH_ERROR = observe(account(), pod(container(said=UNAUTHORIZED)))
FORMATS = ("table", "json", "html")


@pytest.mark.parametrize("output", FORMATS)
@pytest.mark.parametrize(
    ("seen", "fail_on", "code"),
    [
        (CLEAN, None, 0),
        (CLEAN, "warning", 0),
        (WITH_WARNING, None, 0),
        (WITH_WARNING, "error", 0),
        (WITH_WARNING, "warning", 1),
        (WITH_WARNING, "never", 0),
        (WITH_ERROR, None, 1),
        (WITH_ERROR, "error", 1),
        (WITH_ERROR, "warning", 1),
        (WITH_ERROR, "never", 0),
    ],
)
def test_the_exit_code_is_of_the_findings_whatever_the_format(
    command_line: CommandLine, seen: Observation, fail_on: str | None, code: int, output: str
) -> None:
    command_line.sees(seen)
    ran = command_line.run("doctor", "-o", output, *(["--fail-on", fail_on] if fail_on else []))
    assert ran.code == code
    assert ran.err == ""
    starts = {"table": ("√", "×", "‼", "ok", "xx", "!!"), "json": ("{",), "html": ("<!doctype html>",)}  # noqa: RUF001
    assert ran.out.startswith(starts[output])


def test_a_table_is_the_default(command_line: CommandLine) -> None:
    command_line.sees(WITH_ERROR)
    ran = command_line.run("doctor")
    assert f" of {CONTEXT}, " in ran.out
    assert "[account-without-secret, 1 pod]" in ran.out


def test_all_namespaces_are_looked_at_unless_some_are_named(command_line: CommandLine) -> None:
    command_line.sees(CLEAN)
    for arguments in ([], ["-A"], ["-n", "shop", "-n", "tools"], ["-n", "shop,tools", "--namespace", "shop"]):
        assert command_line.run("doctor", *arguments).code == 0
    assert command_line.asked == [[], [], ["shop", "tools"], ["shop", "tools"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-n", "shop", "-A"], "error: --namespace and --all-namespaces exclude each other"),
        (["-n", "Shop"], "error: --namespace: 'Shop' is not a DNS-1123 label"),
        (["-n", ""], "error: --namespace: '' is not a DNS-1123 label"),
        (["--checks", "secret-mising"], "error: there is no check 'secret-mising'; did you mean secret-missing?"),
        (["--checks", "xyzzy"], "error: there is no check 'xyzzy'; docs/checks.md lists them all"),
        (
            ["--checks", "coverage-account"],
            "error: coverage-account compares the cluster with a stack file; add --stack",
        ),
        (["--image", "ghcr.io/Acme/web"], "error: 'ghcr.io/Acme/web' is not an image's name: the repository holds"),
        (["--image", ""], "error: '' is not an image's name: it is empty"),
        (["--stack", "Pulumi.gone.yaml"], "Pulumi.gone.yaml can't be read: No such file or directory"),
        (["--fail-on", "note"], "Invalid value for '--fail-on'"),
        (["-o", "yaml"], "Invalid value for '--output'"),
        (["--verbos"], "No such option"),
        (["extra"], "unexpected extra argument"),
    ],
)
def test_what_is_typed_wrong_is_told_before_the_cluster_is_asked(
    command_line: CommandLine, arguments: list[str], said: str
) -> None:
    command_line.sees(CLEAN)
    ran = command_line.run("doctor", *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""
    assert command_line.asked == []


def test_checks_choose_among_the_findings_and_the_report_has_only_those(command_line: CommandLine) -> None:
    command_line.sees(observe(account("gone", "gone"), pod(container(said=UNAUTHORIZED), pull_secrets=["gone"])))
    everything = json.loads(command_line.run("doctor", "-o", "json").out)
    assert {one["code"] for one in everything["findings"]} == {"secret-missing", "account-duplicate-entry"}
    assert everything["checks"] == sorted(
        one.code for one in CHECKS if one.category != "coverage" and one not in OF_REGISTRIES
    )

    # The pod counts under the missing Secret, and isn't told as anything else because that isn't shown.
    ran = command_line.run("doctor", "-o", "json", "--checks", "pod-unauthorized, pod-no-credential")
    told = json.loads(ran.out)
    assert (ran.code, told["findings"]) == (0, [])
    assert told["checks"] == ["pod-no-credential", "pod-unauthorized"]
    table = command_line.run("doctor", "--checks", "secret-missing", "--checks", "pod-dns").out
    assert "accounts:" not in table
    assert "[secret-missing, 1 pod]" in table


def test_a_stack_file_adds_what_it_does_not_list(command_line: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text(STACK)
    command_line.sees(WITH_ERROR)
    told = json.loads(command_line.run("doctor", "-o", "json", "--stack", str(path)).out)
    (finding,) = told["findings"]
    assert (finding["code"], finding["name"]) == ("coverage-namespace", "shop")
    assert "Pulumi.prod.yaml doesn't list it" in finding["message"]
    assert {"coverage-account", "coverage-namespace"} < set(told["checks"])
    assert told["context"] == "acme-prod"
    # Who names a context means it.
    command_line.run("doctor", "--stack", str(path), "--context", "other")
    assert [cluster.context for cluster in command_line.clusters] == ["acme-prod", "other"]


def test_a_stack_file_whose_context_is_encrypted_needs_a_named_one(command_line: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text(STACK.replace("acme-prod", "{secure: v1:abc}"))
    command_line.sees(CLEAN)
    ran = command_line.run("doctor", "--stack", str(path))
    assert (ran.code, ran.err) == (2, "error: the context in the stack file is encrypted; name it with --context\n")
    assert command_line.run("doctor", "--stack", str(path), "--context", "acme").code == 0


IMAGE = observe(
    secret(),
    secret("hub", config("https://index.docker.io/v1/")),
    account("regcred"),
    account("hub", "gone", name="batch"),
    account(name="lonely"),
    pod(container("ghcr.io/acme/web:1"), pull_secrets=["regcred"]),
    pod(container("redis:7"), name="cache", owner=None, account="batch", pull_secrets=["hub", "gone"]),
    pod(container("ghcr.io/acme/web:2", UNAUTHORIZED), name="web2", owner=None, account="lonely"),
)


def test_an_image_keeps_what_concerns_its_pods_and_tells_who_serves_it(command_line: CommandLine) -> None:
    command_line.sees(IMAGE)
    told = json.loads(command_line.run("doctor", "-o", "json", "--image", "ghcr.io/acme/web").out)
    assert [one["code"] for one in told["findings"]] == ["account-without-secret"]
    login = {"secret": "regcred", "key": "ghcr.io", "user": "bot"}
    assert told["image"] == {
        "name": "ghcr.io/acme/web",
        "accounts": [
            {"namespace": "shop", "name": "default", "pods": 1, "problem": "", "logins": [login]},
            {"namespace": "shop", "name": "lonely", "pods": 1, "problem": "", "logins": []},
        ],
    }
    table = command_line.run("doctor", "--image", "redis").out
    assert (
        "i image docker.io/library/redis: 1 ServiceAccount has a login for it, 1 pod uses it\n"
        "  user 'bot' of key 'https://index.docker.io/v1/' in Secret hub: ServiceAccount shop/batch, 1 pod\n"
    ) in table
    assert "[account-dangling-entry, 1 pod]" in table
    assert "account-without-secret" not in table
    assert (
        "<strong>image ghcr.io/acme/web:1</strong>"
        in command_line.run("doctor", "-o", "html", "--image", "ghcr.io/acme/web:1").out
    )


def test_without_findings_about_an_image_the_code_is_0(command_line: CommandLine) -> None:
    command_line.sees(IMAGE)
    assert command_line.run("doctor", "--image", "ghcr.io/acme/web:2").code == 1
    assert command_line.run("doctor", "--image", "ghcr.io/acme/web:1").code == 0
