"""The devices of a node: what stands for its stock outside, as pure devices, with a place for every item."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from device_emulators.catalog import KINDS
from device_emulators.faces.host import RING, Host, ShownMs, as_lived
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map, load_map
from device_emulators.faces.mapping import BoundMap, MapError
from device_emulators.rfid_shelf import RfidShelf, RfidShelfConfig
from device_emulators.signals import Signal
from device_emulators.stock_point import StockPoint, StockPointConfig
from device_emulators.tank import Tank, TankConfig
from device_emulators.vending_machine import Slot, VendingMachine, VendingMachineConfig
from device_emulators.weighing_shelf import WeighingShelf, WeighingShelfConfig
from hil.bindings.signals import MOST_SLOTS, signals_of, slots_of
from hil.bridge.levels import Level
from sim import columns as c
from sim.outside import Place
from sim.plant_plan import SENSOR_RFID, DevicePoint

if TYPE_CHECKING:
    from sim.network import Network

CAPACITY: Final = 10_000
"""Units per item that an emulated device has room for."""


def _no_chance() -> float:
    """Devices that follow the twin are without chance: what goes wrong, goes wrong in the twin."""
    return 0.5


@dataclass(frozen=True)
class Slotted:
    """An item in a device: what shows how many units are there, and how they come and go."""

    place: Place
    signal: str
    units: Callable[[], int]  # truly there
    put: Callable[[int], object]
    take: Callable[[int], object]
    one_by_one: bool = False  # each unit that is taken is an event of its own
    level_signal: str = ""  # what is told a level of the node's policy, if anything
    level: Level = Level.PAR
    item_signal: str = ""  # what tells the name of the item, if anything
    room: int | None = None  # units that the node has room for; None: without limit


@dataclass(frozen=True)
class NodeDevice:
    """A device of a node, with the items that it holds."""

    host: Host
    slots: tuple[Slotted, ...]

    def bound(self) -> BoundMap:
        """Its type's map for its signals."""
        return bind(builtin_map(self.host.kind), self.host.signals)

    def bound_to(self, file: Path | None) -> BoundMap:
        """A map file of the user's for what the twin reads and tells of a real device; None: its type's map. A device
        need not have more than the counts of its items. MapError with everything that is wrong."""
        map_file = builtin_map(self.host.kind) if file is None else load_map(file)
        if map_file.map.type != self.host.kind:
            message = f"it is a map of {map_file.map.type!r}; expected {self.host.kind}"
            raise MapError((map_file.document.finding(message, ("type",)),))
        bound = bind(map_file, self.host.signals, [slot.signal for slot in self.slots])
        used = {name for slot in self.slots for name in (slot.signal, slot.level_signal, slot.item_signal)}
        points = tuple(point for point in bound.points if point.signal.name in used)
        nodes = tuple(node for node in bound.nodes if node.signal.name in used)
        return replace(bound, points=points, nodes=nodes)

    def journal_signals(self) -> tuple[Signal, ...]:
        """All signals by which a journal of such a device may count, also of one that has more slots than this."""
        if slots_of(self.host.kind, self.host.signals) is None:
            return tuple(self.host.signals.values())
        return tuple(signals_of(self.host.kind, MOST_SLOTS).values())

    @property
    def type_number(self) -> int:
        """As it stands in the identity block."""
        return KINDS[self.host.kind].number


MadeHost = Callable[[str, Any], Host]
"""Makes the host of a device of some type."""


def make_devices(
    network: "Network", places: tuple[Place, ...], journal: int = RING, shown_ms: ShownMs = as_lived
) -> tuple[NodeDevice, ...]:
    """The devices of one node: a vending machine for all its items, a shelf or a tank for each; the terminal of a
    stock point where there is no device. They are empty. `shown_ms`: what their clocks show."""

    def host(kind: str, device: Any) -> Host:
        return Host(kind, device, journal, shown_ms)

    node = places[0].node
    kind = network.node_kinds[network.node_names.index(node)]
    if kind == "vending_machine":
        return (_with_room(network, _vending_machine(node, places, host)),)
    planned = {} if network.plant_plan is None else {one.stock_point: one for one in network.plant_plan.devices}
    if not all(place.point in planned for place in places):
        return (_stock_point(node, places, host),)
    named = [(place, node if len(places) == 1 else f"{node}-{place.item}") for place in places]
    return tuple(_with_room(network, _single(name, kind, planned[place.point], place, host)) for place, name in named)


def _with_room(network: "Network", device: NodeDevice) -> NodeDevice:
    room = network.parameter[:, c.P_CAPACITY]
    slots = tuple(replace(s, room=n if (n := int(room[s.place.point])) >= 0 else None) for s in device.slots)
    return replace(device, slots=slots)


def _vending_machine(node: str, places: tuple[Place, ...], made: MadeHost) -> NodeDevice:
    config = VendingMachineConfig(tuple(Slot(place.item, CAPACITY) for place in places))
    device = VendingMachine(node, config, _no_chance)

    def slot(number: int, place: Place) -> Slotted:
        def take(units: int) -> None:
            for _ in range(units):
                device.write(f"slot_{number}_vend", True)

        def put(units: int) -> int:
            return device.fill(number, units)

        def units() -> int:
            return device.stock(number)

        count, par, item = (f"slot_{number}_{name}" for name in ("count", "par", "item"))
        return Slotted(place, count, units, put, take, one_by_one=True, level_signal=par, item_signal=item)

    slots = tuple(slot(number, place) for number, place in enumerate(places, 1))
    return NodeDevice(made("vending_machine", device), slots)


def _stock_point(node: str, places: tuple[Place, ...], made: MadeHost) -> NodeDevice:
    device = StockPoint(node, StockPointConfig(tuple(place.item for place in places)), _no_chance)

    def slot(number: int, place: Place) -> Slotted:
        return Slotted(
            place,
            f"item_{number}_booked",
            lambda: device.stock(number),
            lambda units: device.receive(number, units),
            lambda units: device.issue(number, units),
            level_signal=f"item_{number}_par",
        )

    slots = tuple(slot(number, place) for number, place in enumerate(places, 1))
    return NodeDevice(made("stock_point", device), slots)


def _single(name: str, kind: str, planned: DevicePoint, place: Place, made: MadeHost) -> NodeDevice:
    """A device that measures one item."""
    device: Any
    if kind == "tank":
        tank = device = Tank(name, TankConfig(CAPACITY), _no_chance)
        slot = Slotted(
            place, "units", lambda: tank.units, tank.fill, tank.draw, level_signal="low_level", level=Level.LOW
        )
        type_name = "tank"
    elif planned.sensor == SENSOR_RFID:
        rfid = device = RfidShelf(name, RfidShelfConfig(), _no_chance)
        slot = Slotted(place, "units", lambda: rfid.tags, rfid.put, rfid.take)
        type_name = "rfid_shelf"
    else:
        scale = device = WeighingShelf(name, WeighingShelfConfig(max(planned.unit_weight_mg, 1)), _no_chance)
        slot = Slotted(place, "units", lambda: scale.units, scale.put, scale.take)
        type_name = "weighing_shelf"
    return NodeDevice(made(type_name, device), (slot,))
