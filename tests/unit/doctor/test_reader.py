"""What the doctor asks a cluster for, and what it makes of a list that the cluster hasn't."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
from pulumi_image_pull_secrets.api import Api, NotFoundError
from pulumi_image_pull_secrets.doctor import kinds
from pulumi_image_pull_secrets.doctor.reader import observe

CORE = {f"/api/v1/{plural}": "v1" for plural in ("pods", "serviceaccounts", "secrets", "namespaces")}
WORKLOADS = {f"/apis/{kind.version}/{kind.plural}": kind.version for kind in kinds.WORKLOADS.values()}
ACCOUNT = {"metadata": {"namespace": "shop", "name": "default"}}


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """By its path, what each list holds that the cluster has; others aren't found."""
    held: dict[str, list[Any]] = {path: [] for path in (*CORE, *WORKLOADS)}

    def answer(_: object, __: str, url: str, **___: object) -> urllib3.HTTPResponse:
        items = held.get(urlsplit(url).path)
        return urllib3.HTTPResponse(json.dumps({"items": items}).encode(), status=404 if items is None else 200)

    monkeypatch.setattr(urllib3.PoolManager, "request", answer)
    return held


@pytest.fixture
def api(tmp_path: Path) -> Api:
    (tmp_path / "kubeconfig").write_text(
        "contexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://192.0.2.1'}}]\n"
    )
    return Api(context="a", kubeconfig=str(tmp_path / "kubeconfig"))


def test_all_namespaces_are_asked_for_where_the_api_has_them(api: Api, lists: Mapping[str, list[Any]]) -> None:
    lists["/api/v1/serviceaccounts"].append(ACCOUNT)
    assert list(observe(api).accounts) == [("shop", "default")]


@pytest.mark.parametrize("plural", ["pods", "serviceaccounts", "secrets"])
def test_a_cluster_without_what_is_judged_does_not_pass_for_an_empty_one(
    api: Api, lists: dict[str, list[Any]], plural: str
) -> None:
    del lists[f"/api/v1/{plural}"]
    with pytest.raises(NotFoundError, match="answered 404"):
        observe(api)


def test_a_kind_of_workload_that_the_cluster_has_not_is_none(api: Api, lists: dict[str, list[Any]]) -> None:
    del lists["/apis/batch/v1/cronjobs"]
    lists["/api/v1/serviceaccounts"].append(ACCOUNT)
    observation = observe(api)
    assert (len(observation.accounts), observation.workloads) == (1, [])
