"""The stock keeper: the only code that changes quantities.

Each function is one transition of docs/rules.md: a customer's demand, a review, an allocation, a receipt. Physical
and recorded stock move together here; devices and counts part them elsewhere.
"""

import numpy as np

from policies.ordering import order_quantity as _order_quantity
from sim.columns import (
    A_ON_HAND,
    A_ON_ORDER,
    A_READY,
    A_WAITING_CUSTOMERS,
    A_WAITING_ORDERS,
    E_DEMAND,
    E_DISPATCH,
    E_ISSUE,
    E_LOST,
    E_ORDER,
    E_RECEIPT,
    E_STAGE,
    P_CAPACITY,
    P_COST_MILLI,
    P_FLAGS,
    P_GROUP,
    P_ITEM,
    P_LANE,
    P_LOT,
    P_MINIMUM_ORDER,
    P_MULTIPLE,
    P_NODE,
    P_ORDER_UP_TO,
    P_POLICY,
    P_PRICE_BREAK_COUNT,
    P_PRICE_BREAKS,
    P_REORDER_POINT,
    P_SOURCE,
    PENDING_ALLOCATION,
    PENDING_REVIEW,
    PHASE_ALLOCATION,
    PHASE_DEMAND,
    PHASE_ORDER,
    PHASE_RECEIPT,
    S_CUSTOMERS_WAITING,
    S_FLAGS,
    S_LAST_MS,
    S_LAYER_HEAD,
    S_ON_HAND,
    S_ON_ORDER,
    S_QUEUE_HEAD,
    S_QUEUE_TAIL,
    S_RECORDED,
    S_WAITING,
    SP_LOTS,
    SP_SUPPLIER,
    SP_TRUCK,
    T_DEMAND_LINES,
    T_DEMAND_UNITS,
    T_LINES_AT_ONCE,
    T_UNITS_AT_ONCE,
    T_UNITS_ISSUED,
    T_UNITS_LOST,
    T_WAIT_UNIT_MS,
    T_WAIT_UNITS,
)
from sim.flow.lots import DAY_MS, new_layer, new_lot, put_layer, take_layers, use_layers
from sim.flow.model import (
    C_AGENDA,
    C_DAY,
    C_DAY_END_MS,
    C_EVENT_ROWS,
    C_EVENTS,
    C_MEASURE_FROM_MS,
    C_NEXT_LINE,
    C_NEXT_ORDER,
    C_ORDER_ROWS,
    C_REQUEST_FREE,
    C_REQUESTS_LEFT,
    C_SHIPMENT_ROWS,
    C_TRANSFER_ROWS,
    C_WAKE,
    D_FULL_G,
    D_FULL_ML,
    D_LINES,
    D_MAX_WAIT_MS,
    D_VOLUME_ML,
    D_WAKE,
    D_WEIGHT_G,
    I_CLASS,
    K_DISPATCHED_MS,
    K_LAYER,
    K_ORDER,
    K_POINT,
    K_QUANTITY,
    K_SOURCE,
    K_TRIP,
    K_UNIT_COST_MILLI,
    L_EXPRESS_CLASSES,
    L_ROUTE,
    L_WHOLE,
    NONE,
    R_FLAGS,
    R_LEFT,
    R_NEXT,
    R_POINT,
    R_REFERENCE,
    R_TIME_MS,
    R_UNIT_COST_MILLI,
    REQUEST_URGENT,
    REQUEST_WHOLE,
    SERIES_DEMAND_LINES,
    SERIES_DEMAND_UNITS,
    SERIES_LINES_AT_ONCE,
    SERIES_UNITS_AT_ONCE,
    SERIES_VALUE,
    Y_LOT,
    Y_NEXT,
    Y_QUANTITY,
    FlowModel,
)
from sim.flow.parcels import free_parcel
from sim.flow.supply import pack, send, stage, supplier_of
from sim.jit import compiled, int64
from sim.jit_tables import prefetch
from sim.network import DEMAND_LOST, DEMAND_WHOLE
from sim.record.records import WAIT_EDGES_MS

