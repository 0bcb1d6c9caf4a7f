"""The books must close: nothing appears and nothing vanishes, to the unit.

Every replication ends with these equations, worked out from the recorded orders, shipments, lots and transfers against
the opening and the closing state. All quantities are integers, so the comparison is exact. `U` are units:

    on hand     opening + received - sent on - issued + other usage          = closing     per stock point
    in transit  shipped to here and not received                            = closing     per stock point
    on order    opening + ordered - received                                = closing     per stock point
    owed        opening + demanded - lost - issued                          = closing     per stock point, customers
    owed        opening + ordered here - sent on                            = closing     per stock point, orders
    everything  opening on hand and in transit + sent by suppliers - issued + other usage = closing of both    per item
    lots        see `_lot_equations`

Other usage is what devices book besides issues: what comes back, less what is taken by mistake, expires, leaks or is
rejected; the rest about usage is in `sim.record.usage_conservation`, about plants in `sim.record.plant_conservation`.
Where there are pools, whose moves (transfers, preventive ones, rebalancing) sum to zero:

    coming      opening + asked of the pool and of emergencies - received   = closing     per stock point
    given       by the orders = sent by the shipments                                     per stock point that gave
    moves       given = received + under way                                              per item
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sim import columns as c
from sim.errors import Break, ConservationError
from sim.jit import compiled
from sim.network import Int64Array, Network
from sim.record import pool_sums as ps
from sim.record import sums as r
from sim.record.books import Equation
from sim.record.plant_conservation import plant_equations
from sim.record.pool_sums import PoolSums
from sim.record.records import Records
from sim.record.usage_conservation import usage_equations


def check_conservation(records: Records) -> None:
    """Raise ConservationError, naming items and places, unless every unit is accounted for."""
    breaks: list[Break] = []
    total = 0
    for equation in _equations(records):
        wrong = np.flatnonzero(equation.expected != equation.found)
        total += len(wrong)
        breaks += [equation.broken_at(records.network, int(row)) for row in wrong[: ConservationError.shown]]
    if total:
        raise ConservationError(records.replication, breaks[: ConservationError.shown], total)


def _equations(records: Records) -> Iterator[Equation]:
    yield from _stock_point_equations(records)
    yield _item_equation(records)
    if records.network.item_lots.any():
        yield from _lot_equations(records)
    if records.pool_sums is not None:
        yield from _pool_equations(records, records.pool_sums)
    yield from usage_equations(records)
    yield from plant_equations(records)


_STOCK_POINT_BOOKS = (
    "stock on hand",
    "stock in transit to it",
    "stock on order",
    "units owed to customers",
    "units owed to downstream orders",
)


def _stock_point_equations(records: Records) -> Iterator[Equation]:
    network, summary = records.network, records.summary
    expected = np.empty((len(_STOCK_POINT_BOOKS), network.stock_points), dtype=np.int64)
    found = np.empty_like(expected)
    _books(
        network.parameter,
        summary.opening.state,
        summary.closing.state,
        records.sums,
        summary.warm_up_total,
        summary.total,
        _other_usage(records),
        expected,
        found,
    )
    for row, what in enumerate(_STOCK_POINT_BOOKS):
        yield Equation(what, expected[row], found[row])


@compiled
def _books(
    parameter: Int64Array,
    opening: Int64Array,
    closing: Int64Array,
    sums: Int64Array,
    warm_up_total: Int64Array,
    total: Int64Array,
    other_usage: Int64Array,
    expected: Int64Array,
    found: Int64Array,
) -> None:
    """The equations of one stock point, for each; `expected` and `found` are (5, P)."""
    for p in range(len(parameter)):
        issued = warm_up_total[p, c.T_UNITS_ISSUED] + total[p, c.T_UNITS_ISSUED]
        demanded = warm_up_total[p, c.T_DEMAND_UNITS] + total[p, c.T_DEMAND_UNITS]
        lost = warm_up_total[p, c.T_UNITS_LOST] + total[p, c.T_UNITS_LOST]
        received, sent = sums[p, r.SUM_UNITS_RECEIVED], sums[p, r.SUM_UNITS_DISPATCHED]
        outside = parameter[p, c.P_FLAGS] & c.SP_SUPPLIER

        expected[0, p] = 0 if outside else opening[p, c.S_ON_HAND] + received - sent - issued + other_usage[p]
        found[0, p] = 0 if outside else closing[p, c.S_ON_HAND]
        expected[1, p] = sums[p, r.SUM_UNITS_UNDER_WAY]
        found[1, p] = closing[p, c.S_IN_TRANSIT]
        expected[2, p] = opening[p, c.S_ON_ORDER] + sums[p, r.SUM_UNITS_ORDERED] - received
        found[2, p] = closing[p, c.S_ON_ORDER]
        expected[3, p] = opening[p, c.S_CUSTOMERS_WAITING] + demanded - lost - issued
        found[3, p] = closing[p, c.S_CUSTOMERS_WAITING]
        owed = opening[p, c.S_WAITING] - opening[p, c.S_CUSTOMERS_WAITING]
        expected[4, p] = owed + sums[p, r.SUM_UNITS_ORDERED_HERE] - sent
        found[4, p] = closing[p, c.S_WAITING] - closing[p, c.S_CUSTOMERS_WAITING]


def _item_equation(records: Records) -> Equation:
    network, summary = records.network, records.summary
    expected, found = np.zeros(network.items, dtype=np.int64), np.zeros(network.items, dtype=np.int64)
    _item_books(
        network.parameter,
        summary.opening.state,
        summary.closing.state,
        records.sums,
        summary.warm_up_total,
        summary.total,
        _other_usage(records),
        expected,
        found,
    )
    return Equation("stock on hand and in transit", expected, found, per_item=True)


@compiled
def _item_books(
    parameter: Int64Array,
    opening: Int64Array,
    closing: Int64Array,
    sums: Int64Array,
    warm_up_total: Int64Array,
    total: Int64Array,
    other_usage: Int64Array,
    expected: Int64Array,
    found: Int64Array,
) -> None:
    """The equation of one item over the whole network, for each; `expected` and `found` are (I,)."""
    for p in range(len(parameter)):
        item = parameter[p, c.P_ITEM]
        if parameter[p, c.P_FLAGS] & c.SP_SUPPLIER:
            expected[item] += sums[p, r.SUM_UNITS_DISPATCHED]
        else:
            issued = warm_up_total[p, c.T_UNITS_ISSUED] + total[p, c.T_UNITS_ISSUED]
            expected[item] += opening[p, c.S_ON_HAND] + opening[p, c.S_IN_TRANSIT] - issued + other_usage[p]
            found[item] += closing[p, c.S_ON_HAND] + closing[p, c.S_IN_TRANSIT]


def _lot_equations(records: Records) -> Iterator[Equation]:
    """Lots: layers add up to the stock on hand; what left a place was issued, sent on or is under way."""
    network, opening, closing = records.network, records.summary.opening, records.summary.closing
    tracked = (network.parameter[:, c.P_FLAGS] & (c.SP_LOTS | c.SP_SUPPLIER)) == c.SP_LOTS
    layers = _sum_at(network, closing.layer_stock_point, closing.layer_quantity)
    yield Equation("stock in lots", np.where(tracked, closing.state[:, c.S_ON_HAND], 0), layers)

    sums = records.sums
    left = sums[:, r.SUM_UNITS_SENT_UNDER_WAY] + _whole(records, c.T_UNITS_ISSUED) - _other_usage(records)
    expected = _sum_at(network, opening.layer_stock_point, opening.layer_quantity)
    expected += sums[:, r.SUM_LOT_UNITS] - left
    if opening.lots_sent is not None:
        expected += opening.lots_sent
    expected, layers = np.where(tracked, expected, 0), np.where(tracked, layers, 0)
    yield Equation("stock in lots after all lot movements", expected, layers)


def _pool_equations(records: Records, sums: PoolSums) -> Iterator[Equation]:
    """What pools moved: the orders' side against the shipments' side, and against what is on its way at the end."""
    network, summary = records.network, records.summary
    asks = (network.parameter[:, c.P_FLAGS] & c.SP_ASKS) != 0  # nobody else is told what is coming
    coming = sums.point[ps.POINT_UNITS_ASKED] - sums.point[ps.POINT_UNITS_RECEIVED]
    expected = np.where(asks, summary.opening.state[:, c.S_COMING] + coming, 0)
    found = np.where(asks, summary.closing.state[:, c.S_COMING], 0)
    yield Equation("stock coming from its pool or as an emergency", expected, found)
    given, sent = sums.point[ps.POINT_UNITS_GIVEN], sums.point[ps.POINT_UNITS_SENT]
    yield Equation("units given to others of its pool", given, sent)
    taken = sums.point[ps.POINT_UNITS_TAKEN]
    yield Equation("units moved in pools", _per_item(network, given), _per_item(network, taken), per_item=True)


def _other_usage(records: Records) -> Int64Array:
    """Units that came back to devices less those that left them other than by an issue, per stock point."""
    if records.usage_sums is None:
        return np.zeros(records.network.stock_points, dtype=np.int64)
    return records.usage_sums.back_less_left()


def _per_item(network: Network, units: Int64Array) -> Int64Array:
    sums = np.zeros(network.items, dtype=np.int64)
    np.add.at(sums, network.parameter[:, c.P_ITEM], units)
    return sums


def _whole(records: Records, column: int) -> Int64Array:
    return records.summary.warm_up_total[:, column] + records.summary.total[:, column]


def _sum_at(network: Network, stock_point: npt.NDArray[np.integer], quantity: Int64Array) -> Int64Array:
    sums = np.zeros(network.stock_points, dtype=np.int64)
    np.add.at(sums, stock_point, quantity)
    return sums
