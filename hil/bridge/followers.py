"""What the twin does beside stock, shown by emulated devices: machines that run and stand, trucks on their tours.

Nothing that is told to such a device changes the twin: what was told is undone at once.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from device_emulators.faces.host import RING, Host, ShownMs, as_lived
from device_emulators.machine import DOWN, RUNNING, STARVED, STOPPED, Machine, MachineConfig
from device_emulators.truck_tracker import Leg, TruckTracker, TruckTrackerConfig
from hil.bridge.node_devices import NodeDevice
from hil.bridge.shown import ShownDevices, Submit
from sim.flow.model import K_NEXT, K_QUANTITY, NEVER, NONE
from sim.network import Network
from sim.plant import model as q

if TYPE_CHECKING:
    from sim.engine import Twin
    from sim.trucks import VehicleRecord

HOURS_STEP_MS: Final = 360_000
"""Running hours are shown in tenths, as on a counter at a machine."""
TRUCK_CAPACITY: Final = 10_000_000
"""Units that a tracker counts at most; what a truck holds by volume and weight is the twin's affair."""
FIX_MS: Final = 60_000
NOMINAL_DRIVE_MS: Final = 3_600_000


def followed_hosts(network: Network, name: str, journal: int = RING, shown_ms: ShownMs = as_lived) -> tuple[Host, ...]:
    """The machines of a plant, called PLANT-MACHINE, or the trackers of a route's vehicles, called as the route is, or
    ROUTE-1, ROUTE-2 ... No hosts: it is neither."""
    if name in network.node_names:
        config = MachineConfig(hours_step_ms=HOURS_STEP_MS)
        machines = [Machine(f"{name}-{machine}", config) for _, machine in _machine_rows(network, name)]
        return tuple(Host("machine", machine, journal, shown_ms) for machine in machines)
    route = next((route for route in network.routes if route.name == name), None)
    if route is None:
        return ()
    names = [name] if route.vehicles == 1 else [f"{name}-{number + 1}" for number in range(route.vehicles)]
    stops = [network.node_names[node] for node in (*route.stop_nodes, route.base_node)]
    legs = tuple(Leg(to, length, NOMINAL_DRIVE_MS) for to, length in zip(stops, route.leg_distance_m, strict=True))
    tour = TruckTrackerConfig(stops[-1], legs, TRUCK_CAPACITY, FIX_MS)
    return tuple(Host("truck_tracker", TruckTracker(one, tour), journal, shown_ms) for one in names)


def make_follower(
    twin: "Twin", name: str, hosts: Sequence[Host], submit: Submit
) -> "FollowedMachines | FollowedTrucks":
    """Lets hosts, as of `followed_hosts`, follow a twin."""
    kind = FollowedMachines if name in twin.network.node_names else FollowedTrucks
    return kind(twin, name, hosts, submit)


class _Follower(ShownDevices):
    """Devices without stock of the twin."""

    def __init__(self, hosts: Sequence[Host], submit: Submit) -> None:
        super().__init__([NodeDevice(host, ()) for host in hosts], submit)

    def _heard(self) -> None:
        self._submit(self.follow)


# --- machines ---------------------------------------------------------------------------------------------------------


class FollowedMachines(_Follower):
    """The machines of a plant: running hours, and whether they run, lack an item, or are broken.

    A machine that stands because another one of its line does, or outside the shifts, is stopped.
    """

    def __init__(self, twin: "Twin", node: str, hosts: Sequence[Host], submit: Submit) -> None:
        assert twin.plants is not None
        self._model = model = twin.plants.model
        self._rows = _machine_rows(twin.network, node)
        self._machines: list[Machine] = [host.device for host in hosts]  # type: ignore[misc]
        lines = {int(model.machine[row, q.A_LINE]) for row, _ in self._rows}
        edges = [_working_of(model, line)[:, :2].ravel() for line in lines]
        self._edges_ms = np.unique(np.concatenate(edges)) if edges else np.zeros(0, np.int64)
        self._followed_ms = 0
        super().__init__(hosts, submit)

    def _begin(self, time_ms: int) -> None:
        model = self._model
        for (row, _), machine, device in zip(self._rows, self._machines, self.devices, strict=True):
            ran_ms = _running_ms(model, int(model.machine[row, q.A_LINE]), time_ms)
            state = machine.state() | {"run_state": STOPPED, "ran_ms": ran_ms, "running_from_ms": time_ms}
            device.host.act(partial(machine.restore, state))
        self._follow(time_ms)

    def _follow(self, time_ms: int) -> None:
        self._followed_ms = time_ms
        for (row, _), machine, device in zip(self._rows, self._machines, self.devices, strict=True):
            wanted = self._run_state(row, time_ms)
            if machine.run_state != wanted:
                device.host.act(partial(_bring, machine, wanted))

    def _next_ms(self) -> int:
        """The next beginning or end of a shift."""
        after = int(np.searchsorted(self._edges_ms, self._followed_ms, side="right"))
        return int(self._edges_ms[after]) if after < len(self._edges_ms) else NEVER

    def _run_state(self, row: int, time_ms: int) -> str:
        settings = self._model.machine[row]
        line = int(settings[q.A_LINE])
        if settings[q.A_FAILED]:
            return DOWN
        if settings[q.A_STANDS]:
            return STARVED
        if self._model.line[line, q.LINE_STANDING]:
            return STOPPED
        shifts = _working_of(self._model, line)
        works = not len(shifts) or bool(((shifts[:, 0] <= time_ms) & (time_ms < shifts[:, 1])).any())
        return RUNNING if works else STOPPED


