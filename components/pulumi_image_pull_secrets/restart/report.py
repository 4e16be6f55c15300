"""What a restart would do, and what became of each pod, in words."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..doctor.view import View
from ..wording import count, line, listed, names, visible
from .plan import Left, Plan, Planned, Reason
from .recreation import Case, Outcome

_GOOD, _BAD, _SO_SO = "bold green", "bold red", "bold yellow"
_STYLES = {Outcome.REFUSED: _SO_SO, Outcome.NOT_TRIED: _SO_SO}
_WIDTH = max(len(outcome.value) for outcome in Outcome)


@dataclass(frozen=True)
class Line:
    """One line of a report."""

    text: str
    word: str = ""
    """What it starts with, which may be coloured."""
    style: str = ""
    """Of the word."""


def plan_lines(plan: Plan, context: str) -> Iterator[Line]:
    """Every pod that is to be recreated, and those that are left alone by owner and reason."""
    if plan.recreate:
        yield Line(f": {where(plan, context)}", "to recreate", "bold")
        yield from (Line(f"  {visible(_planned(planned))}") for planned in plan.recreate)
    else:
        yield Line(f": no pod of {visible(context)} is to be recreated", "nothing to do", _GOOD)
    if plan.left:
        yield Line(f": {count(len(plan.left), 'pod')}", "left alone", "bold")
        yield from (Line(f"  {visible(text)}") for text in _left(plan.left))


def where(plan: Plan, context: str) -> str:
    """Such as ``3 pods in 2 namespaces of staging``."""
    namespaces = count(len(plan.namespaces), "namespace")
    return f"{count(len(plan.recreate), 'pod')} in {namespaces} of {visible(context)}"


def outcome_line(case: Case, view: View) -> Line:
    """What became of one pod. No password of its namespace is in it, whatever a registry said."""
    pod, outcome = case.planned.pod, case.outcome or Outcome.UNKNOWN
    said = case.said
    # Before anything is cut: what is left of a password wouldn't be found any more.
    for password in sorted(view.passwords_in.get(pod.namespace, ()), key=len, reverse=True):
        said = said.replace(password, "***")
    text = f"{pod.namespace}/{pod.name}: {_became(case, outcome, said)}"
    style = _GOOD if outcome.is_fine else _STYLES.get(outcome, _BAD)
    return Line(visible(text), f"{outcome.value:<{_WIDTH}} ", style)


def summary(cases: Sequence[Case], *, is_interrupted: bool) -> Line:
    """How many came to what, and what to do next."""
    numbers = Counter(case.outcome for case in cases if case.outcome)
    told = ", ".join(f"{numbers[outcome]} {outcome.value}" for outcome in Outcome if numbers[outcome])
    waiting = {case.planned.pod.namespace for case in cases if case.outcome is Outcome.STILL_WAITING}
    hint = f"; see why: pull-secrets doctor {' '.join(f'-n {name}' for name in sorted(waiting))}" if waiting else ""
    is_fine = all(case.outcome and case.outcome.is_fine for case in cases)
    return Line(f"{told}{hint}", "interrupted: " if is_interrupted else "", _GOOD if is_fine else _BAD)


def _planned(planned: Planned) -> str:
    pod = planned.pod
    lack = "waits for" if planned.is_stuck else "has no login for"
    owner = "no controller makes a new one" if pod.controller is None else " ".join(planned.owner)
    got = f"ServiceAccount {pod.account} has {names('Secret', planned.secrets)} by now"
    return f"{pod.namespace}/{pod.name} ({owner}) {lack} {listed(planned.images)}; {got}"


def _left(left: Iterable[Left]) -> Iterator[str]:
    """One line for the pods of one owner that are left alone for one reason."""
    alike: dict[tuple[str, str, str, bool, tuple[str, ...], Reason, str], list[Left]] = {}
    for each in left:
        key = (each.pod.namespace, *each.owner, each.is_stuck, each.images, each.reason, each.detail)
        alike.setdefault(key, []).append(each)
    for (namespace, kind, name, is_stuck, images, reason, detail), pods in alike.items():
        who = f"{kind} {namespace}/{name or pods[0].pod.name}"
        many = "" if kind == "Pod" else f", {count(len(pods), 'pod')}"
        lack = "waiting for" if is_stuck else "without a login for"
        why = f"{detail}; {reason.value}" if detail else reason.value
        if reason is Reason.DAEMON_SET:
            why += f"; in turn: kubectl -n {namespace} rollout restart daemonset/{name}"
        yield f"{who}{many} {lack} {listed(images)}: {why}"


def _became(case: Case, outcome: Outcome, said: str) -> str:
    """In words that go on from the pod's name; ``said`` is the case's, without passwords."""
    replacement = f"{case.replacement.pod.name} " if case.replacement else ""
    if outcome is Outcome.REFUSED:
        budget = case.answer.budget if case.answer else ""
        return f"by PodDisruptionBudget {budget}: {line(said)}" if budget else line(said)
    said = line(f"{replacement}{said}")
    return {
        Outcome.GONE: f"nothing was done; {said}" if said else "nothing was done",
        Outcome.REMOVED: f"evicted; {said}",
        Outcome.STILL_WAITING: f"evicted; {said}",
        Outcome.NOT_REPLACED: f"evicted; {said}",
        Outcome.TERMINATING: f"evicted, and not gone yet; {said}" if said else "evicted, and not gone yet",
    }.get(outcome, said)
