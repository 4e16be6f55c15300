"""How long a password is good for, as a stack file has it. Pure."""

import re
from datetime import timedelta

_LIFETIME = re.compile(r"(?:(?P<hours>[0-9]{1,5})h)?(?:(?P<minutes>[0-9]{1,5})m)?")


def parse(text: str) -> timedelta:
    """``12h``, ``90m`` or ``1h30m``, as Go writes them. Raises ValueError where it is none of these, or nothing."""
    found = _LIFETIME.fullmatch(text)
    lifetime = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0)) if found else None
    if not lifetime:
        raise ValueError
    return lifetime
