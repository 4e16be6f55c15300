"""A long life: hundreds of ups by two owners, while namespaces, accounts and foreign entries come and go."""

import random
import secrets
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from sandbox.engine import Engine
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack

UPS = 300
MOST_NAMESPACES, MOST_ACCOUNTS = 8, 4
WARM = 40
"""Ups after which a process has loaded whatever it loads."""
MEBIBYTE = 1024 * 1024


class Life:
    """Namespaces of one prefix, on which others work as well."""

    def __init__(self, cluster: LiveCluster, seed: int) -> None:
        self._cluster = cluster
        self._random = random.Random(seed)
        self.prefix = f"l-{secrets.token_hex(4)}"
        self._foreign: dict[tuple[str, str], list[str]] = {}
        self._made = 0

    @property
    def namespaces(self) -> list[str]:
        return sorted({namespace for namespace, _ in self._foreign})

    @property
    def accounts(self) -> int:
        """How many there are."""
        return len(self._foreign)

    def live(self) -> None:
        """One thing happens."""
        namespaces = self.namespaces
        chances = [self._new_namespace] if len(namespaces) < MOST_NAMESPACES else [self._end_namespace]
        if namespaces:
            chances += [self._account_comes_or_goes, self._entry_comes, self._entry_goes, self._entry_comes]
        if len(namespaces) > 2:
            chances.append(self._end_namespace)
        self._random.choice(chances)()

    def assert_kept(self) -> None:
        """Every foreign entry is there, in its order."""
        for (namespace, account), names in self._foreign.items():
            entries = self._cluster.account(namespace, account).get("imagePullSecrets", [])
            held = [entry["name"] for entry in entries if entry.get("name", "").startswith("theirs-")]
            assert held == names, (namespace, account)

    def _any_account(self) -> tuple[str, str]:
        return self._random.choice(sorted(self._foreign))

    def _next(self) -> int:
        self._made += 1
        return self._made

    def _new_namespace(self) -> None:
        name = f"{self.prefix}-{self._next()}"
        self._cluster.api.create_namespace({"metadata": {"name": name}})
        self._cluster.wait_for(lambda: self._cluster.account(name, "default"))
        self._foreign[name, "default"] = []

    def _end_namespace(self) -> None:
        name = self._random.choice(self.namespaces)
        self._cluster.delete_namespace(name)
        self._foreign = {key: names for key, names in self._foreign.items() if key[0] != name}

    def _account_comes_or_goes(self) -> None:
        namespace, _ = self._any_account()
        others = [account for place, account in self._foreign if place == namespace and account != "default"]
        if len(others) < MOST_ACCOUNTS:
            name = f"a-{self._next()}"
            self._cluster.create_account(namespace, name)
            self._foreign[namespace, name] = []
        else:
            name = self._random.choice(sorted(others))
            self._cluster.api.delete_namespaced_service_account(name, namespace)
            del self._foreign[namespace, name]

    def _entry_comes(self) -> None:
        place = self._any_account()
        self._edit(place, [*self._foreign[place], f"theirs-{self._next()}"][-3:])

    def _entry_goes(self) -> None:
        place = self._any_account()
        self._edit(place, self._foreign[place][1:])

    def _edit(self, place: tuple[str, str], names: list[str]) -> None:
        """What somebody types who keeps what else is there."""
        entries = self._cluster.account(*place).get("imagePullSecrets", [])
        kept = [entry["name"] for entry in entries if entry.get("name") and not entry["name"].startswith("theirs-")]
        self._cluster.set_pull_secrets(*place, *names, *kept)
        self._foreign[place] = names


@pytest.mark.long
@pytest.mark.timeout(5_400)
def test_a_long_life_leaves_nothing_behind(
    cluster: LiveCluster, new_stack: Callable[[], ProgramStack], engine: Engine, request: pytest.FixtureRequest
) -> None:
    seed = int(request.config.getoption("--hypothesis-seed") or 0)
    print(f"the same again: --hypothesis-seed={seed}")
    life, chance = Life(cluster, seed), random.Random(seed)
    owners = [new_stack(), new_stack()]
    for number, stack in enumerate(owners):
        stack.config["secretName"] = f"regcred-{number}"
        stack.config["namespaces"] = [{"name": f"{life.prefix}-*", "serviceAccounts": "all", "allowEmpty": True}]
    memory = [0.0]
    for number in range(UPS):
        for _ in range(chance.randint(0, 3)):
            life.live()
        stack = owners[number % 2]
        if chance.random() < 0.05:
            stack.password = secrets.token_urlsafe(16)
        outcome = stack.up()
        assert not outcome.failed, outcome.output
        life.assert_kept()
        if number >= WARM:
            memory.append(psutil.Process().memory_info().rss)

    # Nobody changes anything any more.
    for stack in owners * 3:
        assert not stack.up().failed
    assert [stack.preview().changed for stack in owners] == [{}, {}]
    # For each namespace a Secret, for each account a patch, and what every stack has.
    most = 8_000 * (len(life.namespaces) + life.accounts) + 40_000
    state = [path.stat().st_size for path in (engine.folder / "state").rglob("stacks/**/*.json")]
    assert len(state) == len(owners)
    assert max(state) < most
    history = list((engine.folder / "state").rglob("history/**/*.checkpoint.json"))
    assert len(history) >= UPS
    assert max(path.stat().st_size for path in history) < 8_000 * MOST_NAMESPACES * (2 + MOST_ACCOUNTS) + 40_000
    assert memory[-1] - memory[1] < 150 * MEBIBYTE, memory[1::20]
    for stack in owners:
        assert not stack.destroy().failed
    for path in Path(engine.folder / "state").rglob("stacks/**/*.json"):
        assert path.stat().st_size < 40_000