order_quantity = compiled(_order_quantity)

AGENDA_PHASE_BITS = 40
SERVED_PER_STEP = 32
"""Queue entries served before the flow looks whether its buffers still have room."""


# --- bookkeeping ----------------------------------------------------------------------------------------------------


@compiled
def log(m: FlowModel, time: int, phase: int, point: int, event: int, quantity: int, reference: int) -> None:
    """Append to the event log, when it is kept."""
    if m.clock[C_EVENTS] == 1:
        _append_event(m, int64(time), int64(phase), point, int64(event), int64(quantity), reference)


@compiled
def _append_event(m: FlowModel, time: int, phase: int, point: int, event: int, quantity: int, reference: int) -> None:
    row = m.clock[C_EVENT_ROWS]
    m.clock[C_EVENT_ROWS] = row + 1
    m.event_out[row, 0] = time
    m.event_out[row, 1] = phase
    m.event_out[row, 2] = m.parameter[point, P_NODE]
    m.event_out[row, 3] = m.parameter[point, P_ITEM]
    m.event_out[row, 4] = event
    m.event_out[row, 5] = quantity
    m.event_out[row, 6] = reference


@compiled
def settle(m: FlowModel, point: int, time: int) -> None:
    """Add what the levels have held since they were last settled to the time integrals."""
    span = time - m.state[point, S_LAST_MS]
    if span <= 0:
        return
    m.state[point, S_LAST_MS] = time
    held = float(span)
    on_hand = m.state[point, S_ON_HAND]
    if on_hand > 0:
        m.area[point, A_READY] += held
        m.area[point, A_ON_HAND] += held * on_hand
    on_order = m.state[point, S_ON_ORDER]
    if on_order > 0:
        m.area[point, A_ON_ORDER] += held * on_order
    waiting = m.state[point, S_WAITING]
    if waiting > 0:
        customers = m.state[point, S_CUSTOMERS_WAITING]
        m.area[point, A_WAITING_CUSTOMERS] += held * customers
        m.area[point, A_WAITING_ORDERS] += held * (waiting - customers)


@compiled
def settle_group(m: FlowModel, group: int, time: int) -> None:
    """Add the value that a group has held since it was last settled to the present day."""
    m.series[m.clock[C_DAY], group, SERIES_VALUE] += m.group[group, 0] * (time - m.group[group, 1])
    m.group[group, 1] = time


@compiled
def begin_days(m: FlowModel, time: int) -> None:
    """Close every day that ends at or before `time`, so that `time` lies in the present day."""
    while time >= m.clock[C_DAY_END_MS]:
        for group in range(len(m.group)):
            settle_group(m, group, m.clock[C_DAY_END_MS])
        m.clock[C_DAY] += 1
        m.clock[C_DAY_END_MS] += DAY_MS


@compiled
def change_stock(m: FlowModel, point: int, quantity: int, time: int) -> None:
    """Stock that comes (positive) or goes; the statistics are settled to now first."""
    m.state[point, S_ON_HAND] += quantity
    m.state[point, S_RECORDED] += quantity
    group = m.parameter[point, P_GROUP]
    settle_group(m, group, time)
    m.group[group, 0] += 0.001 * quantity * m.parameter[point, P_COST_MILLI]


# --- the agenda: work left to do at this instant --------------------------------------------------------------------


@compiled
def note(m: FlowModel, phase: int, point: int) -> None:
    """Put (phase, stock point) on the agenda of this instant, a binary heap."""
    key = (phase << AGENDA_PHASE_BITS) | point
    agenda = m.agenda
    hole = m.clock[C_AGENDA]
    m.clock[C_AGENDA] = hole + 1
    while hole > 0:
        parent = (hole - 1) >> 1
        if agenda[parent] <= key:
            break
        agenda[hole] = agenda[parent]
        hole = parent
    agenda[hole] = key


