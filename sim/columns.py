"""Names for the columns of the engine's integer and float tables, one row per stock point.

A stock point is one item at one node. Everything the compiled flow touches lives in a few two-dimensional
arrays, so that one demand line costs a handful of cache lines; the constants below are their column numbers.
numba treats module-level integers as compile-time constants, hence plain names instead of an Enum.
"""

from typing import Final

# --- phases of one instant, in the order in which they happen (design rule: time, phase, node, item) ----------
PHASE_RECEIPT: Final = 0
PHASE_RETURN: Final = 1
PHASE_DEMAND: Final = 2
PHASE_ORDER: Final = 3
PHASE_ALLOCATION: Final = 4
PHASE_SAMPLING: Final = 5
PHASES: Final = 6

# --- parameters of a stock point (int64, read only during a replication): array `parameter` --------------------
P_NODE: Final = 0
P_ITEM: Final = 1
P_POLICY: Final = 2  # a POLICY_* code
P_REORDER_POINT: Final = 3  # order when the inventory position is at or below this
P_ORDER_UP_TO: Final = 4  # target position of order-up-to policies
P_LOT: Final = 5  # lot of (R,nQ)
P_MINIMUM_ORDER: Final = 6  # minimum order quantity, >= 1
P_MULTIPLE: Final = 7  # orders are a multiple of this, >= 1
P_CAPACITY: Final = 8  # largest inventory position allowed, -1 without limit
P_SOURCE: Final = 9  # stock point that refills this one, -1 for none (suppliers)
P_LANE: Final = 10  # row of the lane table that serves this stock point, -1 for none
P_FLAGS: Final = 11  # SP_* bits
P_GROUP: Final = 12  # row of the binned series: node x ABC class
P_OWNER: Final = 13  # who owns the stock held here; 0 is the network itself
P_PRICE_BREAKS: Final = 14  # first row in the price break table, -1 for none
P_PRICE_BREAK_COUNT: Final = 15
PARAMETER_COLUMNS: Final = 16

SP_SUPPLIER: Final = 1  # outside source: never short, release limited by calendar and capacity
SP_STOCKED: Final = 2  # the node means to hold the item (others are ordered through)
SP_LOTS: Final = 4  # lots are tracked
SP_CRITICAL: Final = 8

POLICY_NONE: Final = 0  # never orders (suppliers)
POLICY_ORDER_UP_TO: Final = 1  # (s,S), min-max and base stock: at or below s, order up to S
POLICY_LOT: Final = 2  # (R,nQ): at or below R, the fewest lots that lift the position above R

# --- state of a stock point (int64): array `state` -------------------------------------------------------------
S_ON_HAND: Final = 0  # physically there, free to issue
S_RECORDED: Final = 1  # what the system believes is there; policies see this one
S_WAITING: Final = 2  # units owed to customers and to downstream stock points
S_ON_ORDER: Final = 3  # ordered and not yet received
S_QUEUE_HEAD: Final = 4  # first waiting request (row of the request pool), -1 for none
S_QUEUE_TAIL: Final = 5
S_LAST_MS: Final = 6  # statistics are settled up to here
S_FLAGS: Final = 7  # PENDING_* bits: work already on the agenda
S_LEAD_TIME_DRAWS: Final = 8  # draws taken from this stock point's lead-time stream
S_LAYER_HEAD: Final = 9  # oldest lot layer, -1 for none
S_LAYER_TAIL: Final = 10
S_CUSTOMERS_WAITING: Final = 11  # units of S_WAITING that customers are owed
S_IN_TRANSIT: Final = 12  # units dispatched to here and not yet received (dock and truck included)
STATE_COLUMNS: Final = 13

PENDING_REVIEW: Final = 1
PENDING_ALLOCATION: Final = 2

# --- totals of a stock point since the start of measurement (int64): array `total` ------------------------------
T_DEMAND_LINES: Final = 0
T_DEMAND_UNITS: Final = 1
T_LINES_AT_ONCE: Final = 2  # lines met in full, at once, from stock on hand
T_UNITS_AT_ONCE: Final = 3
T_UNITS_LOST: Final = 4
T_UNITS_ISSUED: Final = 5  # to customers, at once or later
T_WAIT_UNITS: Final = 6  # units issued after waiting
T_ORDERS: Final = 7  # orders placed by this stock point
T_UNITS_ORDERED: Final = 8
T_UNITS_RECEIVED: Final = 9
T_UNITS_DISPATCHED: Final = 10  # sent to downstream stock points
T_DEMAND_LINES_WAITED: Final = 11  # waiting lines served in full
T_ORDERS_URGENT: Final = 12
TOTAL_COLUMNS: Final = 13

# --- time integrals and float sums of a stock point (float64): array `area` --------------------------------------
A_ON_HAND: Final = 0  # unit-milliseconds
A_WAITING_CUSTOMERS: Final = 1
A_ON_ORDER: Final = 2
A_IN_TRANSIT: Final = 3
A_READY: Final = 4  # milliseconds with stock on hand
A_WAIT: Final = 5  # unit-milliseconds waited by customers' units that were served
A_AGE_OVER_90: Final = 6  # unit-milliseconds of lot-tracked stock older than 90 / 180 / 365 days
A_AGE_OVER_180: Final = 7
A_AGE_OVER_365: Final = 8
A_WAITING_ORDERS: Final = 9  # units owed to downstream stock points
AREA_COLUMNS: Final = 10

# --- what happened: codes in the event log ---------------------------------------------------------------------
E_RECEIPT: Final = 0
E_DEMAND: Final = 1
E_ISSUE: Final = 2
E_LOST: Final = 3
E_ORDER: Final = 4
E_DISPATCH: Final = 5  # a parcel leaves; reference is the order
E_STAGE: Final = 6  # goods allocated to an order are set down at the dock, to wait for a truck
E_LOAD: Final = 7
E_DEPART: Final = 8  # a truck leaves; item is -1, reference is the trip
E_ARRIVE: Final = 9
E_RETURN: Final = 10  # the truck is back at its base
EVENT_NAMES: Final = (
    "receipt",
    "demand",
    "issue",
    "lost",
    "order",
    "dispatch",
    "stage",
    "load",
    "depart",
    "arrive",
    "return",
)
