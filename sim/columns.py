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
# The first eight are read by every demand line; rows are two cache lines of 64 bytes.
P_REORDER_POINT: Final = 0  # order when the inventory position is at or below this
P_FLAGS: Final = 1  # SP_* bits
P_GROUP: Final = 2  # row of the binned series: node x ABC class
P_COST_MILLI: Final = 3  # the item's purchase cost, copied here by the engine
P_POLICY: Final = 4  # a POLICY_* code
P_ORDER_UP_TO: Final = 5  # target position of order-up-to policies
P_LOT: Final = 6  # lot of (R,nQ)
P_SOURCE: Final = 7  # stock point that refills this one, -1 for none (suppliers)
P_LANE: Final = 8  # row of the lane table that serves this stock point, -1 for none
P_NODE: Final = 9
P_ITEM: Final = 10
P_MINIMUM_ORDER: Final = 11  # minimum order quantity, >= 1
P_MULTIPLE: Final = 12  # orders are a multiple of this, >= 1
P_CAPACITY: Final = 13  # largest inventory position allowed, -1 without limit
P_PRICE_BREAKS: Final = 14  # first row in the price break table, -1 for none
P_PRICE_BREAK_COUNT: Final = 15
P_POLICY_ROW: Final = 16  # can-order: row in `Network.families`; Python: row in `Network.deciders`; -1 otherwise
P_FORECAST: Final = 17  # row of its forecast, -1 for none
P_SOURCING: Final = 18  # several sources: first row in `Network.alternatives`, -1 for one source
P_RESERVE: Final = 19  # units kept for own customers; orders from downstream get only what is above
P_POOL: Final = 20  # row in `Network.pools`, -1 outside any
P_HOLD_BACK: Final = 21  # in a pool: units it does not give away
P_PREVENTIVE: Final = 22  # in a pool: at or below this it asks before it is short; -1 never
P_PREVENTIVE_UP_TO: Final = 23  # and then asks for what is missing to this
PARAMETER_COLUMNS: Final = 24
ROW_PARAMETERS: Final = (P_POLICY_ROW, P_FORECAST, P_SOURCING, P_POOL, P_PREVENTIVE)
"""Columns that are -1 where they do not apply."""

SP_SUPPLIER: Final = 1  # outside source: never short, release limited by calendar and capacity
SP_STOCKED: Final = 2  # the node means to hold the item (others are ordered through)
SP_LOTS: Final = 4  # lots are tracked
SP_CRITICAL: Final = 8
SP_TRUCK: Final = 16  # served by truck; set by the engine
SP_PERIODIC: Final = 32  # reviewed at its node's review instants only
SP_ASKS: Final = 64  # asks its pool when a customer has to wait
SP_GIVES: Final = 128  # gives to others of its pool
SP_CUSTOMERS_FIRST: Final = 256  # own customers come before orders: some rule other than first come first served
SP_FAIR_SHARE: Final = 512  # orders share what is there in proportion
SP_PRIORITY: Final = 1024  # urgent orders first, then by the lanes' priority
SP_SPLIT: Final = 2048  # several sources: every order is split by their shares
SP_DEVICE: Final = 4096  # held by a device of `Network.plant_plan`: see docs/plant.md
SP_INSPECTED: Final = 8192  # deliveries are inspected before they are free to issue
SP_BILLED: Final = 16384  # a contract covers it: what it gives to customers, and what it cannot, is told row by row

POLICY_NONE: Final = 0  # never orders (suppliers)
POLICY_ORDER_UP_TO: Final = 1  # (s,S), min-max and base stock: at or below s, order up to S
POLICY_LOT: Final = 2  # (R,nQ): at or below R, the fewest lots that lift the position above R
POLICY_KANBAN: Final = 3  # bins of P_LOT units, the empty ones are ordered; P_ORDER_UP_TO is all bins full
POLICY_CAN_ORDER: Final = 4  # (s,c,S): when one of a family must order, those at or below c (P_LOT) order along
POLICY_PYTHON: Final = 5  # decided by a function of `Network.deciders`

# --- why an order was placed (column `kind` of the orders table) -----------------------------------------------
ORDER_USUAL: Final = 0
ORDER_EXPRESS: Final = 1  # goes by the lane's express service
ORDER_TRANSFER: Final = 2  # from another of the pool, because a customer had to wait
ORDER_EMERGENCY: Final = 3  # from outside the pool, because a customer had to wait and the pool had nothing
ORDER_PREVENTIVE: Final = 4  # from another of the pool, before anybody had to wait
ORDER_REBALANCING: Final = 5  # excess moved to where it is wanted
ORDER_KINDS: Final = ("usual", "express", "transfer", "emergency", "preventive", "rebalancing")

