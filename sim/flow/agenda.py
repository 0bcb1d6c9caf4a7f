"""What is left to do at the present instant: reviews and allocations, in the one total order.

An entry is a phase and a stock point; *late* entries (families) come after all stock points of their node.
"""

from sim import columns as c
from sim.flow import model as f
from sim.flow.model import NONE, FlowModel
from sim.jit import compiled, int64
from sim.jit_tables import prefetch

POINT_BITS = 40
PHASE_SHIFT = POINT_BITS + 1
POINT_MASK = (1 << POINT_BITS) - 1


@compiled
def note(m: FlowModel, phase: int, point: int, late: int) -> None:
    """Put (phase, stock point) on the agenda of this instant, a binary heap."""
    key = (phase << PHASE_SHIFT) | (point << 1) | late
    agenda = m.agenda
    hole = m.clock[f.C_AGENDA]
    m.clock[f.C_AGENDA] = hole + 1
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
    size = m.clock[f.C_AGENDA] - 1
    m.clock[f.C_AGENDA] = size
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
def inventory_position(m: FlowModel, point: int) -> int:
    """Recorded stock + on order - owed; with kanban, debts count only up to the stock."""
    state = m.state[point]
    free = state[c.S_RECORDED] - state[c.S_WAITING]
    if free < 0 and m.parameter[point, c.P_POLICY] == c.POLICY_KANBAN:
        free = 0
    return free + state[c.S_ON_ORDER]


@compiled
def want_review(m: FlowModel, point: int) -> None:
    """Review the stock point in this instant's phase 3, if its position has fallen to where it might order."""
    state, parameter = m.state[point], m.parameter[point]
    policy = parameter[c.P_POLICY]
    if policy == c.POLICY_PYTHON:
        _want_decision(m, point)
        return
    if inventory_position(m, point) > parameter[c.P_REORDER_POINT] or parameter[c.P_FLAGS] & c.SP_PERIODIC:
        return
    if policy == c.POLICY_CAN_ORDER:
        _want_family(m, parameter[c.P_POLICY_ROW])
        return
    if state[c.S_FLAGS] & c.PENDING_REVIEW == 0:
        state[c.S_FLAGS] |= c.PENDING_REVIEW
        note(m, int64(c.PHASE_ORDER), point, int64(0))
        source = parameter[c.P_SOURCE]  # will be ordered from within this instant
        if source != NONE:
            prefetch(m.state, source)
            prefetch(m.parameter, source)
            prefetch(m.area, source)


@compiled
def _want_family(m: FlowModel, family: int) -> None:
    """Review a family after all stock points of its node."""
    if m.family[family, f.FAMILY_PENDING] == 0:
        m.family[family, f.FAMILY_PENDING] = 1
        note(m, int64(c.PHASE_ORDER), m.family[family, f.FAMILY_LAST_OF_NODE], int64(1))


@compiled
def _want_decision(m: FlowModel, point: int) -> None:
    """Put the stock point on the list of those that a policy in Python is asked about."""
    if m.parameter[point, c.P_FLAGS] & c.SP_PERIODIC or m.state[point, c.S_FLAGS] & c.PENDING_REVIEW:
        return
    m.state[point, c.S_FLAGS] |= c.PENDING_REVIEW
    m.asked[m.clock[f.C_ASKED]] = point
    m.clock[f.C_ASKED] += 1


@compiled
def want_allocation(m: FlowModel, point: int) -> None:
    """Serve the stock point's queue in this instant's phase 4."""
    if m.state[point, c.S_FLAGS] & c.PENDING_ALLOCATION == 0:
        m.state[point, c.S_FLAGS] |= c.PENDING_ALLOCATION
        note(m, int64(c.PHASE_ALLOCATION), point, int64(0))
