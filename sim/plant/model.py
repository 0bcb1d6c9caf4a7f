"""The data of plants and devices during a run: tables that refer to each other by row number, like those of the flow.

Columns are static (from `sim.plant_plan`) or state; together they are all there is, so that a plant can be saved at any
instant. What happens to them says docs/plant.md.
"""

from typing import Any, ClassVar, Final

import numpy as np

from sim.columns import CAUSES, COUNT_COLUMNS, D_MISSED_TAG, D_STUCK, GAP_COLUMNS
from sim.jit_tables import Tables, register
from sim.network import Float64Array, Int64Array, Uint64Array

# --- clock ------------------------------------------------------------------------------------------------------------
T_HEAP: Final = 0  # events in the heap
T_NEXT_EVENT: Final = 1  # events planned so far
T_NEXT_MESSAGE: Final = 2
T_MESSAGE_FREE: Final = 3
T_MESSAGES_LEFT: Final = 4
T_BACK_FREE: Final = 5
T_BACKS_LEFT: Final = 6
T_STOP_ROWS: Final = 7  # rows filled in the output chunk
T_NEXT_MS: Final = 8  # of the first event in the heap, NEVER: none
T_NEXT_PHASE: Final = 9
T_NEXT_NODE: Final = 10
T_PHASE: Final = 11  # of what is happening
T_ROWS_WANTED: Final = 12  # free rows that what stopped for room needs
TIMER_SIZE: Final = 16

# --- event in the heap ----------------------------------------------------------------------------------------------
H_TIME: Final = 0
H_PLACE: Final = 1  # phase, node, sort, number
H_SEQUENCE: Final = 2
H_ROW: Final = 3
HEAP_COLUMNS: Final = 4
NUMBER_BITS: Final = 24
SORT_BITS: Final = 4
NODE_BITS: Final = 24
SORT_LEAK: Final = 0
SORT_BACK: Final = 1
SORT_GATEWAY: Final = 2
SORT_REPAIR: Final = 3
SORT_ITEM: Final = 4
SORT_WRONG: Final = 5
SORT_LINE: Final = 6

# --- stock point: settings --------------------------------------------------------------------------------------------
Q_DEVICE: Final = 0  # DEVICE_* code, NONE: no device
Q_PLANT: Final = 1
Q_SENSOR: Final = 2
Q_GATEWAY: Final = 3
Q_FIRST_PERSON: Final = 4
Q_PERSONS: Final = 5
Q_LIMIT: Final = 6
Q_LIMIT_ROW: Final = 7  # row of table `limit` of the plant's first person
Q_LOAN: Final = 8
Q_BLOCKS_EXPIRED: Final = 9
Q_UNIT_MG: Final = 10
Q_RESOLUTION_MG: Final = 11
Q_LEAK_RATE: Final = 12
Q_LEAK_STEP: Final = 13
Q_FIRST_FLOW: Final = 14  # the uses among which the flows out of a tank are
Q_LAST_FLOW: Final = 15
# state
Q_DRAWS: Final = 16
Q_READINGS: Final = 17
Q_UNTOLD: Final = 18
Q_COVERED: Final = 19
Q_COVERED_UNTOLD: Final = 20
Q_JAMMED_UNTIL: Final = 21
Q_COUNT_MS: Final = 22  # time of the last count
Q_COUNT_MESSAGE: Final = 23  # messages with a lower number were taken before it
Q_OFF_PLATE: Final = 24
Q_FOREIGN_MG: Final = 25
Q_CALIBRATED_MS: Final = 26
Q_COUNTS: Final = 27
Q_SHOWN: Final = 28
Q_STUCK_FROM: Final = 29
Q_STUCK_TO: Final = 30
Q_STUCK_DRAWS: Final = 31
Q_METERED: Final = 32
Q_LEAK_FROM: Final = 33
Q_LEAK_TO: Final = 34
Q_LEAKED: Final = 35
Q_LEAK_DRAWS: Final = 36
Q_LEAK_EVENT_MS: Final = 37
Q_INSPECTED: Final = 38
Q_ON_LOAN: Final = 39
Q_SETTLED_MS: Final = 40
Q_GAPS: Final = 41  # causes that are not 0
Q_LAST_LOT: Final = 42  # of the unit taken last
Q_TOLD: Final = 43  # what messages and readings have taken off the record so far
Q_CORRECTED: Final = 44  # by how much counts have changed it so far
Q_READ: Final = 45  # the record after the last reading
POINT_COLUMNS: Final = 46

