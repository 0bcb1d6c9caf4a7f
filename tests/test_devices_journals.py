"""Whole stories of devices: everything that happened, and what they showed of it."""

import pytest
from pydantic import ValidationError

from device_emulators.barcode_scanner import BarcodeScanner, BarcodeScannerConfig
from device_emulators.door_sensor import DoorSensor, DoorSensorConfig
from device_emulators.edge_gateway import EdgeGateway, EdgeGatewayConfig, Overflow
from device_emulators.loan_lockers import LoanLockers, LoanLockersConfig
from device_emulators.measuring import Gauge
from device_emulators.rfid_shelf import RfidShelf, RfidShelfConfig
from device_emulators.signals import RefusedError
from device_emulators.station_sensor import StationSensor, StationSensorConfig
from device_emulators.tank import Tank, TankConfig, leaked_units, leaks_at
from device_emulators.vending_machine import VendingMachineConfig
from device_emulators.weighing_shelf import WeighingShelf, WeighingShelfConfig
from tests.device_samples import vending_machine, words


def story(device):
    return [tuple(entry) for entry in device.journal]


def test_a_vending_machine_vends_fails_mixes_up_and_jams():
    shares = {"jam": 0.1, "fail": 0.2, "wrong": 0.1, "refund": 0.5, "turn_ms": 3000}
    machine = vending_machine(0.9, 0.0, 0.25, 0.4, 0.25, 0.6, 0.35, 0.0, 0.05, 0.0, **shares)
    for turn in range(5):
        machine.advance(turn * 10_000)
        if turn == 3:
            assert machine.read()["slot_1_count"] == 0  # gave one, and believes to have given another
            assert machine.stock(1) == 1
            machine.write("slot_1_count", 1)
        machine.write("slot_1_vend", True) if turn < 4 else machine.write("slot_2_vend", True)
    machine.advance(50_000)
    with pytest.raises(RefusedError, match="slot 2 of vending is jammed"):
        machine.write("slot_2_vend", True)
    machine.write("slot_2_reset", True)
    machine.write("slot_2_par", 1)
    assert story(machine) == [
        (0, "filled", "slot 1", 2),
        (0, "filled", "slot 2", 2),
        (3_000, "vended", "slot 1", 1),
        (13_000, "nothing fell", "slot 1", "refunded"),
        (23_000, "nothing fell", "slot 1", "not noticed"),
        (30_000, "count set", "slot 1", 1),
        (33_000, "wrong item", "slot 2", 1),
        (43_000, "jammed", "slot 2", None),
        (50_000, "jam cleared", "slot 2", None),
        (50_000, "par set", "slot 2", 1),
    ]
    assert machine.read() == {
        "busy": False,
        "turns": 5,
        "refunds": 1,
        "result": "jammed",
        "slot_1_item": "gloves",
        "slot_1_count": 0,
        "slot_1_par": 3,
        "slot_1_jammed": False,
        "slot_2_item": "drill",
        "slot_2_count": 2,
        "slot_2_par": 1,
        "slot_2_jammed": False,
    }


def test_shares_of_turns_are_at_most_all_of_them():
    with pytest.raises(ValidationError, match="together at most 1"):
        vending_machine(jam=0.5, fail=0.4, wrong=0.2)
    with pytest.raises(ValidationError, match="at least 1 item"):
        VendingMachineConfig(())


