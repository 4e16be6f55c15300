"""The report for people at a terminal: nothing in it acts, and every kind of change has its words."""

import io

import pytest
from pulumi_image_pull_secrets.review.changes import (
    AccountChange,
    Action,
    Changes,
    NamespaceChange,
    PolicyChange,
    SecretChange,
)
from pulumi_image_pull_secrets.review.report import MOST_NOTES, Review, review_of
from pulumi_image_pull_secrets.review.report_text import render
from pulumi_image_pull_secrets.review.risks import Level, Risk
from pulumi_image_pull_secrets.review.wording import Name, plain

from tests.unit.review.steps import preview

OURS = frozenset({"regcred", "new"})
ATTACKS = ["[red]x[/red]", "\x1b[2J\x1b]0;title\x07", "\x9b31m", "a\r\nb", "\u202egnp.exe", "\ud800", "<b>", ":smile:"]


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def lines(review: Review) -> list[str]:
    return render([review], io.StringIO()).splitlines()


def account(before: tuple[str, ...] | None, after: tuple[str, ...] | None, action: Action = Action.CHANGED) -> str:
    change = AccountChange("shop", "web", action, before, after, OURS)
    return lines(Review("prod", Changes(accounts=(change,))))[-1].strip()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ((), ("regcred",), "~ ServiceAccount web: regcred attached"),
        (("a",), ("a", "regcred", "new"), "~ ServiceAccount web: regcred, new attached; also there: a"),
        (("regcred",), (), "~ ServiceAccount web: regcred detached"),
        (("regcred",), ("new",), "~ ServiceAccount web: regcred → new"),
        (("regcred", "new"), (), "~ ServiceAccount web: regcred, new detached"),
        (("a", "b", "regcred"), ("b", "regcred"), "~ ServiceAccount web: somebody else's a taken off; also there: b"),
        (("a", "regcred"), ("new",), "~ ServiceAccount web: regcred → new, somebody else's a taken off"),
        (("regcred",), ("regcred",), "~ ServiceAccount web: applied again; the list stays as it is"),
        (("a", "b"), ("b", "a"), "~ ServiceAccount web: in another order; also there: b, a"),
        (("a", "regcred"), None, "~ ServiceAccount web: its list shows in the up only; also there: a"),
        (None, ("new",), "~ ServiceAccount web: new attached"),
        (
            tuple("abcdefg"),
            (*"abcdefg", "new"),
            "~ ServiceAccount web: new attached; also there: a, b, c, d, e and 2 more",
        ),
    ],
)
def test_what_becomes_of_an_account(before: tuple[str, ...] | None, after: tuple[str, ...] | None, words: str) -> None:
    assert account(before, after) == words


def test_an_account_that_is_forgotten() -> None:
    words = account(("a", "regcred"), ("a", "regcred"), Action.FORGOTTEN)
    assert words == "· ServiceAccount web: stays as it is, and the stack forgets it; also there: a"


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Action.CREATED, "+ Secret regcred: created"),
        (Action.RESTORED, "+ Secret regcred: made again: it is in the stack, and gone from the cluster"),
        (Action.TAKEN_OVER, "= Secret regcred: taken over"),
        (Action.ROTATED, "~ Secret regcred: password or registries changed"),
        (Action.CHANGED, "~ Secret regcred: metadata changed"),
        (Action.REPLACED, "± Secret regcred: deleted and made anew"),
        (Action.DELETED, "- Secret regcred: deleted"),
        (Action.FORGOTTEN, "· Secret regcred: stays, and the stack forgets it"),
    ],
)
def test_what_becomes_of_a_secret(action: Action, words: str) -> None:
    found = lines(Review("prod", Changes(secrets=(SecretChange("shop", "regcred", action),))))
    assert found == [f"prod: 1 Secret {action.value}", "  shop", f"    {words}"]


