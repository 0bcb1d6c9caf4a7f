"""What machines want (phase 2): where it is found, and what happens where it is not."""

from sim import columns as c
from sim import plant_plan as plan
from sim.flow import model as f
from sim.flow.agenda import want_review
from sim.flow.books import log, settle
from sim.flow.model import NEVER, NONE, FlowModel
from sim.flow.pooling import ask_for_line, ask_in_advance
from sim.flow.usage import pack_who
from sim.flow.waiting import join_queue
from sim.jit import compiled, int64
from sim.plant import model as q
from sim.plant.chance import draw_word
from sim.plant.machines import due_of_flow, fail, go, least_due, look_at_hazard, plan_line, renew, stand, used_by_flow
from sim.plant.model import PlantModel
from sim.plant.people import come_short, count_given, count_line, hand_out, work_order_of
from sim.plant.record import tell
from sim.plant.working import running_time, working_time_left


@compiled
def line_event(m: FlowModel, p: PlantModel, line: int, time: int) -> None:
    """The line's least due is seen to; the line comes again for the next."""
    if p.line[line, q.LINE_EVENT_MS] != time:
        return
    p.line[line, q.LINE_EVENT_MS] = NEVER
    running = running_time(p, line, time)
    due, machine, use = least_due(p, line)
    if due <= running and p.line[line, q.LINE_STANDING] == 0:  # it may have stopped at this very instant
        if use == NONE:
            fail(m, p, machine, time)
        elif p.use[use, q.V_STATE] & q.USE_WAITS:
            _stop_at_shift_end(m, p, use, time)
        elif p.use[use, q.V_KIND] == plan.USE_FLOW:
            p.use[use, q.V_DUE] = NEVER
            book_flow(m, p, use, running, time)
            p.use[use, q.V_DUE] = due_of_flow(p, use)
        else:
            _want(m, p, use, running, time)
    plan_line(p, line, time)


@compiled
def _home(p: PlantModel, use: int) -> int:
    return int64(p.use_point[p.use[use, q.V_FIRST_POINT]])


@compiled
def _there(m: FlowModel, p: PlantModel, point: int, time: int) -> int:
    """Units that a machine may take here at once."""
    nobody_waits = m.state[point, c.S_QUEUE_HEAD] == NONE
    if m.parameter[point, c.P_FLAGS] & c.SP_CUSTOMERS_FIRST:
        nobody_waits = m.state[point, c.S_CUSTOMERS_WAITING] == 0
    if nobody_waits and time >= p.point[point, q.Q_JAMMED_UNTIL]:
        return int64(m.state[point, c.S_ON_HAND])
    return int64(0)


@compiled
def _want(m: FlowModel, p: PlantModel, use: int, running: int, time: int) -> None:
    """A machine wants its item: from its home, or from the others in order, or it is missing."""
    settings = p.use[use]
    quantity = settings[q.V_QUANTITY]
    for place in range(settings[q.V_FIRST_POINT], settings[q.V_LAST_POINT]):
        point = int64(p.use_point[place])
        if _there(m, p, point, time) >= quantity:
            if point != _home(p, use):
                p.count[_home(p, use), c.N_ELSEWHERE] += 1
            _give(m, p, use, point, quantity, quantity, time)
            renew(m, p, use, running, time)
            _look_whether_empty(m, p, use, time)
            return
    _miss(m, p, use, running, time)


@compiled
def _who(m: FlowModel, p: PlantModel, use: int, point: int, draw: int, time: int) -> int:
    """Somebody of maintenance (by the draw's words; NONE: not known who), the machine, and its work order."""
    machine = p.use[use, q.V_MACHINE]
    plant = p.plant[p.machine[machine, q.A_PLANT]]
    person = int64(NONE)
    if draw != NONE and plant[q.P_MAINTENANCE] > 0:
        chosen = int(draw_word(m, p, point, draw, int64(q.W_PERSON)) * plant[q.P_MAINTENANCE])
        person = int64(plant[q.P_FIRST_MAINTENANCE] + chosen)
    return pack_who(person, machine, work_order_of(m, p, machine, time))


