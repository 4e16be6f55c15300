"""What is asked of the real API server, by whom it may be asked, and what comes of the answers."""

import base64
import json
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from pulumi_image_pull_secrets import InvalidArgumentsError, PreflightError, api
from pulumi_image_pull_secrets import cluster as clusters
from pulumi_image_pull_secrets.api import Api
from pulumi_image_pull_secrets.attachment import LiveAccount, merge
from pulumi_image_pull_secrets.cluster import preflight
from pulumi_image_pull_secrets.preflight import LiveNamespace, LiveSecret

from tests.integration.live import CONTEXT, LiveCluster

OWNER = "image-pull-secrets.test.pulls"
ANNOTATION = f"image-pull-secrets/{OWNER}"
DOCKER = "kubernetes.io/dockerconfigjson"
MANY = 30
WAYS = pytest.mark.parametrize("few", [25, 0], ids=["a list per namespace", "lists of the cluster"])
"""How namespaces and Secrets are asked for; accounts always are in one list of the cluster, where one may."""


def read(kubeconfig: Path, *namespaces: str, retired: tuple[str, ...] = ()) -> dict[str, LiveNamespace]:
    with Api(context=CONTEXT, kubeconfig=str(kubeconfig)) as api:
        api.check()
        found = clusters.namespaces(api, list(namespaces))
        live, _ = clusters.read(api, namespaces, found, ["regcred", *retired], owner=OWNER)
    return live


def args_of(*namespaces: dict[str, Any], **more: Any) -> Any:
    return {"secret_name": "regcred", "registries": [], "namespaces": list(namespaces), **more}


def check(kubeconfig: Path, args: Any) -> clusters.LiveAccounts:
    return preflight(args, owner=OWNER, context=CONTEXT, kubeconfig=str(kubeconfig)).live_accounts


def pull_secrets(accounts: Mapping[str, LiveAccount]) -> dict[str, tuple[str, ...]]:
    return {name: account.pull_secrets for name, account in accounts.items()}


