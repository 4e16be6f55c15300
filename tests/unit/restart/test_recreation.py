"""The order of evictions, the bounds of waiting, and what is known after an answer that got lost or a Ctrl-C."""

from collections.abc import Callable
from typing import Any

import pytest
from pulumi_image_pull_secrets.errors import ClusterUnreachableError
from pulumi_image_pull_secrets.restart.recreation import Outcome, Patience, Recreation

from tests.unit.doctor.observed import UNAUTHORIZED
from tests.unit.restart.played import READY, STUCK, Cluster, outcomes, planned, refused, run
from tests.unit.restart.test_replacement import item, waits

__all__ = ["run"]


def test_stuck_pods_are_evicted_at_once(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(*(item(name, **STUCK) for name in "abc"))
    made = run(cluster, *(planned(name) for name in "abc"))
    assert set(outcomes(made).values()) == {Outcome.REPLACED}
    assert {case.replacement.pod.name for case in made.cases if case.replacement} == {"new-1", "new-2", "new-3"}
    assert cluster.time == 1


def test_running_pods_of_an_owner_go_one_after_the_other(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(*(item(name, **READY) for name in "abc"))
    evicted_at_look: list[int] = []
    cluster.on_look = lambda: evicted_at_look.append(len(cluster.evicted))
    made = run(cluster, *(planned(name, is_stuck=False) for name in "abc"))
    assert set(outcomes(made).values()) == {Outcome.REPLACED}
    assert evicted_at_look == [0, 1, 2, 3]


def test_running_pods_stay_where_the_replacement_of_one_does_not_pull(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **STUCK), item("b", **READY), item("c", **READY))
    cluster.new = STUCK
    made = run(cluster, planned("a"), planned("b", is_stuck=False), planned("c", is_stuck=False))
    assert outcomes(made) == {"a": Outcome.STILL_WAITING, "b": Outcome.NOT_TRIED, "c": Outcome.NOT_TRIED}
    assert cluster.evicted == ["a"]
    assert "ImagePullBackOff (unauthorized" in made.cases[0].said
    assert made.cases[1].said == "since a was still waiting"
    assert Patience().failing < cluster.time < Patience().replaced


def test_nothing_is_told_of_what_a_new_pod_says_where_a_password_is_in_it(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **STUCK))
    said = f"{UNAUTHORIZED}: made-up-by-the-test{'x' * 190}"
    cluster.new = {"phase": "Pending", "containerStatuses": waits("ImagePullBackOff", said)}
    made = run(cluster, planned("a"), passwords={"shop": {"made-up-by-the-test"}})
    assert made.cases[0].said == "waits for ghcr.io/acme/web:1: ImagePullBackOff (unauthorized)"


def test_a_replacement_that_never_starts_is_waited_for_a_bounded_time(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **STUCK))
    cluster.new = {"phase": "Pending"}
    made = run(cluster, planned("a"))
    assert (made.cases[0].outcome, made.cases[0].said) == (Outcome.STILL_WAITING, "hasn't started yet")
    assert Patience().replaced < cluster.time < Patience().replaced + 3


def test_a_replacement_that_fails_once_is_given_time(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **STUCK))
    cluster.new = STUCK

    def pulls_later() -> None:
        if cluster.time > 20:
            for each in cluster.pods.values():
                each["status"] = READY

    cluster.on_look = pulls_later
    made = run(cluster, planned("a"))
    assert outcomes(made) == {"a": Outcome.REPLACED}


def test_running_is_enough_for_a_stuck_pod_and_not_for_one_that_ran(run: Callable[..., Recreation]) -> None:
    for is_stuck, outcome in ((True, Outcome.REPLACED), (False, Outcome.STILL_WAITING)):
        cluster = Cluster(item("a", **(STUCK if is_stuck else READY)))
        cluster.new = {"phase": "Running"}
        made = run(cluster, planned("a", is_stuck=is_stuck))
        assert (made.cases[0].outcome, made.cases[0].said) == (outcome, "runs and isn't ready")


def test_no_new_pod_is_told(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **STUCK))
    cluster.makes_new = False
    made = run(cluster, planned("a"))
    assert outcomes(made) == {"a": Outcome.NOT_REPLACED}
    assert made.cases[0].said == "ReplicaSet web-5d8f has made no new pod"


def test_a_budgets_refusal_is_tried_again_for_a_bounded_time(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **READY), item("b", **READY))
    cluster.refusals = [refused() for _ in range(1000)]
    made = run(cluster, planned("a", is_stuck=False), planned("b", is_stuck=False))
    first = made.cases[0]
    assert outcomes(made) == {"a": Outcome.REFUSED, "b": Outcome.NOT_TRIED}
    assert first.answer
    assert first.answer.budget == "web"
    assert "needs 2 healthy pods and has 2 currently" in first.said
    assert Patience().refused < cluster.time < Patience().refused + 10
    assert 1000 - len(cluster.refusals) <= Patience().refused / Patience().again + 2


