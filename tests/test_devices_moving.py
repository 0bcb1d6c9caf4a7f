"""Machines, stock points and trucks: their stories, and what they refuse."""

import pytest
from pydantic import ValidationError

from device_emulators.device import StateError
from device_emulators.machine import Machine, MachineConfig
from device_emulators.signals import RefusedError
from device_emulators.stock_point import StockPoint, StockPointConfig
from device_emulators.truck_tracker import Leg, TruckTracker, TruckTrackerConfig
from tests.device_samples import all_devices, words


def test_a_machine_counts_parts_and_time_only_while_it_runs():
    machine = Machine("press", MachineConfig(cycle_ms=4_000, scrap=0.5, hours_step_ms=10_000), words(0.6, 0.4, 0.6))
    machine.write("start", True)
    machine.advance(9_000)
    machine.starve(True)
    machine.advance(50_000)
    assert machine.read() == {
        "run_state": "starved",
        "running_ms": 0,
        "since_service_ms": 0,
        "parts": 1,
        "scrap": 1,
        "starts": 1,
        "breakdowns": 0,
    }
    machine.starve(False)
    assert machine.next_time() == 51_000  # ran for 9 s: the first step of 10 s ends now
    machine.advance(61_000)
    machine.write("serviced", True)
    machine.break_down()
    machine.break_down()
    with pytest.raises(RefusedError, match="press is down"):
        machine.write("start", True)
    machine.advance(90_000)
    shown = machine.read()
    assert (shown["running_ms"], shown["since_service_ms"], shown["parts"], shown["breakdowns"]) == (20_000, 0, 4, 1)
    machine.repair()
    machine.write("start", True)
    machine.advance(101_000)
    assert machine.read()["since_service_ms"] == 10_000
    machine.write("stop", True)
    machine.write("stop", True)
    machine.starve(True)
    assert machine.run_state == "stopped"
    assert machine.next_time() is None


def test_a_part_that_a_stop_interrupts_is_finished_after_the_next_start():
    machine = Machine("press", MachineConfig(cycle_ms=10_000))
    machine.write("start", True)
    machine.advance(9_999)
    machine.write("stop", True)
    machine.advance(100_000)
    assert machine.read()["parts"] == 0
    machine.write("start", True)
    machine.advance(100_001)
    assert machine.read()["parts"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"run_state": "dreaming"}, "one of stopped"),
        ({"scrapped": 9}, "at most cycles"),
        ({"serviced_at_ms": 99_999}, "later than now"),
        ({"run_state": "running", "running_from_ms": 70_000}, "later than now"),
        ({"ran_ms": 70_000}, "cycles must be 10"),
    ],
)
def test_a_machine_is_not_restored_to_what_cannot_be(change, message):
    machine = all_devices()["machine"]
    with pytest.raises(StateError, match=message):
        machine.restore(machine.state() | change)


def test_a_stock_point_shows_what_was_booked():
    store = StockPoint("store", StockPointConfig(("bolts", "gloves"), capacity=20, not_booked=0.25), words(0.9, 0.1))
    store.write("item_1_par", 10)
    assert store.read()["below_par"] == 1
    assert store.receive(1, 25) == 20
    assert store.issue(1, 6) == 6
    assert store.issue(1, 5) == 5  # and nobody books that
    assert store.lose(1, 2) == 2
    shown = store.read()
    assert (store.stock(1), shown["item_1_booked"], shown["issues"], shown["receipts"]) == (7, 14, 1, 1)
    store.write("item_1_booked", 7)
    assert store.read()["below_par"] == 1
    assert store.read()["counts"] == 1
    assert store.issue(1, 100) == 7
    assert store.issue(2, 1) == 0
    with pytest.raises(ValueError, match="no item 3; expected 1 to 2"):
        store.stock(3)
    with pytest.raises(ValueError, match="cannot be put or taken"):
        store.receive(1, -1)


def test_a_stock_point_is_not_restored_to_what_cannot_be():
    store = all_devices()["stock"]
    with pytest.raises(StateError, match="2 entries"):
        store.restore(store.state() | {"par": [1]})
    with pytest.raises(StateError, match="from 0 to 20"):
        store.restore(store.state() | {"stock": [21, 0]})


def test_a_truck_drives_its_tour_again_and_again():
    legs = (Leg("A", 9_000, 90_000), Leg("B", 1_000, 45_000))
    truck = TruckTracker("truck", TruckTrackerConfig("depot", legs, capacity=20, fix_ms=60_000))
    truck.open()
    with pytest.raises(RefusedError, match="has its door open"):
        truck.drive()
    assert truck.put(25) == 20
    truck.close()
    with pytest.raises(RefusedError, match="door of truck is closed"):
        truck.take(1)
    truck.advance(10_000)
    truck.drive()
    with pytest.raises(RefusedError, match="drives"):
        truck.open()
    with pytest.raises(RefusedError, match="drives already"):
        truck.drive()
    seen = []
    while (due := truck.next_time()) is not None:
        truck.advance(due)
        seen.append((due, truck.read()["position_m"], truck.read()["stop_name"]))
    assert seen == [(60_000, 5_000, "depot"), (100_000, 9_000, "A")]
    truck.advance(130_000)
    truck.write("locate", True)
    assert truck.read()["fix_ms"] == 130_000
    truck.drive()
    truck.advance(200_000)
    assert truck.read() | {"fixes": 0} == {
        "driving": False,
        "stop": 2,
        "stop_name": "B",
        "position_m": 10_000,
        "fix_ms": 175_000,
        "fixes": 0,
        "tours": 1,
        "door_open": False,
        "openings": 1,
        "load": 20,
    }
    truck.drive()
    assert (truck.read()["stop"], truck.read()["position_m"]) == (0, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stop": 3}, "at most 2"),
        ({"stop": 2, "driving": True}, "less while driving"),
        ({"driving": True, "open": True}, "door open"),
        ({"load": 21}, "at most 20"),
    ],
)
def test_a_truck_is_not_restored_to_what_cannot_be(change, message):
    truck = all_devices()["truck"]
    with pytest.raises(StateError, match=message):
        truck.restore(truck.state() | change)


def test_configurations_that_cannot_be_are_refused():
    with pytest.raises(ValidationError):
        TruckTrackerConfig("depot", ())
    with pytest.raises(ValidationError):
        StockPointConfig(())
    with pytest.raises(ValidationError):
        MachineConfig(hours_step_ms=0)
