"""Reads a cluster for a diagnosis: in lists, a page at a time, and never an object by itself.

Only Secrets of the two types for registry credentials are read whole. Of others the names are asked for, as metadata.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from kubernetes import client

from ..api import Api, ForbiddenError, Object, Request
from .observation import (
    AccountSeen,
    ContainerSeen,
    ObjectName,
    Observation,
    PodSeen,
    SecretSeen,
    WorkloadSeen,
)

CONTENT_KEYS = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", "kubernetes.io/dockercfg": ".dockercfg"}
"""The two types of Secrets that hold registry credentials, and the key of each in ``data``.

https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets
"""
_EVENTS_KEPT = 5
_MIRROR = "kubernetes.io/config.mirror"
"""https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-config-mirror"""
_WAITING_FOR_IMAGE = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}


@dataclass(frozen=True)
class _Kind:
    """How one kind is listed."""

    plural: str
    everywhere: Request
    in_namespace: Request
    field_selector: str = ""


def observe(api: Api, namespaces: Sequence[str] = ()) -> Observation:
    """What there is in these namespaces, or in all. Raises ClusterUnreachableError."""
    return _Reader(api, namespaces).observe()


class _Reader:
    def __init__(self, api: Api, namespaces: Sequence[str]) -> None:
        self._api = api
        self._wanted = list(dict.fromkeys(namespaces))
        self._names: list[str] | None = None
        self._seen: set[str] = set(self._wanted)
        self._denied: dict[str, set[str]] = {}

    def observe(self) -> Observation:
        core = self._api.objects
        pods = [pod_seen(item) for item in self._read(_pods(core))]
        accounts = [_account(item) for item in self._read(_accounts(core))]
        secrets = [_secret(item) for kind in _secrets(core) for item in self._read(kind)]
        secrets += [_other_secret(item) for item in self._read(_other_secrets(self._api.metadata))]
        workloads = [_workload(kind, item) for kind in _workloads(self._api) for item in self._read(kind)]
        if any(container.waiting_reason in _WAITING_FOR_IMAGE for pod in pods for container in pod.containers):
            pods = self._with_events(pods)
        return Observation(
            now=datetime.now(timezone.utc),
            secrets={(secret.namespace, secret.name): secret for secret in secrets},
            accounts={(account.namespace, account.name): account for account in accounts},
            pods=pods,
            workloads=workloads,
            unreadable=[self._unreadable(plural, names) for plural, names in self._denied.items()],
            secrets_known_in=frozenset(self._seen - self._denied.get("secrets", set())),
            accounts_known_in=frozenset(self._seen - self._denied.get("serviceaccounts", set())),
            pods_known_in=frozenset(self._seen - self._denied.get("pods", set())),
        )

    def _read(self, kind: _Kind) -> Iterator[Object]:
        query = {"field_selector": kind.field_selector} if kind.field_selector else {}
        if not self._wanted:
            try:
                yield from self._noted(self._api.list(kind.everywhere, **query))
            except ForbiddenError:
                pass
            else:
                return
        for items in self._api.each(self._namespace_names(), lambda name: self._in_namespace(kind, name, query)):
            yield from self._noted(items)

    def _in_namespace(self, kind: _Kind, namespace: str, query: Mapping[str, str]) -> list[Object]:
        try:
            return list(self._api.list(kind.in_namespace, namespace, **query))
        except ForbiddenError:
            self._denied.setdefault(kind.plural, set()).add(namespace)
            return []

    def _noted(self, items: Iterable[Object]) -> Iterator[Object]:
        for item in items:
            self._seen.add(item["metadata"]["namespace"])
            yield item

    def _namespace_names(self) -> list[str]:
        """Those that were asked for, or else all; raises ForbiddenError where the user may see neither."""
        if self._names is None:
            self._names = self._wanted or [
                item["metadata"]["name"] for item in self._api.list(self._api.metadata.list_namespace)
            ]
            self._seen.update(self._names)
        return self._names

    def _with_events(self, pods: Sequence[PodSeen]) -> list[PodSeen]:
        waiting = {(pod.namespace, pod.name) for pod in pods if _waits(pod)}
        messages: dict[ObjectName, list[tuple[str, str]]] = {}
        for event in self._read(_failures(self._api.objects)):
            about = (event["metadata"]["namespace"], event.get("involvedObject", {}).get("name", ""))
            if about in waiting:
                when = event.get("lastTimestamp") or event.get("eventTime") or ""
                messages.setdefault(about, []).append((when, event.get("message") or ""))
        newest = {
            about: tuple(message for _, message in sorted(found, reverse=True)[:_EVENTS_KEPT])
            for about, found in messages.items()
        }
        return [
            PodSeen(**{**vars(pod), "events": newest[about]}) if (about := (pod.namespace, pod.name)) in newest else pod
            for pod in pods
        ]

    def _unreadable(self, plural: str, names: set[str]) -> str:
        shown = ", ".join(sorted(names)[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        return f"{plural} in {shown}"


def _pods(core: client.CoreV1Api) -> _Kind:
    selector = "status.phase!=Succeeded,status.phase!=Failed"
    return _Kind("pods", core.list_pod_for_all_namespaces, core.list_namespaced_pod, selector)


def _accounts(core: client.CoreV1Api) -> _Kind:
    return _Kind("serviceaccounts", core.list_service_account_for_all_namespaces, core.list_namespaced_service_account)


def _secrets(core: client.CoreV1Api) -> list[_Kind]:
    return [
        _Kind("secrets", core.list_secret_for_all_namespaces, core.list_namespaced_secret, f"type={type_}")
        for type_ in CONTENT_KEYS
    ]


def _other_secrets(metadata: client.CoreV1Api) -> _Kind:
    selector = ",".join(f"type!={type_}" for type_ in CONTENT_KEYS)
    return _Kind("secrets", metadata.list_secret_for_all_namespaces, metadata.list_namespaced_secret, selector)


def _failures(core: client.CoreV1Api) -> _Kind:
    selector = "involvedObject.kind=Pod,reason=Failed"
    return _Kind("events", core.list_event_for_all_namespaces, core.list_namespaced_event, selector)


def _workloads(api: Api) -> list[_Kind]:
    apps, batch = api.group(client.AppsV1Api), api.group(client.BatchV1Api)
    return [
        _Kind("deployments", apps.list_deployment_for_all_namespaces, apps.list_namespaced_deployment),
        _Kind("statefulsets", apps.list_stateful_set_for_all_namespaces, apps.list_namespaced_stateful_set),
        _Kind("daemonsets", apps.list_daemon_set_for_all_namespaces, apps.list_namespaced_daemon_set),
        _Kind("jobs", batch.list_job_for_all_namespaces, batch.list_namespaced_job),
        _Kind("cronjobs", batch.list_cron_job_for_all_namespaces, batch.list_namespaced_cron_job),
    ]


_WORKLOAD_KINDS = {
    "deployments": "Deployment",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "jobs": "Job",
    "cronjobs": "CronJob",
}


def _waits(pod: PodSeen) -> bool:
    return any(container.waiting_reason in _WAITING_FOR_IMAGE for container in pod.containers)


def pod_seen(item: Object) -> PodSeen:
    """A pod as the API has it, without its events."""
    metadata, spec, status = item["metadata"], item["spec"], item.get("status") or {}
    owners = metadata.get("ownerReferences") or []
    controller = next(((owner["kind"], owner["name"]) for owner in owners if owner.get("controller")), None)
    return PodSeen(
        namespace=metadata["namespace"],
        name=metadata["name"],
        created=_time(metadata["creationTimestamp"]),
        account=spec.get("serviceAccountName") or "default",
        pull_secrets=_pull_secrets(spec),
        containers=tuple(_containers(spec, status)),
        controller=controller,
        uid=metadata.get("uid") or "",
        is_mirror=_MIRROR in (metadata.get("annotations") or {}),
        is_leaving="deletionTimestamp" in metadata,
    )


def _containers(spec: Object, status: Object) -> Iterator[ContainerSeen]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        prefix = kind.removesuffix("Containers").removesuffix("containers")
        statuses = status.get(f"{prefix}ContainerStatuses" if prefix else "containerStatuses") or []
        waiting = {entry["name"]: (entry.get("state") or {}).get("waiting") or {} for entry in statuses}
        for container in spec.get(kind) or []:
            state = waiting.get(container["name"], {})
            yield ContainerSeen(
                name=container["name"],
                image=container.get("image") or "",
                pull_policy=container.get("imagePullPolicy") or "",
                waiting_reason=state.get("reason") or "",
                waiting_message=state.get("message") or "",
            )


def _account(item: Object) -> AccountSeen:
    metadata = item["metadata"]
    written = [
        entry["time"]
        for entry in metadata.get("managedFields") or []
        if "f:imagePullSecrets" in (entry.get("fieldsV1") or {}) and entry.get("time")
    ]
    return AccountSeen(
        namespace=metadata["namespace"],
        name=metadata["name"],
        pull_secrets=_pull_secrets(item),
        annotations=metadata.get("annotations") or {},
        changed=_time(max(written)) if written else None,
    )


def _secret(item: Object) -> SecretSeen:
    metadata = item["metadata"]
    text = (item.get("data") or {}).get(CONTENT_KEYS[item["type"]])
    return SecretSeen(
        namespace=metadata["namespace"],
        name=metadata["name"],
        type=item["type"],
        created=_time(metadata["creationTimestamp"]),
        content=None if text is None else _decoded(text),
        annotations=metadata.get("annotations") or {},
    )


def _other_secret(item: Object) -> SecretSeen:
    metadata = item["metadata"]
    return SecretSeen(metadata["namespace"], metadata["name"], "", _time(metadata["creationTimestamp"]))


def _workload(kind: _Kind, item: Object) -> WorkloadSeen:
    spec = item["spec"]
    template = (spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec)["template"]["spec"]
    images = (c.get("image") or "" for part in ("initContainers", "containers") for c in template.get(part) or [])
    return WorkloadSeen(
        namespace=item["metadata"]["namespace"],
        kind=_WORKLOAD_KINDS[kind.plural],
        name=item["metadata"]["name"],
        account=template.get("serviceAccountName") or "default",
        pull_secrets=_pull_secrets(template),
        images=tuple(images),
    )


def _pull_secrets(holder: Object) -> tuple[str, ...]:
    return tuple(entry.get("name") or "" for entry in holder.get("imagePullSecrets") or [])


def _decoded(text: str) -> bytes:
    # The API server only takes base64; what isn't is no credential either.
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
