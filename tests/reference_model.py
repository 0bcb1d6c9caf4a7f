"""The rules of the model (docs/rules.md), written down a second time: plain, slow, one SimPy event per demand line.

It shares no transition code with the engine. From `sim` come the network as data, the names of columns, and the random
draws; everything that *happens* is decided here, with simple objects, in the words of the rules. A property-based
test runs both on random small networks and compares the logs, event for event.

This file holds the clock, opening, demand, receipt and lots; reviews, allocation, pools and trucks have files of their
own beside it (reference_ordering, reference_allocation, reference_pools, reference_trucks). docs/plant.md is in
reference_plant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import simpy

from sim import columns as c
from sim.network import (
    ALTERNATIVE_LANE,
    ALTERNATIVE_LAST,
    ALTERNATIVE_SHARE,
    ALTERNATIVE_SOURCE,
    DEMAND_LOST,
    DEMAND_WHOLE,
    Network,
)
from tests.reference_allocation import Allocation
from tests.reference_calendar import Chance, SupplierCalendar, Words, monday_before
from tests.reference_forecasts import PlainForecasts
from tests.reference_objects import Alternative, CustomerEntry, Goods, Lot, Order, Shipment, StockPoint
from tests.reference_ordering import Ordering
from tests.reference_plant import Plants, ReferencePlants
from tests.reference_pools import Pools
from tests.reference_trucks import ReferenceRoute, Trip

Event = tuple[int, int, int, int, int, int, int]  # time_ms, phase, node, item, event, quantity, reference
DemandLine = tuple[int, int, int, int]  # time_ms, stock point, quantity, DEMAND_* flags

NEVER_MS = 2**62  # the expiry of what does not expire
PLANT_SORTS = 7  # sorts of plant events, with at most so many numbers each
PLANT_NUMBERS = 2**20
PROCESSES = 2**20 + 3  # process events of a node and phase that are not trucks, numbered from 0


@dataclass(frozen=True)
class ReferenceResult:
    """The event log and the state at the horizon; lists have one entry per stock point."""

    events: list[Event]
    on_hand: list[int]
    recorded: list[int]
    waiting: list[int]
    customers_waiting: list[int]
    on_order: list[int]
    coming: list[int]
    in_transit: list[int]
    lots: list[list[tuple[int, int]]]  # (lot number, units), first out first
    orders: list[Order]  # by number
    shipments: list[Shipment]  # in order of receipt
    under_way: list[Shipment]  # also at a dock or on a truck
    trips: list[Trip]
    layer_history: list[tuple[int, int, list[tuple[Lot, int]]]]  # time_ms, stock point, layers from then on
    plant: ReferencePlants


class ReferenceModel:
    """One replication of `network`, fed with its customer lines in order of time and stock point."""

    def __init__(self, network: Network, seed: int, replication: int, lines: Iterable[DemandLine]) -> None:
        self.network = network
        self.seed = seed
        self.replication = replication
        self.env = simpy.Environment()
        self.phase = c.PHASE_RECEIPT  # of what happens now
        self.monday_ms = monday_before(network.start_epoch_ms)
        self.events: list[Event] = []
        self.orders: list[Order] = []
        self.shipments: list[Shipment] = []
        self.under_way: dict[int, Shipment] = {}  # parcels, by an arbitrary number
        self.next_line = self.next_parcel = self.next_trip = self.next_lot = 0
        self.layer_history: list[tuple[int, int, list[tuple[Lot, int]]]] = []
        self.points = [self._stock_point(row) for row in range(network.stock_points)]
        self.point_at = {(point.node, point.item): point for point in self.points}
        self.suppliers = {
            s.node: SupplierCalendar(s, self.chance("outage", network.node_names[s.node])) for s in network.suppliers
        }
        self.ordering = Ordering(self)
        self.allocation = Allocation(self)
        self.pools = Pools(self)
        self.plants = Plants(self)
        self.routes = [ReferenceRoute(self, number, route) for number, route in enumerate(network.routes)]
        self._open()
        PlainForecasts(self)
        for time_ms, row, quantity, flags in lines:
            point = self.points[row]
            self.at(time_ms, c.PHASE_DEMAND, point.node, point.item, self._demand_of(point, quantity, flags))

    def run(self) -> ReferenceResult:
        """Let everything happen that happens before the horizon."""
        while self.env.peek() < self.network.horizon_ms:
            self.plants.time_passes(self.now, int(self.env.peek()))
            self.env.step()
        self.plants.time_passes(self.now, self.network.horizon_ms)
        points = self.points
        by_truck = [shipment for route in self.routes for shipment in route.under_way()]
        return ReferenceResult(
            events=self.events,
            on_hand=[point.on_hand for point in points],
            recorded=[point.recorded for point in points],
            waiting=[point.waiting for point in points],
            customers_waiting=[point.customers_waiting for point in points],
            on_order=[point.on_order for point in points],
            coming=[point.coming for point in points],
            in_transit=[point.in_transit for point in points],
            lots=[[(lot.number, units) for lot, units in point.layers] for point in points],
            orders=self.orders,
            shipments=self.shipments,
            under_way=[*self.under_way.values(), *by_truck, *self.plants.inspection.under_way.values()],
            trips=[trip for route in self.routes for trip in route.trips],
            layer_history=self.layer_history,
            plant=self.plants.result(),
        )

    # --- time and order ------------------------------------------------------------------------------------------
    @property
    def now(self) -> int:
        return int(self.env.now)

    def chance(self, *name: str) -> Chance:
        return Chance(self.seed, self.replication, name)

    def words(self, *name: str) -> Words:
        return Words(self.seed, self.replication, name)

    def family_place(self, family: int) -> int:
        """Where the review of a family comes among what happens at one instant, phase and node: after all items."""
        return self.network.items + family

    def plant_place(self, sort: int, number: int) -> int:
        """Where a plant event comes: after the families."""
        return self.family_place(len(self.network.families)) + sort * PLANT_NUMBERS + number

    def process_place(self, number: int) -> int:
        """Where the process event of this number comes: after the plants' events."""
        return self.plant_place(PLANT_SORTS, 0) + number

    def truck_place(self, route: int, vehicle: int) -> int:
        """Where a truck comes: after everything else."""
        return self.process_place(PROCESSES) + route * max(r.vehicles for r in self.network.routes) + vehicle

    def event_at(self, time_ms: int, phase: int, node: int, place: int) -> simpy.Event:
        """A SimPy event at its place in the total order; equal ones happen as they were scheduled."""
        places = self.truck_place(len(self.network.routes), 0) if self.network.routes else self.process_place(PROCESSES)
        priority = (phase * self.network.nodes + node) * places + place
        event = simpy.Event(self.env)
        event._ok, event._value = True, None
        assert event.callbacks is not None
        event.callbacks.append(lambda _: setattr(self, "phase", phase))
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
            policy_row=p[c.P_POLICY_ROW],
            reorder_point=p[c.P_REORDER_POINT],
            order_up_to=p[c.P_ORDER_UP_TO],
            lot_size=p[c.P_LOT],
            minimum_order=p[c.P_MINIMUM_ORDER],
            multiple=p[c.P_MULTIPLE],
            capacity=p[c.P_CAPACITY],
            reserve=p[c.P_RESERVE],
            pool=p[c.P_POOL],
            hold_back=p[c.P_HOLD_BACK],
            preventive=p[c.P_PREVENTIVE],
            preventive_up_to=p[c.P_PREVENTIVE_UP_TO],
            flags=p[c.P_FLAGS],
            alternatives=self._alternatives(p[c.P_SOURCING], p[c.P_SOURCE], p[c.P_LANE]),
            mean_demand_per_day=float(self.network.mean_demand_per_day[row]),
            lead_times=self.chance("lead_time", node, item),
            transfer_times=self.chance("transfer", node, item),
        )

    def _alternatives(self, first: int, source: int, lane: int) -> list[Alternative]:
        """The sources of a stock point in their order: one, several, or none for suppliers."""
        if first < 0:
            return [Alternative(source, lane, 1000)] if source >= 0 else []
        found = []
        for row in self.network.alternatives[first:].tolist():
            found.append(Alternative(row[ALTERNATIVE_SOURCE], row[ALTERNATIVE_LANE], row[ALTERNATIVE_SHARE]))
            if row[ALTERNATIVE_LAST]:
                break
        return found

    def _open(self) -> None:
        network = self.network
        for point in self.points:
            point.on_hand = int(network.initial_on_hand[point.row])
            if point.tracks_lots and point.on_hand:
                self.add_goods(point, self.new_lot(point, -int(network.initial_age_ms[point.row]), point.on_hand))
        for row, quantity, arrives_ms in network.initial_on_order.tolist():
            point = self.points[row]
            source = int(network.parameter[row, c.P_SOURCE])
            order = self.new_order(c.ORDER_USUAL, point, source, -1, quantity, placed_ms=-1)
            point.on_order += quantity
            self.send(order, quantity, None, -1, arrives_ms)
        for row, quantity in network.initial_owed.tolist():
            self.join_customer(self.points[row], CustomerEntry(self.number_line(), quantity, whole=True))
            self.allocation.ask_for_allocation(self.points[row])
        for point in self.points:
            self.ordering.ask_for_review(point)

    def new_order(
        self, kind: int, point: StockPoint, source: int, lane: int, quantity: int, placed_ms: int | None = None
    ) -> Order:
        """The order with the next number; nothing of it waits yet."""
        placed_ms = self.now if placed_ms is None else placed_ms
        order = Order(len(self.orders), kind, point, source, lane, quantity, placed_ms, left=0)
        self.orders.append(order)
        return order

    def number_line(self) -> int:
        self.next_line += 1
        return self.next_line - 1

    # --- phase 2: demand -----------------------------------------------------------------------------------------
    def _demand_of(self, point: StockPoint, quantity: int, flags: int) -> Callable[[], None]:
        return lambda: self._demand(point, quantity, lost=bool(flags & DEMAND_LOST), whole=bool(flags & DEMAND_WHOLE))

    def _demand(self, point: StockPoint, quantity: int, lost: bool, whole: bool) -> None:
        if point.device is not None:
            self.plants.people.line(point.device, quantity, lost, whole)
            return
        line = self.number_line()
        self.log(c.PHASE_DEMAND, point.node, point.item, c.E_DEMAND, quantity, line)
        available = point.on_hand if point.serves_at_once else 0
        now = min(quantity, available)
        if whole and now < quantity:
            now = 0
        if now:
            self.issue(c.PHASE_DEMAND, point, now, line)
        self.plants.short(point, quantity - now, line)
        if now < quantity and lost:
            self.log(c.PHASE_DEMAND, point.node, point.item, c.E_LOST, quantity - now, line)
        elif now < quantity:
            self.join_customer(point, CustomerEntry(line, quantity - now, whole))
            self.pools.ask(point, quantity - available)
        self.pools.ask_before_being_short(point)
        self.ordering.ask_for_review(point)

    def join_customer(self, point: StockPoint, entry: CustomerEntry) -> None:
        point.queue.append(entry)
        point.waiting += entry.left
        point.customers_waiting += entry.left

    def issue(self, phase: int, point: StockPoint, quantity: int, line: int) -> Goods:
        """A customer gets units of his line."""
        goods = self.take(point, quantity)
        self.log(phase, point.node, point.item, c.E_ISSUE, quantity, line)
        self.plants.issued(point, goods, quantity, line)
        return goods

    # --- phase 0: receipt ----------------------------------------------------------------------------------------
    def send(self, order: Order, quantity: int, goods: Goods, dispatched_ms: int, arrives_ms: int) -> None:
        """A parcel leaves for the order's stock point."""
        point = order.stock_point
        point.in_transit += quantity
        parcel = self.next_parcel
        self.next_parcel += 1
        self.under_way[parcel] = Shipment(order.number, point.row, order.source, quantity, dispatched_ms, -1)

        def arrive() -> None:
            del self.under_way[parcel]
            self.receive(order, quantity, goods, dispatched_ms)

        self.at(arrives_ms, c.PHASE_RECEIPT, point.node, point.item, arrive)

    def receive(self, order: Order, quantity: int, goods: Goods, dispatched_ms: int, inspected: bool = False) -> None:
        """Goods of `order` come in; who waits for them is served by the rules of allocation."""
        point = order.stock_point
        if point.has(c.SP_INSPECTED) and not inspected:
            self.plants.inspection.begin(order, quantity, goods, dispatched_ms)
            return
        self._book_receipt(order, quantity, dispatched_ms)
        point.on_hand += quantity
        if point.tracks_lots:
            self.add_goods(point, self.new_lot(point, self.now, quantity) if goods is None else goods)
        self.allocation.after_receipt(point)
        self.plants.stock_came(point)
        if point.policy == c.POLICY_KANBAN:
            self.ordering.ask_for_review(point)

    def reject(self, order: Order, quantity: int, goods: Goods, dispatched_ms: int) -> Goods:
        """Goods of `order` come in and are taken off at once: what left."""
        point = order.stock_point
        self._book_receipt(order, quantity, dispatched_ms)
        return self.new_lot(point, self.now, quantity) if point.tracks_lots and goods is None else goods

    def _book_receipt(self, order: Order, quantity: int, dispatched_ms: int) -> None:
        point = order.stock_point
        self.log(c.PHASE_RECEIPT, point.node, point.item, c.E_RECEIPT, quantity, order.number)
        self.shipments.append(Shipment(order.number, point.row, order.source, quantity, dispatched_ms, self.now))
        point.on_order -= quantity
        point.in_transit -= quantity
        if order.coming:
            point.coming -= quantity

    # --- lots ----------------------------------------------------------------------------------------------------
    def new_lot(self, point: StockPoint, received_ms: int, quantity: int) -> list[tuple[Lot, int]]:
        """Goods from outside begin a lot."""
        shelf_life = int(self.network.item_shelf_life_ms[point.item])
        lot = Lot(self.next_lot, received_ms, received_ms + shelf_life if shelf_life >= 0 else NEVER_MS)
        self.next_lot += 1
        return [(lot, quantity)]

    def add_goods(self, point: StockPoint, goods: list[tuple[Lot, int]]) -> None:
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

    def take(self, point: StockPoint, quantity: int) -> Goods:
        """Units leave the stock, first out first."""
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
