"""What came to and went from the stock points of a contract, out of the tables of a replication.

A movement is a change of what is *held* at a stock point: on the shelf there, or lent from there. So lending and taking
back are none, and a loan that is lost or worn is used at that instant. Lot-tracked goods have a movement per lot.
"""

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from policies.contracts.term import NO_TABLE, SHIPMENTS, USAGE
from sim import columns as c
from sim.contracts.matching import matched
from sim.network import Int64Array, Network
from sim.record import layouts
from sim.record.arrow import values_of
from sim.record.layouts import TableLayout
from sim.record.records import Levels, Records

OPENING: Final = 0  # there when the records begin
RECEIVED: Final = 1
SENT: Final = 2  # to another stock point
USED: Final = 3
PUT_BACK: Final = 4
WRITTEN_OFF: Final = 5
_NOTHING: Final = -1

_KIND_OF_USAGE: Final[Int64Array] = np.full(len(c.USAGE_KINDS), _NOTHING, np.int64)
_KIND_OF_USAGE[[c.U_PERSON, c.U_MACHINE, c.U_QUEUE, c.U_WRONG, c.U_ISSUED, c.U_LOAN_LOST, c.U_LOAN_WORN]] = USED
_KIND_OF_USAGE[c.U_PUT_BACK] = PUT_BACK
_KIND_OF_USAGE[[c.U_EXPIRED, c.U_LEAK, c.U_REJECTED]] = WRITTEN_OFF


@dataclass(frozen=True)
class Movements:
    """n movements in order of time; arrays (n,)."""

    time_ms: Int64Array
    point: Int64Array
    item: Int64Array
    lot: Int64Array  # -1: not tracked
    units: Int64Array  # by which what is held there changes
    kind: Int64Array  # OPENING ...
    table: Int64Array  # code of policies.contracts.term.TABLES
    row: Int64Array
    line: Int64Array  # of use and what was put back: number of the line; otherwise -1
    usage: Int64Array  # kind of usage (sim.columns.U_*), -1: none
    emergency: Int64Array  # 1: an emergency delivery
    from_point: Int64Array  # of what was received: where it came from, -1: from nowhere in the network

    def __len__(self) -> int:
        return len(self.time_ms)

    def where(self, chosen: npt.NDArray[Any]) -> "Movements":
        """Those that are chosen, by a mask or by their places."""
        return Movements(*(getattr(self, one.name)[chosen] for one in fields(self)))