def test_lockers_lend_a_tool_and_take_it_back():
    lockers = LoanLockers("lockers", LoanLockersConfig(("torque wrench", "gauge"), relock_ms=5000))
    assert not lockers.open(2)
    lockers.write("locker_2_unlock", True)
    with pytest.raises(RefusedError, match="locker 2 of lockers is closed"):
        lockers.take(2)
    lockers.advance(2000)
    assert lockers.open(2)
    lockers.take(2)
    with pytest.raises(RefusedError, match="locker 2 of lockers is empty"):
        lockers.take(2)
    lockers.advance(9000)
    lockers.close(2)
    lockers.write("locker_1_unlock", True)
    lockers.advance(20_000)
    lockers.write("locker_2_unlock", True)
    lockers.open(2)
    lockers.put(2)
    assert story(lockers) == [
        (0, "pulled while locked", "locker 2", None),
        (0, "unlocked", "locker 2", None),
        (2000, "opened", "locker 2", None),
        (2000, "lent", "locker 2", "gauge"),
        (9000, "closed", "locker 2", None),
        (9000, "unlocked", "locker 1", None),
        (14_000, "locked again", "locker 1", None),
        (20_000, "unlocked", "locker 2", None),
        (20_000, "opened", "locker 2", None),
        (20_000, "returned", "locker 2", "gauge"),
    ]
    assert lockers.read() == {
        "loans": 1,
        "returns": 1,
        "locker_1_tool": "torque wrench",
        "locker_1_occupied": True,
        "locker_1_open": False,
        "locker_1_locked": True,
        "locker_2_tool": "gauge",
        "locker_2_occupied": True,
        "locker_2_open": True,
        "locker_2_locked": False,
    }


def test_an_rfid_shelf_misses_and_reads_strays_in_rounds():
    # 8 tags at 0.5: P(<= 4 missed) = 0.637, P(<= 3) = 0.363; strays of mean 0.5: P(0) = 0.607, P(<= 1) = 0.910
    shelf = RfidShelf("rfid", RfidShelfConfig(0.5, 0.5, round_ms=60_000), words(0.5, 0.1, 0.36, 0.9, 0.0, 0.0))
    shelf.put(8)
    shelf.advance(60_000)
    assert shelf.read() == {"units": 6, "measured_ms": 60_000, "measurements": 2}
    assert shelf.take(3) == 3
    shelf.stick()
    shelf.write("measure", True)
    assert shelf.take(9) == 5
    shelf.free()
    shelf.advance(120_000)
    assert story(shelf) == [
        (0, "put", "", 8),
        (0, "measured", "", 4),
        (60_000, "measured", "", 6),
        (60_000, "taken", "", 3),
        (60_000, "measured", "", 5),
        (60_000, "stuck", "", None),
        (60_000, "measured", "stuck", 5),
        (60_000, "taken", "", 5),
        (60_000, "measured", "stuck", 5),
        (60_000, "freed", "", None),
        (120_000, "measured", "", 0),
    ]


def test_a_scale_drifts_until_it_is_calibrated_and_counts_what_is_foreign():
    gauge = Gauge(resolution_mg=50, drift_mg_per_day=300.0)
    scale = WeighingShelf("scale", WeighingShelfConfig(1000, gauge), words())
    scale.put(5)
    scale.advance(2 * 86_400_000)
    scale.write("measure", True)
    assert scale.read() == {"units": 6, "measured_ms": 172_800_000, "measurements": 2, "weight_mg": 5600}
    scale.put_foreign(1420)
    assert scale.take(2) == 2
    scale.write("calibrate", 4)
    scale.clear_foreign()
    scale.write("tare", True)
    assert [(entry.what, entry.value) for entry in scale.journal] == [
        ("put", 5),
        ("measured", 5),
        ("measured", 6),
        ("foreign put", 1420),
        ("measured", 7),
        ("taken", 2),
        ("measured", 5),
        ("calibrated", 4),
        ("measured", 4),
        ("foreign taken", 1420),
        ("measured", 3),
        ("calibrated", 0),
        ("measured", 0),
    ]
    assert scale.units == 3


def test_noise_belongs_to_a_measurement_and_the_zero_to_a_calibration():
    # the word 0.8413 is one standard deviation up, 0.1587 one down
    scale = WeighingShelf(
        "scale", WeighingShelfConfig(1000, Gauge(noise_mg=700.0, tare_mg=2000.0)), words(0.841345, 0.158655, 0.841345)
    )
    scale.put(5)
    assert scale.read()["weight_mg"] == 6300  # 5000 + 2000 - 700
    assert scale.read()["weight_mg"] == 6300
    scale.write("measure", True)
    assert scale.read()["weight_mg"] == 7700
    assert scale.state()["words"] == 3


