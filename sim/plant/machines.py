"""Lines and machines: what wears out and runs dry, what fails, what stands, and for how long.

Dues are in running time of the line, which stands still while any of its machines stands. A line has one event, at the
least due of its machines and their uses.
"""

import math

from sim import columns as c
from sim import plant_plan as plan
from sim.flow import model as f
from sim.flow.model import NEVER, NONE, FlowModel
from sim.jit import compiled, int64
from sim.plant import model as q
from sim.plant.agenda import plan as plan_event
from sim.plant.chance import duration, is_constant, word
from sim.plant.model import PlantModel
from sim.plant.working import instant_of, running_time, working_time

_FAILURE, _REPAIR = 0, 1  # streams of a machine


@compiled
def log_machine(m: FlowModel, p: PlantModel, time: int, machine: int, event: int, item: int, cause: int) -> None:
    """Append to the event log, when it is kept: at the plant's node."""
    clock = m.clock
    if clock[f.C_EVENTS] == 1:
        row = clock[f.C_EVENT_ROWS]
        clock[f.C_EVENT_ROWS] = row + 1
        m.event_out[row, 0] = time
        m.event_out[row, 1] = p.timer[q.T_PHASE]
        m.event_out[row, 2] = p.plant[p.machine[machine, q.A_PLANT], q.P_NODE]
        m.event_out[row, 3] = item
        m.event_out[row, 4] = event
        m.event_out[row, 5] = cause
        m.event_out[row, 6] = machine


# --- the line's event -------------------------------------------------------------------------------------------------


@compiled
def least_due(p: PlantModel, line: int) -> tuple[int, int, int]:
    """The least due of a line, and whose it is: a machine's failure (machine, NONE) or a use (machine, use)."""
    due, which_machine, which_use = int64(NEVER), int64(NONE), int64(NONE)
    first, last = p.line[line, q.LINE_FIRST_MACHINE], p.line[line, q.LINE_LAST_MACHINE]
    if first == last:
        return due, which_machine, which_use
    for machine in range(first, last):
        if p.machine[machine, q.A_DUE] < due:
            due, which_machine = p.machine[machine, q.A_DUE], int64(machine)
    for use in range(p.machine[first, q.A_FIRST_USE], p.machine[last - 1, q.A_LAST_USE]):
        if p.use[use, q.V_DUE] < due:
            due, which_machine, which_use = p.use[use, q.V_DUE], p.use[use, q.V_MACHINE], int64(use)
    return due, which_machine, which_use


@compiled
def plan_line(p: PlantModel, line: int, time: int) -> None:
    """Plan the line's event at its least due; a line that stands has none."""
    settings = p.line[line]
    settings[q.LINE_EVENT_MS] = NEVER
    if settings[q.LINE_STANDING] > 0:
        return
    due, _, _ = least_due(p, line)
    if due == NEVER:
        return
    instant = max(instant_of(p, line, due + settings[q.LINE_LOST_MS]), time)
    if instant >= NEVER:
        return
    settings[q.LINE_EVENT_MS] = instant
    node = p.plant[settings[q.LINE_PLANT], q.P_NODE]
    plan_event(p, instant, int64(c.PHASE_DEMAND), node, int64(q.SORT_LINE), line, line)


# --- standing and going -----------------------------------------------------------------------------------------------


@compiled
def stand(m: FlowModel, p: PlantModel, machine: int, cause: int, item: int, by_record: int, time: int) -> None:
    """One more reason for which a machine stands; with the first it stops, and so does its line."""
    settings = p.machine[machine]
    settings[q.A_STANDS] += 1
    if settings[q.A_STANDS] > 1:
        return
    settings[q.A_CAUSE] = cause
    settings[q.A_ITEM] = item
    settings[q.A_BY_RECORD] = by_record
    settings[q.A_SINCE_MS] = time
    settings[q.A_LOST_MS] = 0
    log_machine(m, p, time, machine, int64(c.E_STOP), item, cause)
    line = p.line[settings[q.A_LINE]]
    line[q.LINE_STANDING] += 1
    if line[q.LINE_STANDING] == 1:
        # working time first: the line still runs for it
        at = working_time(p, settings[q.A_LINE], time)
        line[q.LINE_DOWN_AT] = at
        line[q.LINE_BLAMED] = machine
        line[q.LINE_BLAMED_AT] = at


