"""When a password ends, as far as the password itself or an annotation tells. Pure."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from .attachment import ANNOTATION_PREFIX

EXPIRES_ANNOTATION = f"{ANNOTATION_PREFIX}expires"
"""On a Secret: when what is in it expires, in RFC 3339. Whatever renews a token may write it."""
EXPIRING_ANNOTATION = f"{ANNOTATION_PREFIX}expiring"
"""On a Secret: the keys of the logins that the time is for, with commas between them; without it, all."""
ECR_LIFETIME = timedelta(hours=12)
"""https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html"""

_SOON = timedelta(days=3)
_LAST_PART = 4
_PARTS_AFTER_THE_HEADER = 2


@dataclass(frozen=True)
class Expiry:
    """The end of a login, and from when on it is worth a word."""

    at: datetime
    lifetime: timedelta | None = None
    """How long it was valid at first, where that is known."""

    def is_over(self, now: datetime) -> bool:
        """Whether it can't be used any more."""
        return self.at <= now

    def is_near(self, now: datetime) -> bool:
        """Whether little is left: less than three days, and of a known lifetime the last quarter."""
        soon = _SOON if self.lifetime is None else min(_SOON, self.lifetime / _LAST_PART)
        return now < self.at <= now + soon


def expiry_in(password: str) -> Expiry | None:
    """What a JSON Web Token (RFC 7519) or an ECR password says of its own end; None of any other."""
    header, *rest = password.split(".")
    claims = _json(rest[0]) if len(rest) == _PARTS_AFTER_THE_HEADER and _json(header) is not None else None
    if claims is not None:
        at, since = _time(claims.get("exp")), _time(claims.get("iat"))
        return Expiry(at, at - since if since and since < at else None) if at else None
    # An ECR password is base64 of an object that holds an encrypted key, and when it ends.
    content = _json(password)
    at = _time(content.get("expiration")) if content else None
    return Expiry(at, ECR_LIFETIME) if at else None


def parse_time(text: str | None) -> datetime | None:
    """The point in time of a text in RFC 3339, as UTC where it names no offset; None of any other."""
    try:
        at = datetime.fromisoformat((text or "").strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)


def as_text(at: datetime) -> str:
    """In RFC 3339, as Kubernetes writes its times: UTC, whole seconds."""
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(part: str) -> Mapping[str, Any] | None:
    if not part.startswith("ey"):
        return None
    try:
        content = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _time(seconds: object) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
