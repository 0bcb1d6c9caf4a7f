"""The record and the shelf: why they differ, and what devices tell of a change.

Physical stock changes by the functions of the flow, which move the record along; *telling* takes back what the platform
does not know yet. So recorded = on hand + sum of differences holds at every instant.
"""

from device_emulators.flow_meter import shown_total as _shown_total
from device_emulators.rfid_shelf import missed_tags as _missed_tags
from device_emulators.weighing_shelf import shown_units as _shown_units
from sim import columns as c
from sim import plant_plan as plan
from sim.chance.quantiles import normal_quantile, poisson_quantile
from sim.flow.agenda import want_review
from sim.flow.books import log
from sim.flow.lots import DAY_MS
from sim.flow.model import NONE, FlowModel
from sim.flow.usage import write_report
from sim.jit import compiled, int64
from sim.network import Int64Array
from sim.plant import model as q
from sim.plant.chance import duration, is_constant, word
from sim.plant.messages import free_message, new_message, send
from sim.plant.model import PlantModel

shown_total = compiled(_shown_total)
missed_tags = compiled(_missed_tags)
shown_units = compiled(_shown_units)

_READING_WORDS = 4
_ERRORS = q.LAST_ERROR - q.FIRST_ERROR + 1


# --- differences ------------------------------------------------------------------------------------------------------


@compiled
def settle_gap(m: FlowModel, p: PlantModel, point: int, time: int) -> None:
    """Add what the record has differed since it was last looked at to the time integrals."""
    span = float(time - p.point[point, q.Q_SETTLED_MS])
    p.point[point, q.Q_SETTLED_MS] = time
    if span <= 0.0 or p.point[point, q.Q_GAPS] == 0:
        return
    for cause in range(c.CAUSES):
        p.gap[point, cause] += span * abs(p.difference[point, cause])
    gap = m.state[point, c.S_RECORDED] - m.state[point, c.S_ON_HAND]
    if gap != 0:
        p.gap[point, c.G_WRONG_MS] += span
        p.gap[point, c.G_UNITS] += span * abs(gap)


@compiled
def shift(m: FlowModel, p: PlantModel, point: int, cause: int, units: int, time: int) -> None:
    """Let the record differ by so many units more, for this cause."""
    if units == 0:
        return
    settle_gap(m, p, point, time)
    before = p.difference[point, cause]
    p.difference[point, cause] = before + units
    m.state[point, c.S_RECORDED] += units
    p.point[point, q.Q_GAPS] += int64(before + units != 0) - int64(before != 0)


@compiled
def set_difference(m: FlowModel, p: PlantModel, point: int, cause: int, units: int, time: int) -> None:
    """Let the record differ by so many units, for this cause."""
    shift(m, p, point, cause, units - p.difference[point, cause], time)


# --- telling ----------------------------------------------------------------------------------------------------------


@compiled
def told(m: FlowModel, p: PlantModel, point: int, units: int, taken: int, time: int, message: int) -> None:
    """What a device tells has taken units off the record: by a message, or (NONE) straight away."""
    p.point[point, q.Q_TOLD] += units
    write_report(m, time, taken, point, units, int64(c.R_TOLD), message)


@compiled
def tell(m: FlowModel, p: PlantModel, point: int, change: int, scan: float, time: int) -> None:
    """A device tells of a change of stock (negative: taken); `scan` decides whether a scan is missed."""
    settings = p.point[point]
    sensor = settings[q.Q_SENSOR]
    if settings[q.Q_DEVICE] == NONE or sensor == plan.SENSOR_NONE:
        told(m, p, point, -change, time, time, int64(NONE))
        return
    if sensor == plan.SENSOR_SCAN and scan < p.share[point, q.F_MISSED_SCAN]:
        shift(m, p, point, int64(c.D_MISSED_SCAN), -change, time)
        p.count[point, c.N_MISSED_SCANS] += 1
        return
    shift(m, p, point, int64(c.D_UNDER_WAY), -change, time)
    if sensor >= plan.SENSOR_RFID and sensor <= plan.SENSOR_LEVEL:
        settings[q.Q_UNTOLD] -= change
        take_reading(m, p, point, time)
        return
    error = int64(0)
    if sensor == plan.SENSOR_METER:
        before = shown_total(settings[q.Q_METERED], p.share[point, q.F_METER])
        settings[q.Q_METERED] -= change
        error = -change - (shown_total(settings[q.Q_METERED], p.share[point, q.F_METER]) - before)
    tell_change(m, p, point, -change, error, int64(c.D_METER), time)


