"""The page and the plots of what was measured: ``python -m benchmarks.rollout.report`` renews docs/performance.md."""

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.rollout.results import Results, read
from benchmarks.rollout.targets import targets
from benchmarks.rollout.work import OPERATIONS

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
FOLDER = PAGE.with_suffix("")
MEASURED = FOLDER / "measured.jsonl"

_OTHERS = {"processor": "processor s", "mebibytes": "peak MiB", "requests": "requests", "state": "bytes of state"}
_SECTION = re.compile(r"(<!-- measured -->\n).*(<!-- end of measured -->\n)", re.DOTALL)


def section(results: Results) -> str:
    """The part of the page that is generated, in Markdown."""
    return "\n".join(["", *_targets(results), "", *_plots(), *_tables(results)])


def _targets(results: Results) -> Iterator[str]:
    yield "| target | measured | |"
    yield "| --- | --- | --- |"
    for target in targets(results):
        yield f"| {target.text} | {target.measured} | {'met' if target.is_met else '**missed**'} |"


def _plots() -> Iterator[str]:
    for operation in OPERATIONS:
        yield f"![Seconds of {operation} over the number of namespaces]({FOLDER.name}/{_file(operation)}.png)"
        yield ""


def _tables(results: Results) -> Iterator[str]:
    for size in results.sizes:
        yield f"### {size:,} namespaces\n"
        yield from _table(results, size, "seconds", "seconds", digits=1)
        yield f"<details><summary>{', '.join(_OTHERS.values())}</summary>\n"
        for what, unit in _OTHERS.items():
            yield from _table(results, size, what, unit, digits=0)
        yield "</details>\n"


def _table(results: Results, size: int, what: str, unit: str, *, digits: int) -> Iterator[str]:
    yield f"| {unit} | {' | '.join(OPERATIONS)} |"
    yield f"| --- |{' --- |' * len(OPERATIONS)}"
    for name in results.contenders:
        cells = [results.get(name, size, operation) for operation in OPERATIONS]
        if any(cells):
            yield f"| {name} | {' | '.join(cell.text(what, digits) if cell else '' for cell in cells)} |"
    yield ""


def plot(results: Results, operation: str, file: Path) -> None:
    """Seconds over the number of namespaces, both logarithmic, with the spread of the runs; as PNG and SVG."""
    from matplotlib import pyplot

    pyplot.rcParams.update({"svg.hashsalt": "rollout", "svg.fonttype": "none"})
    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for name in results.contenders:
        found = [(size, each) for size in results.sizes if (each := results.get(name, size, operation))]
        if not found:
            continue
        middle = [each.median("seconds") for _, each in found]
        below = [value - min(each.values("seconds")) for value, (_, each) in zip(middle, found, strict=True)]
        above = [max(each.values("seconds")) - value for value, (_, each) in zip(middle, found, strict=True)]
        sizes = [size for size, _ in found]
        axes.errorbar(sizes, middle, yerr=[below, above], marker="o", capsize=3, label=name)
    axes.set(xscale="log", yscale="log", xlabel="namespaces", ylabel="seconds", title=operation)
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    for suffix in ("png", "svg"):
        figure.savefig(file.with_suffix(f".{suffix}"), dpi=120, metadata={"Date": None} if suffix == "svg" else None)
    pyplot.close(figure)


def _file(operation: str) -> str:
    return operation.replace(" ", "-")


def page(text: str, results: Results) -> str:
    """The page with what was measured in its place."""
    return _SECTION.sub(lambda found: f"{found[1]}{section(results)}\n{found[2]}", text)


def main() -> None:
    """Renews the page and the plots."""
    results = read(MEASURED)
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    for operation in OPERATIONS:
        plot(results, operation, FOLDER / _file(operation))


if __name__ == "__main__":
    main()
