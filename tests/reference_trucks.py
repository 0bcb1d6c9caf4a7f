"""Trucks of the plain reference model: docks, departures, driving and unloading, one SimPy process per trip."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import simpy

from sim.columns import E_ARRIVE, E_DEPART, E_LOAD, E_RETURN, E_STAGE, PHASE_ALLOCATION, PHASE_RECEIPT
from sim.network import Route
from tests.reference_calendar import WEEK_MS, Chance, after_working_time
from tests.reference_objects import Goods, Order, Shipment

if TYPE_CHECKING:
    from tests.reference_model import ReferenceModel


@dataclass(eq=False)
class DockLine:
    """What an order was given, waiting at the dock or riding on a truck."""

    order: Order
    quantity: int
    goods: Goods
    staged_ms: int
    staging: int  # counts everything staged at this dock


@dataclass
class Vehicle:
    """A truck: its streams of chance, and how much driving is left until it breaks down."""

    number: int
    travel: Chance
    breakdowns: Chance
    until_breakdown_ms: int = 0
    at_base: bool = True


@dataclass
class Trip:
    """What is on record of a trip; -1 for what has not happened by the horizon."""

    number: int
    route: int
    vehicle: int
    departed_ms: int
    lines: int
    volume_ml: int
    weight_g: int
    returned_ms: int = -1


@dataclass
class Loading:
    """One vehicle being filled: what is on it and what room is left (millilitres, grams)."""

    left_ml: int
    left_g: int
    lines: list[DockLine] = field(default_factory=list)


class ReferenceRoute:
    """A milk run with its dock, its vehicles and its departures."""

    def __init__(self, model: ReferenceModel, number: int, route: Route) -> None:
        self.model = model
        self.number = number
        self.route = route
        self.dock: list[DockLine] = []
        self.riding: list[DockLine] = []
        self.staged = 0
        self.trips: list[Trip] = []
        self.vehicles = [self._vehicle(v) for v in range(route.vehicles)]
        if route.timetable_ms is not None:
            self._schedule_timetable(route.timetable_ms.tolist())

    def _vehicle(self, number: int) -> Vehicle:
        model, name = self.model, self.route.name
        vehicle = Vehicle(
            number,
            model.chance("travel", name, str(number)),
            model.chance("breakdown", name, str(number)),
        )
        if self.route.breakdown_every is not None:
            vehicle.until_breakdown_ms = max(1, vehicle.breakdowns.draw(self.route.breakdown_every))
        return vehicle

    def _schedule_timetable(self, weekly_ms: list[int]) -> None:
        monday = self.model.monday_ms
        while monday < self.model.network.horizon_ms:
            for instant in weekly_ms:
                if monday + instant >= 0:
                    self._schedule_departure(monday + instant)
            monday += WEEK_MS

    def _schedule_departure(self, time_ms: int) -> None:
        place = self.model.truck_place(self.number, 0)
        self.model.at(time_ms, PHASE_ALLOCATION, self.route.base_node, place, self.depart_as_due)

    # --- at the dock ---------------------------------------------------------------------------------------------
    def stage(self, order: Order, quantity: int, goods: Goods) -> None:
        """Set goods down at the dock; a route without a timetable may leave with them."""
        now = self.model.now
        source = self.model.points[order.source]
        self.model.log(PHASE_ALLOCATION, source.node, source.item, E_STAGE, quantity, order.number)
        self.dock.append(DockLine(order, quantity, goods, now, self.staged))
        self.staged += 1
        if self.route.timetable_ms is None:
            self._schedule_departure(now)
            if self.route.max_wait_ms > 0:
                self._schedule_departure(now + self.route.max_wait_ms)

    def depart_as_due(self) -> None:
        """Send vehicles off, lowest number first, while one is at base and the dock calls for it."""
        while self._departure_due():
            at_base = [vehicle for vehicle in self.vehicles if vehicle.at_base]
            if not at_base:
                return
            self._depart(at_base[0])

    def _departure_due(self) -> bool:
        if not self.dock:
            return False
        if self.route.timetable_ms is not None:
            return True
        route = self.route
        if route.max_wait_ms >= 0 and self.model.now - min(line.staged_ms for line in self.dock) >= route.max_wait_ms:
            return True
        volume = sum(self._volume_ml(line) for line in self.dock)
        weight = sum(self._weight_g(line) for line in self.dock)
        return volume >= route.full_share * route.capacity_ml or weight >= route.full_share * route.capacity_g

    def _volume_ml(self, line: DockLine) -> int:
        return line.quantity * int(self.model.network.item_volume_ml[line.order.stock_point.item])

    def _weight_g(self, line: DockLine) -> int:
        return line.quantity * int(self.model.network.item_weight_g[line.order.stock_point.item])

    def _critical(self, line: DockLine) -> bool:
        return bool(self.model.network.item_critical[line.order.stock_point.item])

    def _load(self) -> list[DockLine]:
        """Take what fits from the dock: critical items, then by order number, then staging; the rest stays."""
        loading = Loading(self.route.capacity_ml, self.route.capacity_g)
        stays = []
        for line in sorted(self.dock, key=lambda line: (not self._critical(line), line.order.number, line.staging)):
            if self._volume_ml(line) > loading.left_ml or self._weight_g(line) > loading.left_g:
                if loading.lines:
                    stays.append(line)
                    continue
                line, rest = self._split(line)
                if rest.quantity:
                    stays.append(rest)
            loading.lines.append(line)
            loading.left_ml -= self._volume_ml(line)
            loading.left_g -= self._weight_g(line)
        self.dock = stays
        return loading.lines

    def _split(self, line: DockLine) -> tuple[DockLine, DockLine]:
        """Part a line that is larger than the empty vehicle: what rides (at least one unit), and the rest."""
        one = DockLine(line.order, 1, [], 0, 0)
        rides = 1
        while (rides + 1) * self._volume_ml(one) <= self.route.capacity_ml and (rides + 1) * self._weight_g(
            one
        ) <= self.route.capacity_g:
            rides += 1
        first, second = self.model.split_goods(line.goods, rides)
        return (
            DockLine(line.order, rides, first, line.staged_ms, line.staging),
            DockLine(line.order, line.quantity - rides, second, line.staged_ms, line.staging),
        )

    # --- on the road ---------------------------------------------------------------------------------------------
    def _depart(self, vehicle: Vehicle) -> None:
        model, base = self.model, self.route.base_node
        lines = self._load()
        volume, weight = sum(map(self._volume_ml, lines)), sum(map(self._weight_g, lines))
        trip = Trip(model.next_trip, self.number, vehicle.number, model.now, len(lines), volume, weight)
        self.trips.append(trip)
        model.next_trip += 1
        self.riding += lines
        for line in lines:
            item = line.order.stock_point.item
            model.log(PHASE_ALLOCATION, base, item, E_LOAD, line.quantity, line.order.number)
        model.log(PHASE_ALLOCATION, base, -1, E_DEPART, len(lines), trip.number)
        vehicle.at_base = False
        model.env.process(self._trip(vehicle, trip, lines))

    def _trip(self, vehicle: Vehicle, trip: Trip, lines: list[DockLine]) -> Generator[simpy.Event, None, None]:
        model, route = self.model, self.route
        place = model.truck_place(self.number, vehicle.number)
        leaves_ms = model.now
        for leg, stop in enumerate(route.stop_nodes):
            arrives_ms = self._drive(vehicle, leg, leaves_ms)
            yield model.event_at(arrives_ms, PHASE_RECEIPT, stop, place)
            lines = self._unload(stop, trip.number, lines)
            leaves_ms = arrives_ms + route.stop_ms
        returns_ms = self._drive(vehicle, len(route.stop_nodes), leaves_ms)
        yield model.event_at(returns_ms, PHASE_RECEIPT, route.base_node, place)
        model.log(PHASE_RECEIPT, route.base_node, -1, E_RETURN, 0, trip.number)
        trip.returned_ms = returns_ms
        vehicle.at_base = True
        if route.timetable_ms is None:
            self._schedule_departure(model.now)

    def _unload(self, stop: int, trip: int, lines: list[DockLine]) -> list[DockLine]:
        here = [line for line in lines if line.order.stock_point.node == stop]
        self.model.log(PHASE_RECEIPT, stop, -1, E_ARRIVE, len(here), trip)
        self.model.plants.driver_arrives(self.number, stop)
        for line in sorted(here, key=lambda line: line.order.stock_point.item):  # stable: then as loaded
            self.model.receive(line.order, line.quantity, line.goods, line.staged_ms)
        self.riding = [line for line in self.riding if line not in here]
        return [line for line in lines if line not in here]

    def under_way(self) -> list[Shipment]:
        """What is at the dock or on a truck."""
        return [
            Shipment(
                line.order.number, line.order.stock_point.row, line.order.source, line.quantity, line.staged_ms, -1
            )
            for line in [*self.dock, *self.riding]
        ]

    def _drive(self, vehicle: Vehicle, leg: int, leaves_ms: int) -> int:
        """When the leg that starts at `leaves_ms` ends, working windows and breakdowns included."""
        route, monday = self.route, self.model.monday_ms
        now = leaves_ms
        left_ms = max(1, vehicle.travel.draw(route.leg_travel[leg]))
        if route.breakdown_every is not None and route.breakdown_repair is not None:
            while vehicle.until_breakdown_ms < left_ms:
                now = after_working_time(now, vehicle.until_breakdown_ms, route.working_ms, monday)
                left_ms -= vehicle.until_breakdown_ms
                now += vehicle.breakdowns.draw(route.breakdown_repair)
                vehicle.until_breakdown_ms = max(1, vehicle.breakdowns.draw(route.breakdown_every))
            vehicle.until_breakdown_ms -= left_ms
        return after_working_time(now, left_ms, route.working_ms, monday)
