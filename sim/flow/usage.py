"""The usage log: who took what, for which machine, from which lot; and what the platform learnt of it."""

from sim import columns as c
from sim.flow import model as f
from sim.flow.books import change_stock
from sim.flow.lots import free_layer, settle_age
from sim.flow.model import NONE, FlowModel
from sim.jit import compiled, int64
from sim.network import Int64Array

_ORDER_BITS = 20
_MACHINE_BITS = 20
_ORDER_MASK = (1 << _ORDER_BITS) - 1
_MACHINE_MASK = (1 << _MACHINE_BITS) - 1
MOST_WORK_ORDERS = _ORDER_MASK


@compiled
def pack_who(person: int, machine: int, work_order: int) -> int:
    """Person, machine and work order (NONE for none) in one number."""
    return ((person + 1) << (_ORDER_BITS + _MACHINE_BITS)) | ((machine + 1) << _ORDER_BITS) | (work_order + 1)


def unpack_who(who: Int64Array) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Persons, machines and work orders (NONE for none) of packed numbers, as arrays."""
    return (
        (who >> (_ORDER_BITS + _MACHINE_BITS)) - 1,
        ((who >> _ORDER_BITS) & _MACHINE_MASK) - 1,
        (who & _ORDER_MASK) - 1,
    )


@compiled
def write_usage(
    m: FlowModel, time: int, point: int, lot: int, quantity: int, kind: int, who: int, reference: int
) -> None:
    """Append to the usage table."""
    row = m.clock[f.C_USAGE_ROWS]
    m.clock[f.C_USAGE_ROWS] = row + 1
    m.usage_out[row, 0] = time
    m.usage_out[row, 1] = point
    m.usage_out[row, 2] = lot
    m.usage_out[row, 3] = quantity
    m.usage_out[row, 4] = kind
    m.usage_out[row, 5] = (who >> (_ORDER_BITS + _MACHINE_BITS)) - 1
    m.usage_out[row, 6] = ((who >> _ORDER_BITS) & _MACHINE_MASK) - 1
    m.usage_out[row, 7] = (who & _ORDER_MASK) - 1
    m.usage_out[row, 8] = reference


@compiled
def write_report(m: FlowModel, time: int, taken: int, point: int, quantity: int, kind: int, reference: int) -> None:
    """Append to the reports table: units that the record has lost (below 0: got back); nothing for no units.

    `taken` is when the device says that it happened, by its gateway's clock.
    """
    if quantity == 0:
        return
    row = m.clock[f.C_REPORT_ROWS]
    m.clock[f.C_REPORT_ROWS] = row + 1
    m.report_out[row, 0] = time
    m.report_out[row, 1] = taken
    m.report_out[row, 2] = point
    m.report_out[row, 3] = quantity
    m.report_out[row, 4] = kind
    m.report_out[row, 5] = reference


@compiled
def report_now(m: FlowModel, time: int, point: int, quantity: int, kind: int, reference: int) -> None:
    """Append to the reports table what no gateway has told: it is known at the instant at which it happens."""
    write_report(m, time, time, point, quantity, kind, reference)


@compiled
def take_out(m: FlowModel, point: int, quantity: int, time: int, kind: int, who: int, reference: int) -> int:
    """Units leave the network here, booked at once, with a row of the usage table per lot; returns the last lot.

    The caller has settled the statistics.
    """
    change_stock(m, point, -quantity, time)
    if m.parameter[point, c.P_FLAGS] & c.SP_LOTS == 0:
        write_usage(m, time, point, int64(NONE), quantity, kind, who, reference)
        return int64(NONE)
    left = quantity
    lot = int64(NONE)
    while left > 0:
        row = m.state[point, c.S_LAYER_HEAD]
        here = m.layer[row, f.Y_QUANTITY]
        lot = m.layer[row, f.Y_LOT]
        taken = min(here, left)
        settle_age(m, point, row, taken, time)
        write_usage(m, time, point, lot, taken, kind, who, reference)
        left -= taken
        if taken < here:
            m.layer[row, f.Y_QUANTITY] = here - taken
        else:
            m.state[point, c.S_LAYER_HEAD] = m.layer[row, f.Y_NEXT]
            free_layer(m, row)
    if m.state[point, c.S_LAYER_HEAD] == NONE:
        m.state[point, c.S_LAYER_TAIL] = NONE
    return lot


@compiled
def issue_billed(m: FlowModel, point: int, quantity: int, time: int, line: int) -> None:
    """A customer gets units at a stock point without a device that a contract covers: known to the platform at once."""
    take_out(m, point, quantity, time, int64(c.U_ISSUED), pack_who(int64(NONE), int64(NONE), int64(NONE)), line)
    report_now(m, time, point, quantity, int64(c.R_BOOKED), line)


@compiled
def note_for_plants(m: FlowModel, use: int, point: int, phase: int) -> None:
    """Something the plants have to hear of before the flow goes on: a use was served, or stock came (use NONE)."""
    row = m.clock[f.C_NOTES]
    m.clock[f.C_NOTES] = row + 1
    m.note[row, f.NOTE_USE] = use
    m.note[row, f.NOTE_POINT] = point
    m.note[row, f.NOTE_PHASE] = phase
