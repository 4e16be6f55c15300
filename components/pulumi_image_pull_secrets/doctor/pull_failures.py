"""Why an image isn't pulled, from what the kubelet and the container runtimes say. Pure.

The kubelet repeats the runtime's words, which are no interface: containerd, CRI-O and dockerd each have their own, and
pass on the registry's. tests/unit/doctor/pull_messages.yaml has real ones, with where they were seen.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from .observation import ContainerSeen, PodSeen


class PullFailure(Enum):
    """What kind of failure it is, in the order in which a pull can come to them: the furthest says the most."""

    UNSEEN = "no message says why"
    UNKNOWN = "unknown"
    NEVER_PULLED = "not on the node, and its policy is Never"
    INVALID_NAME = "not a name that can be pulled"
    CREDENTIALS = "the pod's Secrets can't be read"
    DNS = "DNS"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "TLS"
    RATE_LIMITED = "rate limited"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not found"
    WRONG_ARCHITECTURE = "wrong architecture"
    DISK_FULL = "disk full"

    @property
    def rank(self) -> int:
        """How far the pull came."""
        return _RANKS[self]


_RANKS = {kind: rank for rank, kind in enumerate(PullFailure)}


PULL_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
"""The reasons with which a container waits for its image (``k8s.io/kubernetes/pkg/kubelet/images/types.go``)."""


@dataclass(frozen=True)
class Failure:
    """Why one container's image isn't pulled."""

    kind: PullFailure
    said: str = field(default="", compare=False)
    """The end of what was said, on one line, without URLs' queries; empty where nothing was."""


_SHOWN = 200
_WHO = re.compile(r"^(rpc error: code = \w+ desc = )?(Error response from daemon: )?")
_GENERIC = re.compile(r'(Error: (ErrImagePull|ImagePullBackOff)|Back-off pulling image "[^"]*")?')
_WRAPPED = re.compile(
    r'^(Back-off pulling image "[^"]*": (ErrImagePull|RegistryUnavailable|SignatureValidationFailed): '
    r'|Failed to pull image "[^"]*": |Error: )'
)
_SEVERAL = re.compile(
    r", (?=rpc error: code|failed to pull and unpack|Error response from|initializing source|reading )"
)
# What the kubelet says itself when a Secret in the pod's list doesn't parse: the whole message, and no runtime's.
_UNREADABLE = re.compile(
    r"illegal base64 data at input byte \d+|unable to parse auth field.*|unexpected end of JSON input"
    r"|invalid character .+|json: cannot unmarshal .+"
)
# Image names, addresses and whatever else somebody chose: none of it may decide.
_NAMES = re.compile(r'\\?"[^"\\\s]*\\?"|[a-z]+://\S+|\S*[^\s/]{2}/\S+')
_RETRIEVE = re.compile(r"Unable to retrieve some image pull secrets \(([^)]*)\)")
_SIGNS: tuple[tuple[PullFailure, str], ...] = (
    (PullFailure.DISK_FULL, r"no space left on device"),
    (
        PullFailure.WRONG_ARCHITECTURE,
        r"no matching manifest for|no match for (current )?platform|for architecture|architecture mismatch"
        r"|does not match the specified platform|cannot be used on this platform",
    ),
    (PullFailure.RATE_LIMITED, r"toomanyrequests|too many requests|rate limit|pull qps exceeded"),
    (PullFailure.DNS, r"no such host|server misbehaving|name resolution|dial tcp: lookup "),
    (PullFailure.TLS, r"x509:|tls: |http response to https client"),
    (
        PullFailure.UNAUTHORIZED,
        r"unauthorized|forbidden|(?<!permission )denied|no basic auth credentials|authentication required"
        r"|authorization failed|insufficient_scope|does not exist or no pull access|http 40[13]\b"
        r"|incorrect username or password",
    ),
    (PullFailure.NOT_FOUND, r"not found|code = notfound|manifest unknown|name unknown|does not exist|\b404\b"),
    (PullFailure.INVALID_NAME, r"invalid reference format|short.?name"),
    (
        PullFailure.TIMEOUT,
        r"i/o timeout|deadline exceeded|client\.timeout|handshake timeout|timed out|timeout awaiting|context canceled",
    ),
    (
        PullFailure.UNREACHABLE,
        r"connection refused|no route to host|network is unreachable|connection reset|\beof\b|registry is unavailable"
        r"|internal server error|bad gateway|service unavailable|\b50[0-4]\b",
    ),
)
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _SIGNS)


