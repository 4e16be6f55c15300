"""The stand-in plugin: the rate of requests that ``kubeClientSettings`` sets."""

import pytest

from sandbox.standin.client import ClientSettings
from sandbox.standin.throttle import Throttle


class Clock:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def seconds_for(self, requests: int, throttle: Throttle) -> float:
        before = self.now
        for _ in range(requests):
            throttle.wait()
        return self.now - before


@pytest.fixture
def clock() -> Clock:
    return Clock()


def throttle(clock: Clock, qps: float, burst: int) -> Throttle:
    return Throttle(qps, burst, clock=lambda: clock.now, sleep=clock.sleep)


def test_as_many_as_the_burst_go_at_once(clock: Clock) -> None:
    assert clock.seconds_for(20, throttle(clock, qps=10, burst=20)) == 0


def test_after_the_burst_they_go_at_the_rate(clock: Clock) -> None:
    assert clock.seconds_for(120, throttle(clock, qps=10, burst=20)) == pytest.approx(10)


def test_a_pause_fills_the_burst_up_and_no_further(clock: Clock) -> None:
    limited = throttle(clock, qps=10, burst=20)
    clock.seconds_for(20, limited)

    clock.sleep(3600)

    assert clock.seconds_for(20, limited) == 0
    assert clock.seconds_for(10, limited) == pytest.approx(1)


def test_a_negative_rate_is_no_limit(clock: Clock) -> None:
    assert clock.seconds_for(1000, throttle(clock, qps=-1, burst=1)) == 0


def test_the_settings_are_those_of_the_provider_where_none_are_given() -> None:
    default, given = ClientSettings({}), ClientSettings({"qps": 1000.0, "burst": 2000, "timeout": 7})

    assert (default.qps, default.burst, default.timeout) == (50, 120, None)
    assert (given.qps, given.burst, given.timeout) == (1000, 2000, 7)
