"""The stops of machines: whose line lost how much working time, worked out anew from the rows.

A line stands while any of its machines does. The working time it loses is put down to the machine that has stood
longest, so of stops in the order of (start, machine) each takes what the ones before it leave uncovered.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.network import Int64Array, Network
from sim.plant_plan import PlantPlan


@dataclass(frozen=True)
class Stops:
    """The stops of a replication, by line, start and machine. S rows."""

    line: Int64Array
    machine: Int64Array
    cause: Int64Array
    item: Int64Array
    start_ms: Int64Array
    end_ms: Int64Array  # of those that are not over: the horizon
    recorded_ms: Int64Array  # working time put down to it, as recorded
    by_record: Int64Array
    lost_ms: Int64Array  # the same as it follows from the stops, since the start of the record
    measured_ms: Int64Array  # of that, within [warm_up, horizon)
    measured: Int64Array  # 1: it began within [warm_up, horizon)


class StopRows:
    """Collects the stops table; stops are few enough to be kept."""

    def __init__(self, network: Network, start_ms: int) -> None:
        assert network.plant_plan is not None
        self._network = network
        self._start_ms = start_ms
        self._chunks: list[tuple[Int64Array, ...]] = []

    def add(self, columns: tuple[Any, ...]) -> None:
        """Add a chunk of the stops table (`columns`, in the order of its layout)."""
        self._chunks.append(tuple(column.astype(np.int64) for column in columns))

    def stops(self) -> Stops:
        """All stops, with the working time that each cost its line."""
        plan, horizon_ms = self._network.plant_plan, self._network.horizon_ms
        assert plan is not None
        chunks = self._chunks or [tuple(np.zeros(0, np.int64) for _ in range(7))]
        machine, cause, item, start, end, recorded, by_record = map(np.concatenate, zip(*chunks, strict=True))
        line = line_of_machines(plan)[machine]
        end = np.where(end < 0, horizon_ms, end)
        order = np.lexsort((machine, start, line))
        machine, cause, item, start, end, recorded, by_record, line = (
            one[order] for one in (machine, cause, item, start, end, recorded, by_record, line)
        )
        clock = WorkingTime(plan)
        begin = np.maximum(start, covered_until(line, end))

        def lost_since(from_ms: int) -> Int64Array:
            since = np.minimum(np.maximum(begin, from_ms), end)
            return np.where(end > since, clock.between(line, since, np.maximum(end, since)), 0)

        warm_up_ms = self._network.warm_up_ms
        measured = ((start >= warm_up_ms) & (start < horizon_ms)).astype(np.int64)
        lost, lost_measured = lost_since(self._start_ms), lost_since(warm_up_ms)
        return Stops(line, machine, cause, item, start, end, recorded, by_record, lost, lost_measured, measured)


def covered_until(line: Int64Array, end: Int64Array) -> Int64Array:
    """Of rows in the order of lines: the latest end of the rows of the same line before it; 0 for the first."""
    if not len(line):
        return np.zeros(0, np.int64)
    span = int(end.max()) + 1
    latest = np.maximum.accumulate(line * span + end) - line * span
    before = np.concatenate((np.zeros(1, np.int64), latest[:-1]))
    before[np.flatnonzero(np.diff(line)) + 1] = 0
    return before


class WorkingTime:
    """Working time of lines by their plant's calendar."""

    def __init__(self, plan: PlantPlan) -> None:
        rows = [plant.working for plant in plan.plants for _ in plant.lines]
        self.calendar_of_line = np.array(rows, np.int64)
        self._calendars = plan.calendars
        self._before = [_working_before(one) for one in plan.calendars]

    def between(self, line: Int64Array, from_ms: Int64Array, to_ms: Int64Array) -> Int64Array:
        """Milliseconds of working time of each line in [from, to)."""
        calendar = self.calendar_of_line[line]
        worked = np.where(calendar < 0, to_ms - from_ms, 0)
        for number in np.unique(calendar[calendar >= 0]).tolist():
            rows = calendar == number
            worked[rows] = self._until(number, to_ms[rows]) - self._until(number, from_ms[rows])
        return worked

    def _until(self, calendar: int, time_ms: Int64Array) -> Int64Array:
        """Working time of a calendar from the start up to each instant."""
        intervals, before = self._calendars[calendar], self._before[calendar]
        if not len(intervals):
            return np.zeros(len(time_ms), np.int64)
        place = np.maximum(np.searchsorted(intervals[:, 0], time_ms, side="right") - 1, 0)
        inside = np.clip(time_ms, intervals[place, 0], intervals[place, 1]) - intervals[place, 0]
        worked: Int64Array = before[place] + inside
        return worked


def _working_before(intervals: Int64Array) -> Int64Array:
    """Working time in all intervals before each."""
    lengths = intervals[:, 1] - intervals[:, 0]
    sums: Int64Array = np.cumsum(lengths) - lengths
    return sums


def line_of_machines(plan: PlantPlan) -> Int64Array:
    """The line of each machine, both numbered over all plants."""
    machines = [len(line.machines) for plant in plan.plants for line in plant.lines]
    return np.repeat(np.arange(len(machines)), machines)
