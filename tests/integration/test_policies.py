"""The policy pack in policies/ on the real engine: what it lets through, and what it refuses."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration import policies
from tests.integration.live import LiveCluster
from tests.integration.program import Outcome, ProgramStack

Run = Callable[..., Outcome]


@pytest.fixture
def run(stack: ProgramStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the stack under the pack, with its example configuration and what the test says instead."""
    folder = tmp_path / "analyzer"
    folder.mkdir()
    policies.install(folder)
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), os.environ["PATH"]]))
    configuration = tmp_path / "policies.json"

    def run(operation: str, **changes: dict[str, Any]) -> Outcome:
        example = json.loads((policies.PACK / "config.json").read_text())
        for name, change in changes.items():
            example[name.replace("_", "-")] |= change
        configuration.write_text(json.dumps(example))
        return stack.run(operation, policy_packs=[str(policies.PACK)], policy_pack_configs=[str(configuration)])

    return run


def test_what_keeps_to_the_policies_is_let_through(cluster: LiveCluster, stack: ProgramStack, run: Run) -> None:
    namespace = cluster.new_namespace()
    stack.config |= {"namespaces": [{"name": namespace}], "retiredSecretNames": ["regcred-old"]}

    up = run("up", retired_secrets_end={"endDates": {"regcred-old": "2999-12-31"}})

    assert not up.failed, up.output
    assert "✅ image-pull-secrets@" in up.output
    assert cluster.pull_secrets(namespace) == ["regcred"]


def test_a_preview_tells_all_that_the_policies_refuse_and_no_password(
    cluster: LiveCluster, stack: ProgramStack, run: Run, tmp_path: Path
) -> None:
    namespaces = [cluster.new_namespace(), cluster.new_namespace()]
    stack.config |= {
        "namespaces": [{"name": namespace} for namespace in namespaces],
        "retiredSecretNames": ["regcred-old"],
    }
    stack.config["registries"] = [{**stack.config["registries"][0], "server": "docker.io", "username": "Acme-Admin"}]
    plain = "in the stack's file"
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n  image-pull-secrets:dockerConfigJson: {plain}\n")

    preview = run("preview", no_plain_password={"project": str(tmp_path)}, retired_secrets_end={"endDates": {}})

    assert preview.failed
    assert "Pulumi.dev.yaml: image-pull-secrets:dockerConfigJson is in plain text" in preview.output
    assert "index.docker.io is not among the allowed registries: ghcr.io," in preview.output
    assert '"Acme-Admin" at index.docker.io looks like an administrator and would be in 2 namespaces' in preview.output
    assert 'the retired Secret "regcred-old" has no end date' in preview.output
    assert stack.password not in preview.output
    assert plain not in preview.output


def test_an_up_writes_no_secret_for_a_registry_that_is_not_allowed(
    cluster: LiveCluster, stack: ProgramStack, run: Run
) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]

    up = run("up", allowed_registries={"registries": ["*.acme.example"]})

    assert up.failed
    assert "ghcr.io is not among the allowed registries: *.acme.example" in up.output
    assert cluster.secret(namespace, "regcred") is None
    assert cluster.pull_secrets(namespace) == []


def test_a_stack_that_stays_is_detached_by_a_named_exception_alone(
    cluster: LiveCluster, stack: ProgramStack, run: Run
) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    assert not run("up").failed
    stack.config["detach"] = True
    exception = {"reason": "the team leaves", "until": "2999-12-31"}

    refused = run("preview", no_detach={"stacks": ["test-*"]})
    assert refused.failed
    assert f"1 of 1 accounts are left without a pull secret, {namespace}/default first" in refused.output
    assert f'add an exception named "{stack.name}"' in refused.output

    allowed = run("up", no_detach={"stacks": ["test-*"], "exceptions": {stack.name: exception}})
    assert not allowed.failed, allowed.output
    assert cluster.pull_secrets(namespace) == []
