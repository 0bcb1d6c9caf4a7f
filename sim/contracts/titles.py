"""Who owns what when: the moves of title of a contract, and what the supplier's stock gains and loses.

At any time all units of an item that are held at a covered stock point belong to one of the two: to the customer where
title passes on delivery, else to the supplier. A unit that left by use is the customer's from the instant on at which
its title passes; one that is put back belongs again to whom the shelf belongs.
"""

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from policies.contracts.term import NO_TABLE
from sim.contract_plan import TITLE_AFTER_USE, TITLE_DELIVERY, ContractPlan
from sim.contracts import movements as mv
from sim.contracts.matching import codes, matched
from sim.contracts.movements import Movements
from sim.network import Int64Array

SUPPLIER: Final = 0
CUSTOMER: Final = 1
OWNERS: Final = ("supplier", "customer")

MOVE_RECEIVED: Final = 0
MOVE_SENT: Final = 1  # sent on: what was the customer's goes back
MOVE_USED: Final = 2
MOVE_PUT_BACK: Final = 3
MOVE_TAKEN_OVER: Final = 4
MOVE_SOLD: Final = 5
MOVE_PENDING: Final = 6  # no move yet: left by use, title had not passed at the contract's end
MOVE_KINDS: Final = ("received", "sent on", "used", "put back", "taken over", "sold", "pending")


@dataclass(frozen=True)
class Moves:
    """n moves of title in order of time; arrays (n,). One of kind MOVE_PENDING says when its title would have passed,
    at the contract's end or later.
    """

    time_ms: Int64Array
    point: Int64Array
    item: Int64Array
    lot: Int64Array
    units: Int64Array
    to_customer: Int64Array  # 1: from supplier to customer, 0: the other way
    kind: Int64Array  # MOVE_*
    table: Int64Array
    row: Int64Array

    def __len__(self) -> int:
        return len(self.time_ms)

    def where(self, chosen: npt.NDArray[Any]) -> "Moves":
        """Those that are chosen, by a mask or by their places."""
        return Moves(*(getattr(self, one.name)[chosen] for one in fields(self)))

    @property
    def signed(self) -> Int64Array:
        """Units that become the customer's; below 0 what becomes the supplier's; 0 of what is pending."""
        passed: Int64Array = np.where(self.to_customer == 1, self.units, -self.units)
        return np.where(self.kind == MOVE_PENDING, 0, passed)


@dataclass(frozen=True)
class Titles:
    """Ownership in a contract's time. `owner` is that of the shelf at each of the movements."""

    opening: Movements  # held at the contract's start, by stock point and lot (kind OPENING)
    movements: Movements  # within the contract's time
    opening_owner: Int64Array
    owner: Int64Array  # (len(movements),) SUPPLIER or CUSTOMER
    moves: Moves
    closing: Movements  # held at the contract's end, by stock point and lot
    closing_owner: Int64Array


class TitleRules:
    """The rules of a contract, looked up by time and item."""

    def __init__(self, plan: ContractPlan) -> None:
        self.from_ms = np.array([rule.from_ms for rule in plan.titles], np.int64)
        self._passes = np.stack([rule.passes for rule in plan.titles])
        self._after_ms = np.stack([rule.after_ms for rule in plan.titles])
        self._settled_after_ms = np.stack([rule.settled_after_ms for rule in plan.titles])

    def _rule(self, time_ms: Int64Array) -> Int64Array:
        return np.maximum(np.searchsorted(self.from_ms, time_ms, side="right") - 1, 0)

    def passes(self, time_ms: Int64Array, item: Int64Array) -> Int64Array:
        """The TITLE_* code."""
        code: Int64Array = self._passes[self._rule(time_ms), item]
        return code

    def after_ms(self, time_ms: Int64Array, item: Int64Array) -> Int64Array:
        """How long after use title passes; 0 where it passes at once."""
        rule = self._rule(time_ms)
        after: Int64Array = np.where(self._passes[rule, item] == TITLE_AFTER_USE, self._after_ms[rule, item], 0)
        return after

    def settled_after_ms(self, time_ms: Int64Array, item: Int64Array) -> Int64Array:
        """How long after the event a charge falls due: when its title has passed, and then the settlement."""
        settled: Int64Array = self._settled_after_ms[self._rule(time_ms), item]
        return settled + self.after_ms(time_ms, item)

    def owner(self, time_ms: Int64Array, item: Int64Array) -> Int64Array:
        """Whom units on the shelf belong to."""
        return np.where(self.passes(time_ms, item) == TITLE_DELIVERY, CUSTOMER, SUPPLIER)


