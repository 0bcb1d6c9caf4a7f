"""Lots: which units came in when, and at what cost.

A stock point of a lot-tracked item holds its units in layers, one per lot, sorted by receipt date (FIFO) or by expiry
(FEFO), then by lot number. A layer that moves keeps its lot, so age and cost travel. The time that units spend beyond an age is
added up when they leave, so it is exact and costs nothing in between.
"""

from sim.columns import A_AGE_OVER_90, P_ITEM, S_LAYER_HEAD, S_LAYER_TAIL
from sim.flow_model import (
    C_LAYER_FREE,
    C_LAYERS_LEFT,
    C_LOTS,
    C_MEASURE_FROM_MS,
    I_COST_MILLI,
    I_FEFO,
    I_SHELF_LIFE_MS,
    LOT_EXPIRES_MS,
    LOT_ORDER,
    LOT_POINT,
    LOT_QUANTITY,
    LOT_RECEIVED_MS,
    LOT_UNIT_COST_MILLI,
    NEVER,
    NONE,
    Y_ENTERED_MS,
    Y_LOT,
    Y_NEXT,
    Y_QUANTITY,
    FlowModel,
)
from sim.jit import compiled

DAY_MS = 86_400_000


@compiled
def new_layer(m: FlowModel, lot: int, quantity: int, time: int) -> int:
    row = m.clock[C_LAYER_FREE]
    m.clock[C_LAYER_FREE] = m.layer[row, Y_NEXT]
    m.clock[C_LAYERS_LEFT] -= 1
    m.layer[row, Y_NEXT] = NONE
    m.layer[row, Y_LOT] = lot
    m.layer[row, Y_QUANTITY] = quantity
    m.layer[row, Y_ENTERED_MS] = time
    return row


@compiled
def free_layer(m: FlowModel, row: int) -> None:
    m.layer[row, Y_NEXT] = m.clock[C_LAYER_FREE]
    m.clock[C_LAYER_FREE] = row
    m.clock[C_LAYERS_LEFT] += 1


@compiled
def new_lot(m: FlowModel, point: int, order: int, received: int, unit_cost_milli: int, quantity: int) -> int:
    """Write down a lot that comes in from outside; lots are numbered in order of receipt."""
    lot = m.clock[C_LOTS]
    m.clock[C_LOTS] = lot + 1
    item = m.parameter[point, P_ITEM]
    life = m.item[item, I_SHELF_LIFE_MS]
    m.lot[lot, LOT_POINT] = point
    m.lot[lot, LOT_ORDER] = order
    m.lot[lot, LOT_RECEIVED_MS] = received
    m.lot[lot, LOT_EXPIRES_MS] = received + life if life >= 0 else NEVER
    m.lot[lot, LOT_UNIT_COST_MILLI] = unit_cost_milli if unit_cost_milli > 0 else m.item[item, I_COST_MILLI]
    m.lot[lot, LOT_QUANTITY] = quantity
    return lot


@compiled
def settle_age(m: FlowModel, point: int, row: int, quantity: int, time: int) -> None:
    """Add the unit-milliseconds that `quantity` units of a layer spent here beyond 90, 180 and 365 days."""
    since = max(m.layer[row, Y_ENTERED_MS], m.clock[C_MEASURE_FROM_MS])
    received = m.lot[m.layer[row, Y_LOT], LOT_RECEIVED_MS]
    column = A_AGE_OVER_90
    for days in (90, 180, 365):
        beyond = time - max(since, received + days * DAY_MS)
        if beyond > 0:
            m.area[point, column] += float(beyond) * quantity
        column += 1


@compiled
def take_layers(m: FlowModel, point: int, quantity: int, time: int) -> int:
    """Take `quantity` units off the first layers of a stock point; returns the head of the chain taken."""
    head = NONE
    tail = NONE
    left = quantity
    while left > 0:
        row = m.state[point, S_LAYER_HEAD]
        here = m.layer[row, Y_QUANTITY]
        taken = min(here, left)
        settle_age(m, point, row, taken, time)
        left -= taken
        if taken == here:
            m.state[point, S_LAYER_HEAD] = m.layer[row, Y_NEXT]
            m.layer[row, Y_NEXT] = NONE
        else:
            m.layer[row, Y_QUANTITY] = here - taken
            row = new_layer(m, m.layer[row, Y_LOT], taken, time)
        if head == NONE:
            head = row
        else:
            m.layer[tail, Y_NEXT] = row
        tail = row
    if m.state[point, S_LAYER_HEAD] == NONE:
        m.state[point, S_LAYER_TAIL] = NONE
    return head


@compiled
def use_layers(m: FlowModel, point: int, quantity: int, time: int) -> None:
    """Units that leave the network: take them and forget the layers."""
    row = take_layers(m, point, quantity, time)
    while row != NONE:
        following = m.layer[row, Y_NEXT]
        free_layer(m, row)
        row = following


@compiled
def split_layers(m: FlowModel, head: int, quantity: int, time: int) -> int:
    """Cut a chain after `quantity` units; returns the head of the rest (the chain has more than that)."""
    row = head
    left = quantity
    while m.layer[row, Y_QUANTITY] < left:
        left -= m.layer[row, Y_QUANTITY]
        row = m.layer[row, Y_NEXT]
    rest = m.layer[row, Y_NEXT]
    if m.layer[row, Y_QUANTITY] > left:
        more = new_layer(m, m.layer[row, Y_LOT], m.layer[row, Y_QUANTITY] - left, time)
        m.layer[more, Y_NEXT] = rest
        m.layer[row, Y_QUANTITY] = left
        rest = more
    m.layer[row, Y_NEXT] = NONE
    return rest


@compiled
def _before(m: FlowModel, item: int, lot: int, other: int) -> bool:
    column = LOT_EXPIRES_MS if m.item[item, I_FEFO] == 1 else LOT_RECEIVED_MS
    key, other_key = m.lot[lot, column], m.lot[other, column]
    return key < other_key or (key == other_key and lot < other)


@compiled
def put_layer(m: FlowModel, point: int, row: int, time: int) -> None:
    """Put one layer in its place among those of a stock point."""
    item = m.parameter[point, P_ITEM]
    lot = m.layer[row, Y_LOT]
    m.layer[row, Y_ENTERED_MS] = time
    tail = m.state[point, S_LAYER_TAIL]
    if tail == NONE:
        m.state[point, S_LAYER_HEAD] = row
        m.state[point, S_LAYER_TAIL] = row
        m.layer[row, Y_NEXT] = NONE
        return
    previous = NONE
    if not _before(m, item, lot, m.layer[tail, Y_LOT]):
        previous = tail
    else:
        here = m.state[point, S_LAYER_HEAD]
        while not _before(m, item, lot, m.layer[here, Y_LOT]):
            previous = here
            here = m.layer[here, Y_NEXT]
    if previous == NONE:
        m.layer[row, Y_NEXT] = m.state[point, S_LAYER_HEAD]
        m.state[point, S_LAYER_HEAD] = row
        return
    m.layer[row, Y_NEXT] = m.layer[previous, Y_NEXT]
    m.layer[previous, Y_NEXT] = row
    if previous == tail:
        m.state[point, S_LAYER_TAIL] = row
