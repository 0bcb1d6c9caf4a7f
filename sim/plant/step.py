"""One plant event at a time, called from Python between stretches of the flow.

Every function takes the addresses of the flow's and the plants' arrays, and needs room (see `room`).
"""

from sim import columns as c
from sim.flow import model as f
from sim.flow.advance import NEEDS_PLANT, NEEDS_ROOM, REACHED, advance, job_line, steps_with_room
from sim.flow.advance import ROWS_PER_STEP as FLOW_ROWS_PER_STEP
from sim.flow.books import begin_days
from sim.flow.model import NEVER, NONE, FlowModel, model_at
from sim.jit import compiled, int64
from sim.network import Float64Array, Int64Array
from sim.plant import model as q
from sim.plant.agenda import next_event
from sim.plant.counting import book_flows_of, count_point, take_off_expired
from sim.plant.inspection import inspect
from sim.plant.leaks import end_leak as _end_leak
from sim.plant.leaks import leak_event, next_leak
from sim.plant.machines import (
    acceleration,
    draw_failure,
    fail_of_wrong_item,
    item_there,
    plan_line,
    renew,
    repair_over,
    stock_came,
    write_stop,
)
from sim.plant.messages import next_to_arrive, plan_delivery
from sim.plant.model import PlantModel, plants_at
from sim.plant.people import person_line
from sim.plant.record import arrive, next_duration, settle_gap
from sim.plant.returns import come_back
from sim.plant.uses import item_event, line_event
from sim.plant.working import working_time

ROWS_PER_STEP = FLOW_ROWS_PER_STEP
"""Free rows that one plant event may need in its own tables."""
ROWS_PER_UNIT = 4
"""Free rows that each unit of a line may need besides: some devices hand it out unit by unit."""
DELIVERED_PER_STEP = 32
"""Messages that arrive before the flow looks whether its buffers still have room."""


@compiled
def room(p: PlantModel) -> bool:
    """Whether the plants' own tables surely have room for one more event."""
    return _has_room(p, int64(ROWS_PER_STEP))


@compiled
def _has_room(p: PlantModel, wanted: int) -> bool:
    timer = p.timer
    rows = min(timer[q.T_MESSAGES_LEFT], timer[q.T_BACKS_LEFT], len(p.heap) - timer[q.T_HEAP])
    return bool(min(rows, len(p.stop_out) - timer[q.T_STOP_ROWS]) >= wanted)


@compiled
def _rows_wanted(m: FlowModel, status: int) -> int:
    """Free rows that what comes next may need: a whole number of steps of the flow."""
    clock = m.clock
    if status != NEEDS_PLANT or clock[f.C_NOTES] > 0 or clock[f.C_INSPECT] != NONE:
        return int64(FLOW_ROWS_PER_STEP)
    steps = 1 + ROWS_PER_UNIT * m.line_quantity[clock[f.C_WINDOW]] // FLOW_ROWS_PER_STEP
    return int64((1 + steps) * FLOW_ROWS_PER_STEP)


@compiled
def plant_event(m: FlowModel, p: PlantModel) -> None:
    """Let the first event of the heap happen."""
    time, sort, number, row = next_event(p)
    m.clock[f.C_NOW] = time
    if time >= m.clock[f.C_DAY_END_MS]:
        begin_days(m, time)
    p.timer[q.T_PHASE] = c.PHASE_DEMAND if sort == q.SORT_LINE else c.PHASE_RETURN
    if sort == q.SORT_LEAK:
        leak_event(m, p, number, time)
    elif sort == q.SORT_BACK:
        come_back(m, p, row, time)
    elif sort == q.SORT_GATEWAY:
        _deliver(m, p, number, time)
    elif sort == q.SORT_REPAIR:
        repair_over(m, p, number, time)
    elif sort == q.SORT_ITEM:
        item_event(m, p, number, time)
    elif sort == q.SORT_WRONG:
        fail_of_wrong_item(m, p, number, time)
    else:
        line_event(m, p, number, time)


