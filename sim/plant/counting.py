"""Counts and midnight (phase 1; counting drivers: phase 0): when somebody looks at what is really there."""

from sim import columns as c
from sim import plant_plan as plan
from sim.flow import model as f
from sim.flow.agenda import want_review
from sim.flow.books import log, settle
from sim.flow.model import NONE, FlowModel
from sim.flow.usage import pack_who, report_now, take_out
from sim.jit import compiled, int64
from sim.plant import model as q
from sim.plant.chance import word
from sim.plant.machines import due_of_flow, plan_line
from sim.plant.model import PlantModel
from sim.plant.record import forget_differences, is_stuck, settle_gap, shift
from sim.plant.uses import book_flow
from sim.plant.working import running_time


@compiled
def book_flows_of(m: FlowModel, p: PlantModel, point: int, time: int) -> None:
    """Book what flows have used of a tank up to now."""
    for use in range(p.point[point, q.Q_FIRST_FLOW], p.point[point, q.Q_LAST_FLOW]):
        settings = p.use[use]
        if settings[q.V_KIND] == plan.USE_FLOW and p.use_point[settings[q.V_FIRST_POINT]] == point:
            line = p.machine[settings[q.V_MACHINE], q.A_LINE]
            book_flow(m, p, use, running_time(p, line, time), time)
            settings[q.V_DUE] = due_of_flow(p, use)
            plan_line(p, line, time)


@compiled
def count_point(m: FlowModel, p: PlantModel, point: int, time: int) -> None:
    """Somebody counts what is there, and the record becomes what he found."""
    settings = p.point[point]
    settle_gap(m, p, point, time)
    before = m.state[point, c.S_RECORDED]
    found = _found(m, p, point)
    count = p.count[point]
    count[c.N_COUNTED] += 1
    if before == m.state[point, c.S_ON_HAND]:
        count[c.N_COUNTED_RIGHT] += 1
    count[c.N_CORRECTED] += abs(found - before)
    forget_differences(m, p, point, time)
    shift(m, p, point, int64(c.D_COUNT), found - m.state[point, c.S_ON_HAND], time)
    settings[q.Q_COUNT_MS] = time
    settings[q.Q_COUNT_MESSAGE] = p.timer[q.T_NEXT_MESSAGE]
    settings[q.Q_COUNTS] += 1
    settings[q.Q_CALIBRATED_MS] = time
    settings[q.Q_OFF_PLATE] = 0
    settings[q.Q_FOREIGN_MG] = 0
    if is_stuck(m, p, point, time):
        settings[q.Q_STUCK_TO] = time
    change = m.state[point, c.S_RECORDED] - before
    settings[q.Q_CORRECTED] += change
    report_now(m, time, point, -change, int64(c.R_COUNTED), int64(NONE))
    log(m, time, p.timer[q.T_PHASE], point, c.E_COUNT, change, 0)
    want_review(m, point)


@compiled
def _found(m: FlowModel, p: PlantModel, point: int) -> int:
    there = m.state[point, c.S_ON_HAND]
    share = p.share[point, q.F_COUNT_ERROR]
    if share == 0.0:
        return int64(there)
    key, index = p.stream[point, q.STREAM_COUNT], 2 * p.point[point, q.Q_COUNTS]
    if word(m, key, index) >= share:
        return int64(there)
    if word(m, key, index + 1) < 0.5:
        return int64(max(there - 1, 0))
    return int64(there + 1)


@compiled
def take_off_expired(m: FlowModel, p: PlantModel, point: int, time: int) -> None:
    """Midnight at a device that blocks what is expired: lots are taken off, from the first on."""
    nobody = pack_who(int64(NONE), int64(NONE), int64(NONE))
    taken = False
    while True:
        row = m.state[point, c.S_LAYER_HEAD]
        if row == NONE:
            break
        lot, units = m.layer[row, f.Y_LOT], int64(0)
        if m.lot[lot, f.LOT_EXPIRES_MS] > time:
            break
        while row != NONE and m.layer[row, f.Y_LOT] == lot:  # deliveries of one lot may lie one after the other
            units += m.layer[row, f.Y_QUANTITY]
            row = m.layer[row, f.Y_NEXT]
        settle(m, point, time)
        take_out(m, point, units, time, int64(c.U_EXPIRED), nobody, int64(NONE))
        p.count[point, c.N_EXPIRED] += units
        log(m, time, c.PHASE_RETURN, point, c.E_SCRAP, units, lot)
        taken = True
    if taken:
        want_review(m, point)
