"""What a registry says in ``WWW-Authenticate``: which logins it takes, and where tokens come from. Pure.

The grammar is RFC 9110's, sections 5.6 and 11: several challenges in one header or in several, names in any case,
values that are tokens or quoted. What can't be read ends a header; what was read before it counts.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# Some, such as Negotiate, are followed by one text without a name instead of parameters.
_SCHEME = re.compile(rf"(?P<name>{_TOKEN})(?:[ \t]+(?:[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$))?|(?=,)|$)")
_PARAMETER = re.compile(
    rf"(?P<name>{_TOKEN})[ \t]*=[ \t]*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<token>{_TOKEN}))[ \t]*(?=,|$)", re.DOTALL
)
_BETWEEN = re.compile(r"[ \t,]*")


@dataclass(frozen=True)
class Basic:
    """The login itself is wanted (RFC 7617)."""


@dataclass(frozen=True)
class Bearer:
    """A token is wanted, which a token server gives for the login.

    https://distribution.github.io/distribution/spec/auth/token/
    """

    realm: str
    """The token server's address; empty where the registry names none."""
    service: str = ""
    scopes: tuple[str, ...] = ()
    """Such as ``repository:acme/web:pull``."""


Challenge = Basic | Bearer


def parse(headers: Iterable[str]) -> list[Challenge]:
    """The challenges that a node can answer, in the order in which a node prefers them: tokens first."""
    found = [challenge for header in headers for challenge in _challenges(header)]
    return sorted(found, key=lambda challenge: isinstance(challenge, Basic))


def _challenges(header: str) -> Iterator[Challenge]:
    for scheme, parameters in _schemes(header):
        if scheme == "basic":
            yield Basic()
        elif scheme == "bearer":
            scopes = tuple(parameters.get("scope", "").split())
            yield Bearer(parameters.get("realm", ""), parameters.get("service", ""), scopes)


def _schemes(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    position = _after_commas(header, 0)
    while scheme := _SCHEME.match(header, position):
        parameters = {}
        position = _after_commas(header, scheme.end())
        while parameter := _PARAMETER.match(header, position):
            value = parameter["token"] or re.sub(r"\\(.)", r"\1", parameter["quoted"] or "", flags=re.DOTALL)
            parameters[parameter["name"].lower()] = value
            position = _after_commas(header, parameter.end())
        yield scheme["name"].lower(), parameters


def _after_commas(header: str, position: int) -> int:
    match = _BETWEEN.match(header, position)
    return match.end() if match else position