@compiled
def tell_change(m: FlowModel, p: PlantModel, point: int, a: int, b: int, cause: int, time: int) -> None:
    """A message of changes: when applied, `under way` falls by a, and the cause rises by b."""
    if p.point[point, q.Q_GATEWAY] == NONE:
        shift(m, p, point, int64(c.D_UNDER_WAY), -a, time)
        shift(m, p, point, cause, b, time)
        told(m, p, point, a - b, time, time, int64(NONE))
        want_review(m, point)
        return
    row = new_message(p, point, time)
    p.message[row, q.M_A] = a
    p.message[row, q.M_B] = b
    p.message[row, q.M_CAUSE] = cause
    pass_on(m, p, row, time)


@compiled
def tell_wrongly(m: FlowModel, p: PlantModel, point: int, units: int, cause: int, scan: float, time: int) -> None:
    """A device tells that units were taken here, which were not."""
    sensor = p.point[point, q.Q_SENSOR]
    if sensor >= plan.SENSOR_RFID and sensor <= plan.SENSOR_LEVEL:
        return
    if sensor == plan.SENSOR_SCAN and scan < p.share[point, q.F_MISSED_SCAN]:
        p.count[point, c.N_MISSED_SCANS] += 1
        return
    if sensor == plan.SENSOR_NONE:
        shift(m, p, point, cause, -units, time)
        told(m, p, point, units, time, time, int64(NONE))
        want_review(m, point)
        return
    tell_change(m, p, point, int64(0), -units, cause, time)


@compiled
def pass_on(m: FlowModel, p: PlantModel, row: int, time: int) -> None:
    """Give a message to its gateway; what is lost there will never be known."""
    lost = send(m, p, row, time)
    if lost != NONE:
        lose(m, p, lost, time)


@compiled
def lose(m: FlowModel, p: PlantModel, row: int, time: int) -> None:
    """A message does not arrive."""
    message = p.message[row]
    point = message[q.M_POINT]
    p.count[point, c.N_LOST] += 1
    log(m, time, p.timer[q.T_PHASE], point, c.E_REPORT_LOST, 0, message[q.M_NUMBER])
    if message[q.M_READING] == NONE:
        if message[q.M_NUMBER] >= p.point[point, q.Q_COUNT_MESSAGE]:  # a count has settled what was before it
            _move(m, p, point, int64(c.D_UNDER_WAY), int64(c.D_LOST_REPORT), message[q.M_A], time)
    elif message[q.M_READING] > p.point[point, q.Q_COVERED]:
        untold = message[q.M_UNTOLD] - p.point[point, q.Q_COVERED_UNTOLD]
        _move(m, p, point, int64(c.D_UNDER_WAY), int64(c.D_LOST_REPORT), untold, time)
        p.point[point, q.Q_COVERED] = message[q.M_READING]
        p.point[point, q.Q_COVERED_UNTOLD] = message[q.M_UNTOLD]
    free_message(p, row)


@compiled
def _move(m: FlowModel, p: PlantModel, point: int, of: int, to: int, units: int, time: int) -> None:
    shift(m, p, point, of, -units, time)
    shift(m, p, point, to, units, time)


# --- readings ---------------------------------------------------------------------------------------------------------


