"""The books of lots: what of each lot came to each stock point and left it, and whether every unit is accounted for.

For every lot at every stock point, in units:

    lay there at the start + came in from outside + came from other stock points + came back (loans, put back)
    = left by the usage log + sent to other stock points + lies there at the end + issued to customers

At devices, and where a contract covers the stock, the usage log has everything that is taken, so nothing may be left
for the last term there. Elsewhere issues are not recorded lot by lot: what is left is what customers got. Over the lots
of a stock point that, and what the usage log names, has to be what the stock point has issued. Every lot then is found
exactly once, as all that leaves one stock point comes to another, is under way, or has left for good.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sim import columns as c
from sim.errors import Break
from sim.network import Int64Array
from sim.trace.lot_records import LotRecords

COMES_BACK: Final = (c.U_LOAN_BACK, c.U_PUT_BACK)
NOT_FROM_SHELF: Final = (c.U_LOAN_LOST, c.U_LOAN_WORN)
"""Ends of loans: the unit has left the shelf when it was lent."""

MEETS_DEMAND: Final = (c.U_PERSON, c.U_MACHINE, c.U_QUEUE, c.U_LOAN, c.U_ISSUED)
"""What the totals of a stock point count as issued."""

# columns of the books
OPENING: Final = 0  # on the shelf when the records begin
RECEIVED: Final = 1  # from outside
CAME: Final = 2  # received from other stock points
SENT: Final = 3  # left for other stock points since the records begin
CLOSING: Final = 4  # on the shelf at the end
USED: Final = 5  # by the usage log, less what came back
ON_LOAN: Final = 6  # lent and not yet back, lost or worn out; part of what is used
ISSUED: Final = 7  # to customers who have no name
BOOK_COLUMNS: Final = 8


@dataclass(frozen=True)
class LotBooks:
    """A row per stock point and lot that ever met, by stock point, then lot.

    Attributes:
        stock_point, lot: (n,). units: (n, BOOK_COLUMNS).
        records: what they were made of.
    """

    stock_point: Int64Array
    lot: Int64Array
    units: Int64Array
    records: LotRecords

    def of_lot(self, lot: int) -> Int64Array:
        """Rows of one lot."""
        return np.flatnonzero(self.lot == lot)

    def breaks(self, names: Callable[[int], tuple[str, str]]) -> list[Break]:
        """Every place where units are missing or too many, first those of single lots; none when all is well.

        Args:
            names: from a stock point to the names of its item and its node.
        """
        return [*self._breaks_at_points(names), *self._breaks_of_issues(names), *self._breaks_of_lots(names)]

    def _breaks_at_points(self, names: Callable[[int], tuple[str, str]]) -> Iterator[Break]:
        """Single lots: units that vanish from a device or are issued and were not there, loans that nobody took."""
        missing, closing, on_loan = (self.units[:, one] for one in (ISSUED, CLOSING, ON_LOAN))
        logged = self.records.logged[self.stock_point]
        for row in np.flatnonzero((missing < 0) | (logged & (missing != 0))):
            there = int(closing[row])
            yield Break(
                f"stock of lot {self.lot[row]}", *names(self.stock_point[row]), there + int(missing[row]), there
            )
        if self.records.start_ms == 0:  # otherwise something may have been lent before
            for row in np.flatnonzero(on_loan < 0):
                yield Break(
                    f"units of lot {self.lot[row]} on loan", *names(self.stock_point[row]), 0, int(on_loan[row])
                )

    def _breaks_of_issues(self, names: Callable[[int], tuple[str, str]]) -> Iterator[Break]:
        """Issues of all lots, to those the usage log names and to others, against the issues of the stock point."""
        records = self.records
        by_lot, by_point = np.zeros((2, len(records.item)), np.int64)
        np.add.at(by_lot, self.stock_point, self.units[:, ISSUED])
        met = np.isin(records.usage["kind"], MEETS_DEMAND)
        np.add.at(by_lot, records.usage["stock_point"][met], records.usage["quantity"][met])
        by_point[records.lot_issues["stock_point"]] = records.lot_issues["issued"]
        for point in np.flatnonzero(by_lot != by_point):
            yield Break("issues of all lots", *names(int(point)), int(by_point[point]), int(by_lot[point]))

    def _breaks_of_lots(self, names: Callable[[int], tuple[str, str]]) -> Iterator[Break]:
        """What is known of a lot against its quantity: all of it, unless the records begin later."""
        lots, known = self.records.lots, self.known()
        later = (lots["received_ms"] < self.records.start_ms) & (self.records.start_ms > 0)
        for row in np.flatnonzero(np.where(later, known > lots["quantity"], known != lots["quantity"])):
            where = names(lots["stock_point"][row])
            yield Break(f"units of lot {lots['lot'][row]}", *where, int(lots["quantity"][row]), int(known[row]))

    def known(self) -> Int64Array:
        """Per row of the table of lots: units there at the start of the records, under way too, and received later."""
        layers = self.records.lot_layers
        begins = (layers["closing"] == 0) & (layers["source"] >= 0)
        lots = np.concatenate((self.lot, layers["lot"][begins]))
        units = np.concatenate((self.units[:, OPENING] + self.units[:, RECEIVED], layers["quantity"][begins]))
        return _added_up(self.records.lots["lot"], lots, units)


def lot_books(records: LotRecords) -> LotBooks:
    """The books of all lots; `LotBooks.breaks` says whether they add up."""
    entries = list(_entries(records))
    points, lots, columns, units = (np.concatenate([entry[part] for entry in entries]) for part in range(4))
    pairs, row = np.unique(np.column_stack((points, lots)), axis=0, return_inverse=True)
    books = np.zeros((len(pairs), BOOK_COLUMNS), np.int64)
    np.add.at(books, (row.reshape(-1), columns), units)
    books[:, ISSUED] = books[:, OPENING] + books[:, RECEIVED] + books[:, CAME]
    books[:, ISSUED] -= books[:, SENT] + books[:, CLOSING] + books[:, USED]
    return LotBooks(pairs[:, 0], pairs[:, 1], books, records)


def _entries(records: LotRecords) -> list[tuple[Int64Array, Int64Array, Int64Array, Int64Array]]:
    """Entries of the books from every table: stock points, lots, columns, units."""
    lots, moves, used, layers = records.lots, records.transfers, records.usage, records.lot_layers
    new = (lots["supplier_order"] >= 0) & (lots["received_ms"] >= records.start_ms)
    lying, opening = layers["source"] < 0, layers["closing"] == 0
    sign = np.where(opening, -1, 1)  # what was under way at the start had been sent before
    kind = used["kind"]
    of_loans = np.isin(kind, NOT_FROM_SHELF)
    signed = np.where(np.isin(kind, COMES_BACK), -1, 1) * used["quantity"]
    lent = np.isin(kind, (c.U_LOAN, c.U_LOAN_BACK, *NOT_FROM_SHELF))
    outside = np.where(of_loans, -1, 1) * signed
    return [
        _entry(lots["stock_point"][new], lots["lot"][new], RECEIVED, lots["quantity"][new]),
        _entry(moves["to_point"], moves["lot"], CAME, moves["quantity"]),
        _entry(moves["from_point"], moves["lot"], SENT, moves["quantity"]),
        _entry(layers["source"][~lying], layers["lot"][~lying], SENT, (sign * layers["quantity"])[~lying]),
        _entry(
            layers["stock_point"][lying],
            layers["lot"][lying],
            np.where(opening, OPENING, CLOSING)[lying],
            layers["quantity"][lying],
        ),
        _entry(used["stock_point"], used["lot"], USED, np.where(of_loans, 0, signed)),
        _entry(used["stock_point"], used["lot"], ON_LOAN, np.where(lent, outside, 0)),
    ]


def _entry(
    points: Int64Array, lots: Int64Array, column: int | npt.NDArray[np.int64], units: Int64Array
) -> tuple[Int64Array, Int64Array, Int64Array, Int64Array]:
    return points, lots, np.broadcast_to(np.asarray(column, np.int64), points.shape), units


def _added_up(numbers: Int64Array, of: Int64Array, units: Int64Array) -> Int64Array:
    """For each of `numbers` (distinct) the sum of the units of that number."""
    order = np.argsort(numbers)
    place = order[np.minimum(np.searchsorted(numbers[order], of), max(len(numbers) - 1, 0))] if len(of) else of
    sums = np.zeros(len(numbers), np.int64)
    known = numbers[place] == of if len(numbers) else np.zeros(0, np.bool_)
    np.add.at(sums, place[known], units[known])
    return sums
