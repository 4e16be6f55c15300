"""Accounts whose list another tool manages: it keeps its entries, we keep ours, and it has its account back when we go.

Each tool is played by the requests that it makes, under its field manager's name. A twin of each account, which we
never touch, shows what the tool makes of it alone.
"""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox import plugin as sandbox_plugin
from sandbox.engine import Engine
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack

Write = Callable[[LiveCluster, str, str, list[str]], None]
"""Makes an account's list these names: cluster, namespace, account, names."""

FOUND, CHANGED = ["a-theirs", "b-theirs"], ["b-theirs", "c-theirs"]
DETACHES = 3
"""Ups with ``detach`` after which a preview must be empty, as docs/promises.md has it."""


@dataclass(frozen=True)
class Tool:
    """Something that puts a list of its own on accounts."""

    account: str
    make: Write
    write: Write
    insist: Write | None = None
    """How it writes where it met a conflict; None where it never meets one."""


def manifest(namespace: str, name: str, names: list[str]) -> str:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}
    return json.dumps({**account, "imagePullSecrets": [{"name": entry} for entry in names]})


def with_manifest(*arguments: str) -> Write:
    """A kubectl command that reads the whole account."""

    def write(cluster: LiveCluster, namespace: str, name: str, names: list[str]) -> None:
        cluster.kubectl(*arguments, "-f", "-", text=manifest(namespace, name, names))

    return write


def patch(kind: str, manager: str, content: Callable[[list[str]], Any]) -> Write:
    def write(cluster: LiveCluster, namespace: str, name: str, names: list[str]) -> None:
        options = [f"--type={kind}", f"--field-manager={manager}", "-p", json.dumps(content(names))]
        cluster.kubectl("patch", "serviceaccount", name, "-n", namespace, *options)

    return write


def server_side_apply(manager: str, *options: str) -> Write:
    return with_manifest("apply", "--server-side", f"--field-manager={manager}", *options)


def merge(names: list[str]) -> dict[str, Any]:
    """The strategic merge of a list that has no merge key: it is replaced whole."""
    return {"imagePullSecrets": [{"name": name} for name in names]}


def replace(names: list[str]) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": "/imagePullSecrets", "value": [{"name": name} for name in names]}]


def created_by(manager: str) -> Write:
    return with_manifest("create", f"--field-manager={manager}")


KUBECTL_APPLY = with_manifest("apply")
ARGO_CD = server_side_apply("argocd-controller", "--force-conflicts")
HELM_4, HELM_4_FORCED = server_side_apply("helm"), server_side_apply("helm", "--force-conflicts")
TERRAFORM = server_side_apply("Terraform", "--force-conflicts")

TOOLS = [
    Tool("kubectl-apply", make=KUBECTL_APPLY, write=KUBECTL_APPLY),
    Tool("helm-3", make=created_by("helm"), write=patch("strategic", "helm", merge)),
    Tool("helm-4", make=HELM_4, write=HELM_4, insist=HELM_4_FORCED),
    Tool("argo-cd", make=ARGO_CD, write=ARGO_CD),
    Tool("terraform-service-account", make=created_by("Terraform"), write=patch("json", "Terraform", replace)),
    Tool("terraform-manifest", make=TERRAFORM, write=TERRAFORM),
]


