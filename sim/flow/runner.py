"""The Python side of the compiled flow: draws the next window of demand, makes room, hands over what was recorded."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sim.columns import S_LAYER_HEAD
from sim.demand.drawer import DemandDrawer, DemandWindow
from sim.flow.advance import LAYERS_PER_ROW, MARGIN, NEEDS_ROOM, NEEDS_WINDOW, REPORTS_PER_ROW, advance
from sim.flow.books import begin_days, settle, settle_group
from sim.flow.dock import load, unload
from sim.flow.lots import settle_age
from sim.flow.model import (
    C_ASKED,
    C_EVENT_ROWS,
    C_EVENTS,
    C_LAYER_FREE,
    C_LAYERS_LEFT,
    C_LOTS,
    C_ORDER_ROWS,
    C_PARCEL_FREE,
    C_PARCELS_LEFT,
    C_REPORT_ROWS,
    C_REQUEST_FREE,
    C_REQUESTS_LEFT,
    C_SHIPMENT_ROWS,
    C_STEPS_LEFT,
    C_TRANSFER_ROWS,
    C_USAGE_ROWS,
    C_WAKE,
    C_WINDOW,
    C_WINDOW_END_MS,
    C_WINDOW_LINES,
    D_LINES,
    D_WAKE,
    K_NEXT,
    K_POINT,
    K_QUANTITY,
    NEVER,
    NONE,
    OUT_COLUMNS,
    R_NEXT,
    Y_ENTERED_MS,
    Y_LOT,
    Y_NEXT,
    Y_QUANTITY,
    FlowModel,
    grown,
    linked_rows,
    model_at,
)
from sim.flow.pooling import MOST_GIVERS
from sim.flow.receipt import write_shipment
from sim.flow.sweeps import begin_instant, order_needs, rebalance, review_families, review_points
from sim.jit import compiled, int64
from sim.jit_tables import aligned_zeros
from sim.network import Int64Array
from sim.record.records import ColumnBuffer, Recorder

if TYPE_CHECKING:
    from sim.plant.plants import Plants


_CHUNKS: Final = {
    "order_out": 1,
    "shipment_out": 1,
    "transfer_out": 1,
    "event_out": 1,
    "note": 1,
    "usage_out": LAYERS_PER_ROW,
    "report_out": REPORTS_PER_ROW,
}
"""Output chunks, and how many rows of each go with a row of the others."""


class Flow:
    """One replication's compiled state and what serves it. Only `advance_to_key`, `load` and `unload` move stock."""

    def __init__(self, model: FlowModel, drawer: DemandDrawer, recorder: Recorder, horizon_ms: int) -> None:
        self.model = model
        self.recorder = recorder
        self.drawer = drawer
        self.plants: Plants | None = None
        self._horizon_ms = horizon_ms

    def advance_to_key(self, time: int, phase: int, node: int) -> bool:
        """Let everything up to (time, phase, node) happen; False: stopped before, where a process is wanted."""
        while True:
            if self.plants is None:
                status = _advance_at(self.model.address, time, phase, node)
            else:
                status = self.plants.advance(time, phase, node)
            if status == NEEDS_WINDOW:
                self._draw_window()
            elif status == NEEDS_ROOM:
                self.make_room(MARGIN if self.plants is None else max(MARGIN, self.plants.rows_wanted))
            else:
                return not (self.model.clock[C_WAKE] or self.model.clock[C_ASKED])

    def points_to_decide(self) -> list[int]:
        """Stock points that a policy in Python is to be asked about; the list begins anew."""
        clock = self.model.clock
        points: list[int] = self.model.asked[: clock[C_ASKED]].tolist()
        clock[C_ASKED] = 0
        return points

    def docks_to_look_at(self) -> list[int]:
        """Routes whose docks have changed in a way that may make a vehicle leave."""
        if not self.model.clock[C_WAKE]:
            return []
        wake = self.model.dock[:, D_WAKE]
        routes: list[int] = np.flatnonzero(wake).tolist()
        wake[:] = 0
        self.model.clock[C_WAKE] = 0
        return routes

    def _draw_window(self) -> None:
        """Replace the used-up window of demand lines by the next one."""
        start = int(self.model.clock[C_WINDOW_END_MS])
        if start >= self._horizon_ms:
            self.model.clock[C_WINDOW_END_MS] = NEVER
            return
        self.set_window(self.drawer.draw(self.drawer.plan.next_window_end(start)))

    def set_window(self, window: DemandWindow) -> None:
        """Demand lines still to come, in order, up to the window's end."""
        job_lines = np.zeros((len(window.job_lines), 2), np.int64)
        job_lines[:, 0] = window.job_lines
        self.model.replace(
            line_ms=window.time_ms,
            line_point=window.stock_point,
            line_quantity=window.quantity,
            line_flags=window.flags,
            line_job=window.job,
            job_lines=job_lines,
        )
        self.model.clock[C_WINDOW] = 0
        self.model.clock[C_WINDOW_LINES] = len(window)
        self.model.clock[C_WINDOW_END_MS] = window.to_ms

    # --- sweeps over many stock points --------------------------------------------------------------------------------

    def review_node(self, first: int, last: int, time: int) -> None:
        """The periodic review of a node, whose stock points are rows first .. last - 1."""
        begin_instant(self.model.address, time)
        self._in_steps(lambda place: review_points(self.model.address, place, last, time), first)
        self._in_steps(lambda family: review_families(self.model.address, family, last - 1, time), 0)

    def order_needs(self, points: Int64Array, needs: Int64Array, time: int) -> None:
        """Let stock points order what a policy in Python says they need (NONE or less: nothing)."""
        begin_instant(self.model.address, time)
        self._in_steps(lambda place: order_needs(self.model.address, points, needs, place, time), 0)

    def rebalance(self, pool: int, holding_rate: float, time: int) -> None:
        """Move the excess stock of a pool to where it is lacking."""
        begin_instant(self.model.address, time)
        rows = 4 * MOST_GIVERS * len(self.model.point_at)
        self._in_steps(lambda item: rebalance(self.model.address, pool, item, holding_rate, time), 0, rows)

    def _in_steps(self, sweep: Callable[[int], int], place: int, rows: int = MARGIN) -> None:
        """Let a sweep go on from place to place, with room made in between; it returns NONE at its end."""
        self.model.clock[C_STEPS_LEFT] = 0
        while place != NONE:
            self.make_room(max(rows, MARGIN))
            place = int(sweep(place))

    # --- room ---------------------------------------------------------------------------------------------------------

    def make_room(self, rows: int) -> None:
        """Empty the output chunks and enlarge the pools so that each has at least `rows` free rows."""
        wanted = 0 if self.plants is None else self.plants.rows_wanted
        if self.plants is not None:
            self.plants.make_room(wanted)
        self.model.clock[C_STEPS_LEFT] = 0
        self.flush()
        clock, model = self.model.clock, self.model
        changes: dict[str, Any] = {}
        for name, left, free, following in (
            ("request", C_REQUESTS_LEFT, C_REQUEST_FREE, R_NEXT),
            ("parcel", C_PARCELS_LEFT, C_PARCEL_FREE, K_NEXT),
            ("layer", C_LAYERS_LEFT, C_LAYER_FREE, Y_NEXT),
        ):
            if clock[left] >= rows:
                continue
            table = getattr(model, name)
            changes[name] = _enlarged_pool(clock, table, max(len(table), rows), left, free, following)
        if clock[C_LOTS] + rows > len(model.lot):
            changes["lot"] = grown(model.lot, max(len(model.lot), rows))
        for name, per_row in _CHUNKS.items():
            chunk = getattr(model, name)
            if 1 < len(chunk) < wanted * per_row:
                changes[name] = grown(chunk, wanted * per_row)
        if "parcel" in changes:
            changes["heap"] = grown(model.heap, len(changes["parcel"]) - len(model.heap))
        model.replace(**changes)

    def flush(self) -> None:
        """Hand what the output chunks hold to the recorder."""
        model, recorder = self.model, self.recorder
        _empty(model.clock, C_ORDER_ROWS, model.order_out, recorder.orders)
        _empty(model.clock, C_SHIPMENT_ROWS, model.shipment_out, recorder.shipments)
        _empty(model.clock, C_TRANSFER_ROWS, model.transfer_out, recorder.transfers)
        if "usage" in recorder.plant_tables:
            _empty(model.clock, C_USAGE_ROWS, model.usage_out, recorder.plant_tables["usage"])
            _empty(model.clock, C_REPORT_ROWS, model.report_out, recorder.plant_tables["reports"])
        if recorder.events is not None:
            _empty(model.clock, C_EVENT_ROWS, model.event_out, recorder.events)

    # --- trucks -------------------------------------------------------------------------------------------------------

    def load(
        self,
        route: int,
        capacity_ml: int,
        capacity_g: int,
        stop_of_node: Int64Array,
        trip: int,
        time: int,
        loaded: Int64Array,
    ) -> None:
        """Load a vehicle at the dock of `route`; `loaded` receives the LOADED_* figures of sim/flow/dock.py."""
        self.make_room_for_lines(int(self.model.dock[route, D_LINES]))
        _load_at(self.model.address, route, capacity_ml, capacity_g, stop_of_node, trip, time, loaded)

    def make_room_for_lines(self, lines: int) -> None:
        """Room for one event row per line, and for one split line."""
        clock, model = self.model.clock, self.model
        clock[C_STEPS_LEFT] = 0
        if clock[C_PARCELS_LEFT] < MARGIN or clock[C_LAYERS_LEFT] < MARGIN:
            self.make_room(MARGIN)
        if clock[C_EVENTS] and clock[C_EVENT_ROWS] + lines + MARGIN > model.event_out.shape[0]:
            self.flush()
            if lines + MARGIN > model.event_out.shape[0]:
                larger = aligned_zeros((lines + 2 * MARGIN, OUT_COLUMNS), np.int64)
                model.replace(event_out=larger)

    def unload(self, head: int, node: int, time: int) -> tuple[int, int]:
        """Lines set down at `node`, and the head of those that stay on the truck."""
        lines, rest = _unload_at(self.model.address, head, node, time)
        return int(lines), int(rest)

    def log_row(self, *values: int) -> None:
        """Append a row to the event log from Python (trucks)."""
        clock = self.model.clock
        if not clock[C_EVENTS]:
            return
        clock[C_STEPS_LEFT] = 0
        if clock[C_EVENT_ROWS] + MARGIN > self.model.event_out.shape[0]:
            self.flush()
        self.model.event_out[clock[C_EVENT_ROWS], : len(values)] = values
        clock[C_EVENT_ROWS] += 1

    # --- closing ------------------------------------------------------------------------------------------------------

    def settle(self, time: int) -> None:
        """Bring every time integral up to `time`."""
        _settle_all(self.model.address, time)

    def in_transit(self) -> Int64Array:
        """Units on their way to each stock point, on docks and trucks too."""
        rows = rows_in_use(self.model.parcel, int(self.model.clock[C_PARCEL_FREE]), K_NEXT)
        units = np.zeros(len(self.model.state), np.int64)
        np.add.at(units, self.model.parcel[rows, K_POINT], self.model.parcel[rows, K_QUANTITY])
        return units

    def write_under_way(self) -> None:
        """Append the goods still between two stock points to the shipments table."""
        under_way = rows_in_use(self.model.parcel, int(self.model.clock[C_PARCEL_FREE]), K_NEXT)
        for start in range(0, len(under_way), len(self.model.shipment_out)):
            self.flush()
            _write_shipments(self.model.address, under_way[start : start + len(self.model.shipment_out)])
        self.flush()


