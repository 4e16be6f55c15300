"""What a reviewer is warned of, and what not."""

from typing import Any

import pytest
from pulumi_image_pull_secrets.review.changes import (
    AccountChange,
    Action,
    Changes,
    NamespaceChange,
    PolicyChange,
    ProviderChange,
    SecretChange,
)
from pulumi_image_pull_secrets.review.report import Review, together
from pulumi_image_pull_secrets.review.risks import Level, Pods, Risk, is_production, risks_of
from pulumi_image_pull_secrets.review.wording import plain


def changes(unreadable: int = 0, **parts: Any) -> Changes:
    return Changes(unreadable=unreadable, **{name: tuple(value) for name, value in parts.items()})


def account(
    before: tuple[str, ...] | None, after: tuple[str, ...] | None, action: Action = Action.CHANGED, name: str = "web"
) -> AccountChange:
    return AccountChange("shop", name, action, before, after, frozenset({"regcred", "new"}))


def told(found: Changes, **options: Any) -> dict[str, tuple[str, ...]]:
    return {risk.code: risk.objects for risk in risks_of(found, **options)}


def the_risk(found: Changes, **options: Any) -> Risk:
    (risk,) = risks_of(found, **options)
    return risk


def test_ordinary_changes_are_no_risk() -> None:
    assert not told(
        changes(
            namespaces=[NamespaceChange("shop", Action.CREATED), NamespaceChange("web", Action.FORGOTTEN)],
            secrets=[
                SecretChange("shop", "new", Action.CREATED),
                SecretChange("shop", "regcred", Action.ROTATED),
                SecretChange("shop", "a", Action.RESTORED),
                SecretChange("shop", "b", Action.FORGOTTEN),
            ],
            accounts=[
                account(("theirs",), ("theirs", "regcred")),
                account(("regcred",), ("new",)),
                account((), ("new",)),
                account(("theirs", "regcred"), ("theirs",)),
                account((), ()),
            ],
            policies=[PolicyChange("a", Action.CHANGED, chooses_otherwise=True), PolicyChange("b", Action.RESTORED)],
            others=(("delete", 3),),
        )
    )


def test_steps_that_cannot_be_read_come_first() -> None:
    found = changes(unreadable=2, namespaces=[NamespaceChange("shop", Action.DELETED)])
    assert list(told(found)) == ["steps-unreadable", "namespace-deleted"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("acme-staging", "acme-prod", "the stack moves to another context, from acme-staging to acme-prod"),
        (None, "acme-prod", "the stack moves to another context, from unknown to acme-prod"),
        ("acme", "acme", "the kubeconfig changes; is it the same cluster?"),
    ],
)
def test_another_cluster(before: str | None, after: str | None, message: str) -> None:
    risk = the_risk(changes(providers=[ProviderChange(before, after)]))
    assert (risk.code, plain(risk.message)) == ("cluster-changed", message)


def test_another_cluster_with_the_same_context() -> None:
    message = "the provider takes the cluster of the same context for another one; is it?"
    risk = the_risk(changes(providers=[ProviderChange("acme", "acme", is_another=True)]))
    assert (risk.code, plain(risk.message)) == ("cluster-changed", message)


@pytest.mark.parametrize("action", [Action.DELETED, Action.REPLACED])
def test_a_namespace_that_goes_takes_all_with_it_and_that_is_told_once(action: Action) -> None:
    found = changes(
        namespaces=[NamespaceChange("shop", action)],
        secrets=[SecretChange("shop", "regcred", Action.DELETED)],
        accounts=[account(("regcred",), ())],
    )
    assert told(found) == {"namespace-deleted": ("shop",)}


def test_a_secret_that_is_replaced() -> None:
    assert told(changes(secrets=[SecretChange("shop", "regcred", Action.REPLACED)])) == {
        "secret-replaced": ("shop/regcred",)
    }