@compiled
def go(m: FlowModel, p: PlantModel, machine: int, time: int) -> None:
    """One reason less for which a machine stands; without any it can run again."""
    settings = p.machine[machine]
    settings[q.A_STANDS] -= 1
    if settings[q.A_STANDS] > 0:
        return
    log_machine(m, p, time, machine, int64(c.E_GO), int64(NONE), int64(0))
    number = settings[q.A_LINE]
    line = p.line[number]
    at = working_time(p, number, time)
    if line[q.LINE_BLAMED] == machine:
        settings[q.A_LOST_MS] += at - line[q.LINE_BLAMED_AT]
    line[q.LINE_STANDING] -= 1
    write_stop(p, machine, time)
    if line[q.LINE_STANDING] == 0:
        line[q.LINE_LOST_MS] += at - line[q.LINE_DOWN_AT]
        plan_line(p, number, time)
    elif line[q.LINE_BLAMED] == machine:
        line[q.LINE_BLAMED] = _standing_longest(p, number)
        line[q.LINE_BLAMED_AT] = at


@compiled
def _standing_longest(p: PlantModel, line: int) -> int:
    longest = int64(NONE)
    for machine in range(p.line[line, q.LINE_FIRST_MACHINE], p.line[line, q.LINE_LAST_MACHINE]):
        if p.machine[machine, q.A_STANDS] == 0:
            continue
        if longest == NONE or p.machine[machine, q.A_SINCE_MS] < p.machine[longest, q.A_SINCE_MS]:
            longest = int64(machine)
    return longest


@compiled
def write_stop(p: PlantModel, machine: int, end_ms: int) -> None:
    """Append to the stops table; `end_ms` NONE for one that still stands at the end."""
    settings = p.machine[machine]
    row = p.timer[q.T_STOP_ROWS]
    p.timer[q.T_STOP_ROWS] = row + 1
    p.stop_out[row, 0] = machine
    p.stop_out[row, 1] = settings[q.A_CAUSE]
    p.stop_out[row, 2] = settings[q.A_ITEM]
    p.stop_out[row, 3] = settings[q.A_SINCE_MS]
    p.stop_out[row, 4] = end_ms
    p.stop_out[row, 5] = settings[q.A_LOST_MS]
    p.stop_out[row, 6] = settings[q.A_BY_RECORD]


# --- failures ---------------------------------------------------------------------------------------------------------


@compiled
def draw_failure(m: FlowModel, p: PlantModel, machine: int, running: int) -> None:
    """The machine's next failure of its own, from this running time on."""
    hazard = p.hazard[machine]
    if hazard[q.Z_RATE] == 0.0:
        return
    index = 2 * p.machine[machine, q.A_FAILURES]
    hazard[q.Z_LEFT] = -math.log(1.0 - word(m, p.machine_stream[machine, _FAILURE], index))
    hazard[q.Z_AT] = running
    _due_of_failure(p, machine, running)


@compiled
def _due_of_failure(p: PlantModel, machine: int, running: int) -> None:
    hazard = p.hazard[machine]
    left = hazard[q.Z_LEFT] / (hazard[q.Z_RATE] * hazard[q.Z_FACTOR])
    p.machine[machine, q.A_DUE] = running + max(int64(math.floor(left + 0.5)), 1)


@compiled
def look_at_hazard(p: PlantModel, machine: int, running: int) -> None:
    """The failure factor is that of the overdue uses; where it changes, the failure that is to come moves."""
    factor = 1.0
    for use in range(p.machine[machine, q.A_FIRST_USE], p.machine[machine, q.A_LAST_USE]):
        if p.use[use, q.V_STATE] & q.USE_OVERDUE:
            factor *= p.figure[use, q.Y_FACTOR]
    hazard = p.hazard[machine]
    if factor == hazard[q.Z_FACTOR]:
        return
    if hazard[q.Z_RATE] > 0.0 and p.machine[machine, q.A_OWN_FAILURE] == 0:
        passed = (running - hazard[q.Z_AT]) * hazard[q.Z_RATE] * hazard[q.Z_FACTOR]
        hazard[q.Z_LEFT] = max(hazard[q.Z_LEFT] - passed, 0.0)
        hazard[q.Z_AT] = running
        hazard[q.Z_FACTOR] = factor
        _due_of_failure(p, machine, running)
    hazard[q.Z_FACTOR] = factor