def rows_in_use(pool: Int64Array, free: int, next_column: int) -> Int64Array:
    """Rows of a pool that are not on its free list, ascending."""
    used = np.ones(len(pool), np.bool_)
    _mark_free(pool, free, next_column, used)
    return np.flatnonzero(used)


@compiled
def _mark_free(pool: Int64Array, free: int, next_column: int, used: Any) -> None:
    row = free
    while row != NONE:
        used[row] = False
        row = pool[row, next_column]


@compiled
def _advance_at(address: int, time: int, phase: int, node: int) -> int:
    return advance(model_at(address), time, phase, node)


@compiled
def _load_at(
    address: int,
    route: int,
    capacity_ml: int,
    capacity_g: int,
    stop_of_node: Int64Array,
    trip: int,
    time: int,
    loaded: Int64Array,
) -> None:
    load(model_at(address), route, capacity_ml, capacity_g, stop_of_node, trip, time, loaded)


@compiled
def _unload_at(address: int, head: int, node: int, time: int) -> tuple[int, int]:
    return unload(model_at(address), head, node, time)


@compiled
def _write_shipments(address: int, rows: Int64Array) -> None:
    m = model_at(address)
    for row in rows:
        write_shipment(m, row, int64(NONE))


@compiled
def _settle_all(address: int, time: int) -> None:
    """Settle every stock point, every lot layer and every group to `time`, which ends a day or lies in one."""
    m = model_at(address)
    begin_days(m, time - 1)
    for point in range(len(m.state)):
        settle(m, point, time)
        row = m.state[point, S_LAYER_HEAD]
        while row != NONE:
            settle_age(m, point, row, m.layer[row, Y_QUANTITY], time)
            m.layer[row, Y_ENTERED_MS] = time
            row = m.layer[row, Y_NEXT]
    for group in range(len(m.group)):
        settle_group(m, group, time)


