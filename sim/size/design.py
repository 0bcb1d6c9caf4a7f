"""A design of a pilot: devices, slots, levels and visits, and what the formulas say that it costs and keeps.

A design follows from a visit interval and a level for each item: the layout is the cheapest that holds the levels.
Simulation has the last word: what the formulas leave out is listed in docs/sizing.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np

from sim.scenario.sizing import SizingSection
from sim.size.catalogue import DeviceKind, Promise, ServiceCosts, Visits
from sim.size.cycles import Cycle, Window, availability, fill_rate, highest_level, mean_on_hand, runs_out
from sim.size.demand import DAYS_PER_MONTH, Demand, Float64Array
from sim.size.guess import Int64Array, Stocked, kept
from sim.size.slots import NO_LIMIT, Layout, cheapest_layout, space_cost
from sim.size.usage_table import ItemUse
from sim.units import MS_PER_DAY

UNCOVERED_FILL_RATE: Final = 0.95
"""Items that the promise does not cover meet this share of what is asked for at once."""
_LEAST_COST: Final = 1e-9
_LEVELS: Final = 48


@dataclass(frozen=True)
class Task:
    """What is to be sized.

    Attributes:
        items: what the customer uses. kinds: the catalogue. service: costs of service. promise, visits: as wanted.
        windows: whole windows of the promise in the pilot, 1 or more.
    """

    items: tuple[ItemUse, ...]
    kinds: Mapping[str, DeviceKind]
    service: ServiceCosts
    promise: Promise
    visits: Visits
    windows: int

    @staticmethod
    def of(section: SizingSection, items: tuple[ItemUse, ...], promise: Promise | None = None) -> "Task":
        """What the section of a scenario asks for; `promise` for another tier."""
        wanted = section.promise if promise is None else promise
        windows = section.pilot // wanted.window
        return Task(items, section.devices, section.service.under(wanted), wanted, section.visits, windows)

    @cached_property
    def covered(self) -> tuple[int, ...]:
        """Indices of the items that the promise covers."""
        return tuple(n for n, item in enumerate(self.items) if item.critical or self.promise.covers == "all")

    def demand(self, item: int) -> Demand:
        """Its use."""
        return Demand.of_month(float(self.items[item].use_per_month), self.items[item].variability)

    def cycle(self, item: int, interval_ms: int) -> Cycle:
        """How it is refilled. What is short of an item that is covered comes by an emergency delivery."""
        delivery = max(self.visits.preparation, self.items[item].lead_time_ms)
        days = (interval_ms / MS_PER_DAY, delivery / MS_PER_DAY)
        if item in self.covered:
            return Cycle(*days, self.service.emergency_time / MS_PER_DAY)
        return Cycle(*days)

    def stocked(self, item: int, interval_ms: int, floor: int = 0) -> Stocked:
        """An item for marginal analysis: a unit of level costs capital and space."""
        one = self.items[item]
        monthly = float(one.cost) * self.service.financing_rate / 12 + space_cost(one, self.kinds)
        return Stocked(self.demand(item), self.cycle(item, interval_ms), max(monthly, _LEAST_COST), floor)

    def worthwhile(self, item: int, interval_ms: int) -> int:
        """The level up to which stock costs less than the emergency deliveries that it saves."""
        return self.cheapest_level(item, interval_ms, 0, NO_LIMIT, space_cost(self.items[item], self.kinds))

    def cheapest_level(self, item: int, interval_ms: int, low: int, high: int, space: float) -> int:
        """The level from low to high at which capital, `space` per unit and emergency deliveries cost least a month."""
        demand, cycle = self.demand(item), self.cycle(item, interval_ms)
        high = max(low, min(high, highest_level(demand, cycle)))
        step = max(1, -(-(high - low) // _LEVELS))
        while True:
            levels = np.arange(low, high + 1, step)
            costs = self.stock_costs(item, interval_ms, levels) + space * levels
            best = int(levels[int(np.argmin(costs))])
            if step == 1:
                return best
            low, high, step = max(low, best - step), min(high, best + step), max(1, step // _LEVELS)

    def stock_costs(self, item: int, interval_ms: int, levels: Int64Array) -> Float64Array:
        """Capital and emergency deliveries of an item a month, for each of the levels."""
        demand, cycle = self.demand(item), self.cycle(item, interval_ms)
        capital = float(self.items[item].cost) * self.service.financing_rate / 12
        costs = capital * mean_on_hand(demand, levels, cycle)
        if item in self.covered:
            costs = costs + visits_per_month(interval_ms) * float(self.service.emergency) * runs_out(
                demand, levels, cycle
            )
        return costs

    @property
    def window(self) -> Window:
        """The promise over the items that it covers."""
        return Window(
            self.promise.window / MS_PER_DAY, self.promise.availability, max(len(self.covered), 1), self.windows
        )


def visits_per_month(interval_ms: int) -> float:
    """Visits in a month of 365/12 days."""
    return DAYS_PER_MONTH * MS_PER_DAY / interval_ms


@dataclass(frozen=True)
class MonthlyCosts:
    """What a design costs the supplier a month, goods used aside; major units of currency."""

    devices: float
    visits: float
    emergencies: float
    staff: float
    financing: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.devices + self.visits + self.emergencies + self.staff + self.financing


@dataclass(frozen=True)
class Design:
    """A design, and what the formulas say of it.

    Attributes:
        interval_ms: between visits. levels: (items,) par levels, in item units. layout: devices and slots.
        costs: a month. availability: of the items covered, mean. kept: P(the promise is kept in every window).
        fill_rate: least share of units met at once over the items that are not covered; 1 where there are none.
        stock_cost: mean consigned stock at cost. stock_cost_full: when all levels are full.
    """

    interval_ms: int
    levels: tuple[int, ...]
    layout: Layout
    costs: MonthlyCosts
    availability: float
    kept: float
    fill_rate: float
    stock_cost: float
    stock_cost_full: float

    def good_enough(self, promise: Promise) -> bool:
        """Whether, by the formulas, it keeps the promise and what else is expected."""
        return self.kept >= promise.probability and self.fill_rate >= UNCOVERED_FILL_RATE


def design(
    task: Task, interval_ms: int, levels: Sequence[int], kinds: Mapping[str, DeviceKind] | None = None
) -> Design:
    """The design with these levels and visits. NoLayoutError where no devices hold them.

    Args:
        task: what is sized. interval_ms: between visits. levels: (items,).
        kinds: the catalogue, if it is to be narrower than the task's.
    """
    layout = cheapest_layout(task.items, levels, task.kinds if kinds is None else kinds)
    return in_layout(task, interval_ms, levels, layout)


@dataclass(frozen=True)
class _Figures:
    """An item at a level: mean units on hand, shares of time and of units met, chance to run out, chance of any use."""

    on_hand: float
    availability: float
    fill_rate: float
    runs_out: float
    used: float


@lru_cache(maxsize=50_000)  # neighbouring designs differ in one item
def _figures(demand: Demand, cycle: Cycle, level: int) -> _Figures:
    levels = np.array([float(level)])
    return _Figures(
        float(mean_on_hand(demand, level, cycle)),
        float(availability(demand, levels, cycle)[0]),
        float(fill_rate(demand, levels, cycle)[0]),
        float(runs_out(demand, level, cycle)),
        float(demand.above(0, cycle.interval)),
    )


def in_layout(task: Task, interval_ms: int, levels: Sequence[int], layout: Layout) -> Design:
    """The design with these levels and visits in given devices, which have room for them."""
    figures = [_figures(task.demand(n), task.cycle(n, interval_ms), int(level)) for n, level in enumerate(levels)]
    covered, others = task.covered, [n for n in range(len(levels)) if n not in task.covered]
    costs = [float(item.cost) for item in task.items]
    stock = sum(one.on_hand * cost for one, cost in zip(figures, costs, strict=True))
    own = np.array([levels[n] for n in covered], np.int64)
    return Design(
        interval_ms,
        tuple(int(level) for level in levels),
        layout,
        _costs(task, interval_ms, figures, layout, stock),
        float(np.mean([figures[n].availability for n in covered])) if covered else 1.0,
        kept([task.stocked(n, interval_ms) for n in covered], own, task.window) if covered else 1.0,
        min((figures[n].fill_rate for n in others), default=1.0),
        stock,
        float(np.dot(levels, costs)),
    )


def filled(task: Task, one: Design) -> Design:
    """The design with levels raised in slots that it has anyway, where emergencies saved outweigh capital."""
    levels = list(one.levels)
    for item in task.covered:
        levels[item] = task.cheapest_level(item, one.interval_ms, levels[item], one.layout.room[item], 0.0)
    if tuple(levels) == one.levels:
        return one
    return in_layout(task, one.interval_ms, levels, one.layout)


def _costs(task: Task, interval_ms: int, figures: Sequence[_Figures], layout: Layout, stock: float) -> MonthlyCosts:
    visits, service = visits_per_month(interval_ms), task.service
    lines = sum(one.used for one in figures)
    emergencies = sum(figures[n].runs_out for n in task.covered)
    return MonthlyCosts(
        layout.cost_per_month,
        visits * (float(service.visit) + lines * float(service.line)),
        visits * emergencies * float(service.emergency),
        float(service.staff),
        stock * service.financing_rate / 12,
    )
