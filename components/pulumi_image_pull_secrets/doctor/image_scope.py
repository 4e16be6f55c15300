"""What concerns the pods with one image, and which logins serve it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .. import image_reference
from ..errors import ImageNameError
from .content import Login
from .findings import Finding
from .groups import Alike, cleaned
from .suspicions import Place
from .view import View


@dataclass(frozen=True)
class WantedImage:
    """An image that somebody asks about: with its tag or digest, or of any where neither was typed."""

    name: str
    """Registry and repository, such as ``docker.io/library/nginx``."""
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> "WantedImage":
        """What was typed; ``nginx`` is any tag of ``docker.io/library/nginx``. Raises ImageNameError."""
        reference = image_reference.parse(text)
        if reference is None:
            raise ImageNameError(f"{text[:300]!a} is not an image's name: {image_reference.problem(text)}")
        has_no_tag = image_reference.parse(f"{text}:latest") is not None
        return cls(reference.name, "" if has_no_tag else reference.tag, reference.digest)

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def matches(self, image: str) -> bool:
        """Whether a container's ``image`` is it."""
        reference = image_reference.parse(image)
        if reference is None or reference.name != self.name:
            return False
        return self.tag in ("", reference.tag) and self.digest in ("", reference.digest)

    def is_of(self, alike: Alike) -> bool:
        """Whether pods have a container with it."""
        return any(self.matches(need.image) for need in alike.needs)


@dataclass(frozen=True)
class ServedAccount:
    """What one ServiceAccount's list gives an image."""

    namespace: str
    name: str
    pods: int
    """How many of its pods have a container with the image."""
    logins: tuple[Login, ...]
    """In the order in which the kubelet tries them; none where the list has none for the image."""
    problem: str = ""
    """Why they aren't known, or aren't tried."""


@dataclass(frozen=True)
class ImageAnswer:
    """Who can pull an image, and whose pods need it."""

    image: WantedImage
    accounts: tuple[ServedAccount, ...]
    """Those that have a login for it, and those whose pods have a container with it; by namespace and name."""


def answer(view: View, image: WantedImage) -> ImageAnswer:
    """Which logins of which accounts serve ``image``."""
    return ImageAnswer(image, tuple(each for each in accounts(view, image) if each.pods or each.logins))


def accounts(view: View, image: WantedImage) -> Iterator[ServedAccount]:
    """What each account's list gives ``image``, by namespace and name."""
    for (namespace, name), account in sorted(view.observation.accounts.items()):
        listed = cleaned(account.pull_secrets)
        groups = view.groups_of_account.get((namespace, name), ())
        pods = sum(group.count for group in groups if image.is_of(group.alike))
        logins = view.logins(namespace, listed, image.name)
        yield ServedAccount(namespace, name, pods, logins, _problem(view, namespace, listed))


def concerning(view: View, image: WantedImage, findings: Iterable[Finding]) -> list[Finding]:
    """The findings that hit a pod with ``image`` or, where they hit no pod, an object that such pods depend on."""
    places = _places(view, image)
    return [
        found
        for found in findings
        if (
            any(map(image.matches, found.images)) if found.pods else (found.namespace, found.kind, found.name) in places
        )
    ]


def _problem(view: View, namespace: str, listed: tuple[str, ...]) -> str:
    if listed and not view.knows_secrets(namespace):
        return "its Secrets couldn't be read"
    contents = ((name, view.contents.get((namespace, name))) for name in listed)
    broken = [name for name, content in contents if content and content.fails]
    return f"Secret {broken[0]} can't be read, which fails every pull" if broken else ""


def _places(view: View, image: WantedImage) -> set[Place]:
    """What pods with the image, and templates for such pods, depend on."""
    places: set[Place] = set()
    for group in view.groups:
        if image.is_of(group.alike):
            alike = group.alike
            names = (*alike.pull_secrets, *view.account_list(alike))
            places |= _of(alike.namespace, alike.owner, alike.account, names)
    for (namespace, kind, name), template in view.workloads.items():
        if any(map(image.matches, template.images)):
            account = view.observation.accounts.get((namespace, template.account))
            names = (*cleaned(template.pull_secrets), *(cleaned(account.pull_secrets) if account else ()))
            places |= _of(namespace, (kind, name), template.account, names)
    return places


def _of(namespace: str, owner: tuple[str, str], account: str, secrets: Iterable[str]) -> set[Place]:
    return {
        (namespace, *owner),
        (namespace, "ServiceAccount", account),
        (namespace, "Namespace", namespace),
        *((namespace, "Secret", secret) for secret in secrets),
    }
