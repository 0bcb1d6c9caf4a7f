"""A whole sizing: the recommended design, alternatives, risk, money of both sides, sensitivity, tiers, prices.

Figures of designs come from replications with a seed of their own (`FRESH`), so that the choice, which was made by
other replications, does not flatter them.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from sim.scenario import Scenario
from sim.scenario.findings import Finding, ScenarioError
from sim.scenario.sizing import SizingSection
from sim.size.catalogue import Promise
from sim.size.design import Design, Task, design
from sim.size.money import Money, Prices, money_of, prices_for, stops_today
from sim.size.power import Provable, disproven_share, provable, proven_share
from sim.size.search import Effort, Found, Say, search
from sim.size.simulate import EXACT, Outcomes, Simulations, Wanted, monthly_costs, stock_value
from sim.size.slots import NoLayoutError
from sim.units import MS_PER_DAY

Float64Array = npt.NDArray[np.float64]

FRESH: Final = 7_919
"""Added to the seed of the search for the replications that figures are taken from."""
QUANTILES: Final = (0.1, 0.5, 0.9)
CURVE: Final = (0.35, 0.45, 0.55, 0.65, 0.8, 1.0, 1.2)
"""Multiples of the recommended levels on the curve of cost against availability."""
USAGES: Final = (0.8, 1.0, 1.2)
STOP_COSTS: Final = (0.5, 2.0)
TIMES_OUT: Final = (2.0, 0.5, 0.1)
"""Multiples of the time out of stock that is promised, for the sensitivity to the promise."""
HOPED_CUT: Final = 0.1
BASELINE_DAYS: Final = 365.0


@dataclass(frozen=True)
class Spread:
    """Quantiles over replications: one in ten is below `p10`, half below `p50`, nine in ten below `p90`."""

    p10: float
    p50: float
    p90: float

    @staticmethod
    def of(values: Float64Array) -> "Spread":
        """The quantiles of some values."""
        return Spread(*(float(one) for one in np.quantile(values, QUANTILES)))


@dataclass(frozen=True)
class Appraisal:
    """A design and what fresh replications say of it; money a month, in major units of currency.

    Attributes:
        kept, low, high: share of replications in which every window was kept, with its two-sided Clopper-Pearson
            interval of the stated confidence. availability: mean. cost: of service, goods aside. emergencies, stops: in
            a month.
        capital: consigned stock at cost. margin: the supplier's, under the offer. saving: the customer's, nan: unknown.
        break_even_cut: share of today's loss by stops that has to go for the customer to gain.
    """

    design: Design
    replications: int
    kept: float
    low: float
    high: float
    availability: float
    cost: float
    emergencies: float
    stops: float
    capital: Spread
    margin: Spread
    saving: Spread
    break_even_cut: float


@dataclass(frozen=True)
class CurvePoint:
    """One design on the curve of cost against availability, its levels a multiple of the recommended ones."""

    factor: float
    availability: float
    kept: float
    cost: float


@dataclass(frozen=True)
class Sensitivity:
    """What becomes of the recommended design when a figure is different; money a month.

    `about`: usage, stop_cost or promise. `value`: share of today's usage or stop cost, or the availability promised.
    """

    about: str
    value: float
    kept: float
    availability: float
    cost: float
    margin: float
    saving: float

    @property
    def what(self) -> str:
        """In words, for a table."""
        if self.about == "promise":
            return f"promise {round(self.value * 100, 6):g}%"
        return f"{self.about.replace('_', ' ')} {self.value:.0%}"


@dataclass(frozen=True)
class Tier:
    """A promise the customer may choose, and the design that keeps it; None where no design of the catalogue can.

    `fee`: least base fee a month that leaves the supplier his margin, without mark-up. `undecided`: with more
    replications a design might be shown to keep the promise.
    """

    name: str
    promise: Promise
    found: Appraisal | None
    fee: float
    reasons: tuple[str, ...] = ()
    undecided: bool = False


@dataclass(frozen=True)
class Study:
    """The answer of `mro-twin size`. Without a recommended design `reasons` say why, and the rest is empty.

    Attributes:
        task: what was sized. search: how the recommended design was found. seed, simulated: replications in all.
        provable: what the pilot's length can prove of a cut of stops of `HOPED_CUT`, and of the cut that is expected;
            none where today's stops are not known.
    """

    scenario: str
    currency: str
    section: SizingSection
    task: Task
    seed: int
    simulated: int
    search: Found
    recommended: Appraisal | None
    alternatives: tuple[Appraisal, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    tiers: tuple[Tier, ...] = ()
    prices: Prices | None = None
    provable: tuple[tuple[float, Provable], ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why there is no design; empty where there is one."""
        return self.search.reasons


