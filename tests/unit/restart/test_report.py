"""What is told of a plan and of what became of it."""

import pytest
from pulumi_image_pull_secrets.doctor.view import View
from pulumi_image_pull_secrets.restart.eviction import Answer, Verdict
from pulumi_image_pull_secrets.restart.plan import Planned, plan
from pulumi_image_pull_secrets.restart.recreation import Case, Outcome
from pulumi_image_pull_secrets.restart.replacement import pod_now
from pulumi_image_pull_secrets.restart.report import outcome_line, plan_lines, summary

from tests.unit.doctor.observed import (
    NOT_FOUND,
    UNAUTHORIZED,
    account,
    config,
    container,
    deployment,
    login,
    observe,
    pod,
    secret,
)
from tests.unit.restart.test_replacement import item

EMPTY = View(observe())


def case(outcome: Outcome, said: str = "", *, replacement: str = "", answer: Answer | None = None) -> Case:
    planned = Planned(pod(name="old"), ("Deployment", "web"), ("ghcr.io/acme/web:1",), ("regcred",), True)
    now = pod_now(item(replacement)) if replacement else None
    return Case(planned, answer, outcome=outcome, said=said, replacement=now)


def told(outcome: Outcome, said: str = "", *, replacement: str = "", answer: Answer | None = None) -> str:
    line = outcome_line(case(outcome, said, replacement=replacement, answer=answer), EMPTY)
    return line.word + line.text


def test_a_plan_names_every_pod_and_groups_those_that_are_left() -> None:
    mended = pod(container(said=UNAUTHORIZED), name="a", owner=("ReplicaSet", "web-1"))
    others = [pod(container(said=NOT_FOUND), name=name, owner=("ReplicaSet", "web-1")) for name in "bc"]
    seen = observe(account("regcred"), secret(), deployment(), mended, *others)
    lines = [line.word + line.text for line in plan_lines(plan(View(seen)), "staging")]
    assert lines == [
        "to recreate: 1 pod in 1 namespace of staging",
        "  shop/a (Deployment web) waits for ghcr.io/acme/web:1; ServiceAccount default has Secret regcred by now",
        "left alone: 2 pods",
        "  Deployment shop/web, 2 pods waiting for ghcr.io/acme/web:1: not found; a restart doesn't mend that",
    ]


def test_what_others_chose_does_not_act_on_a_terminal() -> None:
    bad = pod(container("ghcr.io/acme/web:1\x1b[2J", said=UNAUTHORIZED))
    lines = [line.text for line in plan_lines(plan(View(observe(account(), bad))), "sta\x1bging")]
    assert lines[0] == ": no pod of sta\\x1bging is to be recreated"
    assert "\x1b" not in "".join(lines)
    assert "\x1b" not in told(Outcome.REFUSED, "no\x1b[2J")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (told(Outcome.REPLACED, "is ready", replacement="new"), "recreated     shop/old: new is ready"),
        (told(Outcome.GONE), "gone before   shop/old: nothing was done"),
        (
            told(Outcome.STILL_WAITING, "waits for x: ErrImagePull", replacement="new"),
            "still waiting shop/old: evicted; new waits for x: ErrImagePull",
        ),
        (
            told(Outcome.NOT_REPLACED, "ReplicaSet web-1 has made no new pod"),
            "not replaced  shop/old: evicted; ReplicaSet web-1 has made no new pod",
        ),
        (told(Outcome.TERMINATING), "terminating   shop/old: evicted, and not gone yet"),
        (
            told(Outcome.REFUSED, "needs 1", answer=Answer(Verdict.LATER, "needs 1", "web")),
            "refused       shop/old: by PodDisruptionBudget web: needs 1",
        ),
        (told(Outcome.REFUSED, "a webhook's words"), "refused       shop/old: a webhook's words"),
        (told(Outcome.NOT_TRIED, "interrupted"), "not tried     shop/old: interrupted"),
    ],
)
def test_what_became_of_a_pod(line: str, text: str) -> None:
    assert line == text


def test_a_password_that_a_registry_repeats_is_not_told() -> None:
    content = config(**{"ghcr.io": login(password="made-up-by-the-test")})
    line = outcome_line(
        case(Outcome.STILL_WAITING, "made-up-by-the-test is wrong"), View(observe(secret(content=content)))
    )
    assert line.text == "shop/old: evicted; *** is wrong"


@pytest.mark.parametrize("outcome", [Outcome.STILL_WAITING, Outcome.REFUSED])
def test_no_part_of_a_password_is_told_where_a_long_message_is_cut(outcome: Outcome) -> None:
    password = "made-up-by-the-test-" * 3
    seen = View(observe(secret(content=config(**{"ghcr.io": login(password=password)}))))
    for length in range(200, 310, 5):
        text = outcome_line(case(outcome, "x" * length + " " + password + " is wrong"), seen).text
        assert "made" not in text


def test_the_summary_counts_and_says_what_to_do_next() -> None:
    cases = [case(Outcome.REPLACED), case(Outcome.REPLACED), case(Outcome.STILL_WAITING)]
    line = summary(cases, is_interrupted=False)
    assert line.text == "2 recreated, 1 still waiting; see why: pull-secrets doctor -n shop"
    assert summary(cases[:2], is_interrupted=True).word == "interrupted: "
