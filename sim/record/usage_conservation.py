"""What was used, what the platform learnt of it, and the engine's own totals must agree, to the unit.

At stock points of devices and those that a contract covers:

    issued      by the totals = by the usage rows that meet lines
    short       asked for - given at once = by the reports
    lots        opening + came in - went out, by lot, = closing         where nothing is under way from there

The record changes only by booked movements of goods and by reports:

    record      opening + received - sent on - expired - rejected - reported = closing      at devices
    record      issued by the totals = reported                                            elsewhere
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sim import columns as c
from sim.network import Int64Array
from sim.record import sums as r
from sim.record.books import Equation
from sim.record.records import Levels, Records
from sim.record.usage_sums import LotBalance, UsageSums


def usage_equations(records: Records) -> Iterator[Equation]:
    """What must be equal in the books of usage; nothing without devices and contracts."""
    sums = records.usage_sums
    if sums is None:
        return
    flags = records.network.parameter[:, c.P_FLAGS]
    device = (flags & c.SP_DEVICE) != 0
    written = (flags & (c.SP_DEVICE | c.SP_BILLED)) != 0
    issued = _whole(records, c.T_UNITS_ISSUED)
    yield Equation("units issued by the usage log", np.where(written, issued, 0), sums.issued())
    short = _whole(records, c.T_DEMAND_UNITS) - _whole(records, c.T_UNITS_AT_ONCE)
    yield Equation("units not given at once by the reports", np.where(written, short, 0), sums.reports[:, c.R_SHORT])
    reported = np.where(device, _off_record(records, sums), np.where(written, issued, 0))
    yield Equation("units taken off the record by the reports", reported, sums.taken_off_record())
    if sums.lots is not None:
        yield _lot_equation(records, sums.lots)


def _off_record(records: Records, sums: UsageSums) -> Int64Array:
    """By how much the record fell, other than by goods that were booked in and out."""
    opening, closing = records.summary.opening.state, records.summary.closing.state
    booked_in = records.sums[:, r.SUM_UNITS_RECEIVED] - records.sums[:, r.SUM_UNITS_DISPATCHED]
    booked_out = sums.usage[:, [c.U_EXPIRED, c.U_REJECTED]].sum(axis=1)
    units: Int64Array = opening[:, c.S_RECORDED] + booked_in - booked_out - closing[:, c.S_RECORDED]
    return units


def _whole(records: Records, column: int) -> Int64Array:
    return records.summary.warm_up_total[:, column] + records.summary.total[:, column]


def _lot_equation(records: Records, lots: LotBalance) -> Equation:
    """By stock point and lot; which lots are under way from a place is not recorded: places with such are left out."""
    summary = records.summary
    point, lot, units = lots.balance(_layers(summary.opening), _layers(summary.closing))
    under_way: npt.NDArray[np.bool_] = records.sums[:, r.SUM_UNITS_SENT_UNDER_WAY] != 0
    if summary.opening.lots_sent is not None:
        under_way |= summary.opening.lots_sent != 0
    wrong = ~under_way[point]
    names = tuple(f"lot {number}: units that came and did not go, less those there" for number in lot[wrong].tolist())
    return Equation("lots", np.zeros(len(names), np.int64), units[wrong], rows=point[wrong], names=names)


def _layers(levels: Levels) -> tuple[Int64Array, Int64Array, Int64Array]:
    return levels.layer_stock_point.astype(np.int64), levels.layer_lot, levels.layer_quantity
