"""What is in a Secret, as a kubelet has it, and what is wrong with it. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from .. import image_reference
from ..docker_config import DOCKER_HUB_KEY, registry_key
from ..errors import RegistryAddressError
from ..key_pattern import HUB_INDEX, Mistake, index_of
from ..keyring import Config, Credential, Failure, Fault, Keyring, Kind, ParsedConfig, dead_keys, parse
from ..token_expiry import Expiry
from ..wording import key_text
from . import checks
from .expiry import expiry_of
from .findings import Check
from .observation import SecretSeen

_HUB = "docker.io"
_UNDECODABLE = (Fault.NOT_BASE64, Fault.NO_COLON)


@dataclass(frozen=True)
class Login:
    """One entry of a Secret, and when it ends."""

    credential: Credential
    expiry: Expiry | None = None

    @property
    def secret(self) -> str:
        """The Secret's name."""
        return self.credential.source

    @property
    def key(self) -> str:
        """As it stands there."""
        return self.credential.key

    @property
    def is_blank(self) -> bool:
        """Whether a container runtime takes it for no login at all."""
        return not self.credential.username or not self.credential.password


@dataclass(frozen=True)
class Content:
    """What is in one Secret of a type that kubelets read."""

    parsed: ParsedConfig = field(default_factory=ParsedConfig, repr=False)
    logins: Mapping[Credential, Login] = field(default_factory=dict, repr=False)
    """None where something fails."""
    fails: Check | None = None
    """What fails every pull of each pod that lists it."""
    problem: str = ""
    """Why it fails, or why there is no login in it."""

    @classmethod
    def of(cls, secret: SecretSeen) -> "Content":
        """Read as a kubelet reads it."""
        if not secret.content:
            return cls(problem="there is nothing in it")
        parsed = parse(Config(secret.content, Kind(secret.type), secret.name))
        if parsed.failures:
            is_undecodable = all(failure.fault in _UNDECODABLE for failure in parsed.failures)
            check = checks.SECRET_AUTH_UNDECODABLE if is_undecodable else checks.SECRET_UNREADABLE
            return cls(parsed, fails=check, problem="; ".join(dict.fromkeys(map(_told, parsed.failures))))
        if not parsed.credentials:
            return cls(parsed, problem="there is no registry in it")
        return cls(parsed, {each: Login(each, expiry_of(secret, each)) for each in parsed.credentials})

    @property
    def disagreeing(self) -> list[Login]:
        """Those whose auth is another login than the username and password beside it."""
        return [login for credential, login in self.logins.items() if credential.is_contradicted]

    @property
    def shadowed(self) -> list[Login]:
        """Those for whose images the Secret holds another login as well."""
        same: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for credential in (*self.parsed.credentials, *self.parsed.overridden):
            same[_images_of(credential)].add((credential.username, credential.password))
        return [login for credential, login in self.logins.items() if len(same[_images_of(credential)]) > 1]

    @property
    def may_have_several(self) -> bool:
        """Whether it has logins for more than one address, or fails and nobody can tell how many it has."""
        there = (*self.parsed.credentials, *self.parsed.overridden)
        return self.fails is not None or len(set(map(_images_of, there))) > 1

    @property
    def dead_keys(self) -> list["DeadKey"]:
        """The keys under which no kubelet finds the images that they are for."""
        mistakes = {credential.key: mistake for credential, mistake in dead_keys(self.parsed)}
        found = (_dead_key(credential.key, mistakes.get(credential.key)) for credential in self.parsed.credentials)
        return [dead for dead in found if dead]


@dataclass(frozen=True)
class DeadKey:
    """A key that is of no use."""

    key: str
    why: str
    registry: str
    """The registry that it is for, by its looks."""


def keyring_of(contents: Iterable[Content]) -> Keyring:
    """The logins of a pod's Secrets, in its order, but for those with which every pull fails."""
    return Keyring(content.parsed for content in contents if not content.fails)


def keyring_of_keys(keys: Iterable[str]) -> Keyring:
    """As of a Secret with these keys, whatever the logins are."""
    return Keyring([ParsedConfig(tuple(Credential(key, "", "", pattern=index_of(key)) for key in keys))])


def registry_of(image: str) -> str:
    """The host of an image, for messages and to compare; empty where it isn't one's name."""
    reference = image_reference.parse(image)
    return reference.registry if reference else ""


def owner_of(image: str) -> str:
    """Registry and organization of an image, such as ``ghcr.io/acme``."""
    reference = image_reference.parse(image)
    return "/".join(reference.name.split("/")[:2]) if reference else image


def server(registry: str) -> str:
    """A registry as ``kubectl create secret docker-registry --docker-server`` wants it, which takes it for the key."""
    return DOCKER_HUB_KEY if registry == _HUB else registry


@lru_cache(maxsize=1024)
def _dead_key(key: str, mistake: Mistake | None) -> DeadKey | None:
    if mistake:
        host = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", key).rpartition("@")[2].partition("/")[0]
        return DeadKey(key, f"serves no image: it {mistake.value}", (_as_typed(host) or host.lower()))
    # A key such as hub.docker.com or GHCR.IO serves an image of just that name, and none of the registry's.
    address = _as_typed(key)
    if address is None or keyring_of_keys([key]).lookup(address.replace("*", "a") + "/a/a"):
        return None
    registry = address.partition("/")[0]
    return DeadKey(key, f"serves no image of {registry}", registry)


def _as_typed(address: str) -> str | None:
    """The registry, and the path, that people mean by an address; None where it is none."""
    try:
        key = registry_key(address)
    except RegistryAddressError:
        return None
    return _HUB if key == DOCKER_HUB_KEY else key


def _images_of(credential: Credential) -> str:
    # Docker Hub's index serves what docker.io does, and only where there is no docker.io.
    return _HUB if credential.pattern == HUB_INDEX else credential.pattern or credential.key


def _told(failure: Failure) -> str:
    where = "it" if failure.key is None else f"the entry of {key_text(failure.key)}"
    return f"{where} {failure.fault.value}"
