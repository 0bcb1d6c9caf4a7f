"""The plants of a run: their arrays, what brings them into the total order, and what they hand over at the end."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.calendar import on_calendar
from sim.columns import PHASE_RECEIPT, PHASE_RETURN
from sim.flow.advance import MARGIN
from sim.flow.lots import DAY_MS
from sim.flow.model import NONE, grown, linked_rows
from sim.flow.sweeps import begin_instant
from sim.network import Int64Array
from sim.plant import model as q
from sim.plant import step
from sim.plant.detection import detection_of
from sim.plant.opening import new_plants
from sim.plant.remaining_life import MachineLives
from sim.plant_plan import PlantPlan
from sim.record.records import PlantSums

if TYPE_CHECKING:
    from sim.engine import Twin

COUNTING = 1 << 20
"""Process events of plants come after all others of their node in phase 1."""
MIDNIGHT = COUNTING + 1
DETECTION = COUNTING + 2


class Plants:
    """Plants and devices of one replication; all their state is in `model`."""

    def __init__(self, twin: "Twin", plan: PlantPlan) -> None:
        self.twin = twin
        self.plan = plan
        self.model = new_plants(twin.network, plan, twin.seed, twin.replication)
        self._counting = plan.counting_routes
        self._opening_difference = self.model.difference.copy()
        self._opening_on_loan = self.model.point[:, q.Q_ON_LOAN].copy()
        self._measured = np.zeros((len(self.model.line), 2), np.int64)
        self.detection = detection_of(self, plan.rules)
        self.lives = MachineLives(self)

    # --- setting up ---------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """At time 0: machines are new, leaks are drawn."""
        model = self.model
        needed = len(model.line) + len(self.plan.devices) + 2 * step.ROWS_PER_STEP
        model.replace(heap=grown(model.heap, needed))
        step.begin(self._flow, model.address)
        self.detection.begin(0)

    def go_on(self, time: int) -> None:
        """From a saved state: the books of plants begin with what is true now."""
        self._opening_difference = self.model.difference.copy()
        self._opening_on_loan = self.model.point[:, q.Q_ON_LOAN].copy()
        self._measured = self.line_times(time)

    def attach(self, time: int) -> None:
        """Let everything that comes by a calendar begin at or after `time`."""
        twin = self.twin
        for count in self.plan.counts:
            place = (PHASE_RETURN, count.node, COUNTING)
            on_calendar(twin, count.instants_ms, place, partial(self.count_node, count.node, PHASE_RETURN), time)
        if any(device.blocks_expired for device in self.plan.devices):
            midnights = np.arange(DAY_MS, twin.network.horizon_ms, DAY_MS)
            on_calendar(twin, midnights, (PHASE_RETURN, 0, MIDNIGHT), self._midnight, time)
        on_calendar(twin, self.detection.instants_ms(), (PHASE_RETURN, 0, DETECTION), self.detection.evaluate, time)

    @property
    def _flow(self) -> int:
        return self.twin.flow.model.address

    # --- the clock ----------------------------------------------------------------------------------------------------

    @property
    def next_ms(self) -> int:
        """When the first planned event happens; NEVER: nothing is planned."""
        return int(self.model.timer[q.T_NEXT_MS])

    def advance(self, time: int, phase: int, node: int) -> int:
        """Let flow and plants go on up to a key; returns why they stopped, as `sim.flow.advance.advance` does."""
        return int(step.advance_with_plants(self._flow, self.model.address, time, phase, node))

    # --- processes ----------------------------------------------------------------------------------------------------

    def counts_on(self, route: int) -> bool:
        """Whether the drivers of a route count before they unload."""
        return route in self._counting

    def count_node(self, node: int, phase: int, time: int) -> None:
        """Count every device of a node."""
        first, last = self.twin.network.node_first_stock_point[node : node + 2].tolist()
        begin_instant(self._flow, time)
        self._in_steps(lambda place: step.count_points(self._flow, self.model.address, place, last, phase, time), first)

    def count_on_arrival(self, node: int, time: int) -> None:
        """A driver counts before he unloads."""
        self.count_node(node, PHASE_RECEIPT, time)

    def _midnight(self, time: int) -> None:
        begin_instant(self._flow, time)
        self._in_steps(lambda place: step.midnight(self._flow, self.model.address, place, time), 0)

    def end_leak(self, point: int, at: int) -> None:
        """Let somebody see to a leak at an instant to come, if there is one then."""
        while not step.end_leak(self._flow, self.model.address, point, at):
            self.twin.flow.make_room(MARGIN)

    def _in_steps(self, sweep: Any, place: int) -> None:
        while place != NONE:
            place = int(sweep(place))
            if place != NONE:
                self.twin.flow.make_room(MARGIN)

    # --- room ---------------------------------------------------------------------------------------------------------

    @property
    def rows_wanted(self) -> int:
        """Free rows that what stopped for room needs."""
        return max(int(self.model.timer[q.T_ROWS_WANTED]), step.ROWS_PER_STEP)

    def make_room(self, rows: int = step.ROWS_PER_STEP) -> None:
        """Empty the output and enlarge the tables so that one more event, or so many rows, surely fit."""
        self.flush()
        model, timer = self.model, self.model.timer
        changes: dict[str, Any] = {}
        for name, left, free, following in (
            ("message", q.T_MESSAGES_LEFT, q.T_MESSAGE_FREE, q.M_NEXT),
            ("back", q.T_BACKS_LEFT, q.T_BACK_FREE, q.B_NEXT),
        ):
            if timer[left] < rows:
                table = getattr(model, name)
                more = max(len(table), rows)
                larger = grown(table, more)
                linked_rows(larger, len(table), following)
                larger[-1, following] = timer[free]
                timer[free] = len(table)
                timer[left] += more
                changes[name] = larger
        if len(model.heap) - timer[q.T_HEAP] < rows:
            changes["heap"] = grown(model.heap, max(len(model.heap), rows))
        if len(model.stop_out) < rows:
            changes["stop_out"] = grown(model.stop_out, rows)
        model.replace(**changes)

    def flush(self) -> None:
        """Hand the stops that are over to the recorder."""
        rows = int(self.model.timer[q.T_STOP_ROWS])
        if rows:
            table = self.twin.recorder.plant_tables["stops"]
            table.extend(*self.model.stop_out[:rows, : len(table.layout.columns)].T)
            self.model.timer[q.T_STOP_ROWS] = 0

    # --- measuring ----------------------------------------------------------------------------------------------------

    def begin_measurement(self, time: int) -> None:
        """The warm-up is over: count anew."""
        step.settle_gaps(self._flow, self.model.address, time)
        self.model.gap[:] = 0.0
        self.model.count[:] = 0
        self._measured = self.line_times(time)

    def line_times(self, time: int) -> Int64Array:
        """(L, 2): working time of each line up to now, and how much of it was lost in stops, ms."""
        times = np.zeros((len(self.model.line), 2), np.int64)
        step.line_times(self.model.address, time, times)
        return times

    def close(self, time: int) -> PlantSums:
        """Settle everything to the horizon, write down what is not over, and hand over the sums."""
        step.settle_gaps(self._flow, self.model.address, time)
        self.flush()
        self.detection.close()
        place = 0
        while place != NONE:
            place = int(step.write_standing(self.model.address, place, time))
            self.flush()
        return PlantSums(
            count=self.model.count,
            gap=self.model.gap,
            difference=self.model.difference,
            opening_difference=self._opening_difference,
            on_loan=self.model.point[:, q.Q_ON_LOAN].copy(),
            opening_on_loan=self._opening_on_loan,
            lines=self.line_times(time) - self._measured,
        )
