"""What the user must be allowed to do, and the words for what isn't allowed."""

from pathlib import Path

import yaml
from pulumi_image_pull_secrets.permissions import Permission, describe, to_attach, to_cover, to_evict, to_leave
from pulumi_image_pull_secrets.preflight import WantedNamespace

from sandbox.engine import CHECKOUT

RBAC = CHECKOUT / "deploy" / "rbac.yaml"


def wanted(name: str, *, create: bool = False) -> WantedNamespace:
    return WantedNamespace(name, ("default",), create)


def granted(role: str, path: Path = RBAC, group: str = "") -> set[tuple[str, str]]:
    """Verb and resource of one ClusterRole in the file, which has rules for this API group alone."""
    (rules,) = [
        document["rules"] for document in yaml.safe_load_all(path.read_text()) if document["metadata"]["name"] == role
    ]
    assert all(rule["apiGroups"] == [group] for rule in rules)
    return {(verb, resource) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}


def test_the_cluster_role_grants_exactly_what_is_needed_anywhere() -> None:
    needed = to_attach([wanted("a"), wanted("b", create=True)])
    assert granted("image-pull-secrets") == {(entry.verb, entry.resource) for entry in needed}


def test_the_namespaced_role_grants_exactly_what_existing_namespaces_need() -> None:
    needed = list(to_attach([wanted("a")]))
    assert granted("image-pull-secrets-namespaced") == {(entry.verb, entry.resource) for entry in needed}
    assert {entry.namespace for entry in needed} == {"a"}


def test_the_role_for_the_policy_grants_exactly_what_it_needs() -> None:
    needed = list(to_cover())
    (group,) = {entry.group for entry in needed}
    verbs = granted("image-pull-secrets-admission", group=group)
    assert verbs == {(entry.verb, entry.resource) for entry in needed}
    assert {entry.namespace for entry in needed} == {""}


def test_leaving_needs_nothing_more_than_attaching() -> None:
    assert set(to_leave(["a"])) < set(to_attach([wanted("a")]))


def test_a_namespace_of_ours_is_asked_for_in_the_whole_cluster() -> None:
    needed = set(to_attach([wanted("a", create=True)]))
    assert Permission("create", "namespaces", "") in needed
    assert Permission("create", "serviceaccounts", "a") in needed
    assert Permission("get", "namespaces", "a") not in needed


def test_describe_groups_verbs_and_namespaces() -> None:
    names = [f"team-{number}" for number in range(7)]
    lacking = [Permission(verb, "secrets", name) for name in names for verb in ("create", "patch")]
    lacking += [Permission("create", "namespaces", ""), Permission("list", "serviceaccounts", "team-0")]
    hint = "; give it a role with these verbs, as deploy/rbac.yaml has them"

    assert list(describe(lacking)) == [
        "the user of this context may not create, patch secrets in namespaces "
        f'"team-0", "team-1", "team-2", "team-3", "team-4" and 2 more{hint}',
        f"the user of this context may not create namespaces{hint}",
        f'the user of this context may not list serviceaccounts in namespace "team-0"{hint}',
    ]


def test_what_evicting_needs_is_told_with_its_own_role() -> None:
    lacking = [each for each in to_evict(["a", "b"]) if each.verb == "create"]
    assert list(describe(lacking, "deploy/rbac-restart.yaml")) == [
        'the user of this context may not create pods/eviction in namespaces "a", "b"; '
        "give it a role with these verbs, as deploy/rbac-restart.yaml has them"
    ]
