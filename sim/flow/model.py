"""The data of the compiled flow: one set of arrays that holds everything a replication changes.

No object and no pointer: rows of integer tables that refer to each other by row number. So the whole state can be
written down and read back (sim/state/front.py), and the transition rules are plain functions over it.
"""

from typing import Any, ClassVar, Final

import numpy as np

from sim.columns import AREA_COLUMNS, PARAMETER_COLUMNS, STATE_COLUMNS, TOTAL_COLUMNS
from sim.jit_tables import Tables, register
from sim.network import ALTERNATIVE_COLUMNS, Float64Array, Int32Array, Int64Array, Uint64Array

NONE: Final = -1

# --- clock: scalars of the flow -----------------------------------------------------------------------------------
C_NOW: Final = 0
C_NEXT_LINE: Final = 1
C_NEXT_ORDER: Final = 2
C_NEXT_DISPATCH: Final = 3  # dispatches so far; parcels that arrive together are received in this order
C_REQUEST_FREE: Final = 4  # heads and lengths of the pools' free lists
C_REQUESTS_LEFT: Final = 5
C_PARCEL_FREE: Final = 6
C_PARCELS_LEFT: Final = 7
C_LAYER_FREE: Final = 8
C_LAYERS_LEFT: Final = 9
C_HEAP: Final = 10  # parcels in the heap
C_AGENDA: Final = 11  # entries on the agenda of this instant
C_WINDOW: Final = 12  # next line of the drawn window
C_WINDOW_LINES: Final = 13
C_WINDOW_END_MS: Final = 14
C_LOTS: Final = 15
C_MEASURE_FROM_MS: Final = 16
C_EVENTS: Final = 17  # 1: keep the event log
C_ORDER_ROWS: Final = 18  # rows filled in the output chunks
C_SHIPMENT_ROWS: Final = 19
C_TRANSFER_ROWS: Final = 20
C_EVENT_ROWS: Final = 21
C_NEXT_ARRIVAL_MS: Final = 22
C_WAKE: Final = 23  # 1: some dock wants a look
C_SEED: Final = 24
C_REPLICATION: Final = 25
C_DAY: Final = 26  # present day of the binned series
C_DAY_END_MS: Final = 27
C_STEPS_LEFT: Final = 28  # steps for which every pool and output chunk surely has room; 0: look again
C_ASKED: Final = 29  # stock points that wait for a policy in Python
C_START_OF_WEEK_MS: Final = 30  # from the Monday 00:00 before the start to the start
C_USAGE_ROWS: Final = 31
C_NOTES: Final = 32  # what plants have to hear of
C_INSPECT: Final = 33  # parcel that is to be inspected
C_REPORT_ROWS: Final = 34
CLOCK_SIZE: Final = 40

NEVER: Final = 1 << 62

# --- request: an entry in a stock point's queue -----------------------------------------------------------------------
R_NEXT: Final = 0
R_POINT: Final = 1  # ordering stock point, NONE for a customer
R_LEFT: Final = 2
R_TIME_MS: Final = 3
R_REFERENCE: Final = 4  # line or order number
R_FLAGS: Final = 5
R_UNIT_COST_MILLI: Final = 6
R_ALLOTTED: Final = 7  # under fair share: units to be given in this instant
REQUEST_COLUMNS: Final = 8
REQUEST_WHOLE: Final = 1
REQUEST_URGENT: Final = 2
REQUEST_USE_SHIFT: Final = 8  # the flags of a customer carry the use of a machine above these bits, plus 1; 0: none
REQUEST_LANE_SHIFT: Final = 8  # the flags of an order carry its lane above these bits

# --- parcel: goods between two stock points ---------------------------------------------------------------------------
K_NEXT: Final = 0
K_ARRIVAL_MS: Final = 1  # NEVER while at a dock or on a truck
K_POINT: Final = 2
K_SOURCE: Final = 3
K_QUANTITY: Final = 4
K_ORDER: Final = 5
K_DISPATCHED_MS: Final = 6
K_UNIT_COST_MILLI: Final = 7
K_SEQUENCE: Final = 8  # the rest, on a second cache line, is not wanted for every parcel
K_TRIP: Final = 9  # NONE: not on a truck; minus the kind of an order that has not queued
K_LAYER: Final = 10  # its lots, NONE where they are not tracked
K_LANE: Final = 11
K_INSPECTED: Final = 12  # 0 not yet, 1 passed, 2 rejected
PARCEL_COLUMNS: Final = 16
TRIP_FROM_POOL: Final = -2  # at or below: a gift, minus its ORDER_* kind

# --- lot layer: units of one lot at a stock point or in a parcel ------------------------------------------------------
Y_NEXT: Final = 0
Y_LOT: Final = 1
Y_QUANTITY: Final = 2
Y_ENTERED_MS: Final = 3
Y_RECEIVED_MS: Final = 4  # the lot's receipt into the network
Y_SORT_KEY: Final = 5  # receipt or expiry, by which the item is issued
LAYER_COLUMNS: Final = 8

