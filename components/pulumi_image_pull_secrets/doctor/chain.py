"""How a pod comes to a login for its images, step by step, or an account's pods would. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timezone

from .. import image_reference
from ..keyring import Credential
from .content import Content, Login
from .diagnosis import diagnose
from .findings import Finding, Severity
from .groups import Alike, cleaned, group_pods
from .image_scope import WantedImage
from .observation import Observation, PodSeen
from .pull_failures import PullFailure, failure_of
from .view import View

Ask = Callable[[str, Credential | None], str]
"""Asks a registry for an image with a login, or without one: what it answers, such as ``pulls``; empty where it wasn't
asked."""


def nobody(_image: str, _login: Credential | None) -> str:
    """Asks no registry."""
    return ""


@dataclass(frozen=True)
class KeyStep:
    """One entry of a Secret, held against one image."""

    login: Login
    place: int | None
    """1 for the one that the kubelet tries first; None where it isn't for the image."""
    problem: str = ""
    """What is wrong with it by its looks."""


@dataclass(frozen=True)
class SecretStep:
    """One Secret of a list, held against one image."""

    name: str
    problem: str = ""
    """Why there is no entry in it that a kubelet reads; empty where there is one."""
    keys: tuple[KeyStep, ...] = ()
    fails: bool = False
    """Whether every pull fails because of it, whatever the other Secrets hold."""


@dataclass(frozen=True)
class Candidate:
    """One login that the kubelet tries, or that it tries none (None), and what the registry says to it."""

    login: Login | None
    answer: str = ""


@dataclass(frozen=True)
class ImageChain:
    """From a list of Secrets to the logins for one image."""

    image: str
    """As somebody wrote it."""
    name: str
    """Registry and repository, by which a kubelet looks logins up; empty where it isn't an image's name."""
    problem: str
    """Why it isn't one."""
    secrets: tuple[SecretStep, ...]
    candidates: tuple[Candidate, ...]
    """In the order in which they are tried; none where a Secret fails every pull, or nobody knows."""


@dataclass(frozen=True)
class ContainerChain:
    """One container of a pod."""

    name: str
    policy: str
    reason: str
    """Why it waits, such as ``ImagePullBackOff``; empty where it doesn't."""
    failure: PullFailure | None
    said: str
    """The end of what was said of the pull; empty where nothing was."""
    chain: ImageChain


@dataclass(frozen=True)
class PodChain:
    """All of it for one pod."""

    pod: PodSeen
    alike: Alike
    account_list: tuple[str, ...] | None
    """What its ServiceAccount names now; None where the account isn't there, or wasn't read."""
    containers: tuple[ContainerChain, ...]
    findings: tuple[Finding, ...]
    """Why it doesn't pull, as the doctor tells it."""


@dataclass(frozen=True)
class ListChain:
    """What new pods of ServiceAccounts that have the same list would pull an image with."""

    accounts: tuple[str, ...]
    """Their names, sorted."""
    pull_secrets: tuple[str, ...]
    pods: int
    """How many of their pods use the image."""
    chain: ImageChain


def of_pod(observation: Observation, pod: PodSeen, ask: Ask = nobody) -> PodChain:
    """The chain of a pod; ``ask`` is asked about each login that the kubelet would try."""
    view = View(observation)
    (group,) = group_pods([pod], observation.accounts, view.workloads, view.passwords_in)
    account = observation.accounts.get((pod.namespace, pod.account))
    of_image = {
        image: _of_image(view, pod.namespace, group.alike.pull_secrets, image, ask)
        for image in dict.fromkeys(container.image for container in pod.containers)
    }
    containers = []
    for container in pod.containers:
        failure = failure_of(pod, container, view.passwords_in.get(pod.namespace, ()))
        containers.append(
            ContainerChain(
                container.name,
                container.pull_policy,
                container.waiting_reason,
                failure.kind if failure else None,
                failure.said if failure else "",
                of_image[container.image],
            )
        )
    # Of this pod alone, so that what is found fails it or no pod.
    found = diagnose(replace(observation, pods=[pod]))
    findings = tuple(each for each in found if each.severity is Severity.ERROR and each.pods)
    account_list = None if account is None else cleaned(account.pull_secrets)
    return PodChain(pod, group.alike, account_list, tuple(containers), findings)


def of_image(observation: Observation, namespace: str, image: WantedImage, ask: Ask = nobody) -> tuple[ListChain, ...]:
    """For the ServiceAccounts of a namespace, by their lists, what their new pods would pull an image with."""
    view = View(observation)
    accounts: dict[tuple[str, ...], list[str]] = {}
    for (where, name), account in sorted(observation.accounts.items()):
        if where == namespace:
            accounts.setdefault(cleaned(account.pull_secrets), []).append(name)
    return tuple(
        ListChain(
            tuple(names),
            listed,
            sum(_pods(view, namespace, name, image) for name in names),
            _of_image(view, namespace, listed, str(image), ask),
        )
        for listed, names in accounts.items()
    )


def _pods(view: View, namespace: str, account: str, image: WantedImage) -> int:
    groups = view.groups_of_account.get((namespace, account), ())
    return sum(group.count for group in groups if image.is_of(group.alike))


def _of_image(view: View, namespace: str, listed: tuple[str, ...], image: str, ask: Ask) -> ImageChain:
    reference = image_reference.parse(image)
    problem = image_reference.problem(image) or ""
    logins = view.logins(namespace, listed, image)
    steps = tuple(_secret_step(view, namespace, name, logins) for name in listed)
    is_known = view.knows_secrets(namespace) or not listed
    candidates: tuple[Candidate, ...] = ()
    if reference and is_known and not any(step.fails for step in steps):
        candidates = tuple(Candidate(login, ask(image, login.credential)) for login in logins)
        candidates = candidates or (Candidate(None, ask(image, None)),)
    return ImageChain(image, reference.name if reference else "", problem, steps, candidates)


def _secret_step(view: View, namespace: str, name: str, logins: tuple[Login, ...]) -> SecretStep:
    place = (namespace, name)
    if place in view.missing:
        return SecretStep(name, "isn't there, so the kubelet passes it over")
    if place not in view.observation.secrets:
        return SecretStep(name, "couldn't be read")
    content = view.contents.get(place)
    if content is None:
        return SecretStep(name, "is of a type that no kubelet pulls with, so it is passed over")
    if content.fails:
        return SecretStep(name, f"can't be used: {content.problem}", fails=True)
    if content.problem:
        return SecretStep(name, f"holds no login: {content.problem}")
    return SecretStep(name, keys=tuple(_key_steps(view, content, logins)))


def _key_steps(view: View, content: Content, logins: tuple[Login, ...]) -> Iterator[KeyStep]:
    dead = {each.key: each.why for each in content.dead_keys}
    disagreeing = content.disagreeing
    places = {login: number for number, login in enumerate(logins, 1)}
    for login in content.logins.values():
        problem = dead.get(login.key, "")
        if login.is_blank:
            problem = "has no user name, or no password"
        elif login.expiry and login.expiry.is_over(view.observation.now):
            problem = f"expired on {login.expiry.at.astimezone(timezone.utc):%Y-%m-%d at %H:%M} UTC"
        elif login in disagreeing:
            problem = "has an auth, which counts, that is another login than the username and password beside it"
        yield KeyStep(login, places.get(login), problem)