@compiled
def _deliver(m: FlowModel, p: PlantModel, gateway: int, time: int) -> None:
    """Messages arrive at the platform; the gateway comes again for the next."""
    if p.gateway[gateway, q.E_EVENT_MS] != time:
        return
    p.gateway[gateway, q.E_EVENT_MS] = NEVER
    for _ in range(DELIVERED_PER_STEP):
        row = next_to_arrive(p, gateway, time)
        if row == NONE:
            break
        arrive(m, p, row, time)
    plan_delivery(p, gateway)


@compiled
def _hear(m: FlowModel, p: PlantModel) -> None:
    """The plants hear of uses that were served and of stock that came."""
    time = m.clock[f.C_NOW]
    for row in range(m.clock[f.C_NOTES]):
        use, point, phase = m.note[row, f.NOTE_USE], m.note[row, f.NOTE_POINT], m.note[row, f.NOTE_PHASE]
        at = time if phase == c.PHASE_RECEIPT else time + 1
        if use == NONE:
            stock_came(m, p, point, at)
        else:
            p.use[use, q.V_STATE] |= q.USE_SERVED
            item_there(p, use, at)
    m.clock[f.C_NOTES] = 0


@compiled
def _attend(m: FlowModel, p: PlantModel) -> None:
    """See to what the flow stopped for: notes, a delivery to inspect, or a person at a device."""
    clock = m.clock
    if clock[f.C_NOTES] > 0:
        _hear(m, p)
    elif clock[f.C_INSPECT] != NONE:
        row = clock[f.C_INSPECT]
        clock[f.C_INSPECT] = NONE
        inspect(m, p, row, clock[f.C_NOW])
    else:
        position = clock[f.C_WINDOW]
        clock[f.C_WINDOW] = position + 1
        point, job = int64(m.line_point[position]), int64(m.line_job[position])
        time = clock[f.C_NOW]
        flags = int64(m.line_flags[position])
        at_once = person_line(m, p, point, m.line_quantity[position], flags, time)
        if job != NONE:
            job_line(m, job, point, at_once, time)


@compiled
def advance_with_plants(address: int, plants: int, time: int, phase: int, node: int) -> int:
    """Let the flow and the plants' events happen by turns, in the total order, up to (time, phase, node).

    Returns REACHED, or what Python has to see to before calling again (NEEDS_*).
    """
    m, p = model_at(address), plants_at(plants)
    timer, clock = p.timer, m.clock
    while True:
        next_ms, next_phase, next_node = timer[q.T_NEXT_MS], timer[q.T_NEXT_PHASE], timer[q.T_NEXT_NODE]
        first = next_ms < time or (
            next_ms == time and (next_phase < phase or (next_phase == phase and next_node <= node))
        )
        if first:
            status = advance(m, int64(next_ms), int64(next_phase), int64(next_node))
        else:
            status = advance(m, time, phase, node)
        if status != NEEDS_PLANT and (status != REACHED or not first):
            return status
        wanted = _rows_wanted(m, status)
        if not _has_room(p, wanted) or steps_with_room(m) * FLOW_ROWS_PER_STEP < wanted:
            timer[q.T_ROWS_WANTED] = wanted
            return NEEDS_ROOM
        clock[f.C_STEPS_LEFT] = 0
        if status == NEEDS_PLANT:
            _attend(m, p)
        else:
            plant_event(m, p)


@compiled
def count_points(address: int, plants: int, first: int, last: int, phase: int, time: int) -> int:
    """Count the stock points first .. last - 1; returns where to go on when room ran out, NONE at the end."""
    m, p = model_at(address), plants_at(plants)
    p.timer[q.T_PHASE] = phase
    for point in range(first, last):
        if p.point[point, q.Q_DEVICE] == NONE:
            continue
        if not room(p) or steps_with_room(m) == 0:
            return int64(point)
        m.clock[f.C_STEPS_LEFT] = 0
        book_flows_of(m, p, point, time)
        count_point(m, p, point, time)
    return int64(NONE)


