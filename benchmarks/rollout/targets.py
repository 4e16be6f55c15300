"""What the rollout is to reach, as ratios within one run of the benchmark."""

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_image_pull_secrets.api import PAGE

from benchmarks.rollout.results import Results, spread
from benchmarks.rollout.work import FIRST, LOOP, OPERATIONS, OURS, PREVIEW, SKIPPED


@dataclass(frozen=True)
class Target:
    """One target, and what was measured of it."""

    text: str
    measured: str
    is_met: bool


def targets(results: Results) -> Iterator[Target]:
    """Those that were measured at the sizes that they are for."""
    for contender, size, most in ((OURS, 300, 1.0), (SKIPPED, 300, 0.25), (SKIPPED, 1_000, 0.2)):
        yield from _ratio(results, contender, size, most)
    for size in (300, 1_000):
        yield from _preview(results, size)
    yield from _requests(results, 1_000)
    yield from _growth(results, 300, 3_000)
    yield from _state(results, 300)
    yield from _memory(results, 1_000)


def _ratio(results: Results, contender: str, size: int, most: float) -> Iterator[Target]:
    ours, loop = results.get(contender, size, FIRST), results.get(LOOP, size, FIRST)
    if ours and loop:
        pairs = zip(ours.values("seconds"), loop.values("seconds"), strict=False)
        ratios = [mine / theirs for mine, theirs in pairs]
        text = f"first up of {size:,}, {contender}: at most {most} times the kubectl loop"
        yield Target(text, f"{spread(ratios, 2)} times", statistics.median(ratios) <= most)


def _preview(results: Results, size: int) -> Iterator[Target]:
    if found := results.get(SKIPPED, size, PREVIEW):
        most = 3 + size / 100
        text = f"no-op preview of {size:,}: at most 10 ms for each and 3 s, which is {most:.0f} s"
        yield Target(text, f"{found.text('seconds', 1)} s", found.median("seconds") <= most)


def _requests(results: Results, size: int) -> Iterator[Target]:
    if found := results.get(SKIPPED, size, PREVIEW):
        # Pages of namespaces, accounts and Secrets, and what the preflight asks besides.
        most = 3 * math.ceil(size / PAGE) + 20
        text = f"requests of a no-op preview of {size:,}: what listing takes, not one for each account"
        yield Target(text, found.text("requests"), found.median("requests") <= most)


def _growth(results: Results, few: int, many: int) -> Iterator[Target]:
    first, last = results.get(SKIPPED, few, FIRST), results.get(SKIPPED, many, FIRST)
    if first and last:
        exponent = math.log(last.median("seconds") / first.median("seconds")) / math.log(many / few)
        text = f"growth of a first up from {few:,} to {many:,}, checkpoints skipped: an exponent of at most 1.1"
        yield Target(text, f"{exponent:.2f}", exponent <= 1.1)


def _state(results: Results, size: int) -> Iterator[Target]:
    if found := results.get(SKIPPED, size, FIRST):
        kilobytes = found.median("state") / size / 1_000
        yield Target(f"state at {size:,}: at most 4 kB for each namespace", f"{kilobytes:.1f} kB", kilobytes <= 4)


def _memory(results: Results, size: int) -> Iterator[Target]:
    peaks = {
        operation: max(found.values("mebibytes"))
        for operation in OPERATIONS
        if (found := results.get(SKIPPED, size, operation))
    }
    if peaks:
        worst = max(peaks, key=lambda operation: peaks[operation])
        text = f"peak memory of any process at {size:,}, checkpoints skipped: at most 600 MiB"
        yield Target(text, f"{peaks[worst]:.0f} MiB ({worst})", peaks[worst] <= 600)
