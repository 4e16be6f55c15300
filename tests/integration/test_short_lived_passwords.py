"""passwordCommand on the real engine and API server: renewed when half of its life is over, and quiet until then."""

import base64
import json
import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pulumi_image_pull_secrets.attachment import EXCLUDE_ANNOTATION, OWNER_ANNOTATION, owner_of
from pulumi_image_pull_secrets.passwords import commands
from pulumi_image_pull_secrets.token_expiry import EXPIRES_ANNOTATION, EXPIRING_ANNOTATION, as_text, parse_time

from tests.integration.live import LiveCluster
from tests.integration.program import Outcome, ProgramStack
from tests.integration.test_cluster_rights import NEEDED, user
from tests.unit.mocks import forms_of

__all__ = ["user"]

LIFETIME = timedelta(hours=12)


class TokenCommand:
    """A command that prints another token at each run."""

    def __init__(self, folder: Path) -> None:
        self._printed = folder / "printed"
        self._printed.touch()
        script = folder / "token.py"
        script.write_text(
            "import secrets, sys\n"
            "token = secrets.token_urlsafe(16)\n"
            f"open({str(self._printed)!r}, 'a').write(token + '\\n')\n"
            "print(token, file=sys.stderr)\n"
            "print(token)\n"
        )
        self.command = [sys.executable, str(script)]

    @property
    def printed(self) -> list[str]:
        return self._printed.read_text().split()


def owner_of_the(stack: ProgramStack) -> str:
    return owner_of(project="image-pull-secrets", stack=stack.name, component="pulls")


@pytest.fixture
def token(tmp_path: Path) -> TokenCommand:
    return TokenCommand(tmp_path)


@pytest.fixture
def namespaces(cluster: LiveCluster, stack: ProgramStack, token: TokenCommand) -> list[str]:
    """Two, in a stack whose registry wants a token that lives for twelve hours."""
    names = [cluster.new_namespace(), cluster.new_namespace()]
    stack.config["namespaces"] = [{"name": name} for name in names]
    stack.config["registries"].append(
        {"server": "tokens.example", "username": "AWS", "passwordCommand": token.command, "passwordLifetime": "12h"}
    )
    return names


def secret_in(cluster: LiveCluster, namespace: str) -> dict[str, Any]:
    secret: dict[str, Any] | None = cluster.secret(namespace, "regcred")
    assert secret is not None
    return secret


def password(cluster: LiveCluster, namespace: str) -> str:
    found: str = cluster.docker_config(namespace, "regcred")["auths"]["tokens.example"]["password"]
    return found


def expires(cluster: LiveCluster, namespace: str) -> datetime:
    at = parse_time(secret_in(cluster, namespace)["metadata"]["annotations"][EXPIRES_ANNOTATION])
    assert at is not None
    return at


def age(cluster: LiveCluster, namespaces: list[str], by: timedelta) -> None:
    """Has the tokens expire earlier, as if that much time had gone by."""
    for namespace in namespaces:
        at = as_text(expires(cluster, namespace) - by)
        cluster.kubectl("annotate", "--overwrite", "secret", "regcred", "-n", namespace, f"{EXPIRES_ANNOTATION}={at}")


def right(outcome: Outcome, *tokens: str) -> Outcome:
    assert not outcome.failed, outcome.output
    assert not [form for each in tokens for form in forms_of(each, "AWS") if form in outcome.output]
    return outcome


def test_a_token_stays_for_the_first_half_of_its_life(
    cluster: LiveCluster, stack: ProgramStack, token: TokenCommand, namespaces: list[str]
) -> None:
    before = datetime.now(timezone.utc)
    right(stack.up(), *token.printed)
    (first,) = token.printed
    assert {password(cluster, name) for name in namespaces} == {first}
    assert timedelta(0) <= expires(cluster, namespaces[0]) - LIFETIME - before + timedelta(seconds=1) < LIFETIME / 2

    # A drift check finds nothing, and no command was run for it.
    quiet = right(stack.preview(expect_no_changes=True))
    right(stack.up(expect_no_changes=True))
    assert quiet.changed == {}
    assert token.printed == [first]

    # One that comes gets the same token as the others.
    late = cluster.new_namespace()
    stack.config["namespaces"].append({"name": late})
    right(stack.up(), first)
    assert password(cluster, late) == first
    assert token.printed == [first]

    everywhere = [*namespaces, late]
    age(cluster, everywhere, LIFETIME / 2)
    preview = right(stack.preview(), *token.printed)
    assert preview.changed == {"update": 3}
    right(stack.up(), *token.printed)
    renewed = token.printed[-1]
    assert {password(cluster, name) for name in everywhere} == {renewed} != {first}
    assert right(stack.preview()).changed == {}
    assert token.printed[-1] == renewed


def test_a_token_stays_where_half_of_the_namespaces_opted_out(
    cluster: LiveCluster, stack: ProgramStack, token: TokenCommand, namespaces: list[str]
) -> None:
    cluster.kubectl("annotate", "namespace", namespaces[1], f"{EXCLUDE_ANNOTATION}=true")
    right(stack.up())
    assert cluster.secret(namespaces[1], "regcred") is None

    right(stack.preview(expect_no_changes=True))

    assert len(token.printed) == 1


