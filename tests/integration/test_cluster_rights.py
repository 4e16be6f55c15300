"""Users who may not read everything: they are asked only for what they may, or told what is forbidden."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_image_pull_secrets import ClusterUnreachableError, PreflightError
from pulumi_image_pull_secrets import cluster as clusters
from pulumi_image_pull_secrets.permissions import to_attach
from pulumi_image_pull_secrets.preflight import WantedNamespace

from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import ProgramStack
from tests.integration.test_cluster import WAYS, args_of, check, read

Rights = Iterable[tuple[str, str]]
"""Verb and resource."""


@pytest.fixture
def user(cluster: LiveCluster, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Makes a user who may do this in these namespaces and, by ``anywhere``, that in all; returns the kubeconfig."""
    made: list[str] = []

    def new(namespaces: list[str], may: Rights, anywhere: Rights = ()) -> Path:
        home = cluster.new_namespace("user")
        subjects = [{"kind": "ServiceAccount", "name": "user", "namespace": home}]
        objects: list[dict[str, Any]] = []
        for suffix, rights, places in (("in", may, namespaces), ("all", anywhere, [None])):
            name = f"{home}-{suffix}"
            made.append(name)
            rules = [{"apiGroups": [""], "resources": [resource], "verbs": [verb]} for verb, resource in rights]
            objects.append({"kind": "ClusterRole", "metadata": {"name": name}, "rules": rules})
            reference = {"kind": "ClusterRole", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
            for place in places:
                kind = "RoleBinding" if place else "ClusterRoleBinding"
                metadata = {"name": name, "namespace": place}
                objects.append({"kind": kind, "metadata": metadata, "roleRef": reference, "subjects": subjects})
        for entry in objects:
            entry["apiVersion"] = "rbac.authorization.k8s.io/v1"
        cluster.kubectl("create", "-f", "-", text="---\n".join(json.dumps(entry) + "\n" for entry in objects))
        (tmp_path / home).write_text(cluster.kubeconfig_of(home, "user"))
        return tmp_path / home

    yield new
    for name in made:
        cluster.kubectl("delete", "clusterrole,clusterrolebinding", name, "--ignore-not-found")


READ = [("get", "namespaces"), ("list", "serviceaccounts"), ("list", "secrets")]
NEEDED = sorted({(entry.verb, entry.resource) for entry in to_attach([WantedNamespace("any", ("default",), False)])})


def test_who_may_read_only_some_namespaces_is_asked_for_those(
    cluster: LiveCluster, user: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    namespaces = [cluster.new_namespace("builder") for _ in range(3)]
    cluster.set_pull_secrets(namespaces[1], "builder", "theirs")
    kubeconfig = user(namespaces, READ)
    whole = read(cluster.kubeconfig, *namespaces)
    assert [sorted(found.accounts) for found in whole.values()] == [["builder", "default"]] * 3

    for few in (25, 2):
        # Accounts, and more than two of the others, are asked for in lists of the cluster, and each is refused.
        monkeypatch.setattr(clusters, "_FEW_NAMESPACES", few)
        assert read(kubeconfig, *namespaces) == whole


def test_who_acts_as_another_one_is_asked_as_that_one(cluster: LiveCluster, tmp_path: Path) -> None:
    namespace, home = cluster.new_namespace(), cluster.new_namespace("user")
    content = yaml.safe_load(cluster.admin_kubeconfig.read_text())
    content["users"][0]["user"] |= {"as": f"system:serviceaccount:{home}:user", "as-groups": ["system:authenticated"]}
    path = tmp_path / "as"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(PreflightError, match="the user of this context may not"):
        check(path, args_of({"name": namespace}))


@WAYS
@pytest.mark.parametrize("missing", READ, ids=lambda right: right[1])
def test_who_may_not_even_that_is_told_what_is_forbidden(
    cluster: LiveCluster,
    user: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    missing: tuple[str, str],
    few: int,
) -> None:
    monkeypatch.setattr(clusters, "_FEW_NAMESPACES", few)
    namespace = cluster.new_namespace()
    kubeconfig = user([namespace], [right for right in READ if right != missing])

    with pytest.raises(ClusterUnreachableError) as caught:
        read(kubeconfig, namespace)

    message, (verb, resource) = str(caught.value), missing
    assert message.startswith(f'the cluster of context "{CONTEXT}" (https://127.0.0.1:')
    assert f"doesn't allow it: {resource} " in message
    assert f'cannot {verb} resource "{resource}" in API group "" in the namespace "{namespace}"' in message
    assert "\n" not in message
    assert caught.value.__context__ is None


@pytest.mark.parametrize("missing", NEEDED, ids=" ".join)
def test_each_verb_that_is_missing_is_told(
    cluster: LiveCluster, user: Callable[..., Path], missing: tuple[str, str]
) -> None:
    namespace, other = cluster.new_namespace(), cluster.new_namespace()
    kubeconfig = user([namespace, other], [right for right in NEEDED if right != missing])

    with pytest.raises(PreflightError) as caught:
        check(kubeconfig, args_of({"name": namespace}, {"name": other}))

    assert caught.value.findings == (
        f'the user of this context may not {" ".join(missing)} in namespaces "{namespace}", "{other}"; '
        "give it a role with these verbs, as deploy/rbac.yaml has them",
    )


def test_what_is_missing_is_told_before_anything_is_registered(
    cluster: LiveCluster, user: Callable[..., Path], stack: ProgramStack
) -> None:
    namespace = cluster.new_namespace()
    stack.config |= {
        "kubeconfig": str(user([namespace], [right for right in NEEDED if right != ("delete", "secrets")])),
        "namespaces": [{"name": namespace}, {"name": f"{namespace}-new", "create": True}],
    }

    for outcome in (stack.preview(), stack.up()):
        assert outcome.failed
        assert f'may not delete secrets in namespace "{namespace}"' in outcome.output
        assert "may not get, list, watch, create, patch, delete namespaces; " in outcome.output
        assert f'may not get, list, patch, create serviceaccounts in namespace "{namespace}-new"' in outcome.output
        assert "Traceback" not in outcome.output
    assert cluster.secret(namespace, "regcred") is None


def test_the_namespaced_role_is_enough(cluster: LiveCluster, stack: ProgramStack, tmp_path: Path) -> None:
    home, namespace = cluster.new_namespace("user"), cluster.new_namespace()
    role = "image-pull-secrets-namespaced"
    cluster.kubectl(
        "create", "rolebinding", role, f"--clusterrole={role}", f"--serviceaccount={home}:user", "-n", namespace
    )
    cluster.set_pull_secrets(namespace, "default", "theirs")
    (tmp_path / "user").write_text(cluster.kubeconfig_of(home, "user"))
    stack.config |= {"kubeconfig": str(tmp_path / "user"), "namespaces": [{"name": namespace}]}

    assert not stack.up().failed
    stack.config["secretName"] = "renamed"
    assert not stack.up().failed
    assert cluster.pull_secrets(namespace) == ["theirs", "renamed"]
    assert stack.preview().changed == {}
    stack.config["detach"] = True
    assert not stack.up().failed
    assert not stack.destroy().failed
    assert cluster.pull_secrets(namespace) == ["theirs"]
    assert cluster.secret(namespace, "renamed") is None


def test_a_missing_namespace_comes_with_the_nearest_name_that_one_may_see(
    cluster: LiveCluster, user: Callable[..., Path]
) -> None:
    namespace = cluster.new_namespace()
    args = args_of({"name": f"{namespace}x"}, {"name": namespace, "service_accounts": ["defualt"]})
    may_not_list = user([namespace], NEEDED, [("get", "namespaces")])

    account = f'ServiceAccount "defualt" does not exist in namespace "{namespace}"; did you mean "default"?'
    told = {}
    for who, kubeconfig in {"admin": cluster.admin_kubeconfig, "user": may_not_list}.items():
        with pytest.raises(PreflightError) as caught:
            check(kubeconfig, args)
        # By the namespaces' names, of which one is the other's beginning.
        of_the_account, of_the_namespace = caught.value.findings
        assert of_the_account.startswith(account)
        told[who] = of_the_namespace

    missing = f'namespace "{namespace}x" does not exist; '
    ways = "create it, or give it create: true"
    assert told == {
        "admin": f'{missing}did you mean "{namespace}"? Otherwise {ways}',
        "user": f"{missing}correct the name, {ways}",
    }
