"""What steps mean, of which the snapshots hold the ordinary ones."""

import copy
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.review.changes import (
    AccountChange,
    Action,
    Changes,
    NamespaceChange,
    PolicyChange,
    ProviderChange,
    SecretChange,
    changes_of,
)
from pulumi_image_pull_secrets.review.engine_json import Preview

from tests.unit.review.steps import (
    BINDING,
    COMPONENT,
    KEY,
    PATCH,
    POLICY,
    PROVIDER,
    SECRET,
    account,
    account_step,
    namespace_step,
    policy_step,
    preview,
    secret_step,
    state,
    step,
)

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def the_account(found: Preview) -> AccountChange:
    (change,) = changes_of(found).accounts
    return change


@pytest.mark.parametrize("op", ["same", "read", "refresh", "discard", "create-replacement", "delete-replaced"])
def test_what_changes_nothing_by_itself_is_not_told(op: str) -> None:
    assert changes_of(preview(secret_step(op, "shop", "regcred"))) == Changes()


@pytest.mark.parametrize(
    ("op", "paths", "action"),
    [
        ("create", (), Action.CREATED),
        ("import", (), Action.TAKEN_OVER),
        ("delete", (), Action.DELETED),
        ("replace", ('data[".dockerconfigjson"]',), Action.REPLACED),
        ("update", ('data[".dockerconfigjson"]',), Action.ROTATED),
        ("update", ("data",), Action.ROTATED),
        ("update", ("metadata.labels.team",), Action.CHANGED),
        ("update", (), Action.CHANGED),
    ],
)
def test_what_is_done_to_a_secret(op: str, paths: tuple[str, ...], action: Action) -> None:
    found = changes_of(preview(secret_step(op, "shop", "regcred", *paths)))
    assert found == Changes(secrets=(SecretChange("shop", "regcred", action),))


def test_where_the_provider_gives_no_paths_its_properties_do() -> None:
    update = secret_step("update", "shop", "regcred") | {"diffReasons": ["data"]}
    assert changes_of(preview(update)).secrets[0].action is Action.ROTATED


def test_what_is_kept_on_delete_is_forgotten() -> None:
    found = changes_of(
        preview(secret_step("delete", "shop", "regcred", retain=True), namespace_step("delete", "shop", retain=True))
    )
    assert (found.secrets[0].action, found.namespaces[0].action) == (Action.FORGOTTEN, Action.FORGOTTEN)


def test_what_the_refresh_misses_is_made_again() -> None:
    gone = secret_step("create", "shop", "regcred")
    assert changes_of(preview({**gone, "op": "refresh"}, gone)).secrets[0].action is Action.RESTORED


@pytest.mark.parametrize("op", ["create", "update", "delete", "shrink"])
def test_another_resource_is_only_counted(op: str) -> None:
    deployment = step(op, "kubernetes:apps/v1:Deployment", "web", parents="")
    secret = step(op, SECRET, "theirs", new=state("shop", "theirs"), parents="some:other:Component$")
    assert changes_of(preview(deployment, secret)) == Changes(others=((op, 2),))


def test_an_operation_of_a_newer_engine_is_counted_and_not_guessed() -> None:
    assert changes_of(preview(secret_step("transmute", "shop", "regcred"))) == Changes(others=(("transmute", 1),))


def test_the_component_and_the_stack_are_no_changes_by_themselves() -> None:
    component = step("create", COMPONENT, "pulls", parents="")
    assert changes_of(preview(component, step("delete", "pulumi:pulumi:Stack", "s", parents=""))) == Changes()


def test_a_component_inside_of_another_counts_as_well() -> None:
    inner = step(
        "create", SECRET, "pulls/shop/regcred", new=state("shop", "regcred"), parents=f"acme:platform:Base${COMPONENT}$"
    )
    assert changes_of(preview(inner)).secrets == (SecretChange("shop", "regcred", Action.CREATED),)


def test_steps_that_cannot_be_read_are_counted() -> None:
    assert changes_of(preview(None, None)).unreadable == 2


def test_namespaces() -> None:
    found = changes_of(preview(namespace_step("delete", "web"), namespace_step("create", "shop")))
    assert found.namespaces == (NamespaceChange("shop", Action.CREATED), NamespaceChange("web", Action.DELETED))


