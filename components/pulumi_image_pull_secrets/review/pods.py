"""Asks the stack's own cluster which pods still name a Secret that goes."""

from collections import Counter
from collections.abc import Iterable

from ..api import Api
from .changes import Action, changes_of, setting
from .engine_json import SECRET, Preview
from .risks import Object, Pods

_ENDED = ("Succeeded", "Failed")


def removed_secrets(preview: Preview) -> list[Object]:
    """The Secrets that an up would delete, as namespace and name."""
    return [(one.namespace, one.name) for one in changes_of(preview).secrets if one.action is Action.DELETED]


def look(preview: Preview, secrets: Iterable[Object]) -> Pods:
    """How many pods name each of ``secrets`` in the cluster of the stack's context.

    Raises ClusterUnreachableError, KubeconfigError, and LookupError where the preview names no context.
    """
    context, kubeconfig = setting(preview, "context"), setting(preview, "kubeconfig")
    if context is None:
        raise LookupError("the preview's configuration names no context")
    wanted = set(secrets)
    naming: Counter[Object] = Counter()
    with Api(context=context, kubeconfig=None if kubeconfig == SECRET else kubeconfig) as api:
        api.check()
        for namespace in sorted({namespace for namespace, _ in wanted}):
            for pod in api.list(api.objects.list_namespaced_pod, namespace):
                if (pod.get("status") or {}).get("phase") in _ENDED:
                    continue
                entries = pod["spec"].get("imagePullSecrets") or []
                naming.update({(namespace, entry.get("name", "")) for entry in entries} & wanted)
    return Pods({secret: naming[secret] for secret in wanted})
