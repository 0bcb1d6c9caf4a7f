"""The levels of one item at every stock point after each event, and every request with what it was given when.

A request is a customer's line, or an order that a stock point received from downstream. Levels are counted back from
the closing ones, so that a run may begin anywhere.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sim import columns as c
from sim.explain.item_log import ItemLog
from sim.explain.run_files import RunFiles
from sim.explain.tables import Order, Tables

Instant = tuple[int, int]
"""Time (ms) and phase."""

E_ASKED: Final = -1
"""An order from downstream has joined the queue; no event of its own in the log."""

_GIVES: Final = (c.E_DISPATCH, c.E_STAGE)
_ORDERS: Final = (c.E_ORDER, c.E_TRANSFER, c.E_EMERGENCY, c.E_PREVENTIVE, c.E_REBALANCE)


@dataclass
class Request:
    """What somebody asked of a stock point.

    Attributes:
        customer: a customer's line; otherwise an order from downstream.
        number: of the line or the order.
        on_hand, waiting: stock there, and units owed to others, just before.
        gifts: (time and phase, units) of everything it was given.
        lost: units that were not waited for.
    """

    customer: bool
    number: int
    at: Instant
    quantity: int
    on_hand: int
    waiting: int
    gifts: list[tuple[Instant, int]] = field(default_factory=list)
    lost: int = 0

    @property
    def time_ms(self) -> int:
        return self.at[0]

    @property
    def given(self) -> int:
        return sum(units for _, units in self.gifts)

    @property
    def given_at_once(self) -> int:
        """Units given in the instant in which they were asked for; to an order also a phase later."""
        return sum(units for (time, phase), units in self.gifts if time == self.at[0] and phase <= self._at_once)

    @property
    def _at_once(self) -> int:
        return self.at[1] if self.customer else c.PHASE_ALLOCATION

    @property
    def is_short(self) -> bool:
        return self.given_at_once < self.quantity

    @property
    def missing(self) -> int:
        """Units not given at once."""
        return self.quantity - self.given_at_once

    @property
    def served_ms(self) -> int | None:
        """When the last of it was given; None when it was not by the end (or the rest was lost)."""
        return self.gifts[-1][0][0] if self.gifts and self.given == self.quantity else None

    def wait_ms(self, end_ms: int) -> int:
        """How long the customer waited for all of it, up to the end of the run; 0 where the rest was lost."""
        if self.lost:
            return 0
        return (end_ms if self.served_ms is None else self.served_ms) - self.time_ms


@dataclass(frozen=True)
class Level:
    """Stock at a point after an event: on hand, owed to customers and orders, ordered and not yet received."""

    at: Instant
    event: int
    quantity: int
    reference: int
    on_hand: int
    waiting: int
    on_order: int

    @property
    def position(self) -> int:
        """The inventory position (of physical stock)."""
        return self.on_hand + self.on_order - self.waiting


@dataclass
class StockPath:
    """One stock point: levels before anything happened and after each event; requests by (customer, number).

    `pool_gifts`: (time and phase, receiving stock point, units) of what it gave to others of its pool, unasked in its
    queue.
    """

    point: int
    opening: Level
    levels: list[Level] = field(default_factory=list)
    requests: dict[tuple[bool, int], Request] = field(default_factory=dict)
    pool_gifts: list[tuple[Instant, int, int]] = field(default_factory=list)

    def given_away(self, after: Instant, until: Instant) -> dict[int, int]:
        """Units given to others of the pool in that time, by their stock point."""
        given: dict[int, int] = {}
        for at, point, units in self.pool_gifts:
            if after < at <= until:
                given[point] = given.get(point, 0) + units
        return given

    def index_after(self, at: Instant) -> int:
        """Number of levels up to and including the instant."""
        return bisect_right(self.levels, at, key=lambda level: level.at)

    def level_at(self, at: Instant) -> Level:
        """The levels when everything up to and including the instant had happened."""
        index = self.index_after(at)
        return self.levels[index - 1] if index else self.opening

    def between(self, after: Instant, until: Instant) -> list[Level]:
        """Levels after one instant, up to and including another."""
        return self.levels[self.index_after(after) : self.index_after(until)]

    def asked(self, after: Instant, until: Instant) -> int:
        """Units asked for by customers and downstream orders in that time."""
        return sum(one.quantity for one in self.requests.values() if after < one.at <= until)

    def received(self, after: Instant, until: Instant) -> int:
        """Units received in that time."""
        return sum(one.quantity for one in self.between(after, until) if one.event == c.E_RECEIPT)

    def first_of_shortage(self, request: Request) -> Request:
        """The request with which the shortage began that a request fell into; itself when nobody was waiting."""
        first = request
        for one in self.requests.values():
            if one.is_short and one.waiting <= 0:
                first = one
            if one is request:
                break
        return request if request.waiting <= 0 else first

    @property
    def total_asked(self) -> int:
        return sum(one.quantity for one in self.requests.values())

    def short_requests(self) -> Iterator[Request]:
        """The requests that were not met at once, in order; customers' only, if there are customers."""
        customers = any(one.customer for one in self.requests.values())
        return (one for one in self.requests.values() if one.is_short and one.customer == customers)


