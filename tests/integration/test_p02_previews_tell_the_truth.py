"""P2: a preview tells the truth: what would fail fails it, in one message, and what it announces is what the up does.

One mistake at a time, servers that don't answer and kubeconfigs that can't be used are in ``test_bad_input.py``; each
verb that may be missing is in ``test_cluster_rights.py``; imported, a missing account is in ``test_component.py``.
"""

import copy
import json
import re
import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from pulumi import automation

from sandbox.engine import CHECKOUT, Engine
from tests.integration.importing import import_components
from tests.integration.interrupted import interrupted  # noqa: F401
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack
from tests.integration.test_cluster_rights import user  # noqa: F401

READING = ("get", "list", "watch")


def resources(engine: Engine, stack: ProgramStack) -> list[str]:
    """The types in the stack's state; the stack itself is always there."""
    exported = json.loads(engine.run(["stack", "export", "--stack", stack.name]).stdout)
    return [resource["type"] for resource in exported["deployment"].get("resources", [])]


def assert_refused_in_one_message(stack: ProgramStack, operation: str, *findings: str) -> None:
    errors: list[str] = []

    def note(event: automation.EngineEvent) -> None:
        if event.diagnostic_event and event.diagnostic_event.severity == "error":
            errors.append(event.diagnostic_event.message)

    made = stack.stack()
    with pytest.raises(automation.CommandError) as caught:
        getattr(made, operation)(on_event=note)
    assert re.search(r"code: [1-9]", str(caught.value))
    assert "Traceback" not in str(caught.value)
    # The Automation API has the engine print a RunError once more; a plain pulumi prints it once.
    found = {error.removeprefix("an unhandled error occurred: ") for error in errors}
    (message,) = [error for error in found if "is not ready for this stack; nothing was changed:" in error]
    assert [finding for finding in findings if finding not in message] == []
    assert len(message.strip().splitlines()) == 1 + len(findings)


def test_all_that_is_missing_is_one_message_and_nothing_is_registered(
    cluster: LiveCluster, stack: ProgramStack, engine: Engine
) -> None:
    namespace = cluster.new_namespace("builder")
    cluster.kubectl(
        "create", "secret", "docker-registry", "regcred", "-n", namespace, "--docker-username=a", "--docker-password=b"
    )
    before = cluster.account(namespace, "default"), cluster.secret(namespace, "regcred")
    stack.config["namespaces"] = [
        {"name": f"{namespace}-1"},
        {"name": namespace, "serviceAccounts": ["default", "bulider", "runner"]},
        {"name": f"{namespace}-2", "create": True},
        {"name": f"{namespace}-3"},
    ]

    for operation in ("preview", "up"):
        assert_refused_in_one_message(
            stack,
            operation,
            f'namespace "{namespace}-1" does not exist',
            f'ServiceAccount "bulider" does not exist in namespace "{namespace}"; did you mean "builder"?',
            f'ServiceAccount "runner" does not exist in namespace "{namespace}"',
            f'Secret "{namespace}/regcred" exists and was made by somebody else',
            f'namespace "{namespace}-3" does not exist',
        )
        assert set(resources(engine, stack)) <= {"pulumi:pulumi:Stack"}

    assert (cluster.account(namespace, "default"), cluster.secret(namespace, "regcred")) == before
    assert f"{namespace}-2" not in {item.metadata.name for item in cluster.api.list_namespace().items}


def test_a_stack_that_is_up_is_left_alone_where_something_is_missing(
    cluster: LiveCluster, stack: ProgramStack, engine: Engine
) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    assert not stack.up().failed
    before = cluster.account(namespace, "default"), cluster.secret(namespace, "regcred"), resources(engine, stack)

    stack.password += "-rotated"
    stack.config |= {"secretName": "renamed", "namespaces": [{"name": namespace}, {"name": f"{namespace}-1"}]}
    for operation in ("preview", "up"):
        assert_refused_in_one_message(stack, operation, f'namespace "{namespace}-1" does not exist')

    assert cluster.secret(namespace, "renamed") is None
    after = cluster.account(namespace, "default"), cluster.secret(namespace, "regcred"), resources(engine, stack)
    assert after == before


