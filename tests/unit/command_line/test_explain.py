"""``pull-secrets explain``: what is meant by what was typed."""

import io
import sys

import pytest

from tests.unit.command_line.running import CommandLine
from tests.unit.doctor.observed import account, observe, pod, secret

SEEN = observe(pod(name="web", pull_secrets=["regcred"]), account("regcred"), secret())


@pytest.mark.parametrize("target", ["web", "pod/web", "pods/web", "po/web"])
def test_a_pod_is_looked_for_in_the_contexts_namespace_or_the_named_one(command_line: CommandLine, target: str) -> None:
    command_line.sees(SEEN)
    ran = command_line.run("explain", target)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Pod shop/web of ReplicaSet web-5d8f, created ")
    command_line.run("explain", target, "-n", "tools")
    assert command_line.asked == [["shop"], ["tools"]]


@pytest.mark.parametrize("target", ["ghcr.io/acme/web", "web:1", "localhost:5000/web", f"web@sha256:{'a' * 64}"])
def test_what_has_a_registry_a_tag_or_a_digest_is_an_image(command_line: CommandLine, target: str) -> None:
    command_line.sees(SEEN)
    ran = command_line.run("explain", target)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Image ")
    assert " in namespace shop\n" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["Web_1"], 2, "neither a pod's name nor an image with a registry or tag: 'Web_1' is not a DNS-1123 subdomain"),
        ([""], 2, "neither a pod's name nor an image"),
        (["ghcr.io/Acme"], 2, "'ghcr.io/Acme' is not an image's name: the repository holds capital letters"),
        (["web", "-n", "a,b"], 2, "--namespace: 'a,b' is not a DNS-1123 label"),
        (["wbe"], 3, 'no pod "wbe" runs or waits in namespace shop; did you mean "web"? An image is written with its'),
        (
            ["xyzzy"],
            3,
            'no pod "xyzzy" runs or waits in namespace shop. An image is written with its tag: xyzzy:latest',
        ),
    ],
)
def test_what_is_neither_is_told(command_line: CommandLine, arguments: list[str], code: int, said: str) -> None:
    command_line.sees(SEEN)
    ran = command_line.run("explain", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_pods_that_may_not_be_listed_are_not_said_to_be_missing(command_line: CommandLine) -> None:
    command_line.sees(observe(account(), unreadable=["pods in shop"]))
    ran = command_line.run("explain", "web")
    assert (ran.code, ran.err) == (3, "error: the user of this context may not list the pods of namespace shop\n")


def test_an_output_that_knows_no_umlauts_gets_escapes(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    command_line.sees(observe(pod(name="web", pull_secrets=["schlüssel"]), account()))
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
    assert command_line.run("explain", "web").code == 0
    assert b"The pod names Secret schl\\xfcssel" in raw.getvalue()
