"""What ``benchmarks.rollout`` wrote, read again."""

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """All runs of one operation by one contender at one size."""

    runs: tuple[dict[str, Any], ...]

    def values(self, what: str) -> list[float]:
        """Of each run, in order, in the unit of ``what``."""
        return [run[what] for run in self.runs]

    def median(self, what: str) -> float:
        """Of all runs."""
        return float(statistics.median(self.values(what)))

    def text(self, what: str, digits: int = 0) -> str:
        """The median, and from where to where it went."""
        return spread(self.values(what), digits)


@dataclass(frozen=True)
class Results:
    """Everything that was measured."""

    measured: dict[tuple[str, int, str], Measured] = field(default_factory=dict)
    """By contender, size and operation."""

    @property
    def contenders(self) -> list[str]:
        """In the order in which they were measured."""
        return list(dict.fromkeys(name for name, _, _ in self.measured))

    @property
    def sizes(self) -> list[int]:
        """From the smallest on."""
        return sorted({size for _, size, _ in self.measured})

    def get(self, contender: str, size: int, operation: str) -> Measured | None:
        """None where it wasn't measured."""
        return self.measured.get((contender, size, operation))


def read(file: Path) -> Results:
    """From a file of JSON lines."""
    found: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        run = json.loads(line)
        found.setdefault((run["contender"], run["size"], run["operation"]), []).append(run)
    return Results({key: Measured(tuple(runs)) for key, runs in found.items()})


def spread(values: list[float], digits: int) -> str:
    """The median, and from where to where it went, such as ``2.0 (1.5 to 3.0)``; where that is the same, it alone."""
    least, middle, most = (f"{each:,.{digits}f}" for each in (min(values), statistics.median(values), max(values)))
    return middle if least == most else f"{middle} ({least} to {most})"
