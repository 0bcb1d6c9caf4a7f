"""The types of devices that can be emulated, each with its number on the wire and a usual device of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from device_emulators.barcode_scanner import BarcodeScanner, BarcodeScannerConfig
from device_emulators.device import Device, Draw
from device_emulators.door_sensor import DoorSensor, DoorSensorConfig
from device_emulators.loan_lockers import LoanLockers, LoanLockersConfig
from device_emulators.machine import Machine, MachineConfig
from device_emulators.measuring import Gauge
from device_emulators.rfid_shelf import RfidShelf, RfidShelfConfig
from device_emulators.station_sensor import StationSensor, StationSensorConfig
from device_emulators.stock_point import StockPoint, StockPointConfig
from device_emulators.tank import Tank, TankConfig
from device_emulators.truck_tracker import Leg, TruckTracker, TruckTrackerConfig
from device_emulators.vending_machine import Slot, VendingMachine, VendingMachineConfig
from device_emulators.weighing_shelf import WeighingShelf, WeighingShelfConfig

_MINUTE_MS = 60_000


@dataclass(frozen=True)
class Kind:
    """A type of device. `number` stands in the identity block of its registers and never changes its meaning."""

    number: int
    description: str
    usual: Callable[[str, Draw], Device[Any]]  # a usual device of the type, by name and random numbers


def _vending_machine(name: str, draw: Draw) -> VendingMachine:
    items = ("gloves", "safety glasses", "drill 8 mm", "insert CNMG", "cutting disc", "ear plugs")
    slots = tuple(Slot(item, 20) for item in items)
    shares = VendingMachineConfig(slots, jam=0.001, fail=0.005, refund=0.8, wrong=0.001, turn_ms=3_000)
    return VendingMachine(name, shares, draw)


def _loan_lockers(name: str, draw: Draw) -> LoanLockers:
    return LoanLockers(name, LoanLockersConfig(("torque wrench", "micrometer", "heat gun", "vibration meter")))


def _rfid_shelf(name: str, draw: Draw) -> RfidShelf:
    return RfidShelf(name, RfidShelfConfig(read_rate=0.995, stray_tags=0.01, round_ms=_MINUTE_MS), draw)


def _weighing_shelf(name: str, draw: Draw) -> WeighingShelf:
    gauge = Gauge(resolution_mg=1_000, noise_mg=2_000, drift_mg_per_day=500, tare_mg=1_000)
    return WeighingShelf(name, WeighingShelfConfig(45_000, gauge, sample_ms=_MINUTE_MS), draw)


def _tank(name: str, draw: Draw) -> Tank:
    gauge = Gauge(resolution_mg=1_000, noise_mg=600, drift_mg_per_day=100, tare_mg=500)
    return Tank(name, TankConfig(2_000, gauge, meter_error=0.002, sample_ms=_MINUTE_MS), draw)


def _machine(name: str, draw: Draw) -> Machine:
    return Machine(name, MachineConfig(cycle_ms=12_000, scrap=0.01), draw)


def _stock_point(name: str, draw: Draw) -> StockPoint:
    items = ("bearing 6204", "bearing 6306", "V-belt A50", "oil filter", "seal kit", "fuse 10 A", "lamp H7", "grease")
    return StockPoint(name, StockPointConfig(items, capacity=500, not_booked=0.02), draw)


def _truck_tracker(name: str, draw: Draw) -> TruckTracker:
    way = (("plant 1", 12_400, 18), ("plant 2", 7_300, 11), ("store 17", 21_000, 26), ("depot", 30_500, 35))
    legs = tuple(Leg(to, length_m, minutes * _MINUTE_MS) for to, length_m, minutes in way)
    return TruckTracker(name, TruckTrackerConfig("depot", legs, capacity=400, fix_ms=_MINUTE_MS // 2))


def _door_sensor(name: str, draw: Draw) -> DoorSensor:
    return DoorSensor(name, DoorSensorConfig(lock=True, held_open_ms=_MINUTE_MS))


def _station_sensor(name: str, draw: Draw) -> StationSensor:
    return StationSensor(name, StationSensorConfig(resolution_um=10, hours_step_ms=36_000))


def _barcode_scanner(name: str, draw: Draw) -> BarcodeScanner:
    return BarcodeScanner(name, BarcodeScannerConfig(missed_scan=0.02), draw)


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "vending_machine": Kind(1, "slots of items, one unit per turn", _vending_machine),
        "rfid_shelf": Kind(2, "counts the tags that lie on it", _rfid_shelf),
        "weighing_shelf": Kind(3, "counts units by their weight", _weighing_shelf),
        "tank": Kind(4, "a level sensor, and a flow meter on the outlet", _tank),
        "machine": Kind(5, "run state, running hours, parts", _machine),
        "stock_point": Kind(6, "what a warehouse or a store has booked", _stock_point),
        "truck_tracker": Kind(7, "where a truck is, its door and its load", _truck_tracker),
        "loan_lockers": Kind(8, "lends tools, a locker each", _loan_lockers),
        "door_sensor": Kind(9, "a door with a lock and a contact", _door_sensor),
        "station_sensor": Kind(10, "a station of a line: presence, slide, hours", _station_sensor),
        "barcode_scanner": Kind(11, "the last scan of what was taken", _barcode_scanner),
    }
)
"""By name, as maps and the command line call them."""
