"""What is planned in plants: a heap of events by (time, phase, node, sort, number), then in the order of planning."""

from sim.flow.model import NEVER
from sim.jit import compiled, int64
from sim.plant import model as q
from sim.plant.model import PlantModel

_NODE_SHIFT = q.NUMBER_BITS + q.SORT_BITS
_PHASE_SHIFT = _NODE_SHIFT + q.NODE_BITS
_NODE_MASK = (1 << q.NODE_BITS) - 1
_SORT_MASK = (1 << q.SORT_BITS) - 1


@compiled
def _before(p: PlantModel, row: int, time: int, place: int, sequence: int) -> bool:
    """Whether an event of the heap comes before (time, place, sequence)."""
    heap = p.heap
    if heap[row, q.H_TIME] != time:
        return bool(heap[row, q.H_TIME] < time)
    if heap[row, q.H_PLACE] != place:
        return bool(heap[row, q.H_PLACE] < place)
    return bool(heap[row, q.H_SEQUENCE] < sequence)


@compiled
def _look_at_first(p: PlantModel) -> None:
    """Keep time and place of the first event where they are found at once."""
    timer = p.timer
    if timer[q.T_HEAP] == 0:
        timer[q.T_NEXT_MS] = NEVER
        return
    place = p.heap[0, q.H_PLACE]
    timer[q.T_NEXT_MS] = p.heap[0, q.H_TIME]
    timer[q.T_NEXT_PHASE] = place >> _PHASE_SHIFT
    timer[q.T_NEXT_NODE] = (place >> _NODE_SHIFT) & _NODE_MASK


@compiled
def plan(p: PlantModel, time: int, phase: int, node: int, sort: int, number: int, row: int) -> None:
    """Let something happen at (time, phase, node); the caller has made sure of room."""
    place = (((phase << q.NODE_BITS) | node) << _NODE_SHIFT) | (sort << q.NUMBER_BITS) | number
    heap, timer = p.heap, p.timer
    sequence = timer[q.T_NEXT_EVENT]
    timer[q.T_NEXT_EVENT] = sequence + 1
    hole = timer[q.T_HEAP]
    timer[q.T_HEAP] = hole + 1
    while hole > 0:
        parent = (hole - 1) >> 1
        if _before(p, parent, time, place, sequence):
            break
        for column in range(q.HEAP_COLUMNS):
            heap[hole, column] = heap[parent, column]
        hole = parent
    heap[hole, q.H_TIME] = time
    heap[hole, q.H_PLACE] = place
    heap[hole, q.H_SEQUENCE] = sequence
    heap[hole, q.H_ROW] = row
    _look_at_first(p)


@compiled
def next_event(p: PlantModel) -> tuple[int, int, int, int]:
    """Take the first event off: time, sort, number and row."""
    heap, timer = p.heap, p.timer
    time, place, row = heap[0, q.H_TIME], heap[0, q.H_PLACE], heap[0, q.H_ROW]
    size = timer[q.T_HEAP] - 1
    timer[q.T_HEAP] = size
    last_time, last_place = heap[size, q.H_TIME], heap[size, q.H_PLACE]
    last_sequence, last_row = heap[size, q.H_SEQUENCE], heap[size, q.H_ROW]
    hole = int64(0)
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        if child + 1 < size and _before(
            p, child + 1, heap[child, q.H_TIME], heap[child, q.H_PLACE], heap[child, q.H_SEQUENCE]
        ):
            child += 1
        if not _before(p, child, last_time, last_place, last_sequence):
            break
        for column in range(q.HEAP_COLUMNS):
            heap[hole, column] = heap[child, column]
        hole = child
    heap[hole, q.H_TIME] = last_time
    heap[hole, q.H_PLACE] = last_place
    heap[hole, q.H_SEQUENCE] = last_sequence
    heap[hole, q.H_ROW] = last_row
    _look_at_first(p)
    number = place & ((1 << q.NUMBER_BITS) - 1)
    return time, (place >> q.NUMBER_BITS) & _SORT_MASK, number, row
