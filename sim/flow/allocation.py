"""Who gets what is there (phase 4, and for waiting customers phase 0), and what being given it means."""

import numpy as np

from sim import columns as c
from sim.flow import model as f
from sim.flow.agenda import note, want_allocation
from sim.flow.books import change_stock, log, settle
from sim.flow.lots import take_layers, use_layers
from sim.flow.model import NONE, FlowModel
from sim.flow.supply import pack, send, stage, supplier_of
from sim.flow.usage import issue_billed, note_for_plants, report_now, take_out
from sim.flow.waiting import leave_queue
from sim.jit import compiled, int64
from sim.record.records import WAIT_EDGES_MS

SERVED_PER_STEP = 32
"""Queue entries served before the flow looks whether its buffers still have room."""


@compiled
def _issue_waiting(m: FlowModel, point: int, phase: int, row: int, given: int, time: int) -> None:
    """A waiting customer gets some or all of what he waits for."""
    if m.parameter[point, c.P_FLAGS] & c.SP_DEVICE or m.request[row, f.R_FLAGS] >> f.REQUEST_USE_SHIFT:
        _give_from_device(m, point, phase, row, given, time)
    elif m.parameter[point, c.P_FLAGS] & c.SP_BILLED:
        issue_billed(m, point, given, time, m.request[row, f.R_REFERENCE])
    else:
        change_stock(m, point, -given, time)
        if m.parameter[point, c.P_FLAGS] & c.SP_LOTS:
            use_layers(m, point, given, time)
    state, total, waited = m.state[point], m.total[point], time - m.request[row, f.R_TIME_MS]
    state[c.S_WAITING] -= given
    state[c.S_CUSTOMERS_WAITING] -= given
    m.request[row, f.R_LEFT] -= given
    total[c.T_UNITS_ISSUED] += given
    total[c.T_WAIT_UNITS] += given
    total[c.T_WAIT_UNIT_MS] += waited * given
    if time >= m.clock[f.C_MEASURE_FROM_MS]:
        bin_ = np.searchsorted(WAIT_EDGES_MS, waited, side="right") - 1
        m.wait[m.parameter[point, c.P_GROUP], bin_] += given
    log(m, time, phase, point, c.E_ISSUE, given, m.request[row, f.R_REFERENCE])


@compiled
def _give_from_device(m: FlowModel, point: int, phase: int, row: int, given: int, time: int) -> None:
    """A person or a machine that waited gets units: they are in the usage log, and a machine hears of it."""
    use = (m.request[row, f.R_FLAGS] >> f.REQUEST_USE_SHIFT) - 1
    kind = int64(c.U_QUEUE) if use == NONE else int64(c.U_MACHINE)
    who, line = m.request[row, f.R_UNIT_COST_MILLI], m.request[row, f.R_REFERENCE]
    take_out(m, point, given, time, kind, who, line)
    report_now(m, time, point, given, int64(c.R_BOOKED), line)
    if use != NONE:
        note_for_plants(m, use, point, phase)


@compiled
def _dispatch(m: FlowModel, point: int, row: int, given: int, time: int) -> None:
    """An order gets some or all of its goods: by parcel, or to the dock of a truck."""
    to, order, flags = m.request[row, f.R_POINT], m.request[row, f.R_REFERENCE], m.request[row, f.R_FLAGS]
    lane = flags >> f.REQUEST_LANE_SHIFT
    supplier = supplier_of(m, point)
    layer = NONE
    m.state[point, c.S_WAITING] -= given
    m.request[row, f.R_LEFT] -= given
    if supplier == NONE:
        change_stock(m, point, -given, time)
        if m.parameter[point, c.P_FLAGS] & c.SP_LOTS:
            layer = take_layers(m, point, given, time)
    parcel = pack(m, point, to, lane, given, order, layer, m.request[row, f.R_UNIT_COST_MILLI], time)
    route = m.lane[lane, f.L_ROUTE]
    if route == NONE or flags & f.REQUEST_URGENT:
        log(m, time, c.PHASE_ALLOCATION, point, c.E_DISPATCH, given, order)
        send(m, parcel, supplier, flags & f.REQUEST_URGENT != 0, time)
        return
    log(m, time, c.PHASE_ALLOCATION, point, c.E_STAGE, given, order)
    stage(m, parcel, route)
    dock = m.dock[route]
    full = dock[f.D_VOLUME_ML] >= dock[f.D_FULL_ML] or dock[f.D_WEIGHT_G] >= dock[f.D_FULL_G]
    if full or (dock[f.D_LINES] == 1 and dock[f.D_MAX_WAIT_MS] >= 0):
        m.dock[route, f.D_WAKE] = 1
        m.clock[f.C_WAKE] = 1