@compiled
def next_note(m: FlowModel) -> int:
    """Take the first entry off the agenda."""
    agenda = m.agenda
    first = agenda[0]
    size = m.clock[C_AGENDA] - 1
    m.clock[C_AGENDA] = size
    key = agenda[size]
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        if child + 1 < size and agenda[child + 1] < agenda[child]:
            child += 1
        if key <= agenda[child]:
            break
        agenda[hole] = agenda[child]
        hole = child
    agenda[hole] = key
    return first


@compiled
def want_review(m: FlowModel, point: int) -> None:
    """Review the stock point in this instant's phase 3, if its position has fallen to where it might order."""
    state = m.state[point]
    position = state[S_RECORDED] + state[S_ON_ORDER] - state[S_WAITING]
    if position <= m.parameter[point, P_REORDER_POINT] and state[S_FLAGS] & PENDING_REVIEW == 0:
        state[S_FLAGS] |= PENDING_REVIEW
        note(m, int64(PHASE_ORDER), point)
        source = m.parameter[point, P_SOURCE]  # will be ordered from within this instant
        if source != NONE:
            prefetch(m.state, source)
            prefetch(m.parameter, source)
            prefetch(m.area, source)


@compiled
def want_allocation(m: FlowModel, point: int) -> None:
    """Serve the stock point's queue in this instant's phase 4."""
    if m.state[point, S_FLAGS] & PENDING_ALLOCATION == 0:
        m.state[point, S_FLAGS] |= PENDING_ALLOCATION
        note(m, int64(PHASE_ALLOCATION), point)


# --- the queue of a stock point -------------------------------------------------------------------------------------


@compiled
def join_queue(
    m: FlowModel, at: int, point: int, quantity: int, time: int, reference: int, flags: int, unit_cost_milli: int
) -> None:
    """A customer (`point` NONE) or an ordering stock point waits at the end of the queue of `at`."""
    row = m.clock[C_REQUEST_FREE]
    request = m.request
    m.clock[C_REQUEST_FREE] = request[row, R_NEXT]
    m.clock[C_REQUESTS_LEFT] -= 1
    request[row, R_NEXT] = NONE
    request[row, R_POINT] = point
    request[row, R_LEFT] = quantity
    request[row, R_TIME_MS] = time
    request[row, R_REFERENCE] = reference
    request[row, R_FLAGS] = flags
    request[row, R_UNIT_COST_MILLI] = unit_cost_milli
    tail = m.state[at, S_QUEUE_TAIL]
    if tail == NONE:
        m.state[at, S_QUEUE_HEAD] = row
    else:
        request[tail, R_NEXT] = row
    m.state[at, S_QUEUE_TAIL] = row
    m.state[at, S_WAITING] += quantity
    if point == NONE:
        m.state[at, S_CUSTOMERS_WAITING] += quantity


@compiled
def leave_queue(m: FlowModel, at: int) -> None:
    """The head of the queue is satisfied."""
    row = m.state[at, S_QUEUE_HEAD]
    following = m.request[row, R_NEXT]
    m.state[at, S_QUEUE_HEAD] = following
    if following == NONE:
        m.state[at, S_QUEUE_TAIL] = NONE
    m.request[row, R_NEXT] = m.clock[C_REQUEST_FREE]
    m.clock[C_REQUEST_FREE] = row
    m.clock[C_REQUESTS_LEFT] += 1


# --- transitions ----------------------------------------------------------------------------------------------------


