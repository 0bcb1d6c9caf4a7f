"""Messages and edge gateways: when what a device tells reaches the platform, and what never does."""

from device_emulators.edge_gateway import collected_at as _collected_at
from sim import columns as c
from sim import plant_plan as plan
from sim.columns import PHASE_RETURN
from sim.flow.model import NEVER, NONE, FlowModel
from sim.jit import compiled, int64
from sim.network import Int64Array
from sim.plant import model as q
from sim.plant.agenda import plan as plan_event
from sim.plant.model import PlantModel

collected_at = compiled(_collected_at)


@compiled
def new_message(p: PlantModel, point: int, time: int) -> int:
    """A row for something a device tells now; the caller fills in what, and has made sure of room."""
    timer = p.timer
    row = timer[q.T_MESSAGE_FREE]
    message = p.message[row]
    timer[q.T_MESSAGE_FREE] = message[q.M_NEXT]
    timer[q.T_MESSAGES_LEFT] -= 1
    message[q.M_NEXT] = NONE
    message[q.M_POINT] = point
    message[q.M_TAKEN_MS] = time
    message[q.M_READING] = NONE
    message[q.M_STORED] = 0
    return int64(row)


@compiled
def free_message(p: PlantModel, row: int) -> None:
    """Give a row back to the pool."""
    p.message[row, q.M_NEXT] = p.timer[q.T_MESSAGE_FREE]
    p.timer[q.T_MESSAGE_FREE] = row
    p.timer[q.T_MESSAGES_LEFT] += 1


@compiled
def send(m: FlowModel, p: PlantModel, row: int, time: int) -> int:
    """A gateway takes a message in; returns the message that is lost for it, NONE if none is."""
    message = p.message[row]
    number = p.timer[q.T_NEXT_MESSAGE]
    p.timer[q.T_NEXT_MESSAGE] = number + 1
    message[q.M_NUMBER] = number
    point = message[q.M_POINT]
    p.count[point, c.N_MESSAGES] += 1
    gateway = p.gateway[p.point[point, q.Q_GATEWAY]]
    collected = collected_at(time, gateway[q.E_POLL_MS])
    leaves = _leaves(p, gateway, collected)
    lost = int64(NONE)
    if leaves > collected:
        if gateway[q.E_STORED] >= gateway[q.E_CAPACITY]:
            if gateway[q.E_OVERFLOW] == plan.OVERFLOW_NEWEST:
                return row
            lost = _drop_oldest(p, gateway)
            if lost == NONE:
                return row
        message[q.M_STORED] = 1
        gateway[q.E_STORED] += 1
    arrival = max(leaves + gateway[q.E_DELAY_MS], gateway[q.E_LAST_ARRIVAL_MS] + gateway[q.E_SPACING_MS], time + 1)
    gateway[q.E_LAST_ARRIVAL_MS] = arrival
    message[q.M_ARRIVAL_MS] = arrival
    if gateway[q.E_TAIL] == NONE:
        gateway[q.E_HEAD] = row
    else:
        p.message[gateway[q.E_TAIL], q.M_NEXT] = row
    gateway[q.E_TAIL] = row
    plan_delivery(p, p.point[point, q.Q_GATEWAY])
    return lost


@compiled
def _leaves(p: PlantModel, gateway: Int64Array, collected: int) -> int:
    """When a message collected at an instant leaves: at once, or when the outage is over in which it falls."""
    while gateway[q.E_OUTAGE] < gateway[q.E_LAST_OUTAGE]:
        outage = p.outage[gateway[q.E_OUTAGE]]
        if collected < outage[0]:
            return collected
        if collected < outage[1]:
            return int64(outage[1])
        gateway[q.E_OUTAGE] += 1
    return collected


@compiled
def _drop_oldest(p: PlantModel, gateway: Int64Array) -> int:
    """Take the oldest stored message out of a gateway's list; NONE where none is stored."""
    before = NONE
    row = gateway[q.E_HEAD]
    while row != NONE and p.message[row, q.M_STORED] == 0:
        before = row
        row = p.message[row, q.M_NEXT]
    if row == NONE:
        return int64(NONE)
    after = p.message[row, q.M_NEXT]
    if before == NONE:
        gateway[q.E_HEAD] = after
    else:
        p.message[before, q.M_NEXT] = after
    if after == NONE:
        gateway[q.E_TAIL] = before
    gateway[q.E_STORED] -= 1
    return int64(row)


@compiled
def plan_delivery(p: PlantModel, number: int) -> None:
    """Let the gateway's first message arrive when its time comes."""
    gateway = p.gateway[number]
    head = gateway[q.E_HEAD]
    if head == NONE:
        gateway[q.E_EVENT_MS] = NEVER
        return
    time = p.message[head, q.M_ARRIVAL_MS]
    if gateway[q.E_EVENT_MS] == time:
        return
    gateway[q.E_EVENT_MS] = time
    node = p.plant[gateway[q.E_PLANT], q.P_NODE]
    plan_event(p, time, int64(PHASE_RETURN), node, int64(q.SORT_GATEWAY), number, number)


@compiled
def next_to_arrive(p: PlantModel, number: int, time: int) -> int:
    """Take the gateway's first message off its list if it has arrived, else NONE."""
    gateway = p.gateway[number]
    row = gateway[q.E_HEAD]
    if row == NONE or p.message[row, q.M_ARRIVAL_MS] > time:
        return int64(NONE)
    gateway[q.E_HEAD] = p.message[row, q.M_NEXT]
    if gateway[q.E_HEAD] == NONE:
        gateway[q.E_TAIL] = NONE
    if p.message[row, q.M_STORED] == 1:
        gateway[q.E_STORED] -= 1
    return int64(row)
