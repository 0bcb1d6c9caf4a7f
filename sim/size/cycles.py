"""What a stock level is worth when somebody comes to refill at regular visits.

Every `interval` R the stock on hand and on order is raised to a level S; the goods are there a `delivery` time L later.
Over the stretch from one delivery to the next the item is out as soon as the demand since the order has used up S, so
with D(t) the demand of t days, x the time it is out and 0 <= x < R

    P(out longer than x) = P(D(L + R - x) >= S),  share of time in stock = 1 - 1/R x integral of that over x,
    share of units met at once = 1 - (E[max(D(L + R) - S, 0)] - E[max(D(L) - S, 0)]) / E[D(R)]

(Silver, Pyke and Thomas 2017, Inventory and Production Management, sections 6.9 and 6.10: ready rate and fill rate of
the order-up-to system; what is short waits). An emergency delivery ends a shortage after `emergency` days at most; that
it also brings stock for later is left out.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from sim.size.demand import ArrayLike, Demand, Float64Array

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
GRID: Final = 256
"""Steps into which the time out that a window allows is cut; each shortage is rounded up to a whole number of them."""
_NEGLIGIBLE: Final = 1e-7


@dataclass(frozen=True)
class Cycle:
    """From one refill to the next. All in days.

    Attributes:
        interval: between visits, > 0. delivery: from looking at the stock until what is ordered is there, >= 0.
        emergency: longest time that an item is out, > 0; infinite without emergency deliveries.
    """

    interval: float
    delivery: float = 0.0
    emergency: float = math.inf

    @property
    def longest_out(self) -> float:
        """Days an item can be out in one cycle."""
        return min(self.interval, self.emergency)


def out_longer(demand: Demand, level: int, cycle: Cycle, days: Float64Array) -> Float64Array:
    """P(an item with this level is out for more than so many days of a cycle)."""
    until = np.maximum(cycle.delivery + cycle.interval - days, 0.0)
    return np.where(days < cycle.longest_out, demand.above(level - 1, until), 0.0)


def availability(demand: Demand, levels: Float64Array, cycle: Cycle) -> Float64Array:
    """Share of time that there is stock on hand, for each of the levels."""
    half = cycle.longest_out / 2
    moments = cycle.delivery + cycle.interval - half * (1 + _NODES)
    out = demand.above(np.asarray(levels, np.float64)[..., None] - 1, moments) @ _WEIGHTS * half
    return np.asarray(np.clip(1 - out / cycle.interval, 0, 1), np.float64)


def fill_rate(demand: Demand, levels: Float64Array, cycle: Cycle) -> Float64Array:
    """Share of units that are met at once, for each of the levels."""
    late = demand.short(levels, cycle.delivery + cycle.interval) - demand.short(levels, cycle.delivery)
    return np.asarray(np.clip(1 - late / demand.mean(cycle.interval), 0, 1), np.float64)


def runs_out(demand: Demand, levels: ArrayLike, cycle: Cycle) -> Float64Array:
    """P(the item runs out in a cycle): that many emergencies, at most, are to be expected for each visit."""
    return demand.above(np.asarray(levels, np.float64) - 1, cycle.delivery + cycle.interval)


def mean_on_hand(demand: Demand, levels: ArrayLike, cycle: Cycle) -> Float64Array:
    """Mean units on hand over a cycle: the level less the demand since the order, not below 0."""
    stock = np.asarray(levels, np.float64)
    moments = cycle.delivery + cycle.interval * (1 + _NODES) / 2
    shortage = demand.short(stock[..., None], moments) @ _WEIGHTS / 2
    return np.asarray(stock - demand.mean(cycle.delivery + cycle.interval / 2) + shortage, np.float64)


def least_level(demand: Demand, cycle: Cycle, target: float, measure: str = "availability") -> int:
    """The least level whose `availability` or `fill_rate` is at least the target (0 <= target < 1)."""
    reach = {"availability": availability, "fill_rate": fill_rate}[measure]

    def enough(level: int) -> bool:
        return bool(reach(demand, np.array([float(level)]), cycle)[0] >= target)

    top = 1
    while not enough(top):
        top *= 2
    low = -1 if top == 1 else top // 2
    while top - low > 1:
        middle = (top + low) // 2
        low, top = (low, middle) if enough(middle) else (middle, top)
    return top


def highest_level(demand: Demand, cycle: Cycle) -> int:
    """A level beyond which nothing is to be gained: it runs out once in ten million cycles."""
    top = 1
    while runs_out(demand, top, cycle) > _NEGLIGIBLE:
        top *= 2
    low = top // 2
    while top - low > 1:
        middle = (top + low) // 2
        low, top = (low, middle) if runs_out(demand, middle, cycle) <= _NEGLIGIBLE else (middle, top)
    return top


# --- how likely a window is kept ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """A promise of mean availability over items and over a window of time.

    Attributes:
        days: of the window. target: share of time in stock, mean over the items. items: number of them.
        windows: how many in succession have to be kept.
    """

    days: float
    target: float
    items: int
    windows: int = 1

    @property
    def allowed(self) -> float:
        """Days that all items together may be out in one window."""
        return (1 - self.target) * self.items * self.days

    def times_out(self, demand: Demand, level: int, cycle: Cycle) -> Float64Array:
        """(2, GRID + 1): chances that the item is out for k / GRID of what is allowed, in a window that sees the lesser
        and the larger whole number of refills. What is beyond is left out, so the rows add up to less than 1.

        Each cycle counts for itself: exact without delivery time; else runs of bad luck reach a little beyond one.
        """
        return _times_out(self.allowed, self.days, demand, level, cycle)

    def kept(self, times: Float64Array, interval: float) -> float:
        """P(all windows are kept), from the time out of all items together (`together`); `interval` between visits."""
        part = self.days / interval % 1.0
        one = (1 - part) * times[0].sum() + part * times[1].sum()
        return math.pow(min(max(one, 0.0), 1.0), self.windows)


@lru_cache(maxsize=10_000)  # neighbouring designs differ in one item
def _times_out(allowed: float, days: float, demand: Demand, level: int, cycle: Cycle) -> Float64Array:
    longer = out_longer(demand, level, cycle, allowed * np.arange(GRID + 1) / GRID)
    once = -np.diff(longer, prepend=1.0)
    of_fewer = _repeated(once, math.floor(days / cycle.interval))
    times: Float64Array = np.stack([of_fewer, _folded(of_fewer, once)])
    times.setflags(write=False)
    return times


def together(one: Float64Array, other: Float64Array) -> Float64Array:
    """Time out of two groups of items, one beside the other; they run out independently."""
    return np.stack([_folded(one[0], other[0]), _folded(one[1], other[1])])


def never_out() -> Float64Array:
    """Time out of no items."""
    times: Float64Array = np.zeros((2, GRID + 1))
    times[:, 0] = 1.0
    return times


def _folded(one: Float64Array, other: Float64Array) -> Float64Array:
    return np.asarray(np.convolve(one, other)[: GRID + 1], np.float64)


def _repeated(once: Float64Array, times: int) -> Float64Array:
    total: Float64Array = np.zeros(GRID + 1)
    total[0] = 1.0
    while times:
        if times & 1:
            total = _folded(total, once)
        once = _folded(once, once)
        times >>= 1
    return total