# --- state of a stock point (int64), two cache lines: array `state` ----------------------------------------------
S_ON_HAND: Final = 0  # physically there, free to issue
S_RECORDED: Final = 1  # what the system believes is there; policies see this one
S_WAITING: Final = 2  # units owed to customers and to downstream stock points
S_ON_ORDER: Final = 3  # ordered and not yet received
S_QUEUE_HEAD: Final = 4  # first waiting request (row of the request pool), -1 for none
S_QUEUE_TAIL: Final = 5
S_LAST_MS: Final = 6  # statistics are settled up to here
S_FLAGS: Final = 7  # PENDING_* bits: work already on the agenda
S_CUSTOMERS_WAITING: Final = 8  # units of S_WAITING that customers are owed
S_LEAD_TIME_DRAWS: Final = 9  # draws taken from this stock point's lead-time stream
S_LAYER_HEAD: Final = 10  # oldest lot layer, -1 for none
S_LAYER_TAIL: Final = 11
S_OWNER: Final = 12  # who owns the stock held here; 0 is the network itself
S_IN_TRANSIT: Final = 13  # units on their way to here (dock and truck included); filled in by `Twin.levels`
S_ASKED: Final = 14  # units asked for since time 0, by customers and by downstream orders
S_COMING: Final = 15  # units of S_ON_ORDER that come from the pool, or as an emergency
STATE_COLUMNS: Final = 16

PENDING_REVIEW: Final = 1
PENDING_ALLOCATION: Final = 2
PENDING_SHARES: Final = 4
WATCHED: Final = 8  # a machine waits until stock comes here

# --- totals of a stock point since the start of measurement (int64), one cache line: array `total` ---------------
T_DEMAND_LINES: Final = 0
T_DEMAND_UNITS: Final = 1
T_LINES_AT_ONCE: Final = 2  # lines met in full, at once, from stock on hand
T_UNITS_AT_ONCE: Final = 3
T_UNITS_LOST: Final = 4
T_UNITS_ISSUED: Final = 5  # to customers, at once or later
T_WAIT_UNITS: Final = 6  # units issued after waiting
T_WAIT_UNIT_MS: Final = 7  # their waiting time, summed over units
TOTAL_COLUMNS: Final = 8

# --- time integrals of a stock point (float64), one cache line: array `area` --------------------------------------
A_ON_HAND: Final = 0  # unit-milliseconds
A_READY: Final = 1  # milliseconds with stock on hand
A_ON_ORDER: Final = 2
A_WAITING_CUSTOMERS: Final = 3
A_WAITING_ORDERS: Final = 4  # units owed to downstream stock points
A_AGE_OVER_90: Final = 5  # unit-milliseconds of lot-tracked stock older than 90 / 180 / 365 days
A_AGE_OVER_180: Final = 6
A_AGE_OVER_365: Final = 7
AREA_COLUMNS: Final = 8

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
E_TRANSFER: Final = 11  # asks its pool, and is given; reference is the order. So do the next three
E_EMERGENCY: Final = 12
E_PREVENTIVE: Final = 13
E_REBALANCE: Final = 14
E_REFUSED: Final = 15  # a person may not draw that, or not that much; reference is the line
E_JAM: Final = 16  # a slot jams; reference is the line
E_WRONG: Final = 17  # units of another item leave instead; at that item; reference is the line
E_LOAN: Final = 18  # units are lent; reference is the line
E_LOAN_BACK: Final = 19  # lent units are back on the shelf; reference is the line they were lent for
E_LOAN_LOST: Final = 20  # lent units will not come back, or come back worn out
E_PUT_BACK: Final = 21  # a unit that was not needed comes back; reference is its line
E_SCRAP: Final = (
    22  # units are taken off the shelf: expired, or rejected by inspection; reference is the lot, or the order
)
E_LEAK: Final = 23  # units leak away
E_INSPECT: Final = 24  # a delivery goes to quarantine; reference is the order
E_REPORT: Final = 25  # a message arrives, and the record changes by the quantity; reference is its number
E_REPORT_LOST: Final = 26  # a message is lost; quantity 0
E_COUNT: Final = 27  # a count changes the record by the quantity
E_STOP: Final = 28  # a machine stops (node of the plant, item or -1); quantity is the cause, reference the machine
E_GO: Final = 29  # it can run again
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
    "transfer",
    "emergency",
    "preventive",
    "rebalance",
    "refused",
    "jam",
    "wrong",
    "loan",
    "loan back",
    "loan lost",
    "put back",
    "scrap",
    "leak",
    "inspect",
    "report",
    "report lost",
    "count",
    "stop",
    "go",
)

