"""Usage and reports, summed chunk by chunk while they are recorded.

A region of plants writes millions of usage rows a year, so these are added up by compiled code. Networks without
devices and contracts have no such sums, and pay nothing.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from sim import columns as c
from sim.jit import compiled
from sim.network import Int64Array, Network

USAGE_KIND_COUNT: Final = len(c.USAGE_KINDS)
USAGE_MEASURED: Final = USAGE_KIND_COUNT  # first of the columns over [warm_up, horizon); before it the whole record
USAGE_COLUMNS: Final = 2 * USAGE_KIND_COUNT
USAGE_ISSUED: Final = (c.U_PERSON, c.U_MACHINE, c.U_QUEUE, c.U_LOAN, c.U_ISSUED)
"""Kinds that meet a line of demand."""

USAGE_LEFT: Final = (c.U_WRONG, c.U_EXPIRED, c.U_LEAK, c.U_REJECTED)
"""Kinds that leave the shelf without meeting a line."""

USAGE_BACK: Final = (c.U_LOAN_BACK, c.U_PUT_BACK)
"""Kinds that come back to the shelf."""

REPORT_KIND_COUNT: Final = len(c.REPORT_KINDS)
REPORTS_OF_USE: Final = (c.R_TOLD, c.R_COUNTED, c.R_BOOKED)
"""Kinds that change the record."""

Layers = tuple[Int64Array, Int64Array, Int64Array]  # stock point, lot, units
Part = tuple[Int64Array, Int64Array]  # stock point and lot in one number, units
_LOT_BITS: Final = 40
_COMPACT_AT: Final = 1 << 20


class UsageSums:
    """Sums of the tables `usage` and `reports` of one replication.

    Attributes:
        usage: (P, USAGE_COLUMNS) units by kind, over the whole record and over [warm_up, horizon).
        reports: (P, REPORT_KIND_COUNT) units by kind, over the whole record.
        lots: net units that came to each stock point with usage rows, by lot, or None where no lot is tracked.
    """

    def __init__(self, network: Network, start_ms: int) -> None:
        self.network = network
        self.start_ms = start_ms
        self.usage: Int64Array = np.zeros((network.stock_points, USAGE_COLUMNS), np.int64)
        self.reports: Int64Array = np.zeros((network.stock_points, REPORT_KIND_COUNT), np.int64)
        self.lots = LotBalance(network) if network.item_lots.any() else None

    def add_usage(self, columns: tuple[Any, ...]) -> None:
        """Add a chunk of the usage table (`columns`, in the order of its layout)."""
        time_ms, stock_point, lot, quantity, kind = columns[:5]
        sum_usage(time_ms, stock_point, quantity, kind, self.network.warm_up_ms, self.usage)
        if self.lots is not None:
            self.lots.add(stock_point, lot, quantity * _SIGN[kind])

    def add_reports(self, columns: tuple[Any, ...]) -> None:
        """Add a chunk of the reports table."""
        _, _, stock_point, quantity, kind, _ = columns
        sum_reports(stock_point, quantity, kind, self.reports)

    def add_lots(self, columns: tuple[Any, ...]) -> None:
        """Add a chunk of the lots table: what came in from outside since the start."""
        if self.lots is None:
            return
        lot, stock_point, supplier_order, received_ms, _, _, quantity = columns
        rows = (supplier_order >= 0) & (received_ms >= self.start_ms)
        self.lots.add(stock_point[rows], lot[rows], quantity[rows])

    def add_transfers(self, columns: tuple[Any, ...]) -> None:
        """Add a chunk of the transfers table."""
        if self.lots is None:
            return
        from_point, to_point, lot, quantity, _ = columns
        self.lots.add(to_point, lot, quantity)
        self.lots.add(from_point, lot, -quantity)

    def issued(self) -> Int64Array:
        """Units by which lines were met, per stock point, over the whole record."""
        units: Int64Array = self.usage[:, USAGE_ISSUED].sum(axis=1)
        return units

    def back_less_left(self) -> Int64Array:
        """Units that came back to the shelf less those that left it without a line, over the whole record."""
        units: Int64Array = self.usage[:, USAGE_BACK].sum(axis=1) - self.usage[:, USAGE_LEFT].sum(axis=1)
        return units

    def taken_off_record(self) -> Int64Array:
        """Units that the record lost by reports, per stock point, over the whole record."""
        units: Int64Array = self.reports[:, REPORTS_OF_USE].sum(axis=1)
        return units


def _signs() -> Int64Array:
    sign = np.zeros(USAGE_KIND_COUNT, np.int64)
    sign[list(USAGE_ISSUED + USAGE_LEFT)] = -1
    sign[list(USAGE_BACK)] = 1
    return sign


_SIGN: Final = _signs()
"""What a usage row of each kind adds to the shelf."""


@compiled
def sum_usage(time_ms: Any, stock_point: Any, quantity: Any, kind: Any, warm_up_ms: int, sums: Int64Array) -> None:
    """Add rows of the usage table to `sums` (P, USAGE_COLUMNS)."""
    for row in range(len(time_ms)):
        sums[stock_point[row], kind[row]] += quantity[row]
        if time_ms[row] >= warm_up_ms:
            sums[stock_point[row], USAGE_MEASURED + kind[row]] += quantity[row]


@compiled
def sum_reports(stock_point: Any, quantity: Any, kind: Any, sums: Int64Array) -> None:
    """Add rows of the reports table to `sums` (P, REPORT_KIND_COUNT)."""
    for row in range(len(stock_point)):
        sums[stock_point[row], kind[row]] += quantity[row]


class LotBalance:
    """Units that came less units that went, per lot where usage is written; what is left must lie there at the end."""

    def __init__(self, network: Network) -> None:
        flags = network.parameter[:, c.P_FLAGS]
        self._tracked = (flags & c.SP_LOTS != 0) & (flags & (c.SP_DEVICE | c.SP_BILLED) != 0)
        self._parts: list[Part] = []
        self._length = 0

    def add(self, stock_point: Any, lot: Any, units: Any) -> None:
        """Add units (negative: that went) of lots; those of other stock points are left out."""
        part = self._part(stock_point, lot, units)
        if len(part[0]):
            self._parts.append(part)
            self._length += len(part[0])
        if self._length > _COMPACT_AT:
            self._parts, self._length = [_merged(self._parts)], 0  # what is merged is not counted again

    def _part(self, stock_point: Any, lot: Any, units: Any) -> Part:
        rows = self._tracked[stock_point] & (lot >= 0)
        key = (stock_point[rows].astype(np.int64) << _LOT_BITS) | lot[rows].astype(np.int64)
        return _summed(key, units[rows].astype(np.int64))

    def balance(self, opening: Layers, closing: Layers) -> Layers:
        """Stock point, lot and units of what should be there at the end and is not (negative: is too much)."""
        point, lot, units = closing
        key, units = _merged([*self._parts, self._part(*opening), self._part(point, lot, -units)])
        key, units = key[units != 0], units[units != 0]
        return key >> _LOT_BITS, key & ((1 << _LOT_BITS) - 1), units


def _merged(parts: Sequence[Part]) -> Part:
    keys, units = zip(*parts, strict=True)
    return _summed(np.concatenate(keys), np.concatenate(units))


def _summed(key: Int64Array, units: Int64Array) -> Part:
    found, place = np.unique(key, return_inverse=True)
    sums = np.zeros(len(found), np.int64)
    np.add.at(sums, place, units)
    return found, sums
