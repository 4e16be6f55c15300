"""What stands in a stack's way, and that each line names the thing and says what to do."""

from collections.abc import Mapping

import pytest
from pulumi_image_pull_secrets.attachment import LiveAccount
from pulumi_image_pull_secrets.preflight import LiveNamespace, LiveSecret, WantedNamespace, find_obstacles

OWNER = "image-pull-secrets.prod.pulls"
OTHER = "image-pull-secrets.staging.pulls"


def wanted(name: str = "team-a", *accounts: str, create: bool = False) -> WantedNamespace:
    return WantedNamespace(name, accounts or ("default",), create)


def namespace(
    *accounts: str,
    owner: str | None = None,
    terminating: bool = False,
    secrets: Mapping[str, LiveSecret] | None = None,
) -> LiveNamespace:
    return LiveNamespace(owner, terminating, dict.fromkeys(accounts, LiveAccount()), secrets or {})


def obstacles(
    *entries: WantedNamespace, known: tuple[str, ...] = (), adopt: bool = False, **live: LiveNamespace
) -> list[str]:
    found = {name.replace("_", "-"): entry for name, entry in live.items()}
    return list(find_obstacles(entries, found, owner=OWNER, adopt=adopt, known_namespaces=known))


def only(lines: list[str]) -> str:
    (line,) = lines
    return line


def test_nothing_is_said_where_all_is_there() -> None:
    ours = {"regcred": LiveSecret(OWNER, has_our_type=True)}
    assert obstacles(wanted("team-a", "default", "builder"), team_a=namespace("default", "builder")) == []
    assert obstacles(wanted(), team_a=namespace("default", secrets=ours)) == []


def test_nothing_is_wanted_and_nothing_said() -> None:
    assert obstacles(team_a=namespace(terminating=True)) == []


def test_a_missing_namespace_is_named_with_both_ways_on() -> None:
    line = only(obstacles(wanted()))
    assert line == 'namespace "team-a" does not exist; correct the name, create it, or give it create: true'


def test_a_mistyped_namespace_comes_with_the_nearest_one() -> None:
    line = only(obstacles(wanted("tema-a"), known=("kube-system", "team-a")))
    assert 'namespace "tema-a" does not exist; did you mean "team-a"?' in line
    assert "create: true" in line


def test_a_missing_namespace_is_no_obstacle_where_it_is_to_be_created() -> None:
    assert obstacles(wanted(create=True)) == []


def test_a_missing_account_is_named_with_the_nearest_and_those_that_are_there() -> None:
    line = only(obstacles(wanted("team-a", "biulder"), team_a=namespace("default", "builder")))
    assert line == (
        'ServiceAccount "biulder" does not exist in namespace "team-a"; did you mean "builder"? '
        "accounts there: builder, default; correct the name, or create it first"
    )


def test_a_missing_account_that_is_like_no_other_gets_no_guess() -> None:
    line = only(obstacles(wanted("team-a", "zzz"), team_a=namespace("default")))
    assert "did you mean" not in line
    assert "accounts there: default;" in line


def test_a_namespace_without_accounts_says_so() -> None:
    assert "accounts there: none;" in only(obstacles(wanted(), team_a=namespace()))


@pytest.mark.parametrize(("there", "ends"), [(10, "a09;"), (11, "a09, …;")])
def test_at_most_ten_accounts_are_listed(there: int, ends: str) -> None:
    accounts = [f"a{number:02}" for number in reversed(range(there))]
    line = only(obstacles(wanted(), team_a=namespace(*accounts)))
    assert f"accounts there: a00, a01, a02, a03, a04, a05, a06, a07, a08, {ends}" in line


def test_accounts_of_a_namespace_that_we_create_need_not_be_there() -> None:
    assert obstacles(wanted("team-a", "builder", create=True), team_a=namespace(owner=OWNER)) == []


def test_a_namespace_that_is_going_away_is_told_and_nothing_else_of_it() -> None:
    going = namespace(terminating=True, secrets={"regcred": LiveSecret(None, has_our_type=False)})
    line = only(obstacles(wanted("team-a", "builder", create=True), team_a=going))
    assert 'namespace "team-a" is being deleted (Terminating); wait' in line


@pytest.mark.parametrize(("owner", "who"), [(None, "made by somebody else"), (OTHER, f'made by "{OTHER}"')])
def test_a_namespace_to_create_that_somebody_else_made_is_told(owner: str | None, who: str) -> None:
    line = only(obstacles(wanted(create=True), team_a=namespace("default", owner=owner)))
    assert line.startswith('namespace "team-a" has create: true but exists')
    assert who in line
    assert "leave create out" in line
    command = f"kubectl annotate --overwrite namespace team-a image-pull-secrets/owner={OWNER}"
    assert (f"if that is this stack's former name, type {command}; otherwise leave" in line) == (owner is not None)


def test_what_others_write_as_an_owner_acts_on_no_terminal() -> None:
    theirs = namespace(
        "default", secrets={"regcred": LiveSecret("x\n::error::y\x1b[2J" + "z" * 10_000, has_our_type=True)}
    )
    line = only(obstacles(wanted(), team_a=theirs))
    assert 'was made by "x ::error::y\\x1b[2Jzz' in line
    assert len(line) < 1_000