@compiled
def _new_line(m: FlowModel, p: PlantModel, point: int, quantity: int, time: int) -> int:
    line = m.clock[f.C_NEXT_LINE]
    m.clock[f.C_NEXT_LINE] = line + 1
    log(m, time, p.timer[q.T_PHASE], point, c.E_DEMAND, quantity, line)
    settle(m, point, time)
    count_line(m, point, quantity)
    p.count[point, c.N_MACHINE_LINES] += 1
    return int64(line)


@compiled
def _give(m: FlowModel, p: PlantModel, use: int, point: int, quantity: int, given: int, time: int) -> None:
    """A line of `quantity` units for a machine, of which `given` are there; the rest is lost."""
    line = _new_line(m, p, point, quantity, time)
    draw = p.point[point, q.Q_DRAWS]
    p.point[point, q.Q_DRAWS] = draw + 1
    if given > 0:
        who = _who(m, p, use, point, draw, time)
        hand_out(m, p, point, given, int64(c.E_ISSUE), int64(c.U_MACHINE), who, line, time)
        count_given(m, point, given)
        tell(m, p, point, -given, draw_word(m, p, point, draw, int64(q.W_SCAN)), time)
    if given == quantity:
        m.total[point, c.T_LINES_AT_ONCE] += 1
        m.series[m.clock[f.C_DAY], m.parameter[point, c.P_GROUP], f.SERIES_LINES_AT_ONCE] += 1
    else:
        come_short(m, p, point, quantity - given, line, time)
        m.total[point, c.T_UNITS_LOST] += quantity - given
        log(m, time, p.timer[q.T_PHASE], point, c.E_LOST, quantity - given, line)
    if m.parameter[point, c.P_FLAGS] & c.SP_ASKS and m.parameter[point, c.P_PREVENTIVE] >= 0:
        ask_in_advance(m, point, time)
    want_review(m, point)


@compiled
def _miss(m: FlowModel, p: PlantModel, use: int, running: int, time: int) -> None:
    """Nobody of the plant has it: it waits at its home, and the machine stops, runs on, or stops later."""
    settings = p.use[use]
    home, quantity = _home(p, use), settings[q.V_QUANTITY]
    there = _there(m, p, home, time)
    line = _new_line(m, p, home, quantity, time)
    settings[q.V_BY_RECORD] = int64(come_short(m, p, home, quantity, line, time))
    who = _who(m, p, use, home, int64(NONE), time)
    flags = f.REQUEST_WHOLE | ((use + 1) << f.REQUEST_USE_SHIFT)
    join_queue(m, home, int64(NONE), quantity, time, line, flags, who)
    home_flags = m.parameter[home, c.P_FLAGS]
    if home_flags & c.SP_ASKS:
        ask_for_line(m, home, quantity - there, time)
        if m.parameter[home, c.P_PREVENTIVE] >= 0:
            ask_in_advance(m, home, time)
    want_review(m, home)
    settings[q.V_DUE] = NEVER
    settings[q.V_STATE] |= q.USE_OPEN
    _do_without(m, p, use, running, time)


@compiled
def _do_without(m: FlowModel, p: PlantModel, use: int, running: int, time: int) -> None:
    settings = p.use[use]
    machine = settings[q.V_MACHINE]
    if settings[q.V_MISSING] == plan.MISSING_STOP:
        _stop(m, p, use, time)
    elif settings[q.V_MISSING] == plan.MISSING_RUN_ON:
        settings[q.V_STATE] |= q.USE_OVERDUE
        look_at_hazard(p, machine, running)
    else:
        settings[q.V_STATE] |= q.USE_WAITS
        settings[q.V_DUE] = running + working_time_left(p, p.machine[machine, q.A_LINE], time)


@compiled
def _stop(m: FlowModel, p: PlantModel, use: int, time: int) -> None:
    settings = p.use[use]
    settings[q.V_STATE] |= q.USE_STOPS
    stand(m, p, settings[q.V_MACHINE], int64(c.STOP_MISSING), settings[q.V_ITEM], settings[q.V_BY_RECORD], time)


@compiled
def _stop_at_shift_end(m: FlowModel, p: PlantModel, use: int, time: int) -> None:
    p.use[use, q.V_STATE] &= ~q.USE_WAITS
    p.use[use, q.V_DUE] = NEVER
    _stop(m, p, use, time)


