"""Tanks that leak (phase 1): in steps, until somebody sees it."""

from sim import columns as c
from sim import plant_plan as plan
from sim.flow.agenda import want_review
from sim.flow.books import log, settle
from sim.flow.model import NEVER, NONE, FlowModel
from sim.flow.usage import pack_who, take_out
from sim.jit import compiled, int64
from sim.plant import model as q
from sim.plant.agenda import plan as plan_event
from sim.plant.model import PlantModel
from sim.plant.record import next_duration, shift, tell

_PER_HOUR = 3_600_000_000  # thousandths of a unit per hour, and ms


@compiled
def next_leak(m: FlowModel, p: PlantModel, point: int, since: int) -> None:
    """Draw when a tank leaks next, and for how long."""
    if p.duration[point, q.X_LEAK_EVERY, 0] == NONE:
        return
    settings = p.point[point]
    stream, counter = int64(q.STREAM_LEAK), int64(q.Q_LEAK_DRAWS)
    every = max(next_duration(m, p, point, int64(q.X_LEAK_EVERY), stream, counter), 1)
    lasting = max(next_duration(m, p, point, int64(q.X_LEAK_LASTING), stream, counter), 1)
    settings[q.Q_LEAK_FROM] = since + every
    settings[q.Q_LEAK_TO] = since + every + lasting
    settings[q.Q_LEAKED] = 0
    plan_leak(m, p, point)


@compiled
def plan_leak(m: FlowModel, p: PlantModel, point: int) -> None:
    """Plan the next step of a leak, or its end."""
    settings = p.point[point]
    at = settings[q.Q_LEAK_TO]
    if settings[q.Q_LEAK_RATE] > 0:
        units = settings[q.Q_LEAKED] + settings[q.Q_LEAK_STEP]
        at = min(at, settings[q.Q_LEAK_FROM] - (-units * _PER_HOUR // settings[q.Q_LEAK_RATE]))
    settings[q.Q_LEAK_EVENT_MS] = at
    node = m.parameter[point, c.P_NODE]
    plan_event(p, at, int64(c.PHASE_RETURN), node, int64(q.SORT_LEAK), point, point)


@compiled
def leak_event(m: FlowModel, p: PlantModel, point: int, time: int) -> None:
    """Book what has leaked; at its end the leak is repaired."""
    settings = p.point[point]
    if settings[q.Q_LEAK_EVENT_MS] != time:
        return
    settings[q.Q_LEAK_EVENT_MS] = NEVER
    book_leak(m, p, point, time)
    if time >= settings[q.Q_LEAK_TO]:
        next_leak(m, p, point, time)
    else:
        plan_leak(m, p, point)


@compiled
def book_leak(m: FlowModel, p: PlantModel, point: int, time: int) -> None:
    """Units that have leaked since they were last booked leave, as far as they are there."""
    settings = p.point[point]
    leaked = (time - settings[q.Q_LEAK_FROM]) * settings[q.Q_LEAK_RATE] // _PER_HOUR
    units = min(leaked - settings[q.Q_LEAKED], m.state[point, c.S_ON_HAND])
    settings[q.Q_LEAKED] = leaked
    if units <= 0:
        return
    settle(m, point, time)
    nobody = pack_who(int64(NONE), int64(NONE), int64(NONE))
    take_out(m, point, units, time, int64(c.U_LEAK), nobody, int64(NONE))
    p.count[point, c.N_LEAKED] += units
    log(m, time, c.PHASE_RETURN, point, c.E_LEAK, units, 0)
    sensor = settings[q.Q_SENSOR]
    if sensor >= plan.SENSOR_RFID and sensor <= plan.SENSOR_LEVEL:
        tell(m, p, point, -units, 1.0, time)
    else:
        shift(m, p, point, int64(c.D_LEAK), units, time)
    want_review(m, point)


@compiled
def end_leak(m: FlowModel, p: PlantModel, point: int, at: int) -> None:
    """Somebody will see to the leak that is under way, at an instant before it would have been seen anyway."""
    settings = p.point[point]
    if settings[q.Q_LEAK_FROM] <= at < settings[q.Q_LEAK_TO]:
        settings[q.Q_LEAK_TO] = at
        plan_leak(m, p, point)
