"""Asks the stack's own cluster which pods still name a Secret that goes."""

from collections import Counter
from collections.abc import Iterable

from ..api import Api, path_of
from .changes import PROVIDER_TYPE, Action, changes_of, setting
from .engine_json import SECRET, Preview
from .risks import Object, Pods

_ENDED = ("Succeeded", "Failed")


def removed_secrets(preview: Preview) -> list[Object]:
    """The Secrets that an up would delete, as namespace and name."""
    return [(one.namespace, one.name) for one in changes_of(preview).secrets if one.action is Action.DELETED]


def look(preview: Preview, secrets: Iterable[Object]) -> Pods:
    """How many pods name each of ``secrets`` in the stack's cluster.

    Raises ClusterUnreachableError, KubeconfigError, and LookupError where the preview doesn't say which cluster it is.
    """
    context, kubeconfig = _cluster(preview)
    wanted = set(secrets)
    naming: Counter[Object] = Counter()
    with Api(context=context, kubeconfig=kubeconfig) as api:
        api.check()
        for namespace in sorted({namespace for namespace, _ in wanted}):
            for pod in api.list(path_of("pods", namespace)):
                if (pod.get("status") or {}).get("phase") in _ENDED:
                    continue
                entries = pod["spec"].get("imagePullSecrets") or []
                naming.update({(namespace, entry.get("name", "")) for entry in entries} & wanted)
    return Pods({secret: naming[secret] for secret in wanted})


def _cluster(preview: Preview) -> tuple[str, str | None]:
    """The context and the kubeconfig: this program's settings, or else its one provider's.

    Secrets go from the cluster that the stack was in, of which only what stays the same tells.
    """
    steps = [step for step in preview.steps if step and step.types[-1] == PROVIDER_TYPE]
    if changes_of(preview).providers or any(step.op == "replace" for step in steps):
        raise LookupError("the stack may move to another cluster, and the Secrets go from the one that it is in")
    found = {(setting(preview, "context"), setting(preview, "kubeconfig"))}
    if setting(preview, "context") is None:
        states = [state for step in steps for state in (step.new_state or step.old_state,) if state]
        found = {(_text(state.inputs.get("context")), _text(state.inputs.get("kubeconfig"))) for state in states}
    clusters = [(context, kubeconfig) for context, kubeconfig in found if context not in (None, SECRET)]
    if len(clusters) != 1:
        raise LookupError(f"the preview names {len(clusters) or 'no'} contexts")
    ((context, kubeconfig),) = clusters
    if kubeconfig == SECRET:
        # The kubeconfig that is found without it may have a context of the same name, and be another cluster's.
        raise LookupError("the kubeconfig is a secret, which the preview doesn't hold")
    return str(context), kubeconfig


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
