"""The queue of a stock point: customers and downstream orders, in the order in which they came."""

from sim import columns as c
from sim.flow import model as f
from sim.flow.model import NONE, FlowModel
from sim.jit import compiled


@compiled
def join_queue(
    m: FlowModel, at: int, point: int, quantity: int, time: int, reference: int, flags: int, unit_cost_milli: int
) -> None:
    """A customer (`point` NONE) or an ordering stock point waits at the end of the queue of `at`."""
    row = m.clock[f.C_REQUEST_FREE]
    request = m.request
    m.clock[f.C_REQUEST_FREE] = request[row, f.R_NEXT]
    m.clock[f.C_REQUESTS_LEFT] -= 1
    request[row, f.R_NEXT] = NONE
    request[row, f.R_POINT] = point
    request[row, f.R_LEFT] = quantity
    request[row, f.R_TIME_MS] = time
    request[row, f.R_REFERENCE] = reference
    request[row, f.R_FLAGS] = flags
    request[row, f.R_UNIT_COST_MILLI] = unit_cost_milli
    request[row, f.R_ALLOTTED] = 0
    tail = m.state[at, c.S_QUEUE_TAIL]
    if tail == NONE:
        m.state[at, c.S_QUEUE_HEAD] = row
    else:
        request[tail, f.R_NEXT] = row
    m.state[at, c.S_QUEUE_TAIL] = row
    m.state[at, c.S_WAITING] += quantity
    if point == NONE:
        m.state[at, c.S_CUSTOMERS_WAITING] += quantity


@compiled
def leave_queue(m: FlowModel, at: int, previous: int, row: int) -> None:
    """An entry is satisfied; `previous` is the one before it, NONE for the head."""
    following = m.request[row, f.R_NEXT]
    if previous == NONE:
        m.state[at, c.S_QUEUE_HEAD] = following
    else:
        m.request[previous, f.R_NEXT] = following
    if following == NONE:
        m.state[at, c.S_QUEUE_TAIL] = previous
    m.request[row, f.R_NEXT] = m.clock[f.C_REQUEST_FREE]
    m.clock[f.C_REQUEST_FREE] = row
    m.clock[f.C_REQUESTS_LEFT] += 1
