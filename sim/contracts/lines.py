"""How long lines ran and what their stops cost, period by period, out of the stops of a replication."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from sim.contracts.periods import Periods
from sim.network import Int64Array
from sim.record.network_names import line_names
from sim.record.plant_stops import WorkingTime, covered_until
from sim.record.records import Records

HOUR_MS: Final = 3_600_000


class RunningTimes(Mapping[str, Int64Array]):
    """Running time of lines by name in each of the periods, worked out when it is asked for: few terms do."""

    def __init__(self, lines: "LineTimes", rows: Sequence[int], periods: Periods) -> None:
        self._lines, self._periods = lines, periods
        self._row_of_name = {lines.names[row]: row for row in rows}

    def __getitem__(self, name: str) -> Int64Array:
        return self._lines.running_ms(self._row_of_name[name], self._periods)

    def __iter__(self) -> Iterator[str]:
        return iter(self._row_of_name)

    def __len__(self) -> int:
        return len(self._row_of_name)


class LineTimes:
    """Working time and stops of all lines. Of stops that overlap, each costs what those before it leave uncovered."""

    def __init__(self, records: Records) -> None:
        plan = records.network.plant_plan
        self.names = line_names(records.network)
        self._known_costs: dict[tuple[int, ...], Int64Array] = {}
        if plan is None or records.plant_sums is None:
            self._line = self._start = self._begin = self._end = np.zeros(0, np.int64)
            self._clock = None
            return
        stops = records.plant_sums.stops.stops()
        self._clock = WorkingTime(plan)
        self._line, self._start, self._end = stops.line, stops.start_ms, stops.end_ms
        self._begin = np.maximum(stops.start_ms, covered_until(stops.line, stops.end_ms))
        lines = [line for plant in plan.plants for line in plant.lines]
        self._cost_per_hour = np.array([line.stop_cost_per_hour for line in lines], np.int64)

    def rows(self, names: Iterable[str]) -> list[int]:
        """The numbers of lines by their names `plant/line`."""
        return [self.names.index(name) for name in names]

    def stops(self, lines: list[int], from_ms: int, to_ms: int) -> int:
        """How many stops of machines of these lines begin within [from, to)."""
        return int((np.isin(self._line, lines) & (self._start >= from_ms) & (self._start < to_ms)).sum())

    def running_ms(self, line: int, periods: Periods) -> Int64Array:
        """(n,) working time of a line in each period less what it lost in stops."""
        if self._clock is None:
            return np.zeros(len(periods), np.int64)
        edges = periods.edges_ms
        same = np.full(len(periods), line, np.int64)
        running: Int64Array = self._clock.between(same, edges[:-1], edges[1:]).astype(np.int64)
        rows = np.flatnonzero(self._line == line)
        for period in range(len(periods)):
            running[period] -= self._lost_ms(rows, int(edges[period]), int(edges[period + 1])).sum()
        return running

    def stop_cost_minor(self, lines: list[int], periods: Periods) -> Int64Array:
        """(n,) cost of the stops of lines in each period: working time lost x the line's cost per hour, halves up."""
        key = (*lines, -1, *periods.edges_ms.tolist())  # most terms ask for the same
        if key not in self._known_costs:
            self._known_costs[key] = self._stop_cost_minor(lines, periods)
        return self._known_costs[key]

    def _stop_cost_minor(self, lines: list[int], periods: Periods) -> Int64Array:
        edges, rows = periods.edges_ms, np.flatnonzero(np.isin(self._line, lines))
        cost = np.zeros(len(periods), np.int64)
        for period in range(len(periods) if len(rows) else 0):
            lost = self._lost_ms(rows, int(edges[period]), int(edges[period + 1]))
            money = int((lost * self._cost_per_hour[self._line[rows]]).sum())
            cost[period] = (2 * money + HOUR_MS) // (2 * HOUR_MS)
        return cost

    def _lost_ms(self, rows: Int64Array, from_ms: int, to_ms: int) -> Int64Array:
        """Working time within [from, to) that each of the stops cost its line."""
        if not len(rows) or self._clock is None:
            return np.zeros(0, np.int64)
        begin, end = np.maximum(self._begin[rows], from_ms), np.minimum(self._end[rows], to_ms)
        return np.where(end > begin, self._clock.between(self._line[rows], begin, np.maximum(begin, end)), 0)
