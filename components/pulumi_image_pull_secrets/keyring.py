"""Which credential a kubelet tries for which image, by its own rule. Pure.

The rule is that of Kubernetes 1.36 (``k8s.io/kubernetes/pkg/credentialprovider``, ``keyring.go``, ``config.go`` and
``secrets/secrets.go``), for what a pod's Secrets hold; a node's own credentials are tried after them. All keys of all
Secrets are one list, the greatest first, so that ``ghcr.io/acme`` comes before ``ghcr.io``, whichever Secret it is
in; where two keys mean the same, the Secrets' order in the pod decides. The kubelet tries one after the other, and
never pulls without a login where it has found any.

What it does, and one wouldn't think:

- A key's path is a prefix of text: ``quay.io/org`` serves ``quay.io/organization/app`` as well.
- ``*`` stands for characters between two dots of a host. In a port or path it is itself.
- Capital letters count: ``GHCR.IO`` serves only images that are written so.
- Docker Hub's ``https://index.docker.io/v1/`` serves only what no other key does. It also serves ``localhost/app``.
- Only ``auth``, ``username``, ``password`` and ``email`` are read; of a login by ``identitytoken`` an empty one is
  left.
- Two keys of one Secret that mean the same are tried in an order that differs from time to time. Here they are in
  the order of the text. They have one ``pattern`` and one ``source``.

JSON is read as Go's ``encoding/json`` reads it: field names in any case, the last of two fields, the first ``auths``
and the second, bytes that are no UTF-8 as U+FFFD. What differs: Python gives up on values nested some hundreds deep
(NOT_JSON here), Go on 10,000. A key with a zone of an IPv6 address, or with an IPv4 address in one, isn't looked
into, since no image can match it.
"""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from . import image_reference
from .errors import DockerConfigError
from .key_pattern import HUB_INDEX, Mistake, Pattern, index_of, mistake

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LOGIN_FIELDS = ("username", "password", "email", "auth")


class Kind(Enum):
    """The two types of Secrets that a kubelet reads."""

    DOCKER_CONFIG_JSON = "kubernetes.io/dockerconfigjson"
    DOCKERCFG = "kubernetes.io/dockercfg"
    """The old one, whose whole content is what the other has in ``auths``."""


class Fault(Enum):
    """Why a config fails every pull of each pod that lists it, also where another Secret would do."""

    NOT_JSON = "is not JSON"
    NOT_AN_OBJECT = "has something else where an object belongs"
    NOT_TEXT = "has something else where text belongs"
    NOT_BASE64 = "has an auth that is not base64"
    NO_COLON = "has an auth that is not base64 of 'username:password'"


@dataclass(frozen=True)
class Config:
    """What one Secret holds under its type's key."""

    content: str | bytes = field(repr=False)
    kind: Kind = Kind.DOCKER_CONFIG_JSON
    source: str = ""
    """Whatever the caller tells configs apart by, such as the Secret's name."""


@dataclass(frozen=True)
class Credential:
    """One entry of a config."""

    key: str
    """As it stands there."""
    username: str
    """That of ``auth`` where there is one. Bytes that are no UTF-8 are lone surrogates (``surrogateescape``), in the
    password too; a kubelet can't hand them on, so that such a pull fails."""
    password: str = field(repr=False)
    source: str = ""
    """Its config's."""
    pattern: str | None = None
    """What the kubelet makes of the key, ``ghcr.io`` of ``https://ghcr.io/v2/``; None where it passes over it."""
    is_contradicted: bool = False
    """Whether a username or password beside ``auth`` is another than that in it, which counts."""


@dataclass(frozen=True)
class Failure:
    """One fault of one config."""

    source: str
    fault: Fault
    key: str | None = None
    """The entry's, where it is in one."""


@dataclass(frozen=True)
class ParsedConfig:
    """A config as the kubelet reads it."""

    credentials: tuple[Credential, ...] = ()
    """In the order of the text; none where anything fails."""
    failures: tuple[Failure, ...] = ()
    overridden: tuple[Credential, ...] = ()
    """Those that never count, since their keys come again later, or ``auths`` does as null."""


class Keyring:
    """The credentials of some configs, which are a pod's, in its order."""

    def __init__(self, configs: Iterable[ParsedConfig]) -> None:
        parsed = list(configs)
        self.failures = tuple(failure for config in parsed for failure in config.failures)
        """With any of them, the kubelet has no keyring, and each pull fails."""
        self._credentials: dict[str, list[Credential]] = defaultdict(list)
        for credential in (credential for config in parsed for credential in config.credentials):
            if credential.pattern is not None:
                self._credentials[credential.pattern].append(credential)
        self._patterns = [
            (index, Pattern.of(index)) for index in sorted(self._credentials, key=_in_bytes, reverse=True)
        ]

    def lookup(self, image: str) -> list[Credential]:
        """What the kubelet tries for ``image``, in its order.

        Empty, too, where the image is no reference (``image_reference.problem``). Raises DockerConfigError where a
        config fails.
        """
        if self.failures:
            raise DockerConfigError("; ".join(_told(failure) for failure in self.failures))
        reference = image_reference.parse(image)
        target = Pattern.of(reference.name) if reference else None
        if reference is None or target is None:
            return []
        found = [
            credential
            for index, pattern in self._patterns
            if pattern and pattern.serves(target)
            for credential in self._credentials[index]
        ]
        is_hub = reference.registry == "docker.io" or not re.search("[.:]", reference.registry)
        return found or (list(self._credentials.get(HUB_INDEX, ())) if is_hub else [])


