"""P10: a thousand namespaces are an ordinary size: what is asked for doesn't grow, or grows in proportion.

Requests are counted, and no time is taken. That the plugin keeps to the rate that it is given is in
``test_standin_process.py``.
"""

import json
import secrets
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pulumi_image_pull_secrets.provider import CLIENT_BURST, CLIENT_QPS

from sandbox.api_requests import OF_THE_PROGRAM, counted
from sandbox.engine import Engine
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack
from tests.integration.test_cluster import Recorded, args_of, check, recorded  # noqa: F401

SOME = 26
"""More than are asked for one by one."""


def make_namespaces(cluster: LiveCluster, count: int) -> list[str]:
    names = [f"n-{secrets.token_hex(4)}-{number:04}" for number in range(count)]

    def create(name: str) -> None:
        cluster.api.create_namespace({"metadata": {"name": name}}, _preload_content=False)

    def with_default() -> set[str]:
        accounts = cluster.api.list_service_account_for_all_namespaces(
            field_selector="metadata.name=default", _preload_content=False
        )
        return {account["metadata"]["namespace"] for account in json.loads(accounts.data)["items"]}

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, names))
    cluster.wait_for(lambda: with_default() >= set(names), seconds=300)
    return names


@pytest.fixture(scope="module")
def namespaces(cluster: LiveCluster) -> list[str]:
    return make_namespaces(cluster, 3 * SOME)


def asked_for(recorded: Recorded, kubeconfig: Path, names: list[str]) -> Counter[tuple[str, str]]:  # noqa: F811
    """What a preflight of these namespaces asks for: method and path."""
    recorded.requests.clear()
    check(kubeconfig, args_of(*({"name": name} for name in names)))
    return Counter(zip((method for method, *_ in recorded.requests), recorded.paths, strict=True))


def test_the_preflight_asks_as_often_for_many_as_for_some(
    cluster: LiveCluster,
    namespaces: list[str],
    recorded: Recorded,  # noqa: F811
) -> None:
    some = asked_for(recorded, cluster.kubeconfig, namespaces[:SOME])
    many = asked_for(recorded, cluster.kubeconfig, namespaces)

    assert many == some
    # By which it tells clusters apart.
    assert [path for _, path in many if "/namespaces/" in path] == ["/api/v1/namespaces/kube-system"]


def requests_so_far(cluster: LiveCluster) -> Counter[str]:
    """What programs asked the API server for: verb and resource."""
    found = counted(cluster.kubectl("get", "--raw", "/metrics"), OF_THE_PROGRAM)
    # Controllers may still be emptying the namespaces of an earlier test, with verbs that a program has no use for.
    return Counter({what: number for what, number in found.items() if not what.startswith(("DELETECOLLECTION", "PUT"))})


def runs_of(cluster: LiveCluster, stack: ProgramStack, names: list[str]) -> dict[str, Counter[str]]:
    """An up, an up with a new password, and a destroy: what each asked for."""
    stack.config["namespaces"] = [{"name": name} for name in names]
    found: dict[str, Counter[str]] = {}
    for what, operation in (("up", "up"), ("rotation", "up"), ("destroy", "destroy")):
        before = requests_so_far(cluster)
        outcome = stack.run(operation)
        assert not outcome.failed, outcome.output
        found[what] = requests_so_far(cluster) - before
        stack.password += "-rotated"
    return found


def test_an_ups_requests_grow_in_proportion(
    cluster: LiveCluster, namespaces: list[str], new_stack: Callable[[], ProgramStack]
) -> None:
    some = runs_of(cluster, new_stack(), namespaces[:SOME])
    many = runs_of(cluster, new_stack(), namespaces[SOME:])

    for what in ("up", "rotation"):
        for request in some[what] | many[what]:
            # Of namespaces, kube-system is asked for.
            grows = not request.startswith(("LIST ", "POST selfsubjectaccessreviews", "GET namespaces"))
            assert many[what][request] == some[what][request] * (2 if grows else 1), (what, request)
    # The preflight's lists are all that is read of accounts.
    assert some["up"]["GET serviceaccounts"] == 0
    # Not what waits until a Secret is gone, nor what the garbage collector does in the meantime.
    for request in ("DELETE secrets", "APPLY serviceaccounts", "GET serviceaccounts"):
        assert many["destroy"][request] == some["destroy"][request] * 2, request
    assert some["destroy"]["DELETE secrets"] == SOME


def test_the_plugin_is_given_the_rate(cluster: LiveCluster, stack: ProgramStack) -> None:
    stack.config["namespaces"] = [{"name": cluster.new_namespace()}]
    assert not stack.up().failed

    state = stack.stack().export_stack().deployment or {}
    (provider,) = [entry for entry in state["resources"] if entry["type"] == "pulumi:providers:kubernetes"]

    assert json.loads(provider["inputs"]["kubeClientSettings"]) == {"qps": CLIENT_QPS, "burst": CLIENT_BURST}


def test_what_the_state_keeps_of_each_namespace_is_small(
    stack: ProgramStack, engine: Engine, namespaces: list[str]
) -> None:
    def state_bytes(names: list[str]) -> int:
        stack.config["namespaces"] = [{"name": name} for name in names]
        outcome = stack.up()
        assert not outcome.failed, outcome.output
        (file,) = (engine.folder / "state").rglob(f"stacks/**/{stack.name}.json")
        return file.stat().st_size

    one = state_bytes(namespaces[:1])
    more = state_bytes(namespaces[:11])

    assert (more - one) / 10 < 5_500
    export = json.loads(engine.run(["stack", "export", "--stack", stack.name]).stdout)
    ours = [each for each in export["deployment"]["resources"] if each["type"].startswith("kubernetes:")]
    assert len(ours) == 22
    # The SDK would send all of Python's stack.
    assert not [each["urn"] for each in ours if "stackTrace" in each or "sourcePosition" in each]


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_thousand_namespaces_come_up_and_come_to_rest(
    # No other test has to list these.
    other_cluster: LiveCluster,
    engine: Engine,
    recorded: Recorded,  # noqa: F811
) -> None:
    names = make_namespaces(other_cluster, 1000)
    some, many = (asked_for(recorded, other_cluster.kubeconfig, some) for some in (names[:SOME], names))
    assert many == some
    assert many.total() < 25
    stack = ProgramStack(engine, other_cluster, "thousand")
    stack.config["namespaces"] = [{"name": name} for name in names]

    preview, up, again = stack.preview(), stack.up(), stack.preview()

    assert not up.failed, up.output
    assert preview.changed == up.changed
    assert up.changed["create"] >= 2000
    assert again.changed == {}
    assert [name for name in names if other_cluster.pull_secrets(name) != ["regcred"]] == []
    assert not stack.destroy().failed
    assert [name for name in names if other_cluster.pull_secrets(name)] == []
