"""Tables and plots of what was measured: ``python -m benchmarks.rollout.report FILE`` renews docs/performance/."""

import json
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.rollout.work import FIRST, OPERATIONS, PREVIEW

FOLDER = Path(__file__).parents[2] / "docs" / "performance"
_UNITS = {"seconds": "s", "processor": "processor s", "mebibytes": "MiB", "requests": "requests", "state": "bytes"}


@dataclass(frozen=True)
class Measured:
    """All runs of one operation by one contender at one size."""

    runs: tuple[dict[str, Any], ...]

    def median(self, what: str) -> float:
        """Of all runs, in the unit of ``what``."""
        return float(statistics.median(run[what] for run in self.runs))

    def text(self, what: str, digits: int = 0) -> str:
        """The median, and from where to where it went."""
        values = [run[what] for run in self.runs]
        spread = f" ({min(values):.{digits}f} to {max(values):.{digits}f})" if len(values) > 1 else ""
        return f"{self.median(what):.{digits}f}{spread}"


Results = dict[tuple[str, int, str], Measured]
"""By contender, size and operation."""


def read(file: Path) -> Results:
    """What ``benchmarks.rollout`` wrote."""
    found: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for line in file.read_text().splitlines():
        run = json.loads(line)
        found.setdefault((run["contender"], run["size"], run["operation"]), []).append(run)
    return {key: Measured(tuple(runs)) for key, runs in found.items()}


def tables(results: Results) -> Iterator[str]:
    """Lines of Markdown: seconds of each operation at each size, and what the first up takes besides."""
    contenders = list(dict.fromkeys(name for name, _, _ in results))
    sizes = sorted({size for _, size, _ in results})
    for size in sizes:
        yield f"### {size} namespaces\n"
        yield f"| seconds | {' | '.join(OPERATIONS)} |"
        yield f"| --- |{' --- |' * len(OPERATIONS)}"
        for name in contenders:
            cells = [results.get((name, size, operation)) for operation in OPERATIONS]
            if any(cells):
                yield f"| {name} | {' | '.join(cell.text('seconds', 1) if cell else '' for cell in cells)} |"
        yield ""
        others = [what for what in _UNITS if what != "seconds"]
        yield f"| first up | {' | '.join(_UNITS[what] for what in others)} | requests of a no-op preview |"
        yield f"| --- |{' --- |' * (len(others) + 1)}"
        for name in contenders:
            if first := results.get((name, size, FIRST)):
                preview = results.get((name, size, PREVIEW))
                cells_text = " | ".join(first.text(what) for what in others)
                yield f"| {name} | {cells_text} | {preview.text('requests') if preview else ''} |"
        yield ""


def plot(results: Results, operation: str, file: Path) -> None:
    """Seconds over the number of namespaces, both logarithmic, with the spread of the runs; as PNG and SVG."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for name in dict.fromkeys(name for name, _, _ in results):
        found = sorted((size, each) for (who, size, what), each in results.items() if (who, what) == (name, operation))
        if not found:
            continue
        sizes, middle = [size for size, _ in found], [each.median("seconds") for _, each in found]
        runs = [[run["seconds"] for run in each.runs] for _, each in found]
        below = [value - min(each) for value, each in zip(middle, runs, strict=True)]
        above = [max(each) - value for value, each in zip(middle, runs, strict=True)]
        axes.errorbar(sizes, middle, yerr=[below, above], marker="o", capsize=3, label=name)
    axes.set(xscale="log", yscale="log", xlabel="namespaces", ylabel="seconds", title=operation)
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    for suffix in ("png", "svg"):
        figure.savefig(file.with_suffix(f".{suffix}"), dpi=120, metadata={"Date": None} if suffix == "svg" else None)
    pyplot.close(figure)


def main() -> None:
    """Renews the tables and the plots."""
    results = read(Path(sys.argv[1]))
    FOLDER.mkdir(exist_ok=True)
    print("\n".join(tables(results)))
    for operation in OPERATIONS:
        plot(results, operation, FOLDER / operation.replace(" ", "-"))


if __name__ == "__main__":
    main()
