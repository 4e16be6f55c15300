"""``pull-secrets explain``."""

import re
from collections.abc import Callable
from typing import Annotated

import typer

from ..doctor import chain, chain_text
from ..doctor.image_scope import WantedImage
from ..doctor.observation import Observation, PodSeen
from ..errors import NotInClusterError
from ..keyring import Credential
from ..names import label_problem, nearest, subdomain_problem
from ..registry import Question
from .cluster import Cluster
from .options import CaFileOption, ContextOption, KubeconfigOption, TimeoutOption, VerifyOption
from .outcomes import UsageMistakeError, write
from .registries import Registries

_IMAGES_LOOK = re.compile("[/:@]")
_POD_PREFIX = re.compile("(pods?|po)/")

Explanation = Callable[[chain.Ask], str]
"""The text, with what the given asks."""


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
    verify: VerifyOption = False,
    ca_file: CaFileOption = None,
    timeout: TimeoutOption = None,
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

    registries = Registries.of(verify, ca_file, timeout)
    cluster = Cluster.of(context, kubeconfig)
    where = namespace or cluster.namespace
    observation = cluster.observe([where])
    explanation = _of_image(observation, where, image) if image else _of_pod(observation, where, pod_name)

    text = _verified(explanation, registries) if registries else explanation(chain.nobody)
    write(lambda file: text.encode(file.encoding, "backslashreplace").decode(file.encoding))


def _of_image(observation: Observation, namespace: str, image: WantedImage) -> Explanation:
    return lambda ask: chain_text.of_image(namespace, image, chain.of_image(observation, namespace, image, ask))


def _of_pod(observation: Observation, namespace: str, name: str) -> Explanation:
    pod = _pod(observation, namespace, name)
    return lambda ask: chain_text.of_pod(chain.of_pod(observation, pod, ask))


def _verified(explanation: Explanation, registries: Registries) -> str:
    """The explanation with what registries answer; they are asked for all of it at once."""
    questions: list[Question] = []

    def collect(image: str, credential: Credential | None) -> str:
        questions.append(Question(image, credential))
        return ""

    explanation(collect)
    answers = registries.ask(questions)

    def answer(image: str, credential: Credential | None) -> str:
        given = answers[Question(image, credential)]
        return f"{given.result.value} ({given.reason})"

    return explanation(answer)


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
