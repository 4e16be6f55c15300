"""Names, globs and selectors against what a cluster has: what is chosen, what is left out and why."""

from collections.abc import Mapping
from typing import Any

import pytest
from pulumi_image_pull_secrets.attachment import EXCLUDE_ANNOTATION, OWNER_ANNOTATION, LiveAccount
from pulumi_image_pull_secrets.preflight import LiveNamespace, WantedNamespace
from pulumi_image_pull_secrets.selection import NamespaceSeen, Outcome, Selection, choose, choose_accounts
from pulumi_image_pull_secrets.validation import find_problems

TEAMS = {
    name: NamespaceSeen(name, labels)
    for name, labels in {
        "team-a": {"team": "a"},
        "team-b": {"team": "b", "env": "dev"},
        "shop": {"team": "shop"},
        "kube-system": {"team": "a"},
        "default": {},
    }.items()
}


def selection(*entries: dict[str, Any], exclude: tuple[dict[str, Any], ...] = ()) -> Selection:
    return Selection.parse({"namespaces": list(entries), "exclude": list(exclude)})


def chosen(*entries: dict[str, Any], exclude: tuple[dict[str, Any], ...] = ()) -> list[str]:
    return [choice.name for choice in choose(selection(*entries, exclude=exclude), TEAMS).namespaces]


def accounts(*entries: dict[str, Any], live: Mapping[str, tuple[str, ...]], out: str = "") -> Outcome[WantedNamespace]:
    seen = {name: NamespaceSeen(name, {}) for name in live}
    found = {
        namespace: LiveNamespace(
            accounts={name: LiveAccount(has_opted_out=f"{namespace}/{name}" == out) for name in names}
        )
        for namespace, names in live.items()
    }
    return choose_accounts(choose(selection(*entries), seen).namespaces, found)


def names_of(outcome: Outcome[WantedNamespace]) -> dict[str, tuple[str, ...]]:
    return {entry.name: entry.service_accounts for entry in outcome.namespaces}


def test_a_name_is_taken_as_it_is_whether_it_is_there_or_not() -> None:
    assert chosen({"name": "team-b"}, {"name": "missing"}, {"name": "kube-system"}) == [
        "kube-system",
        "missing",
        "team-b",
    ]
    assert not selection({"name": "team-a"}).needs_all_namespaces


def test_a_glob_and_a_selector_choose_from_what_is_there_sorted() -> None:
    assert chosen({"name": "*-?"}) == ["team-a", "team-b"]
    assert chosen({"selector": "team in (shop, b)"}) == ["shop", "team-b"]
    assert chosen({"selector": "env"}, {"name": "team-*"}) == ["team-a", "team-b"]
    assert selection({"name": "team-*"}).needs_all_namespaces
    assert selection({"selector": "env"}).needs_all_namespaces


def test_system_namespaces_have_to_be_named() -> None:
    assert chosen({"name": "*"}) == ["default", "shop", "team-a", "team-b"]
    outcome = choose(selection({"selector": "team=a"}), TEAMS)
    assert "left out, since a system namespace has to be named: namespace kube-system" in outcome.notes


def test_exclude_takes_away_whatever_chose() -> None:
    assert chosen({"name": "*"}, exclude=({"name": "team-*"}, {"selector": "!team"})) == ["shop"]
    assert chosen({"name": "team-b"}, {"name": "team-a"}, exclude=({"selector": "env=dev"},)) == ["team-a"]
    outcome = choose(selection({"name": "team-*"}, exclude=({"name": "team-b"}, {"name": "nobody"})), TEAMS)
    assert outcome.notes == (
        "namespaces[0] (team-*) chooses 1 namespace: team-a",
        "left out by exclude[0] (team-b): namespace team-b",
        "exclude[1] (nobody) excludes nothing",
    )