LOT_POINT: Final = 0  # stock point that received it first
LOT_ORDER: Final = 1  # supplier order it came with, NONE for opening stock
LOT_RECEIVED_MS: Final = 2
LOT_EXPIRES_MS: Final = 3  # NEVER without shelf life
LOT_UNIT_COST_MILLI: Final = 4
LOT_QUANTITY: Final = 5
LOT_COLUMNS: Final = 6

# --- lane, supplier, route, item ------------------------------------------------------------------------
L_ROUTE: Final = 0
L_WHOLE: Final = 1
L_OVERTAKING: Final = 2
L_RING: Final = 3  # list of parcels that arrive in order of dispatch, NONE: heap
L_EXPRESS_CLASSES: Final = 4  # bit per class
L_LAST_ARRIVAL_MS: Final = 5
L_PRIORITY: Final = 6
LANE_COLUMNS: Final = 7
LF_KIND: Final = 0  # then a, b, c, offset; the express lead time follows
LF_EXPRESS: Final = 5
LANE_FLOAT_COLUMNS: Final = 10

U_CAPACITY: Final = 0
U_PERIOD_MS: Final = 1
U_PERIOD: Final = 2  # period in which the last order was finished
U_USED: Final = 3  # units made in it
U_CLOSED_FIRST: Final = 4
U_CLOSED_LAST: Final = 5
SUPPLIER_COLUMNS: Final = 6

D_HEAD: Final = 0  # staged lines, in order of staging
D_TAIL: Final = 1
D_VOLUME_ML: Final = 2
D_WEIGHT_G: Final = 3
D_LINES: Final = 4
D_FULL_ML: Final = 5  # departs when full: thresholds; NEVER for timetables
D_FULL_G: Final = 6
D_MAX_WAIT_MS: Final = 7
D_WAKE: Final = 8  # 1: a line was staged that may make a departure due
DOCK_COLUMNS: Final = 9

I_CLASS: Final = 0
I_COST_MILLI: Final = 1
I_VOLUME_ML: Final = 2
I_WEIGHT_G: Final = 3
I_CRITICAL: Final = 4
I_FEFO: Final = 5
I_SHELF_LIFE_MS: Final = 6
ITEM_COLUMNS: Final = 7

# --- families, pools ----------------------------------------------------------------------------------
FAMILY_FIRST: Final = 0  # rows of table family_point
FAMILY_COUNT: Final = 1
FAMILY_LAST_OF_NODE: Final = 2  # last stock point of its node
FAMILY_PENDING: Final = 3
FAMILY_NEXT: Final = 4  # member that a review goes on with; 0 when none is under way
FAMILY_COLUMNS: Final = 5

POOL_RULE: Final = 0  # a DONOR_* code
POOL_PARTIAL: Final = 1
POOL_SEARCH_MS: Final = 2
POOL_APPROVAL_MS: Final = 3
POOL_WINDOW_FIRST: Final = 4  # rows of table window; none: approvals are given day and night
POOL_WINDOW_LAST: Final = 5
POOL_COLUMNS: Final = 6

LINK_FROM: Final = 0
LINK_COST: Final = 1
LINK_COST_KG_MILLI: Final = 2
LINK_COLUMNS: Final = 3

RANGE_FIRST: Final = 0  # links to a node of a pool: transfers, then emergencies
RANGE_EMERGENCY: Final = 1
RANGE_LAST: Final = 2
RANGE_COLUMNS: Final = 3

# --- series per day and group -------------------------------------------------------------------------
SERIES_VALUE: Final = 0  # minor units x ms on hand
SERIES_DEMAND_LINES: Final = 1
SERIES_DEMAND_UNITS: Final = 2
SERIES_LINES_AT_ONCE: Final = 3
SERIES_UNITS_AT_ONCE: Final = 4
SERIES_COLUMNS: Final = 5

WAIT_BINS: Final = 40

NOTE_USE: Final = 0  # the use of a machine that has been served, NONE: stock came
NOTE_POINT: Final = 1
NOTE_PHASE: Final = 2
NOTE_COLUMNS: Final = 3

USAGE_COLUMNS: Final = 9
REPORT_COLUMNS: Final = 6
OUT_COLUMNS: Final = 8
"""Width of a row in the output chunks, one cache line; tables with fewer columns leave the rest empty."""

RING_HEAD: Final = 0
RING_TAIL: Final = 1
RING_ARRIVAL_MS: Final = 2  # of the head, NEVER when the list is empty
RING_COLUMNS: Final = 3
MAX_RINGS: Final = 12


