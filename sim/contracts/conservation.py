"""The books of contracts must close: recomputed from their own columns and from the closing state of the records.

    held            opening + all movements up to the end of the run  = on hand + lent by the closing state
    supplier's      opening + received - sent - written off - passed  = held at the contract's end and pending
    customer's      opening + passed - used - written off + pending   = held at the contract's end
    entries         add up to 0
    invoices        = sum of the `unbilled` postings of their periods, and of their lines
    stock           balance of the account = the supplier's units at cost

all to the unit and to the minor unit; the second and third by stock point (title passes exactly once, net).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from sim import columns as c
from sim.contracts import movements as mv
from sim.contracts import titles as tt
from sim.contracts.books import Books
from sim.contracts.charges import added_up
from sim.contracts.facts import rounded
from sim.contracts.ledger import STOCK, UNBILLED
from sim.contracts.titles import CUSTOMER, SUPPLIER
from sim.errors import Break, ConservationError
from sim.network import Int64Array, Network
from sim.record.records import Records


def check_books(records: Records, books: Sequence[Books]) -> None:
    """Raise ConservationError, naming contracts and places, unless all books close."""
    breaks = [one for book in books for one in _breaks(records, book)]
    if breaks:
        raise ConservationError(records.replication, breaks[: ConservationError.shown], len(breaks))


def _breaks(records: Records, books: Books) -> Iterator[Break]:
    network, name = records.network, f"contract {books.plan.name}"
    yield from _points(network, f"{name}: units held", books.plan.points, *_held(records, books))
    for owner in (SUPPLIER, CUSTOMER):
        what = f"{name}: the {tt.OWNERS[owner]}'s units"
        yield from _points(network, what, books.plan.points, *_owned(records, books, owner))
    ledger = books.ledger
    sums = added_up(ledger.entry, ledger.minor, len(ledger) // 2)
    for entry in np.flatnonzero(sums).tolist():
        yield Break(f"sum of entry {books.firsts.entry + entry} of the ledger", "", name, 0, int(sums[entry]))
    yield from _invoices(books, name)
    stock = ledger.total(STOCK)
    value = _suppliers_value(books)
    if stock != value:
        yield Break(f"balance of account {STOCK}", "", name, value, stock)


def _points(
    network: Network, what: str, points: Int64Array, expected: Int64Array, found: Int64Array
) -> Iterator[Break]:
    for row in np.flatnonzero(expected != found).tolist():
        node, item = network.parameter[points[row], c.P_NODE], network.parameter[points[row], c.P_ITEM]
        yield Break(what, network.item_names[item], network.node_names[node], int(expected[row]), int(found[row]))


def _held(records: Records, books: Books) -> tuple[Int64Array, Int64Array]:
    plant, points = records.summary.plant, books.plan.points
    by_movements = added_up(books.whole.point, books.whole.units, records.network.stock_points)
    closing = mv.held(records, records.summary.closing, None if plant is None else plant.on_loan)
    return by_movements[points], closing[points]


def _owned(records: Records, books: Books, owner: int) -> tuple[Int64Array, Int64Array]:
    """Per covered stock point: what should be somebody's at the contract's end, and what is.

    What is held then follows from the closing state and the movements after the contract.
    """
    titles, points, count = books.history.titles, books.plan.points, records.network.stock_points
    inside, moves = titles.movements, titles.moves
    expected = np.zeros(count, np.int64)

    def add(point: Int64Array, units: Int64Array) -> None:
        np.add.at(expected, point, units)

    mine = titles.opening_owner == owner
    add(titles.opening.point[mine], titles.opening.units[mine])
    sign = 1 if owner == CUSTOMER else -1
    add(moves.point, sign * moves.signed)
    pending = moves.kind == tt.MOVE_PENDING
    written = (inside.kind == mv.WRITTEN_OFF) & (titles.owner == owner)
    add(inside.point[written], inside.units[written])
    if owner == SUPPLIER:
        goods = (inside.kind == mv.RECEIVED) | (inside.kind == mv.SENT)
        add(inside.point[goods], inside.units[goods])
        add(moves.point[pending], -moves.units[pending])  # no longer held
    else:
        use = (inside.kind == mv.USED) | (inside.kind == mv.PUT_BACK)
        add(inside.point[use], inside.units[use])
        add(moves.point[pending], moves.units[pending])  # used, and not theirs yet
    plant = records.summary.plant
    found = mv.held(records, records.summary.closing, None if plant is None else plant.on_loan)
    later = books.whole.time_ms >= books.plan.to_ms
    np.subtract.at(found, books.whole.point[later], books.whole.units[later])
    own = np.zeros(count, np.bool_)
    own[points] = (
        tt.TitleRules(books.plan).owner(
            np.full(len(points), books.plan.to_ms - 1, np.int64), records.network.parameter[points, c.P_ITEM]
        )
        == owner
    )
    return expected[points], np.where(own, found, 0)[points]


def _invoices(books: Books, name: str) -> Iterator[Break]:
    """Every invoice against its lines, and against what was earned in its period: postings with a stream."""
    ledger, invoices = books.ledger, books.invoices
    earned = ledger.of_accounts(UNBILLED) & (ledger.stream != 0)
    by_postings = added_up(books.periods.of(ledger.time_ms[earned]), ledger.minor[earned], len(invoices))
    up_to = np.append(np.int64(0), np.cumsum(books.lines.minor))
    first = invoices.first_line - books.firsts.line
    by_lines = up_to[first + invoices.lines] - up_to[first]
    for what, found in (("sum of the postings", by_postings), ("sum of the lines", by_lines)):
        for row in np.flatnonzero(found != invoices.minor).tolist():
            number = books.firsts.invoice + row
            yield Break(f"{what} of invoice {number}", "", name, int(invoices.minor[row]), int(found[row]))


def _suppliers_value(books: Books) -> int:
    """The supplier's units at the contract's end at cost: those held, and those used whose title is pending."""
    titles, costs = books.history.titles, books.costs
    mine = titles.closing.where(titles.closing_owner == SUPPLIER)
    waiting = titles.moves.where(titles.moves.kind == tt.MOVE_PENDING)
    milli = sum(int((one.units * costs.milli(one.item, one.lot)).sum()) for one in (mine, waiting))
    return int(rounded(np.array([milli], np.int64))[0])
