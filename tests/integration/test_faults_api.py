"""Faults of the API server: a run says what happened, disturbs nothing, and the next one ends right."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from sandbox.controlplane import ControlPlane
from sandbox.engine import Engine
from tests.integration.fakes import Answer, as_json
from tests.integration.faulty import Apart, Proxy, Request, in_front_of
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import ProgramStack


@pytest.fixture(scope="module")
def proxy(cluster: LiveCluster) -> Iterator[Proxy]:
    with in_front_of(cluster.kubeconfig) as proxy:
        yield proxy


@pytest.fixture
def stack(new_stack: Callable[[], ProgramStack], proxy: Proxy, tmp_path: Path) -> ProgramStack:
    """A stack for which the proxy is the API server."""
    proxy.clear()
    return proxy.in_front(new_stack(), tmp_path)


def failed_up(engine: Engine, stack: ProgramStack) -> str:
    """What an up that fails prints: no password, and nothing that only we could read."""
    outcome = Apart(engine, stack, "up").end()
    assert outcome.failed, outcome.output
    assert stack.password not in outcome.output
    assert "Traceback (most recent call last)" not in outcome.output
    return outcome.output


def come_to_rest(stack: ProgramStack) -> None:
    """Up until an up changes nothing, which the fourth doesn't at the latest (docs/promises.md, P5)."""
    for _ in range(4):
        up = stack.up()
        assert not up.failed, up.output
        if up.changed == {}:
            return
    pytest.fail("the stack didn't come to rest")


def is_write_of(request: Request, path: str) -> bool:
    return request.is_write and request.path.endswith(path)