@compiled
def fail(m: FlowModel, p: PlantModel, machine: int, time: int) -> None:
    """A machine fails by itself, the more often the more of its uses are overdue."""
    settings = p.machine[machine]
    index = 2 * settings[q.A_FAILURES] + 1
    settings[q.A_FAILURES] += 1
    settings[q.A_DUE] = NEVER
    settings[q.A_OWN_FAILURE] = 1
    cause, item = int64(c.STOP_OTHER), int64(NONE)
    factor = p.hazard[machine, q.Z_FACTOR]
    if factor != 1.0 and word(m, p.machine_stream[machine, _FAILURE], index) >= 1.0 / factor:
        for use in range(settings[q.A_FIRST_USE], settings[q.A_LAST_USE]):
            if p.use[use, q.V_STATE] & q.USE_OVERDUE:
                cause, item = int64(c.STOP_LATE), p.use[use, q.V_ITEM]
                break
    _break_down(m, p, machine, cause, item, time)


@compiled
def fail_of_wrong_item(m: FlowModel, p: PlantModel, machine: int, time: int) -> None:
    """A wrong item that was put in makes the machine fail, unless it has failed anyway."""
    if p.machine[machine, q.A_FAILED] == 0:
        _break_down(m, p, machine, int64(c.STOP_WRONG_ITEM), int64(NONE), time)


@compiled
def _break_down(m: FlowModel, p: PlantModel, machine: int, cause: int, item: int, time: int) -> None:
    settings = p.machine[machine]
    settings[q.A_FAILED] = 1
    stand(m, p, machine, cause, item, int64(0), time)
    plant = p.plant[settings[q.A_PLANT]]
    if plant[q.P_CREWS] == 0 or plant[q.P_CREWS_BUSY] < plant[q.P_CREWS]:
        _begin_repair(m, p, machine, time)
        return
    settings[q.A_CREW_NEXT] = NONE
    if plant[q.P_CREW_TAIL] == NONE:
        plant[q.P_CREW_HEAD] = machine
    else:
        p.machine[plant[q.P_CREW_TAIL], q.A_CREW_NEXT] = machine
    plant[q.P_CREW_TAIL] = machine


@compiled
def _begin_repair(m: FlowModel, p: PlantModel, machine: int, time: int) -> None:
    settings = p.machine[machine]
    plant = p.plant[settings[q.A_PLANT]]
    plant[q.P_CREWS_BUSY] += 1
    row = p.repair[machine]
    lasting = int64(0)
    if row[0] != NONE:
        lasting = duration(row, word(m, p.machine_stream[machine, _REPAIR], settings[q.A_REPAIRS]))
    settings[q.A_REPAIRS] += 1
    plan_event(
        p,
        time + max(lasting, 1),
        int64(c.PHASE_RETURN),
        plant[q.P_NODE],
        int64(q.SORT_REPAIR),
        machine,
        machine,
    )


@compiled
def repair_over(m: FlowModel, p: PlantModel, machine: int, time: int) -> None:
    """A machine is repaired; its crew goes to the first that waits."""
    settings = p.machine[machine]
    plant = p.plant[settings[q.A_PLANT]]
    plant[q.P_CREWS_BUSY] -= 1
    settings[q.A_FAILED] = 0
    if settings[q.A_OWN_FAILURE] == 1:
        settings[q.A_OWN_FAILURE] = 0
        draw_failure(m, p, machine, running_time(p, settings[q.A_LINE], time))
    go(m, p, machine, time)
    waiting = plant[q.P_CREW_HEAD]
    if waiting != NONE:
        plant[q.P_CREW_HEAD] = p.machine[waiting, q.A_CREW_NEXT]
        if plant[q.P_CREW_HEAD] == NONE:
            plant[q.P_CREW_TAIL] = NONE
        _begin_repair(m, p, waiting, time)