def test_a_tank_leaks_past_its_meter():
    tank = Tank("tank", TankConfig(100, meter_error=0.1, leak_step=5), words())
    assert tank.fill(130) == 100
    assert tank.draw(30) == 30
    tank.write("low_level", 60)
    tank.advance(1000)
    tank.leak(10_000)  # 10 units an hour
    tank.advance(1000 + 3_600_000 + 360_000 - 1)
    assert tank.units == 60
    assert tank.read()["units"] == 60
    tank.advance(1000 + 3_600_000 + 720_000)
    assert (tank.units, tank.read()["units"]) == (58, 60)  # measured at every fifth unit
    tank.leak(0)
    tank.advance(10**9)
    assert story(tank) == [
        (0, "filled", "", 100),
        (0, "measured", "", 100),
        (0, "drawn", "", 30),
        (0, "measured", "", 70),
        (1000, "leak", "", 10_000),
        (1_801_000, "leaked", "", 5),
        (1_801_000, "measured", "", 65),
        (3_601_000, "leaked", "", 5),
        (3_601_000, "measured", "", 60),
        (4_321_000, "leaked", "", 2),
        (4_321_000, "leak closed", "", 0),
    ]
    assert tank.read() == {
        "units": 60,
        "measured_ms": 3_601_000,
        "measurements": 4,
        "drawn_total": 33,
        "low": True,
        "low_level": 60,
    }
    tank.write("calibrate", 70)
    assert tank.read()["units"] == 70


@pytest.mark.parametrize(("units", "rate"), [(1, 1), (7, 1300), (10**6, 999_999)])
def test_a_leak_has_taken_units_at_its_instant_and_not_before(units, rate):
    at_ms = leaks_at(units, rate)
    assert leaked_units(at_ms, rate) >= units > leaked_units(at_ms - 1, rate)


def test_an_empty_tank_stops_leaking_and_goes_on_when_filled():
    tank = Tank("tank", TankConfig(10), words())
    tank.fill(2)
    tank.leak(1_000_000)  # a unit in 3.6 s
    tank.advance(36_000)
    assert tank.units == 0
    assert tank.next_time() is None
    tank.fill(5)
    tank.advance(36_000 + 3600)
    assert tank.units == 4


def test_a_scanner_shows_the_last_scan_and_misses_some():
    scanner = BarcodeScanner("scanner", BarcodeScannerConfig(missed_scan=0.2), words(0.2, 0.19))
    scanner.advance(5)
    assert scanner.handle("gloves", -2)
    scanner.advance(9)
    assert not scanner.handle("drill", -1)
    assert story(scanner) == [(5, "scanned", "gloves", -2), (9, "not scanned", "drill", -1)]
    assert scanner.read() == {"scans": 1, "code": "gloves", "quantity": -2, "scanned_ms": 5}


def test_a_door_is_unlocked_held_open_and_locks():
    door = DoorSensor("door", DoorSensorConfig(lock=True, relock_ms=10_000, held_open_ms=30_000))
    assert not door.open()
    door.write("unlock", True)
    door.advance(10_000)
    assert door.read()["locked"]
    door.write("unlock", True)
    assert door.open()
    assert door.open()
    door.advance(100_000)
    assert door.read() == {"open": True, "locked": False, "held_open": True, "openings": 1}
    door.close()
    door.close()
    assert door.read() == {"open": False, "locked": True, "held_open": False, "openings": 1}
    assert story(door) == [
        (0, "pulled while locked", "", None),
        (0, "unlocked", "", None),
        (10_000, "locked again", "", None),
        (10_000, "unlocked", "", None),
        (10_000, "opened", "", None),
        (40_000, "held open", "", None),
        (100_000, "closed", "", 90_000),
    ]


