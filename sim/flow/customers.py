"""A customer's demand (phase 2)."""

from sim import columns as c
from sim import network as net
from sim.flow import model as f
from sim.flow.agenda import want_review
from sim.flow.books import change_stock, log, settle
from sim.flow.lots import use_layers
from sim.flow.model import NONE, FlowModel
from sim.flow.pooling import ask_for_line, ask_in_advance
from sim.flow.usage import issue_billed, report_now
from sim.flow.waiting import join_queue
from sim.jit import compiled, int64


@compiled
def demand(m: FlowModel, point: int, quantity: int, flags: int, time: int) -> bool:
    """A customer asks for `quantity` units; returns whether he got all of it at once."""
    line = m.clock[f.C_NEXT_LINE]
    m.clock[f.C_NEXT_LINE] = line + 1
    log(m, time, c.PHASE_DEMAND, point, c.E_DEMAND, quantity, line)
    settle(m, point, time)
    state, total, point_flags = m.state[point], m.total[point], m.parameter[point, c.P_FLAGS]
    state[c.S_ASKED] += quantity
    nobody_waits = state[c.S_QUEUE_HEAD] == NONE
    if point_flags & c.SP_CUSTOMERS_FIRST:
        nobody_waits = state[c.S_CUSTOMERS_WAITING] == 0
    available = state[c.S_ON_HAND] if nobody_waits else 0
    given = quantity
    if available < quantity:
        given = 0 if flags & net.DEMAND_WHOLE else available
    series = m.series[m.clock[f.C_DAY], m.parameter[point, c.P_GROUP]]
    total[c.T_DEMAND_LINES] += 1
    total[c.T_DEMAND_UNITS] += quantity
    series[f.SERIES_DEMAND_LINES] += 1
    series[f.SERIES_DEMAND_UNITS] += quantity
    if given > 0:
        if point_flags & c.SP_BILLED:
            issue_billed(m, point, given, time, line)
        else:
            change_stock(m, point, -given, time)
            if point_flags & c.SP_LOTS:
                use_layers(m, point, given, time)
        total[c.T_UNITS_AT_ONCE] += given
        total[c.T_UNITS_ISSUED] += given
        series[f.SERIES_UNITS_AT_ONCE] += given
        log(m, time, c.PHASE_DEMAND, point, c.E_ISSUE, given, line)
    rest = quantity - given
    if point_flags & c.SP_BILLED:
        report_now(m, time, point, rest, int64(c.R_SHORT), line)
    if rest == 0:
        total[c.T_LINES_AT_ONCE] += 1
        series[f.SERIES_LINES_AT_ONCE] += 1
    elif flags & net.DEMAND_LOST:
        total[c.T_UNITS_LOST] += rest
        log(m, time, c.PHASE_DEMAND, point, c.E_LOST, rest, line)
    else:
        whole = f.REQUEST_WHOLE if flags & net.DEMAND_WHOLE else 0
        join_queue(m, point, int64(NONE), rest, time, line, whole, int64(0))
        if point_flags & c.SP_ASKS:
            ask_for_line(m, point, quantity - available, time)
    if point_flags & c.SP_ASKS and m.parameter[point, c.P_PREVENTIVE] >= 0:
        ask_in_advance(m, point, time)
    want_review(m, point)
    return rest == 0
