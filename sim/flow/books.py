"""The books of a stock point: the only code that changes quantities, and what is kept of levels over time.

Physical and recorded stock move together here; devices and counts part them elsewhere.
"""

from sim import columns as c
from sim.flow import model as f
from sim.flow.lots import DAY_MS
from sim.flow.model import FlowModel
from sim.jit import compiled, int64


@compiled
def log(m: FlowModel, time: int, phase: int, point: int, event: int, quantity: int, reference: int) -> None:
    """Append to the event log, when it is kept."""
    if m.clock[f.C_EVENTS] == 1:
        _append_event(m, int64(time), int64(phase), int64(point), int64(event), int64(quantity), int64(reference))


@compiled
def _append_event(m: FlowModel, time: int, phase: int, point: int, event: int, quantity: int, reference: int) -> None:
    row = m.clock[f.C_EVENT_ROWS]
    m.clock[f.C_EVENT_ROWS] = row + 1
    m.event_out[row, 0] = time
    m.event_out[row, 1] = phase
    m.event_out[row, 2] = m.parameter[point, c.P_NODE]
    m.event_out[row, 3] = m.parameter[point, c.P_ITEM]
    m.event_out[row, 4] = event
    m.event_out[row, 5] = quantity
    m.event_out[row, 6] = reference


@compiled
def settle(m: FlowModel, point: int, time: int) -> None:
    """Add what the levels have held since they were last settled to the time integrals."""
    span = time - m.state[point, c.S_LAST_MS]
    if span <= 0:
        return
    m.state[point, c.S_LAST_MS] = time
    held = float(span)
    on_hand = m.state[point, c.S_ON_HAND]
    if on_hand > 0:
        m.area[point, c.A_READY] += held
        m.area[point, c.A_ON_HAND] += held * on_hand
    on_order = m.state[point, c.S_ON_ORDER]
    if on_order > 0:
        m.area[point, c.A_ON_ORDER] += held * on_order
    waiting = m.state[point, c.S_WAITING]
    if waiting > 0:
        customers = m.state[point, c.S_CUSTOMERS_WAITING]
        m.area[point, c.A_WAITING_CUSTOMERS] += held * customers
        m.area[point, c.A_WAITING_ORDERS] += held * (waiting - customers)


@compiled
def settle_group(m: FlowModel, group: int, time: int) -> None:
    """Add the value that a group has held since it was last settled to the present day."""
    m.series[m.clock[f.C_DAY], group, f.SERIES_VALUE] += m.group[group, 0] * (time - m.group[group, 1])
    m.group[group, 1] = time


@compiled
def begin_days(m: FlowModel, time: int) -> None:
    """Close every day that ends at or before `time`, so that `time` lies in the present day."""
    while time >= m.clock[f.C_DAY_END_MS]:
        for group in range(len(m.group)):
            settle_group(m, group, m.clock[f.C_DAY_END_MS])
        m.clock[f.C_DAY] += 1
        m.clock[f.C_DAY_END_MS] += DAY_MS


@compiled
def change_stock(m: FlowModel, point: int, quantity: int, time: int) -> None:
    """Stock that comes (positive) or goes; the statistics are settled to now first."""
    m.state[point, c.S_ON_HAND] += quantity
    m.state[point, c.S_RECORDED] += quantity
    group = m.parameter[point, c.P_GROUP]
    settle_group(m, group, time)
    m.group[group, 0] += 0.001 * quantity * m.parameter[point, c.P_COST_MILLI]