def test_a_refusal_that_passes_is_none(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **STUCK))
    cluster.refusals = [refused(), refused(503, message="busy"), ClusterUnreachableError("the connection failed")]
    assert outcomes(run(cluster, planned("a"))) == {"a": Outcome.REPLACED}


def test_a_refusal_for_good_is_told_at_once(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **STUCK))
    said = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    cluster.refusals = [refused(500, message=said)]
    made = run(cluster, planned("a"))
    assert (made.cases[0].outcome, made.cases[0].said, cluster.time) == (Outcome.REFUSED, said, 0)


def test_a_pod_that_is_gone_or_going_or_another_by_now_is_not_evicted(run: Callable[..., Recreation]) -> None:
    going = item("a", deletionTimestamp="2026-03-01T12:00:09Z", **STUCK)
    other = item("b", uid="another", **STUCK)
    cluster = Cluster(going, other)
    made = run(cluster, planned("a"), planned("b"), planned("c"))
    assert set(outcomes(made).values()) == {Outcome.GONE}
    assert cluster.evicted == []


OTHER_UID = [
    'Operation cannot be fulfilled on Pod "a": the UID in the precondition (1) does not match the UID in record (2). '
    "The object might have been deleted and then recreated",
    'Operation cannot be fulfilled on pods "a": StorageError: invalid object, Code: 4, Key: /registry/pods/shop/a, '
    "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: 1, UID in object meta: 2",
]


@pytest.mark.parametrize(("code", "message"), [(404, "not found"), *((409, text) for text in OTHER_UID)])
def test_a_pod_that_goes_in_the_moment_before_is_gone(run: Callable[..., Recreation], code: int, message: str) -> None:
    cluster = Cluster(item("a", **STUCK))
    cluster.refusals = [refused(code, message=message)]
    assert outcomes(run(cluster, planned("a"))) == {"a": Outcome.GONE}


@pytest.mark.parametrize(
    "message",
    [
        'Operation cannot be fulfilled on pods "a": the object has been modified; please apply your changes to the '
        "latest version and try again",
        'Operation cannot be fulfilled on Pod "a": the ResourceVersion in the precondition (1) does not match the '
        "ResourceVersion in record (2). The object might have been modified",
    ],
)
def test_a_conflict_with_other_writers_of_the_pod_passes(run: Callable[..., Recreation], message: str) -> None:
    cluster = Cluster(item("a", **STUCK))
    cluster.refusals = [refused(409, message=message)]
    assert outcomes(run(cluster, planned("a"))) == {"a": Outcome.REPLACED}
    assert cluster.evicted == ["a"]


def test_a_stuck_pod_that_got_its_image_in_the_meantime_stays(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **READY))
    assert outcomes(run(cluster, planned("a"))) == {"a": Outcome.RECOVERED}
    assert cluster.evicted == []


def test_a_bare_pod_is_removed_for_good(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", owner=None, **STUCK))
    assert outcomes(run(cluster, planned("a", owner=None))) == {"a": Outcome.REMOVED}


LOST = [
    ClusterUnreachableError("the connection failed"),
    refused(502, message="Bad Gateway"),
    refused(504, message="Timeout: request did not complete within the allotted timeout"),
]


@pytest.mark.parametrize("lost", LOST)
def test_an_eviction_whose_answer_got_lost_counts(run: Callable[..., Recreation], lost: Exception) -> None:
    cluster = Cluster(item("a", **STUCK))
    cluster.lost = lost
    made = run(cluster, planned("a"))
    assert outcomes(made) == {"a": Outcome.REPLACED}
    assert cluster.evicted == ["a"]


@pytest.mark.parametrize("lost", LOST)
def test_the_next_pod_of_the_owner_waits_where_an_answer_got_lost(
    run: Callable[..., Recreation], lost: Exception
) -> None:
    cluster = Cluster(item("a", **READY), item("b", **READY))
    cluster.new, cluster.lost = STUCK, lost
    made = run(cluster, planned("a", is_stuck=False), planned("b", is_stuck=False))
    assert outcomes(made) == {"a": Outcome.STILL_WAITING, "b": Outcome.NOT_TRIED}
    assert cluster.evicted == ["a"]


@pytest.mark.parametrize(
    "answer", [refused(), refused(503, message="busy"), refused(404, message=""), refused(409, message=OTHER_UID[0])]
)
def test_an_eviction_that_is_carried_out_late_counts_whatever_a_later_try_is_answered(
    run: Callable[..., Recreation], answer: Exception
) -> None:
    cluster = Cluster(item("a", **STUCK))
    cluster.refusals = [refused(504, message="Timeout"), answer]

    def is_late() -> None:
        if not cluster.refusals and "uid-a" in cluster.pods:
            cluster.pods = {"uid-new": item("new", **READY)}

    cluster.on_look = is_late
    assert outcomes(run(cluster, planned("a"))) == {"a": Outcome.REPLACED}


def test_a_cluster_that_is_never_seen_again_is_told(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **STUCK))
    cluster.on_look = lambda: setattr(cluster, "is_hidden", bool(cluster.evicted))
    made = run(cluster, planned("a"))
    assert (made.cases[0].outcome, made.cases[0].said) == (Outcome.UNKNOWN, "the connection was refused")
    cluster = Cluster(item("a", **STUCK))
    cluster.is_hidden = True
    assert outcomes(run(cluster, planned("a"))) == {"a": Outcome.NOT_TRIED}