class Recorded:
    """Every request that was made, retries included, and what was answered."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []

    @property
    def paths(self) -> list[str]:
        return sorted(urlsplit(url).path.rstrip("/") for _, url, _, _ in self.requests)

    @property
    def queries(self) -> list[dict[str, list[str]]]:
        return [parse_qs(urlsplit(url).query) for _, url, _, _ in self.requests]


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    record = Recorded()
    original = urllib3.HTTPConnectionPool.urlopen

    def urlopen(self: Any, method: str, url: str, *positional: Any, **keywords: Any) -> Any:
        response = original(self, method, url, *positional, **keywords)
        record.requests.append((method, url, dict(keywords["headers"]), response))
        return response

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", urlopen)
    return record


@pytest.fixture(scope="module")
def many(cluster: LiveCluster) -> list[str]:
    """More namespaces than are asked for one by one, each with an account ``mine`` that has an entry of its own."""
    names = [f"m-{secrets.token_hex(4)}-{number}" for number in range(MANY)]

    def create(name: str) -> None:
        cluster.api.create_namespace({"metadata": {"name": name}})
        cluster.create_account(name, "mine", f"theirs-{name}")

    def with_default() -> set[str]:
        accounts = cluster.api.list_service_account_for_all_namespaces(field_selector="metadata.name=default").items
        return {account.metadata.namespace for account in accounts}

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(create, names))
    cluster.wait_for(lambda: with_default() >= set(names))
    return names


def docker_secret(cluster: LiveCluster, namespace: str, name: str, type_: str, owner: str | None) -> str:
    """Makes a Secret, and returns the base64 of what is in it."""
    data = base64.b64encode(json.dumps({"auths": {secrets.token_hex(8): {}}}).encode()).decode()
    metadata = {"name": name, "annotations": {"image-pull-secrets/owner": owner} if owner else {}}
    body = {"metadata": metadata, "type": type_, "data": {".dockerconfigjson": data}}
    cluster.api.create_namespaced_secret(namespace, body)
    return data


def test_few_namespaces_are_asked_one_by_one(cluster: LiveCluster, recorded: Recorded) -> None:
    namespaces = sorted(cluster.new_namespace("a", "b", "c", "d") for _ in range(2))
    recorded.requests.clear()

    live = read(cluster.kubeconfig, *namespaces)

    assert {name: sorted(found.accounts) for name, found in live.items()} == {
        name: ["a", "b", "c", "d", "default"] for name in namespaces
    }
    each = [f"/api/v1/namespaces/{name}" for name in namespaces]
    lists = [f"{path}/secrets" for path in each for _ in range(2)]
    assert recorded.paths == sorted(["/version", *each, *lists, "/api/v1/serviceaccounts"])
    assert {method for method, *_ in recorded.requests} == {"GET"}


def test_many_namespaces_are_asked_in_lists_of_the_cluster(
    cluster: LiveCluster, many: list[str], recorded: Recorded
) -> None:
    live = read(cluster.kubeconfig, *many, "missing")

    assert {name: pull_secrets(found.accounts) for name, found in live.items()} == {
        name: {"default": (), "mine": (f"theirs-{name}",)} for name in many
    }
    kinds = ["namespaces", "secrets", "secrets", "serviceaccounts"]
    assert recorded.paths == [*(f"/api/v1/{kind}" for kind in kinds), "/version"]


def test_a_page_at_a_time_comes_to_the_same(
    cluster: LiveCluster, many: list[str], recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(cluster.kubeconfig, *many)
    recorded.requests.clear()
    monkeypatch.setattr(api, "PAGE", 7)

    assert read(cluster.kubeconfig, *many) == whole

    pages = [query for query in recorded.queries if query]
    assert {query["limit"][0] for query in pages} == {"7"}
    assert len([query for query in pages if "continue" in query]) >= 2 * (MANY // 7)


@WAYS
def test_secrets_are_asked_for_without_their_data(
    cluster: LiveCluster, recorded: Recorded, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(clusters, "_FEW_NAMESPACES", few)
    namespace = cluster.new_namespace()
    data = docker_secret(cluster, namespace, "regcred", DOCKER, OWNER)
    recorded.requests.clear()

    assert read(cluster.kubeconfig, namespace)[namespace].secrets == {"regcred": LiveSecret(OWNER, has_our_type=True)}

    asked = [(url, headers) for _, url, headers, _ in recorded.requests if "/secrets" in url]
    assert len(asked) == 2
    for url, headers in asked:
        assert headers["Accept"] == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        assert "metadata.name=regcred,type" in parse_qs(urlsplit(url).query)["fieldSelector"][0]
    answers = [response.data.decode() for *_, response in recorded.requests]
    assert any("regcred" in answer for answer in answers)
    assert not [answer for answer in answers if data in answer or '"data"' in answer]


@WAYS
def test_who_made_what_is_read_from_the_annotations(
    cluster: LiveCluster, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(clusters, "_FEW_NAMESPACES", few)
    ours, theirs = cluster.new_namespace("plain"), cluster.new_namespace()
    cluster.kubectl("annotate", "namespace", ours, f"image-pull-secrets/owner={OWNER}")
    cluster.set_pull_secrets(ours, "default", "theirs", "regcred", "gone")
    cluster.kubectl(
        "annotate", "sa", "default", "-n", ours, f"{ANNOTATION}=regcred, gone", "image-pull-secrets/other=theirs"
    )
    docker_secret(cluster, ours, "regcred", DOCKER, OWNER)
    docker_secret(cluster, ours, "old", DOCKER, None)
    docker_secret(cluster, ours, "unrelated", DOCKER, OWNER)
    docker_secret(cluster, theirs, "regcred", "Opaque", "somebody")

    live = read(cluster.kubeconfig, ours, theirs, retired=("old",))

    assert {name: found.owner for name, found in live.items()} == {ours: OWNER, theirs: None}
    assert live[ours].secrets == {
        "regcred": LiveSecret(OWNER, has_our_type=True),
        "old": LiveSecret(None, has_our_type=True),
    }
    assert live[theirs].secrets == {"regcred": LiveSecret("somebody", has_our_type=False)}
    accounts = live[ours].accounts
    assert pull_secrets(accounts) == {"default": ("theirs", "regcred", "gone"), "plain": ()}
    # What this owner's annotation doesn't name is somebody else's, and stays.
    assert merge(accounts["default"], wanted=["new"]).pull_secrets == ("theirs", "new")


@WAYS
def test_a_namespace_that_is_being_deleted_is_known_as_such(
    cluster: LiveCluster, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(clusters, "_FEW_NAMESPACES", few)
    going, staying = cluster.new_namespace(), cluster.new_namespace()
    cluster.api.create_namespaced_config_map(going, {"metadata": {"name": "held", "finalizers": ["example.com/held"]}})
    cluster.api.delete_namespace(going)

    live = read(cluster.kubeconfig, going, staying)
    with pytest.raises(PreflightError) as caught:
        check(cluster.kubeconfig, args_of({"name": going, "create": True}, {"name": staying}))

    assert {name: found.terminating for name, found in live.items()} == {going: True, staying: False}
    assert [finding.split(";")[0] for finding in caught.value.findings] == [
        f'namespace "{going}" is being deleted (Terminating)'
    ]
    cluster.kubectl("patch", "configmap", "held", "-n", going, "-p", '{"metadata":{"finalizers":null}}')


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"namespaces": [{"name": "a", "service_acounts": []}]}, "namespaces[0].service_acounts: unknown key; did you"),
        ({"namespaces": [{"name": "a*", "service_accounts": "all"}]}, "namespaces[0].service_accounts: must be a list"),
        ({"namespaces": [{"name": "a*", "allow_empty": "no"}]}, "namespaces[0].allow_empty: must be true or false"),
        ({"exclude": [{"label": "a"}]}, "exclude[0].label: unknown key; known keys: name, selector"),
        ({"coverage": True}, "coverage: must be text"),
    ],
)
def test_mistakes_that_no_type_checker_saw_are_told_before_anything_is_asked(
    changes: dict[str, Any], told: str
) -> None:
    args: Any = {**args_of({"name": "a"}), **changes}
    with pytest.raises(InvalidArgumentsError) as caught:
        preflight(args, owner="o", context="nowhere", kubeconfig="/nowhere")
    assert told in str(caught.value)


def test_what_was_read_is_handed_on_without_what_is_not_there_yet(cluster: LiveCluster) -> None:
    namespace = cluster.new_namespace("builder")
    cluster.set_pull_secrets(namespace, "builder", "theirs")
    new = {"name": f"{namespace}-new", "create": True}

    # Other languages send None for what is left out.
    args = args_of({"name": namespace, "service_accounts": None, "create": None}, new, retired_secret_names=None)

    live = check(cluster.kubeconfig, args)

    assert live.get(namespace) is not None
    assert live.get(f"{namespace}-new") is None
    assert pull_secrets(live[namespace]) == {"default": (), "builder": ("theirs",)}
