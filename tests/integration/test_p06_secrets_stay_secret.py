"""P6: no password and no base64 of it, at any alignment or escaped, in anything that a run leaves or prints."""

import base64
import json
import secrets
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
import yaml
from pulumi_image_pull_secrets import ImagePullSecrets, cluster_provider
from pulumi_kubernetes.core import v1 as core

from sandbox.engine import Engine, Program
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import Outcome, ProgramStack

RUNS = ("preview", "up", "refresh", "destroy")


CORE_BYTES = 24
"""Random bytes at a password's end; no escaping changes their text, so they are what is looked for."""


def forms(password: str) -> Iterator[str]:
    """The password's random core as it stands in a text: plain, in base64, and in base64 of that (a login's auth)."""
    core = password.rpartition(" ")[2]
    yield core
    for once in encodings(core):
        yield once
        yield from encodings(once)


def encodings(text: str) -> Iterator[str]:
    """What base64 makes of the text's own bytes, at each of the three alignments that it can stand at."""
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + text.encode()).decode()
        yield encoded[4 if shift else 0 : (shift + len(text)) // 3 * 4]


def assert_nowhere(password: str, texts: dict[str, str]) -> None:
    for place, text in texts.items():
        for form in forms(password):
            assert form not in text, f"the password is in {place}"


def everything_written(engine: Engine) -> dict[str, str]:
    """State, history, backups, the stack's file, and whatever else is in the engine's folder."""
    files = (path for path in engine.folder.rglob("*") if path.is_file() and path.name != "passphrase")
    return {str(path): path.read_text(errors="replace") for path in files}


@pytest.fixture
def password() -> str:
    return f'p<"&>\\%:é {secrets.token_urlsafe(CORE_BYTES)}'


def run_all(stack: ProgramStack, engine: Engine) -> dict[str, str]:
    texts: dict[str, str] = {}
    for run in RUNS:
        options: dict[str, Any] = {"diff": True} if run in ("preview", "up") else {}
        if run == "up":
            options |= {"debug": True}
        outcome: Outcome = stack.run(run, **options)
        assert not outcome.failed, outcome.output
        texts |= {f"the output of {run}": outcome.output, f"the outputs of {run}": json.dumps(stack.outputs())}
        texts |= {f"{path} after {run}": text for path, text in everything_written(engine).items()}
    return texts


def test_a_password_from_the_environment(
    cluster: LiveCluster, stack: ProgramStack, engine: Engine, password: str
) -> None:
    stack.config["namespaces"] = [{"name": cluster.new_namespace()}]
    stack.password = password

    assert_nowhere(password, run_all(stack, engine))


def test_a_password_from_encrypted_configuration(
    cluster: LiveCluster, stack: ProgramStack, engine: Engine, password: str
) -> None:
    namespace = cluster.new_namespace()
    stack.config |= {"namespaces": [{"name": namespace}], "registries": [{"server": "ghcr.io", "username": "bot"}]}
    made = stack.stack()
    engine.set_secret(made, "image-pull-secrets:registries[0].password", password)
    file = yaml.safe_load((engine.folder / "project" / f"Pulumi.{stack.name}.yaml").read_text())
    stack.config["registries"] = file["config"]["image-pull-secrets:registries"]
    assert list(stack.config["registries"][0]["password"]) == ["secure"]

    assert not stack.up().failed
    assert cluster.docker_config(namespace, "regcred")["auths"]["ghcr.io"]["password"] == password
    assert_nowhere(password, run_all(stack, engine))


def importing(cluster: LiveCluster, namespace: str, password: str, way: str) -> Program:
    def program() -> None:
        # The kubeconfig as text, which holds a token.
        provider = cluster_provider("cluster", context=CONTEXT, kubeconfig=cluster.kubeconfig.read_text())
        opts = pulumi.ResourceOptions(provider=provider)
        args: Any = {"secret_name": "regcred", "namespaces": [{"name": namespace}]}
        if way == "docker_config_json":
            auth = base64.b64encode(f"bot:{password}".encode()).decode()
            args["docker_config_json"] = json.dumps({"auths": {"ghcr.io": {"auth": auth}}})
        else:
            text: pulumi.Input[str] = password
            if way == "known only after up":
                metadata: Any = {"name": "made", "namespace": namespace}
                text = core.ConfigMap("made", metadata=metadata, opts=opts).id.apply(lambda _: password)
            args["registries"] = [{"server": "ghcr.io", "username": "bot", "password": text}]
        ImagePullSecrets("pulls", args, opts)

    return program


@pytest.mark.parametrize("way", ["plain text", "docker_config_json", "known only after up"])
def test_a_password_that_another_program_gives(
    cluster: LiveCluster, stack: ProgramStack, engine: Engine, password: str, way: str
) -> None:
    namespace = cluster.new_namespace()
    stack.program = lambda: importing(cluster, namespace, password, way)
    (token,) = [
        line.split()[1] for line in cluster.kubeconfig.read_text().splitlines() if line.strip().startswith("token:")
    ]

    texts = run_all(stack, engine)

    assert_nowhere(password, texts)
    assert_nowhere(token, texts)


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
def test_the_scanner_sees_every_form(password: str, before: str) -> None:
    auth = base64.b64encode(f"{before}:{password}".encode()).decode()
    config = json.dumps({"auths": {"ghcr.io": {"password": password}}})
    config_with_auth = json.dumps({"auths": {f"{before}ghcr.io": {"auth": auth}}})

    for text in (password, auth, config, *(base64.b64encode(c.encode()).decode() for c in (config, config_with_auth))):
        with pytest.raises(AssertionError):
            assert_nowhere(password, {"a text": f"data: {text}"})
