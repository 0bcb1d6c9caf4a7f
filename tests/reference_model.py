"""The rules of the model (docs/rules.md), written down a second time: plain, slow, one SimPy event per demand line.

It shares no transition code with the engine. From `sim` come the network as data, the names of columns, and the random
draws; everything that *happens* is decided here, with simple objects, in the words of the rules. A property-based
test runs both on random small networks and compares the logs, event for event.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import simpy

from sim import columns as c
from sim.network import DEMAND_LOST, DEMAND_WHOLE, Lane, Network
from tests.reference_calendar import Chance, SupplierCalendar, monday_before
from tests.reference_trucks import ReferenceRoute, Trip

Event = tuple[int, int, int, int, int, int, int]  # time_ms, phase, node, item, event, quantity, reference
DemandLine = tuple[int, int, int, int]  # time_ms, stock point, quantity, DEMAND_* flags

NEVER_MS = 2**62  # the expiry of what does not expire


@dataclass(frozen=True)
class Lot:
    """Goods that came into the network together."""

    number: int
    received_ms: int
    expires_ms: int


Goods = list[tuple[Lot, int]] | None  # lots and units, first out first; None: not tracked, or not yet received


@dataclass
class CustomerEntry:
    """A customer in a queue: what he is still owed, and whether he wants it all at once."""

    line: int
    left: int
    whole: bool


@dataclass
class Order:
    """A replenishment order; it is in its source's queue while something is left to give."""

    number: int
    stock_point: StockPoint
    left: int
    urgent: bool


@dataclass
class StockPoint:
    """One item at one node: parameters as data, state as plain numbers."""

    row: int
    node: int
    item: int
    policy: int
    reorder_point: int
    order_up_to: int
    lot_size: int
    minimum_order: int
    multiple: int
    capacity: int
    source: int
    lane: int
    supplier: bool
    tracks_lots: bool
    lead_times: Chance
    on_hand: int = 0
    on_order: int = 0
    waiting: int = 0
    customers_waiting: int = 0
    in_transit: int = 0
    queue: deque[CustomerEntry | Order] = field(default_factory=deque)
    review_pending: bool = False
    allocation_pending: bool = False
    layers: list[tuple[Lot, int]] = field(default_factory=list)  # in order of issue

    @property
    def position(self) -> int:
        return self.on_hand + self.on_order - self.waiting

    def quantity_to_order(self) -> int:
        """What a review decides to order now; 0 for nothing."""
        if self.policy == c.POLICY_NONE or self.source < 0 or self.position > self.reorder_point:
            return 0
        need = self.order_up_to - self.position
        if self.policy == c.POLICY_LOT:
            need = self.lot_size
            while self.position + need <= self.reorder_point:
                need += self.lot_size
        quantity = max(need, self.minimum_order)
        while quantity % self.multiple:
            quantity += 1
        if self.capacity >= 0:
            room = max(0, self.capacity - self.position)
            quantity = min(quantity, room - room % self.multiple)
        return quantity if quantity >= self.minimum_order else 0


@dataclass(frozen=True)
class ReferenceResult:
    """The event log and the state at the horizon; lists have one entry per stock point."""

    events: list[Event]
    on_hand: list[int]
    waiting: list[int]
    customers_waiting: list[int]
    on_order: list[int]
    in_transit: list[int]
    lots: list[list[tuple[int, int]]]  # (lot number, units), first out first
    urgent: list[int]  # numbers of the urgent orders
    trips: list[Trip]
    layer_history: list[tuple[int, int, list[tuple[Lot, int]]]]  # time_ms, stock point, layers from then on


