"""How much hypothesis tries: enough to find a mistake within a few runs, and no more time than a save is worth."""

import gc

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("unit", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")


@pytest.fixture(scope="module")
def nothing_left_to_collect() -> None:
    """For what goes deep: asyncio logs a failed program's tasks when they are collected, and would fail down there."""
    gc.collect()
