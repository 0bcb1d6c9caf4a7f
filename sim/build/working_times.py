"""When plants work: calendars of lines as arrays, shared by plants that work alike."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sim.network import Int64Array
from sim.scenario.calendars import Closure
from sim.scenario.nodes import Plant
from sim.scenario.scenario import Scenario
from sim.scenario.shifts import PlantShift, shift_intervals, working_intervals
from sim.units import MS_PER_DAY


@dataclass(frozen=True)
class WorkingTime:
    """When a plant works between the start and the horizon."""

    calendar: int  # row in `PlantPlan.calendars`, -1: round the clock
    shift_starts_ms: Int64Array  # without shifts every midnight, so that limits per person and shift are per day
    per_day_ms: float  # mean working time per day of the horizon


@dataclass(frozen=True)
class WorkingTimes:
    """The calendars of all plants, equal ones once, and what each plant has of them by the name of its node."""

    calendars: tuple[Int64Array, ...]  # (n, 2) working intervals [from, to) since the start, disjoint, ascending
    of_plant: dict[str, WorkingTime]


def working_times(scenario: Scenario) -> WorkingTimes:
    """When each plant of a scenario works."""
    calendars: dict[bytes, int] = {}
    arrays: list[Int64Array] = []
    known: dict[tuple[tuple[PlantShift, ...], tuple[Closure, ...]], WorkingTime] = {}
    of_plant: dict[str, WorkingTime] = {}
    for name, plant in scenario.nodes.items():
        if not isinstance(plant, Plant):
            continue
        key = (plant.shifts, plant.closed)
        if key not in known:
            known[key] = _working_time(scenario, plant, calendars, arrays)
        of_plant[name] = known[key]
    return WorkingTimes(tuple(arrays), of_plant)


def _working_time(
    scenario: Scenario, plant: Plant, calendars: dict[bytes, int], arrays: list[Int64Array]
) -> WorkingTime:
    start, horizon = scenario.start, scenario.horizon
    if plant.shifts:
        starts = [begin for begin, _ in shift_intervals(plant.shifts, plant.closed, start, horizon)]
    else:
        starts = _midnights(scenario)
    if not plant.shifts and not plant.closed:
        return WorkingTime(-1, np.array(starts, dtype=np.int64), float(MS_PER_DAY))
    intervals = _table(working_intervals(plant.shifts, plant.closed, start, horizon))
    row = calendars.setdefault(intervals.tobytes(), len(arrays))
    if row == len(arrays):
        arrays.append(intervals)
    worked = float((intervals[:, 1] - intervals[:, 0]).sum())
    return WorkingTime(row, np.array(starts, dtype=np.int64), worked / horizon * MS_PER_DAY)


def _table(intervals: Iterable[tuple[int, int]]) -> Int64Array:
    return np.array(list(intervals), dtype=np.int64).reshape(-1, 2)


def _midnights(scenario: Scenario) -> list[int]:
    return list(range(-scenario.start_epoch_ms % MS_PER_DAY, scenario.horizon, MS_PER_DAY))