@dataclass
class Story:
    """What was on each account after each chapter, and on its twin."""

    namespace: str
    lists: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    conflicts: dict[str, str] = field(default_factory=dict)
    """What the tool was told, by account."""
    ends: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The whole account at the end, twins included."""
    previews: dict[str, dict[str, int]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(
    cluster: LiveCluster,
    parts: dict[str, Path],
    plugin: sandbox_plugin.Plugin,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    """One stack and one account of each tool: up, the tool's list again, another list, up, detach, destroy."""
    namespace, names = cluster.new_namespace(), [tool.account for tool in TOOLS]
    engine = Engine(tmp_path_factory.mktemp("engine"), pulumi=parts["pulumi"], plugin=plugin.folder)
    stack = ProgramStack(engine, cluster, "managers")
    stack.config["namespaces"] = [{"name": namespace, "serviceAccounts": names}]
    told = Story(namespace)

    def note(chapter: str) -> None:
        told.lists[chapter] = {name: cluster.pull_secrets(namespace, name) for name in names}

    def up(chapter: str, most: int) -> None:
        for _ in range(most):
            outcome = stack.up()
            assert not outcome.failed, outcome.output
            told.previews[chapter] = stack.preview().changed
            if not told.previews[chapter]:
                break
        note(chapter)

    for tool in TOOLS:
        for account in (tool.account, twin(tool.account)):
            tool.make(cluster, namespace, account, FOUND)
    up("up", 1)
    for tool in TOOLS:
        try:
            tool.write(cluster, namespace, tool.account, FOUND)
        except subprocess.CalledProcessError as error:
            told.conflicts[tool.account] = error.stderr
    note("again")
    for tool in TOOLS:
        (tool.insist or tool.write)(cluster, namespace, tool.account, CHANGED)
        tool.write(cluster, namespace, twin(tool.account), CHANGED)
    note("changed")
    up("next up", 1)
    stack.config["detach"] = True
    up("detach", DETACHES)
    assert not stack.destroy().failed
    for account in [*names, *map(twin, names)]:
        told.ends[account] = cluster.account(namespace, account)
    return told


def twin(account: str) -> str:
    return f"{account}-twin"


every_tool = pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.account)


@every_tool
def test_up_takes_the_list_over_and_keeps_every_entry(story: Story, tool: Tool) -> None:
    assert story.lists["up"][tool.account] == [*FOUND, "regcred"]
    assert story.previews["up"] == {}


@every_tool
def test_what_the_tools_next_write_does_to_our_name(story: Story, tool: Tool) -> None:
    assert story.lists["again"][tool.account] == ([*FOUND, "regcred"] if tool.insist else FOUND)
    assert (tool.account in story.conflicts) == bool(tool.insist)
    if tool.insist:
        assert 'conflict with "pulumi-kubernetes-' in story.conflicts[tool.account]
        assert ".imagePullSecrets" in story.conflicts[tool.account]
    assert story.lists["changed"][tool.account] == CHANGED


@every_tool
def test_the_next_up_has_ours_on_the_tools_new_list(story: Story, tool: Tool) -> None:
    assert story.lists["next up"][tool.account] == [*CHANGED, "regcred"]
    assert story.previews["next up"] == {}


@every_tool
def test_leaving_gives_the_account_back(story: Story, tool: Tool) -> None:
    ours, theirs = (without_identity(story.ends[name]) for name in (tool.account, twin(tool.account)))
    assert ours == theirs
    assert story.previews["detach"] == {}


def test_who_never_forces_has_to_force_once_after_we_left(cluster: LiveCluster, story: Story) -> None:
    HELM_4(cluster, story.namespace, "helm-4", CHANGED)
    with pytest.raises(subprocess.CalledProcessError) as refused:
        HELM_4(cluster, story.namespace, "helm-4", FOUND)
    HELM_4_FORCED(cluster, story.namespace, "helm-4", FOUND)
    HELM_4(cluster, story.namespace, "helm-4", CHANGED)

    assert 'conflict with "pulumi-kubernetes-' in refused.value.stderr
    assert cluster.pull_secrets(story.namespace, "helm-4") == CHANGED


def without_identity(account: dict[str, Any]) -> dict[str, Any]:
    """What differs between any two accounts; kubectl's annotation has the account's own name in it."""
    name = account["metadata"]["name"]
    metadata = {
        key: value for key, value in account["metadata"].items() if key not in ("name", "uid", "creationTimestamp")
    }
    text = json.dumps({**account, "metadata": metadata})
    found: dict[str, Any] = json.loads(text.replace(f'\\"name\\":\\"{name}\\"', ""))
    return found
