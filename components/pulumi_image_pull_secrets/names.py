"""Kubernetes's own rules for names, and the nearest word to a mistyped one.

Rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and
https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
(``k8s.io/apimachinery/pkg/util/validation/validation.go``).
"""

import difflib
import re
from collections.abc import Iterable

MAX_LABEL = 63
"""Characters in a DNS-1123 label, such as a namespace's name."""
MAX_SUBDOMAIN = 253
"""Characters in a DNS-1123 subdomain, such as a Secret's or ServiceAccount's name."""

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


def label_problem(name: str) -> str | None:
    """What is wrong with ``name`` as a DNS-1123 label (a namespace), or None."""
    if len(name) > MAX_LABEL:
        return f"{shown(name)} has {len(name)} characters; at most {MAX_LABEL} are allowed"
    if not _LABEL.fullmatch(name):
        return (
            f"{shown(name)} is not a DNS-1123 label: lower-case letters, digits and '-', "
            "with a letter or digit first and last"
        )
    return None


def subdomain_problem(name: str) -> str | None:
    """What is wrong with ``name`` as a DNS-1123 subdomain (a Secret, a ServiceAccount), or None."""
    if len(name) > MAX_SUBDOMAIN:
        return f"{shown(name)} has {len(name)} characters; at most {MAX_SUBDOMAIN} are allowed"
    if not _SUBDOMAIN.fullmatch(name):
        return (
            f"{shown(name)} is not a DNS-1123 subdomain: lower-case letters, digits, '-' and '.', "
            "with a letter or digit at both ends of each part"
        )
    return None


def qualified_name_problem(key: str) -> str | None:
    """What is wrong with ``key`` as a label's or annotation's key (``[prefix/]name``), or None."""
    prefix, slash, name = key.rpartition("/")
    if slash and (subdomain_problem(prefix) or "/" in prefix):
        return f"{shown(key)} has a prefix that is not a DNS-1123 subdomain"
    if len(name) > MAX_LABEL or not _QUALIFIED_NAME.fullmatch(name):
        return (
            f"{shown(key)} is not a qualified name: at most {MAX_LABEL} letters, digits, '-', '_' and '.', "
            "with a letter or digit first and last, after an optional prefix and '/'"
        )
    return None


def label_value_problem(value: str) -> str | None:
    """What is wrong with ``value`` as a label's value, or None."""
    if value and (len(value) > MAX_LABEL or not _QUALIFIED_NAME.fullmatch(value)):
        return (
            f"{shown(value)} is not a label value: empty, or at most {MAX_LABEL} letters, digits, '-', '_' and '.', "
            "with a letter or digit first and last"
        )
    return None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was most likely meant to be, or None where none is near."""
    by_folded = {name.replace("_", "").casefold(): name for name in known}
    matches = difflib.get_close_matches(word[:MAX_SUBDOMAIN].replace("_", "").casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def shown(name: str) -> str:
    """The name as a message can hold it: quoted, escaped, and not longer than a name may be."""
    return ascii(name if len(name) <= MAX_LABEL else name[: MAX_LABEL - 1]) + ("…" if len(name) > MAX_LABEL else "")