F_UNAUTHORISED: Final = 0
F_PUT_BACK: Final = 1
F_MISPLACED: Final = 2
F_WRONG_ITEM: Final = 3
F_WRONG_FAILS: Final = 4
F_JAM: Final = 5
F_FAIL: Final = 6
F_REFUND: Final = 7
F_WRONG_PRODUCT: Final = 8
F_LOAN_LOST: Final = 9
F_LOAN_WORN: Final = 10
F_MISSED_SCAN: Final = 11
F_READ_RATE: Final = 12
F_STRAY: Final = 13
F_NOISE_MG: Final = 14
F_DRIFT_MG: Final = 15
F_TARE_MG: Final = 16
F_METER: Final = 17
F_REJECTED: Final = 18
F_COUNT_ERROR: Final = 19
SHARE_COLUMNS: Final = 20

X_PUT_BACK: Final = 0  # durations of a stock point
X_WRONG: Final = 1
X_JAM: Final = 2
X_LOAN: Final = 3
X_STUCK_EVERY: Final = 4
X_STUCK_LASTING: Final = 5
X_LEAK_EVERY: Final = 6
X_LEAK_LASTING: Final = 7
X_INSPECTION: Final = 8
DURATIONS: Final = 9
DURATION_COLUMNS: Final = 5  # kind (NONE: there is none), a, b, c, offset

STREAM_DRAW: Final = 0
STREAM_READING: Final = 1
STREAM_STUCK: Final = 2
STREAM_TARE: Final = 3
STREAM_LEAK: Final = 4
STREAM_INSPECT: Final = 5
STREAM_COUNT: Final = 6
POINT_STREAMS: Final = ("draw", "reading", "stuck", "tare", "leak", "inspect", "count")

DRAW_WORDS: Final = 16
W_PERSON: Final = 0
W_MACHINE: Final = 1
W_UNAUTHORISED: Final = 2
W_OUTCOME: Final = 3
W_WRONG: Final = 4
W_RETURN: Final = 5
W_TIME: Final = 6
W_SCAN: Final = 7
W_REFUND: Final = 8
W_FATE: Final = 9
W_FATE_TIME: Final = 10
W_RETURN_SCAN: Final = 11
W_MISPLACED: Final = 12

# --- message: on its way to the platform ----------------------------------------------------------------------------
M_NEXT: Final = 0
M_POINT: Final = 1
M_TAKEN_MS: Final = 2
M_ARRIVAL_MS: Final = 3
M_NUMBER: Final = 4
M_READING: Final = 5  # number of the reading, NONE: a message of changes
M_STORED: Final = 6  # 1: taken in during an outage
M_A: Final = 7
M_B: Final = 8
M_CAUSE: Final = 9
M_UNTOLD: Final = 10
M_ERROR: Final = 11  # errors of a reading: a column per cause from FIRST_ERROR to LAST_ERROR
FIRST_ERROR: Final = D_MISSED_TAG
LAST_ERROR: Final = D_STUCK
MESSAGE_COLUMNS: Final = M_ERROR + LAST_ERROR - FIRST_ERROR + 1

# --- gateway ----------------------------------------------------------------------------------------------------------
E_PLANT: Final = 0
E_POLL_MS: Final = 1
E_DELAY_MS: Final = 2
E_SPACING_MS: Final = 3
E_OFFSET_MS: Final = 4
E_CAPACITY: Final = 5
E_OVERFLOW: Final = 6
E_OUTAGE: Final = 7  # next row of table `outage` that may matter
E_LAST_OUTAGE: Final = 8
E_HEAD: Final = 9
E_TAIL: Final = 10
E_STORED: Final = 11
E_LAST_ARRIVAL_MS: Final = 12
E_EVENT_MS: Final = 13
GATEWAY_COLUMNS: Final = 14

