"""The unit tests' picture of server-side apply, held to the real API server: after each step both have the same."""

import json
import random
import secrets
from typing import Any

import pytest
from pulumi_image_pull_secrets.attachment import LiveAccount, annotation_key

from tests.integration.live import LiveCluster
from tests.unit.server_side_apply import ANNOTATION, EDIT, LIST, OTHER, OURS, OWNER, PATCH, Server

KEY = annotation_key(OWNER)
LISTS: list[tuple[str, ...] | None] = [None, ("a",), ("a", "theirs"), ("theirs", "a"), ("theirs",), ("",)]
ANNOTATIONS = [None, "a", "a,", "", ","]


class Both:
    """One account on the real server, and what we think of it."""

    def __init__(self, cluster: LiveCluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._account = f"a-{secrets.token_hex(4)}"
        cluster.api.create_namespaced_service_account(
            namespace, {"metadata": {"name": self._account, "labels": {"made": "by-us"}}}, field_manager="maker"
        )
        self.picture = Server(held={("maker", "Update"): {"other"}})

    def apply(self, manager: tuple[str, str], **given: Any) -> None:
        self.picture.apply(manager, **given)
        self._apply(manager, given)

    def update(self, manager: tuple[str, str], **given: Any) -> None:
        self.picture.update(manager, **given)
        body = self._body({LIST: None, ANNOTATION: None, **given})
        if LIST not in given:
            del body["imagePullSecrets"]
        if ANNOTATION not in given:
            del body["metadata"]["annotations"]
        self._cluster.kubectl(
            "patch", "serviceaccount", self._account, "-n", self._namespace, "--type=merge", "-p", json.dumps(body),
            f"--field-manager={manager[0]}",
        )  # fmt: skip

    def up(self, *wanted: str) -> None:
        before = self.picture.live
        self.picture.up(*wanted, retired=("a",))
        assert LiveAccount.parse(self.real(), OWNER) == before
        values = self.picture.values
        self._apply(OURS, {name: values[name] for name in self.picture.held[OURS] - {"other"}})

    def real(self) -> dict[str, Any]:
        api = self._cluster.api
        response = api.read_namespaced_service_account(self._account, self._namespace, _preload_content=False)
        return dict(json.loads(response.data))

    def check(self) -> None:
        real = self.real()
        names = tuple(entry.get("name", "") for entry in real.get("imagePullSecrets", [])) or None
        annotation = real["metadata"].get("annotations", {}).get(KEY)
        assert (names, annotation) == (self.picture.names, self.picture.annotation)
        assert LiveAccount.parse(real, OWNER) == self.picture.live
        for field in (LIST, ANNOTATION):
            text = '"f:imagePullSecrets"' if field == LIST else f'"f:{KEY}"'
            holders = {
                (entry["manager"], entry["operation"])
                for entry in real["metadata"]["managedFields"]
                if text in json.dumps(entry["fieldsV1"])
            }
            assert holders == self.picture.holders(field)

    def _apply(self, manager: tuple[str, str], given: dict[str, Any]) -> None:
        body = self._body(given)
        self._cluster.apply(body["metadata"], [*given.get(LIST, ())], manager[0])

    def _body(self, given: dict[str, Any]) -> dict[str, Any]:
        metadata: dict[str, Any] = {"name": self._account, "namespace": self._namespace}
        body: dict[str, Any] = {"metadata": metadata}
        if LIST in given:
            names = given[LIST]
            body["imagePullSecrets"] = names and [{"name": name} if name else {} for name in names]
        if ANNOTATION in given:
            metadata["annotations"] = {KEY: given[ANNOTATION]}
        return body


@pytest.fixture(scope="module")
def namespace(cluster: LiveCluster) -> str:
    return cluster.new_namespace()


@pytest.mark.parametrize("seed", range(12))
def test_the_picture_is_the_api_servers(cluster: LiveCluster, namespace: str, seed: int) -> None:
    dice = random.Random(seed)
    both = Both(cluster, namespace)
    for _ in range(8):
        kind = dice.choice(["up", "up", "detach", "apply", "update"])
        if kind in ("up", "detach"):
            both.up(*(["a"] if kind == "up" else []))
        else:
            given = {LIST: dice.choice(LISTS), ANNOTATION: dice.choice(ANNOTATIONS)}
            given = {name: value for name, value in given.items() if dice.random() < 0.7}
            if kind == "apply":
                both.apply(OTHER, **{name: value for name, value in given.items() if value is not None})
            else:
                both.update(dice.choice([PATCH, EDIT]), **given)
        both.check()
    for _ in range(3):
        both.up()
        both.check()


def test_the_placeholder_is_gone_after_the_next_round(cluster: LiveCluster, namespace: str) -> None:
    both = Both(cluster, namespace)
    both.update(PATCH, list=("a",))
    both.up("a")
    both.up()
    assert both.real()["imagePullSecrets"] == [{}]
    both.up()
    assert "imagePullSecrets" not in both.real()
