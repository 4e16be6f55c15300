"""docs/performance.md says what was measured last, and its targets are judged by that."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.rollout import report
from benchmarks.rollout.results import Results, read
from benchmarks.rollout.targets import targets
from benchmarks.rollout.work import FIRST, LOOP, OPERATIONS, OURS, PREVIEW, SKIPPED


def test_the_page_has_what_was_measured() -> None:
    text = report.PAGE.read_text(encoding="utf-8")
    assert report.page(text, read(report.MEASURED)) == text, "renew it: python -m benchmarks.rollout.report"


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_plots_are_there(operation: str, kind: str) -> None:
    assert (report.FOLDER / f"{operation.replace(' ', '-')}.{kind}").stat().st_size > 1_000


def results(folder: Path, *lines: dict[str, Any]) -> Results:
    file = folder / "measured.jsonl"
    usual = {"run": 0, "processor": 1.0, "mebibytes": 100.0, "requests": 10, "state": 1_000}
    file.write_text("".join(json.dumps({**usual, **line}) + "\n" for line in lines))
    return read(file)


def first_up(contender: str, size: int, seconds: float, run: int = 0, **more: float) -> dict[str, Any]:
    return {"contender": contender, "size": size, "operation": FIRST, "seconds": seconds, "run": run, **more}


def test_a_ratio_is_that_of_one_round(tmp_path: Path) -> None:
    # Everything in the second round is twice as slow.
    times = [
        first_up(name, 300, seconds * (run + 1), run) for run in (0, 1) for name, seconds in ((OURS, 9), (LOOP, 10))
    ]
    (found,) = targets(results(tmp_path, *times))
    assert (found.measured, found.is_met) == ("0.90 times", True)


@pytest.mark.parametrize(("seconds", "is_met"), [(5.9, True), (6.1, False)])
def test_a_preview_may_take_10_ms_for_each_namespace_and_3_s(tmp_path: Path, seconds: float, is_met: bool) -> None:
    line = {**first_up(SKIPPED, 300, seconds), "operation": PREVIEW}
    (found,) = targets(results(tmp_path, line))
    assert found.is_met is is_met


@pytest.mark.parametrize(("seconds", "exponent", "is_met"), [(100, "1.00", True), (1_000, "2.00", False)])
def test_growth_is_the_exponent_from_300_to_3000(tmp_path: Path, seconds: float, exponent: str, is_met: bool) -> None:
    found = list(targets(results(tmp_path, first_up(SKIPPED, 300, 10), first_up(SKIPPED, 3_000, seconds))))
    (growth,) = [target for target in found if target.text.startswith("growth")]
    assert (growth.measured, growth.is_met) == (exponent, is_met)


def test_memory_and_requests_are_judged_at_a_thousand(tmp_path: Path) -> None:
    up = first_up(SKIPPED, 1_000, 10, mebibytes=500.0)
    preview = {**first_up(SKIPPED, 1_000, 10, mebibytes=700.0), "operation": PREVIEW, "requests": 2_000}
    found = {target.text.partition(" ")[0]: target for target in targets(results(tmp_path, up, preview))}
    assert (found["peak"].measured, found["peak"].is_met) == ("700 MiB (no-op preview)", False)
    assert not found["requests"].is_met
