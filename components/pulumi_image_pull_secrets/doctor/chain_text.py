"""A chain in the words in which one would tell it to a colleague. Pure."""

from collections.abc import Iterator

from ..wording import count, key_text, names, user_text, visible
from .chain import Candidate, ContainerChain, ImageChain, KeyStep, ListChain, PodChain, SecretStep
from .groups import Listing
from .image_scope import WantedImage
from .report_image import login_text

_TRIED = ("first", "second", "third")


def of_pod(chain: PodChain) -> str:
    """The whole explanation of a pod."""
    return _text(_pod_lines(chain))


def of_image(namespace: str, image: WantedImage, chains: tuple[ListChain, ...]) -> str:
    """The whole explanation of an image in a namespace."""
    return _text(_image_lines(namespace, image, chains))


def _text(lines: Iterator[tuple[int, str]]) -> str:
    """Each line indented, on one line, with nothing in it that acts."""
    return "".join(" " * indent + visible(line) + "\n" for indent, line in lines)


def _pod_lines(chain: PodChain) -> Iterator[tuple[int, str]]:
    pod = chain.pod
    owner = "" if chain.alike.owner[0] == "Pod" else f" of {' '.join(chain.alike.owner)}"
    yield 0, f"Pod {pod.namespace}/{pod.name}{owner}, created {pod.created:%Y-%m-%d %H:%M} UTC"
    yield 0, ""
    yield 0, _account_sentence(chain)
    yield 0, _list_sentence(chain)
    shown: set[int] = set()
    for container in chain.containers:
        yield 0, ""
        yield from _container_lines(container, is_new=id(container.chain) not in shown)
        shown.add(id(container.chain))
    if chain.findings:
        yield 0, ""
        yield 0, "Why it doesn't pull:"
    for found in chain.findings:
        yield 2, f"{found.kind} {found.name}: {found.message} [{found.check.code}]"
        yield 4, found.fix


def _account_sentence(chain: PodChain) -> str:
    account = chain.pod.account
    if not account:
        return "It has no ServiceAccount: it is the mirror of a static pod, whose list is in a file on the node."
    if chain.account_list is None:
        return f"It runs as ServiceAccount {account}, which isn't there or couldn't be read."
    return f"It runs as ServiceAccount {account}, which names {_named(chain.account_list)}."


def _list_sentence(chain: PodChain) -> str:
    own, accounts = chain.alike.pull_secrets, chain.account_list or ()
    said = f"The pod names {_named(own)}"
    if chain.alike.listing is Listing.NONE:
        return f"{said}, since its account had none to give when it was created."
    if chain.alike.listing is Listing.ACCOUNT:
        return f"{said}: the API server copied its account's list into it when it was created."
    if chain.alike.listing is Listing.OWN:
        owner = chain.alike.owner
        where = "its own manifest" if owner[0] == "Pod" else f"what {' '.join(owner)} creates it from"
        hidden = "which has none" if not accounts else "which is therefore not used"
        return f"{said}. That list is in {where}, not from its account, {hidden}."
    if chain.alike.listing is Listing.EARLIER:
        then = "named none" if not own else "did"
        return (
            f"{said}, as its account {then} when the pod was created. The account's list is another by now, which "
            "only new pods get: recreate this one."
        )
    return f"{said}."


def _container_lines(container: ContainerChain, *, is_new: bool) -> Iterator[tuple[int, str]]:
    state = f", which waits: {container.reason}" if container.reason else ""
    yield 0, f"Container {container.name}{state}"
    chain = container.chain
    is_short = chain.name and not chain.image.startswith(chain.name)
    yield 2, f"Image {chain.image}" + (f", which is {chain.name} in full" if is_short else "")
    if is_new:
        yield from ((indent + 2, line) for indent, line in _chain_lines(chain))
    else:
        yield 2, "The same as above."
    if container.said:
        yield 2, f"What was said of the pull: {container.said}"
    elif container.failure:
        yield 2, f"What is known of the failure: {container.failure.value}"
    elif container.policy in ("IfNotPresent", "Never"):
        yield 2, f"Its policy is {container.policy}: a node that has the image doesn't pull it again."


def _image_lines(namespace: str, image: WantedImage, chains: tuple[ListChain, ...]) -> Iterator[tuple[int, str]]:
    yield 0, f"Image {image} in namespace {namespace}"
    if not chains:
        yield 0, ""
        yield 0, "There is no ServiceAccount in the namespace, or none that could be read."
    for each in chains:
        yield 0, ""
        name = "name" if len(each.accounts) > 1 else "names"
        pods = f"; {count(each.pods, 'pod')} {'uses' if each.pods == 1 else 'use'} the image" if each.pods else ""
        yield 0, f"{names('ServiceAccount', each.accounts)} {name} {_named(each.pull_secrets)}{pods}."
        yield from ((indent + 2, line) for indent, line in _chain_lines(each.chain))


def _chain_lines(chain: ImageChain) -> Iterator[tuple[int, str]]:
    if chain.problem:
        yield 0, f"No kubelet pulls it: {chain.problem}."
        return
    for secret in chain.secrets:
        yield from _secret_lines(secret)
    if broken := [secret.name for secret in chain.secrets if secret.fails]:
        yield 0, f"Every pull with this list fails because of {names('Secret', broken)}, whatever the others hold."
        return
    if not chain.candidates:
        yield 0, "Which login is tried isn't known, since the Secrets couldn't be read."
    for number, candidate in enumerate(chain.candidates):
        yield 0, _candidate_sentence(number, candidate)


def _candidate_sentence(number: int, candidate: Candidate) -> str:
    if candidate.login is None:
        said = "No login serves the image: the kubelet pulls without one, unless the node has one of its own"
    else:
        tried = "first tries" if number == 0 else "then tries"
        said = f"The kubelet {tried} {login_text(candidate.login)}"
    return f"{said}. The registry's answer: {candidate.answer}." if candidate.answer else f"{said}."


def _secret_lines(secret: SecretStep) -> Iterator[tuple[int, str]]:
    if secret.problem:
        yield 0, f"Secret {secret.name} {secret.problem}."
        return
    yield 0, f"Secret {secret.name}:"
    for key in secret.keys:
        yield 2, _key_sentence(key)


def _key_sentence(key: KeyStep) -> str:
    said = f"key {key_text(key.login.key)}, user {user_text(key.login.credential.username)}: "
    if key.place is None:
        said += "doesn't serve the image"
    else:
        place = _TRIED[key.place - 1] if key.place <= len(_TRIED) else f"as number {key.place}"
        said += f"serves the image, tried {place}"
    return f"{said}; it {key.problem}" if key.problem else said


def _named(secrets: tuple[str, ...]) -> str:
    return names("Secret", secrets) if secrets else "no Secret"