def _machine_rows(network: Network, node: str) -> list[tuple[int, str]]:
    """Row and name of every machine of a plant."""
    rows: list[tuple[int, str]] = []
    row = 0
    for plant in () if network.plant_plan is None else network.plant_plan.plants:
        for line in plant.lines:
            for machine in line.machines:
                if network.node_names[plant.node] == node:
                    rows.append((row, machine.name))
                row += 1
    return rows


def _working_of(model: Any, line: int) -> Any:
    """The shifts of a line as rows (from, to, ...); none: it works round the clock."""
    first, last = int(model.line[line, q.LINE_FIRST_WORKING]), int(model.line[line, q.LINE_LAST_WORKING])
    return model.working[0:0] if first == NONE else model.working[first:last]


def _running_ms(model: Any, line: int, time_ms: int) -> int:
    """How long a line has run, as `sim.plant.working.running_time` has it."""
    settings, shifts = model.line[line], _working_of(model, line)
    worked_ms = time_ms
    if len(shifts):
        row = int(np.searchsorted(shifts[:, 0], time_ms, side="right")) - 1
        worked_ms = 0 if row < 0 else int(shifts[row, 2] + min(time_ms, shifts[row, 1]) - shifts[row, 0])
    until_ms = int(settings[q.LINE_DOWN_AT]) if settings[q.LINE_STANDING] else worked_ms
    return until_ms - int(settings[q.LINE_LOST_MS])


def _bring(machine: Machine, wanted: str) -> None:
    """Bring a machine into a state, by what people do there and what befalls it."""
    if machine.run_state == DOWN:
        machine.repair()
    if wanted in (RUNNING, STARVED) and machine.run_state == STOPPED:
        machine.write("start", True)
    if wanted == STOPPED:
        machine.write("stop", True)
    elif wanted == DOWN:
        machine.break_down()
    else:
        machine.starve(wanted == STARVED)


# --- trucks -----------------------------------------------------------------------------------------------------------


class FollowedTrucks(_Follower):
    """The vehicles of a route: where they are, their doors, what is on them.

    A tour that was under way when it is first shown begins at the last stop it was at, at that instant.
    """

    def __init__(self, twin: "Twin", route: str, hosts: Sequence[Host], submit: Submit) -> None:
        number = [one.name for one in twin.network.routes].index(route)
        self._stop_ms = twin.network.routes[number].stop_ms
        self._twin = twin
        self._records = [record for record in twin.truck_records.vehicles if record.route == number]
        self._trackers: list[TruckTracker] = [host.device for host in hosts]  # type: ignore[misc]
        self._known = [(NONE, 0)] * len(self._records)
        self._leaves_ms = [NEVER] * len(self._records)
        super().__init__(hosts, submit)

    def _begin(self, time_ms: int) -> None:
        for place, (record, tracker, device) in enumerate(
            zip(self._records, self._trackers, self.devices, strict=True)
        ):
            under_way = record.trip != NONE
            position_m = sum(leg.length_m for leg in tracker.config.legs[: record.leg]) if under_way else 0
            state = tracker.state() | {"stop": record.leg if under_way else 0, "driving": False, "open": False}
            state |= {"position_m": position_m, "load": self._units(record)}
            device.host.act(partial(tracker.restore, state))
            self._known[place] = (record.trip, record.leg)
            self._leaves_ms[place] = time_ms if under_way else NEVER
        self._follow(time_ms)

    def _follow(self, time_ms: int) -> None:
        for place, record in enumerate(self._records):
            host, tracker = self.devices[place].host, self._trackers[place]
            stage = (record.trip, record.leg) if record.trip != NONE else (NONE, 0)
            if stage != self._known[place]:
                departs = stage[0] != NONE and stage[1] == 0
                self._known[place] = stage
                self._leaves_ms[place] = NEVER if stage[0] == NONE else time_ms + (0 if departs else self._stop_ms)
                units = self._units(record)
                host.act(partial(_reload, tracker, units))
            if time_ms >= self._leaves_ms[place]:
                self._leaves_ms[place] = NEVER
                drive_ms = max(record.next_ms - time_ms, 1)
                host.act(partial(_drive, tracker, drive_ms))

    def _next_ms(self) -> int:
        return min(self._leaves_ms, default=NEVER)

    def _units(self, record: "VehicleRecord") -> int:
        """Units on a vehicle."""
        units, parcel, rows = 0, record.load if record.trip != NONE else NONE, self._twin.flow.model.parcel
        while parcel != NONE:
            units += int(rows[parcel, K_QUANTITY])
            parcel = int(rows[parcel, K_NEXT])
        return units


def _reload(tracker: TruckTracker, units: int) -> None:
    """At a stop: its door is opened, and it leaves with so many units."""
    loaded = tracker.state()["load"]
    if units == loaded:
        return
    tracker.open()
    if units > loaded:
        tracker.put(units - loaded)
    else:
        tracker.take(loaded - units)


def _drive(tracker: TruckTracker, drive_ms: int) -> None:
    """It leaves for the next stop, and will be there after so long: the twin knows how long the drive takes."""
    tracker.close()
    legs = list(tracker.config.legs)
    leg = tracker.state()["stop"] % len(legs)
    legs[leg] = replace(legs[leg], drive_ms=drive_ms)
    tracker.config = replace(tracker.config, legs=tuple(legs))
    tracker.drive()
