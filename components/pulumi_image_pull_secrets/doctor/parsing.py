"""What the API server answers, as an observation has it. Pure."""

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime

from ..api import Object
from .observation import AccountSeen, ContainerSeen, PodSeen, SecretSeen, WorkloadSeen

LEGACY = "kubernetes.io/dockercfg"
CONTENT_KEYS = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", LEGACY: ".dockercfg"}
"""The two types of Secrets that hold registry credentials, and the key of each in ``data``.

https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets
"""
_MIRROR = "kubernetes.io/config.mirror"
"""https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-config-mirror"""

_TEMPLATE_HASH = "pod-template-hash"
"""https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label"""


def pod(item: Object) -> PodSeen:
    """A pod, without its events."""
    metadata, spec, status = item["metadata"], item["spec"], item.get("status") or {}
    owners = metadata.get("ownerReferences") or []
    controller = next(((owner["kind"], owner["name"]) for owner in owners if owner.get("controller")), None)
    return PodSeen(
        namespace=metadata["namespace"],
        name=metadata["name"],
        created=_time(metadata["creationTimestamp"]),
        # Admission fills it in, but for a static pod's mirror, which has no account and none's list.
        account=spec.get("serviceAccountName") or "",
        pull_secrets=_pull_secrets(spec),
        containers=tuple(_containers(spec, status)),
        controller=controller,
        uid=metadata.get("uid") or "",
        is_mirror=_MIRROR in (metadata.get("annotations") or {}),
        is_leaving="deletionTimestamp" in metadata,
        template_hash=(metadata.get("labels") or {}).get(_TEMPLATE_HASH) or "",
    )


def account(item: Object) -> AccountSeen:
    """A ServiceAccount."""
    metadata = item["metadata"]
    return AccountSeen(
        namespace=metadata["namespace"],
        name=metadata["name"],
        pull_secrets=_pull_secrets(item),
        annotations=metadata.get("annotations") or {},
        changed=_last_written(metadata, "f:imagePullSecrets"),
    )


def secret(item: Object) -> SecretSeen:
    """A Secret of one of the two types, with its content."""
    metadata = item["metadata"]
    text = (item.get("data") or {}).get(CONTENT_KEYS[item["type"]])
    return SecretSeen(
        namespace=metadata["namespace"],
        name=metadata["name"],
        type=item["type"],
        created=_time(metadata["creationTimestamp"]),
        content=None if text is None else _decoded(text),
        annotations=metadata.get("annotations") or {},
        changed=_last_written(metadata, "f:data"),
    )


def other_secret(item: Object) -> SecretSeen:
    """A Secret of another type, of which only the name is known."""
    metadata = item["metadata"]
    return SecretSeen(metadata["namespace"], metadata["name"], "", _time(metadata["creationTimestamp"]))


def workload(kind: str, item: Object) -> WorkloadSeen:
    """What has a pod template."""
    spec = item["spec"]
    template = (spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec)["template"]["spec"]
    images = (c.get("image") or "" for part in ("initContainers", "containers") for c in template.get(part) or [])
    return WorkloadSeen(
        namespace=item["metadata"]["namespace"],
        kind=kind,
        name=item["metadata"]["name"],
        account=template.get("serviceAccountName") or "default",
        pull_secrets=_pull_secrets(template),
        images=tuple(images),
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
                is_ephemeral=kind == "ephemeralContainers",
            )


def _pull_secrets(holder: Object) -> tuple[str, ...]:
    return tuple(entry.get("name") or "" for entry in holder.get("imagePullSecrets") or [])


def _last_written(metadata: Object, field: str) -> datetime | None:
    """When a field was last written, as far as any manager's entry still holds it."""
    entries = metadata.get("managedFields") or []
    times = [entry["time"] for entry in entries if field in (entry.get("fieldsV1") or {}) and entry.get("time")]
    return max(map(_time, times), default=None)


def _decoded(text: str) -> bytes:
    # The API server only takes base64; what isn't is no credential either.
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