def lookup(image: str, configs: Iterable[Config]) -> list[Credential]:
    """What the kubelet tries for ``image`` with the Secrets of a pod, in its order (see Keyring.lookup)."""
    return Keyring(map(parse, configs)).lookup(image)


def dead_keys(config: ParsedConfig) -> list[tuple[Credential, Mistake]]:
    """The entries that serve no image, whatever its name, and why."""
    found = ((credential, mistake(credential.key)) for credential in config.credentials)
    return [(credential, why) for credential, why in found if why]


def parse(config: Config) -> ParsedConfig:
    """Reads a config as the kubelet does; nothing at all is an empty one. All of its faults are told."""
    text = _text(config.content)
    if not text:
        return ParsedConfig()
    try:
        value = json.loads(text, object_pairs_hook=_Object, parse_int=float, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return ParsedConfig(failures=(Failure(config.source, Fault.NOT_JSON),))
    reading = _Reading(config.source)
    if config.kind is Kind.DOCKERCFG:
        reading.entries(value)
    else:
        reading.whole(value)
    if reading.failures:
        return ParsedConfig(failures=tuple(reading.failures))
    return ParsedConfig(tuple(reading.credentials.values()), overridden=tuple(reading.overridden))


class _Object(list[tuple[str, Any]]):
    """A JSON object, with all of its keys."""


class _Reading:
    """One config, while it is read."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.credentials: dict[str, Credential] = {}
        self.overridden: list[Credential] = []
        self.failures: list[Failure] = []

    def whole(self, value: object) -> None:
        for name, part in self._members(value):
            if _folded(name) == "auths":
                if part is None:
                    self.overridden += self.credentials.values()
                    self.credentials = {}
                self.entries(part)
            elif _folded(name) == "httpheaders":
                self._texts(self._members(part), None)

    def entries(self, value: object) -> None:
        for key, entry in self._members(value):
            shown = _without_surrogates(key)
            credential = self._credential(shown, entry)
            if shown in self.credentials:
                self.overridden.append(self.credentials.pop(shown))
            self.credentials[shown] = credential

    def _credential(self, key: str, entry: object) -> Credential:
        fields = dict.fromkeys(_LOGIN_FIELDS, "")
        known = [(_folded(name), value) for name, value in self._members(entry, key) if _folded(name) in fields]
        fields |= self._texts(known, key)
        written = fields["username"], fields["password"]
        username, password = self._decoded(fields["auth"], key) if fields["auth"] else written
        is_contradicted = any(one and one != other for one, other in zip(written, (username, password), strict=True))
        return Credential(key, username, password, self.source, index_of(key), is_contradicted)

    def _decoded(self, auth: str, key: str) -> tuple[str, str]:
        # Go passes over line breaks, and wants padding only where the text ends in "=".
        compact = re.sub("[\r\n]", "", auth)
        data = compact.rstrip("=")
        is_whole = len(compact) % 4 == 0 if compact.endswith("=") else len(compact) % 4 != 1
        if not is_whole or len(compact) - len(data) > 2 or not re.fullmatch("[A-Za-z0-9+/]*", data):
            self._fail(Fault.NOT_BASE64, key)
            return "", ""
        username, colon, password = base64.b64decode(data + "=" * (-len(data) % 4)).partition(b":")
        if not colon:
            self._fail(Fault.NO_COLON, key)
        return username.decode(errors="surrogateescape"), password.decode(errors="surrogateescape")

    def _members(self, value: object, key: str | None = None) -> Collection[tuple[str, Any]]:
        if isinstance(value, _Object):
            return value
        if value is not None:
            self._fail(Fault.NOT_AN_OBJECT, key)
        return ()

    def _texts(self, members: Iterable[tuple[str, Any]], key: str | None) -> dict[str, str]:
        texts = {}
        for name, value in members:
            if isinstance(value, str):
                texts[name] = _without_surrogates(value)
            elif value is not None:
                self._fail(Fault.NOT_TEXT, key)
        return texts

    def _fail(self, fault: Fault, key: str | None) -> None:
        self.failures.append(Failure(self.source, fault, key))


def _text(content: str | bytes) -> str:
    if isinstance(content, str):
        content = content.encode(errors="surrogatepass")
    return _without_surrogates(content.decode(errors="surrogateescape"))


def _without_surrogates(text: str) -> str:
    return _LONE_SURROGATE.sub("\ufffd", text)


def _folded(name: str) -> str:
    # The long s is the one letter that Go takes for one of ASCII, and lower() doesn't.
    return name.lower().replace("\u017f", "s")


def _refuse_constant(name: str) -> None:
    # NaN and Infinity: Python reads them, Go doesn't.
    raise ValueError(name)


def _in_bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _told(failure: Failure) -> str:
    # A key with an "@" may hold a password.
    where = "" if failure.key is None else ", an entry" if "@" in failure.key else f", {failure.key!a}"
    return f"{failure.source or 'a config'}{where}: it {failure.fault.value}"