@compiled
def midnight(address: int, plants: int, first: int, time: int) -> int:
    """Take expired lots off at every device that blocks them; returns where to go on, NONE at the end."""
    m, p = model_at(address), plants_at(plants)
    p.timer[q.T_PHASE] = c.PHASE_RETURN
    for point in range(first, len(p.point)):
        if p.point[point, q.Q_BLOCKS_EXPIRED] == 0 or m.parameter[point, c.P_FLAGS] & c.SP_LOTS == 0:
            continue
        if steps_with_room(m) == 0:
            return int64(point)
        m.clock[f.C_STEPS_LEFT] = 0
        take_off_expired(m, p, point, time)
    return int64(NONE)


@compiled
def begin(address: int, plants: int) -> None:
    """At the start: machines are new, and the first leaks are drawn."""
    m, p = model_at(address), plants_at(plants)
    for machine in range(len(p.machine)):
        draw_failure(m, p, machine, int64(0))
    for use in range(len(p.use)):
        renew(m, p, use, int64(0), int64(0))
    for line in range(len(p.line)):
        plan_line(p, line, int64(0))
    for point in range(len(p.point)):
        if p.point[point, q.Q_DEVICE] != NONE:
            next_leak(m, p, point, int64(0))


@compiled
def end_leak(address: int, plants: int, point: int, at: int) -> bool:
    """Let somebody see to a leak at an instant to come; False: no room."""
    m, p = model_at(address), plants_at(plants)
    if not room(p):
        return False
    _end_leak(m, p, point, at)
    return True


@compiled
def stuck_since(address: int, plants: int, time: int, out: Int64Array) -> None:
    """Since when each sensor has shown an old value (NONE: it does not), (P,); draws ahead without remembering it."""
    m, p = model_at(address), plants_at(plants)
    for point in range(len(p.point)):
        out[point] = NONE
        if p.duration[point, q.X_STUCK_EVERY, 0] == NONE:
            continue
        draws = p.point[point, q.Q_STUCK_DRAWS]
        start, end = p.point[point, q.Q_STUCK_FROM], p.point[point, q.Q_STUCK_TO]
        while time >= end:
            start = end + next_duration(
                m, p, point, int64(q.X_STUCK_EVERY), int64(q.STREAM_STUCK), int64(q.Q_STUCK_DRAWS)
            )
            lasting = next_duration(
                m, p, point, int64(q.X_STUCK_LASTING), int64(q.STREAM_STUCK), int64(q.Q_STUCK_DRAWS)
            )
            end = start + max(lasting, 1)
        p.point[point, q.Q_STUCK_DRAWS] = draws
        if time >= start:
            out[point] = start


@compiled
def accelerations(plants: int, time: int, out: Float64Array) -> None:
    """How much faster a part put in now would wear than stated, for each use."""
    p = plants_at(plants)
    for use in range(len(p.use)):
        out[use] = acceleration(p, use, time)


@compiled
def settle_gaps(address: int, plants: int, time: int) -> None:
    """Bring the time integrals of all differences up to `time`."""
    m, p = model_at(address), plants_at(plants)
    for point in range(len(p.point)):
        settle_gap(m, p, point, time)


@compiled
def line_times(plants: int, time: int, out: Int64Array) -> None:
    """Working time of each line up to now, and how much of it was lost in stops: `out` is (L, 2)."""
    p = plants_at(plants)
    for line in range(len(p.line)):
        at = working_time(p, line, time)
        lost = p.line[line, q.LINE_LOST_MS]
        if p.line[line, q.LINE_STANDING] > 0:
            lost += at - p.line[line, q.LINE_DOWN_AT]
        out[line, 0] = at
        out[line, 1] = lost


@compiled
def write_standing(plants: int, machine: int, time: int) -> int:
    """Append the stops that are not over to the stops table, from `machine` on; where to go on, NONE at the end."""
    p = plants_at(plants)
    for number in range(machine, len(p.machine)):
        if p.machine[number, q.A_STANDS] == 0:
            continue
        if not room(p):
            return int64(number)
        line = p.machine[number, q.A_LINE]
        if p.line[line, q.LINE_BLAMED] == number:
            at = working_time(p, line, time)
            p.machine[number, q.A_LOST_MS] += at - p.line[line, q.LINE_BLAMED_AT]
            p.line[line, q.LINE_BLAMED_AT] = at
        write_stop(p, number, int64(NONE))
    return int64(NONE)
