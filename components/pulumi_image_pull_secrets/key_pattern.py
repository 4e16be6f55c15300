"""What a key of a Docker configuration matches, as a kubelet takes it: an address, in which ``*`` is a wildcard. Pure.

A kubelet reads a key, and an image's name, as a URL. Two are, but for a prefix of the path, the same when they have
the same port, the same number of labels (what is between the dots of a host), and each label matches.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import unquote

from . import image_reference

HUB_INDEX = "index.docker.io"
"""What ``https://index.docker.io/v1/`` is in the kubelet's list."""

_ESCAPE = "%[0-9A-Fa-f]{2}"
_ESCAPED = re.compile(rf"([^%]|{_ESCAPE})*")
_USER = re.compile(rf"([A-Za-z0-9._~!$&'()*+,;=:@-]|{_ESCAPE})*")
# Of what is written in ASCII, Go wants a host's "%" alone escaped.
_HOST = re.compile(
    r"""([]A-Za-z0-9._~!$&'()*+,;="<>-]|[^\x00-\x7f]|%25|%[89A-Fa-f][0-9A-Fa-f])*(:[0-9]*)?"""
    r"|\[(?P<ipv6>[0-9A-Fa-f:]+)\](:[0-9]*)?"
)
_HOST_AND_PORT = re.compile(r"\[(?P<ipv6>.*)\]:(?P<port6>[0-9]*)|(?P<host>[^]:]*):(?P<port>[0-9]*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Mistake(Enum):
    """Why a key serves no image, whatever its name."""

    SCHEME = "starts with a scheme other than https:// or http:// (in small letters), or with two of them"
    NO_ADDRESS = "is no address, so that the kubelet never finds it"
    HUB = "is Docker Hub's index with something else than /v1/ behind it; only https://index.docker.io/v1/ serves it"
    IPV6 = "is an IPv6 address without a port, which the kubelet takes for a wildcard"
    NO_DOT = "has neither a dot nor a port, and an image that starts with it comes from Docker Hub"
    HOST = "has a host that no image can name"
    PATH = "has a path that no image's name can start with"


@dataclass(frozen=True)
class Pattern:
    """A key, or an image's name, taken apart."""

    labels: tuple[str, ...]
    port: str
    """Empty where there is none."""
    path: str

    @classmethod
    def of(cls, index: str) -> "Pattern | None":
        """Of what index_of makes of a key, or of an image's name; None where the kubelet matches it with nothing."""
        parts = _host_and_path(index)
        if parts is None:
            return None
        host, path = parts
        port = ""
        if match := _HOST_AND_PORT.fullmatch(host):
            host, port = match["ipv6"] or match["host"] or "", match["port6"] or match["port"] or ""
        return cls(tuple(host.split(".")), port, path)

    def serves(self, name: "Pattern") -> bool:
        """Whether the key that this is serves the image of that name."""
        return (
            self.port == name.port
            and len(self.labels) == len(name.labels)
            and name.path.startswith(self.path)
            and all(map(_matches, self.labels, name.labels))
        )


def index_of(key: str) -> str | None:
    """A key as it stands in the kubelet's list, ``ghcr.io`` for ``https://ghcr.io/v2/``; None where it doesn't.

    Bytes that are no UTF-8, which a key can hold only in escapes (``%ff``), are lone surrogates in it.
    """
    parts = _host_and_path(_without_scheme(key))
    if parts is None:
        return None
    host, path = parts
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    return host if path == "/" else host + path


def example(key: str) -> str | None:
    """An image that a key serves where no other does; None where there is no such image."""
    index = index_of(key)
    if index == HUB_INDEX:
        return "docker.io/library/a"
    pattern = Pattern.of(index) if index is not None else None
    if pattern is None:
        return None
    for image in (host + path for host in _hosts(pattern) for path in _paths(pattern.path)):
        reference = image_reference.parse(image)
        name = Pattern.of(reference.name) if reference else None
        if name and pattern.serves(name):
            return image
    return None


def mistake(key: str) -> Mistake | None:
    """Why a key serves no image, or None where there is an image that it serves."""
    if example(key):
        return None
    index = index_of(key)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", _without_scheme(key)):
        return Mistake.SCHEME
    if index is None or not (pattern := Pattern.of(index)) or pattern.labels == ("",):
        return Mistake.NO_ADDRESS
    if pattern.labels == tuple(HUB_INDEX.split(".")) and not pattern.port:
        return Mistake.HUB
    host = index.partition("/")[0]
    if example(host):
        return Mistake.PATH
    if host.startswith("["):
        return Mistake.IPV6
    return Mistake.HOST if len(pattern.labels) > 1 or pattern.port or not example(f"{host}.a") else Mistake.NO_DOT


def _without_scheme(key: str) -> str:
    return re.sub("^https?://", "", key, count=1)


def _host_and_path(url: str) -> tuple[str, str] | None:
    """Of a URL without its scheme, as ``url.Parse`` of Go has them; None where it is an error there."""
    address, _, fragment = url.partition("#")
    authority, slash, path = address.partition("?")[0].partition("/")
    user, _, host = authority.rpartition("@")
    match = _HOST.fullmatch(host)
    if (
        match is None
        or (match["ipv6"] and not is_ipv6(match["ipv6"]))
        or _CONTROL.search(address)
        or not _USER.fullmatch(user)
        or not _ESCAPED.fullmatch(path)
        or not _ESCAPED.fullmatch(fragment)
    ):
        return None
    return unquote(host, errors="surrogateescape"), unquote(slash + path, errors="surrogateescape")


def is_ipv6(text: str) -> bool:
    """Whether it is an IPv6 address, without brackets."""
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def _matches(label: str, text: str) -> bool:
    """``filepath.Match`` of Go, for what a host can hold."""
    if label.startswith("["):
        return len(text) == 1 and text in label[1:-1]
    if "*" not in label:
        return label == text
    first, *middle, last = label.split("*")
    if not (text.startswith(first) and text[len(first) :].endswith(last)):
        return False
    position, end = len(first), len(text) - len(last)
    for part in middle:
        position = text.find(part, position, end)
        if position < 0:
            return False
        position += len(part)
    return True


def _hosts(pattern: Pattern) -> Iterator[str]:
    """Of the hosts that match, one of each sort that images have, and some that don't match."""
    host, port = ".".join(pattern.labels), pattern.port and f":{pattern.port}"
    yield host.replace("*", "a") + port
    # A host with neither dot nor port must be localhost, or have a capital letter.
    yield host.replace("*", "A") + port
    yield from (character for character in host if host.startswith("[") and character.isupper())
    yield f"[{host}]{port}"
    yield "[::" + host.lstrip("*").replace("*", "")


def _paths(path: str) -> Iterator[str]:
    """Of the paths that start with ``path``, the shortest of each sort, and some that no image has."""
    # Images of Docker Hub have two parts.
    yield from (path + more for more in (("", "a", "/a", "a/a") if path else ("/a",)))
