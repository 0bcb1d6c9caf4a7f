"""When ordered goods arrive: the supplier's release, the lead time of a lane, the parcel that carries them."""

from sim.chance.distributions import draw_duration
from sim.columns import P_ITEM, P_NODE, S_LEAD_TIME_DRAWS
from sim.flow.model import (
    C_NEXT_DISPATCH,
    C_REPLICATION,
    C_SEED,
    D_HEAD,
    D_LINES,
    D_TAIL,
    D_VOLUME_ML,
    D_WEIGHT_G,
    I_VOLUME_ML,
    I_WEIGHT_G,
    K_ARRIVAL_MS,
    K_DISPATCHED_MS,
    K_LANE,
    K_LAYER,
    K_NEXT,
    K_ORDER,
    K_POINT,
    K_QUANTITY,
    K_SEQUENCE,
    K_SOURCE,
    K_TRIP,
    K_UNIT_COST_MILLI,
    L_LAST_ARRIVAL_MS,
    L_OVERTAKING,
    L_RING,
    LF_EXPRESS,
    LF_KIND,
    NEVER,
    NONE,
    U_CAPACITY,
    U_CLOSED_FIRST,
    U_CLOSED_LAST,
    U_PERIOD,
    U_PERIOD_MS,
    U_USED,
    FlowModel,
)
from sim.flow.parcels import new_parcel, send_parcel
from sim.jit import compiled
from sim.network import DISTRIBUTION_CONSTANT, Float64Array, Uint64Array


@compiled
def _open_again(m: FlowModel, supplier: int, time: int) -> int:
    """The first instant at or after `time` outside the supplier's closed periods and outages."""
    for row in range(m.supplier[supplier, U_CLOSED_FIRST], m.supplier[supplier, U_CLOSED_LAST]):
        if time < m.closed[row, 0]:
            break
        if time < m.closed[row, 1]:
            time = m.closed[row, 1]
    return time


@compiled
def supplier_release(m: FlowModel, supplier: int, quantity: int, time: int) -> int:
    """When an order that reaches the supplier now is ready to leave, and book the capacity it takes."""
    opening = _open_again(m, supplier, time)
    capacity = m.supplier[supplier, U_CAPACITY]
    if capacity == 0:
        return opening
    period_ms = m.supplier[supplier, U_PERIOD_MS]
    period = opening // period_ms
    used = 0
    if period <= m.supplier[supplier, U_PERIOD]:
        period = m.supplier[supplier, U_PERIOD]
        used = m.supplier[supplier, U_USED]
    last_unit = used + quantity - 1
    period += last_unit // capacity
    m.supplier[supplier, U_PERIOD] = period
    m.supplier[supplier, U_USED] = last_unit % capacity + 1
    return _open_again(m, supplier, max(opening, period * period_ms))


@compiled
def _lead_time(m: FlowModel, point: int, lane: int, first: int) -> int:
    """Draw a parcel's lead time from the receiving stock point's own stream (constants take no draw)."""
    kind = int(m.lane_time[lane, first])
    if kind == DISTRIBUTION_CONSTANT:
        return int(m.lane_time[lane, first + 1] + 0.5) + int(m.lane_time[lane, first + 4])
    index = m.state[point, S_LEAD_TIME_DRAWS]
    m.state[point, S_LEAD_TIME_DRAWS] = index + 1
    return drawn_duration(m, m.lane_time[lane, first : first + LF_EXPRESS], m.stream[point], index)


@compiled
def drawn_duration(m: FlowModel, time: Float64Array, stream: Uint64Array, index: int) -> int:
    """Draw number `index` of a stream, as a duration; `time` is kind, a, b, c, offset."""
    seed, replication = m.clock[C_SEED], m.clock[C_REPLICATION]
    kind, offset = int(time[0]), int(time[4])
    return draw_duration(kind, time[1], time[2], time[3], offset, stream[0], stream[1], seed, replication, index)


@compiled
def pack(
    m: FlowModel, source: int, point: int, lane: int, quantity: int, order: int, layer: int, cost: int, time: int
) -> int:
    """Take a parcel row for goods that leave `source` for `point` now."""
    row = new_parcel(m)
    parcel = m.parcel
    sequence = m.clock[C_NEXT_DISPATCH]
    m.clock[C_NEXT_DISPATCH] = sequence + 1
    parcel[row, K_ARRIVAL_MS] = NEVER
    parcel[row, K_POINT] = point
    parcel[row, K_SOURCE] = source
    parcel[row, K_QUANTITY] = quantity
    parcel[row, K_ORDER] = order
    parcel[row, K_DISPATCHED_MS] = time
    parcel[row, K_SEQUENCE] = sequence
    parcel[row, K_TRIP] = NONE
    parcel[row, K_LAYER] = layer
    parcel[row, K_UNIT_COST_MILLI] = cost
    parcel[row, K_LANE] = lane
    return row


@compiled
def send(m: FlowModel, row: int, supplier: int, urgent: bool, time: int) -> None:
    """Send a packed parcel by the lane's own lead time, or by express."""
    point = m.parcel[row, K_POINT]
    lane = m.parcel[row, K_LANE]
    release = time
    if supplier != NONE:
        release = supplier_release(m, supplier, m.parcel[row, K_QUANTITY], time)
    ring = NONE
    if urgent:
        arrival = max(release + _lead_time(m, point, lane, LF_EXPRESS), time + 1)
    else:
        ring = m.lane[lane, L_RING]
        arrival = max(release + _lead_time(m, point, lane, LF_KIND), time + 1)
        if m.lane[lane, L_OVERTAKING] == 0:
            arrival = max(arrival, m.lane[lane, L_LAST_ARRIVAL_MS])
            m.lane[lane, L_LAST_ARRIVAL_MS] = arrival
    m.parcel[row, K_ARRIVAL_MS] = arrival
    send_parcel(m, row, ring)


@compiled
def stage(m: FlowModel, row: int, route: int) -> None:
    """Set a packed line down at the dock of a route, behind the ones already there."""
    tail = m.dock[route, D_TAIL]
    if tail == NONE:
        m.dock[route, D_HEAD] = row
    else:
        m.parcel[tail, K_NEXT] = row
    m.dock[route, D_TAIL] = row
    m.parcel[row, K_NEXT] = NONE
    item = m.parameter[m.parcel[row, K_POINT], P_ITEM]
    m.dock[route, D_VOLUME_ML] += m.parcel[row, K_QUANTITY] * m.item[item, I_VOLUME_ML]
    m.dock[route, D_WEIGHT_G] += m.parcel[row, K_QUANTITY] * m.item[item, I_WEIGHT_G]
    m.dock[route, D_LINES] += 1


@compiled
def supplier_of(m: FlowModel, point: int) -> int:
    """Row of the supplier that owns this stock point, NONE for the network's own."""
    return m.node_supplier[m.parameter[point, P_NODE]]
