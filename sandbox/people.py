"""The other people on the cluster: namespaces and accounts are theirs, and so are some entries already there."""

from collections.abc import Iterable
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

FOREIGN_NAMES = ("quay-readonly", "team-mirror")
"""Image pull secrets that somebody attached before us."""


def prepare(core: client.CoreV1Api, namespaces: Iterable[dict[str, Any]]) -> None:
    """Makes what a stack's file takes for granted. On every other account somebody has attached something already."""
    count = 0
    for namespace in namespaces:
        if namespace.get("create"):
            continue
        name = namespace["name"]
        is_new = _create(core.create_namespace, {"metadata": {"name": name}})
        for account in namespace.get("serviceAccounts", ["default"]):
            _create(core.create_namespaced_service_account, name, {"metadata": {"name": account}})
            foreign = FOREIGN_NAMES[: count % 3]
            count += 1
            if is_new and foreign:
                entries = {"imagePullSecrets": [{"name": entry} for entry in foreign]}
                core.patch_namespaced_service_account(account, name, entries)


def _create(create: Any, *arguments: Any) -> bool:
    """Whether it is new."""
    try:
        create(*arguments)
    except ApiException as error:
        if error.status == 409:
            return False
        raise
    return True