def task_of(scenario: Scenario) -> tuple[SizingSection, Task]:
    """What the scenario asks to be sized. ScenarioError without a section `sizing`."""
    if scenario.sizing is None or scenario.usage is None:
        hint = "add what the customer uses, the devices and the promise: see docs/sizing.md"
        raise ScenarioError([Finding("there is no section `sizing`", hint, "sizing")])
    return scenario.sizing, Task.of(scenario.sizing, scenario.usage)


class Sizer:
    """The steps of a sizing in their order; see `run`."""

    def __init__(self, scenario: Scenario, simulations: Simulations, fresh: Simulations, effort: Effort, say: Say):
        self._scenario, self._effort, self._say = scenario, effort, say
        self._section, self._task = task_of(scenario)
        self._search, self._fresh = simulations, fresh

    def run(self, seed: int) -> Study:
        """Search, appraise, ask what if."""
        found = search(self._task, self._search, self._effort, self._say)
        empty = Study(self._scenario.name, self._scenario.currency, self._section, self._task, seed, 0, found, None)
        if found.best is None:
            return replace(empty, simulated=self._simulated)
        self._say("appraising the recommended design and two alternatives")
        best, money = self._appraised(self._task, found.best)
        alternatives = tuple(self._appraised(self._task, one, self._effort.side)[0] for one in alternatives_of(found))
        self._say("asking what if")
        return replace(
            empty,
            recommended=best,
            alternatives=alternatives,
            curve=self._curve(found.best),
            sensitivity=(
                *self._by_usage(found.best),
                *self._by_stop_cost(best, money),
                *self._by_promise(found.best, money),
            ),
            tiers=tuple(self._tier(name, promise, best, money) for name, promise in self._section.tiers.items()),
            prices=prices_for(money, self._section.offer),
            provable=self._provable(money),
            simulated=self._simulated,
        )

    @property
    def _simulated(self) -> int:
        return self._search.simulated + self._fresh.simulated

    def _appraised(self, task: Task, one: Design, replications: int | None = None) -> tuple[Appraisal, Money]:
        [seen] = self._fresh.outcomes([Wanted(task, one, replications or self._effort.fresh)])
        money = money_of(self._section, task, one, seen)
        return appraisal(self._section, task, one, seen, money), money

    def _curve(self, best: Design) -> tuple[CurvePoint, ...]:
        wanted, factors = [], []
        for factor in CURVE:
            levels = [max(1, round(level * factor)) for level in best.levels]
            try:
                one = design(self._task, best.interval_ms, levels) if factor != 1 else best
            except NoLayoutError:
                continue
            wanted.append(Wanted(self._task, one, self._effort.side))
            factors.append(factor)
        points = []
        for factor, asked, seen in zip(factors, wanted, self._fresh.outcomes(wanted), strict=True):
            cost = float(monthly_costs(self._task, asked.design, seen).mean())
            points.append(CurvePoint(factor, float(seen.availability.mean()), float(seen.kept.mean()), cost))
        return tuple(points)

    def _by_usage(self, best: Design) -> tuple[Sensitivity, ...]:
        tasks = [with_usage(self._task, share) for share in USAGES]
        seen = self._fresh.outcomes([Wanted(task, best, self._effort.side) for task in tasks])
        rows = []
        for share, task, one in zip(USAGES, tasks, seen, strict=True):
            money = money_of(self._section, task, best, one)
            rows.append(self._row("usage", share, one, money))
        return tuple(rows)

    def _by_stop_cost(self, best: Appraisal, money: Money) -> tuple[Sensitivity, ...]:
        margin = float(money.margin(self._section.offer).mean())
        rows = []
        for factor in STOP_COSTS:
            before, after = money.stops_before * factor, money.stops_after * factor
            saving = float(replace(money, stops_before=before, stops_after=after).saving(self._section.offer).mean())
            rows.append(Sensitivity("stop_cost", factor, best.kept, best.availability, best.cost, margin, saving))
        return tuple(rows)

    def _by_promise(self, best: Design, money: Money) -> tuple[Sensitivity, ...]:
        """The same design under other promises: how much more it keeps than it has to."""
        [seen] = self._fresh.outcomes([Wanted(self._task, best, self._effort.fresh)])
        rows = []
        for factor in TIMES_OUT:
            target = 1 - (1 - self._task.promise.availability) * factor
            rows.append(self._row("promise", target, replace(seen, kept=seen.worst >= target - EXACT), money))
        return tuple(rows)

    def _row(self, about: str, value: float, seen: Outcomes, money: Money) -> Sensitivity:
        offer = self._section.offer
        margin, saving = float(money.margin(offer).mean()), float(money.saving(offer).mean())
        cost, availability = float(money.service.mean()), float(seen.availability.mean())
        return Sensitivity(about, value, float(seen.kept.mean()), availability, cost, margin, saving)

    def _tier(self, name: str, promise: Promise, best: Appraisal, money: Money) -> Tier:
        if promise == self._task.promise:
            return Tier(name, promise, best, prices_for(money, self._section.offer).least)
        self._say(f"sizing the tier `{name}`")
        task = Task.of(self._section, self._task.items, promise)
        found = search(task, self._search, self._effort, lambda text: None, walk=False)
        if found.best is None:
            return Tier(name, promise, None, math.nan, found.reasons, not found.settled)
        one, own = self._appraised(task, found.best)
        if one.cost > best.cost and no_stricter(promise, self._task.promise):  # what keeps more keeps this too
            one, own = self._appraised(task, best.design)
        return Tier(name, promise, one, prices_for(own, self._section.offer).least)

    def _provable(self, money: Money) -> tuple[tuple[float, Provable], ...]:
        today = stops_today(self._task)
        if not today > 0:
            return ()
        expected = 1 - float(money.stops_after.mean()) / money.stops_before if money.stops_before else HOPED_CUT
        cuts = dict.fromkeys((HOPED_CUT, *([min(expected, 0.99)] if expected > HOPED_CUT else [])))
        days = self._section.pilot / MS_PER_DAY
        share = self._task.promise.probability
        return tuple((cut, provable(today, cut, BASELINE_DAYS, days, self._task.windows, share)) for cut in cuts)


