"""Working time of lines, and their running time: dues of machines are counted in the latter."""

from sim.flow.model import NEVER, NONE
from sim.jit import compiled, int64
from sim.plant import model as q
from sim.plant.model import PlantModel


@compiled
def _interval_at(p: PlantModel, first: int, last: int, column: int, value: int) -> int:
    """The last of the rows first .. last - 1 whose column is at most `value`, first - 1 if none is."""
    low = first
    high = last
    while low < high:
        middle = (low + high) // 2
        if p.working[middle, column] <= value:
            low = middle + 1
        else:
            high = middle
    return int64(low - 1)


@compiled
def working_time(p: PlantModel, line: int, time: int) -> int:
    """Working time of a line's calendar from the start up to an instant, ms."""
    first, last = p.line[line, q.LINE_FIRST_WORKING], p.line[line, q.LINE_LAST_WORKING]
    if first == NONE:
        return int64(time)
    row = _interval_at(p, first, last, int64(0), time)
    if row < first:
        return int64(0)
    return int64(p.working[row, 2] + min(time, p.working[row, 1]) - p.working[row, 0])


@compiled
def instant_of(p: PlantModel, line: int, working_ms: int) -> int:
    """The first instant up to which that much working time has passed; NEVER if there is not so much."""
    first, last = p.line[line, q.LINE_FIRST_WORKING], p.line[line, q.LINE_LAST_WORKING]
    if first == NONE or working_ms <= 0:
        return int64(max(working_ms, 0))
    row = _interval_at(p, first, last, int64(2), working_ms - 1)
    if row < first:
        return int64(NEVER)
    instant = p.working[row, 0] + working_ms - p.working[row, 2]
    return int64(instant) if instant <= p.working[row, 1] else int64(NEVER)


@compiled
def working_time_left(p: PlantModel, line: int, time: int) -> int:
    """Working time left in the interval that an instant lies in; 0 outside and without a calendar."""
    first, last = p.line[line, q.LINE_FIRST_WORKING], p.line[line, q.LINE_LAST_WORKING]
    if first == NONE:
        return int64(0)
    row = _interval_at(p, first, last, int64(0), time)
    if row < first:
        return int64(0)
    return int64(max(p.working[row, 1] - time, 0))


@compiled
def running_time(p: PlantModel, line: int, time: int) -> int:
    """How long a line has run up to now, ms; it stands still while a machine stands."""
    lost = p.line[line, q.LINE_LOST_MS]
    if p.line[line, q.LINE_STANDING] > 0:
        return int64(p.line[line, q.LINE_DOWN_AT] - lost)
    return int64(working_time(p, line, time) - lost)
