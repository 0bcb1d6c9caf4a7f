"""Machines that fail, wait for crews and parts, and stop their lines."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from sim import columns as c
from sim.network import Network
from sim.plant_plan import MISSING_RUN_ON, MISSING_STOP, USE_EVERY, USE_WEAR, Line, Machine, Plant, Use
from sim.verify.copies import Group, one_store
from sim.verify.formulas.machines import ConsumableLine, OverduePart, Repairman, line_availability
from sim.verify.plants import (
    DAY_MS,
    PlantCopies,
    constant_days,
    exponential_days,
    gamma_days,
    one_plant,
    points_of,
    with_plants,
)
from sim.verify.registry import Check, Effort, case
from sim.verify.samples import ratio_estimate
from sim.verify.sources import BARLOW_PROSCHAN, FELLER, HADLEY_WHITIN, SMITH, TAYLOR_JACKSON

NOTHING: Final = Group("nothing", {}, {"store": {"kind": "base_stock", "level": 0}})
"""A stock point that nobody asks, for networks in which no item matters."""


@case("machine repairman", FELLER)
def repairman(effort: Effort) -> Iterator[Check]:
    """Four machines and one or two crews: machines that run, failures, and standing time with the wait for a crew."""
    for crews in (1, 2):
        exact = Repairman(machines=4, spares=0, crews=crews, life_days=5.0, repair_days=1.0)
        copies = effort.copies(240)
        machine = Machine("machine", failures_per_ms=1 / (exact.life_days * DAY_MS), repair=exponential_days(1.0))
        lines = tuple(Line(f"line-{number}", (machine,)) for number in range(exact.machines))
        design = one_store([NOTHING], 1, "1 d", days=320, warm_up_days=30)
        plants = [Plant(-1, lines, crews=crews) for _ in range(copies)]
        found = PlantCopies(effort.simulate(with_plants(design.network(), plants)), copies)
        what = f"{crews} crew{'s' if crews > 1 else ''}"
        stops = found.stops(c.STOP_OTHER)
        yield Check(f"machines running, {what}", exact.running, found.running)
        yield Check(f"failures per day, {what}", exact.failures_per_day, found.per_day(stops))
        standing = ratio_estimate(found.line_times[1] / DAY_MS, stops)
        yield Check(f"days from failure to repair, {what}", exact.down_days, standing)


@case("machines and spare parts", TAYLOR_JACKSON)
def spare_parts(effort: Effort) -> Iterator[Check]:
    """Five machines that need a part each, two parts in stock, ordered one for one: for any lead time."""
    exact = Repairman(machines=5, spares=2, crews=0, life_days=20.0, repair_days=8.0)
    lead_times: dict[str, object] = {"constant": "8 d", "exponential": {"exponential": {"mean": "8 d"}}}
    for law, lead_time in lead_times.items():
        group = Group(f"part-{law}", {}, {"store": {"kind": "base_stock", "level": exact.spares}})
        design = one_store([group], effort.copies(240), lead_time, days=1500)
        network = design.network()
        points = points_of(network, design, group.name)
        lines = [
            Line(f"line-{point}-{number}", (Machine("machine", (_wear(network, point, exact.life_days),)),))
            for point in points
            for number in range(exact.machines)
        ]
        records = effort.simulate(one_plant(network, lines, points))
        found, store = PlantCopies(records, design.copies), design.copies_of(records, group.name, "store")
        used = found.per_day(store.total(c.T_DEMAND_UNITS))
        yield Check(f"machines running, {law} lead time", exact.running, found.running)
        yield Check(f"parts used per day, {law} lead time", exact.failures_per_day, used)
        yield Check(f"replaced at once, {law} lead time", exact.replaced_at_once, store.fill_rate)
        yield Check(f"parts in stock, {law} lead time", exact.on_shelf, store.on_hand)


@case("line of machines", BARLOW_PROSCHAN)
def line_of_machines(effort: Effort) -> Iterator[Check]:
    """A line stands with any of its machines, which then do not age: availability, and the share due to an item."""
    rates, repairs = (1 / 6, 1 / 12, 1 / 15), (0.5, 1.0, 2.0)
    group = Group("worn", {}, {"store": {"kind": "base_stock", "level": 0}})
    design = one_store([group], effort.copies(240), f"{repairs[2]:g} d", days=600, warm_up_days=50)
    network = design.network()
    points = points_of(network, design, group.name)
    often = Machine("often", (), rates[0] / DAY_MS, gamma_days(repairs[0], 3.0))
    seldom = Machine("seldom", (), rates[1] / DAY_MS, constant_days(repairs[1]))
    lines = [
        Line(f"line-{point}", (often, seldom, Machine("wearing", (_wear(network, point, 1 / rates[2], shape=2.0),))))
        for point in points
    ]
    records = effort.simulate(one_plant(network, lines, points))
    found = PlantCopies(records, design.copies)
    exact = line_availability(rates, repairs)
    yield Check("share of the time that the line runs", exact, found.availability)
    by_item = ratio_estimate(found.stops(c.STOP_MISSING, "lost_ms"), found.stops(weight="lost_ms"))
    shares = [rate * repair for rate, repair in zip(rates, repairs, strict=True)]
    yield Check("share of the standing time for want of the item", shares[2] / sum(shares), by_item)


@case("overdue parts", SMITH)
def overdue_parts(effort: Effort) -> Iterator[Check]:
    """A machine that runs on without its part fails more often; the failures that are due to that are told apart."""
    exact = OverduePart(life_days=6.0, overdue_days=2.0, failures_per_day=0.2, factor=4.0)
    group = Group("overdue", {}, {"store": {"kind": "base_stock", "level": 0}})
    design = one_store([group], effort.copies(240), f"{exact.overdue_days:g} d", days=700, warm_up_days=50)
    network = design.network()
    points = points_of(network, design, group.name)
    lines = [Line(f"line-{point}", (_running_on(network, point, exact),)) for point in points]
    found = PlantCopies(effort.simulate(one_plant(network, lines, points)), design.copies)
    late, other = (found.per_day(found.stops(cause)) for cause in (c.STOP_LATE, c.STOP_OTHER))
    yield Check("failures per day that are due to it", exact.late_failures_per_day, late)
    yield Check("other failures per day", exact.failures_per_day, other)


LINES: Final = {
    "4 a day, R = 10, Q = 40, 3 d": ConsumableLine(1 / 4, 10, 40, 3.0),
    "40 in 30 d, R = 10, Q = 20, 5 d": ConsumableLine(30 / 40, 10, 20, 5.0),
    "4 a day, even, R = 4, Q = 12, 1.3 d": ConsumableLine(1 / 4, 4, 12, 1.3, shape=4.0),
    "stops when it is wanted, R = 5, Q = 12, 2 d": ConsumableLine(1 / 4, 5, 12, 2.0, at_empty=False),
}
CYCLES: Final = 22
"""Of each copy; too few to count stops where they are rare."""


@case("line and its consumable", HADLEY_WHITIN)
def consumable_line(effort: Effort) -> Iterator[Check]:
    """A line that stands while its (R, nQ) consumable is out: a renewal cycle, Q uses and the rest of the lead time."""
    for number, (what, exact) in enumerate(LINES.items()):
        policy = {"kind": "r_nQ", "reorder_point": exact.reorder_point, "lot": exact.lot}
        group = Group(f"consumable-{number}", {}, {"store": policy})
        copies = effort.copies(240)
        days = round(CYCLES * exact.cycle_days)
        design = one_store([group], copies, f"{exact.lead_days:g} d", days, round(3 * exact.cycle_days))
        network = design.network()
        points = points_of(network, design, group.name)
        lines = [Line(f"line-{point}", (Machine("machine", (_every(network, point, exact),)),)) for point in points]
        found = PlantCopies(effort.simulate(one_plant(network, lines, points)), copies)
        yield Check(f"share of the time that it runs, {what}", exact.availability, found.availability)
        if exact.stop_chance > 0.5:
            stops = found.per_day(365 * found.stops(c.STOP_MISSING))
            yield Check(f"stops per year, {what}", exact.stops_per_year, stops)


def _wear(network: Network, point: np.int64, mean_days: float, shape: float = 1.0) -> Use:
    """A part of Weibull life from this stock point, without which the machine stands."""
    scale_ms = mean_days * DAY_MS / math.gamma(1 + 1 / shape)
    return Use(_item(network, point), USE_WEAR, 1, (int(point),), MISSING_STOP, shape=shape, scale_ms=scale_ms)


def _running_on(network: Network, point: np.int64, part: OverduePart) -> Machine:
    """A machine that goes on without the part from this stock point; repairs take no time."""
    use = replace(_wear(network, point, part.life_days, 2.0), missing=MISSING_RUN_ON, failure_factor=part.factor)
    return Machine("machine", (use,), part.failures_per_day / DAY_MS, constant_days(0.0))


def _every(network: Network, point: np.int64, line: ConsumableLine) -> Use:
    """A unit from this stock point now and then."""
    interval = gamma_days(line.interval_days, line.shape)
    item = _item(network, point)
    return Use(item, USE_EVERY, 1, (int(point),), MISSING_STOP, at_empty=line.at_empty, interval=interval)


def _item(network: Network, point: np.int64) -> int:
    return int(network.parameter[point, c.P_ITEM])