@pytest.mark.parametrize("action", [one for one in Action if one is not Action.ROTATED])
def test_each_action_has_words_for_a_namespace(action: Action) -> None:
    found = lines(Review("prod", Changes(namespaces=(NamespaceChange("shop", action),))))
    assert found[0] == f"prod: 1 namespace {action.value}"
    assert found[2].partition("Namespace shop: ")[2]


POLICY_WORDS = {
    Action.CREATED: "+ MutatingAdmissionPolicy a: created",
    Action.RESTORED: "+ MutatingAdmissionPolicy a: made again: it is in the stack, and gone from the cluster",
    Action.TAKEN_OVER: "= MutatingAdmissionPolicy a: taken over",
    Action.CHANGED: "~ MutatingAdmissionPolicy a: changed, and does what it did",
    Action.REPLACED: "± MutatingAdmissionPolicy a: deleted and made anew",
    Action.DELETED: "- MutatingAdmissionPolicy a: deleted",
    Action.FORGOTTEN: "· MutatingAdmissionPolicy a: stays, and the stack forgets it",
}


@pytest.mark.parametrize(("action", "words"), POLICY_WORDS.items())
def test_what_becomes_of_a_policy(action: Action, words: str) -> None:
    found = lines(Review("prod", Changes(policies=(PolicyChange("a", action),))))
    assert found == [f"prod: 1 admission policy {action.value}", "  the whole cluster", f"    {words}"]


@pytest.mark.parametrize(
    ("chooses", "gives", "words"),
    [
        (True, False, "which ServiceAccounts it chooses"),
        (False, True, "what ServiceAccounts made later get"),
        (True, True, "which ServiceAccounts it chooses, and what ServiceAccounts made later get"),
    ],
)
def test_what_of_a_policy_changes(chooses: bool, gives: bool, words: str) -> None:
    change = PolicyChange("a", Action.CHANGED, chooses, gives)
    *_, last = lines(Review("prod", Changes(policies=(change,))))
    assert last == f"    ~ MutatingAdmissionPolicy a: changed: {words}"


def test_what_is_the_whole_clusters_comes_first_and_is_counted() -> None:
    changes = Changes(
        namespaces=(NamespaceChange("a", Action.CREATED),),
        policies=(PolicyChange("b", Action.CREATED), PolicyChange("c", Action.CREATED)),
    )
    first, *places = [line for line in lines(Review("prod", changes)) if not line.startswith("    ")]
    assert first == "prod: 1 namespace created, 2 admission policies created"
    assert places == ["  the whole cluster", "  a"]


class TestNotes:
    RISK = Risk("a-b", Level.RISK, ("a risk",))

    def said(self, *messages: str) -> list[str]:
        diagnostics = [{"message": f"{message}\n", "severity": "info"} for message in messages]
        return [line for line in lines(review_of(preview(diagnostics=diagnostics), "prod")) if "info: " in line]

    def test_they_come_after_risks_and_warnings_and_before_what_changes(self) -> None:
        changes = Changes(namespaces=(NamespaceChange("shop", Action.CREATED),))
        found = lines(Review("prod", changes, (self.RISK,), warnings=("careful",), notes=("chooses shop",)))
        assert found[1:4] == ["  risk: a risk", "  warning: careful", "  info: chooses shop"]
        assert len(found) == 6

    def test_each_is_a_line_of_its_own_and_told_once(self) -> None:
        assert self.said("a\n\n  b", "c", "a\n\n  b") == ["  info: a", "  info: b", "  info: c"]

    def test_a_preview_that_failed_has_them_too(self) -> None:
        diagnostics = [{"message": "chooses shop", "severity": "info"}, {"message": "no", "severity": "error"}]
        found = lines(review_of(preview(diagnostics=diagnostics), "prod"))
        assert found == ["prod: the preview failed", "  error: no", "  info: chooses shop"]

    def test_of_a_flood_only_the_number_is_told(self) -> None:
        *found, last = self.said("\n".join(map(str, range(30))), *(f"printed {number}" for number in range(1_000)))
        assert (len(found), last) == (MOST_NOTES, f"  info: … {30 + 1_000 - MOST_NOTES} more lines")
        (long,) = self.said("a" * 1_000_000)
        assert len(long) < 3_000

    @pytest.mark.parametrize("attack", ATTACKS)
    def test_nothing_in_them_acts(self, attack: str) -> None:
        diagnostics = [{"message": "chooses " + attack.replace("\r\n", " "), "severity": "info"}]
        told = render([review_of(preview(diagnostics=diagnostics), "prod")], Terminal())
        harmless = render([review_of(preview(diagnostics=[{"message": "a", "severity": "info"}]), "prod")], Terminal())
        assert told.count("\x1b") == harmless.count("\x1b")
        assert len(told.splitlines()) == len(harmless.splitlines())