# --- why the record differs from the shelf: columns of the table of differences, and no other reason ------------
D_UNDER_WAY: Final = 0  # taken or put back, and not reported yet
D_LOST_REPORT: Final = 1  # the report was lost
D_MISSED_SCAN: Final = 2
D_FAILED_VEND: Final = 3  # nothing came out, and the machine did not notice
D_WRONG_PRODUCT: Final = 4  # the machine gave another item
D_WRONG_ITEM: Final = 5  # a person took another item
D_MISSED_TAG: Final = 6
D_STRAY_TAG: Final = 7
D_MIXED: Final = 8  # units lie on another item's scale
D_TARE: Final = 9
D_DRIFT: Final = 10
D_NOISE: Final = 11  # noise and resolution
D_STUCK: Final = 12  # the sensor shows an old value
D_METER: Final = 13
D_LEAK: Final = 14  # leaked past the meter
D_CLOCK: Final = 15  # a message counted twice, or not at all, because of the gateway's clock
D_COUNT: Final = 16  # miscounted
CAUSES: Final = 17
CAUSE_NAMES: Final = (
    "under way",
    "lost report",
    "missed scan",
    "failed vend",
    "wrong product",
    "wrong item",
    "missed tag",
    "stray tag",
    "mixed parts",
    "tare",
    "drift",
    "noise",
    "stuck sensor",
    "meter error",
    "leak",
    "clock",
    "miscount",
)

# --- what happened to units at a device (column `kind` of the usage table) --------------------------------------
U_PERSON: Final = 0  # drawn by a person
U_MACHINE: Final = 1  # drawn for a machine
U_QUEUE: Final = 2  # given to a person who had waited
U_WRONG: Final = 3  # taken by mistake
U_LOAN: Final = 4
U_LOAN_BACK: Final = 5
U_PUT_BACK: Final = 6
U_EXPIRED: Final = 7
U_LEAK: Final = 8
U_REJECTED: Final = 9  # of a delivery; it has never been on the shelf
U_LOAN_LOST: Final = 10  # of what was lent: it never comes back. Nothing leaves the shelf
U_LOAN_WORN: Final = 11  # of what was lent: scrapped on return. Nothing leaves the shelf
U_ISSUED: Final = 12  # given to a customer at a stock point without a device that a contract covers
USAGE_KINDS: Final = (
    "person",
    "machine",
    "queue",
    "wrong item",
    "loan",
    "loan back",
    "put back",
    "expired",
    "leak",
    "rejected",
    "loan lost",
    "loan worn",
    "issued",
)

# --- why the platform's record changed, or what it knows besides (column `kind` of the reports table) ------------
R_TOLD: Final = 0  # a device told it
R_COUNTED: Final = 1  # somebody counted
R_BOOKED: Final = 2  # handed to somebody, and booked at once
R_SHORT: Final = 3  # asked for and not given at once; the record stays
REPORT_KINDS: Final = ("told", "counted", "booked", "short")

# --- why a machine stopped (column `cause` of the stops table) --------------------------------------------------
STOP_OTHER: Final = 0  # a failure of its own
STOP_MISSING: Final = 1  # an item was missing
STOP_LATE: Final = 2  # a failure because an item was overdue
STOP_WRONG_ITEM: Final = 3  # a failure because a wrong item was put in
STOP_CAUSES: Final = ("other", "item missing", "item overdue", "wrong item")

# --- what devices count, per stock point since the start of measurement (int64): array `count` of the plant model --
N_PERSON_LINES: Final = 0  # lines of people, the refused left out
N_REFUSED: Final = 1
N_TURNS: Final = 2  # turns of vending machines, and loans asked for
N_JAMS: Final = 3
N_FAILED_VENDS: Final = 4  # noticed or not
N_WRONG: Final = 5  # wrong products and wrong items, at the item that was asked for
N_MISSED_SCANS: Final = 6
N_MESSAGES: Final = 7  # given to a gateway
N_DELIVERED: Final = 8
N_LOST: Final = 9
N_DELAY_MS: Final = 10  # from taking to arrival, of those delivered
N_READINGS: Final = 11
N_COUNTED: Final = 12
N_COUNTED_RIGHT: Final = 13  # the record was equal to the shelf
N_CORRECTED: Final = 14  # units by which counts changed the record, without sign
N_LOANS: Final = 15
N_LOANS_BACK: Final = 16
N_LOANS_LOST: Final = 17  # or worn out
N_PUT_BACK: Final = 18
N_EXPIRED: Final = 19  # units taken off
N_EXPIRED_ISSUED: Final = 20  # units issued although expired
N_LEAKED: Final = 21
N_REJECTED: Final = 22
N_MACHINE_LINES: Final = 23  # at the stock point that gave, or the home that owes
N_ELSEWHERE: Final = 24  # of a home: lines of its machines met by another stock point of the plant
N_SHORT: Final = 25  # lines of people and machines not met in full at once
N_SHORT_BY_RECORD: Final = 26  # of those: the position by record above the reorder point, the true one not
N_SHORT_BY_DEVICE: Final = 27  # of those: because of a jam, a failed vend, a wrong product or item
COUNT_COLUMNS: Final = 28

# --- time integrals of a device's stock point (float64): array `gap` ----------------------------------------------
# the first CAUSES columns: |difference| of each cause, unit-milliseconds
G_WRONG_MS: Final = CAUSES  # time in which the record was not equal to the shelf
G_UNITS: Final = CAUSES + 1  # |record - shelf|, unit-milliseconds
GAP_COLUMNS: Final = CAUSES + 2