@compiled
def take_reading(m: FlowModel, p: PlantModel, point: int, time: int) -> None:
    """A sensor reads how much there is, and tells it."""
    settings = p.point[point]
    row = new_message(p, point, time)
    p.count[point, c.N_READINGS] += 1
    first_word = settings[q.Q_READINGS] * _READING_WORDS
    settings[q.Q_READINGS] += 1
    message = p.message[row]
    message[q.M_READING] = settings[q.Q_READINGS]
    message[q.M_UNTOLD] = settings[q.Q_UNTOLD]
    errors = message[q.M_ERROR :]
    errors[:] = 0
    there = m.state[point, c.S_ON_HAND]
    if is_stuck(m, p, point, time):
        errors[c.D_STUCK - q.FIRST_ERROR] = settings[q.Q_SHOWN] - there
    elif settings[q.Q_SENSOR] == plan.SENSOR_RFID:
        _read_tags(m, p, point, there, first_word, errors)
    else:
        _weigh(m, p, point, there, first_word, time, errors)
    shown = there
    for place in range(_ERRORS):
        shown += errors[place]
    settings[q.Q_SHOWN] = shown
    if settings[q.Q_GATEWAY] == NONE:
        before = m.state[point, c.S_RECORDED]
        _apply_reading(m, p, row, time)
        told(m, p, point, before - m.state[point, c.S_RECORDED], time, time, int64(NONE))
        free_message(p, row)
    else:
        pass_on(m, p, row, time)


@compiled
def _read_tags(m: FlowModel, p: PlantModel, point: int, tags: int, first_word: int, errors: Int64Array) -> None:
    key = p.stream[point, q.STREAM_READING]
    missed = missed_tags(tags, p.share[point, q.F_READ_RATE], word(m, key, first_word))
    errors[c.D_MISSED_TAG - q.FIRST_ERROR] = -missed
    if p.share[point, q.F_STRAY] > 0.0:
        stray = poisson_quantile(p.share[point, q.F_STRAY], word(m, key, first_word + 1))
        errors[c.D_STRAY_TAG - q.FIRST_ERROR] = stray


@compiled
def _weigh(m: FlowModel, p: PlantModel, point: int, units: int, first_word: int, time: int, errors: Int64Array) -> None:
    settings, share = p.point[point], p.share[point]
    weight = settings[q.Q_UNIT_MG]
    load = float((units - settings[q.Q_OFF_PLATE]) * weight + settings[q.Q_FOREIGN_MG])
    exact = int64(0)
    mixed = shown_units(load, 0.0, exact, weight)
    zero = 0.0
    if share[q.F_TARE_MG] > 0.0:
        zero = share[q.F_TARE_MG] * normal_quantile(word(m, p.stream[point, q.STREAM_TARE], settings[q.Q_COUNTS]))
    with_zero = shown_units(load, zero, exact, weight)
    drift = share[q.F_DRIFT_MG] * ((time - settings[q.Q_CALIBRATED_MS]) / DAY_MS)
    with_drift = shown_units(load, zero + drift, exact, weight)
    noise = 0.0
    if share[q.F_NOISE_MG] > 0.0:
        noise = share[q.F_NOISE_MG] * normal_quantile(word(m, p.stream[point, q.STREAM_READING], first_word + 2))
    shown = shown_units(load, zero + drift + noise, settings[q.Q_RESOLUTION_MG], weight)
    errors[c.D_MIXED - q.FIRST_ERROR] = mixed - units
    errors[c.D_TARE - q.FIRST_ERROR] = with_zero - mixed
    errors[c.D_DRIFT - q.FIRST_ERROR] = with_drift - with_zero
    errors[c.D_NOISE - q.FIRST_ERROR] = shown - with_drift


@compiled
def is_stuck(m: FlowModel, p: PlantModel, point: int, time: int) -> bool:
    """Whether the sensor shows the same as last time; draws the intervals in which it does, as time goes on."""
    if p.duration[point, q.X_STUCK_EVERY, 0] == NONE:
        return False
    settings = p.point[point]
    while time >= settings[q.Q_STUCK_TO]:
        settings[q.Q_STUCK_FROM] = settings[q.Q_STUCK_TO] + _stuck_draw(m, p, point, int64(q.X_STUCK_EVERY))
        lasting = max(_stuck_draw(m, p, point, int64(q.X_STUCK_LASTING)), 1)
        settings[q.Q_STUCK_TO] = settings[q.Q_STUCK_FROM] + lasting
    return bool(time >= settings[q.Q_STUCK_FROM])


@compiled
def _stuck_draw(m: FlowModel, p: PlantModel, point: int, which: int) -> int:
    return next_duration(m, p, point, which, int64(q.STREAM_STUCK), int64(q.Q_STUCK_DRAWS))