class TestAccounts:
    def test_what_is_on_the_account_at_first_is_what_others_put_there(self) -> None:
        change = the_account(
            preview(account_step("create", new=account("shop", "web", "theirs", "regcred", ours="regcred")))
        )
        assert (change.before, change.after) == (("theirs",), ("theirs", "regcred"))
        assert (change.attached, change.detached, change.others, change.lost) == (("regcred",), (), ("theirs",), ())

    def test_what_the_cluster_has_counts_and_not_what_was_asked_for_once(self) -> None:
        old = account("shop", "web", "regcred", ours="regcred", live=["late", "regcred"])
        change = the_account(
            preview(
                account_step("update", old=old, new=account("shop", "web", "late", "regcred", ours="regcred")),
            )
        )
        assert (change.before, change.after, change.attached) == (("late", "regcred"), ("late", "regcred"), ())

    def test_where_a_state_holds_nothing_of_the_cluster_what_was_asked_for_counts(self) -> None:
        old = account("shop", "web", "regcred", ours="regcred")
        change = the_account(preview(account_step("update", old=old, new=account("shop", "web", "new", ours="new"))))
        assert (change.detached, change.attached) == (("regcred",), ("new",))

    def test_an_entry_of_somebody_else_that_goes_is_told_apart(self) -> None:
        old = account("shop", "web", live=["theirs", "regcred", "regcred"], ours="regcred")
        change = the_account(preview(account_step("update", old=old, new=account("shop", "web", "regcred"))))
        assert (change.lost, change.detached, change.others) == (("theirs",), (), ())

    def test_names_of_the_configuration_are_ours_whatever_the_annotation_says(self) -> None:
        config = {
            "image-pull-secrets:secretName": "regcred",
            "image-pull-secrets:retiredSecretNames": '["older"]',
            "other:secretName": "theirs",
        }
        old = account("shop", "web", live=["theirs", "older", "regcred"])
        change = the_account(
            preview(account_step("update", old=old, new=account("shop", "web", "theirs", "regcred")), config=config)
        )
        assert (change.detached, change.others) == (("older",), ("theirs",))

    @pytest.mark.parametrize("retired", ["[", "3", "{}", "[3, null]", None, ["older"]])
    def test_a_configuration_of_another_form_says_nothing(self, retired: object) -> None:
        config = {"image-pull-secrets:retiredSecretNames": retired}
        changes_of(preview(account_step("create", new=account("shop", "web", "theirs")), config=config))

    def test_another_owners_annotation_on_the_account_does_not_make_its_names_ours(self) -> None:
        old = account("shop", "web", live=["shared"])
        old["outputs"]["metadata"] = {"annotations": {"image-pull-secrets/other.stack.pulls": "shared"}}
        new = account("shop", "web", "shared", "regcred", ours="regcred")
        change = the_account(preview(account_step("update", old=old, new=new)))
        assert (change.others, change.attached) == (("shared",), ("regcred",))

    def test_a_list_that_only_we_are_on_is_empty_after_a_delete(self) -> None:
        change = the_account(preview(account_step("delete", old=account("shop", "web", "regcred", ours="regcred,"))))
        assert (change.action, change.before, change.after) == (Action.DELETED, ("regcred",), ())

    def test_what_a_delete_makes_of_a_list_that_others_are_on_is_not_known(self) -> None:
        change = the_account(
            preview(account_step("delete", old=account("shop", "web", live=["regcred", "theirs"], ours="regcred")))
        )
        assert (change.after, change.others, change.detached, change.lost) == (None, ("theirs",), (), ())

    def test_a_list_that_is_kept_on_delete_stays(self) -> None:
        old = account("shop", "web", "theirs", "regcred", ours="regcred", retain=True)
        change = the_account(preview(account_step("delete", old=old)))
        assert (change.action, change.after) == (Action.FORGOTTEN, ("theirs", "regcred"))

    def test_a_placeholder_is_no_name(self) -> None:
        old = account("shop", "web", "regcred", ours="regcred")
        assert the_account(preview(account_step("update", old=old, new=account("shop", "web", "")))).after == ()

    @pytest.mark.parametrize("value", [UNKNOWN, "[secret]", {"a": 1}, 3])
    def test_a_list_that_is_not_known_yet(self, value: object) -> None:
        new = account("shop", "web")
        new["inputs"]["imagePullSecrets"] = value
        old = account("shop", "web", "theirs", "regcred", ours="regcred")
        change = the_account(preview(account_step("update", old=old, new=new)))
        assert (change.after, change.attached, change.detached, change.lost) == (None, (), (), ())
        assert the_account(preview(account_step("create", new=new))).before == ()

    def test_the_patch_that_only_makes_sure_of_an_account_is_not_told_beside_the_other(self) -> None:
        exists = account_step("create", new=account("shop", "web"))
        exists["urn"] += "/exists"
        attaching = account_step("create", new=account("shop", "web", "regcred", ours="regcred"))
        for order in ((exists, attaching), (attaching, exists)):
            assert the_account(preview(*copy.deepcopy(order))).attached == ("regcred",)

    @pytest.mark.parametrize("metadata", [None, "[secret]", UNKNOWN, {}, {"name": 3}])
    def test_where_the_metadata_are_not_known_its_name_in_the_program_holds_the_place(self, metadata: object) -> None:
        new = {"inputs": {"metadata": metadata}}
        change = the_account(preview(step("create", PATCH, "my/pulls/shop/web", new=new)))
        assert (change.namespace, change.name) == ("shop", "web")


