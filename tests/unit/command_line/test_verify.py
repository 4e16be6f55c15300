"""``--verify``: when registries are asked, with what, and what is in the way of it."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi_image_pull_secrets import registry
from pulumi_image_pull_secrets.registry import Answer, Question, Result

from tests.unit.command_line.running import CommandLine
from tests.unit.command_line.test_extra import run as run_without_the_extra
from tests.unit.doctor.observed import account, container, observe, pod, secret

SEEN = observe(
    secret(), account("regcred"), pod(name="web", pull_secrets=["regcred"]), pod(container("quay.io/a/b:1"), name="b")
)


class Asked:
    """Takes the place of the registries; ``calls`` are the questions and options of each run."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.calls: list[tuple[list[Question], dict[str, Any]]] = []

    def ask_all(self, questions: Iterable[Question], **options: Any) -> Mapping[Question, Answer]:
        asked = list(questions)
        self.calls.append((asked, options))
        return dict.fromkeys(asked, Answer(self.result, "so it says"))

    @property
    def images(self) -> list[str]:
        return [question.image for asked, _ in self.calls for question in asked]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, command_line: CommandLine) -> Asked:
    command_line.sees(SEEN)
    asked = Asked(Result.DENIED)
    monkeypatch.setattr(registry, "ask_all", asked.ask_all)
    return asked


@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor"],
        ["doctor", "-o", "json"],
        ["doctor", "-o", "html", "--image", "ghcr.io/acme/web"],
        ["explain", "web"],
        ["explain", "ghcr.io/acme/web:1"],
    ],
)
def test_without_it_no_registry_is_asked(command_line: CommandLine, asked: Asked, arguments: list[str]) -> None:
    assert command_line.run(*arguments).code == 0
    assert asked.calls == []
    # As a check of the check.
    command_line.run(*arguments, "--verify")
    assert asked.images


def test_the_doctor_asks_of_all_pods_or_of_one_image(command_line: CommandLine, asked: Asked) -> None:
    ran = command_line.run("doctor", "--verify", "-o", "json")
    assert (ran.code, ran.err) == (1, "")
    assert asked.images == ["quay.io/a/b:1", "ghcr.io/acme/web:1"]
    told = json.loads(ran.out)
    assert {"secret-refused", "pod-not-verified"} < set(told["checks"])
    assert [(each["image"], each["result"]) for each in told["pulls"]] == [
        ("ghcr.io/acme/web:1", "denied"),
        ("quay.io/a/b:1", "denied"),
    ]
    asked.calls.clear()
    told = json.loads(command_line.run("doctor", "--verify", "--image", "quay.io/a/b", "-o", "json").out)
    assert asked.images == ["quay.io/a/b:1"]
    assert [each["image"] for each in told["pulls"]] == ["quay.io/a/b:1"]
    assert json.loads(command_line.run("doctor", "-o", "json").out)["pulls"] is None


def test_the_exit_code_is_of_what_is_found(command_line: CommandLine, asked: Asked) -> None:
    for result, fail_on, code in [
        (Result.PULLS, "warning", 0),
        (Result.DENIED, "error", 1),
        (Result.NOT_FOUND, "error", 0),
        (Result.NOT_FOUND, "warning", 1),
        (Result.UNREACHABLE, "warning", 0),
    ]:
        asked.result = result
        assert command_line.run("doctor", "--verify", "--fail-on", fail_on).code == code


def test_how_they_are_asked(command_line: CommandLine, asked: Asked) -> None:
    command_line.run("doctor", "--verify")
    command_line.run("explain", "web", "--verify", "--ca-file", "ca.pem", "--timeout", "2.5")
    usual = {"ca_file": None, "timeout": registry.TIMEOUT}
    chosen = {"ca_file": "ca.pem", "timeout": 2.5}
    assert [options for _, options in asked.calls] == [usual, usual, chosen, chosen]


def test_explain_tells_what_was_said_to_each_login(command_line: CommandLine, asked: Asked) -> None:
    said = "The kubelet first tries user 'bot' of key 'ghcr.io' in Secret regcred. The registry's answer: denied (so it"
    for target in ("web", "ghcr.io/acme/web:1"):
        ran = command_line.run("explain", target, "--verify")
        assert (ran.code, ran.err) == (0, "")
        assert said in ran.out
    asked.result = Result.PULLS
    assert "unless the node has one of its own. The registry's answer: pulls (so it says)." in (
        command_line.run("explain", "b", "--verify").out
    )


@pytest.mark.parametrize("command", [["doctor"], ["explain", "web"]])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ca-file", "ca.pem"], "error: --ca-file and --timeout are for --verify"),
        (["--timeout", "3"], "error: --ca-file and --timeout are for --verify"),
        (["--verify", "--timeout", "0"], "error: --timeout: it has to be above 0 and at most 3600 seconds"),
        (["--verify", "--timeout", "nan"], "error: --timeout: it has to be above 0 and at most 3600 seconds"),
        (["--verify", "--timeout", "soon"], "Invalid value for '--timeout'"),
        (["--verify", "--ca-file", "gone.pem"], "gone.pem"),
    ],
)
def test_what_is_typed_wrong_is_told_before_the_cluster_is_asked(
    command_line: CommandLine, command: list[str], arguments: list[str], said: str
) -> None:
    command_line.sees(SEEN)
    ran = command_line.run(*command, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert command_line.asked == []


def test_a_file_without_certificates_is_a_matter_of_usage(command_line: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hush-hush")
    ran = command_line.run("doctor", "--verify", "--ca-file", str(tmp_path / "ca.pem"))
    assert (ran.code, ran.out) == (2, "")
    assert "is not a file of certificates in PEM" in ran.err
    assert "hush-hush" not in ran.err


def test_without_httpx_one_line_says_what_to_install() -> None:
    ran: subprocess.CompletedProcess[str] = run_without_the_extra(
        "keep = Blocked.find_spec\n"
        "Blocked.find_spec = lambda self, name, *rest: keep(self, name) if name == 'httpx' else None\n"
        "from pulumi_image_pull_secrets.command_line import registries\n"
        "try: registries.Registries.of(True, None, None)\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    assert ran.stdout == (
        "MissingPackageError asking a registry needs the package httpx, which is not installed; "
        "type: pip install 'pulumi-image-pull-secrets[verify]'\n"
    ), ran.stderr


@pytest.mark.parametrize(
    ("certificates", "said"),
    [("/nowhere/ca.pem", "can't be read"), (__file__, "is not a file of certificates in PEM")],
)
def test_certificates_that_the_environment_names_and_that_cannot_be_used_end_with_2(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch, certificates: str, said: str
) -> None:
    command_line.sees(SEEN)
    monkeypatch.setenv("SSL_CERT_FILE", certificates)
    ran = command_line.run("doctor", "--verify")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: SSL_CERT_FILE: '")
    assert ran.err.endswith(f" {said}\n")
