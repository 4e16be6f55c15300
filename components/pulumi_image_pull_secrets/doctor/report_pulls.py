"""Whether images are pulled, by what registries answered, as reports tell it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..registry import Result
from ..wording import count, line, listed
from .verify import Verdict

TITLE = "asked registries"
NOT_ASKED = "not asked"
"""Stands for a Result where no registry was asked."""
_ORDER = (
    *(each.value for each in (Result.DENIED, Result.NOT_FOUND, Result.UNREACHABLE)),
    NOT_ASKED,
    Result.PULLS.value,
)


@dataclass(frozen=True)
class _Line:
    """All pulls of an image that come to the same for the same reason."""

    image: str
    result: str
    reason: str
    pods: int
    namespaces: tuple[str, ...]


def summary(verdicts: Sequence[Verdict]) -> str:
    """Such as ``2 images pull, 1 image denied``."""
    images: dict[str, set[str]] = {}
    for verdict in verdicts:
        images.setdefault(_result(verdict), set()).add(verdict.pull.image)
    told = [_counted(len(images[result]), result) for result in reversed(_ORDER) if result in images]
    return ", ".join(told) or "no pod needs an image"


def lines(verdicts: Sequence[Verdict]) -> list[str]:
    """One for each image, and each result that it has; those that pull last."""
    return [
        f"{each.result}: {line(each.image)}, {count(each.pods, 'pod')} in {listed(each.namespaces)}: {each.reason}"
        for each in _lines(verdicts)
    ]


def content(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """All of it, for programs."""
    return [
        {
            "image": each.image,
            "result": each.result,
            "reason": each.reason,
            "pods": each.pods,
            "namespaces": list(each.namespaces),
        }
        for each in _lines(verdicts)
    ]


def _lines(verdicts: Sequence[Verdict]) -> list[_Line]:
    alike: dict[tuple[int, str, str], list[Verdict]] = {}
    for verdict in verdicts:
        key = (_ORDER.index(_result(verdict)), verdict.pull.image, verdict.reason)
        alike.setdefault(key, []).append(verdict)
    return [
        _Line(
            image,
            _ORDER[place],
            reason,
            sum(each.pull.pods for each in same),
            tuple(sorted({each.pull.namespace for each in same})),
        )
        for (place, image, reason), same in sorted(alike.items(), key=lambda item: item[0])
    ]


def _counted(number: int, result: str) -> str:
    is_plural = result == Result.PULLS.value and number > 1
    return f"{count(number, 'image')} {'pull' if is_plural else result}"


def _result(verdict: Verdict) -> str:
    return verdict.result.value if verdict.result else NOT_ASKED
