"""The compiled flow: everything that happens between two SimPy events, in the one total order.

`advance` looks at the three places where the next thing can come from (the drawn demand lines, the next parcel, the
agenda of the present instant), lets the earliest happen, and stops at the key of the next SimPy event or where it needs
Python: more lines to draw, room in a buffer, a dock that a truck should look at.
"""

from typing import Final

from sim.columns import (
    P_FLAGS,
    P_NODE,
    PHASE_DEMAND,
    PHASE_ORDER,
    PHASE_RECEIPT,
    S_LAYER_HEAD,
    SP_DEVICE,
    SP_INSPECTED,
)
from sim.flow.agenda import PHASE_SHIFT, POINT_MASK, next_note
from sim.flow.allocation import SERVED_PER_STEP, serve_queue
from sim.flow.books import begin_days
from sim.flow.customers import demand
from sim.flow.model import (
    C_AGENDA,
    C_ASKED,
    C_DAY_END_MS,
    C_EVENT_ROWS,
    C_EVENTS,
    C_INSPECT,
    C_LAYERS_LEFT,
    C_LOTS,
    C_MEASURE_FROM_MS,
    C_NEXT_ARRIVAL_MS,
    C_NOTES,
    C_NOW,
    C_ORDER_ROWS,
    C_PARCELS_LEFT,
    C_REPORT_ROWS,
    C_REQUESTS_LEFT,
    C_SHIPMENT_ROWS,
    C_STEPS_LEFT,
    C_TRANSFER_ROWS,
    C_USAGE_ROWS,
    C_WAKE,
    C_WINDOW,
    C_WINDOW_END_MS,
    C_WINDOW_LINES,
    K_POINT,
    NONE,
    FlowModel,
)
from sim.flow.ordering import review, review_pending_family
from sim.flow.parcels import next_parcel, send_parcel
from sim.flow.receipt import receive
from sim.jit import compiled, int64
from sim.jit_tables import prefetch

REACHED: Final = 0  # everything before the given key has happened
NEEDS_WINDOW: Final = 1
NEEDS_ROOM: Final = 2
NEEDS_TRUCK: Final = 3
NEEDS_DECISION: Final = 4
NEEDS_PLANT: Final = 5  # a person at a device, a delivery to inspect, or notes for the plants

ROWS_PER_STEP: Final = 2 * SERVED_PER_STEP
"""Free rows that one step may need in any pool or output chunk."""

LAYERS_PER_ROW: Final = 8
"""Lot layers that what is issued in one row may come from, on average over a step."""

REPORTS_PER_ROW: Final = 4
"""Rows of the reports table for what is issued in one row: told rightly, wrongly, and of a neighbour."""

MARGIN: Final = 4 * ROWS_PER_STEP
"""Free rows that are made when room is wanted."""

LOOK_AHEAD: Final = 6
"""Demand lines between asking for a stock point's rows and using them."""

_LINE: Final = 0
_NOTE: Final = 1
_ARRIVAL: Final = 2