class RecordColumns:
    """The columns of a replication's tables as integers, and the rows of given stock points, each found once."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self._tables: dict[str, Any] = {}
        self._columns: dict[tuple[str, str], Int64Array] = {}
        self._by_point: dict[tuple[str, str], tuple[Int64Array, Int64Array]] = {}

    def __call__(self, layout: TableLayout, name: str) -> Int64Array:
        """A column of a table; KeyError when this replication has no such table."""
        if (layout.name, name) not in self._columns:
            if layout.name not in self._tables:
                self._tables[layout.name] = self.records.table(layout.name)
            dtype = next(column.numpy for column in layout.columns if column.name == name)
            column = values_of(self._tables[layout.name][name], dtype)
            self._columns[layout.name, name] = column.astype(np.int64, copy=False)
        return self._columns[layout.name, name]

    def at(self, layout: TableLayout, points: Int64Array, by: str = "stock_point") -> Int64Array:
        """The rows whose column `by` is one of the stock points, ascending."""
        if (layout.name, by) not in self._by_point:
            column = self(layout, by)
            order = np.argsort(column, kind="stable")
            first = np.searchsorted(column[order], np.arange(self.records.network.stock_points + 1))
            self._by_point[layout.name, by] = order, first
        order, first = self._by_point[layout.name, by]
        parts = [order[first[point] : first[point + 1]] for point in points.tolist()]
        return np.sort(np.concatenate([np.zeros(0, np.int64), *parts]))


def movements_at(points: Int64Array, columns: RecordColumns) -> Movements:
    """All movements at the stock points since the records begin; what was there by then comes a millisecond before."""
    parts = [_opening(points, columns.records), *_shipped(points, columns), _usage(points, columns)]
    whole = Movements(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Movements)))
    return whole.where(np.lexsort((whole.row, whole.table, whole.time_ms)))


def _movements(network: Network, time_ms: Int64Array, point: Int64Array, units: Int64Array, **more: Any) -> Movements:
    values: dict[str, Any] = {"lot": -1, "row": -1, "line": -1, "usage": -1, "emergency": 0, "from_point": -1} | more
    full = {
        name: value if isinstance(value, np.ndarray) else np.full(len(time_ms), value, np.int64)
        for name, value in values.items()
    }
    return Movements(time_ms=time_ms, point=point, units=units, item=network.parameter[point, c.P_ITEM], **full)


def held(records: Records, levels: Levels, on_loan: Int64Array | None) -> Int64Array:
    """Units on the shelf and lent, per stock point (P,)."""
    units: Int64Array = levels.state[:, c.S_ON_HAND] + (0 if on_loan is None else on_loan)
    return units


def _opening(points: Int64Array, records: Records) -> Movements:
    opening, plant = records.summary.opening, records.summary.plant
    covered = np.zeros(records.network.stock_points, np.bool_)
    covered[points] = True
    layers = covered[opening.layer_stock_point]
    layer_point, layer_units = opening.layer_stock_point[layers].astype(np.int64), opening.layer_quantity[layers]
    rest = held(records, opening, None if plant is None else plant.opening_on_loan)
    np.subtract.at(rest, layer_point, layer_units)  # what is in no layer is not tracked, or lent
    other = points[rest[points] != 0]
    point = np.concatenate((layer_point, other))
    lot = np.concatenate((opening.layer_lot[layers], np.full(len(other), -1)))
    time_ms = np.full(len(point), records.summary.start.time_ms - 1, np.int64)
    units = np.concatenate((layer_units, rest[other]))
    return _movements(records.network, time_ms, point, units, lot=lot, kind=OPENING, table=NO_TABLE)


def _usage(points: Int64Array, columns: RecordColumns) -> Movements:
    rows = columns.at(layouts.USAGE, points)
    names = ("time_ms", "stock_point", "lot", "quantity", "kind", "reference")
    time_ms, point, lot, units, usage, line = (columns(layouts.USAGE, name)[rows] for name in names)
    kind = _KIND_OF_USAGE[usage]
    signed = np.where(kind == PUT_BACK, units, -units)
    one = _movements(
        columns.records.network,
        time_ms,
        point,
        signed,
        lot=lot,
        kind=kind,
        table=USAGE,
        row=rows,
        line=line,
        usage=usage,
    )
    return one.where(kind != _NOTHING)


def _shipped(points: Int64Array, columns: RecordColumns) -> tuple[Movements, Movements]:
    """What was received, and what was sent to others."""
    records = columns.records
    network = records.network
    rows = columns.at(layouts.SHIPMENTS, points)
    rows = rows[columns(layouts.SHIPMENTS, "received_ms")[rows] >= records.summary.start.time_ms]
    rows, lot, units = _by_lot(rows, columns)
    received = _movements(
        network,
        columns(layouts.SHIPMENTS, "received_ms")[rows],
        columns(layouts.SHIPMENTS, "stock_point")[rows],
        units,
        lot=lot,
        kind=RECEIVED,
        table=SHIPMENTS,
        row=rows,
        emergency=(columns(layouts.SHIPMENTS, "trip")[rows] == -c.ORDER_EMERGENCY).astype(np.int64),
        from_point=columns(layouts.SHIPMENTS, "source")[rows],
    )
    rows = columns.at(layouts.SHIPMENTS, points, "source")
    rows = rows[columns(layouts.SHIPMENTS, "dispatched_ms")[rows] >= records.summary.start.time_ms]
    rows, lot, units = _by_lot(rows, columns)
    sent = _movements(
        network,
        columns(layouts.SHIPMENTS, "dispatched_ms")[rows],
        columns(layouts.SHIPMENTS, "source")[rows],
        -units,
        lot=lot,
        kind=SENT,
        table=SHIPMENTS,
        row=rows,
    )
    return received, sent


def _by_lot(rows: Int64Array, columns: RecordColumns) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Rows of shipments split by the lots in them: row, lot (-1: not tracked), units."""
    of = {name: columns(layouts.SHIPMENTS, name)[rows] for name in ("order", "stock_point", "source", "received_ms")}
    units = columns(layouts.SHIPMENTS, "quantity")[rows]
    flags = columns.records.network.parameter[:, c.P_FLAGS]
    tracked = flags[of["stock_point"]] & c.SP_LOTS != 0
    if not tracked.any():
        return rows, np.full(len(rows), -1, np.int64), units
    outside = flags[of["source"]] & c.SP_SUPPLIER != 0
    under_way = of["received_ms"] < 0
    parts = [(rows[~tracked], np.full(np.count_nonzero(~tracked), -1, np.int64), units[~tracked])]
    for chosen, key, (other_key, lot, lot_units) in (
        (tracked & outside & ~under_way, ("stock_point", "order", "received_ms"), _new_lots(columns)),
        (tracked & ~outside & ~under_way, ("stock_point", "source", "received_ms"), _transferred_lots(columns)),
        (tracked & under_way, ("stock_point", "source"), _lots_under_way(columns.records)),
    ):
        place = np.flatnonzero(chosen)
        piece, found, piece_units = matched([of[name][place] for name in key], units[place], other_key, lot_units)
        known = np.append(lot, np.int64(-1))[found]  # of what is not found: -1, the last
        parts.append((rows[place[piece]], known, piece_units))
    row, lots, split = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(row, kind="stable")
    return row[order], lots[order], split[order]


_LotKey = tuple[list[Int64Array], Int64Array, Int64Array]  # key, lot, units


def _new_lots(columns: RecordColumns) -> _LotKey:
    key = [columns(layouts.LOTS, name) for name in ("stock_point", "supplier_order", "received_ms")]
    return key, columns(layouts.LOTS, "lot"), columns(layouts.LOTS, "quantity")


def _transferred_lots(columns: RecordColumns) -> _LotKey:
    key = [columns(layouts.TRANSFERS, name) for name in ("to_point", "from_point", "received_ms")]
    return key, columns(layouts.TRANSFERS, "lot"), columns(layouts.TRANSFERS, "quantity")


def _lots_under_way(records: Records) -> _LotKey:
    sent = records.summary.closing.layers_sent
    sent = np.zeros((0, 4), np.int64) if sent is None else sent
    return [sent[:, 1], sent[:, 0]], sent[:, 2], sent[:, 3]