class ReferenceModel:
    """One replication of `network`, fed with its customer lines in order of time and stock point."""

    def __init__(self, network: Network, seed: int, replication: int, lines: Iterable[DemandLine]) -> None:
        self.network = network
        self.seed = seed
        self.replication = replication
        self.env = simpy.Environment()
        self.monday_ms = monday_before(network.start_epoch_ms)
        self.events: list[Event] = []
        self.next_line = self.next_order = self.next_trip = self.next_lot = 0
        self.urgent: list[int] = []
        self.layer_history: list[tuple[int, int, list[tuple[Lot, int]]]] = []
        self.lane_busy_until_ms = [0] * len(network.lanes)
        self.points = [self._stock_point(row) for row in range(network.stock_points)]
        self.suppliers = {
            s.node: SupplierCalendar(s, self.chance("outage", network.node_names[s.node])) for s in network.suppliers
        }
        self.routes = [ReferenceRoute(self, number, route) for number, route in enumerate(network.routes)]
        self._open()
        for time_ms, row, quantity, flags in lines:
            point = self.points[row]
            self.at(time_ms, c.PHASE_DEMAND, point.node, point.item, self._demand_of(point, quantity, flags))

    def run(self) -> ReferenceResult:
        """Let everything happen that happens before the horizon."""
        while self.env.peek() < self.network.horizon_ms:
            self.env.step()
        points = self.points
        return ReferenceResult(
            events=self.events,
            on_hand=[point.on_hand for point in points],
            waiting=[point.waiting for point in points],
            customers_waiting=[point.customers_waiting for point in points],
            on_order=[point.on_order for point in points],
            in_transit=[point.in_transit for point in points],
            lots=[[(lot.number, units) for lot, units in point.layers] for point in points],
            urgent=self.urgent,
            trips=[trip for route in self.routes for trip in route.trips],
            layer_history=self.layer_history,
        )

    # --- time and order ------------------------------------------------------------------------------------------
    @property
    def now(self) -> int:
        return int(self.env.now)

    def chance(self, *name: str) -> Chance:
        return Chance(self.seed, self.replication, name)

    def truck_place(self, route: int, vehicle: int) -> int:
        """Where a truck comes among what happens at one instant, phase and node: after all items."""
        return self.network.items + route * max(r.vehicles for r in self.network.routes) + vehicle

    def event_at(self, time_ms: int, phase: int, node: int, place: int) -> simpy.Event:
        """A SimPy event at its place in the total order; equal ones happen as they were scheduled."""
        trucks = max((r.vehicles for r in self.network.routes), default=0) * len(self.network.routes)
        priority = (phase * self.network.nodes + node) * (self.network.items + trucks) + place
        event = simpy.Event(self.env)
        event._ok, event._value = True, None
        self.env.schedule(event, priority, time_ms - self.now)  # type: ignore[arg-type]
        return event

    def at(self, time_ms: int, phase: int, node: int, place: int, action: Callable[[], None]) -> None:
        event = self.event_at(time_ms, phase, node, place)
        assert event.callbacks is not None
        event.callbacks.append(lambda _: action())

    def log(self, phase: int, node: int, item: int, event: int, quantity: int, reference: int) -> None:
        self.events.append((self.now, phase, node, item, event, quantity, reference))

    # --- opening -------------------------------------------------------------------------------------------------
    def _stock_point(self, row: int) -> StockPoint:
        p = [int(value) for value in self.network.parameter[row]]
        node, item = self.network.node_names[p[c.P_NODE]], self.network.item_names[p[c.P_ITEM]]
        return StockPoint(
            row=row,
            node=p[c.P_NODE],
            item=p[c.P_ITEM],
            policy=p[c.P_POLICY],
            reorder_point=p[c.P_REORDER_POINT],
            order_up_to=p[c.P_ORDER_UP_TO],
            lot_size=p[c.P_LOT],
            minimum_order=p[c.P_MINIMUM_ORDER],
            multiple=p[c.P_MULTIPLE],
            capacity=p[c.P_CAPACITY],
            source=p[c.P_SOURCE],
            lane=p[c.P_LANE],
            supplier=bool(p[c.P_FLAGS] & c.SP_SUPPLIER),
            tracks_lots=bool(p[c.P_FLAGS] & c.SP_LOTS),
            lead_times=self.chance("lead_time", node, item),
        )

    def _open(self) -> None:
        network = self.network
        for point in self.points:
            point.on_hand = int(network.initial_on_hand[point.row])
            if point.tracks_lots and point.on_hand:
                self._add_lot(point, -int(network.initial_age_ms[point.row]), point.on_hand)
        for row, quantity, arrives_ms in network.initial_on_order.tolist():
            point = self.points[row]
            order = Order(self._number_order(), point, 0, urgent=False)
            point.on_order += quantity
            self._send(order, quantity, None, arrives_ms)
        for row, quantity in network.initial_owed.tolist():
            self._join_customer(self.points[row], CustomerEntry(self._number_line(), quantity, whole=True))
            self._ask_for_allocation(self.points[row])
        for point in self.points:
            self._ask_for_review(point)

    def _number_order(self) -> int:
        self.next_order += 1
        return self.next_order - 1

    def _number_line(self) -> int:
        self.next_line += 1
        return self.next_line - 1

    # --- phase 2: demand -----------------------------------------------------------------------------------------
    def _demand_of(self, point: StockPoint, quantity: int, flags: int) -> Callable[[], None]:
        return lambda: self._demand(point, quantity, lost=bool(flags & DEMAND_LOST), whole=bool(flags & DEMAND_WHOLE))

    def _demand(self, point: StockPoint, quantity: int, lost: bool, whole: bool) -> None:
        line = self._number_line()
        self.log(c.PHASE_DEMAND, point.node, point.item, c.E_DEMAND, quantity, line)
        available = 0 if point.queue else point.on_hand
        now = min(quantity, available)
        if whole and now < quantity:
            now = 0
        if now:
            self._issue(c.PHASE_DEMAND, point, now, line)
        if now < quantity and lost:
            self.log(c.PHASE_DEMAND, point.node, point.item, c.E_LOST, quantity - now, line)
        elif now < quantity:
            self._join_customer(point, CustomerEntry(line, quantity - now, whole))
        self._ask_for_review(point)

    def _join_customer(self, point: StockPoint, entry: CustomerEntry) -> None:
        point.queue.append(entry)
        point.waiting += entry.left
        point.customers_waiting += entry.left

    def _issue(self, phase: int, point: StockPoint, quantity: int, line: int) -> None:
        self._take(point, quantity)
        self.log(phase, point.node, point.item, c.E_ISSUE, quantity, line)

    # --- phase 3: reviews and orders -----------------------------------------------------------------------------
    def _ask_for_review(self, point: StockPoint) -> None:
        if not point.supplier and not point.review_pending:
            point.review_pending = True
            self.at(self.now, c.PHASE_ORDER, point.node, point.item, lambda: self._review(point))

    def _review(self, point: StockPoint) -> None:
        point.review_pending = False
        quantity = point.quantity_to_order()
        if quantity == 0:
            return
        order = Order(self._number_order(), point, quantity, self._is_urgent(point))
        if order.urgent:
            self.urgent.append(order.number)
        point.on_order += quantity
        self.log(c.PHASE_ORDER, point.node, point.item, c.E_ORDER, quantity, order.number)
        source = self.points[point.source]
        source.queue.append(order)
        source.waiting += quantity
        self._ask_for_review(source)
        self._ask_for_allocation(source)

    def _is_urgent(self, point: StockPoint) -> bool:
        lane = self.network.lanes[point.lane]
        express = (
            lane.express_lead_time is not None and int(self.network.item_class[point.item]) in lane.express_classes
        )
        return express and point.customers_waiting > 0

    # --- phase 4: allocation and dispatch ------------------------------------------------------------------------
    def _ask_for_allocation(self, point: StockPoint) -> None:
        if not point.allocation_pending:
            point.allocation_pending = True
            self.at(self.now, c.PHASE_ALLOCATION, point.node, point.item, lambda: self._allocate(point))

    def _allocate(self, point: StockPoint) -> None:
        point.allocation_pending = False
        while point.queue and self._serve_head(c.PHASE_ALLOCATION, point):
            pass

    def _serve_head(self, phase: int, point: StockPoint) -> bool:
        """Give the head of the queue what it may have; whether it is satisfied and has left the queue."""
        head = point.queue[0]
        whole = head.whole if isinstance(head, CustomerEntry) else self._lane_of(head).whole_orders
        given = head.left if point.supplier else min(head.left, point.on_hand)
        if whole and given < head.left:
            given = 0
        if given:
            head.left -= given
            point.waiting -= given
            if isinstance(head, CustomerEntry):
                point.customers_waiting -= given
                self._issue(phase, point, given, head.line)
            else:
                self._hand_over(point, head, given)
        if head.left:
            return False
        point.queue.popleft()
        return True

    def _lane_of(self, order: Order) -> Lane:
        return self.network.lanes[order.stock_point.lane]

    def _hand_over(self, point: StockPoint, order: Order, quantity: int) -> None:
        """What an order is given leaves the stock, by parcel or to the dock."""
        goods = None if point.supplier else self._take(point, quantity)
        lane = self._lane_of(order)
        if lane.route >= 0 and not order.urgent:
            order.stock_point.in_transit += quantity
            self.routes[lane.route].stage(order, quantity, goods)
            return
        self.log(c.PHASE_ALLOCATION, point.node, point.item, c.E_DISPATCH, quantity, order.number)
        release_ms = self.suppliers[point.node].release(self.now, quantity) if point.supplier else self.now
        lead_time = lane.express_lead_time if order.urgent else lane.lead_time
        assert lead_time is not None
        arrives_ms = max(release_ms + order.stock_point.lead_times.draw(lead_time), self.now + 1)
        if not order.urgent and not lane.overtaking:
            row = order.stock_point.lane
            arrives_ms = max(arrives_ms, self.lane_busy_until_ms[row])
            self.lane_busy_until_ms[row] = arrives_ms
        self._send(order, quantity, goods, arrives_ms)

    def _send(self, order: Order, quantity: int, goods: Goods, arrives_ms: int) -> None:
        point = order.stock_point
        point.in_transit += quantity
        self.at(arrives_ms, c.PHASE_RECEIPT, point.node, point.item, lambda: self.receive(order, quantity, goods))

    # --- phase 0: receipt ----------------------------------------------------------------------------------------
    def receive(self, order: Order, quantity: int, goods: Goods) -> None:
        """Goods of `order` come in: customers at the head of the queue are served, orders in phase 4."""
        point = order.stock_point
        self.log(c.PHASE_RECEIPT, point.node, point.item, c.E_RECEIPT, quantity, order.number)
        point.on_hand += quantity
        point.on_order -= quantity
        point.in_transit -= quantity
        if point.tracks_lots:
            if goods is None:
                self._add_lot(point, self.now, quantity)
            else:
                self._add_goods(point, goods)
        while point.queue and isinstance(point.queue[0], CustomerEntry):
            if not self._serve_head(c.PHASE_RECEIPT, point):
                return
        if point.queue:
            self._ask_for_allocation(point)

    # --- lots ----------------------------------------------------------------------------------------------------
    def _add_lot(self, point: StockPoint, received_ms: int, quantity: int) -> None:
        shelf_life = int(self.network.item_shelf_life_ms[point.item])
        lot = Lot(self.next_lot, received_ms, received_ms + shelf_life if shelf_life >= 0 else NEVER_MS)
        self.next_lot += 1
        self._add_goods(point, [(lot, quantity)])

    def _add_goods(self, point: StockPoint, goods: list[tuple[Lot, int]]) -> None:
        """Layers in order of issue: first expiry or first receipt first, then lot number; a lot is one layer."""
        units: dict[Lot, int] = {}
        for lot, quantity in point.layers + goods:
            units[lot] = units.get(lot, 0) + quantity
        fefo = bool(self.network.item_fefo[point.item])
        first_out = sorted(units, key=lambda lot: (lot.expires_ms if fefo else lot.received_ms, lot.number))
        self._set_layers(point, [(lot, units[lot]) for lot in first_out])

    def _set_layers(self, point: StockPoint, layers: list[tuple[Lot, int]]) -> None:
        point.layers = layers
        self.layer_history.append((self.now, point.row, layers))

    def _take(self, point: StockPoint, quantity: int) -> Goods:
        point.on_hand -= quantity
        if not point.tracks_lots:
            return None
        taken, left = self.split_goods(point.layers, quantity)
        self._set_layers(point, left or [])
        return taken

    def split_goods(self, goods: Goods, quantity: int) -> tuple[Goods, Goods]:
        """The first `quantity` units of `goods`, and the rest."""
        if goods is None:
            return None, None
        first, rest = [], []
        for lot, units in goods:
            now = min(units, quantity)
            quantity -= now
            if now:
                first.append((lot, now))
            if units > now:
                rest.append((lot, units - now))
        return first, rest


def trace_lines(network: Network) -> list[DemandLine]:
    """The replayed customer lines of a network, as the reference model takes them."""
    demand = network.demand
    columns = (demand.trace_time_ms, demand.trace_stock_point, demand.trace_quantity, demand.trace_flags)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def simulate_reference(
    network: Network, seed: int = 1, replication: int = 0, lines: Iterable[DemandLine] | None = None
) -> ReferenceResult:
    """Run one replication; `lines` defaults to the network's replayed demand."""
    return ReferenceModel(network, seed, replication, trace_lines(network) if lines is None else lines).run()
