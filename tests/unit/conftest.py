"""How much hypothesis tries, enough to find a mistake within a few runs, and what of this machine tests don't see."""

import gc

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("unit", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of this machine's would be asked for the servers that tests have on it."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_to_collect() -> None:
    """For what goes deep, as Hypothesis does.

    asyncio logs a failed program's tasks when they are collected, and would fail down there.
    """
    gc.collect()
