"""One small device of each kind, and random numbers for it."""

from collections.abc import Callable, Iterable, Iterator

from device_emulators.barcode_scanner import BarcodeScanner, BarcodeScannerConfig
from device_emulators.device import Device
from device_emulators.door_sensor import DoorSensor, DoorSensorConfig
from device_emulators.edge_gateway import EdgeGateway, EdgeGatewayConfig
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

AVERAGE = 0.5
"""The word of an average measurement: no noise."""


def words(*first: float) -> Callable[[], float]:
    """A stream that begins with these numbers and goes on with average ones."""
    given: Iterator[float] = iter(first)
    return lambda: next(given, AVERAGE)


def vending_machine(*first: float, slots: Iterable[tuple[str, int]] = (("gloves", 3), ("drill", 2)), **settings):
    machine = VendingMachine(
        "vending", VendingMachineConfig(tuple(Slot(item, room) for item, room in slots), **settings), words(*first)
    )
    for number in range(1, len(machine.config.slots) + 1):
        machine.fill(number, 2)
    return machine


def all_devices() -> dict[str, Device]:
    """Devices by kind, at time 0."""
    gauge = Gauge(resolution_mg=10, noise_mg=400.0, drift_mg_per_day=50.0, tare_mg=100.0)
    return {
        "vending": vending_machine(0.9, 0.0, jam=0.1, fail=0.1, wrong=0.1, refund=0.5, turn_ms=5000),
        "lockers": LoanLockers("lockers", LoanLockersConfig(("torque wrench", "gauge"))),
        "rfid": RfidShelf("rfid", RfidShelfConfig(read_rate=0.9, stray_tags=0.1, round_ms=60_000), words(0.3, 0.2)),
        "weigh": WeighingShelf("scale", WeighingShelfConfig(1000, gauge, sample_ms=45_000), words(0.1, 0.9)),
        "tank": Tank("tank", TankConfig(200, gauge, meter_error=0.02), words(0.4)),
        "scanner": BarcodeScanner("scanner", BarcodeScannerConfig(missed_scan=0.2), words(0.1, 0.7)),
        "door": DoorSensor("door", DoorSensorConfig(lock=True, held_open_ms=30_000)),
        "station": StationSensor("station", StationSensorConfig(travel_um=5000, resolution_um=10)),
        "hours": StationSensor("hours", StationSensorConfig(travel_um=10_000, hours_step_ms=7_000)),
        "gateway": EdgeGateway("gateway", EdgeGatewayConfig(poll_ms=1000, delay_ms=50, capacity=2)),
        "machine": Machine("press", MachineConfig(7_000, scrap=0.2, hours_step_ms=6_000), words(0.9, 0.1)),
        "stock": StockPoint("store", StockPointConfig(("bolts", "gloves"), 20, not_booked=0.3), words(0.1, 0.9)),
        "truck": TruckTracker(
            "truck", TruckTrackerConfig("depot", (Leg("A", 9_000, 90_000), Leg("B", 1_234, 45_000)), 20, fix_ms=7_000)
        ),
    }


def handle(device: Device, step: int) -> None:
    """Do something with a device, another thing at each step."""
    match device:
        case VendingMachine():
            if not device.read()["busy"] and device.read()["slot_1_count"] and not device.read()["slot_1_jammed"]:
                device.write("slot_1_vend", True)
        case LoanLockers():
            device.write("locker_2_unlock", True)
            if step % 2:
                device.open(2)
                device.put(2) if step % 4 == 3 else device.take(2)
                device.close(2)
        case RfidShelf() | WeighingShelf():
            device.put(3) if step % 2 else device.take(1)
        case Tank():
            device.fill(50) if step % 2 else device.draw(20)
            device.leak(900_000 * (step % 3))
        case BarcodeScanner():
            device.handle("4711", -1 - step)
        case DoorSensor():
            device.write("unlock", True)
            device.close() if step % 2 else device.open()
        case StationSensor():
            device.run(step % 2 == 0)
            device.part(step % 3 == 0)
            device.move(step * 777)
        case EdgeGateway():
            device.set_uplink(step % 4 != 1)
            device.observe("shelf", {"units": step // 2, "door": False})
        case Machine():
            device.repair()
            device.write("serviced" if step == 5 else "start", True)
            device.starve(step % 3 == 1)
            device.write("stop", step == 6)
            if step == 3:
                device.break_down()
        case StockPoint():
            device.receive(1, 3 * step)
            device.issue(1, step)
            device.write("item_2_par", step)
        case TruckTracker():
            if not device.read()["driving"]:
                device.open()
                device.put(step) if step % 2 else device.take(1)
                device.close()
                device.drive()
        case _:
            raise TypeError(f"no handling for {device}")