@compiled
def next_duration(m: FlowModel, p: PlantModel, point: int, which: int, stream: int, counter: int) -> int:
    """The next duration drawn in turn from a stream of a stock point; a constant takes no word."""
    row = p.duration[point, which]
    if is_constant(row):
        return duration(row, 0.5)
    number = p.point[point, counter]
    p.point[point, counter] = number + 1
    return duration(row, word(m, p.stream[point, stream], number))


# --- applying ---------------------------------------------------------------------------------------------------------


@compiled
def arrive(m: FlowModel, p: PlantModel, row: int, time: int) -> None:
    """A message arrives at the platform, and the record changes by what it says."""
    message = p.message[row]
    point, number = message[q.M_POINT], message[q.M_NUMBER]
    before = m.state[point, c.S_RECORDED]
    _apply(m, p, row, time)
    change = m.state[point, c.S_RECORDED] - before
    taken = message[q.M_TAKEN_MS] + p.gateway[p.point[point, q.Q_GATEWAY], q.E_OFFSET_MS]
    told(m, p, point, -change, taken, time, number)
    log(m, time, c.PHASE_RETURN, point, c.E_REPORT, change, number)
    free_message(p, row)


@compiled
def _apply(m: FlowModel, p: PlantModel, row: int, time: int) -> None:
    message = p.message[row]
    point = message[q.M_POINT]
    p.count[point, c.N_DELIVERED] += 1
    p.count[point, c.N_DELAY_MS] += time - message[q.M_TAKEN_MS]
    if message[q.M_READING] != NONE:
        if message[q.M_NUMBER] >= p.point[point, q.Q_COUNT_MESSAGE]:
            _apply_reading(m, p, row, time)
        return
    a, b = message[q.M_A], message[q.M_B]
    before = message[q.M_NUMBER] < p.point[point, q.Q_COUNT_MESSAGE]
    offset = p.gateway[p.point[point, q.Q_GATEWAY], q.E_OFFSET_MS]
    says_before = message[q.M_TAKEN_MS] + offset <= p.point[point, q.Q_COUNT_MS]
    if not before:
        shift(m, p, point, int64(c.D_UNDER_WAY), -a, time)
    if before and not says_before:
        shift(m, p, point, int64(c.D_CLOCK), b - a, time)
    elif says_before and not before:
        shift(m, p, point, int64(c.D_CLOCK), a, time)
    elif not before:
        shift(m, p, point, message[q.M_CAUSE], b, time)
    want_review(m, point)


@compiled
def _apply_reading(m: FlowModel, p: PlantModel, row: int, time: int) -> None:
    """The record becomes what was read, with all that has changed since; `lost` and `under way` keep what has not."""
    message = p.message[row]
    point = message[q.M_POINT]
    settings = p.point[point]
    for place in range(_ERRORS):
        set_difference(m, p, point, q.FIRST_ERROR + place, message[q.M_ERROR + place], time)
    for cause in (c.D_WRONG_PRODUCT, c.D_WRONG_ITEM, c.D_COUNT):
        set_difference(m, p, point, cause, int64(0), time)
    untold = message[q.M_UNTOLD]
    lost = int64(0)
    if message[q.M_READING] > settings[q.Q_COVERED]:
        settings[q.Q_COVERED] = message[q.M_READING]
        settings[q.Q_COVERED_UNTOLD] = untold
    else:
        lost = settings[q.Q_COVERED_UNTOLD] - untold
    set_difference(m, p, point, int64(c.D_LOST_REPORT), lost, time)
    under_way = settings[q.Q_UNTOLD] - settings[q.Q_COVERED_UNTOLD]
    set_difference(m, p, point, int64(c.D_UNDER_WAY), under_way, time)
    settings[q.Q_READ] = m.state[point, c.S_RECORDED]
    want_review(m, point)


@compiled
def forget_differences(m: FlowModel, p: PlantModel, point: int, time: int) -> None:
    """The record becomes what is there: nothing differs any more."""
    for cause in range(c.CAUSES):
        set_difference(m, p, point, cause, int64(0), time)
    settings = p.point[point]
    settings[q.Q_COVERED] = settings[q.Q_READINGS]
    settings[q.Q_COVERED_UNTOLD] = settings[q.Q_UNTOLD]
