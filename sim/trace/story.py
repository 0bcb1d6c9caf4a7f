"""The story of one lot: each of its movements, and where all its units are or went."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from sim import columns as c
from sim.network import Int64Array
from sim.trace import books as b
from sim.trace.books import LotBooks

BEFORE: Final = "gone before the records begin"
UNDER_WAY: Final = "under way at the end"
ON_SHELF: Final = "on the shelf at the end"
ON_LOAN: Final = "on loan at the end"
ISSUED: Final = "issued to customers"

USE_WORDS: Final[Mapping[int, str]] = {
    c.U_PERSON: "drawn by a person",
    c.U_MACHINE: "drawn for a machine",
    c.U_QUEUE: "given to a person who had waited",
    c.U_WRONG: "taken by mistake",
    c.U_LOAN: "lent",
    c.U_LOAN_BACK: "back from a loan",
    c.U_PUT_BACK: "put back",
    c.U_EXPIRED: "expired, taken off",
    c.U_LEAK: "leaked",
    c.U_REJECTED: "rejected by inspection",
    c.U_LOAN_LOST: "lost on loan",
    c.U_LOAN_WORN: "worn out on loan",
    c.U_ISSUED: ISSUED,
}
"""What the usage log says of units, by its codes."""

_LOAN_STEPS: Final = (c.U_LOAN, c.U_LOAN_BACK)


@dataclass(frozen=True)
class Movement:
    """Something that happened to units of the lot; numbers are rows of the network's tables, -1: none.

    Attributes:
        what: in words, see USE_WORDS; `received`, `there at the start`, `moved`.
        point: stock point where; of what moved, the one that received it.
        source: the one it came from, also a supplier's.
        reference: number of the customer's line, or of the order that brought it; -1: none.
    """

    time_ms: int
    what: str
    quantity: int
    point: int
    source: int = -1
    person: int = -1
    machine: int = -1
    work_order: int = -1
    reference: int = -1

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class End:
    """Where units of the lot are or went. `source`: of what is under way, where it comes from."""

    what: str
    point: int
    quantity: int
    source: int = -1


@dataclass(frozen=True)
class LotStory:
    """A lot from its receipt to the end of the run. The quantities of `ends` add up to `quantity`, exactly."""

    lot: int
    item: int
    received_ms: int
    expires_ms: int
    quantity: int
    movements: tuple[Movement, ...]
    ends: tuple[End, ...]


def lot_story(books: LotBooks, row: int, source_of_order: Callable[[int, int, int], int]) -> LotStory:
    """The story of the lot in a row of the table of lots, whose books have to add up.

    Args:
        source_of_order: from an order's number, the stock point that received it and when, to the stock point that it
            came from; -1 where that is unknown.
    """
    records, lots = books.records, books.records.lots
    lot, point = int(lots["lot"][row]), int(lots["stock_point"][row])
    return LotStory(
        lot,
        int(records.item[point]),
        int(lots["received_ms"][row]),
        int(lots["expires_ms"][row]),
        int(lots["quantity"][row]),
        tuple(sorted(_movements(books, row, source_of_order), key=lambda one: one.time_ms)),
        tuple(_ends(books, lot, int(lots["quantity"][row] - books.known()[row]))),
    )


def _movements(books: LotBooks, row: int, source_of_order: Callable[[int, int, int], int]) -> list[Movement]:
    records = books.records
    lots, moves, used = records.lots, records.transfers, records.usage
    lot, point, order = (int(lots[name][row]) for name in ("lot", "stock_point", "supplier_order"))
    received_ms, quantity = int(lots["received_ms"][row]), int(lots["quantity"][row])
    found = []
    if order >= 0:
        source = source_of_order(order, point, received_ms)
        found.append(Movement(received_ms, "received", quantity, point, source, reference=order))
    else:
        found.append(Movement(received_ms, "there at the start", quantity, point))
    for at in np.flatnonzero(moves["lot"] == lot):
        time_ms, units, to, source = (int(moves[name][at]) for name in _MOVED)
        found.append(Movement(time_ms, "moved", units, to, source))
    for at in np.flatnonzero(used["lot"] == lot):
        found.append(use_at(used, int(at)))
    return found


_MOVED: Final = ("received_ms", "quantity", "to_point", "from_point")


def use_at(used: Mapping[str, Int64Array], row: int) -> Movement:
    """A row of the usage log as a movement."""
    names = ("stock_point", "person", "machine", "work_order", "reference")
    point, person, machine, work_order, reference = (int(used[name][row]) for name in names)
    what = USE_WORDS[int(used["kind"][row])]
    units = int(used["quantity"][row])
    return Movement(int(used["time_ms"][row]), what, units, point, -1, person, machine, work_order, reference)


def _ends(books: LotBooks, lot: int, before: int) -> list[End]:
    """Where the units of a lot are or went; `before`: units that are gone when the records begin."""
    rows, layers, used = books.of_lot(lot), books.records.lot_layers, books.records.usage
    units = books.units[rows]
    points = books.stock_point[rows]
    returned = np.minimum(units[:, b.ON_LOAN], 0)  # lent before the records begin
    ends = [End(BEFORE, -1, before + int(returned.sum()))]
    of_lot = used["lot"] == lot
    for kind, words in USE_WORDS.items():
        if kind not in _LOAN_STEPS:
            sign = -1 if kind == c.U_PUT_BACK else 1
            ends += _per_point(words, used, of_lot & (used["kind"] == kind), sign)
    columns = ((ON_LOAN, units[:, b.ON_LOAN] - returned), (ISSUED, units[:, b.ISSUED]), (ON_SHELF, units[:, b.CLOSING]))
    ends += [
        End(what, int(point), int(some)) for what, column in columns for point, some in zip(points, column, strict=True)
    ]
    moving = np.flatnonzero((layers["lot"] == lot) & (layers["closing"] == 1) & (layers["source"] >= 0))
    to, source, quantity = (layers[name][moving] for name in ("stock_point", "source", "quantity"))
    ends += [End(UNDER_WAY, *(int(one) for one in row)) for row in zip(to, quantity, source, strict=True)]
    return [end for end in ends if end.quantity != 0]


def _per_point(what: str, used: Mapping[str, Int64Array], rows: Any, sign: int) -> list[End]:
    points, quantity = used["stock_point"][rows], used["quantity"][rows]
    return [End(what, int(one), sign * int(quantity[points == one].sum())) for one in np.unique(points)]