class FlowModel(Tables):
    """All arrays of one replication; column names are the constants of this module and of sim/columns.py."""

    FIELDS: ClassVar = {
        "parameter": (np.int64, (None, PARAMETER_COLUMNS)),
        "state": (np.int64, (None, STATE_COLUMNS)),
        "total": (np.int64, (None, TOTAL_COLUMNS)),
        "area": (np.float64, (None, AREA_COLUMNS)),
        "clock": (np.int64, (CLOCK_SIZE,)),
        "request": (np.int64, (None, REQUEST_COLUMNS)),
        "parcel": (np.int64, (None, PARCEL_COLUMNS)),
        "heap": (np.int64, (None, 3)),  # arrival, stock point and sequence, parcel
        "agenda": (np.int64, (None,)),
        "ring": (np.int64, (None, RING_COLUMNS)),
        "layer": (np.int64, (None, LAYER_COLUMNS)),
        "lot": (np.int64, (None, LOT_COLUMNS)),
        "lane": (np.int64, (None, LANE_COLUMNS)),
        "lane_time": (np.float64, (None, LANE_FLOAT_COLUMNS)),
        "supplier": (np.int64, (None, SUPPLIER_COLUMNS)),
        "closed": (np.int64, (None, 2)),
        "node_supplier": (np.int64, (None,)),
        "price_break": (np.int64, (None, 2)),
        "item": (np.int64, (None, ITEM_COLUMNS)),
        "stream": (np.uint64, (None, 2)),  # lead-time streams; one row when every lead time is constant
        "dock": (np.int64, (None, DOCK_COLUMNS)),
        "series": (np.float64, (None, None, SERIES_COLUMNS)),  # day, group
        "group": (np.float64, (None, 2)),  # value on hand, settled up to
        "wait": (np.int64, (None, WAIT_BINS)),  # units by waiting time, a row per group
        "jobs": (np.int64, (None, 2)),  # per node: jobs, jobs with every line at once
        "line_ms": (np.int64, (None,)),  # the drawn window of demand lines, in order
        "line_point": (np.int32, (None,)),
        "line_quantity": (np.int64, (None,)),
        "line_flags": (np.int8, (None,)),
        "line_job": (np.int32, (None,)),
        "job_lines": (np.int64, (None, 2)),  # lines still to come, lines short
        "asked": (np.int64, (None,)),  # stock points that wait for a policy in Python
        "family": (np.int64, (None, FAMILY_COLUMNS)),
        "family_point": (np.int64, (None,)),
        "alternative": (np.int64, (None, ALTERNATIVE_COLUMNS)),
        "pool": (np.int64, (None, POOL_COLUMNS)),
        "link": (np.int64, (None, LINK_COLUMNS)),
        "link_time": (np.float64, (None, LF_EXPRESS)),  # kind, a, b, c, offset
        "link_range": (np.int64, (None, None, RANGE_COLUMNS)),  # pool, node
        "window": (np.int64, (None, 2)),
        "point_at": (np.int32, (None, None)),  # node, item: the stock point, NONE for none; only with pools
        "per_day": (np.float64, (None,)),  # mean demand at and below a stock point; only with pools
        "transfer_stream": (np.uint64, (None, 2)),  # only with random delivery times
        "transfer_draws": (np.int64, (None,)),
        "note": (np.int64, (None, NOTE_COLUMNS)),
        "order_out": (np.int64, (None, OUT_COLUMNS)),  # output chunks, in the columns of sim/record/layouts.py
        "shipment_out": (np.int64, (None, OUT_COLUMNS)),
        "transfer_out": (np.int64, (None, OUT_COLUMNS)),
        "event_out": (np.int64, (None, OUT_COLUMNS)),
        "usage_out": (np.int64, (None, USAGE_COLUMNS)),
        "report_out": (np.int64, (None, REPORT_COLUMNS)),
    }
    parameter: Int64Array
    state: Int64Array
    total: Int64Array
    area: Float64Array
    clock: Int64Array
    request: Int64Array
    parcel: Int64Array
    heap: Int64Array
    agenda: Int64Array
    ring: Int64Array
    layer: Int64Array
    lot: Int64Array
    lane: Int64Array
    lane_time: Float64Array
    supplier: Int64Array
    closed: Int64Array
    node_supplier: Int64Array
    price_break: Int64Array
    item: Int64Array
    stream: Uint64Array
    dock: Int64Array
    series: Float64Array
    group: Float64Array
    wait: Int64Array
    jobs: Int64Array
    line_ms: Int64Array
    line_point: Int32Array
    line_quantity: Int64Array
    line_flags: Any
    line_job: Int32Array
    job_lines: Int64Array
    asked: Int64Array
    family: Int64Array
    family_point: Int64Array
    alternative: Int64Array
    pool: Int64Array
    link: Int64Array
    link_time: Float64Array
    link_range: Int64Array
    window: Int64Array
    point_at: Int32Array
    per_day: Float64Array
    transfer_stream: Uint64Array
    transfer_draws: Int64Array
    note: Int64Array
    order_out: Int64Array
    shipment_out: Int64Array
    transfer_out: Int64Array
    event_out: Int64Array
    usage_out: Int64Array
    report_out: Int64Array


model_at = register(FlowModel)
"""In compiled code: the model at an address (`FlowModel.address`), for functions called from Python."""


def linked_rows(table: Int64Array, first: int, next_column: int) -> None:
    """Chain rows `first` .. of a pool through their next column; the last ends the chain."""
    table[first:, next_column] = np.arange(first + 1, len(table) + 1)
    table[-1, next_column] = NONE


def grown(table: Any, rows: int) -> Any:
    """A copy of `table` with room for `rows` more rows at the end of its first axis."""
    larger = np.zeros((len(table) + rows, *table.shape[1:]), table.dtype)
    larger[: len(table)] = table
    return larger