@compiled
def _may_have(m: FlowModel, row: int, there: int) -> int:
    """What an entry gets of the units that are there: all it wants, a part, or nothing if it wants all or nothing."""
    left = m.request[row, f.R_LEFT]
    if there >= left:
        return left
    return 0 if m.request[row, f.R_FLAGS] & f.REQUEST_WHOLE else there


@compiled
def serve_queue(m: FlowModel, point: int, phase: int, time: int) -> None:
    """Serve those who wait, by the stock point's rule."""
    settle(m, point, time)
    if phase == c.PHASE_ALLOCATION:
        m.state[point, c.S_FLAGS] &= ~c.PENDING_ALLOCATION
    if m.parameter[point, c.P_FLAGS] & c.SP_CUSTOMERS_FIRST:
        left = _serve_customers_first(m, point, phase, time)
    else:
        left = _serve_in_order(m, point, phase, time)
    if left:
        if phase == c.PHASE_ALLOCATION:
            want_allocation(m, point)
        else:
            note(m, phase, point, int64(0))


@compiled
def _serve_in_order(m: FlowModel, point: int, phase: int, time: int) -> bool:
    """First come first served, strictly: the first entry that cannot have what it wants ends the round.

    In the receipt phase only customers are served, and an order at the head makes the stock point allocate in phase 4.
    Returns whether more can be served at once.
    """
    state = m.state[point]
    supplier = m.parameter[point, c.P_FLAGS] & c.SP_SUPPLIER != 0
    for _ in range(SERVED_PER_STEP):
        row = state[c.S_QUEUE_HEAD]
        if row == NONE or (state[c.S_ON_HAND] == 0 and not supplier):
            return False
        customer = m.request[row, f.R_POINT] == NONE
        if phase == c.PHASE_RECEIPT and not customer:
            want_allocation(m, point)
            return False
        given = m.request[row, f.R_LEFT] if supplier else _may_have(m, row, state[c.S_ON_HAND])
        if given == 0:
            return False
        if customer:
            _issue_waiting(m, point, phase, row, given, time)
        else:
            _dispatch(m, point, row, given, time)
        if m.request[row, f.R_LEFT] > 0:
            return False
        leave_queue(m, point, int64(NONE), row)
    return True


@compiled
def _serve_customers_first(m: FlowModel, point: int, phase: int, time: int) -> bool:
    """Customers in their order; then, in phase 4, orders by the rule. Returns whether more can be served at once."""
    state, flags = m.state[point], m.parameter[point, c.P_FLAGS]
    if state[c.S_CUSTOMERS_WAITING] > 0:
        if _serve_customers(m, point, phase, time):
            return True
        if state[c.S_CUSTOMERS_WAITING] > 0:
            return False
    if state[c.S_WAITING] == 0:
        return False
    if phase == c.PHASE_RECEIPT:
        want_allocation(m, point)
        return False
    if flags & c.SP_FAIR_SHARE:
        return _share_out(m, point, time)
    return _serve_orders(m, point, flags & c.SP_PRIORITY != 0, time)


@compiled
def _serve_customers(m: FlowModel, point: int, phase: int, time: int) -> bool:
    """Customers in the order of the queue, strictly; orders among them are passed over."""
    served = 0
    previous = NONE
    row = m.state[point, c.S_QUEUE_HEAD]
    while row != NONE:
        following = m.request[row, f.R_NEXT]
        if m.request[row, f.R_POINT] != NONE:
            previous = row
        else:
            given = _may_have(m, row, m.state[point, c.S_ON_HAND])
            if given > 0:
                _issue_waiting(m, point, phase, row, given, time)
            if m.request[row, f.R_LEFT] > 0:
                return False
            leave_queue(m, point, previous, row)
            served += 1
            if served == SERVED_PER_STEP:
                return m.state[point, c.S_CUSTOMERS_WAITING] > 0
        row = following
    return False