@pytest.mark.parametrize("entry", [{"name": "team-*"}, {"name": "team-x"}, {"selector": "team"}])
def test_a_namespace_can_opt_out(entry: dict[str, Any]) -> None:
    metadata = {"name": "team-x", "labels": {"team": "x"}, "annotations": {EXCLUDE_ANNOTATION: "true"}}
    outcome = choose(selection(entry), {"team-x": NamespaceSeen.parse(metadata)})
    assert outcome.namespaces == ()
    assert outcome.obstacles == ()
    assert f"left out by their annotation {EXCLUDE_ANNOTATION}: namespace team-x" in outcome.notes
    metadata["annotations"] = {EXCLUDE_ANNOTATION: "false"}
    assert choose(selection(entry), {"team-x": NamespaceSeen.parse(metadata)}).namespaces


def test_a_namespace_that_the_stack_makes_is_not_deleted_by_leaving_it_out() -> None:
    entry = {"name": "team-x", "create": True}
    metadata = {"name": "team-x", "labels": {"env": "dev"}, "annotations": {EXCLUDE_ANNOTATION: "true"}}
    seen = {"team-x": NamespaceSeen.parse(metadata)}
    opted_out = choose(selection(entry), seen)
    assert [choice.name for choice in opted_out.namespaces] == ["team-x"]
    assert opted_out.notes == (
        f"namespaces[0] (team-x) has create: true, so that its annotation {EXCLUDE_ANNOTATION} doesn't count",
    )
    excluded = choose(selection(entry, exclude=({"selector": "env=dev"},)), seen)
    assert excluded.obstacles == (
        "namespaces[0] (team-x) has create: true and is left out by exclude[0] (env=dev); left out, it would be "
        "deleted with all that is in it; take one of the two out",
    )


def test_one_that_is_still_to_be_made_has_the_label_of_its_name() -> None:
    entry = {"name": "team-x", "create": True}
    excluded = choose(selection(entry, exclude=({"selector": "kubernetes.io/metadata.name in (team-x)"},)), {})
    assert "team-x) has create: true and is left out by exclude[0]" in excluded.obstacles[0]
    assert not choose(selection(entry, exclude=({"selector": "!kubernetes.io/metadata.name"},)), {}).obstacles


def test_what_is_being_deleted_is_left_out_unless_it_is_named() -> None:
    seen = {"team-x": NamespaceSeen.parse({"name": "team-x", "deletionTimestamp": "2026-01-01T00:00:00Z"})}
    by_pattern = choose(selection({"name": "team-*"}), seen)
    assert by_pattern.namespaces == ()
    assert "being deleted" in by_pattern.notes[-1]
    assert choose(selection({"name": "team-x"}), seen).namespaces


def test_a_pattern_without_a_match_is_told_unless_it_may_be() -> None:
    outcome = choose(selection({"name": "nobody-*"}, {"selector": "team=z"}), TEAMS)
    assert outcome.obstacles == (
        "namespaces[0] (nobody-*) matches no namespace; correct it, or set allowEmpty: true",
        "namespaces[1] (team=z) matches no namespace; correct it, or set allowEmpty: true",
    )
    outcome = choose(selection({"name": "nobody-*", "allow_empty": True}), TEAMS)
    assert (outcome.namespaces, outcome.obstacles) == ((), ())
    assert outcome.notes == ("namespaces[0] (nobody-*) chooses 0 namespaces",)


@pytest.mark.parametrize(
    ("entry", "exclude", "reason"),
    [
        ({"name": "kube-*"}, (), "left out, since a system namespace has to be named"),
        ({"name": "team-*"}, ({"selector": "team"},), "left out by exclude[0] (team)"),
        (
            {"name": "team-*"},
            ({"name": "team-a"}, {"selector": "env=dev"}),
            "left out by exclude[0] (team-a) or left out by exclude[1] (env=dev)",
        ),
    ],
)
def test_a_pattern_of_which_nothing_is_left_is_told_unless_it_may_be(
    entry: dict[str, Any], exclude: tuple[dict[str, Any], ...], reason: str
) -> None:
    outcome = choose(selection(entry, exclude=exclude), TEAMS)
    assert outcome.obstacles == (
        f"namespaces[0] ({entry['name']}) chooses no namespace: what it matches is {reason}; correct it, or set "
        "allowEmpty: true",
    )
    assert not choose(selection({**entry, "allow_empty": True}, exclude=exclude), TEAMS).obstacles


