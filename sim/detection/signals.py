"""From what the platform has been told to the columns that a rule sees; what has to be remembered is a table."""

from typing import Final

import numpy as np

from policies.detection.rule import EXPIRED, BookedLots, Float64Array, Signals
from sim.detection.plan import PlannedRule
from sim.detection.sight import Told
from sim.network import Int64Array

K_REPORTED: Final = 0  # counters at the evaluation before
K_COUNTED: Final = 1
K_RAN_MS: Final = 2  # running time of the plant's lines, added up
K_SILENT_MS: Final = 3
K_IDLE_MS: Final = 4
K_IDLE_USE: Final = 5
K_READ: Final = 6  # last reading
KNOWN_COLUMNS: Final = 7


class Knowledge:
    """What the platform remembers for one rule from one evaluation to the next.

    Args:
        planned: the rule and its stock points.
        sensor: SENSOR_* code of each of them, (n,). plant: its row in the plan, NONE without any, (n,).
        plant_of_line: plant of each line, (L,). expected_per_day: planned mean use of all stock points, (P,).
    """

    def __init__(
        self,
        planned: PlannedRule,
        sensor: Int64Array,
        plant: Int64Array,
        plant_of_line: Int64Array,
        expected_per_day: Float64Array,
    ) -> None:
        self.planned = planned
        self.table: Int64Array = np.zeros((planned.points.size, KNOWN_COLUMNS), np.int64, order="F")
        self._sensor = sensor
        self._plant = plant
        self._plant_of_line = plant_of_line
        self._plants = int(max(plant.max(initial=-1), plant_of_line.max(initial=-1))) + 1
        self._has_lines = np.isin(plant, plant_of_line)
        self._expected = expected_per_day[planned.points]
        self._place = np.full(expected_per_day.size, -1, np.int64)
        self._place[planned.points] = np.arange(planned.points.size)
        self._wants_lots = planned.rule.truth == EXPIRED

    def begin(self, told: Told, time: int) -> None:
        """Start from what has been told up to now."""
        points = self.planned.points
        self.table[:, K_REPORTED] = told.reported_use()[points]
        self.table[:, K_COUNTED] = told.counted()[points]
        self.table[:, K_READ] = told.last_reading()[points]
        self.table[:, K_RAN_MS] = self._ran_ms(told, time)

    def signals(self, told: Told, time: int, period_ms: int) -> Signals:
        """What the rule sees now, `period_ms` after the evaluation before; moves the memory on."""
        points, table = self.planned.points, self.table
        use = self._since(K_REPORTED, told.reported_use()[points])
        counted = self._since(K_COUNTED, told.counted()[points])
        idle = (self._since(K_RAN_MS, self._ran_ms(told, time)) == 0) & self._has_lines
        same = self._since(K_READ, told.last_reading()[points]) == 0
        silent_ms = table[:, K_SILENT_MS] = (table[:, K_SILENT_MS] + period_ms) * same
        idle_ms = table[:, K_IDLE_MS] = (table[:, K_IDLE_MS] + period_ms) * idle
        idle_use = table[:, K_IDLE_USE] = (table[:, K_IDLE_USE] + use) * idle
        recorded = told.recorded()[points]
        return Signals(
            time_ms=time,
            period_ms=period_ms,
            recorded=recorded,
            reported_use=use,
            silent_ms=silent_ms,
            counted=counted,
            expected_per_day=self._expected,
            idle_ms=idle_ms,
            idle_use=idle_use,
            sensor=self._sensor,
            amount=self.planned.amount,
            lots=self._lots(told, recorded) if self._wants_lots else BookedLots.none(),
        )

    def _since(self, column: int, now: Int64Array) -> Int64Array:
        change = now - self.table[:, column]
        self.table[:, column] = now
        return change

    def _ran_ms(self, told: Told, time: int) -> Int64Array:
        """Running time of all lines of each stock point's plant together, (n,)."""
        by_plant = np.zeros(self._plants + 1, np.int64)  # the last is nobody's
        np.add.at(by_plant, self._plant_of_line, told.running_ms(time))
        return by_plant[self._plant]

    def _lots(self, told: Told, recorded: Int64Array) -> BookedLots:
        """Lots of the watched stock points as they are booked.

        The record knows how much there is, not of which lot; what it has too much or too little is put down to what was
        given out first.
        """
        point, lot, expires, quantity = told.layers()
        place = self._place[point]
        mine = np.flatnonzero(place >= 0)
        place, lot, expires, quantity = place[mine], lot[mine], expires[mine], quantity[mine]
        if place.size == 0:
            return BookedLots.none()
        first = np.concatenate(([True], place[1:] != place[:-1]))
        starts = np.flatnonzero(first)
        there = np.add.reduceat(quantity, starts)
        number = np.cumsum(first) - 1  # of the stock point among those with lots
        total = np.cumsum(quantity)
        up_to = total - (total - quantity)[starts][number]
        left = np.maximum(recorded[place] - (there[number] - up_to), 0)  # less what is given out after it
        return BookedLots(place, lot, expires, np.where(first, left, np.minimum(quantity, left)))