@compiled
def steps_with_room(m: FlowModel) -> int:
    """How many steps every pool and output chunk surely has room for."""
    clock = m.clock
    rows = min(clock[C_REQUESTS_LEFT], clock[C_PARCELS_LEFT], clock[C_LAYERS_LEFT], len(m.lot) - clock[C_LOTS])
    rows = min(rows, len(m.order_out) - clock[C_ORDER_ROWS], len(m.shipment_out) - clock[C_SHIPMENT_ROWS])
    rows = min(rows, len(m.transfer_out) - clock[C_TRANSFER_ROWS])
    if len(m.usage_out) > 1:
        rows = min(rows, (len(m.usage_out) - clock[C_USAGE_ROWS]) // LAYERS_PER_ROW)
        rows = min(rows, (len(m.report_out) - clock[C_REPORT_ROWS]) // REPORTS_PER_ROW)
    if len(m.note) > 1:
        rows = min(rows, len(m.note) - clock[C_NOTES])
    if clock[C_EVENTS] == 1:
        rows = min(rows, len(m.event_out) - clock[C_EVENT_ROWS])
    return rows // ROWS_PER_STEP


@compiled
def _fetch_ahead(m: FlowModel, point: int) -> None:
    """A line for this stock point comes soon: have its rows at hand by then."""
    prefetch(m.state, point)
    prefetch(m.parameter, point)
    prefetch(m.total, point)
    prefetch(m.area, point)


@compiled
def _fetch_layer(m: FlowModel, point: int) -> None:
    """Its rows are at hand now: have its first lot layer as well."""
    prefetch(m.layer, max(m.state[point, S_LAYER_HEAD], 0))


@compiled
def job_line(m: FlowModel, job: int, point: int, at_once: bool, time: int) -> None:
    """Count a job when its last line has been asked for: complete if every line was met in full at once."""
    m.job_lines[job, 0] -= 1
    if not at_once:
        m.job_lines[job, 1] += 1
    if m.job_lines[job, 0] == 0 and time >= m.clock[C_MEASURE_FROM_MS]:
        node = m.parameter[point, P_NODE]
        m.jobs[node, 0] += 1
        if m.job_lines[job, 1] == 0:
            m.jobs[node, 1] += 1


@compiled
def advance(m: FlowModel, until_ms: int, until_phase: int, until_node: int) -> int:
    """Let everything up to and including the stock points of (until_ms, until_phase, until_node) happen.

    Returns REACHED, or what Python has to see to before calling again (NEEDS_*).
    """
    clock = m.clock
    while True:
        if clock[C_ASKED] > 0:
            return NEEDS_DECISION
        if clock[C_NOTES] > 0:
            return NEEDS_PLANT
        if clock[C_STEPS_LEFT] == 0:
            clock[C_STEPS_LEFT] = steps_with_room(m)
            if clock[C_STEPS_LEFT] == 0:
                return NEEDS_ROOM
        clock[C_STEPS_LEFT] -= 1
        position = clock[C_WINDOW]
        drawn = position < clock[C_WINDOW_LINES]
        time = m.line_ms[position] if drawn else clock[C_WINDOW_END_MS]
        phase = PHASE_DEMAND
        source = _LINE
        if clock[C_AGENDA] > 0:
            noted = m.agenda[0] >> PHASE_SHIFT
            if clock[C_NOW] < time or (clock[C_NOW] == time and noted < phase):
                time, phase, source = clock[C_NOW], noted, _NOTE
        arrival = clock[C_NEXT_ARRIVAL_MS]
        if arrival < time or (arrival == time and phase > PHASE_RECEIPT):
            time, phase, source = arrival, PHASE_RECEIPT, _ARRIVAL
        if time > until_ms or (time == until_ms and phase > until_phase):
            return REACHED
        at_the_key = time == until_ms and phase == until_phase
        if time >= clock[C_DAY_END_MS]:
            begin_days(m, time)

        if source == _LINE:
            if not drawn:
                return NEEDS_WINDOW
            point = int64(m.line_point[position])
            if at_the_key and m.parameter[point, P_NODE] > until_node:
                return REACHED
            clock[C_NOW] = time
            if m.parameter[point, P_FLAGS] & SP_DEVICE:
                return NEEDS_PLANT
            clock[C_WINDOW] = position + 1
            if position + 2 * LOOK_AHEAD < clock[C_WINDOW_LINES]:
                _fetch_ahead(m, int64(m.line_point[position + 2 * LOOK_AHEAD]))
                _fetch_layer(m, int64(m.line_point[position + LOOK_AHEAD]))
            at_once = demand(m, point, m.line_quantity[position], int64(m.line_flags[position]), time)
            job = int64(m.line_job[position])
            if job != NONE:
                job_line(m, job, point, at_once, time)
        elif source == _ARRIVAL:
            parcel = next_parcel(m)
            if at_the_key and m.parameter[m.parcel[parcel, K_POINT], P_NODE] > until_node:
                send_parcel(m, parcel, int64(NONE))
                return REACHED
            clock[C_NOW] = time
            if m.parameter[m.parcel[parcel, K_POINT], P_FLAGS] & SP_INSPECTED:
                clock[C_INSPECT] = parcel
                return NEEDS_PLANT
            receive(m, parcel, time)
        else:
            point, late = (m.agenda[0] >> 1) & POINT_MASK, m.agenda[0] & 1
            if at_the_key and m.parameter[point, P_NODE] > until_node:
                return REACHED
            next_note(m)
            if late == 1:
                review_pending_family(m, point, time)
            elif phase == PHASE_ORDER:
                review(m, point, time)
            else:
                serve_queue(m, point, phase, time)
                if clock[C_WAKE] == 1:
                    return NEEDS_TRUCK