def test_a_namespace_of_ours_that_would_be_deleted_and_stay_listed_is_told() -> None:
    line = only(obstacles(wanted(), team_a=namespace("default", owner=OWNER)))
    assert line == (
        'namespace "team-a" was made by this stack, and without create: true it would be deleted with all that is in '
        "it; give it create: true, or take it out of the namespaces if it shall go"
    )
    assert obstacles(wanted(), team_a=namespace("default", owner=OTHER)) == []


@pytest.mark.parametrize(("owner", "who"), [(None, "made by somebody else"), (OTHER, f'made by "{OTHER}"')])
def test_a_secret_that_somebody_else_made_is_named_with_both_ways_on(owner: str | None, who: str) -> None:
    theirs = namespace("default", secrets={"regcred": LiveSecret(owner, has_our_type=True)})
    line = only(obstacles(wanted(), team_a=theirs))
    assert line.startswith('Secret "team-a/regcred" exists')
    assert who in line
    assert "set adopt: true to take it over" in line
    assert "another secretName" in line
    assert ("(right after a rename of this stack)" in line) == (owner is not None)


@pytest.mark.parametrize("owner", [None, OTHER])
def test_with_adopt_a_secret_of_our_type_is_no_obstacle(owner: str | None) -> None:
    theirs = namespace("default", secrets={"regcred": LiveSecret(owner, has_our_type=True)})
    assert obstacles(wanted(), adopt=True, team_a=theirs) == []


@pytest.mark.parametrize("adopt", [False, True])
@pytest.mark.parametrize("owner", [None, OWNER])
def test_a_secret_of_another_type_is_an_obstacle_whoever_made_it(owner: str | None, adopt: bool) -> None:
    opaque = namespace("default", secrets={"regcred": LiveSecret(owner, has_our_type=False)})
    line = only(obstacles(wanted(), adopt=adopt, team_a=opaque))
    assert 'Secret "team-a/regcred"' in line
    assert "kubernetes.io/dockerconfigjson" in line
    assert "delete it, or choose another secretName" in line


@pytest.mark.parametrize(("many", "lines"), [(5, 5), (6, 1)])
def test_what_is_the_same_with_many_is_told_once(many: int, lines: int) -> None:
    names = [f"team-{number}" for number in range(many)]
    told = obstacles(*map(wanted, names), wanted("zeta", create=True), zeta=namespace(terminating=True))
    assert len(told) == lines + 1
    assert told[0].startswith('namespace "team-0" does not exist; correct the name, create it, or give it create: true')
    assert told[0].endswith(" (the same with team-1, team-2, team-3, team-4, team-5)") == (lines == 1)


def test_of_very_many_not_all_are_named() -> None:
    line = only(obstacles(*(wanted(f"team-{number:03}") for number in range(1_000))))
    assert line.startswith('namespace "team-000" does not exist')
    assert line.endswith(", team-029, team-030 and 969 more)")


def test_each_of_many_namespaces_of_a_renamed_stack_is_told_in_one_line() -> None:
    entries = tuple(wanted(f"team-{letter}", create=True) for letter in "abcdef")
    theirs = namespace("default", owner=OTHER)
    found = find_obstacles(entries, {entry.name: theirs for entry in entries}, owner=OWNER, adopt=False)
    line = only(list(found))
    assert f"type kubectl annotate --overwrite namespace team-a image-pull-secrets/owner={OWNER}; " in line
    assert line.endswith(" (the same with team-b, team-c, team-d, team-e, team-f)")


def test_the_same_with_many_secrets_is_told_with_their_namespaces() -> None:
    theirs = namespace("default", secrets={"regcred": LiveSecret(None, has_our_type=True)})
    entries = tuple(wanted(f"team-{letter}") for letter in "abcdef")
    found = find_obstacles(entries, {entry.name: theirs for entry in entries}, owner=OWNER, adopt=False)
    line = only(list(found))
    assert line.startswith('Secret "team-a/regcred" exists and was made by somebody else; set adopt: true')
    assert line.endswith(" (the same with " + ", ".join(f"team-{letter}/regcred" for letter in "bcdef") + ")")


def test_everything_is_told_at_once_in_the_configurations_order() -> None:
    foreign = {name: LiveSecret(None, has_our_type=True) for name in ("regcred", "old")}
    lines = obstacles(
        wanted("zeta"),
        wanted("team-a", "default", "builder"),
        wanted("preview", create=True),
        team_a=namespace(secrets=foreign),
        preview=namespace(secrets=foreign),
    )
    beginnings = [
        'namespace "zeta"',
        'ServiceAccount "default"',
        'ServiceAccount "builder"',
        'Secret "team-a/old"',
        'Secret "team-a/regcred"',
        'namespace "preview"',
        'Secret "preview/old"',
        'Secret "preview/regcred"',
    ]
    assert [line.startswith(beginning) for line, beginning in zip(lines, beginnings, strict=True)] == [True] * 8
