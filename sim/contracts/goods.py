"""What goods do to the ledger: they arrive, change hands, are used up, are written off. All at cost."""

from typing import Final

import numpy as np

from sim.contracts import movements as mv
from sim.contracts import titles as tt
from sim.contracts.costs import UnitCosts
from sim.contracts.ledger import (
    BOOK_TABLES,
    CASH,
    COST_OF_GOODS,
    RECEIVABLE,
    SHRINKAGE,
    STOCK,
    Journal,
)
from sim.contracts.movements import Movements
from sim.contracts.titles import SUPPLIER, Moves, Titles
from sim.network import Int64Array

_OF_STOCK: Final = (
    (mv.OPENING, STOCK, CASH),
    (mv.RECEIVED, STOCK, CASH),
    (mv.SENT, CASH, STOCK),
    (mv.WRITTEN_OFF, SHRINKAGE, STOCK),
)
"""Movements of the supplier's own goods: kind, debit, credit."""

_OF_TITLE: Final = (
    (tt.MOVE_RECEIVED, True, COST_OF_GOODS, CASH),
    (tt.MOVE_SENT, False, CASH, COST_OF_GOODS),
    (tt.MOVE_USED, True, COST_OF_GOODS, STOCK),
    (tt.MOVE_PUT_BACK, False, STOCK, COST_OF_GOODS),
    (tt.MOVE_PUT_BACK, True, COST_OF_GOODS, STOCK),
    (tt.MOVE_TAKEN_OVER, False, STOCK, CASH),
    (tt.MOVE_SOLD, True, RECEIVABLE, STOCK),
)
"""Moves of title: kind, whether to the customer, debit, credit."""

_Part = tuple[str, str, Int64Array, Int64Array, Int64Array, Int64Array, Int64Array, Int64Array]


def post_goods(journal: Journal, titles: Titles, costs: UnitCosts, first_move: int) -> None:
    """Enter all that happened to goods. `first_move` is the number of the contract's first row of `title_moves`.

    Costs are finer than minor units: entries are the differences of rounded running totals, one of the supplier's stock
    and one of what never was, so that the balance of `stock` is always the supplier's units at cost, rounded once.
    """
    parts: list[_Part] = []
    for goods, owner in ((titles.opening, titles.opening_owner), (titles.movements, titles.owner)):
        for kind, debit, credit in _OF_STOCK:
            parts.append(_moved(goods.where((goods.kind == kind) & (owner == SUPPLIER)), debit, credit, costs))
    moves = titles.moves
    number = first_move + np.arange(len(moves))
    for kind, to_customer, debit, credit in _OF_TITLE:
        chosen = (moves.kind == kind) & (moves.to_customer == to_customer)
        parts.append(_passed(moves.where(chosen), number[chosen], debit, credit, costs))
    for of_stock in (True, False):
        _post(journal, [part for part in parts if (STOCK in part[:2]) == of_stock])


def _moved(goods: Movements, debit: str, credit: str, costs: UnitCosts) -> _Part:
    milli = np.abs(goods.units) * costs.milli(goods.item, goods.lot)
    return debit, credit, goods.time_ms, milli, goods.item, np.abs(goods.units), goods.table, goods.row


def _passed(moves: Moves, number: Int64Array, debit: str, credit: str, costs: UnitCosts) -> _Part:
    """Moves that rest on no row of the records rest on their own."""
    milli = moves.units * costs.milli(moves.item, moves.lot)
    without = moves.row < 0
    table = np.where(without, BOOK_TABLES.index("title_moves"), moves.table)
    row = np.where(without, number, moves.row)
    return debit, credit, moves.time_ms, milli, moves.item, moves.units, table, row


def _post(journal: Journal, parts: list[_Part]) -> None:
    """Round the parts in their common order of time, and enter each."""
    block = np.concatenate([np.full(len(part[2]), number) for number, part in enumerate(parts)])
    time_ms = np.concatenate([part[2] for part in parts])
    sign = np.array([1 if part[0] in (STOCK, COST_OF_GOODS) and part[1] != STOCK else -1 for part in parts])[block]
    milli = np.concatenate([part[3] for part in parts]) * sign
    order = np.argsort(time_ms, kind="stable")
    minor = np.empty(len(order), np.int64)
    total = np.cumsum(milli[order])
    minor[order] = np.diff((total + 500) // 1000, prepend=np.int64(0))
    minor *= sign
    for number, (debit, credit, time, _, item, units, table, row) in enumerate(parts):
        journal.add(debit, credit, time, minor[block == number], item=item, units=units, table=table, first_row=row)