class TestRenames:
    def counterparts(self, found: Preview) -> dict[str, str | None]:
        return {secret.name: secret.counterpart for secret in changes_of(found).secrets}

    def moved(self, namespace: str, old: str, new: str) -> dict[str, object]:
        return account_step(
            "update", old=account(namespace, "web", old, ours=old), new=account(namespace, "web", new, ours=new)
        )

    def test_by_what_an_account_names(self) -> None:
        found = preview(
            secret_step("create", "shop", "new"),
            secret_step("create", "shop", "other"),
            secret_step("delete", "shop", "old"),
            self.moved("shop", "old", "new"),
        )
        assert self.counterparts(found) == {"new": "old", "other": None, "old": "new"}

    def test_of_a_namespace_without_accounts(self) -> None:
        found = preview(secret_step("create", "shop", "new"), secret_step("delete", "shop", "old"))
        assert self.counterparts(found) == {"new": "old", "old": "new"}

    def test_not_across_namespaces(self) -> None:
        found = preview(
            secret_step("create", "shop", "new"), secret_step("delete", "web", "old"), self.moved("api", "old", "new")
        )
        assert self.counterparts(found) == {"new": None, "old": None}

    def test_not_where_it_could_be_either(self) -> None:
        found = preview(
            secret_step("create", "shop", "a"), secret_step("create", "shop", "b"), secret_step("delete", "shop", "c")
        )
        assert set(self.counterparts(found).values()) == {None}


class TestPolicies:
    def change(self, *steps: dict[str, object]) -> PolicyChange:
        found = changes_of(preview(*steps))
        assert (found.others, found.any) == ((), True)
        (change,) = found.policies
        return change

    @pytest.mark.parametrize(
        ("op", "action"),
        [
            ("create", Action.CREATED),
            ("import", Action.TAKEN_OVER),
            ("replace", Action.REPLACED),
            ("delete", Action.DELETED),
        ],
    )
    def test_with_its_binding_it_is_one(self, op: str, action: Action) -> None:
        both = policy_step(op, POLICY), policy_step(op, BINDING)
        assert self.change(*both) == PolicyChange("pulls-of-prod", action)

    def test_of_an_older_version_it_is_the_same(self) -> None:
        older = POLICY.replace("/v1:", "/v1beta1:")
        assert self.change(policy_step("create", older)) == PolicyChange("pulls-of-prod", Action.CREATED)

    def test_without_one_of_the_two_it_does_nothing(self) -> None:
        changed, gone = policy_step("update", POLICY, "spec.variables[1].expression"), policy_step("delete", BINDING)
        assert self.change(changed, gone).action is Action.DELETED
        assert self.change(policy_step("delete", BINDING)).action is Action.DELETED

    def test_what_the_refresh_misses_is_made_again(self) -> None:
        gone = policy_step("create", BINDING)
        assert self.change({**gone, "op": "refresh"}, gone).action is Action.RESTORED

    def test_what_is_kept_on_delete_is_forgotten(self) -> None:
        assert self.change(policy_step("delete", POLICY, retain=True)).action is Action.FORGOTTEN

    @pytest.mark.parametrize(
        ("kind", "paths", "chooses", "gives"),
        [
            (POLICY, ["spec.variables[1].expression"], True, False),
            (POLICY, ["spec.mutations[0].jsonPatch.expression", "spec.matchConditions[0].expression"], False, True),
            (POLICY, ["spec.variables[1].expression", "spec.mutations[0].jsonPatch.expression"], True, True),
            (POLICY, ["spec"], True, True),
            (POLICY, [], True, True),
            (POLICY, ["apiVersion", "metadata.annotations"], False, False),
            (BINDING, ["spec.matchResources"], True, False),
            (BINDING, ["metadata.annotations"], False, False),
        ],
    )
    def test_what_of_it_changes(self, kind: str, paths: list[str], chooses: bool, gives: bool) -> None:
        expected = PolicyChange("pulls-of-prod", Action.CHANGED, chooses_otherwise=chooses, gives_otherwise=gives)
        assert self.change(policy_step("update", kind, *paths)) == expected

    @pytest.mark.parametrize(("chosen", "is_out_of_force"), [("false", True), ("true", False)])
    def test_one_that_chooses_nobody_is_out_of_force(self, chosen: str, is_out_of_force: bool) -> None:
        changed = policy_step("update", POLICY, "spec.variables[1].expression")
        changed["newState"]["inputs"]["spec"] = {"variables": [{"name": "chosen", "expression": chosen}]}
        assert self.change(changed).is_out_of_force is is_out_of_force

    def test_each_owner_has_its_own(self) -> None:
        found = changes_of(preview(policy_step("create", POLICY, name="b"), policy_step("delete", POLICY, name="a")))
        assert found.policies == (PolicyChange("a", Action.DELETED), PolicyChange("b", Action.CREATED))

    def test_one_that_the_component_does_not_make_is_only_counted(self) -> None:
        theirs = step("create", POLICY, "theirs", new=state("", "theirs"), parents="")
        another = step("create", POLICY.replace("/v1:", "/v2:"), "pulls/policy", new=state("", "theirs"))
        assert changes_of(preview(theirs, another)) == Changes(others=(("create", 2),))