def appraisal(section: SizingSection, task: Task, one: Design, seen: Outcomes, money: Money) -> Appraisal:
    """What replications say of a design."""
    kept, trials = int(seen.kept.sum()), seen.replications
    side = 1 - (1 - task.promise.confidence) / 2
    return Appraisal(
        one, trials, kept / trials, proven_share(kept, trials, side), disproven_share(kept, trials, side),
        float(seen.availability.mean()), float(money.service.mean()), float(seen.emergencies.mean()),
        float(seen.stops.mean()), Spread.of(stock_value(task, seen)), Spread.of(money.margin(section.offer)),
        Spread.of(money.saving(section.offer)), money.break_even_cut(section.offer),
    )  # fmt: skip


def alternatives_of(found: Found, most: int = 2) -> list[Design]:
    """The cheapest other designs by the formulas, of other visit intervals first: a choice, not a shade."""
    assert found.best is not None
    others = [
        one for one in found.raced if (one.interval_ms, one.levels) != (found.best.interval_ms, found.best.levels)
    ]
    others.sort(key=lambda one: (one.interval_ms == found.best.interval_ms, one.costs.total))  # type: ignore[union-attr]
    chosen: list[Design] = []
    for one in others:
        if one.interval_ms not in {other.interval_ms for other in chosen}:
            chosen.append(one)
    rest = [one for one in others if one not in chosen]
    return [*chosen, *rest][:most]


def no_stricter(one: Promise, other: Promise) -> bool:
    """Whether whoever keeps the other promise keeps this one: it asks for no more, in the same way."""
    if one.availability > other.availability or one.probability > other.probability:
        return False
    same = {"availability": other.availability, "probability": other.probability}
    return one.model_copy(update=same) == other


def with_usage(task: Task, share: float) -> Task:
    """The task of a customer who uses this share of what the table says, as variable as before."""
    factor = Fraction(share).limit_denominator(1000)
    items = tuple(replace(item, use_per_month=item.use_per_month * factor) for item in task.items)
    return replace(task, items=items)
