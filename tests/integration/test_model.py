"""Two stacks, and people with kubectl, on the same accounts in any order: the promises hold after each step."""

import secrets
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sandbox.engine import Engine
from tests.integration.live import LiveCluster
from tests.integration.model import Account, Names, Owner, Place, Secret
from tests.integration.model_on_a_cluster import WorldOnACluster

OURS = {"one": ("one-a", "one-b", "one-c"), "two": ("two-a", "two-b")}
ACCOUNTS = ("default", "builder", "deployer")
CHEAP_STEPS = 4
"""How many come, at least, before the next one that runs the engine, which takes as long as thirty of them."""
ROUNDS = max(1, settings().max_examples // 500)
"""Chosen by ``--hypothesis-profile``."""
SEED = 6
"""Of the first round, unless ``--hypothesis-seed`` is given; one with which each rule is taken."""
ROUND = settings(
    max_examples=5,
    stateful_step_count=52,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def _there_are(values: Callable[["Machine"], Iterable[Any]]) -> Callable[[Any], bool]:
    return lambda machine: any(True for _ in values(machine))


def _one_of(values: Callable[["Machine"], Iterable[Any]]) -> st.SearchStrategy[Any]:
    """One of what there is when the step is chosen."""
    return st.runner().flatmap(lambda machine: st.sampled_from(sorted(values(machine))))


_places = WorldOnACluster.places


def _entries(machine: "Machine") -> set[tuple[Place, str]]:
    return {(place, name) for place, account in machine.world.accounts() for name in account.names}


def _notes(machine: "Machine") -> set[tuple[str, Place]]:
    return {(owner, place) for place, account in machine.world.accounts() for owner in account.notes}


def _namespaces(machine: "Machine") -> set[str]:
    return set(machine.world.namespaces)


def _secrets(machine: "Machine") -> set[tuple[str, str]]:
    return set(machine.world.secrets)


def _listings(machine: "Machine") -> set[tuple[str, Place]]:
    return {
        (owner.name, (namespace, account))
        for owner in machine.world.owners.values()
        for namespace, accounts in owner.listed.items()
        for account in accounts
    }


def _absent(machine: "Machine") -> set[Place]:
    return {
        (namespace, name)
        for namespace, accounts in machine.world.namespaces.items()
        for name in ACCOUNTS
        if name not in accounts
    }


def _free_secrets(machine: "Machine") -> set[tuple[str, str]]:
    """Those that nobody has made, and no state holds: a destroy takes away what is there under its Secret's name."""
    held = set(machine.world.secrets).union(*(owner.secrets for owner in machine.world.owners.values()))
    return {(space, name) for space in machine.world.namespaces for names in OURS.values() for name in names} - held


def _free_namespaces(machine: "Machine") -> set[str]:
    held = set(machine.world.namespaces).union(*(owner.namespaces for owner in machine.world.owners.values()))
    return set(machine.real) - held


def _retired(machine: "Machine") -> set[str]:
    return {owner.name for owner in machine.world.owners.values() if owner.retired}


def _up(machine: "Machine") -> set[str]:
    return {owner.name for owner in machine.world.owners.values() if owner.secrets}


def _has_time_for_the_engine(machine: "Machine") -> bool:
    return machine.steps_since_engine >= CHEAP_STEPS


OWNER = st.sampled_from(["one", "two"])
FIRST = {("a", "default")}
LISTING = st.sets(
    st.sampled_from([(space, name) for space in ("a", "b", "made") for name in ("default", "builder")]), min_size=2
)
ANY_NAME = st.sampled_from(["x", "y", "z", "x", "y", "z", *OURS["one"], *OURS["two"]])
APPLIED = st.booleans()
"""By server-side apply, and else as ``kubectl patch`` does it."""


class Machine(WorldOnACluster, RuleBasedStateMachine):
    """Each rule is what one person does, to the cluster and to the model."""

    def __init__(self, cluster: LiveCluster, engine: Engine) -> None:
        RuleBasedStateMachine.__init__(self)
        WorldOnACluster.__init__(self, cluster, engine)
        self.steps_since_engine = CHEAP_STEPS

    def teardown(self) -> None:
        self.remove()

    @initialize(up=st.sets(OWNER), one=LISTING, two=LISTING)
    def begin(self, up: set[str], one: set[Place], two: set[Place]) -> None:
        for owner, listing in (("one", one), ("two", two - {place for place in two if place[0] == "made"} or FIRST)):
            for namespace, account in sorted(listing):
                self.list_account(owner=owner, namespace=namespace, account=account)
        for owner in sorted(up):
            self.bring_up(self.world.owners[owner])

    # People with kubectl

    @precondition(_there_are(_places))
    @rule(place=_one_of(_places), name=ANY_NAME, first=st.booleans(), applied=APPLIED)
    def add_entry(self, place: Place, name: str, first: bool, applied: bool) -> None:
        names = self.account(place).names
        self.write(place, (name, *names) if first else (*names, name), applied)

    @precondition(_there_are(_entries))
    @rule(entry=_one_of(_entries), applied=APPLIED)
    def remove_entry(self, entry: tuple[Place, str], applied: bool) -> None:
        place, gone = entry
        self.write(place, tuple(name for name in self.account(place).names if name != gone), applied)

    @precondition(_there_are(_places))
    @rule(place=_one_of(_places), applied=APPLIED)
    def turn_entries_round(self, place: Place, applied: bool) -> None:
        self.write(place, self.account(place).names[::-1], applied)

    @precondition(_there_are(_places))
    @rule(place=_one_of(_places), names=st.lists(ANY_NAME, max_size=3).map(tuple), applied=APPLIED)
    def replace_entries(self, place: Place, names: Names, applied: bool) -> None:
        self.write(place, names, applied)

    @precondition(_there_are(_places))
    @rule(owner=OWNER, place=_one_of(_places), names=st.lists(ANY_NAME, max_size=2), applied=APPLIED)
    def write_annotation(self, owner: str, place: Place, names: list[str], applied: bool) -> None:
        account, (namespace, name) = self.account(place), self.real_place(place)
        key, text = self.keys[owner], " , ".join([*names, ""])
        if applied:
            metadata = {"namespace": namespace, "name": name, "annotations": {key: text}}
            self.cluster.apply(metadata, [], f"someone-with-{owner}")
        else:
            self.cluster.kubectl("annotate", "--overwrite", "sa", name, "-n", namespace, f"{key}={text}")
        # Who holds it can't be told after an apply, nor on an account that no stack ever applied.
        (account.strange.add if applied or place not in self.world.owners[owner].patches else account.strange.discard)(
            owner
        )
        account.shared.add(owner)
        account.notes[owner] = frozenset(names)

    @precondition(_there_are(_notes))
    @rule(note=_one_of(_notes))
    def remove_annotation(self, note: tuple[str, Place]) -> None:
        owner, place = note
        namespace, name = self.real_place(place)
        self.cluster.kubectl("annotate", "sa", name, "-n", namespace, f"{self.keys[owner]}-")
        del self.account(place).notes[owner]

    @precondition(_there_are(_secrets))
    @rule(key=_one_of(_secrets))
    def delete_secret(self, key: tuple[str, str]) -> None:
        self.cluster.api.delete_namespaced_secret(key[1], self.real[key[0]])
        del self.world.secrets[key]

    @precondition(lambda self: all(secret.made_by for secret in self.world.secrets.values()))
    @precondition(_there_are(_free_secrets))
    @rule(key=_one_of(_free_secrets))
    def make_secret(self, key: tuple[str, str]) -> None:
        self.cluster.kubectl(
            "create", "secret", "docker-registry", key[1], "-n", self.real[key[0]],
            "--docker-server=ghcr.io", "--docker-username=them", "--docker-password=theirs",
        )  # fmt: skip
        self.world.secrets[key] = Secret(None, "theirs")

    @precondition(lambda self: not self.missing())
    @precondition(_there_are(_places))
    @rule(place=_one_of(_places))
    def delete_account(self, place: Place) -> None:
        namespace, name = self.real_place(place)
        self.cluster.api.delete_namespaced_service_account(name, namespace)
        self.world.remove_account(place)
        self.born.pop(place, None)
        if name == "default":
            self.wait_for_default(place[0])
            self.world.namespaces[place[0]][name] = Account()

    @precondition(_there_are(_absent))
    @rule(place=_one_of(_absent), names=st.lists(ANY_NAME, max_size=2).map(tuple))
    def make_account(self, place: Place, names: Names) -> None:
        self.cluster.create_account(*self.real_place(place), *names)
        self.world.namespaces[place[0]][place[1]] = Account(names, others_hold={*OURS})

    @precondition(lambda self: not self.missing())
    @precondition(_there_are(_namespaces))
    @rule(namespace=_one_of(_namespaces))
    def delete_namespace(self, namespace: str) -> None:
        self.cluster.delete_namespace(self.real[namespace])
        self.world.remove_namespace(namespace)

    @precondition(_there_are(_free_namespaces))
    @rule(namespace=_one_of(_free_namespaces))
    def make_namespace(self, namespace: str) -> None:
        self.cluster.api.create_namespace({"metadata": {"name": self.real[namespace]}})
        self.wait_for_default(namespace)
        self.world.namespaces[namespace] = {"default": Account()}

    # Whoever edits a stack file

    @rule(owner=OWNER, number=st.integers(0, 2), keep=st.booleans())
    def rename(self, owner: str, number: int, keep: bool) -> None:
        it = self.world.owners[owner]
        before, it.secret_name = it.secret_name, OURS[owner][number % len(OURS[owner])]
        it.retired = [name for name in [*it.retired, *([before] if keep else [])] if name != it.secret_name]
        it.retired = list(dict.fromkeys(it.retired))

    @precondition(_there_are(_retired))
    @rule(owner=_one_of(_retired))
    def forget_retired(self, owner: str) -> None:
        self.world.owners[owner].retired = []

    @rule(owner=OWNER)
    def rotate(self, owner: str) -> None:
        self.world.owners[owner].password = secrets.token_urlsafe(16)

    @rule(owner=OWNER, adopt=st.booleans())
    def set_adopt(self, owner: str, adopt: bool) -> None:
        self.world.owners[owner].adopt = adopt

    @rule(owner=OWNER, namespace=st.sampled_from(["a", "b", "made"]), account=st.sampled_from(ACCOUNTS))
    def list_account(self, owner: str, namespace: str, account: str) -> None:
        accounts = self.world.owners[owner].listed.setdefault(namespace, [])
        if account not in accounts:
            accounts.append(account)

    @precondition(_there_are(_listings))
    @rule(listing=_one_of(_listings))
    def unlist_account(self, listing: tuple[str, Place]) -> None:
        owner, (namespace, account) = listing
        self.world.owners[owner].listed[namespace].remove(account)

    @rule(owner=OWNER, namespace=st.sampled_from(["a", "b", "made"]))
    def unlist_namespace(self, owner: str, namespace: str) -> None:
        listed = self.world.owners[owner].listed
        if len(listed) > 1:
            listed.pop(namespace, None)

    # Whoever runs a stack; several rules, since hypothesis leaves half of all rules out of an example

    @precondition(_has_time_for_the_engine)
    @rule(owner=OWNER)
    def attach(self, owner: str) -> None:
        if it := self.ready(owner, "up", by_hand=True):
            self.bring_up(it)

    @precondition(_has_time_for_the_engine)
    @rule(owner=OWNER, by_hand=st.booleans())
    def attach_as_announced(self, owner: str, by_hand: bool) -> None:
        if it := self.ready(owner, "preview", by_hand):
            self.bring_up(it, self.run(it, "preview"))

    @precondition(_has_time_for_the_engine)
    @rule(owner=OWNER, by_hand=st.booleans())
    def attach_and_come_to_rest(self, owner: str, by_hand: bool) -> None:
        if it := self.ready(owner, "up", by_hand):
            self.bring_to_rest(it)

    @precondition(_has_time_for_the_engine)
    @rule(owner=OWNER, by_hand=st.booleans())
    def detach(self, owner: str, by_hand: bool) -> None:
        if it := self.ready(owner, "up", by_hand, detach=True):
            self.bring_up(it)

    @precondition(_has_time_for_the_engine)
    @rule(owner=OWNER, by_hand=st.booleans())
    def leave_for_good(self, owner: str, by_hand: bool) -> None:
        if it := self.ready(owner, "preview", by_hand, detach=True):
            untold = {place for place, account in self.world.accounts() if owner in account.strange}
            self.bring_to_rest(it)
            self.take_down(it)
            for place, account in self.world.accounts():
                assert owner not in account.notes or place in untold

    @precondition(_has_time_for_the_engine)
    @precondition(_there_are(_up))
    @rule(owner=_one_of(_up))
    def destroy(self, owner: str) -> None:
        self.take_down(self.world.owners[owner])

    # What several rules do

    def ready(self, name: str, operation: str, by_hand: bool, detach: bool = False) -> Owner | None:
        """The owner, if an up of it has to succeed; what was in its way is told by the operation, and mended."""
        owner = self.world.owners[name]
        owner.detach = detach
        if self.obstacles_are_told(owner, operation):
            self.see()
            self.mend(owner, by_hand=by_hand)
        return None if self.world.obstacles(owner) else owner

    def mend(self, owner: Owner, *, by_hand: bool) -> None:
        """What somebody does about the obstacles, on the cluster or in the stack file."""
        for kind, namespace, *name in sorted(self.world.obstacles(owner)):
            if kind == "secret in the way" and by_hand:
                self.delete_secret(key=(namespace, *name))
            elif kind == "secret in the way":
                owner.adopt = True
            elif kind == "no namespace" and by_hand and namespace in _free_namespaces(self):
                self.make_namespace(namespace=namespace)
                for account in set(owner.listed[namespace]) - {"default"}:
                    self.make_account(place=(namespace, account), names=())
            elif kind == "no account" and by_hand:
                self.make_account(place=(namespace, *name), names=("x",))
            elif kind == "no account":
                owner.listed[namespace].remove(*name)
            else:
                self.unlist_namespace(owner=owner.name, namespace=namespace)

    @invariant()
    def the_cluster_is_as_it_has_to_be(self) -> None:
        self.see()
        self.steps_since_engine += 1


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", range(ROUNDS))
def test_whatever_two_stacks_and_people_do_the_promises_hold(
    cluster: LiveCluster, engine: Engine, pytestconfig: pytest.Config, number: int
) -> None:
    first = int(pytestconfig.getoption("--hypothesis-seed") or SEED)
    # Hypothesis would spend the longer part of one long run on variations of few examples.
    machines = seed(first + number)(lambda: Machine(cluster, engine))
    print(f"the same again: --hypothesis-seed={first + number}")
    run_state_machine_as_test(machines, settings=ROUND)  # type: ignore[arg-type]