def status(code: int, reason: str, message: str, **headers: str) -> Answer:
    """An error as the API server words it."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
    return as_json({**body, "message": message}, code, **headers)


def test_the_api_server_restarts_in_the_middle_of_an_up(
    parts: dict[str, Path],
    engine: Engine,
    new_stack: Callable[[], ProgramStack],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    plane = ControlPlane(tmp_path_factory.mktemp("restarted"), parts)
    restart = Thread(target=lambda: plane.start([CONTEXT]))

    def crash(request: Request) -> Answer | None:
        if is_write_of(request, "/serviceaccounts/default") and not restart.ident:
            plane.processes.stop("kube-apiserver")
            restart.start()
            return "reset"
        return None

    try:
        plane.start([CONTEXT])
        cluster = LiveCluster(plane.kubeconfig, parts["kubectl"])
        namespace = cluster.new_namespace("builder")
        cluster.set_pull_secrets(namespace, "builder", "z-theirs", "a-theirs")
        with in_front_of(cluster.kubeconfig) as proxy:
            stack = proxy.in_front(new_stack(), tmp_path)
            stack.config["namespaces"] = [{"name": namespace, "serviceAccounts": ["default", "builder"]}]
            proxy.before = crash
            failed_up(engine, stack)
            restart.join()
            come_to_rest(stack)
        assert cluster.pull_secrets(namespace) == ["regcred"]
        assert cluster.pull_secrets(namespace, "builder") == ["z-theirs", "a-theirs", "regcred"]
    finally:
        plane.processes.stop()


def test_a_busy_api_server_is_waited_for(cluster: LiveCluster, proxy: Proxy, stack: ProgramStack) -> None:
    namespace = cluster.new_namespace()
    cluster.set_pull_secrets(namespace, "default", "theirs")
    stack.config["namespaces"] = [{"name": namespace}]
    asked: set[tuple[str, str]] = set()

    def busy(request: Request) -> Answer | None:
        if (request.method, request.path) in asked:
            return None
        asked.add((request.method, request.path))
        return status(429, "TooManyRequests", "too many requests, please try again later", **{"Retry-After": "1"})

    proxy.before = busy
    up = stack.up()

    assert not up.failed, up.output
    assert {method for method, _ in asked} == {"GET", "POST", "PATCH"}
    assert cluster.pull_secrets(namespace) == ["theirs", "regcred"]


def test_a_write_that_fails_is_told_and_made_up_for(
    cluster: LiveCluster, engine: Engine, proxy: Proxy, stack: ProgramStack
) -> None:
    namespace = cluster.new_namespace("builder")
    cluster.set_pull_secrets(namespace, "builder", "z-theirs", "a-theirs")
    stack.config["namespaces"] = [{"name": namespace, "serviceAccounts": ["default", "builder"]}]

    broken = status(500, "InternalError", "Internal error occurred: no leader")
    proxy.before = lambda request: broken if is_write_of(request, "/secrets/regcred") else None
    assert "Internal error occurred: no leader" in failed_up(engine, stack)
    assert cluster.pull_secrets(namespace) == []
    assert cluster.pull_secrets(namespace, "builder") == ["z-theirs", "a-theirs"]

    # One fault in each run: the engine cancels what is under way when a step fails, and tells the first error only.
    conflict = status(409, "Conflict", "the object has been modified; please apply your changes to the latest version")
    proxy.before = lambda request: conflict if is_write_of(request, "/serviceaccounts/builder") else None
    assert "the object has been modified" in failed_up(engine, stack)
    assert cluster.pull_secrets(namespace, "builder") == ["z-theirs", "a-theirs"]

    proxy.clear()
    proxy.after = lambda request: "reset" if is_write_of(request, "/serviceaccounts/builder") else None
    failed_up(engine, stack)
    # This one was carried out, and only its answer was lost.
    assert cluster.pull_secrets(namespace, "builder") == ["z-theirs", "a-theirs", "regcred"]

    proxy.clear()
    come_to_rest(stack)

    assert cluster.pull_secrets(namespace) == ["regcred"]
    assert cluster.pull_secrets(namespace, "builder") == ["z-theirs", "a-theirs", "regcred"]
    assert cluster.docker_config(namespace, "regcred")["auths"]["ghcr.io"]["password"] == stack.password


def test_only_an_edit_between_our_read_and_our_apply_is_lost(
    cluster: LiveCluster, proxy: Proxy, stack: ProgramStack
) -> None:
    namespace = cluster.new_namespace()
    cluster.set_pull_secrets(namespace, "default", "z-theirs", "a-theirs")
    stack.config["namespaces"] = [{"name": namespace}]
    edits: list[str] = []

    def add(entry: str) -> None:
        edits.append(entry)
        cluster.set_pull_secrets(namespace, "default", *cluster.pull_secrets(namespace), entry)

    def before(request: Request) -> None:
        if request.path.endswith("/serviceaccounts") and not edits:
            add("before-our-read")
        if is_write_of(request, "/serviceaccounts/default"):
            cluster.kubectl("annotate", "serviceaccount", "default", "-n", namespace, "example.com/note=theirs")
            add("before-our-apply")

    def after(request: Request) -> None:
        if request.path.endswith("/serviceaccounts") and len(edits) == 1:
            add("after-our-read")
        if is_write_of(request, "/serviceaccounts/default"):
            add("after-our-apply")

    proxy.before, proxy.after = before, after
    up = stack.up()
    proxy.clear()

    assert not up.failed, up.output
    assert edits == ["before-our-read", "after-our-read", "before-our-apply", "after-our-apply"]
    kept = ["z-theirs", "a-theirs", "before-our-read", "regcred", "after-our-apply"]
    assert cluster.pull_secrets(namespace) == kept
    assert cluster.account(namespace, "default")["metadata"]["annotations"]["example.com/note"] == "theirs"
    come_to_rest(stack)
    assert cluster.pull_secrets(namespace) == kept


def test_a_namespace_that_hangs_in_terminating_is_told_and_destroy_goes_on_when_it_goes(
    cluster: LiveCluster, engine: Engine, stack: ProgramStack
) -> None:
    theirs, kept = cluster.new_namespace(), cluster.new_namespace()
    ours = f"{theirs}-ours"
    stack.config["namespaces"] = [{"name": theirs}, {"name": kept}, {"name": ours, "create": True}]
    assert not stack.up().failed
    for namespace in (theirs, ours):
        held = {"metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
        cluster.api.create_namespaced_config_map(namespace, held)
    cluster.api.delete_namespace(theirs)
    cluster.wait_for(lambda: phase(cluster, theirs) == "Terminating")

    refused = failed_up(engine, stack)
    destroying = Apart(engine, stack, "destroy")
    cluster.wait_for(lambda: phase(cluster, ours) == "Terminating")
    cluster.wait_for(lambda: cluster.pull_secrets(kept) == [] and cluster.secret(kept, "regcred") is None)
    for namespace in (theirs, ours):
        cluster.api.patch_namespaced_config_map("held", namespace, {"metadata": {"finalizers": None}})
    destroyed = destroying.end()

    assert f'namespace "{theirs}" is being deleted (Terminating)' in refused
    assert not destroyed.failed, destroyed.output
    cluster.wait_for(lambda: not {theirs, ours} & {item.metadata.name for item in cluster.api.list_namespace().items})


def phase(cluster: LiveCluster, namespace: str) -> str:
    return str(cluster.api.read_namespace(namespace).status.phase)


REFUSAL = "no pull secrets in this namespace, says the policy"


def refuse_secrets(cluster: LiveCluster, namespace: str) -> None:
    """An admission policy against the Secrets of one namespace, and the wait until it holds."""
    match = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["secrets"]}
        ],
    }
    denial = {"expression": "false", "message": REFUSAL}
    policies = admission(cluster)
    policies.create_validating_admission_policy(
        {"metadata": {"name": namespace}, "spec": {"matchConstraints": match, "validations": [denial]}}
    )
    policies.create_validating_admission_policy_binding(
        {"metadata": {"name": namespace}, "spec": {"policyName": namespace, "validationActions": ["Deny"]}}
    )
    cluster.wait_for(lambda: is_refused(cluster, namespace))


def allow_secrets(cluster: LiveCluster, namespace: str) -> None:
    admission(cluster).delete_validating_admission_policy_binding(namespace)
    admission(cluster).delete_validating_admission_policy(namespace)
    cluster.wait_for(lambda: not is_refused(cluster, namespace))


def admission(cluster: LiveCluster) -> Any:
    return client.AdmissionregistrationV1Api(cluster.api.api_client)


def is_refused(cluster: LiveCluster, namespace: str) -> bool:
    try:
        cluster.api.create_namespaced_secret(namespace, {"metadata": {"name": "probe"}}, dry_run="All")
    except ApiException as error:
        return REFUSAL in str(error.body)
    return False


def test_a_refused_secret_is_told_and_attached_nowhere(
    cluster: LiveCluster, engine: Engine, proxy: Proxy, stack: ProgramStack
) -> None:
    strict, other = cluster.new_namespace(), cluster.new_namespace()
    for namespace in (strict, other):
        cluster.set_pull_secrets(namespace, "default", "z-theirs", "a-theirs")
    found = cluster.account(strict, "default")
    stack.config["namespaces"] = [{"name": strict}, {"name": other}]
    refuse_secrets(cluster, strict)
    other_is_done = Event()

    def wait(request: Request) -> None:
        # Whatever didn't wait for this Secret is through by then.
        if is_write_of(request, f"{strict}/secrets/regcred"):
            other_is_done.wait(30)

    def note(request: Request) -> None:
        if is_write_of(request, f"{other}/serviceaccounts/default"):
            other_is_done.set()

    proxy.before, proxy.after = wait, note
    refused = failed_up(engine, stack)
    proxy.clear()

    assert 'secrets "regcred" is forbidden' in refused
    assert REFUSAL in refused
    assert cluster.account(strict, "default") == found
    assert cluster.pull_secrets(other) == ["z-theirs", "a-theirs", "regcred"]

    allow_secrets(cluster, strict)
    come_to_rest(stack)
    for namespace in (strict, other):
        assert cluster.pull_secrets(namespace) == ["z-theirs", "a-theirs", "regcred"]

    refuse_secrets(cluster, strict)
    before, stack.password = stack.password, f"{stack.password}-rotated"
    assert REFUSAL in failed_up(engine, stack)
    assert cluster.pull_secrets(strict) == ["z-theirs", "a-theirs", "regcred"]
    assert cluster.docker_config(strict, "regcred")["auths"]["ghcr.io"]["password"] == before
