"""The other people on the cluster: namespaces and accounts are theirs, and so are some entries already there."""

import base64
import json
import secrets
from collections.abc import Iterable
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from .stacks import NamedNamespace

FOREIGN = {"quay-readonly": "quay.io", "team-mirror": "mirror.acme.example"}
"""Image pull secrets that somebody made and attached before us, and the registry that each has a login for."""


def prepare(core: client.CoreV1Api, namespaces: Iterable[NamedNamespace]) -> None:
    """Makes what a stack's file takes for granted. On every other account somebody has attached something already."""
    count = 0
    for namespace in namespaces:
        if namespace.create:
            continue
        name = namespace.name
        is_new = _create(core.create_namespace, {"metadata": {"name": name}})
        # A controller makes it a moment later, until when a pattern of accounts wouldn't find it.
        _create_account(core, name, "default")
        for account in namespace.accounts:
            _create_account(core, name, account)
            foreign = list(FOREIGN)[: count % 3]
            count += 1
            if is_new and foreign:
                for entry in foreign:
                    _create(core.create_namespaced_secret, name, _login(entry))
                entries = {"imagePullSecrets": [{"name": entry} for entry in foreign]}
                core.patch_namespaced_service_account(account, name, entries)


def _create_account(core: client.CoreV1Api, namespace: str, name: str) -> None:
    _create(core.create_namespaced_service_account, namespace, {"metadata": {"name": name}})


def _login(name: str) -> dict[str, Any]:
    """A Secret as ``kubectl create secret docker-registry`` makes it, with a password that is made up."""
    username, password = "somebody", secrets.token_urlsafe(18)
    auth = base64.b64encode(f"{username}:{password}".encode()).decode()
    content = {"auths": {FOREIGN[name]: {"username": username, "password": password, "auth": auth}}}
    return {
        "metadata": {"name": name},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json.dumps(content)},
    }


def _create(create: Any, *arguments: Any) -> bool:
    """Whether it is new."""
    try:
        create(*arguments)
    except ApiException as error:
        if error.status == 409:
            return False
        raise
    return True