# --- lives ------------------------------------------------------------------------------------------------------------


@compiled
def temperature(p: PlantModel, plant: int, time: int) -> float:
    """Temperature of a plant's hall, degrees Celsius: a cosine over the year."""
    climate = p.climate[plant]
    row = 0
    while row + 1 < len(p.year) and p.year[row + 1] <= time:
        row += 1
    day = (time - p.year[row]) / 86_400_000.0
    turn = 2.0 * math.pi * (day - climate[q.C_WARMEST]) / 365.0
    return float(climate[q.C_MEAN] + climate[q.C_SWING] * math.cos(turn))


@compiled
def acceleration(p: PlantModel, use: int, time: int) -> float:
    """How much faster a part wears than at the temperature for which its life is stated."""
    kind, figure = p.use[use, q.V_TEMPERATURE], p.figure[use]
    if kind == plan.TEMPERATURE_NONE:
        return 1.0
    plant = p.machine[p.use[use, q.V_MACHINE], q.A_PLANT]
    there, reference = temperature(p, plant, time) + figure[q.Y_OFFSET], figure[q.Y_REFERENCE]
    if kind == plan.TEMPERATURE_Q10:
        return float(figure[q.Y_TEMPERATURE] ** ((there - reference) / 10.0))
    inverse = 1.0 / (reference + 273.15) - 1.0 / (there + 273.15)
    return math.exp(figure[q.Y_TEMPERATURE] / 8.617333262e-5 * inverse)


@compiled
def renew(m: FlowModel, p: PlantModel, use: int, running: int, time: int) -> None:
    """The use is new: a part is put in, or what was wanted has been given."""
    settings = p.use[use]
    settings[q.V_NEW_AT] = running
    kind = settings[q.V_KIND]
    if kind == plan.USE_FLOW:
        settings[q.V_DUE] = due_of_flow(p, use)
        return
    row = p.interval[use]
    index = settings[q.V_DRAWS]
    if kind == plan.USE_EVERY:
        number = 0.5
        if not is_constant(row):
            number = word(m, p.use_stream[use], index)
            settings[q.V_DRAWS] = index + 1
        settings[q.V_DUE] = running + max(duration(row, number), 1)
        return
    settings[q.V_DRAWS] = index + 1
    figure = p.figure[use]
    figure[q.Y_ACCELERATION] = acceleration(p, use, time)
    unit = (-math.log(1.0 - word(m, p.use_stream[use], index))) ** (1.0 / figure[q.Y_SHAPE])
    life = figure[q.Y_SCALE_MS] * unit / figure[q.Y_ACCELERATION]
    settings[q.V_DUE] = running + max(int64(math.floor(life + 0.5)), 1)


_PER_HOUR = 3_600_000_000  # thousandths of a unit per running hour, and ms


@compiled
def used_by_flow(p: PlantModel, use: int, running: int) -> int:
    """Units that a flow has used up to a running time."""
    return int64(running * p.use[use, q.V_RATE] // _PER_HOUR)


@compiled
def due_of_flow(p: PlantModel, use: int) -> int:
    """Running time at which a step more than what is booked is used."""
    settings = p.use[use]
    if settings[q.V_RATE] == 0:
        return int64(NEVER)
    units = settings[q.V_BOOKED] + settings[q.V_QUANTITY]
    return int64(-(-units * _PER_HOUR // settings[q.V_RATE]))


# --- stock comes ------------------------------------------------------------------------------------------------------


@compiled
def stock_came(m: FlowModel, p: PlantModel, point: int, at: int) -> None:
    """Let every use that waits for stock at a stock point look again at an instant."""
    for use in range(len(p.use)):
        if p.use[use, q.V_STATE] & q.USE_WATCHES and p.use_point[p.use[use, q.V_FIRST_POINT]] == point:
            item_there(p, use, at)


@compiled
def item_there(p: PlantModel, use: int, at: int) -> None:
    """Plan that the machine of a use hears that its item is there."""
    node = p.plant[p.machine[p.use[use, q.V_MACHINE], q.A_PLANT], q.P_NODE]
    plan_event(p, at, int64(c.PHASE_RETURN), node, int64(q.SORT_ITEM), use, use)
