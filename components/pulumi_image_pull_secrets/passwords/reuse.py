"""Whether the passwords that are in the cluster shall stay there for now. Pure.

A command prints another token each time it runs. Were each put into the Secrets, every preview would have a change to
show, and none would be worth reading. So what is there stays, as long as more than half of its life is left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .. import keyring
from ..docker_config import login_problem
from ..token_expiry import expiry_in, parse_time


@dataclass(frozen=True)
class Written:
    """What one Secret of ours holds."""

    text: str = field(repr=False)
    """Its ``.dockerconfigjson``."""
    expires: str | None
    """Its annotation."""


@dataclass(frozen=True)
class Reusable:
    """Passwords that stay, and until when they are good."""

    passwords: Mapping[str, str] = field(repr=False)
    """By the registry's key."""
    expires: str


def reusable(
    found: Iterable[Written], usernames: Mapping[str, str], *, lifetime: timedelta, now: datetime
) -> Reusable | None:
    """What all Secrets agree on for the registries in ``usernames`` (key -> user name), or None where that can't stay.

    All, because whoever may write in one of the namespaces shall have no say in what the others get. ``lifetime`` is
    how long the one that ends first was good for when it was new, unless one of them says that it was for less.
    """
    contents = set(found)
    if len(contents) != 1:
        return None
    (written,) = contents
    passwords = {
        login.key: login.password
        for login in keyring.parse(keyring.Config(written.text)).credentials
        if usernames.get(login.key) == login.username and not login_problem(login.username, login.password)
    }
    if passwords.keys() != usernames.keys():
        return None
    lives = [told.lifetime for password in passwords.values() if (told := expiry_in(password)) and told.lifetime]
    expires = parse_time(written.expires)
    # A time too far off is nothing that we wrote for this lifetime.
    if written.expires is None or expires is None or not now + min([lifetime, *lives]) / 2 < expires <= now + lifetime:
        return None
    return Reusable(passwords, written.expires)
