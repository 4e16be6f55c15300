"""``pull-secrets explain``."""

import re
from typing import Annotated

import typer

from ..doctor import chain, chain_text
from ..doctor.image_scope import WantedImage
from ..doctor.observation import Observation, PodSeen
from ..errors import NotInClusterError
from ..names import label_problem, nearest, subdomain_problem
from .cluster import Cluster
from .options import ContextOption, KubeconfigOption
from .outcomes import UsageMistakeError, write

_IMAGES_LOOK = re.compile("[/:@]")
_POD_PREFIX = re.compile("(pods?|po)/")


def explain(
    target: Annotated[
        str, typer.Argument(metavar="POD|IMAGE", help="A pod, or an image with a '/', ':' or '@' in it.")
    ],
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", "-n", metavar="NS", help="Its namespace; the context's where it is left out."),
    ] = None,
) -> None:
    """Tells step by step which login a pod pulls with, or new pods would.

    Of an image it tells which login each ServiceAccount of the namespace has for it.

    Exit codes: 0 explained, 2 usage, 3 could not look.
    """
    pod_name = _POD_PREFIX.sub("", target, count=1)
    is_image = bool(_IMAGES_LOOK.search(pod_name))
    image = WantedImage.parse(target) if is_image else None
    if not image and (problem := subdomain_problem(pod_name)):
        raise UsageMistakeError(f"neither a pod's name nor an image with a registry or tag: {problem}")
    if namespace is not None and (problem := label_problem(namespace)):
        raise UsageMistakeError(f"--namespace: {problem}")

    cluster = Cluster.of(context, kubeconfig)
    where = namespace or cluster.namespace
    observation = cluster.observe([where])
    if image:
        text = chain_text.of_image(where, image, chain.of_image(observation, where, image))
    else:
        text = chain_text.of_pod(chain.of_pod(observation, _pod(observation, where, pod_name)))
    write(lambda file: text.encode(file.encoding, "backslashreplace").decode(file.encoding))


def _pod(observation: Observation, namespace: str, name: str) -> PodSeen:
    pods = {pod.name: pod for pod in observation.pods}
    if name in pods:
        return pods[name]
    if any(line.startswith("pods in ") for line in observation.unreadable):
        raise NotInClusterError(f"the user of this context may not list the pods of namespace {namespace}")
    meant = nearest(name, pods)
    hint = f'; did you mean "{meant}"?' if meant else "."
    raise NotInClusterError(
        f'no pod "{name}" runs or waits in namespace {namespace}{hint} An image is written with its tag: {name}:latest'
    )
