"""client-go's token bucket: ``burst`` requests at once, ``qps`` a second. Pure, but for the clock that it is given."""

import threading
import time
from collections.abc import Callable


class Throttle:
    """Lets requests through at a rate. Thread-safe."""

    def __init__(
        self,
        qps: float,
        burst: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._qps, self._burst = qps, burst
        self._clock, self._sleep = clock, sleep
        self._tokens, self._at = float(burst), clock()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Returns when one more request may go; at once where ``qps`` is negative, which means no limit."""
        if self._qps < 0:
            return
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._qps) - 1
            self._at = now
            delay = -self._tokens / self._qps
        if delay > 0:
            self._sleep(delay)