# --- what comes back --------------------------------------------------------------------------------------------------
B_NEXT: Final = 0
B_POINT: Final = 1
B_LOT: Final = 2
B_WHO: Final = 3  # person, machine and work order, see sim/flow/usage.py
B_LINE: Final = 4
B_LOAN: Final = 5
B_DRAW: Final = 6
BACK_COLUMNS: Final = 7

# --- plant, line, machine, use --------------------------------------------------------------------------------------
P_NODE: Final = 0
P_FIRST_MACHINE: Final = 1
P_LAST_MACHINE: Final = 2
P_FIRST_PERSON: Final = 3
P_PERSONS: Final = 4
P_FIRST_MAINTENANCE: Final = 5
P_MAINTENANCE: Final = 6
P_CREWS: Final = 7
P_CREWS_BUSY: Final = 8
P_CREW_HEAD: Final = 9  # machines that wait for a crew
P_CREW_TAIL: Final = 10
P_FIRST_SHIFT: Final = 11  # rows of table `shift`
P_LAST_SHIFT: Final = 12
PLANT_COLUMNS: Final = 13

LINE_PLANT: Final = 0
LINE_FIRST_MACHINE: Final = 1
LINE_LAST_MACHINE: Final = 2
LINE_FIRST_WORKING: Final = 3  # rows of table `working`; NONE: round the clock
LINE_LAST_WORKING: Final = 4
LINE_WORK_ORDER_MS: Final = 5
LINE_STANDING: Final = 6  # machines that stand
LINE_LOST_MS: Final = 7
LINE_DOWN_AT: Final = 8  # working time at which it stopped
LINE_BLAMED: Final = 9
LINE_BLAMED_AT: Final = 10
LINE_EVENT_MS: Final = 11
LINE_MEASURED_FROM: Final = 12  # working time, and time lost, at the start of measurement
LINE_MEASURED_LOST: Final = 13
LINE_COLUMNS: Final = 14

A_LINE: Final = 0
A_PLANT: Final = 1
A_FIRST_USE: Final = 2
A_LAST_USE: Final = 3
A_FAILED: Final = 4
A_OWN_FAILURE: Final = 5  # 1: the failure was the machine's own, and the next one is drawn after it
A_STANDS: Final = 6  # reasons for which it stands
A_DUE: Final = 7
A_FAILURES: Final = 8
A_REPAIRS: Final = 9
A_CREW_NEXT: Final = 10
A_CAUSE: Final = 11
A_ITEM: Final = 12
A_SINCE_MS: Final = 13
A_LOST_MS: Final = 14
A_BY_RECORD: Final = 15
MACHINE_COLUMNS: Final = 16
Z_RATE: Final = 0  # failures per ms of running time
Z_FACTOR: Final = 1
Z_LEFT: Final = 2
Z_AT: Final = 3  # running time at which `left` was left
HAZARD_COLUMNS: Final = 4
MACHINE_STREAMS: Final = ("failure", "repair")

V_MACHINE: Final = 0
V_ITEM: Final = 1
V_KIND: Final = 2
V_QUANTITY: Final = 3
V_FIRST_POINT: Final = 4  # rows of table `use_point`
V_LAST_POINT: Final = 5
V_MISSING: Final = 6
V_AT_EMPTY: Final = 7
V_TEMPERATURE: Final = 8
V_RATE: Final = 9
V_DUE: Final = 10
V_STATE: Final = 11  # USE_* bits
V_DRAWS: Final = 12
V_BOOKED: Final = 13
V_BY_RECORD: Final = 14
V_NEW_AT: Final = 15  # running time at which the part was put in
USE_COLUMNS: Final = 16
USE_OPEN: Final = 1  # its line waits in the queue of its home
USE_SERVED: Final = 2  # and has been served
USE_STOPS: Final = 4  # its machine stands for want of it
USE_OVERDUE: Final = 8  # its machine runs on without it
USE_WAITS: Final = 16  # its machine will stop at the end of the shift
USE_WATCHES: Final = 32  # until there is stock at its home
Y_FACTOR: Final = 0
Y_SHAPE: Final = 1
Y_SCALE_MS: Final = 2
Y_TEMPERATURE: Final = 3
Y_REFERENCE: Final = 4
Y_OFFSET: Final = 5
Y_ACCELERATION: Final = 6  # of the part that is in
USE_FIGURES: Final = 7