@compiled
def _look_whether_empty(m: FlowModel, p: PlantModel, use: int, time: int) -> None:
    """A machine that cannot run on an empty shelf (or tank) stops with the last unit, until there is stock."""
    settings = p.use[use]
    flow = settings[q.V_KIND] == plan.USE_FLOW
    home = _home(p, use)
    if not (settings[q.V_AT_EMPTY] == 1 or flow) or m.state[home, c.S_ON_HAND] > 0:
        return
    if settings[q.V_STATE] & q.USE_WATCHES:
        return
    settings[q.V_STATE] |= q.USE_WATCHES
    m.state[home, c.S_FLAGS] |= c.WATCHED
    if flow and settings[q.V_MISSING] == plan.MISSING_RUN_ON:
        settings[q.V_STATE] |= q.USE_OVERDUE
        look_at_hazard(p, settings[q.V_MACHINE], running_time(p, p.machine[settings[q.V_MACHINE], q.A_LINE], time))
        return
    settings[q.V_BY_RECORD] = int64(record_alone(m, home))
    _stop(m, p, use, time)


@compiled
def record_alone(m: FlowModel, point: int) -> bool:
    """Whether more would have been ordered if the record were right."""
    state, level = m.state[point], m.parameter[point, c.P_REORDER_POINT]
    coming = state[c.S_ON_ORDER] - state[c.S_WAITING]
    return bool(state[c.S_RECORDED] + coming > level and state[c.S_ON_HAND] + coming <= level)


@compiled
def book_flow(m: FlowModel, p: PlantModel, use: int, running: int, time: int) -> None:
    """Book what a flow has used since it was last booked, as far as the tank has it."""
    settings = p.use[use]
    used = used_by_flow(p, use, running)
    units = used - settings[q.V_BOOKED]
    settings[q.V_BOOKED] = used
    if units > 0:
        tank = _home(p, use)
        _give(m, p, use, tank, units, min(units, _there(m, p, tank, time)), time)
        _look_whether_empty(m, p, use, time)


@compiled
def item_event(m: FlowModel, p: PlantModel, use: int, time: int) -> None:
    """A machine hears that what it waits for is there."""
    settings = p.use[use]
    machine = settings[q.V_MACHINE]
    line = p.machine[machine, q.A_LINE]
    running = running_time(p, line, time)
    if settings[q.V_STATE] & q.USE_SERVED:
        settings[q.V_STATE] &= ~(q.USE_SERVED | q.USE_OPEN | q.USE_WAITS | q.USE_OVERDUE)
        look_at_hazard(p, machine, running)
        renew(m, p, use, running, time)
        if settings[q.V_STATE] & q.USE_STOPS == 0:
            _look_whether_empty(m, p, use, time)
            plan_line(p, line, time)
            return
        if settings[q.V_AT_EMPTY] == 1 and m.state[_home(p, use), c.S_ON_HAND] == 0:
            settings[q.V_STATE] |= q.USE_WATCHES
            m.state[_home(p, use), c.S_FLAGS] |= c.WATCHED
    elif settings[q.V_STATE] & q.USE_WATCHES:
        if m.state[_home(p, use), c.S_ON_HAND] == 0:
            return
        settings[q.V_STATE] &= ~q.USE_WATCHES
        _look_whether_watched(m, p, _home(p, use))
    if settings[q.V_STATE] & (q.USE_WATCHES | q.USE_OPEN):
        return
    overdue = settings[q.V_STATE] & q.USE_OVERDUE
    stops = settings[q.V_STATE] & q.USE_STOPS
    settings[q.V_STATE] &= ~(q.USE_OVERDUE | q.USE_STOPS)
    if overdue:
        look_at_hazard(p, machine, running)
    if stops:
        go(m, p, machine, time)
    else:
        plan_line(p, line, time)


@compiled
def _look_whether_watched(m: FlowModel, p: PlantModel, point: int) -> None:
    """Forget that machines wait for stock here once none does."""
    for use in range(len(p.use)):
        if p.use[use, q.V_STATE] & q.USE_WATCHES and _home(p, use) == point:
            return
    m.state[point, c.S_FLAGS] &= ~c.WATCHED