def test_a_station_counts_hours_and_parts_until_it_is_serviced():
    station = StationSensor("station", StationSensorConfig(travel_um=1000, resolution_um=300))
    station.run(True)
    station.run(True)
    station.advance(500)
    station.part(True)
    station.part(True)
    station.move(700)
    assert station.read() == {"running": True, "present": True, "position_um": 600, "parts": 1, "running_ms": 500}
    station.advance(800)
    station.run(False)
    station.advance(900)
    assert station.read()["running_ms"] == 800
    station.write("serviced", True)
    station.part(False)
    station.move(5000)
    assert station.read() == {"running": False, "present": False, "position_um": 900, "parts": 0, "running_ms": 0}
    assert story(station) == [
        (0, "runs", "", None),
        (500, "part comes", "", None),
        (500, "moved", "", 700),
        (800, "stops", "", None),
        (900, "serviced", "", 800),
        (900, "part leaves", "", None),
        (900, "moved", "", 1000),
    ]


def test_a_gateway_keeps_messages_through_an_outage():
    config = EdgeGatewayConfig(poll_ms=100, delay_ms=30, spacing_ms=50, clock_offset_ms=7, capacity=2)
    gateway = EdgeGateway("gateway", config)
    gateway.advance(10)
    assert gateway.observe("shelf", {"units": 5, "door": False}) == 1
    assert gateway.observe("shelf", {"units": 5, "door": False}) is None
    gateway.advance(90)
    gateway.set_uplink(True)
    gateway.observe("shelf", {"units": 4, "door": False})
    gateway.advance(200)
    assert [(one.number, one.stamp_ms, one.values, one.arrives_ms) for one in gateway.arrived()] == [
        (1, 17, {"units": 5, "door": False}, 130),
        (2, 97, {"units": 4}, 180),
    ]
    gateway.set_uplink(False)
    for units in (3, 2, 1):
        gateway.take("shelf", {"units": units})
    gateway.advance(450)
    gateway.set_uplink(True)
    assert gateway.next_time() == 480
    gateway.advance(1000)
    assert [(one.number, one.arrives_ms) for one in gateway.arrived()] == [(4, 480), (5, 530)]
    assert story(gateway) == [
        (100, "sent", "shelf", 1),
        (100, "sent", "shelf", 2),
        (130, "arrived", "shelf", 1),
        (180, "arrived", "shelf", 2),
        (200, "uplink down", "", 0),
        (200, "stored", "shelf", 3),
        (200, "stored", "shelf", 4),
        (200, "stored", "shelf", 5),
        (200, "lost", "shelf", 3),
        (450, "uplink up", "", 2),
        (450, "sent", "shelf", 4),
        (450, "sent", "shelf", 5),
        (480, "arrived", "shelf", 4),
        (530, "arrived", "shelf", 5),
    ]
    assert gateway.read() == {
        "uplink": True,
        "taken": 5,
        "stored": 0,
        "lost": 1,
        "delivered": 4,
        "clock_ms": 1007,
        "poll_ms": 100,
    }


def test_a_full_gateway_can_refuse_the_newest():
    gateway = EdgeGateway("gateway", EdgeGatewayConfig(capacity=2, overflow=Overflow.NEWEST))
    gateway.set_uplink(False)
    for number in range(4):
        gateway.take("shelf", {"units": number})
    gateway.set_uplink(True)
    gateway.advance(1)
    assert [one.number for one in gateway.arrived()] == [1, 2]


def test_what_is_sent_as_the_uplink_breaks_is_kept():
    gateway = EdgeGateway("gateway", EdgeGatewayConfig(delay_ms=5))
    gateway.take("shelf", {"units": 1})
    gateway.advance(3)
    gateway.take("shelf", {"units": 2})
    gateway.set_uplink(False)
    gateway.advance(50)
    assert [one.number for one in gateway.arrived()] == [1]  # was on its way
    gateway.write("clock_ms", 0)
    gateway.set_uplink(True)
    gateway.advance(55)
    assert [(one.number, one.stamp_ms, one.arrives_ms) for one in gateway.arrived()] == [(2, 3, 55)]
    assert gateway.read()["clock_ms"] == 5