C_MEAN: Final = 0
C_SWING: Final = 1
C_WARMEST: Final = 2
CLIMATE_COLUMNS: Final = 3

STOP_COLUMNS: Final = 8


class PlantModel(Tables):
    """All arrays of the plants of one replication; column names are the constants of this module."""

    FIELDS: ClassVar = {
        "timer": (np.int64, (TIMER_SIZE,)),
        "heap": (np.int64, (None, HEAP_COLUMNS)),
        "point": (np.int64, (None, POINT_COLUMNS)),
        "share": (np.float64, (None, SHARE_COLUMNS)),
        "duration": (np.float64, (None, DURATIONS, DURATION_COLUMNS)),
        "stream": (np.uint64, (None, len(POINT_STREAMS), 2)),
        "difference": (np.int64, (None, CAUSES)),
        "gap": (np.float64, (None, GAP_COLUMNS)),
        "count": (np.int64, (None, COUNT_COLUMNS)),
        "limit": (np.int64, (None, 2)),  # person and limited stock point: shift, units
        "shift": (np.int64, (None,)),  # starts of shifts, plant by plant
        "message": (np.int64, (None, MESSAGE_COLUMNS)),
        "gateway": (np.int64, (None, GATEWAY_COLUMNS)),
        "outage": (np.int64, (None, 2)),
        "back": (np.int64, (None, BACK_COLUMNS)),
        "plant": (np.int64, (None, PLANT_COLUMNS)),
        "climate": (np.float64, (None, CLIMATE_COLUMNS)),
        "year": (np.int64, (None,)),  # 1 January of each year, ms since the start
        "line": (np.int64, (None, LINE_COLUMNS)),
        "working": (np.int64, (None, 3)),  # from, to, working time before
        "machine": (np.int64, (None, MACHINE_COLUMNS)),
        "hazard": (np.float64, (None, HAZARD_COLUMNS)),
        "repair": (np.float64, (None, DURATION_COLUMNS)),
        "machine_stream": (np.uint64, (None, len(MACHINE_STREAMS), 2)),
        "use": (np.int64, (None, USE_COLUMNS)),
        "figure": (np.float64, (None, USE_FIGURES)),
        "interval": (np.float64, (None, DURATION_COLUMNS)),
        "use_stream": (np.uint64, (None, 2)),
        "use_point": (np.int64, (None,)),
        "node_first": (np.int64, (None,)),  # stock points of a node, as in `Network`
        "stop_out": (np.int64, (None, STOP_COLUMNS)),
    }
    timer: Int64Array
    heap: Int64Array
    point: Int64Array
    share: Float64Array
    duration: Float64Array
    stream: Uint64Array
    difference: Int64Array
    gap: Float64Array
    count: Int64Array
    limit: Int64Array
    shift: Int64Array
    message: Int64Array
    gateway: Int64Array
    outage: Int64Array
    back: Int64Array
    plant: Int64Array
    climate: Float64Array
    year: Int64Array
    line: Int64Array
    working: Int64Array
    machine: Int64Array
    hazard: Float64Array
    repair: Float64Array
    machine_stream: Uint64Array
    use: Int64Array
    figure: Float64Array
    interval: Float64Array
    use_stream: Uint64Array
    use_point: Int64Array
    node_first: Int64Array
    stop_out: Int64Array


plants_at: Any = register(PlantModel)
"""In compiled code: the plants at an address (`PlantModel.address`)."""
