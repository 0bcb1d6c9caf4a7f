"""Puts plants as a state has them in their places; called with the addresses of the models, then columns.

Everything goes through the plants' own functions where they have one, so that lists, sums and what is planned agree.
"""

from sim import columns as c
from sim.flow import model as f
from sim.flow.model import NONE
from sim.flow.usage import pack_who
from sim.jit import compiled, int64
from sim.network import Int64Array
from sim.plant import model as q
from sim.plant.agenda import plan as plan_event
from sim.plant.leaks import next_leak, plan_leak
from sim.plant.machines import draw_failure, due_of_flow, item_there, plan_line, renew, used_by_flow
from sim.plant.messages import new_message, plan_delivery
from sim.plant.model import plants_at
from sim.plant.record import shift
from sim.plant.working import running_time, working_time
from sim.plant_plan import USE_FLOW

_PER_HOUR = 3_600_000_000  # thousandths of a unit per hour, and ms


@compiled
def packed(person: Int64Array, machine: Int64Array, work_order: Int64Array, who: Int64Array) -> None:
    """Pack who has drawn something, row by row, into `who`."""
    for row in range(len(who)):
        who[row] = pack_who(person[row], machine[row], work_order[row])


@compiled
def begin_points(address: int, plants: int, new: Int64Array, time: int) -> None:
    """Devices that the state does not know are new now: their record is what it is by miscounting."""
    m, p = f.model_at(address), plants_at(plants)
    p.point[:, q.Q_SETTLED_MS] = time
    for point in new:
        settings = p.point[point]
        gap = m.state[point, c.S_RECORDED] - m.state[point, c.S_ON_HAND]
        m.state[point, c.S_RECORDED] -= gap
        shift(m, p, point, int64(c.D_COUNT), gap, time)
        settings[q.Q_SHOWN] = m.state[point, c.S_RECORDED]
        settings[q.Q_CALIBRATED_MS] = time
        settings[q.Q_STUCK_FROM] = time
        settings[q.Q_STUCK_TO] = time
        next_leak(m, p, point, time)


@compiled
def go_on_leaking(address: int, plants: int, point: Int64Array, known: Int64Array, time: int) -> None:
    """Plan leaks as the state has them; where it says nothing (`known` 0) they are drawn anew."""
    m, p = f.model_at(address), plants_at(plants)
    for row in range(len(point)):
        if p.duration[point[row], q.X_LEAK_EVERY, 0] == NONE:
            continue
        if known[row] == 1:
            settings = p.point[point[row]]
            leaked = (time - 1 - settings[q.Q_LEAK_FROM]) * settings[q.Q_LEAK_RATE] // _PER_HOUR
            if leaked - settings[q.Q_LEAKED] >= settings[q.Q_LEAK_STEP]:  # the rate is not the state's
                settings[q.Q_LEAKED] = leaked
            plan_leak(m, p, point[row])
        else:
            next_leak(m, p, point[row], time)


@compiled
def put_differences(
    address: int, plants: int, point: Int64Array, cause: Int64Array, quantity: Int64Array, time: int
) -> None:
    """Why the record differs; that it does is in the stock."""
    m, p = f.model_at(address), plants_at(plants)
    for row in range(len(point)):
        m.state[point[row], c.S_RECORDED] -= quantity[row]
        shift(m, p, point[row], cause[row], quantity[row], time)


@compiled
def put_messages(plants: int, gateway: Int64Array, point: Int64Array, columns: Int64Array) -> None:
    """Messages at their gateways, in order; `columns` are those of the table of messages, from M_TAKEN_MS on."""
    p = plants_at(plants)
    for one in range(len(gateway)):
        row = new_message(p, point[one], int64(0))
        p.message[row, q.M_TAKEN_MS :] = columns[one]
        holder = p.gateway[gateway[one]]
        if holder[q.E_TAIL] == NONE:
            holder[q.E_HEAD] = row
        else:
            p.message[holder[q.E_TAIL], q.M_NEXT] = row
        holder[q.E_TAIL] = row
        holder[q.E_STORED] += p.message[row, q.M_STORED]
    for number in range(len(p.gateway)):
        plan_delivery(p, number)


@compiled
def put_returns(
    address: int,
    plants: int,
    point: Int64Array,
    at: Int64Array,
    loan: Int64Array,
    lot: Int64Array,
    who: Int64Array,
    line: Int64Array,
    draw: Int64Array,
) -> None:
    """What people have, and when it comes back."""
    m, p = f.model_at(address), plants_at(plants)
    for one in range(len(point)):
        row = p.timer[q.T_BACK_FREE]
        back = p.back[row]
        p.timer[q.T_BACK_FREE] = back[q.B_NEXT]
        p.timer[q.T_BACKS_LEFT] -= 1
        back[q.B_NEXT] = NONE
        back[q.B_POINT] = point[one]
        back[q.B_LOT] = lot[one]
        back[q.B_WHO] = who[one]
        back[q.B_LINE] = line[one]
        back[q.B_LOAN] = loan[one]
        back[q.B_DRAW] = draw[one]
        p.point[point[one], q.Q_ON_LOAN] += loan[one]
        node = m.parameter[point[one], c.P_NODE]
        plan_event(p, at[one], int64(c.PHASE_RETURN), node, int64(q.SORT_BACK), point[one], row)