@pytest.mark.parametrize("is_another", [True, False])
def test_a_setting_of_the_provider_does_not_keep_a_secret_in_a_cluster_that_the_stack_leaves(is_another: bool) -> None:
    found = changes(
        providers=[ProviderChange("acme-staging", "acme-prod", is_another)],
        secrets=[SecretChange("shop", name, Action.REPLACED) for name in ("a", "b")],
    )
    _, risk = risks_of(found)
    moved = (
        "Secrets are deleted in the old cluster and made in the new one, and pulls in the old one fail: shop/a, shop/b"
    )
    assert (risk.code, risk.objects) == ("secret-replaced", ("shop/a", "shop/b"))
    assert (plain(risk.message) == moved) is is_another
    assert ("enable_secret_mutable" in plain(risk.message)) is not is_another


@pytest.mark.parametrize(
    ("change", "code", "level"),
    [
        (account(("regcred",), ()), "account-emptied", Level.RISK),
        (account(("regcred",), (), Action.DELETED), "account-emptied", Level.RISK),
        (account(("theirs", "regcred"), ("regcred",)), "foreign-entry-lost", Level.RISK),
        (account(("theirs", "regcred"), ("theirs", "regcred"), Action.FORGOTTEN), "entry-stays", Level.NOTE),
        (account(("theirs",), None), "list-unknown", Level.NOTE),
    ],
)
def test_accounts(change: AccountChange, code: str, level: Level) -> None:
    risk = the_risk(changes(accounts=[change]))
    assert (risk.code, risk.level, risk.objects) == (code, level, ("shop/web",))


def test_an_account_that_names_what_is_deleted() -> None:
    found = changes(
        secrets=[SecretChange("shop", "theirs", Action.DELETED), SecretChange("web", "regcred", Action.DELETED)],
        accounts=[account(("theirs",), ("theirs", "regcred")), account((), ("regcred",), name="other")],
    )
    assert told(found)["account-dangling"] == ("shop/web",)


MADE_LATER = "ServiceAccounts made later in the chosen namespaces"


@pytest.mark.parametrize(
    ("action", "code", "level", "message"),
    [
        (
            Action.CREATED,
            "policy-created",
            Level.NOTE,
            f"{MADE_LATER} get the name at their creation, by the MutatingAdmissionPolicy a, which is the whole "
            "cluster's",
        ),
        (
            Action.REPLACED,
            "policy-replaced",
            Level.RISK,
            "ServiceAccounts made in between don't get the name at their creation, by the MutatingAdmissionPolicy a, "
            "which is deleted and made anew",
        ),
        (
            Action.DELETED,
            "policy-ended",
            Level.RISK,
            f"{MADE_LATER} no longer get the name at their creation, by the MutatingAdmissionPolicy a; until an up "
            "attaches the name, their pods pull without a credential",
        ),
    ],
)
def test_policies(action: Action, code: str, level: Level, message: str) -> None:
    risk = the_risk(changes(policies=[PolicyChange("a", action)]))
    assert (risk.code, risk.level, plain(risk.message), risk.objects) == (code, level, message, ("a",))


def test_a_policy_that_is_put_out_of_force_is_told_as_one_that_goes() -> None:
    policy = PolicyChange("a", Action.CHANGED, chooses_otherwise=True, is_out_of_force=True)
    assert the_risk(changes(policies=[policy])).code == "policy-ended"


def test_of_one_that_is_out_of_force_anyway_there_is_nothing_to_tell() -> None:
    policies = [PolicyChange("a", action, is_out_of_force=True) for action in (Action.CREATED, Action.CHANGED)]
    assert told(changes(policies=policies)) == {}


def test_several_policies_are_told_at_once() -> None:
    risk = the_risk(changes(policies=[PolicyChange("a", Action.CREATED), PolicyChange("b", Action.CREATED)]))
    assert "by the MutatingAdmissionPolicies a, b, which" in plain(risk.message)
    assert risk.objects == ("a", "b")


