"""Users who may not read everything: they are asked only for what they may, or told what is forbidden."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_image_pull_secrets import ClusterUnreachableError, PreflightError
from pulumi_image_pull_secrets import cluster as clusters

from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.test_cluster import WAYS, args_of, check, read


@pytest.fixture
def user(cluster: LiveCluster, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Makes a user who may do this in these namespaces and, by ``anywhere``, that in all; returns the kubeconfig."""
    home = cluster.new_namespace("user")
    made: list[str] = []

    def new(namespaces: list[str], may: dict[str, str], anywhere: dict[str, str] | None = None) -> Path:
        subjects = [{"kind": "ServiceAccount", "name": "user", "namespace": home}]
        objects: list[dict[str, Any]] = []
        for suffix, rules, places in (("in", may, namespaces), ("all", anywhere or {}, [None])):
            name = f"{home}-{suffix}"
            made.append(name)
            rbac = [{"apiGroups": [""], "resources": [kind], "verbs": [verb]} for kind, verb in rules.items()]
            objects.append({"kind": "ClusterRole", "metadata": {"name": name}, "rules": rbac})
            reference = {"kind": "ClusterRole", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
            for place in places:
                kind = "RoleBinding" if place else "ClusterRoleBinding"
                metadata = {"name": name, "namespace": place}
                objects.append({"kind": kind, "metadata": metadata, "roleRef": reference, "subjects": subjects})
        for entry in objects:
            entry["apiVersion"] = "rbac.authorization.k8s.io/v1"
        cluster.kubectl("create", "-f", "-", text="---\n".join(json.dumps(entry) + "\n" for entry in objects))
        content = yaml.safe_load(cluster.kubeconfig.read_text())
        content["users"][0]["user"] = {"token": cluster.kubectl("create", "token", "user", "-n", home).strip()}
        (tmp_path / "user").write_text(yaml.safe_dump(content))
        return tmp_path / "user"

    yield new
    for name in made:
        cluster.kubectl("delete", "clusterrole,clusterrolebinding", name, "--ignore-not-found")


ALL = {"namespaces": "get", "serviceaccounts": "list", "secrets": "list"}


def test_who_may_read_only_some_namespaces_is_asked_for_those(
    cluster: LiveCluster, user: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    namespaces = [cluster.new_namespace("builder") for _ in range(3)]
    cluster.set_pull_secrets(namespaces[1], "builder", "theirs")
    kubeconfig = user(namespaces, ALL)
    whole = read(cluster.kubeconfig, *namespaces)
    assert [sorted(found.accounts) for found in whole.values()] == [["builder", "default"]] * 3

    for few in (25, 2):
        # Accounts, and more than two of the others, are asked for in lists of the cluster, and each is refused.
        monkeypatch.setattr(clusters, "_FEW_NAMESPACES", few)
        assert read(kubeconfig, *namespaces) == whole


@WAYS
@pytest.mark.parametrize("missing", ALL)
def test_who_may_not_even_that_is_told_what_is_forbidden(
    cluster: LiveCluster, user: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, missing: str, few: int
) -> None:
    monkeypatch.setattr(clusters, "_FEW_NAMESPACES", few)
    namespace = cluster.new_namespace()
    kubeconfig = user([namespace], {kind: verb for kind, verb in ALL.items() if kind != missing})

    with pytest.raises(ClusterUnreachableError) as caught:
        check(kubeconfig, args_of({"name": namespace}))

    message = str(caught.value)
    assert message.startswith(f'the cluster of context "{CONTEXT}" (https://127.0.0.1:')
    assert f"doesn't allow it: {missing} " in message
    assert f'cannot {ALL[missing]} resource "{missing}" in API group "" in the namespace "{namespace}"' in message
    assert "\n" not in message
    assert caught.value.__suppress_context__


def test_a_missing_namespace_comes_with_the_nearest_name_that_one_may_see(
    cluster: LiveCluster, user: Callable[..., Path]
) -> None:
    namespace = cluster.new_namespace()
    args = args_of({"name": f"{namespace}x"}, {"name": namespace, "service_accounts": ["defualt"]})
    may_not_list = user([namespace], ALL, {"namespaces": "get"})

    told = {}
    for who, kubeconfig in {"admin": cluster.kubeconfig, "user": may_not_list}.items():
        with pytest.raises(PreflightError) as caught:
            check(kubeconfig, args)
        told[who] = caught.value.findings

    missing = f'namespace "{namespace}x" does not exist; '
    ways = "create it, or give it create: true"
    account = f'ServiceAccount "defualt" does not exist in namespace "{namespace}"; did you mean "default"?'
    assert told["admin"][0] == f'{missing}did you mean "{namespace}"? Otherwise {ways}'
    assert told["user"][0] == f"{missing}correct the name, {ways}"
    for findings in told.values():
        assert len(findings) == 2
        assert findings[1].startswith(account)