@compiled
def demand(m: FlowModel, point: int, quantity: int, flags: int, time: int) -> bool:
    """A customer asks for `quantity` units (phase 2); returns whether he got all of it at once."""
    line = m.clock[C_NEXT_LINE]
    m.clock[C_NEXT_LINE] = line + 1
    log(m, time, PHASE_DEMAND, point, E_DEMAND, quantity, line)
    settle(m, point, time)
    state, total = m.state[point], m.total[point]
    available = state[S_ON_HAND] if state[S_QUEUE_HEAD] == NONE else 0
    given = quantity
    if available < quantity:
        given = 0 if flags & DEMAND_WHOLE else available
    day = m.clock[C_DAY]
    series = m.series[day, m.parameter[point, P_GROUP]]
    total[T_DEMAND_LINES] += 1
    total[T_DEMAND_UNITS] += quantity
    series[SERIES_DEMAND_LINES] += 1
    series[SERIES_DEMAND_UNITS] += quantity
    if given > 0:
        change_stock(m, point, -given, time)
        if m.parameter[point, P_FLAGS] & SP_LOTS:
            use_layers(m, point, given, time)
        total[T_UNITS_AT_ONCE] += given
        total[T_UNITS_ISSUED] += given
        series[SERIES_UNITS_AT_ONCE] += given
        log(m, time, PHASE_DEMAND, point, E_ISSUE, given, line)
    rest = quantity - given
    if rest == 0:
        total[T_LINES_AT_ONCE] += 1
        series[SERIES_LINES_AT_ONCE] += 1
    elif flags & DEMAND_LOST:
        total[T_UNITS_LOST] += rest
        log(m, time, PHASE_DEMAND, point, E_LOST, rest, line)
    else:
        whole = REQUEST_WHOLE if flags & DEMAND_WHOLE else 0
        join_queue(m, point, int64(NONE), rest, time, line, whole, int64(0))
    want_review(m, point)
    return rest == 0


@compiled
def _unit_cost_milli(m: FlowModel, point: int, quantity: int) -> int:
    """What the supplier asks per unit for an order of this size."""
    cost = m.parameter[point, P_COST_MILLI]
    first = m.parameter[point, P_PRICE_BREAKS]
    for row in range(first, first + m.parameter[point, P_PRICE_BREAK_COUNT]):
        if m.price_break[row, 0] > quantity:
            break
        cost = m.price_break[row, 1]
    return cost


@compiled
def review(m: FlowModel, point: int, time: int) -> None:
    """Look at the inventory position and order what the policy says (phase 3)."""
    state, parameter = m.state[point], m.parameter[point]
    state[S_FLAGS] &= ~PENDING_REVIEW
    quantity = order_quantity(
        parameter[P_POLICY],
        parameter[P_REORDER_POINT],
        parameter[P_ORDER_UP_TO],
        parameter[P_LOT],
        parameter[P_MINIMUM_ORDER],
        parameter[P_MULTIPLE],
        parameter[P_CAPACITY],
        state[S_RECORDED] + state[S_ON_ORDER] - state[S_WAITING],
    )
    if quantity > 0:
        place_order(m, point, quantity, time)


@compiled
def place_order(m: FlowModel, point: int, quantity: int, time: int) -> None:
    """Order from the stock point's source, which is reviewed and allocates later in this instant."""
    order = m.clock[C_NEXT_ORDER]
    m.clock[C_NEXT_ORDER] = order + 1
    log(m, time, PHASE_ORDER, point, E_ORDER, quantity, order)
    state = m.state[point]
    source, lane = m.parameter[point, P_SOURCE], m.parameter[point, P_LANE]
    item_class = m.item[m.parameter[point, P_ITEM], I_CLASS]
    urgent = state[S_CUSTOMERS_WAITING] > 0 and (m.lane[lane, L_EXPRESS_CLASSES] >> item_class) & 1 == 1
    outside = m.parameter[source, P_FLAGS] & SP_SUPPLIER != 0
    cost = _unit_cost_milli(m, point, quantity) if outside else 0
    settle(m, point, time)
    state[S_ON_ORDER] += quantity
    flags = REQUEST_WHOLE if m.lane[lane, L_WHOLE] else 0
    if urgent:
        flags |= REQUEST_URGENT
    row = m.clock[C_ORDER_ROWS]
    m.clock[C_ORDER_ROWS] = row + 1
    m.order_out[row, 0] = time
    m.order_out[row, 1] = point
    m.order_out[row, 2] = source
    m.order_out[row, 3] = quantity
    m.order_out[row, 4] = cost
    m.order_out[row, 5] = 1 if urgent else 0
    prefetch(m.layer, max(m.state[source, S_LAYER_HEAD], 0))
    settle(m, source, time)
    join_queue(m, source, point, quantity, time, order, flags, cost)
    if outside:
        want_allocation(m, source)
    else:
        want_review(m, source)
        if m.state[source, S_ON_HAND] > 0:
            want_allocation(m, source)


