"""A killed run loses nothing: after ``pulumi cancel`` the next run ends right, and leaves nothing behind in the end."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from sandbox.engine import PROJECT, Engine
from tests.integration.fakes import Answer
from tests.integration.faulty import Apart, Proxy, Request, in_front_of
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack
from tests.integration.watching import History, watching

THEIRS = ["z-theirs", "a-theirs"]
END_OF_WATCH = "zz-end-of-watch"


class Killer:
    """Kills runs of one stack, each at a write to the API server that no run was killed at before."""

    def __init__(self, proxy: Proxy, engine: Engine, stack: ProgramStack, *, victim: str, moment: str) -> None:
        self._proxy = proxy
        self._engine = engine
        self._stack = stack
        self._victim = victim
        self._moment = moment
        self.kills: list[tuple[str, str]] = []
        """Method and path of each write that somebody was killed at."""

    def run(self, operation: str) -> None:
        """Runs until a run gets through, as a person does who types it again after each kill."""
        before = len(self.kills)
        while self.was_killed(operation, lambda request: (request.method, request.path) not in self.kills[before:]):
            unlock(self._engine, self._stack)

    def was_killed(self, operation: str, at: Callable[[Request], bool]) -> bool:
        """Kills a run at the first write that ``at`` picks; False where none came."""
        picked: list[Request] = []
        one_by_one = Lock()

        def before(request: Request) -> Answer | None:
            with one_by_one:
                if picked:
                    return "reset"
                if request.is_write and at(request):
                    picked.append(request)
            return strike() if picked and self._moment == "before" else None

        def after(request: Request) -> Answer | None:
            return strike() if any(request is each for each in picked) and self._moment == "after" else None

        def strike() -> Answer:
            run.kill(self._victim)
            return "reset"

        self._proxy.before, self._proxy.after = before, after
        run = Apart(self._engine, self._stack, operation)
        outcome = run.end()
        self._proxy.clear()
        assert outcome.failed == bool(picked), outcome.output
        self.kills += [(request.method, request.path) for request in picked]
        return bool(picked)


def unlock(engine: Engine, stack: ProgramStack) -> None:
    """What a person has to do after a kill."""
    # The backend of files writes these not in one go, and can't read a stack with one that is empty.
    for path in engine.folder.rglob("*.attrs"):
        if not path.read_bytes():
            path.unlink()
    engine.run(["cancel", "--yes", "--stack", stack.name])


@pytest.fixture(scope="module")
def proxy(cluster: LiveCluster) -> Iterator[Proxy]:
    with in_front_of(cluster.kubeconfig) as proxy:
        yield proxy


@pytest.fixture
def stack(new_stack: Callable[[], ProgramStack], proxy: Proxy, tmp_path: Path) -> ProgramStack:
    proxy.clear()
    return proxy.in_front(new_stack(), tmp_path)


def assert_right(cluster: LiveCluster, stack: ProgramStack, lists: dict[tuple[str, str], list[str]]) -> None:
    """Each account has these foreign names and ours, and the Secrets of ours are exactly those that it needs."""
    name = stack.config["secretName"]
    for (namespace, account), theirs in lists.items():
        assert cluster.pull_secrets(namespace, account) == [*theirs, name]
    for namespace in {namespace for namespace, _ in lists}:
        assert secret_names(cluster, namespace) == [name]
        assert cluster.docker_config(namespace, name)["auths"]["ghcr.io"]["password"] == stack.password


def secret_names(cluster: LiveCluster, namespace: str) -> list[str]:
    return [item.metadata.name for item in cluster.api.list_namespaced_secret(namespace).items]


def come_to_rest(stack: ProgramStack) -> None:
    """As docs/promises.md has it: up until a preview is empty, which takes three at most."""
    for _ in range(3):
        up = stack.up()
        assert not up.failed, up.output
        if stack.preview().changed == {}:
            return
    pytest.fail("the preview didn't become empty")


def assert_no_name_was_without_its_secret(history: History) -> None:
    for secrets, accounts in history.states():
        for account in accounts.values():
            names = [entry["name"] for entry in account.get("imagePullSecrets", []) if "name" in entry]
            assert set(names) <= {*secrets, *THEIRS}


def test_a_kill_that_lost_a_patch_is_told_and_made_up_for(
    cluster: LiveCluster, engine: Engine, proxy: Proxy, stack: ProgramStack
) -> None:
    namespace = cluster.new_namespace()
    found = cluster.account(namespace, "default")
    stack.config["namespaces"] = [{"name": namespace}]
    killer = Killer(proxy, engine, stack, victim="engine", moment="after")
    assert killer.was_killed("up", lambda request: request.path.endswith("/serviceaccounts/default"))

    locked = stack.up()
    assert locked.failed
    assert "the stack is currently locked by 1 lock(s)" in locked.output
    assert "`pulumi cancel`" in locked.output
    unlock(engine, stack)
    come_to_rest(stack)
    assert_right(cluster, stack, {(namespace, "default"): []})
    # The field manager that the kill made the state forget still holds the list: a plain destroy would leave it.
    stack.config["detach"] = True
    come_to_rest(stack)
    destroyed = stack.destroy()

    assert not destroyed.failed, destroyed.output
    assert cluster.account(namespace, "default") == found
    assert secret_names(cluster, namespace) == []


def pending_operations(stack: ProgramStack) -> list[Any]:
    return list((stack.stack().export_stack().deployment or {}).get("pending_operations") or [])


def test_a_kill_that_lost_a_secret_leaves_a_pending_operation_that_a_refresh_clears(
    cluster: LiveCluster, engine: Engine, proxy: Proxy, stack: ProgramStack
) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    killer = Killer(proxy, engine, stack, victim="engine", moment="after")
    assert killer.was_killed("up", lambda request: request.path.endswith("/secrets/regcred"))
    uid = (cluster.secret(namespace, "regcred") or {})["metadata"]["uid"]
    unlock(engine, stack)
    assert len(pending_operations(stack)) == 1

    up = stack.up()

    assert not up.failed, up.output
    # The engine warns only where an up doesn't refresh.
    assert "pending operations" not in up.output
    assert stack.preview().changed == {}
    assert len(pending_operations(stack)) == 1
    engine.run(["refresh", "--clear-pending-creates", "--yes", "--stack", stack.name])
    assert pending_operations(stack) == []
    assert stack.preview().changed == {}
    assert (cluster.secret(namespace, "regcred") or {})["metadata"]["uid"] == uid
    assert_right(cluster, stack, {(namespace, "default"): []})


def test_an_empty_file_beside_the_state_is_told_and_can_be_deleted(
    cluster: LiveCluster, engine: Engine, stack: ProgramStack
) -> None:
    stack.config["namespaces"] = [{"name": cluster.new_namespace()}]
    stack.up()
    attributes = engine.folder / "state" / ".pulumi" / "stacks" / PROJECT / f"{stack.name}.json.attrs"
    attributes.write_bytes(b"")

    unreadable = stack.preview()
    attributes.unlink()

    assert "failed to load checkpoint: EOF" in unreadable.output
    assert stack.preview().changed == {}


def test_every_write_can_be_the_engines_last_one(
    cluster: LiveCluster, engine: Engine, proxy: Proxy, stack: ProgramStack
) -> None:
    namespace = cluster.new_namespace("builder")
    ours = f"{namespace}-ours"
    cluster.set_pull_secrets(namespace, "builder", *THEIRS)
    lists = {(namespace, "default"): [], (namespace, "builder"): THEIRS, (ours, "default"): []}
    found = [cluster.account(namespace, name) for name in ("default", "builder")]
    stack.config["namespaces"] = [
        {"name": namespace, "serviceAccounts": ["default", "builder"]},
        {"name": ours, "create": True},
    ]
    killer = Killer(proxy, engine, stack, victim="engine", moment="after")
    with watching(cluster, namespace) as history:
        killer.run("up")
        assert_right(cluster, stack, lists)
        stack.password += "-rotated"
        killer.run("up")
        assert_right(cluster, stack, lists)
        stack.config["secretName"] = "regcred-2"
        killer.run("up")
        assert_right(cluster, stack, lists)
        come_to_rest(stack)
        stack.config["detach"] = True
        come_to_rest(stack)
        killer.run("destroy")

    assert_no_name_was_without_its_secret(history)
    assert [cluster.account(namespace, name) for name in ("default", "builder")] == found
    assert secret_names(cluster, namespace) == [END_OF_WATCH]
    assert ours not in {item.metadata.name for item in cluster.api.list_namespace().items}
    assert len(killer.kills) >= 20


def test_before_every_write_the_program_can_be_killed_with_its_engine(
    cluster: LiveCluster, engine: Engine, proxy: Proxy, stack: ProgramStack
) -> None:
    namespace = cluster.new_namespace()
    cluster.set_pull_secrets(namespace, "default", *THEIRS)
    found = cluster.account(namespace, "default")
    stack.config["namespaces"] = [{"name": namespace}]
    killer = Killer(proxy, engine, stack, victim="program", moment="before")
    with watching(cluster, namespace) as history:
        killer.run("up")
        stack.config["secretName"] = "regcred-2"
        killer.run("up")
        assert_right(cluster, stack, {(namespace, "default"): THEIRS})
        stack.config["detach"] = True
        killer.run("up")
        assert stack.preview().changed == {}
        killer.run("destroy")

    assert_no_name_was_without_its_secret(history)
    assert cluster.account(namespace, "default") == found
    assert secret_names(cluster, namespace) == [END_OF_WATCH]
    assert [method for method, _ in killer.kills] == ["PATCH", "PATCH", "PATCH", "PATCH", "DELETE", "PATCH", "DELETE"]


WRITES = {"up": 6, "rotate": 2, "rename": 7, "destroy": 5}
POINTS = [(operation, number) for operation, writes in WRITES.items() for number in range(1, writes + 1)]


@pytest.mark.long
@pytest.mark.parametrize(("operation", "number"), POINTS)
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("victim", ["engine", "program"])
def test_after_any_one_kill_the_next_run_ends_right(
    cluster: LiveCluster,
    engine: Engine,
    proxy: Proxy,
    stack: ProgramStack,
    operation: str,
    number: int,
    moment: str,
    victim: str,
) -> None:
    namespace = cluster.new_namespace("builder")
    ours = f"{namespace}-ours"
    cluster.set_pull_secrets(namespace, "builder", *THEIRS)
    lists = {(namespace, "default"): [], (namespace, "builder"): THEIRS, (ours, "default"): []}
    found = [cluster.account(namespace, name) for name in ("default", "builder")]
    stack.config["namespaces"] = [
        {"name": namespace, "serviceAccounts": ["default", "builder"]},
        {"name": ours, "create": True},
    ]
    if operation != "up":
        stack.up()
    if operation == "rotate":
        stack.password += "-rotated"
    if operation == "rename":
        stack.config["secretName"] = "regcred-2"
    killer, writes = Killer(proxy, engine, stack, victim=victim, moment=moment), count(1)
    assert killer.was_killed("destroy" if operation == "destroy" else "up", lambda _: next(writes) == number)
    unlock(engine, stack)

    if operation != "destroy":
        assert not stack.up().failed
        assert_right(cluster, stack, lists)
        come_to_rest(stack)
        stack.config["detach"] = True
        come_to_rest(stack)
    assert not stack.destroy().failed

    assert cluster.account(namespace, "default") == found[0]
    if operation == "destroy":
        # A plain destroy leaves our name where foreign ones are.
        assert cluster.pull_secrets(namespace, "builder") == [*THEIRS, "regcred"]
    else:
        assert cluster.account(namespace, "builder") == found[1]
    assert secret_names(cluster, namespace) == []
    assert ours not in {item.metadata.name for item in cluster.api.list_namespace().items}
