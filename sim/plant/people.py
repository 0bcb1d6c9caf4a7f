"""People at devices (phase 2): who may draw, what the device gives, what is taken by mistake, what comes back."""

import numpy as np

from device_emulators.vending_machine import VEND_FAIL, VEND_JAM, VEND_WRONG
from device_emulators.vending_machine import turn_outcome as _turn_outcome
from sim import columns as c
from sim import network as net
from sim import plant_plan as plan
from sim.flow import model as f
from sim.flow.agenda import want_review
from sim.flow.books import log, settle
from sim.flow.model import NONE, FlowModel
from sim.flow.pooling import ask_for_line, ask_in_advance
from sim.flow.usage import pack_who, report_now, take_out
from sim.flow.waiting import join_queue
from sim.jit import compiled, int64
from sim.plant import model as q
from sim.plant.agenda import plan as plan_event
from sim.plant.chance import draw_word, duration
from sim.plant.model import PlantModel
from sim.plant.record import shift, take_reading, tell, tell_change, tell_wrongly
from sim.plant.working import running_time

turn_outcome = compiled(_turn_outcome)


# --- who --------------------------------------------------------------------------------------------------------------


@compiled
def machine_of_line(m: FlowModel, p: PlantModel, point: int, draw: int) -> int:
    """The machine that a person draws for, NONE in a plant without, and at a device of no plant."""
    if p.point[point, q.Q_PLANT] == NONE:
        return int64(NONE)
    plant = p.plant[p.point[point, q.Q_PLANT]]
    machines = plant[q.P_LAST_MACHINE] - plant[q.P_FIRST_MACHINE]
    if machines == 0:
        return int64(NONE)
    return int64(plant[q.P_FIRST_MACHINE] + int(draw_word(m, p, point, draw, int64(q.W_MACHINE)) * machines))


