"""A made-up password with every character that escapes, and the ways in which it may stand in a text."""

import base64
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping

SPECIAL = "<\"&>\\%:é\t'$`{}|;#@!+/=? \u2028\u20ac"
"""What JSON, URLs, Go, shells and HTML write in another way."""
_RANDOM = 20


def new_password() -> str:
    """Random letters, then what escapes, then random letters: half of it is found where the other half is cut off."""
    return _random() + SPECIAL + _random()


def _random() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(_RANDOM))


def forms(secret: str) -> Iterator[str]:
    """What to look for: its random pieces in plain text, in base64, in base64 of that (a login's auth) and in hex.

    Letters and digits stay as they are in every escaping, and no base64 of them holds one of the characters that
    differ in a URL's base64. So these forms find the whole password in any escaping, too.
    """
    for piece in secret.split(SPECIAL):
        yield piece
        yield piece.encode().hex()
        yield piece.encode().hex().upper()
        for once in encodings(piece):
            yield once
            yield from encodings(once)


def encodings(text: str) -> Iterator[str]:
    """What base64 makes of the text's own bytes, at each of the three alignments that it can stand at."""
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + text.encode()).decode()
        yield encoded[4 if shift else 0 : (shift + len(text)) // 3 * 4]


def places_of(known: Iterable[str], texts: Mapping[str, bytes]) -> list[str]:
    """The places in which one of these secrets stands, in one form or another."""
    wanted = [form.encode() for secret in known for form in forms(secret)]
    return [place for place, text in texts.items() if any(form in text for form in wanted)]
