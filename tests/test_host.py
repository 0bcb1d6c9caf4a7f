"""What a host shows of its device: numbered changes, a journal, and what disturbances make of them."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_emulators.catalog import KINDS
from device_emulators.device import Device
from device_emulators.faces.host import Host, Status
from device_emulators.signals import RefusedError, SignalError, SignalType
from tests.device_samples import all_devices, handle, vending_machine, words

STEADY = tuple(kind for kind in all_devices() if kind not in ("gateway", "station"))
"""Devices that show nothing which goes on by itself between their own instants, as a clock does."""
STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 60_000)), max_size=25)


def recorded(host):
    changes = []
    host.listen(lambda _, change: changes.append(change))
    return changes


def deed(device: Device, step: int):
    """What somebody does; a refusal is as good as anything."""

    def action():
        with suppress(RefusedError):
            handle(device, step)

    return action


@pytest.mark.parametrize("kind", STEADY)
@settings(max_examples=15, deadline=None)
@given(steps=STEPS, ring=st.integers(0, 30))
def test_numbers_rise_by_one_and_the_journal_is_the_last_changes(kind, steps, ring):
    host = Host(kind, all_devices()[kind], ring)
    shown = {name: reading.value for name, reading in host.readings().items()}
    changes = recorded(host)
    first = host.sequence
    assert first == len(shown)
    for step, (acts, wait_ms) in enumerate(steps):
        if acts:
            host.act(deed(host.device, step))
        else:
            host.advance(host.device.now_ms + wait_ms)
        assert {name: reading.value for name, reading in host.readings().items()} == host.device.read()
    assert [change.number for change in changes] == list(range(first + 1, host.sequence + 1))
    assert [change.time_ms for change in changes] == sorted(change.time_ms for change in changes)
    kept = min(ring, len(changes))
    assert host.journal[len(host.journal) - kept :] == tuple(changes[len(changes) - kept :])
    assert len(host.journal) == min(ring, host.sequence)
    for change in changes:
        assert change.value != shown[change.signal]
        shown[change.signal] = change.value
    assert shown == host.device.read()
    last = {change.signal: change for change in changes}
    for name, change in last.items():
        assert host.reading(name) == (change.value, change.number, change.time_ms, Status.GOOD)


@pytest.mark.parametrize("kind", STEADY)
@settings(max_examples=15, deadline=None)
@given(waits=st.lists(st.tuples(st.integers(0, 100_000), st.lists(st.integers(0, 100_000), max_size=6)), max_size=6))
def test_time_in_one_go_shows_the_same_as_time_in_steps(kind, waits):
    at_once, in_steps = Host(kind, all_devices()[kind], 500), Host(kind, all_devices()[kind], 500)
    for step, (wait_ms, stops) in enumerate(waits):
        for host in (at_once, in_steps):
            host.act(deed(host.device, step))
        until_ms = at_once.device.now_ms + wait_ms
        for stop_ms in sorted(stops):
            in_steps.advance(min(in_steps.device.now_ms + stop_ms, until_ms))
        in_steps.advance(until_ms)
        at_once.advance(until_ms)
        assert at_once.journal == in_steps.journal
        assert at_once.readings() == in_steps.readings()


@pytest.mark.parametrize("kind", KINDS)
def test_the_usual_devices_are_steady_too(kind):
    at_once, in_steps = (Host(kind, KINDS[kind].usual("x", words(0.3, 0.8, 0.1)), 1000) for _ in range(2))
    for now_ms in range(0, 400_000, 1_700):
        in_steps.advance(now_ms)
    at_once.advance(in_steps.device.now_ms)
    assert at_once.journal == in_steps.journal


def test_what_a_device_does_by_itself_is_shown_at_its_own_instants():
    host = Host("vending_machine", vending_machine(turn_ms=3_000))
    changes = recorded(host)
    host.write("slot_1_vend", True)
    host.advance(60_000)
    assert [(change.time_ms, change.signal, change.value) for change in changes] == [
        (0, "busy", True),
        (3_000, "busy", False),
        (3_000, "turns", 1),
        (3_000, "result", "vended"),
        (3_000, "slot_1_count", 1),
    ]
    assert host.reading("busy") == (False, changes[1].number, 3_000, Status.GOOD)
    with pytest.raises(SignalError, match="vending has no signal 'slot_1_vend' to be read; it has busy, turns"):
        host.reading("slot_1_vend")


def test_a_refused_write_still_shows_what_it_changed():
    host = Host("vending_machine", vending_machine(turn_ms=3_000))
    host.write("slot_1_vend", True)
    before = host.sequence
    with pytest.raises(RefusedError, match="busy"):
        host.write("slot_2_vend", True)
    with pytest.raises(SignalError, match="cannot be written"):
        host.write("turns", 7)
    assert host.sequence == before


def test_a_listener_that_acts_is_heard_in_the_order_of_the_numbers():
    host = Host("stock_point", all_devices()["stock"])
    heard = []

    def orders_more(at, change):
        if change.signal == "item_1_booked" and change.value == 3:
            at.write("item_1_par", 9)
            assert heard[-1] != change  # the others hear of it only now

    host.listen(orders_more)
    host.listen(lambda _, change: heard.append(change))
    host.act(lambda: host.device.receive(1, 3))
    assert [(change.signal, change.value) for change in heard] == [
        ("receipts", 1),
        ("item_1_booked", 3),
        ("below_par", 1),
        ("item_1_par", 9),
    ]
    assert [change.number for change in heard] == list(range(heard[0].number, heard[0].number + 4))


def test_who_stops_listening_hears_nothing_more():
    host = Host("door_sensor", all_devices()["door"])
    heard = []
    end = host.listen(lambda _, change: heard.append(change.signal))
    host.write("unlock", True)
    end()
    end()
    host.advance(60_000)
    assert heard == ["locked"]


def test_a_watcher_is_told_when_something_changed_without_a_value():
    host = Host("vending_machine", vending_machine())
    told = []
    end = host.watch(lambda at: told.append(at.boots))
    host.write("slot_1_vend", True)
    assert told == []
    host.disturbance.status["turns"] = Status.BAD
    host.refresh()
    host.reboot(keeps_numbers=True)
    end()
    end()
    host.refresh()
    assert told == [0, 1]


def test_a_reboot_empties_the_journal_and_keeps_or_loses_the_numbers():
    host = Host("vending_machine", vending_machine())
    host.write("slot_1_vend", True)
    before, readings = host.sequence, host.readings()
    host.reboot(keeps_numbers=True)
    assert (host.journal, host.sequence, host.epoch, host.boots) == ((), before, 1, 1)
    assert host.readings() == readings
    host.advance(5_000)
    host.reboot(keeps_numbers=False)
    assert (host.sequence, host.epoch, host.boots) == (len(readings), 2, 2)
    assert [change.number for change in host.journal] == list(range(1, len(readings) + 1))
    assert {reading.time_ms for reading in host.readings().values()} == {5_000}


def test_distortions_act_before_numbering():
    host = Host("tank", all_devices()["tank"])
    host.act(lambda: host.device.fill(50))
    shown = host.reading("units").value
    host.disturbance.distort["units"] = lambda value: shown  # stuck
    host.refresh()
    changes = recorded(host)
    host.act(lambda: host.device.draw(20))
    assert "units" not in {change.signal for change in changes}
    assert host.reading("units").value == shown
    del host.disturbance.distort["units"]
    host.advance(9_000)
    assert (changes[-1].signal, changes[-1].time_ms) == ("units", 9_000)
    assert host.reading("units").value == host.device.read()["units"] != shown


@pytest.mark.parametrize(
    ("signal", "distorted", "shown"),
    [
        ("slot_1_count", -3.7, 0),
        ("slot_1_count", 2.4, 2),
        ("slot_1_count", 99, 3),
        ("slot_1_count", float("nan"), 2),
        ("slot_1_count", "many", 2),
        ("result", "exploded", "none"),
        ("busy", 1, False),
        ("busy", True, True),
    ],
)
def test_a_distorted_value_is_one_that_the_signal_can_have(signal, distorted, shown):
    host = Host("vending_machine", vending_machine())
    host.disturbance.distort[signal] = lambda _: distorted
    host.refresh()
    value = host.reading(signal).value
    assert value == shown
    assert type(value) is type(shown)
    assert host.signals[signal].type is not SignalType.FLOAT


def test_clock_status_and_a_full_journal():
    host = Host("vending_machine", vending_machine(), ring=8)
    host.advance(1_000)
    host.disturbance.skew_ms = -250
    host.disturbance.status["turns"] = Status.UNCERTAIN
    host.disturbance.journal_full = True
    kept = host.journal
    host.write("slot_1_vend", True)
    assert host.clock_ms == 750
    assert host.reading("turns") == (1, host.sequence - 2, 750, Status.UNCERTAIN)
    assert host.journal == kept
    host.disturbance.journal_full = False
    host.write("slot_1_par", 1)
    assert host.journal == (*kept[1:], (host.sequence, 750, "slot_1_par", 1))


def test_a_device_without_journal_has_its_last_values():
    host = Host("vending_machine", vending_machine(), ring=0)
    host.write("slot_1_vend", True)
    assert host.journal == ()
    assert host.reading("turns").value == 1