def test_changes_elsewhere_are_counted() -> None:
    assert lines(Review("prod", Changes(others=(("create", 2), ("delete", 1))))) == [
        "prod: no changes of image pull secrets; 3 changes elsewhere",
        "  Not about image pull secrets: 2 to create, 1 to delete",
    ]


@pytest.mark.parametrize(
    ("changes", "headline"),
    [
        (Changes(unreadable=1), "1 step can't be read"),
        (Changes(others=(("create", 3),), unreadable=2), "3 changes elsewhere; 2 steps can't be read"),
        (
            Changes(namespaces=(NamespaceChange("shop", Action.CREATED),), unreadable=2),
            "1 namespace created; 2 steps can't be read",
        ),
        (
            Changes(namespaces=(NamespaceChange("shop", Action.CREATED),), others=(("create", 1),), unreadable=1),
            "1 namespace created; 1 change elsewhere; 1 step can't be read",
        ),
    ],
)
def test_beside_steps_that_cannot_be_read_nothing_is_said_not_to_change(changes: Changes, headline: str) -> None:
    assert lines(Review("prod", changes))[0] == f"prod: {headline}"


def test_a_preview_that_failed() -> None:
    found = lines(Review("prod", errors=("first\n  second\n\n",), warnings=("careful",)))
    assert found == ["prod: the preview failed", "  error: first", "    second", "  warning: careful"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_acts(attack: str) -> None:
    changes = Changes(
        secrets=(SecretChange(attack, attack, Action.CREATED, attack),),
        accounts=(AccountChange(attack, attack, Action.CHANGED, (attack,), (attack, "regcred"), OURS),),
        policies=(PolicyChange(attack, Action.CREATED),),
        others=((attack, 1),),
    )
    risks = (Risk("a-b", Level.RISK, ("a ", Name(attack))),)
    harmless = render([Review("prod", Changes(
        secrets=(SecretChange("n", "n", Action.CREATED, "n"),),
        accounts=(AccountChange("n", "n", Action.CHANGED, ("n",), ("n", "regcred"), OURS),),
        policies=(PolicyChange("n", Action.CREATED),),
        others=(("n", 1),),
    ), (Risk("a-b", Level.RISK, ("a ", Name("n"))),), warnings=("n",))], Terminal())  # fmt: skip
    told = render([Review("prod", changes, risks, warnings=(attack.replace("\r\n", " "),))], Terminal())
    assert told.count("\x1b") == harmless.count("\x1b")
    assert len(told.splitlines()) == len(harmless.splitlines())
    assert told.encode().decode() == told


def test_a_name_that_would_not_be_seen_is_quoted() -> None:
    assert plain([Name("")]) == '""'
    assert plain([Name(" ")]) == '""'
    assert plain([Name(" a ")]) == '"a"'
    assert plain([Name("a")]) == "a"


def test_a_file_that_knows_ascii_only() -> None:
    change = AccountChange("shop", "web", Action.CHANGED, ("regcred",), ("new",), OURS)
    told = render([Review("prod", Changes(accounts=(change,)))], io.TextIOWrapper(io.BytesIO(), "ascii"))
    assert r"regcred \u2192 new" in told
