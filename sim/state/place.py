"""Puts the goods, debts and lots of a state in their places; called with the address of the model, then columns.

Everything goes through the stock keeper's own functions, so that levels, queues and lists agree.
"""

from sim import columns as c
from sim.flow import model as f
from sim.flow.agenda import want_allocation
from sim.flow.books import begin_days, change_stock
from sim.flow.lots import new_layer, put_layer
from sim.flow.parcels import send_parcel
from sim.flow.supply import pack, stage
from sim.flow.waiting import join_queue
from sim.jit import compiled
from sim.network import Int64Array
from sim.state.kinds import ABSENT


@compiled
def put_stock(address: int, point: Int64Array, on_hand: Int64Array, time: int) -> None:
    """Stock on hand, at the state's instant."""
    m = f.model_at(address)
    begin_days(m, time)
    for row in range(len(point)):
        change_stock(m, point[row], on_hand[row], time)


@compiled
def put_requests(
    address: int,
    at: Int64Array,
    ordering: Int64Array,
    quantity: Int64Array,
    since: Int64Array,
    reference: Int64Array,
    flags: Int64Array,
    cost: Int64Array,
) -> None:
    """Whoever waits joins the queue, and what is ordered counts as on order."""
    m = f.model_at(address)
    for row in range(len(at)):
        join_queue(m, at[row], ordering[row], quantity[row], since[row], reference[row], flags[row], cost[row])
        if ordering[row] >= 0:
            m.state[ordering[row], c.S_ON_ORDER] += quantity[row]


@compiled
def put_goods(
    address: int,
    point: Int64Array,
    source: Int64Array,
    quantity: Int64Array,
    order: Int64Array,
    arrives: Int64Array,
    dispatched: Int64Array,
    sequence: Int64Array,
    route: Int64Array,
    trip: Int64Array,
    cost: Int64Array,
    lane: Int64Array,
    placed: Int64Array,
) -> None:
    """Parcels on the road, lines at docks, and lines on trucks, chained in the order of the table."""
    m = f.model_at(address)
    for one in range(len(point)):
        row = pack(m, source[one], point[one], lane[one], quantity[one], order[one], f.NONE, cost[one], dispatched[one])
        placed[one] = row
        m.parcel[row, f.K_SEQUENCE] = sequence[one]
        m.parcel[row, f.K_TRIP] = trip[one]
        m.state[point[one], c.S_ON_ORDER] += quantity[one]
        if trip[one] <= f.TRIP_FROM_POOL:
            m.state[point[one], c.S_COMING] += quantity[one]
        if arrives[one] != ABSENT:
            m.parcel[row, f.K_ARRIVAL_MS] = arrives[one]
            send_parcel(m, row, f.NONE)
        elif trip[one] == f.NONE:
            stage(m, row, route[one])
        else:
            for before in range(one - 1, -1, -1):
                if route[before] == route[one] and trip[before] == trip[one]:
                    m.parcel[placed[before], f.K_NEXT] = row
                    break


@compiled
def put_layers(address: int, point: Int64Array, lot: Int64Array, quantity: Int64Array, time: int) -> None:
    """Lots on shelves."""
    m = f.model_at(address)
    for row in range(len(point)):
        put_layer(m, point[row], new_layer(m, lot[row], quantity[row], time), time)


@compiled
def put_into_parcels(address: int, parcel: Int64Array, lot: Int64Array, quantity: Int64Array, time: int) -> None:
    """Layers of goods under way, in order; those of one parcel are chained."""
    m = f.model_at(address)
    for one in range(len(parcel)):
        row = new_layer(m, lot[one], quantity[one], time)
        last = m.parcel[parcel[one], f.K_LAYER]
        if last == f.NONE:
            m.parcel[parcel[one], f.K_LAYER] = row
            continue
        while m.layer[last, f.Y_NEXT] != f.NONE:
            last = m.layer[last, f.Y_NEXT]
        m.layer[last, f.Y_NEXT] = row


@compiled
def want_allocations(address: int) -> None:
    """Whoever waits in an extract is served at once if he can be."""
    m = f.model_at(address)
    for point in range(len(m.state)):
        if m.state[point, c.S_QUEUE_HEAD] != f.NONE:
            want_allocation(m, point)
