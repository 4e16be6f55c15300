"""Names with ``*`` for any characters and ``?`` for one: globs, as a shell has them. Pure."""

import re
from collections.abc import Callable
from functools import lru_cache

from . import names

_WILDCARDS = frozenset("*?")


def is_pattern(name: str) -> bool:
    """Whether it may mean more than one name."""
    return not _WILDCARDS.isdisjoint(name)


def is_everything(pattern: str) -> bool:
    """Whether it has wildcards alone."""
    return bool(pattern) and _WILDCARDS.issuperset(pattern)


def matches(pattern: str, name: str) -> bool:
    """Whether ``pattern``, which may be a plain name, means ``name``."""
    return bool(_expression(pattern).fullmatch(name)) if is_pattern(pattern) else pattern == name


@lru_cache
def _expression(pattern: str) -> re.Pattern[str]:
    # The name's own rules keep everything else out that a regular expression would read.
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(each) or re.escape(each) for each in re.split(r"([*?])", pattern)))


def problem(text: str, problem_of: Callable[[str], str | None]) -> str | None:
    """What is wrong with it as a name, for which ``problem_of`` knows the rules, or as a pattern of such names."""
    if not is_pattern(text):
        return problem_of(text)
    # Any letter could stand where a wildcard is; none at all could, too.
    if problem_of(re.sub(r"[*?]", "x", text)) is None or problem_of(text.replace("*", "").replace("?", "x")) is None:
        return None
    rule = "names have lower-case letters, digits and '-' alone, and a ServiceAccount's '.' too"
    return f"{names.shown(text)} can match no name: {rule}"