def test_only_the_login_with_the_token_is_said_to_end(
    cluster: LiveCluster, stack: ProgramStack, token: TokenCommand, namespaces: list[str]
) -> None:
    right(stack.up())
    assert secret_in(cluster, namespaces[0])["metadata"]["annotations"][EXPIRING_ANNOTATION] == "tokens.example"


def test_nobody_plants_a_token_for_others(
    cluster: LiveCluster, stack: ProgramStack, token: TokenCommand, namespaces: list[str]
) -> None:
    right(stack.up())
    config = cluster.docker_config(namespaces[0], "regcred")
    config["auths"]["tokens.example"]["password"] = "planted"
    planted = base64.b64encode(json.dumps(config).encode()).decode()
    cluster.kubectl(
        "patch", "secret", "regcred", "-n", namespaces[0], "-p", json.dumps({"data": {".dockerconfigjson": planted}})
    )

    right(stack.up())

    assert len(token.printed) == 2
    assert {password(cluster, name) for name in namespaces} == {token.printed[-1]}


def test_nobody_plants_a_token_before_the_first_up(
    cluster: LiveCluster, stack: ProgramStack, token: TokenCommand, namespaces: list[str]
) -> None:
    config = {"auths": {"tokens.example": {"auth": base64.b64encode(b"AWS:planted").decode()}}}
    content = {".dockerconfigjson": base64.b64encode(json.dumps(config).encode()).decode()}
    ends = as_text(datetime.now(timezone.utc) + LIFETIME - timedelta(minutes=1))
    annotations = {OWNER_ANNOTATION: owner_of_the(stack), EXPIRES_ANNOTATION: ends}
    planted = {"type": "kubernetes.io/dockerconfigjson", "data": content}
    metadata = {"name": "regcred", "annotations": annotations}
    for place in (namespaces[0], cluster.new_namespace()):
        cluster.api.create_namespaced_secret(place, {**planted, "metadata": metadata})

    right(stack.up())

    assert len(token.printed) == 1
    assert {password(cluster, name) for name in namespaces} == {token.printed[-1]}
    # What lies elsewhere in this stack's name keeps nothing from being quiet.
    right(stack.up())
    assert len(token.printed) == 1


def test_without_a_lifetime_the_command_is_asked_each_time(
    cluster: LiveCluster, stack: ProgramStack, token: TokenCommand, namespaces: list[str]
) -> None:
    del stack.config["registries"][1]["passwordLifetime"]
    right(stack.up())
    right(stack.up())

    assert len(token.printed) == 2
    assert {password(cluster, name) for name in namespaces} == {token.printed[-1]}
    assert EXPIRES_ANNOTATION not in secret_in(cluster, namespaces[0])["metadata"]["annotations"]


def test_commands_that_fail_change_nothing(
    cluster: LiveCluster,
    stack: ProgramStack,
    token: TokenCommand,
    namespaces: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert commands.run.__kwdefaults__ == {"seconds": commands.SECONDS}
    monkeypatch.setitem(commands.run.__kwdefaults__, "seconds", 5)
    right(stack.up())
    (first,) = token.printed
    age(cluster, namespaces, LIFETIME)
    failing = f"import sys; print({first!r}); print({first!r}, file=sys.stderr); sys.exit(4)"
    stack.config["registries"][1]["passwordCommand"] = [sys.executable, "-c", failing]
    others = {
        "no-such-program": "there is no program 'no-such-program'; install it, or correct the name",
        "": "printed nothing; a password is expected on its standard output",
        "import time; time.sleep(600)": "did not end within 5 s, and was stopped",
        "while True: print('x' * 4096)": "printed more than 65536 bytes; nothing but a password is expected",
    }
    for number, script in enumerate(others):
        command = [script] if script == "no-such-program" else [sys.executable, "-c", script]
        stack.config["registries"].append({"server": f"r{number}.example", "username": "b", "passwordCommand": command})

    for outcome in (stack.preview(), stack.up()):
        assert outcome.failed
        assert "has 5 mistakes in its configuration:" in outcome.output
        assert "registries[1].passwordCommand: " in outcome.output
        assert "ended with exit status 4" in outcome.output
        for number, told in enumerate(others.values()):
            assert re.search(rf"registries\[{number + 2}\]\.passwordCommand: .*{re.escape(told)}", outcome.output)
        assert "Traceback" not in outcome.output
        assert not [form for form in forms_of(first, "AWS") if form in outcome.output]
    assert {password(cluster, name) for name in namespaces} == {first}


def test_who_may_look_into_the_own_namespaces_alone_keeps_tokens_too(
    stack: ProgramStack, token: TokenCommand, namespaces: list[str], user: Callable[..., Path]
) -> None:
    stack.config["kubeconfig"] = str(user(namespaces, NEEDED))
    right(stack.up())
    assert right(stack.preview()).changed == {}
    assert len(token.printed) == 1