def test_one_look_that_fails_ends_no_run_however_long_that_is(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(*(item(name, **READY) for name in "abc"))
    cluster.new = {"phase": "Running"}
    failed_at: list[float] = []

    def is_slow() -> None:
        for each in cluster.pods.values():
            if cluster.time > 190 * len(cluster.evicted):
                each["status"] = READY
        cluster.is_hidden = not failed_at and cluster.time > Patience().replaced
        failed_at.extend([cluster.time] if cluster.is_hidden else [])

    cluster.on_look = is_slow
    assert set(outcomes(run(cluster, *(planned(name, is_stuck=False) for name in "abc"))).values()) == {
        Outcome.REPLACED
    }
    assert cluster.time > failed_at[0] > Patience().replaced


def test_a_cluster_that_vanishes_late_is_waited_for_as_long_as_another(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **READY), item("b", **READY))
    cluster.new = {"phase": "Running"}
    cluster.on_look = lambda: setattr(cluster, "is_hidden", cluster.time > 200)
    made = run(cluster, planned("a", is_stuck=False), planned("b", is_stuck=False))
    assert outcomes(made) == {"a": Outcome.UNKNOWN, "b": Outcome.NOT_TRIED}
    assert 200 + Patience().replaced < cluster.time < 205 + Patience().replaced


class Interrupts:
    """Ctrl-C when so many looks were had, and again at the next where that is wanted."""

    def __init__(self, after: int, *, twice: bool = False) -> None:
        self._left, self._twice = after, twice

    def __call__(self) -> None:
        self._left -= 1
        if self._left == -1 or (self._left < -1 and self._twice):
            raise KeyboardInterrupt


def test_after_a_ctrl_c_it_is_told_how_each_pod_is(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **STUCK), item("b", **READY), item("c", **READY))
    cluster.new = {"phase": "Pending"}
    cluster.on_look = Interrupts(2)
    made = run(cluster, planned("a"), planned("b", is_stuck=False), planned("c", is_stuck=False))
    assert made.is_interrupted
    assert outcomes(made) == {"a": Outcome.STILL_WAITING, "b": Outcome.NOT_TRIED, "c": Outcome.NOT_TRIED}
    assert made.cases[0].said == "hasn't started yet"
    assert cluster.evicted == ["a"]


def test_after_a_ctrl_c_a_refused_pod_is_told_as_refused(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **READY))
    cluster.refusals = [refused() for _ in range(9)]
    cluster.on_look = Interrupts(2)
    assert outcomes(run(cluster, planned("a", is_stuck=False))) == {"a": Outcome.REFUSED}


@pytest.mark.parametrize("lost", LOST)
def test_after_a_ctrl_c_nothing_is_claimed_of_an_eviction_without_an_answer(
    run: Callable[..., Recreation], lost: Exception
) -> None:
    cluster = Cluster(item("a", **STUCK), item("b", **STUCK))
    cluster.refusals = [lost, refused()]
    cluster.on_look = Interrupts(1)
    made = run(cluster, planned("a"), planned("b"))
    assert outcomes(made) == {"a": Outcome.UNKNOWN, "b": Outcome.REFUSED}
    assert made.cases[0].said == "interrupted before its eviction was answered"


@pytest.mark.parametrize("lost", LOST)
def test_evictions_that_are_never_answered_are_no_refusals(run: Callable[..., Recreation], lost: Exception) -> None:
    cluster = Cluster(item("a", **STUCK))
    cluster.refusals = [lost] * 1000
    assert outcomes(run(cluster, planned("a"))) == {"a": Outcome.UNKNOWN}
    assert Patience().refused < cluster.time < Patience().refused + 10


def test_an_eviction_that_a_ctrl_c_cuts_off_is_looked_up(
    run: Callable[..., Recreation], monkeypatch: pytest.MonkeyPatch
) -> None:
    for is_done, outcome in ((True, Outcome.REPLACED), (False, Outcome.UNKNOWN)):
        cluster = Cluster(item("a", **STUCK))
        post = cluster.post

        def cut_off(*arguments: Any, is_done: bool = is_done, post: Callable[..., Any] = post, **others: Any) -> None:
            if is_done:
                post(*arguments, **others)
            raise KeyboardInterrupt

        monkeypatch.setattr(cluster, "post", cut_off)
        assert outcomes(run(cluster, planned("a"))) == {"a": outcome}


def test_after_two_ctrl_cs_nothing_is_claimed(run: Callable[..., Recreation]) -> None:
    cluster = Cluster(item("a", **STUCK), item("b", **READY))
    cluster.new = {"phase": "Pending"}
    cluster.on_look = Interrupts(1, twice=True)
    made = run(cluster, planned("a"), planned("b", is_stuck=False))
    assert outcomes(made) == {"a": Outcome.UNKNOWN, "b": Outcome.NOT_TRIED}