def failure_of(pod: PodSeen, container: ContainerSeen, passwords: Collection[str] = ()) -> Failure | None:
    """Why this container waits for its image, or None where it doesn't.

    What was said is left out where one of ``passwords`` is in it: some registries tell what they were sent.
    """
    reason = container.waiting_reason
    if reason == "InvalidImageName":
        return Failure(PullFailure.INVALID_NAME, _said(container.waiting_message, passwords))
    if reason == "ErrImageNeverPull":
        return Failure(PullFailure.NEVER_PULLED)
    if reason not in PULL_REASONS:
        # A newer kubelet gives what it can't parse as the reason itself.
        return Failure(PullFailure.CREDENTIALS) if _UNREADABLE.fullmatch(reason) else None
    about = f'"{container.image}"'
    told = [container.waiting_message, *(event for event in pod.events if about in event), *pod.events]
    text = next((text for text in told if not is_generic(text)), "")
    kind = classify(text)
    if reason == "RegistryUnavailable" and kind in (PullFailure.UNKNOWN, PullFailure.UNSEEN):
        kind = PullFailure.UNREACHABLE
    return Failure(kind, "" if kind is PullFailure.CREDENTIALS else _said(text, passwords))


def waits_for_image(container: ContainerSeen) -> bool:
    """Whether its pod's events are worth reading."""
    return container.waiting_reason in PULL_REASONS or bool(_UNREADABLE.fullmatch(container.waiting_reason))


def missing_secrets(pod: PodSeen) -> frozenset[str]:
    """The Secrets that the kubelet couldn't get, by what its events say."""
    found = (match[1].split(", ") for event in pod.events if (match := _RETRIEVE.search(event)))
    return frozenset(name for names in found for name in names)


def is_generic(text: str) -> bool:
    """Whether it says no more than that the image isn't pulled, or is about something else than a pull."""
    return bool(_GENERIC.fullmatch(text.strip()) or _RETRIEVE.search(text))


@lru_cache(maxsize=4096)
def classify(text: str) -> PullFailure:
    """What kind of failure a message tells of.

    With several credentials the kubelet tries each, and its message is a list; then the pull that came furthest counts,
    since a first credential that is refused does no harm.
    """
    text = _WRAPPED.sub("", text.strip())
    if not text:
        return PullFailure.UNSEEN
    if _UNREADABLE.fullmatch(text):
        return PullFailure.CREDENTIALS
    return max(map(_kind, _SEVERAL.split(text)), key=lambda kind: kind.rank)


def _kind(text: str) -> PullFailure:
    words = _NAMES.sub(" ", text)
    return next((kind for kind, pattern in _PATTERNS if pattern.search(words)), PullFailure.UNKNOWN)


def _said(text: str, passwords: Collection[str]) -> str:
    # Looked for in the whole text: of its end, which is shown, a password might have lost its beginning.
    return "" if any(password in text for password in passwords) else _shown(text)


@lru_cache(maxsize=4096)
def _shown(text: str) -> str:
    """The end of a message, where the reason stands, as one line that holds nothing secret.

    A registry redirects to its storage with an address whose query is a credential.
    """
    line = " ".join(_WRAPPED.sub("", text).split())
    if not line.isprintable():
        line = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    line = re.sub(r"\?[^\s\"]*?(?=[:,]?([\s\"]|$))", "", re.sub(r"://[^/\s\"]*@", "://", line))
    line = _WHO.sub("", line.rpartition('": ')[2]).rstrip("]")
    return line if len(line) <= _SHOWN else "…" + line[1 - _SHOWN :]
