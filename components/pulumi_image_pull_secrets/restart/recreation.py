"""Evicts what is planned, waits for what comes in its place, and knows at any time what became of each pod."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from ..api import Api, path_of
from ..doctor.observation import ObjectName
from ..errors import ClusterUnreachableError
from .eviction import Answer, Verdict, evict
from .plan import Planned
from .replacement import NO_PASSWORDS, Passwords, PodNow, Pods, Standing

_AT_ONCE = 100
"""Evictions between two looks at the cluster."""


class Outcome(Enum):
    """What became of a pod."""

    REPLACED = "recreated"
    REMOVED = "removed"
    GONE = "gone before"
    RECOVERED = "recovered"
    STILL_WAITING = "still waiting"
    NOT_REPLACED = "not replaced"
    TERMINATING = "terminating"
    REFUSED = "refused"
    NOT_TRIED = "not tried"
    UNKNOWN = "unknown"

    @property
    def is_fine(self) -> bool:
        """Whether there is nothing left to do for it."""
        return self in (Outcome.REPLACED, Outcome.REMOVED, Outcome.GONE, Outcome.RECOVERED)


@dataclass(frozen=True)
class Patience:
    """How long is waited for what. All in seconds."""

    refused: float = 120.0
    """For a budget, or a server, that refuses an eviction."""
    again: float = 5.0
    """Between two tries of one eviction, as ``kubectl drain`` has it."""
    replaced: float = 300.0
    """For the new pod, from the eviction on; an image of gigabytes takes minutes."""
    failing: float = 30.0
    """For a new pod that doesn't pull; the kubelet tries again after 10 and 20 seconds."""
    pause: float = 1.0
    """Between two looks at the cluster."""


@dataclass
class Case:
    """One planned pod, and what became of it so far."""

    planned: Planned
    answer: Answer | None = None
    """To the last eviction that was asked for."""
    is_asked: bool = False
    was_unheard: bool = False
    """Whether a try had no answer: whatever a later one is answered, that one may have been carried out."""
    first_try: float | None = None
    next_try: float = 0.0
    evicted: float | None = None
    failing: float | None = None
    replacement: PodNow | None = None
    outcome: Outcome | None = None
    """None while it is open."""
    said: str = ""
    """What goes with the outcome, in words that go on from the replacement's or the pod's name."""

    @property
    def may_be_evicted(self) -> bool:
        """Whether it is this run's doing, as far as is known, where the pod is gone or going."""
        is_heard = self.answer is not None and self.answer.verdict is not Verdict.EVICTED
        return self.is_asked and (self.was_unheard or not is_heard)


