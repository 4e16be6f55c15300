"""How messages speak of objects, keys and users, which others have named. Pure."""

import re
import shlex
import unicodedata
from collections.abc import Collection, Iterable

MAX_SHOWN = 2_000
"""Characters of one text that a person is shown. A name in ``imagePullSecrets`` can have a million."""

_FEW = 3
_LONGEST = 300
_LONGEST_USER = 100
_NOT_PLAIN = re.compile("[^ -~]")
_RIGHT_TO_LEFT = {"R", "AL", "AN"}
# What some registries take as a user name, and is as good as a password.
_TOKEN = re.compile(r"(gh[a-z]_|github_pat_|glpat-|dckr_pat_|AKIA|ey[JK]).*", re.DOTALL)


def visible(text: str) -> str:
    """``text`` on one line, with nothing in it that acts: what moves a cursor or other characters shows as an escape.

    Names and messages come from the cluster, where others choose them.
    """
    shown = _NOT_PLAIN.sub(_visible, " ".join(text[:MAX_SHOWN].split()))
    return shown if len(text) <= MAX_SHOWN else f"{shown}… ({len(text)} characters)"


def _visible(match: re.Match[str]) -> str:
    character = match[0]
    if character.isprintable() and unicodedata.bidirectional(character) not in _RIGHT_TO_LEFT:
        return character
    return ascii(character)[1:-1]


def line(text: str) -> str:
    """``visible``, and shortened: a name in a pod's list of Secrets can be any text."""
    shown = visible(text[: _LONGEST + 1])
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def in_a_shell(text: str) -> str:
    """Text as words of a command that somebody will paste; none of them does anything."""
    return " ".join(map(shlex.quote, line(text).split()))


def listed(words: Iterable[str], few: int = _FEW) -> str:
    """Such as ``a, b, c and 4 more``; each once, sorted."""
    sorted_words = sorted(set(words))
    more = len(sorted_words) - few
    return ", ".join(map(line, sorted_words[:few])) + (f" and {more} more" if more > 0 else "")


def count(number: int, noun: str) -> str:
    """Such as ``1 pod`` and ``2 pods``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def names(kind: str, objects: Collection[str], few: int = _FEW) -> str:
    """Such as ``ServiceAccount a`` and ``ServiceAccounts a, b``."""
    return f"{kind}{'s' if len(set(objects)) > 1 else ''} {listed(objects, few)}"


def key_text(key: str) -> str:
    """A Secret's key, quoted, without what stands before an ``@``: that is often a password."""
    return _quoted(key.rpartition("@")[2])


def user_text(username: str) -> str:
    """A user name, quoted, unless it is a token by its looks."""
    return "(a token)" if _TOKEN.fullmatch(username) or len(username) > _LONGEST_USER else _quoted(username)


def _quoted(text: str) -> str:
    return ascii(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
