"""Lots: which units came in when, and at what cost.

A stock point of a lot-tracked item holds its units in layers, one per lot, sorted by receipt date (FIFO) or by expiry
(FEFO), then by lot number. A layer that moves keeps its lot, so age and cost travel. The time that units spend beyond
an age is added up when they leave, so it is exact and costs nothing in between.
"""

from sim.columns import A_AGE_OVER_90, P_ITEM, S_LAYER_HEAD, S_LAYER_TAIL
from sim.flow.model import (
    C_LAYER_FREE,
    C_LAYERS_LEFT,
    C_LOTS,
    C_MEASURE_FROM_MS,
    I_COST_MILLI,
    I_FEFO,
    I_SHELF_LIFE_MS,
    LAYER_COLUMNS,
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
    Y_RECEIVED_MS,
    Y_SORT_KEY,
    FlowModel,
)
from sim.jit import compiled

DAY_MS = 86_400_000


@compiled
def new_layer(m: FlowModel, lot: int, quantity: int, time: int) -> int:
    """A row for units of a lot, in no chain yet."""
    row = m.clock[C_LAYER_FREE]
    m.clock[C_LAYER_FREE] = m.layer[row, Y_NEXT]
    m.clock[C_LAYERS_LEFT] -= 1
    m.layer[row, Y_NEXT] = NONE
    m.layer[row, Y_LOT] = lot
    m.layer[row, Y_QUANTITY] = quantity
    m.layer[row, Y_ENTERED_MS] = time
    received = m.lot[lot, LOT_RECEIVED_MS]
    m.layer[row, Y_RECEIVED_MS] = received
    by_expiry = m.item[m.parameter[m.lot[lot, LOT_POINT], P_ITEM], I_FEFO] == 1
    m.layer[row, Y_SORT_KEY] = m.lot[lot, LOT_EXPIRES_MS] if by_expiry else received
    return row


@compiled
def _copy_layer(m: FlowModel, row: int, quantity: int) -> int:
    """Another layer of the same lot, with `quantity` units; the caller takes them off the first."""
    copy = m.clock[C_LAYER_FREE]
    m.clock[C_LAYER_FREE] = m.layer[copy, Y_NEXT]
    m.clock[C_LAYERS_LEFT] -= 1
    for column in range(LAYER_COLUMNS):
        m.layer[copy, column] = m.layer[row, column]
    m.layer[copy, Y_NEXT] = NONE
    m.layer[copy, Y_QUANTITY] = quantity
    return copy


@compiled
def free_layer(m: FlowModel, row: int) -> None:
    """Give a row back to the pool."""
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
    received = m.layer[row, Y_RECEIVED_MS]
    if time - received < 90 * DAY_MS:
        return
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
            row = _copy_layer(m, row, taken)
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
    """Take `quantity` units off the first layers of a stock point; they leave the network."""
    left = quantity
    while left > 0:
        row = m.state[point, S_LAYER_HEAD]
        here = m.layer[row, Y_QUANTITY]
        taken = min(here, left)
        settle_age(m, point, row, taken, time)
        left -= taken
        if taken < here:
            m.layer[row, Y_QUANTITY] = here - taken
        else:
            m.state[point, S_LAYER_HEAD] = m.layer[row, Y_NEXT]
            free_layer(m, row)
    if m.state[point, S_LAYER_HEAD] == NONE:
        m.state[point, S_LAYER_TAIL] = NONE


@compiled
def split_layers(m: FlowModel, head: int, quantity: int) -> int:
    """Cut a chain after `quantity` units; returns the head of the rest (the chain has more than that)."""
    row = head
    left = quantity
    while m.layer[row, Y_QUANTITY] < left:
        left -= m.layer[row, Y_QUANTITY]
        row = m.layer[row, Y_NEXT]
    rest = m.layer[row, Y_NEXT]
    if m.layer[row, Y_QUANTITY] > left:
        more = _copy_layer(m, row, m.layer[row, Y_QUANTITY] - left)
        m.layer[more, Y_NEXT] = rest
        m.layer[row, Y_QUANTITY] = left
        rest = more
    m.layer[row, Y_NEXT] = NONE
    return rest


@compiled
def _before(m: FlowModel, row: int, other: int) -> bool:
    """Whether one layer is issued before another: by receipt or expiry, then by lot number."""
    key, other_key = m.layer[row, Y_SORT_KEY], m.layer[other, Y_SORT_KEY]
    return key < other_key or (key == other_key and m.layer[row, Y_LOT] < m.layer[other, Y_LOT])


@compiled
def put_layer(m: FlowModel, point: int, row: int, time: int) -> None:
    """Put one layer in its place among those of a stock point."""
    m.layer[row, Y_ENTERED_MS] = time
    tail = m.state[point, S_LAYER_TAIL]
    if tail == NONE:
        m.state[point, S_LAYER_HEAD] = row
        m.state[point, S_LAYER_TAIL] = row
        m.layer[row, Y_NEXT] = NONE
        return
    previous = NONE
    if not _before(m, row, tail):
        previous = tail
    else:
        here = m.state[point, S_LAYER_HEAD]
        while not _before(m, row, here):
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
