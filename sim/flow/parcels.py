"""Goods under way by parcel: who arrives next.

Parcels of lanes with a constant lead time arrive in the order in which they left, so each distinct lead time has a
list and the next arrival is at its head; all others wait in a binary heap. Parcels that arrive at one instant are
received by stock point, then in order of dispatch: when heads of lists tie, they go through the heap, which sorts
them.
"""

from sim.flow.model import (
    C_HEAP,
    C_NEXT_ARRIVAL_MS,
    C_PARCEL_FREE,
    C_PARCELS_LEFT,
    K_ARRIVAL_MS,
    K_INSPECTED,
    K_NEXT,
    K_POINT,
    K_SEQUENCE,
    NEVER,
    NONE,
    RING_ARRIVAL_MS,
    RING_HEAD,
    RING_TAIL,
    FlowModel,
)
from sim.jit import compiled
from sim.jit_tables import prefetch

SEQUENCE_BITS = 40


@compiled
def new_parcel(m: FlowModel) -> int:
    """Take a row from the pool; the caller has made sure that one is left."""
    row = m.clock[C_PARCEL_FREE]
    m.clock[C_PARCEL_FREE] = m.parcel[row, K_NEXT]
    m.clock[C_PARCELS_LEFT] -= 1
    m.parcel[row, K_NEXT] = NONE
    m.parcel[row, K_INSPECTED] = 0
    return row


@compiled
def free_parcel(m: FlowModel, row: int) -> None:
    """Give a row back to the pool."""
    m.parcel[row, K_NEXT] = m.clock[C_PARCEL_FREE]
    m.clock[C_PARCEL_FREE] = row
    m.clock[C_PARCELS_LEFT] += 1


@compiled
def heap_push(m: FlowModel, row: int) -> None:
    """Put a parcel in the heap by its arrival, stock point and sequence."""
    heap = m.heap
    time = m.parcel[row, K_ARRIVAL_MS]
    tie = (m.parcel[row, K_POINT] << SEQUENCE_BITS) | m.parcel[row, K_SEQUENCE]
    hole = m.clock[C_HEAP]
    m.clock[C_HEAP] = hole + 1
    while hole > 0:
        parent = (hole - 1) >> 1
        if heap[parent, 0] < time or (heap[parent, 0] == time and heap[parent, 1] <= tie):
            break
        heap[hole, 0] = heap[parent, 0]
        heap[hole, 1] = heap[parent, 1]
        heap[hole, 2] = heap[parent, 2]
        hole = parent
    heap[hole, 0] = time
    heap[hole, 1] = tie
    heap[hole, 2] = row


@compiled
def heap_pop(m: FlowModel) -> int:
    """Take the first parcel off the heap and return its row."""
    heap = m.heap
    first = heap[0, 2]
    size = m.clock[C_HEAP] - 1
    m.clock[C_HEAP] = size
    time, tie, row = heap[size, 0], heap[size, 1], heap[size, 2]
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            heap[right, 0] < heap[child, 0] or (heap[right, 0] == heap[child, 0] and heap[right, 1] < heap[child, 1])
        ):
            child = right
        if time < heap[child, 0] or (time == heap[child, 0] and tie <= heap[child, 1]):
            break
        heap[hole, 0] = heap[child, 0]
        heap[hole, 1] = heap[child, 1]
        heap[hole, 2] = heap[child, 2]
        hole = child
    heap[hole, 0] = time
    heap[hole, 1] = tie
    heap[hole, 2] = row
    return first


@compiled
def send_parcel(m: FlowModel, row: int, ring: int) -> None:
    """Put a parcel on its way; `ring` is the list of its lead time, or NONE."""
    arrival = m.parcel[row, K_ARRIVAL_MS]
    if arrival < m.clock[C_NEXT_ARRIVAL_MS]:
        m.clock[C_NEXT_ARRIVAL_MS] = arrival
    if ring == NONE:
        heap_push(m, row)
        return
    tail = m.ring[ring, RING_TAIL]
    if tail == NONE:
        m.ring[ring, RING_HEAD] = row
        m.ring[ring, RING_TAIL] = row
        m.ring[ring, RING_ARRIVAL_MS] = arrival
    elif m.parcel[tail, K_ARRIVAL_MS] <= arrival:
        m.parcel[tail, K_NEXT] = row
        m.ring[ring, RING_TAIL] = row
    else:
        heap_push(m, row)


@compiled
def _take_head(m: FlowModel, ring: int) -> int:
    row = m.ring[ring, RING_HEAD]
    following = m.parcel[row, K_NEXT]
    m.ring[ring, RING_HEAD] = following
    if following == NONE:
        m.ring[ring, RING_TAIL] = NONE
        m.ring[ring, RING_ARRIVAL_MS] = NEVER
    else:
        m.ring[ring, RING_ARRIVAL_MS] = m.parcel[following, K_ARRIVAL_MS]
        _fetch_ahead(m, following)
    m.parcel[row, K_NEXT] = NONE
    m.parcel[row, K_INSPECTED] = 0
    return row


@compiled
def _fetch_ahead(m: FlowModel, row: int) -> None:
    """The parcel after this one will be wanted soon, and so will the place where this one arrives."""
    point = m.parcel[row, K_POINT]
    prefetch(m.state, point)
    prefetch(m.area, point)
    prefetch(m.parameter, point)
    prefetch(m.parcel, max(m.parcel[row, K_NEXT], 0))


@compiled
def next_parcel(m: FlowModel) -> int:
    """Take the parcel that arrives next (there is one), and find out when the one after it comes."""
    time = m.clock[C_NEXT_ARRIVAL_MS]
    found = NONE
    due = 0
    for ring in range(len(m.ring)):
        if m.ring[ring, RING_ARRIVAL_MS] == time:
            due += 1
            found = ring
    if m.clock[C_HEAP] > 0 and m.heap[0, 0] == time:
        due += 1
    if due == 1 and found != NONE:
        row = _take_head(m, found)
        if m.ring[found, RING_ARRIVAL_MS] == time:
            due = 2
            heap_push(m, row)
    if due > 1:
        for ring in range(len(m.ring)):
            while m.ring[ring, RING_ARRIVAL_MS] == time:
                heap_push(m, _take_head(m, ring))
    if due > 1 or found == NONE:
        row = heap_pop(m)
    find_next_arrival(m)
    return row


@compiled
def find_next_arrival(m: FlowModel) -> None:
    """Set the clock's time of the next parcel arrival."""
    time = NEVER
    if m.clock[C_HEAP] > 0:
        time = m.heap[0, 0]
    for ring in range(len(m.ring)):
        time = min(time, m.ring[ring, RING_ARRIVAL_MS])
    m.clock[C_NEXT_ARRIVAL_MS] = time