class Recreation:
    """One run. ``on_outcome`` is called once for each pod, when it is known what became of it.

    Pods that wait for an image serve nobody and are evicted at once. Those of one owner that don't wait are evicted
    one after the other, each when the one before has been replaced by one that is ready, and after all of that owner
    that wait: where a new pod doesn't get well, those that run stay.

    ``passwords`` has, by namespace, what isn't shown of what was said.
    """

    def __init__(
        self,
        api: Api,
        planned: Sequence[Planned],
        on_outcome: Callable[[Case], None],
        patience: Patience | None = None,
        passwords: Passwords = NO_PASSWORDS,
    ) -> None:
        self.cases = [Case(each) for each in planned]
        self.is_interrupted = False
        self._api = api
        self._on_outcome = on_outcome
        self._patience = patience or Patience()
        self._passwords = passwords
        self._last_seen = time.monotonic()
        """When the cluster was seen, or, before the first look, when the run began."""
        self._taken: set[str] = set()
        self._trouble = ""

    def run(self) -> list[Case]:
        """Until it is known of each what became of it, or until Ctrl-C: then with what is known."""
        try:
            while self._open():
                began = time.monotonic()
                self._step(self._look())
                if self._open():
                    # A cluster that is slow to show its pods isn't asked all the time.
                    time.sleep(max(self._patience.pause, time.monotonic() - began))
        except KeyboardInterrupt:
            self.is_interrupted = True
            self._conclude()
        return self.cases

    def _open(self) -> list[Case]:
        return [case for case in self.cases if case.outcome is None]

    def _look(self) -> Pods | None:
        """The pods of all namespaces with an open case; None where they can't be seen now."""
        namespaces = sorted({case.planned.pod.namespace for case in self._open()})
        try:
            lists = self._api.each(namespaces, lambda name: list(self._api.list(path_of("pods", name))))
        except ClusterUnreachableError as error:
            self._trouble = str(error)
            return None
        self._last_seen = time.monotonic()
        pods = Pods((item for items in lists for item in items), self._passwords)
        if not any(case.is_asked for case in self.cases):
            self._taken |= pods.by_uid.keys()
        return pods

    def _step(self, pods: Pods | None) -> None:
        if pods is None:
            self._give_up_unseen()
            return
        for case in self._open():
            if case.evicted is None:
                self._before(case, pods)
            else:
                self._after(case, pods)
        due = self._due()
        for case in due:
            case.first_try = time.monotonic() if case.first_try is None else case.first_try
        # Each answer is kept where it comes in, so that none is lost to a Ctrl-C.
        self._api.each(due, partial(_ask, self._api))
        for case in due:
            self._take(case)

    def _before(self, case: Case, pods: Pods) -> None:
        """What the cluster shows of a pod that isn't known to be evicted."""
        now = pods.by_uid.get(case.planned.pod.uid)
        if now is None or now.pod.is_leaving:
            if case.may_be_evicted:
                case.evicted = time.monotonic()
            else:
                self._settle(case, Outcome.GONE, "being deleted by somebody else" if now else "")
        elif case.planned.is_stuck and now.standing in (Standing.READY, Standing.RUNS):
            self._settle(case, Outcome.RECOVERED, "got its image in the meantime")

    def _after(self, case: Case, pods: Pods, *, is_last: bool = False) -> None:
        """What the cluster shows of a pod that was evicted; at the last look that is what became of it."""
        time_now, patience = time.monotonic(), self._patience
        is_over = is_last or (case.evicted is not None and time_now - case.evicted > patience.replaced)
        is_there = case.planned.pod.uid in pods.by_uid
        if case.planned.pod.controller is None:
            if not is_there:
                self._settle(case, Outcome.REMOVED, "no controller makes a new one")
            elif is_over:
                self._settle(case, Outcome.TERMINATING)
            return
        if now := self._replacement(case, pods):
            wanted = (Standing.READY, Standing.RUNS) if case.planned.is_stuck else (Standing.READY,)
            if now.standing in wanted:
                self._settle(case, Outcome.REPLACED, now.said or "is ready")
                return
            is_failing = now.standing in (Standing.PULL_FAILS, Standing.FAILS)
            if not is_failing or case.failing is None:
                case.failing = time_now if is_failing else None
            if is_over or (case.failing is not None and time_now - case.failing > patience.failing):
                self._settle(case, Outcome.STILL_WAITING, now.said)
        elif is_over:
            kind, name = case.planned.pod.controller
            said = f"{kind} {name} has made no new pod"
            self._settle(case, Outcome.TERMINATING if is_there else Outcome.NOT_REPLACED, said)

    def _replacement(self, case: Case, pods: Pods) -> PodNow | None:
        if case.replacement:
            case.replacement = pods.by_uid.get(case.replacement.pod.uid)
        if case.replacement is None and (found := pods.replacement(case.planned.pod, self._taken)):
            case.replacement = found
            self._taken.add(found.pod.uid)
        return case.replacement

    def _due(self) -> list[Case]:
        """Those to evict now."""
        due: list[Case] = []
        earlier: dict[tuple[str, ObjectName], Case] = {}
        for case in self.cases:
            place = (case.planned.pod.namespace, case.planned.owner)
            before = earlier.get(place)
            if case.outcome is None and case.evicted is None and case.next_try <= time.monotonic():
                if case.planned.is_stuck or before is None:
                    due.append(case)
                elif before.outcome:
                    said = f"since {before.planned.pod.name} was {before.outcome.value}"
                    self._settle(case, Outcome.NOT_TRIED, said)
            if case.outcome is None or not case.outcome.is_fine:
                earlier.setdefault(place, case)
        return due[:_AT_ONCE]

    def _take(self, case: Case) -> None:
        """Goes by the answer to an eviction."""
        answer, now, patience = case.answer, time.monotonic(), self._patience
        if answer is None:
            return
        if answer.verdict is Verdict.EVICTED or (answer.verdict is Verdict.GONE and case.was_unheard):
            case.evicted = now
        elif answer.verdict is Verdict.GONE:
            self._settle(case, Outcome.GONE)
        elif (
            answer.verdict is Verdict.NEVER
            or now - (now if case.first_try is None else case.first_try) > patience.refused
        ):
            # Where the last try had no answer, a pod that is still seen may be about to go.
            is_unheard = answer.verdict is Verdict.UNHEARD
            self._settle(case, Outcome.UNKNOWN if is_unheard else Outcome.REFUSED, answer.said)
        else:
            case.next_try = now + min(max(patience.again, answer.after), 2 * patience.again)

    def _give_up_unseen(self) -> None:
        """Where the cluster can't be seen any more, those whose time is over.

        It is counted from the last look that showed something: one that fails ends nothing, however long the run is.
        """
        now, patience = time.monotonic(), self._patience
        for case in self._open():
            if now - max(case.evicted or 0.0, self._last_seen) > patience.replaced:
                self._settle(case, Outcome.UNKNOWN if case.is_asked else Outcome.NOT_TRIED, self._trouble)

    def _conclude(self) -> None:
        """After a Ctrl-C: one last look; after another one without."""
        try:
            pods = self._look()
        except KeyboardInterrupt:
            pods = None
        for case in self._open():
            if case.answer and case.evicted is None:
                self._take(case)
            if pods and case.outcome is None and case.is_asked and case.evicted is None:
                self._before(case, pods)
            if case.outcome is None and case.evicted is not None and pods:
                self._after(case, pods, is_last=True)
            if case.outcome is None:
                self._settle(case, *self._unfinished(case, pods))

    def _unfinished(self, case: Case, pods: Pods | None) -> tuple[Outcome, str]:
        if case.evicted is not None or (case.is_asked and pods is None):
            return Outcome.UNKNOWN, "interrupted before the cluster was seen again"
        if case.is_asked and (case.answer is None or case.answer.verdict in (Verdict.UNHEARD, Verdict.EVICTED)):
            # The pod was there, and the request may still be under way; its answer may come at this very moment.
            return Outcome.UNKNOWN, "interrupted before its eviction was answered"
        refusal = case.answer.said if case.answer else ""
        if refusal:
            return Outcome.REFUSED, refusal
        return Outcome.NOT_TRIED, "interrupted"

    def _settle(self, case: Case, outcome: Outcome, said: str = "") -> None:
        case.outcome, case.said = outcome, said
        self._on_outcome(case)


def _ask(api: Api, case: Case) -> None:
    case.is_asked, case.answer = True, None
    answer = evict(api, case.planned.pod)
    case.was_unheard |= answer.verdict is Verdict.UNHEARD
    case.answer = answer