def test_a_misspelt_name_is_missing_and_not_left_out_by_a_label_that_it_cannot_have() -> None:
    for selector in ("!team", "env!=prod", "team notin (a)"):
        assert chosen({"name": "tema-a"}, exclude=({"selector": selector},)) == ["tema-a"]
    assert chosen({"name": "tema-a"}, exclude=({"name": "tema-*"},)) == []


@pytest.mark.parametrize("entry", [{"name": "team-x"}, {"name": "team-*", "allow_empty": True}])
@pytest.mark.parametrize(
    ("annotation", "exclude"), [("true", ()), ("", ({"selector": "env=dev"},)), ("", ({"selector": "env!=prod"},))]
)
def test_what_the_stack_made_is_not_deleted_by_leaving_it_out(
    entry: dict[str, Any], annotation: str, exclude: tuple[dict[str, Any], ...]
) -> None:
    metadata = {
        "name": "team-x",
        "labels": {"env": "dev"},
        "annotations": {EXCLUDE_ANNOTATION: annotation, OWNER_ANNOTATION: "project.stack.pulls"},
    }
    seen = {"team-x": NamespaceSeen.parse(metadata)}
    (told,) = choose(selection(entry, exclude=exclude), seen, owner="project.stack.pulls").obstacles
    assert told.startswith("namespace team-x, which this stack made: left out by ")
    assert "left out, it would be deleted with all that is in it; name it with create: true" in told
    assert not choose(selection(entry, exclude=exclude), seen, owner="project.other.pulls").obstacles
    kept = selection(entry, {"name": "team-x", "create": True}, exclude=exclude)
    for line in choose(kept, seen, owner="project.stack.pulls").obstacles:
        assert "which this stack made" not in line
    if entry["name"] == "team-*":
        shall_go = selection(entry, exclude=(*exclude, {"name": "team-x"}))
        assert not choose(shall_go, seen, owner="project.stack.pulls").obstacles
    gone = {"team-x": NamespaceSeen.parse({**metadata, "deletionTimestamp": "2026-01-01T00:00:00Z"})}
    assert not choose(selection(entry, exclude=exclude), gone, owner="project.stack.pulls").obstacles


def test_nothing_is_noted_where_all_is_given_by_name() -> None:
    assert choose(selection({"name": "team-a"}), TEAMS).notes == ()
    outcome = accounts({"name": "team-a", "service_accounts": ["default", "missing"]}, live={"team-a": ("default",)})
    assert (outcome.notes, outcome.obstacles) == ((), ())
    assert names_of(outcome) == {"team-a": ("default", "missing")}


def test_entries_add_accounts_to_a_namespace_that_several_choose() -> None:
    live = {"team-a": ("builder", "ci-1", "ci-2", "default")}
    outcome = accounts(
        {"name": "team-a", "service_accounts": ["builder"]}, {"name": "team-*", "service_accounts": ["ci-*"]}, live=live
    )
    assert names_of(outcome) == {"team-a": ("builder", "ci-1", "ci-2")}


def test_an_account_is_not_missed_in_a_namespace_that_a_pattern_chose_unless_it_is_nowhere() -> None:
    live = {"team-a": ("builder", "default"), "team-b": ("default",)}
    entry = {"name": "team-*", "service_accounts": ["default", "builder"]}
    outcome = accounts(entry, live=live)
    assert names_of(outcome) == {"team-a": ("default", "builder"), "team-b": ("default",)}
    assert outcome.notes == ("namespaces[0] (team-*) finds no ServiceAccount builder in 1 of 2 namespaces: team-b",)
    nowhere = {**entry, "service_accounts": ["biulder"]}
    assert accounts(nowhere, live=live).obstacles == (
        "namespaces[0] (team-*) chooses 2 namespaces, and no ServiceAccount biulder is in any of them; correct it, or "
        "set allowEmpty: true",
    )
    assert accounts({**nowhere, "allow_empty": True}, live=live).obstacles == ()


