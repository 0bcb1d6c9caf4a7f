"""The twin's time as the wall's clock makes it pass."""

import time
from collections.abc import Callable
from typing import Final

FASTEST: Final = 1e6
_ROUNDING_MS: Final = 1e-3


class PacedClock:
    """ms since the twin's start, `rate` times as fast as the wall's time; the rate may change while it runs.

    `wall_s` tells the wall's time in s from any beginning, never backward. ValueError: no such rate.
    """

    def __init__(self, rate: float = 1.0, wall_s: Callable[[], float] = time.monotonic, start_ms: int = 0) -> None:
        self._wall_s = wall_s
        self._since_s = wall_s()
        self._from_ms = float(start_ms)
        self._rate = _checked(rate)

    @property
    def rate(self) -> float:
        return self._rate

    def set_rate(self, rate: float) -> None:
        """Go on from now at another rate. ValueError: no such rate, and nothing changes."""
        rate = _checked(rate)
        now_s = self._wall_s()
        self._from_ms += (now_s - self._since_s) * 1000.0 * self._rate
        self._since_s, self._rate = now_s, rate

    def now_ms(self) -> int:
        # who has waited for an instant, as wait_s said, is there, also when it is not a float
        return int(self._from_ms + (self._wall_s() - self._since_s) * 1000.0 * self._rate + _ROUNDING_MS)

    def wait_s(self, until_ms: int) -> float:
        """Seconds of the wall's time until an instant of the twin; below 0 when it is over, by how much."""
        return self._since_s + (until_ms - self._from_ms) / (1000.0 * self._rate) - self._wall_s()


def _checked(rate: float) -> float:
    if not 0.0 < rate <= FASTEST:
        raise ValueError(f"time cannot go {rate:g} times as fast; expected more than 0, and at most {FASTEST:,.0f}")
    return rate
