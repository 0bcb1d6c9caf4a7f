"""The analytic first guess of stock levels: which unit next buys most availability per cost, until the promise is kept.

For each item availability is a function of the level; its steps are taken in the order of gain per cost across all
items (marginal analysis: Fox 1966, "Discrete optimization via marginal analysis"; Sherbrooke 2004, Optimal Inventory
Modeling of Systems, chapter 2). As availability is not concave in the level, the steps are those of its concave
majorant: every allocation on the way is the best one for its cost. The first allocation that keeps the promise with the
wanted probability is then trimmed item by item, the dearest first, so that no item could hold one unit less.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sim.size.cycles import Cycle, Window, availability, highest_level, never_out, together
from sim.size.demand import Demand, Float64Array

Int64Array = npt.NDArray[np.int64]

MOST_LEVELS: Final = 256
"""Levels of an item that are looked at; of what is counted in thousands every so many units."""


@dataclass(frozen=True)
class Stocked:
    """An item that the promise covers: its use, how it is refilled, what a unit of level costs a month.

    The cost is for capital and space, > 0. All items are refilled at the same visits: only the time from looking at the
    stock until the visit may differ. The level is at least `floor`.
    """

    demand: Demand
    cycle: Cycle
    cost_per_month: float
    floor: int = 0

    def times_out(self, level: int, window: Window) -> Float64Array:
        """As `Window.times_out`."""
        return window.times_out(self.demand, level, self.cycle)


@dataclass(frozen=True)
class Steps:
    """The way of marginal analysis from the `floors` (items,): (n,) steps, each of which raises `item` to `level`."""

    item: Int64Array
    level: Int64Array
    floors: Int64Array

    def after(self, steps: int) -> Int64Array:
        """(items,) levels after so many steps."""
        levels = self.floors.copy()
        np.maximum.at(levels, self.item[:steps], self.level[:steps])
        return levels


@dataclass(frozen=True)
class Guess:
    """Levels that keep the promise as far as the formulas know.

    Attributes:
        levels: (items,). availability: mean over items. kept: P(all windows are kept).
        reached: whether `kept` is at least what was wanted; no level of stock reaches it otherwise.
    """

    levels: Int64Array
    availability: float
    kept: float
    reached: bool


def steps_of(items: Sequence[Stocked]) -> Steps:
    """All steps worth taking, best gain of availability per cost first; ties in the order of the items."""
    found: list[tuple[Float64Array, Int64Array, Int64Array]] = []
    for number, item in enumerate(items):
        top = highest_level(item.demand, item.cycle)
        levels = np.arange(0, top + 1, max(1, -(-top // MOST_LEVELS)))
        reached = availability(item.demand, levels.astype(np.float64), item.cycle)
        corners = concave_corners(levels.astype(np.float64), reached)
        rise = np.diff(reached[corners]) / np.diff(levels[corners]) / item.cost_per_month
        found.append((rise, np.full(len(rise), number), levels[corners[1:]]))
    worth, which, level = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.argsort(-worth, kind="stable")
    return Steps(which[order], level[order], np.array([item.floor for item in items], np.int64))


def concave_corners(x: Float64Array, y: Float64Array) -> Int64Array:
    """Indices of the corners of the least concave function nowhere below the points; x ascending, y not falling.

    The flat end is left out.
    """
    corners: list[int] = []
    for point in range(len(x)):
        while len(corners) > 1:
            first, last = corners[-2], corners[-1]
            if (y[last] - y[first]) * (x[point] - x[last]) > (y[point] - y[last]) * (x[last] - x[first]):
                break
            corners.pop()
        if not corners or y[point] > y[corners[-1]]:
            corners.append(point)
    return np.array(corners, np.int64)


def guess(items: Sequence[Stocked], window: Window, probability: float, steps: Steps | None = None) -> Guess:
    """The cheapest levels found that keep all windows with at least this probability; `steps` if known already."""
    steps = steps or steps_of(items)
    low, high = -1, len(steps.item)
    if kept(items, steps.after(high), window) < probability:
        return _guess(items, window, steps.after(high), probability)
    while high - low > 1:
        middle = (low + high) // 2
        enough = kept(items, steps.after(middle), window) >= probability
        low, high = (low, middle) if enough else (middle, high)
    return _guess(items, window, trim(items, window, steps.after(high), probability), probability)


def kept(items: Sequence[Stocked], levels: Int64Array, window: Window) -> float:
    """P(all windows are kept) with these levels."""
    total = never_out()
    for item, level in zip(items, levels, strict=True):
        total = together(total, item.times_out(int(level), window))
    return window.kept(total, items[0].cycle.interval)


def trim(items: Sequence[Stocked], window: Window, levels: Int64Array, probability: float) -> Int64Array:
    """Levels lowered one item after the other, dearest first, as far as the promise is still kept."""
    order = sorted(range(len(items)), key=lambda number: -items[number].cost_per_month)
    times = [item.times_out(int(level), window) for item, level in zip(items, levels, strict=True)]
    later = [never_out()]
    for number in reversed(order[1:]):
        later.append(together(later[-1], times[number]))
    before, trimmed = never_out(), levels.copy()
    for number in order:
        item, others = items[number], together(before, later.pop())
        low, high = item.floor - 1, int(levels[number])
        while high - low > 1:
            middle = (low + high) // 2
            chance = window.kept(together(others, item.times_out(middle, window)), item.cycle.interval)
            low, high = (low, middle) if chance >= probability else (middle, high)
        trimmed[number] = high
        before = together(before, item.times_out(high, window))
    return trimmed


def mean_availability(items: Sequence[Stocked], levels: Int64Array) -> float:
    """Share of time in stock, mean over the items."""
    pairs = zip(items, levels, strict=True)
    shares = [availability(item.demand, np.array([float(level)]), item.cycle)[0] for item, level in pairs]
    return float(np.mean(shares))


def _guess(items: Sequence[Stocked], window: Window, levels: Int64Array, probability: float) -> Guess:
    chance = kept(items, levels, window)
    return Guess(levels, mean_availability(items, levels), chance, chance >= probability)