def test_an_account_can_opt_out() -> None:
    for entry in ({"name": "team-a"}, {"name": "team-*", "service_accounts": ["*"]}):
        outcome = accounts(entry, live={"team-a": ("builder", "default")}, out="team-a/default")
        assert "default" not in names_of(outcome)["team-a"]
        assert outcome.notes[-1] == f"left out by their annotation {EXCLUDE_ANNOTATION}: ServiceAccount team-a/default"


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"namespaces": []}, {"namespaces": "the list is empty"}),
        ({"namespaces": [{}]}, {"namespaces[0].name": "missing; give a name, or a selector"}),
        ({"namespaces": [{"name": "a", "selector": "b"}]}, {"namespaces[0].selector": "name is given as well"}),
        ({"namespaces": [{"selector": "b in c"}]}, {"namespaces[0].selector": "'c' found, where '(' is expected, at"}),
        ({"namespaces": [{"name": "*"}]}, {"namespaces[0].name": "'*' chooses every namespace there is; if that"}),
        ({"namespaces": [{"selector": " "}]}, {"namespaces[0].selector": "' ' chooses every namespace there is"}),
        (
            {"namespaces": [{"selector": "kubernetes.io/metadata.name"}]},
            {"namespaces[0].selector": "'kubernetes.io/metadata.name' chooses every namespace there is"},
        ),
        ({"namespaces": [{"selector": "kubernetes.io/metadata.name!=a"}]}, {}),
        ({"namespaces": [{"selector": "kubernetes.io/metadata.name,team"}]}, {}),
        ({"namespaces": [{"name": "*", "confirm_all": True}]}, {}),
        ({"namespaces": [{"name": "T*"}]}, {"namespaces[0].name": "'T*' can match no name"}),
        ({"namespaces": [{"name": "a*"}, {"name": "a*"}]}, {"namespaces[1].name": "'a*' is given twice"}),
        ({"namespaces": [{"name": "a*", "create": True}]}, {"namespaces[0].create": "needs the name of one namespace"}),
        (
            {"namespaces": [{"name": "a", "create": True, "service_accounts": ["default", "c*"]}]},
            {"namespaces[0].service_accounts[1]": "'c*' is a pattern, and with create: true"},
        ),
        ({"namespaces": [{"name": "a", "allow_empty": True}]}, {"namespaces[0].allow_empty": "is for patterns"}),
        ({"namespaces": [{"name": "a", "confirm_all": True}]}, {"namespaces[0].confirm_all": "is for patterns"}),
        ({"namespaces": [{"name": "a", "service_accounts": ["c*"], "allow_empty": True}]}, {}),
        ({"namespaces": [{"name": "a"}], "exclude": [{"name": "*"}]}, {"exclude[0].name": "'*' excludes 'a', which"}),
        ({"namespaces": [{"name": "a*"}], "exclude": [{"name": "ab"}]}, {}),
        (
            {"namespaces": [{"name": "a*"}], "exclude": [{"name": "*"}]},
            {"exclude[0].name": "'*' leaves out every namespace there is; take it out, or, to have nothing anywhere, "},
        ),
        (
            {"namespaces": [{"name": "a*"}], "exclude": [{"selector": ""}]},
            {"exclude[0].selector": "'' leaves out every namespace there is"},
        ),
        ({"namespaces": [{"name": "a*"}], "exclude": [{}]}, {"exclude[0].name": "missing; give a name, or a selector"}),
        ({"namespaces": [{"name": "a*"}], "exclude": [{"selector": "="}]}, {"exclude[0].selector": "'=' found"}),
        ({"namespaces": ["a", {"name": 3, "service_accounts": "all"}], "exclude": "b"}, {}),
    ],
)
def test_mistakes_are_told_where_they_are(config: dict[str, Any], told: dict[str, str]) -> None:
    found = {
        str(problem).partition(": ")[0]: problem.message
        for problem in find_problems({"secret_name": "regcred", "docker_config_json": 3, **config}, has_patterns=True)
    }
    assert found.keys() == told.keys()
    for path, message in told.items():
        assert found[path].startswith(message)