@compiled
def put_at_machines(plants: int, machine: Int64Array, at: Int64Array, sort: int) -> None:
    """Repairs under way, and machines that will fail of a wrong item."""
    p = plants_at(plants)
    for row in range(len(machine)):
        plant = p.plant[p.machine[machine[row], q.A_PLANT]]
        if sort == q.SORT_REPAIR:
            plant[q.P_CREWS_BUSY] += 1
        plan_event(p, at[row], int64(c.PHASE_RETURN), plant[q.P_NODE], sort, machine[row], machine[row])


@compiled
def put_in_crew_queues(plants: int, machine: Int64Array) -> None:
    """Machines that wait for a crew, in the order of their turn."""
    p = plants_at(plants)
    for row in machine:
        plant = p.plant[p.machine[row, q.A_PLANT]]
        p.machine[row, q.A_CREW_NEXT] = NONE
        if plant[q.P_CREW_TAIL] == NONE:
            plant[q.P_CREW_HEAD] = row
        else:
            p.machine[plant[q.P_CREW_TAIL], q.A_CREW_NEXT] = row
        plant[q.P_CREW_TAIL] = row


@compiled
def put_lines(
    plants: int,
    line: Int64Array,
    running: Int64Array,
    stopped: Int64Array,
    blamed: Int64Array,
    blamed_ms: Int64Array,
    time: int,
) -> None:
    """How long lines have run; `stopped`: working time lost in the present stop."""
    p = plants_at(plants)
    for row in range(len(line)):
        settings = p.line[line[row]]
        working = working_time(p, line[row], time)
        settings[q.LINE_LOST_MS] = working - stopped[row] - running[row]
        settings[q.LINE_DOWN_AT] = working - stopped[row]
        settings[q.LINE_BLAMED] = blamed[row]
        settings[q.LINE_BLAMED_AT] = working - blamed_ms[row]


@compiled
def begin_machines(address: int, plants: int, machine: Int64Array, use: Int64Array, time: int) -> None:
    """Machines and uses that the state does not know are new now."""
    m, p = f.model_at(address), plants_at(plants)
    for row in machine:
        draw_failure(m, p, row, running_time(p, p.machine[row, q.A_LINE], time))
    for row in use:
        running = running_time(p, p.machine[p.use[row, q.V_MACHINE], q.A_LINE], time)
        p.use[row, q.V_BOOKED] = used_by_flow(p, row, running)
        renew(m, p, row, running, time)


@compiled
def go_on_using(plants: int, use: Int64Array, time: int) -> None:
    """Flows whose rate or step differs from the state's are booked as if it had been so all along."""
    p = plants_at(plants)
    for row in use:
        settings = p.use[row]
        if settings[q.V_KIND] == USE_FLOW and settings[q.V_DUE] != due_of_flow(p, row):
            running = running_time(p, p.machine[settings[q.V_MACHINE], q.A_LINE], time)
            settings[q.V_BOOKED] = used_by_flow(p, row, running)
            settings[q.V_DUE] = due_of_flow(p, row)


@compiled
def start_lines(address: int, plants: int, time: int) -> None:
    """Whatever waits for stock watches its home, whoever has been served hears of it, and every line is planned."""
    m, p = f.model_at(address), plants_at(plants)
    for use in range(len(p.use)):
        settings = p.use[use]
        home = p.use_point[settings[q.V_FIRST_POINT]]
        if settings[q.V_STATE] & q.USE_WATCHES:
            m.state[home, c.S_FLAGS] |= c.WATCHED
            if m.state[home, c.S_ON_HAND] > 0:
                item_there(p, use, time)
        if settings[q.V_STATE] & q.USE_SERVED:
            item_there(p, use, time)
    for line in range(len(p.line)):
        plan_line(p, line, time)


@compiled
def count_reasons(plants: int) -> None:
    """For how many reasons every machine stands, how many machines of a line do, and how often machines fail."""
    p = plants_at(plants)
    for machine in range(len(p.machine)):
        settings = p.machine[machine]
        settings[q.A_STANDS] = settings[q.A_FAILED]
        factor = 1.0
        for use in range(settings[q.A_FIRST_USE], settings[q.A_LAST_USE]):
            if p.use[use, q.V_STATE] & q.USE_STOPS:
                settings[q.A_STANDS] += 1
            if p.use[use, q.V_STATE] & q.USE_OVERDUE:
                factor *= p.figure[use, q.Y_FACTOR]
        p.hazard[machine, q.Z_FACTOR] = factor
        if settings[q.A_STANDS] > 0:
            p.line[settings[q.A_LINE], q.LINE_STANDING] += 1