@compiled
def _issue_waiting(m: FlowModel, point: int, phase: int, row: int, given: int, time: int) -> None:
    """A customer at the head of the queue gets some or all of what he waits for."""
    if m.parameter[point, P_FLAGS] & SP_LOTS:
        use_layers(m, point, given, time)
    state, total, waited = m.state[point], m.total[point], time - m.request[row, R_TIME_MS]
    state[S_CUSTOMERS_WAITING] -= given
    total[T_UNITS_ISSUED] += given
    total[T_WAIT_UNITS] += given
    total[T_WAIT_UNIT_MS] += waited * given
    if time >= m.clock[C_MEASURE_FROM_MS]:
        bin_ = np.searchsorted(WAIT_EDGES_MS, waited, side="right") - 1
        m.wait[m.parameter[point, P_GROUP], bin_] += given
    log(m, time, phase, point, E_ISSUE, given, m.request[row, R_REFERENCE])


@compiled
def _dispatch(m: FlowModel, point: int, row: int, given: int, time: int) -> None:
    """An order at the head of the queue gets some or all of its goods: by parcel, or to the dock of a truck."""
    to, order, flags = m.request[row, R_POINT], m.request[row, R_REFERENCE], m.request[row, R_FLAGS]
    supplier = supplier_of(m, point)
    layer = NONE
    if supplier == NONE and m.parameter[point, P_FLAGS] & SP_LOTS:
        layer = take_layers(m, point, given, time)
    parcel = pack(m, point, to, given, order, layer, m.request[row, R_UNIT_COST_MILLI], time)
    route = m.lane[m.parameter[to, P_LANE], L_ROUTE]
    if route == NONE or flags & REQUEST_URGENT:
        log(m, time, PHASE_ALLOCATION, point, E_DISPATCH, given, order)
        send(m, parcel, supplier, flags & REQUEST_URGENT != 0, time)
        return
    log(m, time, PHASE_ALLOCATION, point, E_STAGE, given, order)
    stage(m, parcel, route)
    dock = m.dock[route]
    full = dock[D_VOLUME_ML] >= dock[D_FULL_ML] or dock[D_WEIGHT_G] >= dock[D_FULL_G]
    if full or (dock[D_LINES] == 1 and dock[D_MAX_WAIT_MS] >= 0):
        m.dock[route, D_WAKE] = 1
        m.clock[C_WAKE] = 1