def stock_paths(run: RunFiles, tables: Tables, log: ItemLog, item: int) -> dict[int, StockPath]:
    """The path of every stock point of the item, by stock point."""
    points = run.stock_points
    rows = [row for row in range(len(points["item"])) if points["item"][row] == item]
    point_of_node = {int(points["node"][row]): row for row in rows}
    walker = _Walker(tables, {row: run.is_supplier(row) for row in rows})
    for values in zip(
        log.time_ms.tolist(), log.phase.tolist(), log.node.tolist(), log.event.tolist(), log.quantity.tolist(),
        log.reference.tolist(), strict=True,
    ):  # fmt: skip
        walker.take(values[:2], point_of_node[values[2]], *values[3:])
    return walker.finished()


class _Walker:
    """Walks through the events; levels are relative to the unknown opening until the closing ones are reached."""

    def __init__(self, tables: Tables, is_supplier: dict[int, bool]) -> None:
        self._tables = tables
        self._is_supplier = is_supplier
        nothing = Level((tables.start_ms, -1), E_ASKED, 0, -1, 0, 0, 0)
        self._paths = {point: StockPath(point, nothing) for point in is_supplier}

    def take(self, at: Instant, point: int, event: int, quantity: int, reference: int) -> None:
        path = self._paths[point]
        if event == c.E_RECEIPT:
            self._note(path, at, event, quantity, reference, on_hand=quantity, on_order=-quantity)
        elif event == c.E_DEMAND:
            self._ask(path, at, True, quantity, reference, event)
        elif event == c.E_ISSUE:
            self._give(path, at, True, quantity, reference, event)
        elif event == c.E_LOST:
            path.requests[True, reference].lost += quantity
            self._note(path, at, event, quantity, reference, waiting=-quantity)
        elif event in _ORDERS:
            self._note(path, at, event, quantity, reference, on_order=quantity)
            order = self._tables.order(reference)
            if order is not None and order.queued:
                self._ask(self._paths[order.source], at, False, quantity, reference, E_ASKED)
        elif event in _GIVES:
            self._give(path, at, False, quantity, reference, event)

    def _ask(self, path: StockPath, at: Instant, customer: bool, quantity: int, number: int, event: int) -> None:
        before = path.levels[-1] if path.levels else path.opening
        request = Request(customer, number, at, quantity, before.on_hand, before.waiting)
        path.requests[customer, number] = request
        self._note(path, at, event, quantity, number, waiting=quantity)

    def _give(self, path: StockPath, at: Instant, customer: bool, quantity: int, number: int, event: int) -> None:
        request = path.requests.get((customer, number))
        if request is not None:
            request.gifts.append((at, quantity))
        order = self._tables.order(number)
        queued = customer or _queued(order)
        if not queued and order is not None:
            path.pool_gifts.append((at, order.point, quantity))
        self._note(path, at, event, quantity, number, on_hand=-quantity, waiting=-quantity if queued else 0)

    @staticmethod
    def _note(
        path: StockPath,
        at: Instant,
        event: int,
        quantity: int,
        reference: int,
        on_hand: int = 0,
        waiting: int = 0,
        on_order: int = 0,
    ) -> None:
        last = path.levels[-1] if path.levels else path.opening
        levels = (last.on_hand + on_hand, last.waiting + waiting, last.on_order + on_order)
        path.levels.append(Level(at, event, quantity, reference, *levels))

    def finished(self) -> dict[int, StockPath]:
        """The paths with true levels."""
        return {point: self._shifted(path) for point, path in self._paths.items()}

    def _shifted(self, path: StockPath) -> StockPath:
        if self._is_supplier[path.point]:
            return path
        last = path.levels[-1] if path.levels else path.opening
        closing = self._tables.closing.get(path.point, {})
        on_hand = closing.get("on_hand", 0) - last.on_hand
        waiting = closing.get("waiting", 0) - last.waiting
        on_order = closing.get("on_order", 0) - last.on_order
        for request in path.requests.values():
            request.on_hand += on_hand
            request.waiting += waiting

        def shifted(level: Level) -> Level:
            levels = (level.on_hand + on_hand, level.waiting + waiting, level.on_order + on_order)
            return Level(level.at, level.event, level.quantity, level.reference, *levels)

        levels = [shifted(one) for one in path.levels]
        return StockPath(path.point, shifted(path.opening), levels, path.requests, path.pool_gifts)


def _queued(order: Order | None) -> bool:
    """Whether an order had waited in a queue; one from before the records begin surely had."""
    return order is None or order.queued
