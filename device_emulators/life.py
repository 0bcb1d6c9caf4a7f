"""What people do with a device that is emulated alone: they draw, refill, drive, break things. Pure, seeded."""

import heapq
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from typing import Any, Final, NamedTuple

from device_emulators.barcode_scanner import BarcodeScanner
from device_emulators.device import Device
from device_emulators.door_sensor import DoorSensor
from device_emulators.loan_lockers import LoanLockers
from device_emulators.machine import DOWN, STARVED, Machine
from device_emulators.rfid_shelf import RfidShelf
from device_emulators.signals import RefusedError
from device_emulators.station_sensor import StationSensor
from device_emulators.stock_point import StockPoint
from device_emulators.tank import Tank
from device_emulators.truck_tracker import TruckTracker
from device_emulators.vending_machine import VendingMachine
from device_emulators.weighing_shelf import WeighingShelf

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_SHELF_UNITS: Final = 60
_CODES: Final = ("4006381333931", "4000417025005", "7612345678900")


class Deed(NamedTuple):
    """Something that is done again and again, on average every `mean_ms` (exponential)."""

    mean_ms: int
    action: Callable[[], object]


class Life:
    """The deeds around one device. `next_ms` is when the next one is due; `act` does it and is called then."""

    def __init__(self, device: Device[Any], numbers: Random) -> None:
        """Brings the device into a usual state (full, started) and begins at its present time."""
        self._numbers = numbers
        _begin(device)
        self._deeds = tuple(_deeds(device, numbers))
        self._due = [(device.now_ms + self._wait_ms(deed), place) for place, deed in enumerate(self._deeds)]
        heapq.heapify(self._due)

    @property
    def next_ms(self) -> int:
        return self._due[0][0]

    def act(self) -> None:
        """Do what is due; what the device refuses is left undone."""
        due_ms, place = self._due[0]
        heapq.heapreplace(self._due, (due_ms + self._wait_ms(self._deeds[place]), place))
        with suppress(RefusedError):
            self._deeds[place].action()

    def _wait_ms(self, deed: Deed) -> int:
        return 1 + round(self._numbers.expovariate(1.0 / deed.mean_ms))


def _begin(device: Device[Any]) -> None:
    match device:
        case VendingMachine():
            _refill(device)
        case RfidShelf() | WeighingShelf():
            device.put(_SHELF_UNITS)
        case Tank():
            device.write("low_level", device.config.capacity // 5)
            device.fill(device.config.capacity * 4 // 5)
        case StockPoint():
            for item in range(1, len(device.config.items) + 1):
                device.write(f"item_{item}_par", device.config.capacity // 2)
                device.receive(item, device.config.capacity // 2)
        case Machine():
            device.write("start", True)
        case TruckTracker():
            device.open()
            device.put(device.config.capacity)
            device.close()
        case StationSensor():
            device.run(True)


def _deeds(device: Device[Any], numbers: Random) -> Iterator[Deed]:
    """What is done with a device of that type; TypeError when that is not known."""
    match device:
        case VendingMachine():
            yield Deed(2 * _MINUTE_MS, lambda: _vend(device, numbers))
            yield Deed(8 * _HOUR_MS, lambda: _refill(device))
        case RfidShelf() | WeighingShelf():
            yield Deed(5 * _MINUTE_MS, lambda: device.take(numbers.randint(1, 5)))
            yield Deed(2 * _HOUR_MS, lambda: device.put(max(_SHELF_UNITS - int(device.read()["units"]), 0)))
        case Tank():
            yield Deed(3 * _MINUTE_MS, lambda: device.draw(numbers.randint(1, 20)))
            yield Deed(2 * _HOUR_MS, lambda: device.fill(device.config.capacity) if device.read()["low"] else None)
        case Machine():
            yield Deed(10 * _MINUTE_MS, lambda: device.starve(device.run_state != STARVED))
            yield Deed(6 * _HOUR_MS, device.break_down)
            yield Deed(15 * _MINUTE_MS, lambda: _look_after(device))
        case StockPoint():
            yield Deed(2 * _MINUTE_MS, lambda: _issue(device, numbers))
            yield Deed(3 * _HOUR_MS, lambda: _receive(device))
        case TruckTracker():
            yield Deed(4 * _MINUTE_MS, lambda: _go_on(device, numbers))
        case LoanLockers():
            yield Deed(2 * _MINUTE_MS, lambda: _lend(device, numbers))
        case DoorSensor():
            yield Deed(2 * _MINUTE_MS, lambda: _use_door(device))
        case StationSensor():
            yield Deed(_MINUTE_MS, lambda: device.part(not device.read()["present"]))
            yield Deed(_MINUTE_MS, lambda: device.move(numbers.randint(0, device.config.travel_um)))
            yield Deed(30 * _MINUTE_MS, lambda: device.run(not device.read()["running"]))
        case BarcodeScanner():
            yield Deed(2 * _MINUTE_MS, lambda: device.handle(numbers.choice(_CODES), -numbers.randint(1, 5)))
            yield Deed(_HOUR_MS, lambda: device.handle(numbers.choice(_CODES), 20))
        case _:
            raise TypeError(f"nothing is known of what people do with {device.name}")


def _vend(machine: VendingMachine, numbers: Random) -> None:
    machine.write(f"slot_{numbers.randint(1, len(machine.config.slots))}_vend", True)


def _refill(machine: VendingMachine) -> None:
    shown = machine.read()
    for slot in range(1, len(machine.config.slots) + 1):
        machine.write(f"slot_{slot}_reset", True)
        machine.write(f"slot_{slot}_count", machine.stock(slot))
        machine.fill(slot, max(int(shown[f"slot_{slot}_par"]) - machine.stock(slot), 0))


def _look_after(machine: Machine) -> None:
    if machine.run_state == DOWN:
        machine.repair()
        machine.write("serviced", True)
    machine.write("start", True)


def _issue(store: StockPoint, numbers: Random) -> None:
    store.issue(numbers.randint(1, len(store.config.items)), numbers.randint(1, 10))


def _receive(store: StockPoint) -> None:
    shown = store.read()
    for item in range(1, len(store.config.items) + 1):
        if missing := int(shown[f"item_{item}_par"]) - int(shown[f"item_{item}_booked"]):
            store.receive(item, max(missing, 0))


def _go_on(truck: TruckTracker, numbers: Random) -> None:
    """At a stop the door is opened and goods are moved; the next time it is closed, and the truck drives on."""
    shown = truck.read()
    if shown["door_open"]:
        truck.close()
        truck.drive()
    elif not shown["driving"]:
        truck.open()
        if shown["stop"] == len(truck.config.legs):
            truck.put(truck.config.capacity)
        else:
            truck.take(numbers.randint(1, max(truck.config.capacity // 4, 1)))


def _lend(lockers: LoanLockers, numbers: Random) -> None:
    """Somebody opens a door; the next time that tool is moved and the door closed."""
    shown = lockers.read()
    count = len(lockers.config.tools)
    if opened := [locker for locker in range(1, count + 1) if shown[f"locker_{locker}_open"]]:
        (lockers.take if shown[f"locker_{opened[0]}_occupied"] else lockers.put)(opened[0])
        lockers.close(opened[0])
        return
    locker = numbers.randint(1, count)
    lockers.write(f"locker_{locker}_unlock", True)
    lockers.open(locker)


def _use_door(door: DoorSensor) -> None:
    if door.read()["open"]:
        door.close()
    else:
        door.write("unlock", True)
        door.open()
