"""Trucks: milk runs as SimPy processes.

A route has a dispatcher, which decides when a vehicle leaves (by timetable, or when the dock is full enough or a
line has waited long enough), and its vehicles, each a thin loop over a record that says where it is and when it gets
to the next stop. All state is in the records, so that a truck can be put back between two stops.
"""

from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.chance.streams import Stream
from sim.columns import E_ARRIVE, E_DEPART, E_RETURN, PHASE_ALLOCATION, PHASE_RECEIPT
from sim.flow.dock import LOADED_COLUMNS, LOADED_HEAD, LOADED_LINES, LOADED_VOLUME_ML, LOADED_WEIGHT_G
from sim.flow.model import D_FULL_G, D_FULL_ML, D_HEAD, D_LINES, D_VOLUME_ML, D_WEIGHT_G, K_DISPATCHED_MS, NONE
from sim.network import Int64Array, Route
from sim.week import WEEK_MS

if TYPE_CHECKING:
    from sim.engine import Twin

Windows = tuple[tuple[int, int], ...]
"""Weekly working time: [from, to) in ms since Monday 00:00, sorted and disjoint."""


def after_driving(time: int, driving_ms: int, windows: Windows | None, start_of_week_ms: int) -> int:
    """The instant at which `driving_ms` of working time have passed since `time`; without windows, round the clock.

    `start_of_week_ms`: milliseconds between the Monday 00:00 before time 0 and time 0.
    """
    if windows is None or driving_ms == 0:
        return time + driving_ms
    week = (time + start_of_week_ms) // WEEK_MS * WEEK_MS - start_of_week_ms
    while True:
        for opens, closes in windows:
            end = week + closes
            if end <= time:
                continue
            begin = max(time, week + opens)
            if end - begin >= driving_ms:
                return begin + driving_ms
            driving_ms -= end - begin
        week += WEEK_MS
        time = max(time, week)


@dataclass
class VehicleRecord:
    """Where a vehicle is. On a trip, `next_ms` is when it reaches stop number `leg` (the base after the last stop)."""

    route: int
    vehicle: int
    trip: int = NONE  # NONE: at its base
    leg: int = 0
    next_ms: int = 0
    load: int = NONE  # first loaded line (parcel row)
    departed_ms: int = 0
    lines: int = 0
    volume_ml: int = 0
    weight_g: int = 0
    distance_m: int = 0
    driving_ms: int = 0
    driving_to_breakdown_ms: int = NONE  # NONE: never breaks down
    travel_draws: int = 0
    breakdown_draws: int = 0


@dataclass
class DispatcherRecord:
    """When a route's dispatcher looks at its dock next (NONE: not before it is woken)."""

    route: int
    next_ms: int = NONE


@dataclass
class TruckRecords:
    """All that is under way on the road; plain data."""

    vehicles: list[VehicleRecord] = field(default_factory=list)
    dispatchers: list[DispatcherRecord] = field(default_factory=list)
    next_trip: int = 0

    def rows(self) -> list[dict[str, Any]]:
        """One mapping per vehicle, for the state file."""
        return [asdict(vehicle) for vehicle in self.vehicles]


class Vehicle:
    """One vehicle of a route; `record` is all it knows."""

    def __init__(self, twin: "Twin", record: VehicleRecord, number: int) -> None:
        self.twin = twin
        self.record = record
        self.route: Route = twin.network.routes[record.route]
        working = self.route.working_ms
        self._windows: Windows | None = None if working is None else tuple((int(a), int(b)) for a, b in working)
        self.number = number  # over all routes: the order of vehicles at one instant, phase and node
        name = (self.route.name, str(record.vehicle))
        seed, replication = twin.seed, twin.replication
        self._travel = Stream("travel", *name, seed=seed, replication=replication, position=record.travel_draws)
        self._breakdown = Stream(
            "breakdown", *name, seed=seed, replication=replication, position=record.breakdown_draws
        )

    def prepare(self) -> None:
        """At the start of a replication: draw the first breakdown."""
        if self.route.breakdown_every is not None:
            self.record.driving_to_breakdown_ms = max(self._breakdown.draw(self.route.breakdown_every), 1)
            self.record.breakdown_draws = self._breakdown.position

    @property
    def destination(self) -> int:
        """Node that the present leg leads to."""
        stops = self.route.stop_nodes
        return stops[self.record.leg] if self.record.leg < len(stops) else self.route.base_node

    def drive(self) -> Generator[Any, Any, None]:
        """The process of one trip: wait for the next arrival, see to it, until the vehicle is back."""
        while self.record.trip != NONE:
            yield self.twin.environment.at(self.record.next_ms, PHASE_RECEIPT, self.destination, self.number)
            self._arrive()

    def depart(self, trip: int, loaded: Int64Array, time: int) -> None:
        """Leave the base with what has been loaded."""
        record = self.record
        record.trip = trip
        record.leg = 0
        record.load = int(loaded[LOADED_HEAD])
        record.departed_ms = time
        record.lines = int(loaded[LOADED_LINES])
        record.volume_ml = int(loaded[LOADED_VOLUME_ML])
        record.weight_g = int(loaded[LOADED_WEIGHT_G])
        record.distance_m = 0
        record.driving_ms = 0
        self.twin.log_truck(time, PHASE_ALLOCATION, self.route.base_node, E_DEPART, record.lines, trip)
        self._start_leg(time)
        self.twin.environment.process(self.drive())

    def _start_leg(self, time: int) -> None:
        record = self.record
        driving = max(self._travel.draw(self.route.leg_travel[record.leg]), 1)
        record.travel_draws = self._travel.position
        record.driving_ms += driving
        windows, week = self._windows, self.twin.start_of_week_ms
        every, repair = self.route.breakdown_every, self.route.breakdown_repair
        if every is not None and repair is not None:
            while record.driving_to_breakdown_ms < driving:
                time = after_driving(time, record.driving_to_breakdown_ms, windows, week)
                time += self._breakdown.draw(repair)
                driving -= record.driving_to_breakdown_ms
                record.driving_to_breakdown_ms = max(self._breakdown.draw(every), 1)
            record.driving_to_breakdown_ms -= driving
            record.breakdown_draws = self._breakdown.position
        record.next_ms = after_driving(time, driving, windows, week)

    def _arrive(self) -> None:
        record, time, node = self.record, self.record.next_ms, self.destination
        record.distance_m += self.route.leg_distance_m[record.leg]
        if record.leg == len(self.route.stop_nodes):
            self.twin.log_truck(time, PHASE_RECEIPT, node, E_RETURN, 0, record.trip)
            self.twin.write_trip(record, time)
            record.trip = NONE
            self.twin.dispatchers[record.route].vehicle_is_back(time)
            return
        lines, record.load = self.twin.flow.unload(record.load, node, time)
        self.twin.log_truck(time, PHASE_RECEIPT, node, E_ARRIVE, lines, record.trip)
        plants = self.twin.plants
        if plants is not None and plants.counts_on(record.route):
            plants.count_on_arrival(node, time)
        record.leg += 1
        self._start_leg(time + self.route.stop_ms)