def test_a_user_who_may_only_read_is_told_in_the_preview(
    cluster: LiveCluster,
    stack: ProgramStack,
    engine: Engine,
    user: Callable[..., Path],  # noqa: F811
) -> None:
    namespace = cluster.new_namespace()
    roles = {
        role["metadata"]["name"]: role
        for role in yaml.safe_load_all((CHECKOUT / "deploy/rbac.yaml").read_text())
        if role
    }
    may = [
        (verb, resource)
        for rule in roles["image-pull-secrets"]["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if verb in READING
    ]
    stack.config |= {
        "kubeconfig": str(user([], [], may)),
        "namespaces": [{"name": namespace}, {"name": f"{namespace}-new", "create": True}],
    }

    for operation in ("preview", "up"):
        assert_refused_in_one_message(
            stack,
            operation,
            f'may not create, patch, delete secrets in namespaces "{namespace}", "{namespace}-new"; ',
            f'may not patch serviceaccounts in namespace "{namespace}"; ',
            f'may not patch, create serviceaccounts in namespace "{namespace}-new"; ',
            "may not create, patch, delete namespaces; ",
        )
        assert set(resources(engine, stack)) <= {"pulumi:pulumi:Stack"}

    assert cluster.secret(namespace, "regcred") is None


@pytest.mark.usefixtures("interrupted")
def test_imported_what_is_missing_fails_the_preview_at_its_read(
    cluster: LiveCluster, stack: ProgramStack, engine: Engine
) -> None:
    namespace = cluster.new_namespace()
    import_components(cluster, stack, "pulls")
    stack.config["namespaces"] = [{"name": namespace, "serviceAccounts": ["bulider"]}]
    for outcome in (stack.preview(), stack.up()):
        assert outcome.failed
        assert f"resource '{namespace}/bulider' does not exist" in outcome.output

    # Not the up of this one: the provider waits for a namespace that may be about to be made.
    stack.config["namespaces"] = [{"name": f"{namespace}-1"}]
    preview = stack.preview()
    assert preview.failed
    assert f"resource '{namespace}-1/default' does not exist" in preview.output
    assert "kubernetes:core/v1:ServiceAccountPatch" not in resources(engine, stack)


@pytest.mark.usefixtures("interrupted")
def test_imported_a_cluster_that_cannot_be_reached_fails_the_preview(
    cluster: LiveCluster, stack: ProgramStack, engine: Engine, tmp_path: Path
) -> None:
    elsewhere = copy.copy(cluster)
    elsewhere.kubeconfig = tmp_path / "kubeconfig"
    content = yaml.safe_load(cluster.kubeconfig.read_text())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{taken.getsockname()[1]}"
    elsewhere.kubeconfig.write_text(yaml.safe_dump(content))
    import_components(elsewhere, stack, "pulls")
    stack.config["namespaces"] = [{"name": "default"}]

    for outcome in (stack.preview(), stack.up()):
        assert outcome.failed
        assert "unreachable" in outcome.output
    assert not [kind for kind in resources(engine, stack) if kind.startswith("kubernetes:")]


Steps = Counter[tuple[str, str, tuple[str, ...]]]
"""What is done to a resource, its name, and the properties that differ."""


def run(stack: ProgramStack, operation: str) -> Steps:
    steps: Steps = Counter()

    def note(event: automation.EngineEvent) -> None:
        if event.resource_pre_event and event.resource_pre_event.metadata.op not in ("same", "refresh", "read"):
            step = event.resource_pre_event.metadata
            properties = sorted({*(step.diffs or ()), *(step.detailed_diff or {})})
            steps[step.op.value, step.urn.partition("::")[2], tuple(properties)] += 1

    getattr(stack.stack(), operation)(on_event=note)
    return steps


def test_a_preview_announces_what_the_up_then_does(cluster: LiveCluster, stack: ProgramStack) -> None:
    shared, leaving = cluster.new_namespace("builder"), cluster.new_namespace()
    made = f"{shared}-made"
    cluster.set_pull_secrets(shared, "builder", "theirs")

    def versions() -> dict[str, str]:
        everything = (
            *cluster.api.list_secret_for_all_namespaces().items,
            *cluster.api.list_service_account_for_all_namespaces().items,
            *cluster.api.list_namespace().items,
        )
        return {item.metadata.uid: item.metadata.resource_version for item in everything}

    def announced(what: str, operation: str = "up") -> Steps:
        """The steps of an up, or a destroy, which the preview before it announced without doing any."""
        before = versions()
        preview = run(stack, "preview" if operation == "up" else f"preview_{operation}")
        assert versions() == before, what
        done = run(stack, operation)
        assert done == preview, what
        return done

    both = ["default", "builder"]
    stack.config["namespaces"] = [{"name": shared, "serviceAccounts": both}, {"name": leaving}]
    assert announced("the first up")
    assert not announced("nothing")
    stack.password += "-rotated"
    assert {op for op, *_ in announced("a new password")} == {"update"}
    stack.config["secretName"] = "renamed"
    assert {op for op, *_ in announced("a new name")} == {"create", "update", "delete"}
    stack.config["namespaces"].append({"name": made, "serviceAccounts": both, "create": True})
    assert {op for op, *_ in announced("a new namespace")} == {"create"}
    cluster.set_pull_secrets(shared, "builder", "theirs", "theirs-too")
    cluster.kubectl("delete", "secret", "renamed", "-n", leaving)
    assert announced("what somebody undid")
    stack.config["namespaces"][0]["serviceAccounts"] = ["default"]
    assert announced("an account that leaves")
    del stack.config["namespaces"][1]
    assert announced("a namespace that leaves")
    stack.config["detach"] = True
    assert announced("a detach")
    assert announced("all of it", "destroy")
    assert made not in {item.metadata.name for item in cluster.api.list_namespace().items}
    assert cluster.pull_secrets(shared, "builder") == ["theirs", "theirs-too"]