@compiled
def work_order_of(m: FlowModel, p: PlantModel, machine: int, time: int) -> int:
    """The work order that the machine's line is at, NONE without a machine."""
    if machine == NONE:
        return int64(NONE)
    line = p.machine[machine, q.A_LINE]
    return int64(running_time(p, line, time) // p.line[line, q.LINE_WORK_ORDER_MS])


@compiled
def _person(m: FlowModel, p: PlantModel, point: int, draw: int) -> tuple[int, bool]:
    """Who comes, and whether he may."""
    settings = p.point[point]
    first, number, allowed = settings[q.Q_FIRST_PERSON], settings[q.Q_PERSONS], True
    share = p.share[point, q.F_UNAUTHORISED]
    if share > 0.0 and draw_word(m, p, point, draw, int64(q.W_UNAUTHORISED)) < share:
        plant = p.plant[settings[q.Q_PLANT]]
        first, number, allowed = plant[q.P_FIRST_PERSON], plant[q.P_PERSONS], False
    if number == 0:
        return int64(NONE), allowed
    return int64(first + int(draw_word(m, p, point, draw, int64(q.W_PERSON)) * number)), allowed


@compiled
def _within_limit(p: PlantModel, point: int, person: int, quantity: int, time: int) -> bool:
    """Whether a person may draw that much in this shift; if so it counts towards the limit."""
    settings = p.point[point]
    if settings[q.Q_LIMIT] == 0 or person == NONE:
        return True
    plant = p.plant[settings[q.Q_PLANT]]
    shifts = p.shift[plant[q.P_FIRST_SHIFT] : plant[q.P_LAST_SHIFT]]
    number = np.searchsorted(shifts, time, side="right")
    row = settings[q.Q_LIMIT_ROW] + person - plant[q.P_FIRST_PERSON]
    used = p.limit[row, 1] if p.limit[row, 0] == number else 0
    if used + quantity > settings[q.Q_LIMIT]:
        return False
    p.limit[row, 0] = number
    p.limit[row, 1] = used + quantity
    return True


# --- a line -----------------------------------------------------------------------------------------------------------


@compiled
def person_line(m: FlowModel, p: PlantModel, point: int, quantity: int, flags: int, time: int) -> bool:
    """A person asks for `quantity` units at a device; returns whether he got all of it at once."""
    p.timer[q.T_PHASE] = c.PHASE_DEMAND
    line = m.clock[f.C_NEXT_LINE]
    m.clock[f.C_NEXT_LINE] = line + 1
    log(m, time, c.PHASE_DEMAND, point, c.E_DEMAND, quantity, line)
    settings, count = p.point[point], p.count[point]
    draw = settings[q.Q_DRAWS]
    settings[q.Q_DRAWS] = draw + 1
    person, allowed = _person(m, p, point, draw)
    if not allowed or not _within_limit(p, point, person, quantity, time):
        count[c.N_REFUSED] += 1
        log(m, time, c.PHASE_DEMAND, point, c.E_REFUSED, quantity, line)
        return False
    machine = machine_of_line(m, p, point, draw)
    who = pack_who(person, machine, work_order_of(m, p, machine, time))
    count[c.N_PERSON_LINES] += 1
    settle(m, point, time)
    available, given = _may_have(m, p, point, quantity, flags, time)
    faulty = time < settings[q.Q_JAMMED_UNTIL]
    if settings[q.Q_LOAN] == 1:
        flags |= net.DEMAND_LOST  # nobody waits for a loan
    got = int64(0)
    if given > 0:
        if settings[q.Q_LOAN] == 1:
            got = _lend(m, p, point, given, who, line, draw, time)
        elif settings[q.Q_DEVICE] == plan.DEVICE_VENDING:
            got = _vend(m, p, point, given, who, line, draw, time)
            faulty = got < given
        else:
            got = _take(m, p, point, given, who, line, draw, time)
            faulty = got < given
    return _end_line(m, p, point, quantity, got, available, faulty, flags, who, line, time)


@compiled
def _may_have(m: FlowModel, p: PlantModel, point: int, quantity: int, flags: int, time: int) -> tuple[int, int]:
    """What is there for a new line, and what of it the line may have; counts the line."""
    state, point_flags = m.state[point], m.parameter[point, c.P_FLAGS]
    nobody_waits = state[c.S_QUEUE_HEAD] == NONE
    if point_flags & c.SP_CUSTOMERS_FIRST:
        nobody_waits = state[c.S_CUSTOMERS_WAITING] == 0
    available = state[c.S_ON_HAND] if nobody_waits else 0
    if time < p.point[point, q.Q_JAMMED_UNTIL]:
        available = 0
    given = quantity
    if available < quantity:
        given = 0 if flags & net.DEMAND_WHOLE else available
    count_line(m, point, quantity)
    return available, given


@compiled
def count_line(m: FlowModel, point: int, quantity: int) -> None:
    """A line is asked for here."""
    series = m.series[m.clock[f.C_DAY], m.parameter[point, c.P_GROUP]]
    m.state[point, c.S_ASKED] += quantity
    m.total[point, c.T_DEMAND_LINES] += 1
    m.total[point, c.T_DEMAND_UNITS] += quantity
    series[f.SERIES_DEMAND_LINES] += 1
    series[f.SERIES_DEMAND_UNITS] += quantity


@compiled
def count_given(m: FlowModel, point: int, given: int) -> None:
    """Units of a line that are given at once."""
    m.total[point, c.T_UNITS_AT_ONCE] += given
    m.total[point, c.T_UNITS_ISSUED] += given
    m.series[m.clock[f.C_DAY], m.parameter[point, c.P_GROUP], f.SERIES_UNITS_AT_ONCE] += given


@compiled
def come_short(m: FlowModel, p: PlantModel, point: int, missing: int, line: int, time: int) -> bool:
    """A line is not met in full at once; whether the record alone kept more from being ordered."""
    report_now(m, time, point, missing, int64(c.R_SHORT), line)
    p.count[point, c.N_SHORT] += 1
    state = m.state[point]
    level = m.parameter[point, c.P_REORDER_POINT]
    coming = state[c.S_ON_ORDER] - state[c.S_WAITING]
    if state[c.S_RECORDED] + coming > level and state[c.S_ON_HAND] + coming <= level:
        p.count[point, c.N_SHORT_BY_RECORD] += 1
        return True
    return False


@compiled
def _end_line(
    m: FlowModel,
    p: PlantModel,
    point: int,
    quantity: int,
    got: int,
    available: int,
    faulty: bool,
    flags: int,
    who: int,
    line: int,
    time: int,
) -> bool:
    """What is not given is lost, or waits; then the stock point is reviewed."""
    rest = quantity - got
    point_flags = m.parameter[point, c.P_FLAGS]
    if rest == 0:
        m.total[point, c.T_LINES_AT_ONCE] += 1
        m.series[m.clock[f.C_DAY], m.parameter[point, c.P_GROUP], f.SERIES_LINES_AT_ONCE] += 1
    else:
        come_short(m, p, point, rest, line, time)
        if faulty:
            p.count[point, c.N_SHORT_BY_DEVICE] += 1
        if faulty or flags & net.DEMAND_LOST:
            m.total[point, c.T_UNITS_LOST] += rest
            log(m, time, c.PHASE_DEMAND, point, c.E_LOST, rest, line)
        else:
            whole = f.REQUEST_WHOLE if flags & net.DEMAND_WHOLE else 0
            join_queue(m, point, int64(NONE), rest, time, line, whole, who)
            if point_flags & c.SP_ASKS:
                ask_for_line(m, point, quantity - available, time)
    if point_flags & c.SP_ASKS and m.parameter[point, c.P_PREVENTIVE] >= 0:
        ask_in_advance(m, point, time)
    want_review(m, point)
    return rest == 0


# --- what the device gives --------------------------------------------------------------------------------------------


@compiled
def expired_units(m: FlowModel, point: int, quantity: int, time: int) -> int:
    """How many of the next `quantity` units are past their expiry."""
    if m.parameter[point, c.P_FLAGS] & c.SP_LOTS == 0:
        return int64(0)
    expired = int64(0)
    left = quantity
    row = m.state[point, c.S_LAYER_HEAD]
    while left > 0 and row != NONE:
        taken = min(left, m.layer[row, f.Y_QUANTITY])
        if m.lot[m.layer[row, f.Y_LOT], f.LOT_EXPIRES_MS] <= time:
            expired += taken
        left -= taken
        row = m.layer[row, f.Y_NEXT]
    return expired


@compiled
def hand_out(
    m: FlowModel, p: PlantModel, point: int, units: int, event: int, kind: int, who: int, line: int, time: int
) -> None:
    """Units leave the shelf; the record does not know yet (see `tell`)."""
    p.count[point, c.N_EXPIRED_ISSUED] += expired_units(m, point, units, time)
    p.point[point, q.Q_LAST_LOT] = take_out(m, point, units, time, kind, who, line)
    log(m, time, p.timer[q.T_PHASE], point, event, units, line)


@compiled
def _take(m: FlowModel, p: PlantModel, point: int, units: int, who: int, line: int, draw: int, time: int) -> int:
    """Units are taken from a shelf: the right ones, told by the device, or others."""
    share = p.share[point]
    if share[q.F_WRONG_ITEM] > 0.0 and draw_word(m, p, point, draw, int64(q.W_WRONG)) < share[q.F_WRONG_ITEM]:
        other = _neighbour(m, p, point)
        if other != NONE:
            _take_wrong(m, p, point, other, units, who, line, draw, time)
            return int64(0)
    hand_out(m, p, point, units, int64(c.E_ISSUE), int64(c.U_PERSON), who, line, time)
    count_given(m, point, units)
    tell(m, p, point, -units, draw_word(m, p, point, draw, int64(q.W_SCAN)), time)
    _may_come_back(m, p, point, who, line, draw, time)
    return units


@compiled
def _neighbour(m: FlowModel, p: PlantModel, point: int) -> int:
    """The next stock point of the node that has stock and is no tank, NONE without."""
    node = m.parameter[point, c.P_NODE]
    first, last = p.node_first[node], p.node_first[node + 1]
    for step in range(1, last - first):
        other = first + (point - first + step) % (last - first)
        if m.state[other, c.S_ON_HAND] > 0 and p.point[other, q.Q_DEVICE] != plan.DEVICE_TANK:
            return int64(other)
    return int64(NONE)


@compiled
def _take_wrong(
    m: FlowModel, p: PlantModel, point: int, other: int, units: int, who: int, line: int, draw: int, time: int
) -> None:
    """Another item is taken for the one that was wanted, and noticed at once, or too late."""
    units = min(units, m.state[other, c.S_ON_HAND])
    p.count[point, c.N_WRONG] += 1
    tell_wrongly(m, p, point, units, int64(c.D_WRONG_ITEM), draw_word(m, p, point, draw, int64(q.W_SCAN)), time)
    _leave_unnoticed(m, p, other, units, int64(c.D_WRONG_ITEM), who, line, time)
    if draw_word(m, p, point, draw, int64(q.W_FATE)) >= p.share[point, q.F_WRONG_FAILS]:
        return
    machine = machine_of_line(m, p, point, draw)
    if machine != NONE:
        later = duration(p.duration[point, q.X_WRONG], draw_word(m, p, point, draw, int64(q.W_FATE_TIME)))
        node = p.plant[p.machine[machine, q.A_PLANT], q.P_NODE]
        plan_event(p, time + max(later, 1), int64(c.PHASE_RETURN), node, int64(q.SORT_WRONG), machine, machine)


@compiled
def _leave_unnoticed(
    m: FlowModel, p: PlantModel, other: int, units: int, cause: int, who: int, line: int, time: int
) -> None:
    """Units of another item leave; only a sensor that reads what is there notices."""
    settle(m, other, time)
    log(m, time, c.PHASE_DEMAND, other, c.E_WRONG, units, line)
    p.point[other, q.Q_LAST_LOT] = take_out(m, other, units, time, int64(c.U_WRONG), who, line)
    sensor = p.point[other, q.Q_SENSOR]
    if sensor >= plan.SENSOR_RFID and sensor <= plan.SENSOR_LEVEL:
        shift(m, p, other, int64(c.D_UNDER_WAY), units, time)
        p.point[other, q.Q_UNTOLD] += units
        take_reading(m, p, other, time)
    else:
        shift(m, p, other, cause, units, time)
    want_review(m, other)


@compiled
def _vend(m: FlowModel, p: PlantModel, point: int, units: int, who: int, line: int, draw: int, time: int) -> int:
    """Turn by turn, one unit each; returns how many came out as they should."""
    share, got = p.share[point], int64(0)
    for turn in range(units):
        number = draw + turn
        p.point[point, q.Q_DRAWS] = number + 1
        p.count[point, c.N_TURNS] += 1
        outcome = turn_outcome(
            draw_word(m, p, point, number, int64(q.W_OUTCOME)),
            share[q.F_JAM],
            share[q.F_FAIL],
            share[q.F_WRONG_PRODUCT],
        )
        if outcome == VEND_JAM:
            _jam(m, p, point, line, number, time)
            break
        if outcome == VEND_FAIL:
            p.count[point, c.N_FAILED_VENDS] += 1
            if draw_word(m, p, point, number, int64(q.W_REFUND)) >= share[q.F_REFUND]:
                tell_change(m, p, point, int64(0), int64(-1), int64(c.D_FAILED_VEND), time)
            continue
        other = _neighbour(m, p, point) if outcome == VEND_WRONG else int64(NONE)
        if other != NONE:
            p.count[point, c.N_WRONG] += 1
            tell_change(m, p, point, int64(0), int64(-1), int64(c.D_WRONG_PRODUCT), time)
            _leave_unnoticed(m, p, other, int64(1), int64(c.D_WRONG_PRODUCT), who, line, time)
            continue
        hand_out(m, p, point, int64(1), int64(c.E_ISSUE), int64(c.U_PERSON), who, line, time)
        count_given(m, point, int64(1))
        tell(m, p, point, int64(-1), draw_word(m, p, point, number, int64(q.W_SCAN)), time)
        _may_come_back(m, p, point, who, line, number, time)
        got += 1
    return got


@compiled
def _jam(m: FlowModel, p: PlantModel, point: int, line: int, draw: int, time: int) -> None:
    p.count[point, c.N_JAMS] += 1
    log(m, time, c.PHASE_DEMAND, point, c.E_JAM, int64(0), line)
    row = p.duration[point, q.X_JAM]
    cleared = 0 if row[0] == NONE else duration(row, draw_word(m, p, point, draw, int64(q.W_TIME)))
    p.point[point, q.Q_JAMMED_UNTIL] = time + cleared


@compiled
def _lend(m: FlowModel, p: PlantModel, point: int, units: int, who: int, line: int, draw: int, time: int) -> int:
    """Units are lent one by one, each for a time of its own."""
    for turn in range(units):
        number = draw + turn
        p.point[point, q.Q_DRAWS] = number + 1
        p.count[point, c.N_TURNS] += 1
        p.count[point, c.N_LOANS] += 1
        hand_out(m, p, point, int64(1), int64(c.E_LOAN), int64(c.U_LOAN), who, line, time)
        count_given(m, point, int64(1))
        p.point[point, q.Q_ON_LOAN] += 1
        tell(m, p, point, int64(-1), draw_word(m, p, point, number, int64(q.W_SCAN)), time)
        out = duration(p.duration[point, q.X_LOAN], draw_word(m, p, point, number, int64(q.W_TIME)))
        _comes_back(m, p, point, who, line, number, int64(1), time + max(out, 1))
    return units


@compiled
def _may_come_back(m: FlowModel, p: PlantModel, point: int, who: int, line: int, draw: int, time: int) -> None:
    """One unit of a draw may turn out not to be needed."""
    share = p.share[point, q.F_PUT_BACK]
    if share > 0.0 and draw_word(m, p, point, draw, int64(q.W_RETURN)) < share:
        later = duration(p.duration[point, q.X_PUT_BACK], draw_word(m, p, point, draw, int64(q.W_TIME)))
        _comes_back(m, p, point, who, line, draw, int64(0), time + max(later, 1))


@compiled
def _comes_back(m: FlowModel, p: PlantModel, point: int, who: int, line: int, draw: int, loan: int, at: int) -> None:
    """Plan the return of the unit that was taken last."""
    row = p.timer[q.T_BACK_FREE]
    back = p.back[row]
    p.timer[q.T_BACK_FREE] = back[q.B_NEXT]
    p.timer[q.T_BACKS_LEFT] -= 1
    back[q.B_NEXT] = NONE
    back[q.B_POINT] = point
    back[q.B_LOT] = p.point[point, q.Q_LAST_LOT]
    back[q.B_WHO] = who
    back[q.B_LINE] = line
    back[q.B_LOAN] = loan
    back[q.B_DRAW] = draw
    node = m.parameter[point, c.P_NODE]
    plan_event(p, at, int64(c.PHASE_RETURN), node, int64(q.SORT_BACK), point, row)
