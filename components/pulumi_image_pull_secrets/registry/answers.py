"""What is asked of registries, and what they answer. Pure."""

from dataclasses import dataclass
from enum import Enum

from ..keyring import Credential


class Result(Enum):
    """What becomes of a pull."""

    PULLS = "pulls"
    DENIED = "denied"
    NOT_FOUND = "not found"
    UNREACHABLE = "unreachable"
    """From this machine; a node may reach what it doesn't, or the other way round."""


class LoginResult(Enum):
    """What becomes of a login, without an image."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_KNOWN = "not known"
    """The registry doesn't tell before an image is asked for, or it isn't known which registry is meant."""
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Question:
    """Whether a node would get an image."""

    image: str
    """As a manifest has it."""
    credential: Credential | None = None
    """None is a pull without a login."""


@dataclass(frozen=True)
class Answer:
    """What a registry answered to a Question."""

    result: Result
    reason: str
    """One line for a person, such as ``ghcr.io wants a login``. Nothing secret is in it, and nothing that a registry
    wrote but host names and numbers."""


@dataclass(frozen=True)
class LoginAnswer:
    """What a registry answered to a login."""

    result: LoginResult
    reason: str
    """As that of an Answer."""