@compiled
def layers_in_place(address: int) -> Int64Array:
    """(n, 3): stock point, lot, quantity of every layer on a shelf, in order; takes the address of the model."""
    m = model_at(address)
    count = 0
    for point in range(len(m.state)):
        row = m.state[point, S_LAYER_HEAD]
        while row != NONE:
            count += 1
            row = m.layer[row, Y_NEXT]
    found = np.empty((count, 3), np.int64)
    place = 0
    for point in range(len(m.state)):
        row = m.state[point, S_LAYER_HEAD]
        while row != NONE:
            found[place, 0] = point
            found[place, 1] = m.layer[row, Y_LOT]
            found[place, 2] = m.layer[row, Y_QUANTITY]
            place += 1
            row = m.layer[row, Y_NEXT]
    return found


def _enlarged_pool(clock: Int64Array, table: Int64Array, more: int, left: int, free: int, following: int) -> Int64Array:
    """A pool with `more` rows, the new ones in front of its free list."""
    larger = grown(table, more)
    linked_rows(larger, len(table), following)
    larger[-1, following] = clock[free]
    clock[free] = len(table)
    clock[left] += more
    return larger


@compiled
def _columns_of(chunk: Int64Array, block: Int64Array) -> None:
    """Turn rows of a chunk into the columns of `block`."""
    for row in range(block.shape[1]):
        for column in range(len(block)):
            block[column, row] = chunk[row, column]


def _empty(clock: Int64Array, rows: int, chunk: Int64Array, buffer: ColumnBuffer) -> None:
    filled = int(clock[rows])
    if filled:
        block = np.empty((len(buffer.layout.columns), filled), np.int64)
        _columns_of(chunk, block)
        buffer.write_block(block, filled)
        clock[rows] = 0