@compiled
def _serve_orders(m: FlowModel, point: int, by_priority: bool, time: int) -> bool:
    """Orders from what exceeds the reserve, strictly: in the order of the queue, or by priority."""
    state, reserve = m.state[point], m.parameter[point, c.P_RESERVE]
    for _ in range(SERVED_PER_STEP):
        there = state[c.S_ON_HAND] - reserve
        if state[c.S_WAITING] == 0 or there <= 0:
            return False
        previous = _before_the_first(m, point) if by_priority else int64(NONE)
        row = state[c.S_QUEUE_HEAD] if previous == NONE else m.request[previous, f.R_NEXT]
        given = _may_have(m, row, there)
        if given == 0:
            return False
        _dispatch(m, point, row, given, time)
        if m.request[row, f.R_LEFT] > 0:
            return False
        leave_queue(m, point, previous, row)
    return True


@compiled
def _before_the_first(m: FlowModel, point: int) -> int:
    """The entry before the one that comes first by urgency, then by its lane's priority, then by its turn."""
    best_before = NONE
    best_rank = f.NEVER
    previous = NONE
    row = m.state[point, c.S_QUEUE_HEAD]
    while row != NONE:
        flags = m.request[row, f.R_FLAGS]
        rank = m.lane[flags >> f.REQUEST_LANE_SHIFT, f.L_PRIORITY]
        if flags & f.REQUEST_URGENT:
            rank = -f.NEVER
        if rank < best_rank:
            best_rank = rank
            best_before = previous
        previous = row
        row = m.request[row, f.R_NEXT]
    return best_before


@compiled
def _share_out(m: FlowModel, point: int, time: int) -> bool:
    """Give every order its share of what exceeds the reserve; worked out once, handed out step by step."""
    state = m.state[point]
    if state[c.S_FLAGS] & c.PENDING_SHARES == 0:
        there = state[c.S_ON_HAND] - m.parameter[point, c.P_RESERVE]
        if there <= 0:
            return False
        _work_out_shares(m, point, there)
    served = 0
    previous = NONE
    row = state[c.S_QUEUE_HEAD]
    while row != NONE:
        following = m.request[row, f.R_NEXT]
        given = m.request[row, f.R_ALLOTTED]
        if given > 0:
            if served == SERVED_PER_STEP:
                state[c.S_FLAGS] |= c.PENDING_SHARES
                return True
            m.request[row, f.R_ALLOTTED] = 0
            _dispatch(m, point, row, given, time)
            served += 1
        if m.request[row, f.R_LEFT] == 0:
            leave_queue(m, point, previous, row)
        else:
            previous = row
        row = following
    state[c.S_FLAGS] &= ~c.PENDING_SHARES
    return False


@compiled
def _work_out_shares(m: FlowModel, point: int, there: int) -> None:
    """Largest remainders: shares rounded down, then a unit each to those that lost most by rounding, ties by turn."""
    owed = m.state[point, c.S_WAITING]
    rest = there
    row = m.state[point, c.S_QUEUE_HEAD]
    while row != NONE:
        left = m.request[row, f.R_LEFT]
        share = left if owed <= there else left * there // owed
        m.request[row, f.R_ALLOTTED] = share
        rest -= share
        row = m.request[row, f.R_NEXT]
    if owed <= there:
        return
    for _ in range(rest):
        best = NONE
        best_remainder = int64(-1)
        row = m.state[point, c.S_QUEUE_HEAD]
        while row != NONE:
            exact = m.request[row, f.R_LEFT] * there
            rounded_down = m.request[row, f.R_ALLOTTED] == exact // owed
            if rounded_down and exact % owed > best_remainder:
                best_remainder = exact % owed
                best = row
            row = m.request[row, f.R_NEXT]
        m.request[best, f.R_ALLOTTED] += 1
