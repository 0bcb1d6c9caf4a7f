"""Billing periods and calendar months as instants."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sim.network import Int64Array

MONTH_MS: Final = 2_629_746_000
"""A mean month of the Gregorian calendar: 30.436875 days."""

DAY_MS: Final = 86_400_000
YEAR_MS: Final = 365 * DAY_MS


@dataclass(frozen=True)
class Periods:
    """n periods. Those at the ends may be cut."""

    edges_ms: Int64Array  # (n + 1,)
    whole_from_ms: Int64Array  # (n,) when each would begin uncut ...
    whole_ms: Int64Array  # (n,) ... and how long it would be

    def __len__(self) -> int:
        return len(self.whole_ms)

    def within(self, from_ms: int, to_ms: int) -> "Periods":
        """The same periods, cut at both ends; those without any time in between are left out."""
        edges = self.edges_ms
        inner = edges[(edges > from_ms) & (edges < to_ms)]
        starts = np.concatenate((np.array([from_ms], np.int64), inner))
        same = self.of(starts)
        return Periods(np.append(starts, np.int64(to_ms)), self.whole_from_ms[same], self.whole_ms[same])

    def of(self, time_ms: Int64Array) -> Int64Array:
        """The period of each instant; what is before the first or after the last counts as in it."""
        period: Int64Array = np.searchsorted(self.edges_ms, time_ms, side="right") - 1
        return np.clip(period, 0, len(self.whole_ms) - 1)


def months_between(start_epoch_ms: int, from_ms: int, to_ms: int) -> Periods:
    """The calendar months of [from, to), given in ms since the scenario's start at `start_epoch_ms`."""
    begin, end = (np.datetime64(start_epoch_ms + time, "ms").astype("datetime64[M]") for time in (from_ms, to_ms))
    first_days = np.arange(begin, end + 2).astype("datetime64[ms]").astype(np.int64) - start_epoch_ms
    return Periods(first_days, first_days[:-1], np.diff(first_days)).within(from_ms, to_ms)


def billing_periods(start_epoch_ms: int, from_ms: int, to_ms: int, period_ms: int) -> Periods:
    """Periods of `period_ms` from `from_ms` on, or calendar months where that is 0, up to `to_ms`."""
    if period_ms == 0:
        return months_between(start_epoch_ms, from_ms, to_ms)
    count = -(-(to_ms - from_ms) // period_ms)
    edges = from_ms + period_ms * np.arange(count + 1, dtype=np.int64)
    return Periods(edges, edges[:-1], np.full(count, period_ms, np.int64)).within(from_ms, to_ms)