class TestProvider:
    def change(self, op: str, old: Mapping[str, object], new: Mapping[str, object], *paths: str) -> tuple[object, ...]:
        made = step(op, PROVIDER, "cluster", old={"inputs": old}, new={"inputs": new}, paths=paths, parents="")
        return changes_of(preview(made)).providers

    @pytest.mark.parametrize("op", ["update", "replace"])
    def test_another_context(self, op: str) -> None:
        found = self.change(op, {"context": "acme-staging"}, {"context": "acme-prod"}, "context")
        assert found == (ProviderChange("acme-staging", "acme-prod", is_another=op == "replace"),)

    def test_another_kubeconfig(self) -> None:
        config = {"context": "c", "kubeconfig": "[secret]"}
        assert self.change("update", config, config, "kubeconfig") == (ProviderChange("c", "c"),)
        assert self.change("update", config, config, 'kubeconfig["clusters"]') == (ProviderChange("c", "c"),)

    def test_another_cluster_under_the_same_name(self) -> None:
        old, new = ({"context": "c", "clusterIdentifier": identifier} for identifier in ("a", "b"))
        expected = (ProviderChange("c", "c", is_another=True),)
        assert self.change("replace", old, new, "clusterIdentifier") == expected
        assert self.change("update", old, new) == expected

    def test_an_identifier_that_comes_or_goes_is_not_another_cluster(self) -> None:
        without, given = {"context": "c"}, {"context": "c", "clusterIdentifier": "a"}
        assert self.change("update", without, given, "clusterIdentifier") == ()
        assert self.change("update", given, without, "clusterIdentifier") == ()
        assert self.change("update", given, given, "kubeClientSettings") == ()

    def test_another_rate_is_not_another_cluster(self) -> None:
        assert self.change("update", {"context": "c"}, {"context": "c"}, "kubeClientSettings") == ()

    @pytest.mark.parametrize("op", ["create", "delete"])
    def test_one_that_comes_or_goes_moves_nothing(self, op: str) -> None:
        made = step(op, PROVIDER, "cluster", new={"inputs": {"context": "c"}}, parents="")
        assert changes_of(preview(made)) == Changes()


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "namespace", "metadata", "annotations", "imagePullSecrets", KEY, "context"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
PROPERTIES = st.dictionaries(st.sampled_from(["metadata", "imagePullSecrets", "context", "data"]), VALUE, max_size=4)
STATE = st.none() | st.fixed_dictionaries({"inputs": PROPERTIES, "outputs": PROPERTIES})


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["create", "update", "delete", "replace", "import", "refresh"]),
            st.sampled_from([SECRET, PATCH, PROVIDER, POLICY, BINDING, "kubernetes:core/v1:Namespace"]),
            st.text(max_size=6),
            STATE,
            STATE,
        ),
        max_size=4,
    )
)
def test_properties_of_any_form_are_survived(parts: list[tuple[str, str, str, object, object]]) -> None:
    steps = [{**step(op, kind, name), "oldState": old, "newState": new} for op, kind, name, old, new in parts]
    changes_of(preview(*steps))
