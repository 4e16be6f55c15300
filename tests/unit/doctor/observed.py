"""Observations for tests, as a reader would make them."""

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from pulumi_image_pull_secrets.doctor.diagnosis import diagnose
from pulumi_image_pull_secrets.doctor.findings import Finding
from pulumi_image_pull_secrets.doctor.observation import (
    AccountSeen,
    ContainerSeen,
    ObjectName,
    Observation,
    PodSeen,
    SecretSeen,
    StackCoverage,
    WorkloadSeen,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
JSON_TYPE = "kubernetes.io/dockerconfigjson"

UNAUTHORIZED = "failed to resolve reference: pull access denied: insufficient_scope: authorization failed"
NOT_FOUND = "rpc error: code = NotFound desc = failed to resolve reference: ghcr.io/acme/web:1: not found"


def auth(username: str, password: str) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def login(username: str = "bot", password: str = "made-up-by-the-test") -> dict[str, str]:
    return {"username": username, "password": password, "auth": auth(username, password)}


def config(*keys: str, **entries: Mapping[str, Any]) -> bytes:
    """A ``.dockerconfigjson`` with a login for each key."""
    return json.dumps({"auths": {**{key: login() for key in keys}, **entries}}).encode()


def secret(
    name: str = "regcred",
    content: bytes | None = None,
    *,
    namespace: str = "shop",
    type_: str = JSON_TYPE,
    created: datetime = NOW - 30 * DAY,
    **others: Any,
) -> SecretSeen:
    return SecretSeen(
        namespace, name, type_, created, config("ghcr.io") if content is None and type_ else content, **others
    )


def account(*pull_secrets: str, name: str = "default", namespace: str = "shop", **others: Any) -> AccountSeen:
    return AccountSeen(namespace, name, pull_secrets, **others)


def container(image: str = "ghcr.io/acme/web:1", said: str | None = None, **others: Any) -> ContainerSeen:
    """A container that runs, or one of which a kubelet said why its image isn't pulled."""
    waiting = {} if said is None else {"waiting_reason": "ImagePullBackOff", "waiting_message": said}
    return ContainerSeen(
        **{"name": "main", "image": image, "pull_policy": "IfNotPresent", **waiting, **others},
    )


def pod(
    *containers: ContainerSeen,
    pull_secrets: Iterable[str] = (),
    name: str = "web-5d8f-x1",
    owner: ObjectName | None = ("ReplicaSet", "web-5d8f"),
    namespace: str = "shop",
    created: datetime = NOW - DAY,
    account: str = "default",
    **others: Any,
) -> PodSeen:
    """A pod; one of a ReplicaSet is labelled as a Deployment does it unless a test says otherwise."""
    if owner and owner[0] == "ReplicaSet":
        others = {"template_hash": owner[1].rpartition("-")[2], **others}
    return PodSeen(
        namespace, name, created, account, tuple(pull_secrets), containers or (container(),), owner, **others
    )


def deployment(
    name: str = "web", *, pull_secrets: Iterable[str] = (), kind: str = "Deployment", **others: Any
) -> WorkloadSeen:
    fields: dict[str, Any] = {"namespace": "shop", "account": "default", "images": ("ghcr.io/acme/web:1",), **others}
    return WorkloadSeen(kind=kind, name=name, pull_secrets=tuple(pull_secrets), **fields)


def observe(*objects: SecretSeen | AccountSeen | PodSeen | WorkloadSeen, **others: Any) -> Observation:
    """What there is; everything was read in every namespace unless a test says otherwise."""
    namespaces = frozenset(each.namespace for each in objects)
    fields = {"secrets_known_in": namespaces, "accounts_known_in": namespaces, "now": NOW, **others}
    return Observation(
        secrets={(each.namespace, each.name): each for each in objects if isinstance(each, SecretSeen)},
        accounts={(each.namespace, each.name): each for each in objects if isinstance(each, AccountSeen)},
        pods=[each for each in objects if isinstance(each, PodSeen)],
        workloads=[each for each in objects if isinstance(each, WorkloadSeen)],
        **fields,
    )


def found(
    *objects: SecretSeen | AccountSeen | PodSeen | WorkloadSeen, coverage: StackCoverage | None = None, **others: Any
) -> list[Finding]:
    return diagnose(observe(*objects, **others), coverage=coverage)


def codes(findings: Iterable[Finding]) -> list[str]:
    return [each.check.code for each in findings]


def the(code: str, findings: Iterable[Finding]) -> Finding:
    """The one finding of this code."""
    (only,) = [each for each in findings if each.check.code == code]
    return only
