"""What the plain reference model is made of: stock points, orders, lots and customers as simple objects."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sim import columns as c
from tests.reference_calendar import Chance

if TYPE_CHECKING:
    from tests.reference_devices import Device
    from tests.reference_uses import Use


@dataclass(frozen=True)
class Lot:
    """Goods that came into the network together."""

    number: int
    received_ms: int
    expires_ms: int


Goods = list[tuple[Lot, int]] | None  # lots and units, first out first; None: not tracked, or not yet received


@dataclass(frozen=True)
class Who:
    """Who takes something, for which machine and work order (numbers over all plants); -1: nobody, none."""

    person: int = -1
    machine: int = -1
    work_order: int = -1


@dataclass(eq=False)
class CustomerEntry:
    """A customer in a queue: what he is still owed, and whether he wants it all at once."""

    line: int
    left: int
    whole: bool
    who: Who = Who()
    use: Use | None = None  # the machine's use that waits; None: a person


@dataclass(eq=False)
class Order:
    """An order of a stock point; it is in its source's queue while something is left to give. Gifts never queue."""

    number: int
    kind: int  # ORDER_*
    stock_point: StockPoint
    source: int  # row of the stock point that gives
    lane: int  # -1 for gifts and opening orders: they are parcels
    quantity: int
    placed_ms: int  # -1: before the start
    left: int

    @property
    def urgent(self) -> bool:
        return self.kind == c.ORDER_EXPRESS

    @property
    def coming(self) -> bool:
        """Whether it is a gift: it counts as `coming` until it is received."""
        return self.kind not in (c.ORDER_USUAL, c.ORDER_EXPRESS)


class Alternative(NamedTuple):
    """One of the sources of a stock point, with its lane and its share of a split order (thousandths)."""

    source: int
    lane: int
    share: int


@dataclass(eq=False)
class StockPoint:
    """One item at one node: parameters as data, state as plain numbers."""

    row: int
    node: int
    item: int
    policy: int
    policy_row: int  # its family, or its Python function
    reorder_point: int
    order_up_to: int
    lot_size: int  # can-order: c
    minimum_order: int
    multiple: int
    capacity: int
    reserve: int
    pool: int
    hold_back: int
    preventive: int
    preventive_up_to: int
    flags: int
    alternatives: list[Alternative]
    mean_demand_per_day: float
    lead_times: Chance
    transfer_times: Chance
    on_hand: int = 0
    on_order: int = 0
    coming: int = 0
    waiting: int = 0
    customers_waiting: int = 0
    in_transit: int = 0
    queue: deque[CustomerEntry | Order] = field(default_factory=deque)
    review_pending: bool = False
    allocation_pending: bool = False
    layers: list[tuple[Lot, int]] = field(default_factory=list)  # in order of issue
    device: Device | None = None

    def has(self, flag: int) -> bool:
        """Whether one of the SP_* flags is set."""
        return bool(self.flags & flag)

    @property
    def supplier(self) -> bool:
        return self.has(c.SP_SUPPLIER)

    @property
    def tracks_lots(self) -> bool:
        return self.has(c.SP_LOTS)

    @property
    def recorded(self) -> int:
        """What the system believes to be there; where no device is, it knows."""
        return self.on_hand + (sum(self.device.difference) if self.device else 0)

    @property
    def position(self) -> int:
        """By the record: what is decided is decided by this."""
        return self.recorded + self.on_order - self.waiting

    @property
    def true_position(self) -> int:
        return self.on_hand + self.on_order - self.waiting

    @property
    def serves_at_once(self) -> bool:
        """Whether nobody is in the way of a new customer."""
        if self.has(c.SP_CUSTOMERS_FIRST):
            return self.customers_waiting == 0
        return not self.queue

    @property
    def customers(self) -> list[CustomerEntry]:
        return [entry for entry in self.queue if isinstance(entry, CustomerEntry)]

    @property
    def orders(self) -> list[Order]:
        return [entry for entry in self.queue if isinstance(entry, Order)]


class Shipment(NamedTuple):
    """What an order was given, with -1 for a dispatch before the start and for goods still under way at the end."""

    order: int
    stock_point: int
    source: int
    quantity: int
    dispatched_ms: int
    received_ms: int