class TestPods:
    FOUND = changes(secrets=[SecretChange("shop", "a", Action.DELETED), SecretChange("shop", "b", Action.DELETED)])

    def test_without_a_look_each_secret_that_goes_is_a_risk(self) -> None:
        assert told(self.FOUND) == {"secret-deleted": ("shop/a", "shop/b")}

    def test_no_pod_no_risk(self) -> None:
        assert not told(self.FOUND, pods=Pods({("shop", "a"): 0, ("shop", "b"): 0}))

    def test_pods_are_counted(self) -> None:
        risk = the_risk(self.FOUND, pods=Pods({("shop", "a"): 3, ("shop", "b"): 0}))
        assert (risk.code, risk.objects) == ("secret-in-use", ("shop/a",))
        assert plain(risk.message).startswith("3 pods name a Secret that is deleted, and the next pull of each fails")
        one = the_risk(self.FOUND, pods=Pods({("shop", "a"): 1, ("shop", "b"): 0}))
        assert plain(one.message).startswith("1 pod names a Secret")

    def test_what_was_not_looked_for_stays_a_risk(self) -> None:
        assert told(self.FOUND, pods=Pods({("shop", "a"): 0})) == {"secret-deleted": ("shop/b",)}


def test_adopt_is_worth_a_note_where_something_is_created() -> None:
    created = changes(secrets=[SecretChange("shop", "regcred", Action.CREATED)])
    assert told(created, adopts=True) == {"secret-adopted": ("shop/regcred",)}
    assert not told(changes(secrets=[SecretChange("shop", "regcred", Action.ROTATED)]), adopts=True)


def test_many_objects_are_one_risk_with_a_few_named_and_all_kept() -> None:
    found = changes(namespaces=[NamespaceChange(f"n{number}", Action.DELETED) for number in range(7)])
    risk = the_risk(found)
    assert plain(risk.message) == "namespaces are deleted with all that is in them: n0, n1, n2, n3, n4 and 2 more"
    assert len(risk.objects) == 7


@pytest.mark.parametrize("stack", ["prod", "Production", "prod-eu", "eu.prod", "acme/shop/prod", "live", "prd_2"])
def test_production(stack: str) -> None:
    assert is_production(stack)


@pytest.mark.parametrize(
    "stack", ["preprod", "pre-prod", "non_prod", "staging", "product", "liverpool", "prod/shop/dev", "", "reprod"]
)
def test_not_production(stack: str) -> None:
    assert not is_production(stack)


class TestTogether:
    CHANGED = changes(secrets=[SecretChange("shop", "regcred", Action.ROTATED)])

    def codes(self, *stacks: tuple[str, Changes]) -> list[list[str]]:
        reviews = together([Review(stack, found) for stack, found in stacks])
        return [[risk.code for risk in review.risks] for review in reviews]

    def test_production_with_another(self) -> None:
        assert self.codes(("staging", self.CHANGED), ("prod", self.CHANGED)) == [["environments-mixed"]] * 2

    def test_not_where_only_one_of_them_changes(self) -> None:
        assert self.codes(("staging", changes()), ("prod", self.CHANGED)) == [[], []]
        assert self.codes(("staging", self.CHANGED), ("preprod", self.CHANGED)) == [[], []]
        assert self.codes(("prod-eu", self.CHANGED), ("prod-us", self.CHANGED)) == [[], []]

    def test_who_does_not_change_is_not_told(self) -> None:
        codes = self.codes(("dev", changes()), ("staging", self.CHANGED), ("prod", self.CHANGED))
        assert codes == [[], ["environments-mixed"], ["environments-mixed"]]

    def test_who_may_change_counts_as_changing(self) -> None:
        codes = self.codes(("staging", changes(unreadable=1)), ("prod", self.CHANGED))
        assert codes == [["environments-mixed"]] * 2
