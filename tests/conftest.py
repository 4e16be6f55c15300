"""How much hypothesis tries; and, after a run, which promises of docs/promises.md were held to by how many tests."""

import re
import signal
from collections import Counter
from collections.abc import Iterator

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import settings

# The machine's pace is nobody's fault, and the same run shall come to the same end.
settings.register_profile("default", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=4_000, print_blob=True)


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """Children that hear Ctrl-C also where pytest runs in a script's background, and so ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


_FILE = re.compile(r"test_p(\d\d)_(\w+)\.py")


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    promises: dict[tuple[str, str], Counter[str]] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.getreports(outcome):
            if match := _FILE.search(report.nodeid):
                promises.setdefault((match[1], match[2]), Counter())[outcome] += 1
    if not promises:
        return
    terminalreporter.section("promises")
    for (number, name), outcomes in sorted(promises.items()):
        counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
        terminalreporter.line(f"P{int(number):<3} {name.replace('_', ' '):<32} {outcomes.total()} tests: {counts}")
