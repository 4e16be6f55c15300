"""Reads a cluster for a diagnosis: in lists, a page at a time, and never an object by itself.

Only Secrets of the two types for registry credentials are read whole. Of others the names are asked for, as metadata.
"""

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from http import HTTPStatus

from ..api import Api, ForbiddenError, NotFoundError, Object, path_of
from . import kinds, parsing
from .kinds import Kind
from .observation import ObjectName, Observation, PodSeen
from .pull_failures import is_generic, waits_for_image

_EVENTS_KEPT = 5
_JUDGED = ("pods", "serviceaccounts", "secrets")
"""Without any of these there is nothing to say."""

Progress = Callable[[str], None]
"""Is told what is read next, such as ``pods``."""


def observe(api: Api, namespaces: Sequence[str] = (), progress: Progress = lambda _: None) -> Observation:
    """What there is in these namespaces, or in all.

    Raises ClusterUnreachableError; a ForbiddenError where the user may read nothing anywhere.
    """
    return _Reader(api, namespaces, progress).observe()


class _Reader:
    def __init__(self, api: Api, namespaces: Sequence[str], progress: Progress) -> None:
        self._api = api
        self._wanted = list(dict.fromkeys(namespaces))
        self._names: list[str] | None = None
        self._seen: set[str] = set(self._wanted)
        self._denied: dict[str, set[str]] = defaultdict(set)
        self._progress = progress

    def observe(self) -> Observation:
        pods = [parsing.pod(item) for item in self._read(kinds.PODS)]
        accounts = [parsing.account(item) for item in self._read(kinds.ACCOUNTS)]
        secrets = [parsing.secret(item) for kind in kinds.SECRETS_WITH_CREDENTIALS for item in self._read(kind)]
        secrets += [parsing.other_secret(item) for item in self._read(kinds.OTHER_SECRETS)]
        if self._seen and all(self._denied[plural] >= self._seen for plural in _JUDGED):
            message = f"the user of this context may not list {', '.join(_JUDGED)} in any of the namespaces"
            raise ForbiddenError(message, HTTPStatus.FORBIDDEN, {})
        workloads = [
            parsing.workload(name, item)
            for name, kind in kinds.WORKLOADS.items()
            for item in self._read_if_known(kind)
        ]  # fmt: skip
        return Observation(
            now=datetime.now(timezone.utc),
            secrets={(secret.namespace, secret.name): secret for secret in secrets},
            accounts={(account.namespace, account.name): account for account in accounts},
            pods=self._with_events(pods),
            workloads=workloads,
            unreadable=[_unreadable(plural, names) for plural, names in self._denied.items() if names],
            secrets_known_in=frozenset(self._seen - self._denied["secrets"]),
            accounts_known_in=frozenset(self._seen - self._denied["serviceaccounts"]),
            pods_known_in=frozenset(self._seen - self._denied["pods"]),
        )

    def _read(self, kind: Kind) -> Iterator[Object]:
        self._progress(kind.plural)
        if not self._wanted:
            try:
                yield from self._noted(self._list(kind))
            except ForbiddenError:
                pass
            else:
                return
        for items in self._api.each(self._namespace_names(), lambda name: self._in_namespace(kind, name)):
            yield from self._noted(items)

    def _read_if_known(self, kind: Kind) -> Iterator[Object]:
        # A cluster without pods or Secrets is none, but one without CronJobs may be.
        with contextlib.suppress(NotFoundError):
            yield from self._read(kind)

    def _list(self, kind: Kind, namespace: str | None = None) -> Iterator[Object]:
        where = path_of(kind.plural, namespace, version=kind.version)
        return self._api.list(where, field_selector=kind.field_selector, metadata_only=kind.metadata_only)

    def _in_namespace(self, kind: Kind, namespace: str) -> list[Object]:
        try:
            return list(self._list(kind, namespace))
        except ForbiddenError:
            self._denied.setdefault(kind.plural, set()).add(namespace)  # several threads do
            return []

    def _noted(self, items: Iterable[Object]) -> Iterator[Object]:
        for item in items:
            self._seen.add(item["metadata"]["namespace"])
            yield item

    def _namespace_names(self) -> list[str]:
        """Those that were asked for, or else all; raises ForbiddenError where the user may see neither."""
        if self._names is None:
            self._names = self._wanted or [
                item["metadata"]["name"] for item in self._api.list(path_of("namespaces"), metadata_only=True)
            ]
            self._seen.update(self._names)
        return self._names

    def _with_events(self, pods: Sequence[PodSeen]) -> list[PodSeen]:
        """The pods, those that wait for an image with what was said of them."""
        waiting = {(pod.namespace, pod.name) for pod in pods if any(map(waits_for_image, pod.containers))}
        if not waiting:
            return list(pods)
        failed = self._messages("Failed", waiting)
        missing: Mapping[ObjectName, list[str]] = {}
        # Where Secrets are read, they say better what is missing than an event of an hour ago.
        if unknown := {name for name in waiting if name[0] in self._denied["secrets"]}:
            missing = self._messages("FailedToRetrieveImagePullSecret", unknown)
        return [
            replace(
                pod,
                events=(
                    *[message for message in failed.get(name, []) if not is_generic(message)][:_EVENTS_KEPT],
                    *missing.get(name, [])[:1],
                ),
            )
            if (name := (pod.namespace, pod.name)) in waiting
            else pod
            for pod in pods
        ]

    def _messages(self, reason: str, pods: set[ObjectName]) -> Mapping[ObjectName, list[str]]:
        """Of each of these pods what its events for this reason say, the newest first."""
        found: dict[ObjectName, list[tuple[str, str]]] = {}
        for event in self._read(kinds.pod_events(reason)):
            about = (event["metadata"]["namespace"], event.get("involvedObject", {}).get("name", ""))
            if about in pods:
                when = event.get("lastTimestamp") or event.get("eventTime") or ""
                found.setdefault(about, []).append((when, event.get("message") or ""))
        return {about: [message for _, message in sorted(events, reverse=True)] for about, events in found.items()}


def _unreadable(plural: str, names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"{plural} in {shown}"