class Dispatcher:
    """Decides when vehicles of a route leave."""

    def __init__(self, twin: "Twin", record: DispatcherRecord, vehicles: list[Vehicle]) -> None:
        self.twin = twin
        self.record = record
        self.route = twin.network.routes[record.route]
        self.vehicles = vehicles
        self._loaded = np.zeros(LOADED_COLUMNS, np.int64)
        self._stop_of_node = np.full(twin.network.nodes, len(self.route.stop_nodes), np.int64)
        for stop in range(len(self.route.stop_nodes) - 1, -1, -1):
            self._stop_of_node[self.route.stop_nodes[stop]] = stop

    def start(self, time: int = 0) -> None:
        """At the start of a replication: wait for the first departure of the timetable, or see to what is staged."""
        if self.route.timetable_ms is not None:
            self._look_at(self._next_departure(time))
            return
        due = self._due_ms()
        if due is not None:
            self._look_at(max(due, time))

    def resume(self) -> None:
        """After a saved state was loaded: wait for what the record says."""
        if self.record.next_ms != NONE:
            time, self.record.next_ms = self.record.next_ms, NONE
            self._look_at(time)

    def wake(self, time: int) -> None:
        """A line has been staged that may make a departure due: look at the dock in phase 4 of this instant."""
        self._look_at(time)

    def vehicle_is_back(self, time: int) -> None:
        """A route that leaves when full may have goods waiting for this vehicle."""
        if self.route.timetable_ms is None and self._due_ms() is not None:
            self._look_at(time)

    def _next_departure(self, earliest: int) -> int:
        """First instant of the weekly timetable at or after `earliest`."""
        assert self.route.timetable_ms is not None
        offset = self.twin.start_of_week_ms
        week = (earliest + offset) // WEEK_MS * WEEK_MS - offset
        times = [week + shift + int(at) for shift in (0, WEEK_MS) for at in self.route.timetable_ms]
        return min(time for time in times if time >= earliest)

    def _look_at(self, time: int) -> None:
        if self.record.next_ms != NONE and self.record.next_ms <= time:
            return
        self.record.next_ms = time
        moment = self.twin.environment.at(time, PHASE_ALLOCATION, self.route.base_node, self.record.route)
        moment.callbacks.append(self._look_callback(time))

    def _look_callback(self, time: int) -> Callable[[Any], None]:
        def look(_: Any) -> None:
            if self.record.next_ms == time:  # not overtaken by an earlier look
                self.record.next_ms = NONE
                self._look(time)

        return look

    def _look(self, time: int) -> None:
        if self.route.timetable_ms is not None:
            self._send_all(time)
            self._look_at(self._next_departure(time + 1))
            return
        due = self._due_ms()
        while due is not None and due <= time and self._send_one(time):
            due = self._due_ms()
        if due is not None and due > time:
            self._look_at(due)

    def _due_ms(self) -> int | None:
        """When a vehicle should leave with what is at the dock now: 0 for at once, None for not yet."""
        dock = self.twin.flow.model.dock[self.record.route]
        if dock[D_LINES] == 0:
            return None
        if dock[D_VOLUME_ML] >= dock[D_FULL_ML] or dock[D_WEIGHT_G] >= dock[D_FULL_G]:
            return 0
        if self.route.max_wait_ms < 0:
            return None
        return int(self.twin.flow.model.parcel[dock[D_HEAD], K_DISPATCHED_MS]) + self.route.max_wait_ms

    def _send_all(self, time: int) -> None:
        while self._send_one(time):
            pass

    def _send_one(self, time: int) -> bool:
        """Load the first vehicle at base and let it go; False when there is none or nothing to load."""
        if self.twin.flow.model.dock[self.record.route, D_LINES] == 0:
            return False
        for vehicle in self.vehicles:
            if vehicle.record.trip == NONE:
                break
        else:
            return False
        route, trip = self.route, self.twin.truck_records.next_trip
        self.twin.flow.load(
            self.record.route, route.capacity_ml, route.capacity_g, self._stop_of_node, trip, time, self._loaded
        )
        if self._loaded[LOADED_HEAD] == NONE:
            return False
        self.twin.truck_records.next_trip = trip + 1
        vehicle.depart(trip, self._loaded, time)
        return True