@compiled
def serve_queue(m: FlowModel, point: int, phase: int, time: int) -> None:
    """First come first served, strictly: the first entry that cannot have what it wants ends the round.

    In the receipt phase only customers are served, and an order at the head makes the stock point allocate in phase 4.
    """
    settle(m, point, time)
    state = m.state[point]
    supplier = m.parameter[point, P_FLAGS] & SP_SUPPLIER != 0
    if phase == PHASE_ALLOCATION:
        state[S_FLAGS] &= ~PENDING_ALLOCATION
    for _ in range(SERVED_PER_STEP):
        row = state[S_QUEUE_HEAD]
        if row == NONE or (state[S_ON_HAND] == 0 and not supplier):
            return
        customer = m.request[row, R_POINT] == NONE
        if phase == PHASE_RECEIPT and not customer:
            want_allocation(m, point)
            return
        left = m.request[row, R_LEFT]
        given = left
        if not supplier:
            if state[S_ON_HAND] < left:
                given = 0 if m.request[row, R_FLAGS] & REQUEST_WHOLE else state[S_ON_HAND]
            if given == 0:
                return
            change_stock(m, point, -given, time)
        state[S_WAITING] -= given
        if customer:
            _issue_waiting(m, point, phase, row, given, time)
        else:
            _dispatch(m, point, row, given, time)
        m.request[row, R_LEFT] = left - given
        if given < left:
            return
        leave_queue(m, point)
    if phase == PHASE_ALLOCATION:
        want_allocation(m, point)
    else:
        note(m, phase, point)


@compiled
def _receive_lots(m: FlowModel, row: int, time: int) -> None:
    """Put a parcel's lots on the shelf; goods from outside become a new lot."""
    parcel = m.parcel[row]
    point, source = parcel[K_POINT], parcel[K_SOURCE]
    layer = parcel[K_LAYER]
    if layer == NONE:
        lot = new_lot(m, point, parcel[K_ORDER], time, parcel[K_UNIT_COST_MILLI], parcel[K_QUANTITY])
        put_layer(m, point, new_layer(m, lot, parcel[K_QUANTITY], time), time)
        return
    while layer != NONE:
        following = m.layer[layer, Y_NEXT]
        out = m.clock[C_TRANSFER_ROWS]
        m.clock[C_TRANSFER_ROWS] = out + 1
        m.transfer_out[out, 0] = source
        m.transfer_out[out, 1] = point
        m.transfer_out[out, 2] = m.layer[layer, Y_LOT]
        m.transfer_out[out, 3] = m.layer[layer, Y_QUANTITY]
        m.transfer_out[out, 4] = time
        put_layer(m, point, layer, time)
        layer = following


@compiled
def write_shipment(m: FlowModel, row: int, received: int) -> None:
    """Append a parcel to the shipments table; `received` is NONE for goods still under way at the end."""
    out = m.clock[C_SHIPMENT_ROWS]
    m.clock[C_SHIPMENT_ROWS] = out + 1
    parcel = m.parcel[row]
    m.shipment_out[out, 0] = parcel[K_ORDER]
    m.shipment_out[out, 1] = parcel[K_POINT]
    m.shipment_out[out, 2] = parcel[K_SOURCE]
    m.shipment_out[out, 3] = parcel[K_QUANTITY]
    m.shipment_out[out, 4] = parcel[K_DISPATCHED_MS]
    m.shipment_out[out, 5] = received
    by_truck = m.parameter[parcel[K_POINT], P_FLAGS] & SP_TRUCK
    m.shipment_out[out, 6] = parcel[K_TRIP] if by_truck else NONE
    m.shipment_out[out, 7] = parcel[K_UNIT_COST_MILLI]


@compiled
def receive(m: FlowModel, row: int, time: int) -> None:
    """A parcel, or a line from a truck, comes in (phase 0): stock rises, then customers who wait are served."""
    point, quantity = m.parcel[row, K_POINT], m.parcel[row, K_QUANTITY]
    log(m, time, PHASE_RECEIPT, point, E_RECEIPT, quantity, m.parcel[row, K_ORDER])
    settle(m, point, time)
    state = m.state[point]
    state[S_ON_ORDER] -= quantity
    change_stock(m, point, quantity, time)
    if m.parameter[point, P_FLAGS] & SP_LOTS:
        _receive_lots(m, row, time)
    write_shipment(m, row, time)
    free_parcel(m, row)
    if state[S_QUEUE_HEAD] != NONE:
        serve_queue(m, point, int64(PHASE_RECEIPT), time)