def titles_of(plan: ContractPlan, whole: Movements) -> Titles:
    """Ownership in a contract, from all movements at its stock points since the records begin."""
    rules = TitleRules(plan)
    inside = whole.where((whole.time_ms >= plan.from_ms) & (whole.time_ms < plan.to_ms))
    owner = rules.owner(inside.time_ms, inside.item)
    parts = [
        _with_goods(inside, owner),
        *_with_use(plan, rules, whole),
        *(_change_of_hands(plan, rules, whole, number) for number in range(1, len(plan.titles))),
    ]
    moves = _joined(parts)
    moves = moves.where((moves.units != 0) & ((moves.time_ms < plan.to_ms) | (moves.kind == MOVE_PENDING)))
    opening, closing = held_at(whole, plan.from_ms), held_at(whole, plan.to_ms)
    last_ms = np.full(len(closing), plan.to_ms - 1, np.int64)
    return Titles(
        opening,
        inside,
        rules.owner(opening.time_ms, opening.item),
        owner,
        moves.where(np.lexsort((moves.kind, moves.row, moves.table, moves.time_ms))),
        closing,
        rules.owner(last_ms, closing.item),
    )


def held_at(whole: Movements, time_ms: int) -> Movements:
    """What is held at an instant, before anything happens in it: a row per stock point and lot."""
    past = whole.where(whole.time_ms < time_ms)
    key = codes(past.point, past.lot)
    _, first = np.unique(key, return_index=True)
    units = np.zeros(len(first), np.int64)
    np.add.at(units, key, past.units)
    some = np.flatnonzero(units)
    one = past.where(first[some])
    same = {name: getattr(one, name) for name in ("point", "item", "lot", "from_point", "usage", "emergency", "line")}
    count = len(some)
    return Movements(
        time_ms=np.full(count, time_ms, np.int64),
        units=units[some],
        kind=np.full(count, mv.OPENING, np.int64),
        table=np.full(count, NO_TABLE, np.int64),
        row=np.full(count, -1, np.int64),
        **same,
    )


def _with_goods(inside: Movements, owner: Int64Array) -> Moves:
    """Title that passes as goods come to the customer's shelf, or leave it for elsewhere."""
    chosen = (owner == CUSTOMER) & ((inside.kind == mv.RECEIVED) | (inside.kind == mv.SENT))
    goods = inside.where(chosen)
    kind = np.where(goods.kind == mv.RECEIVED, MOVE_RECEIVED, MOVE_SENT)
    return _moves(goods, goods.time_ms, np.abs(goods.units), goods.kind == mv.RECEIVED, kind)


def _with_use(plan: ContractPlan, rules: TitleRules, whole: Movements) -> tuple[Moves, Moves]:
    """Title that passes on use or some time after it, and what is put back."""
    whole = whole.where(whole.time_ms < plan.to_ms)
    used, back = whole.where(whole.kind == mv.USED), whole.where(whole.kind == mv.PUT_BACK)
    piece, draw, units = matched(
        [back.point, back.line, back.lot], back.units, [used.point, used.line, used.lot], -used.units
    )
    in_contract = used.time_ms >= plan.from_ms
    passes_ms = used.time_ms + rules.after_ms(used.time_ms, used.item)
    later = np.append(passes_ms, np.int64(0))[draw]  # 0 for a draw that is not known
    cancelled = (back.time_ms[piece] < later) & np.append(in_contract, np.False_)[draw]
    left = -used.units
    np.subtract.at(left, draw[cancelled], units[cancelled])
    shelf = rules.owner(used.time_ms, used.item)
    passing = in_contract & (shelf == SUPPLIER)
    kind = np.where(passes_ms < plan.to_ms, MOVE_USED, MOVE_PENDING)
    on_use = _moves(used, passes_ms, left, np.ones(len(used), np.bool_), kind).where(passing)

    returned = back.where(piece)
    had = np.where(cancelled, SUPPLIER, CUSTOMER)  # whose it was until then
    has = rules.owner(returned.time_ms, returned.item)
    moved = (had != has) & (returned.time_ms >= plan.from_ms)
    kinds = np.full(len(returned), MOVE_PUT_BACK, np.int64)
    return on_use, _moves(returned, returned.time_ms, units, has == CUSTOMER, kinds).where(moved)


def _change_of_hands(plan: ContractPlan, rules: TitleRules, whole: Movements, number: int) -> Moves:
    """What an amendment makes of the units that are held on its date."""
    time_ms = plan.titles[number].from_ms
    if not plan.from_ms < time_ms < plan.to_ms:
        return _moves(whole, whole.time_ms, whole.units, whole.units > 0, whole.kind).where(np.zeros(0, np.int64))
    stock = held_at(whole, time_ms)
    before, after = rules.owner(stock.time_ms - 1, stock.item), rules.owner(stock.time_ms, stock.item)
    kind = np.where(after == CUSTOMER, MOVE_SOLD, MOVE_TAKEN_OVER)
    return _moves(stock, stock.time_ms, stock.units, after == CUSTOMER, kind).where(before != after)


def _moves(
    of: Movements, time_ms: Int64Array, units: Int64Array, to_customer: npt.NDArray[np.bool_], kind: Int64Array
) -> Moves:
    return Moves(
        time_ms, of.point, of.item, of.lot, units, to_customer.astype(np.int64), kind.astype(np.int64), of.table, of.row
    )


def _joined(parts: list[Moves]) -> Moves:
    return Moves(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Moves)))
