"""Every signal of every device: what it says of itself, what it takes and refuses; time and state of devices."""

import json

import pytest

from device_emulators.device import StateError, TimeError
from device_emulators.signals import RefusedError, Signal, SignalError, SignalType
from tests.device_samples import all_devices, handle, vending_machine

KINDS = tuple(all_devices())
SIGNALS = tuple((kind, name) for kind, device in all_devices().items() for name in device.signals)
BAD = {
    SignalType.BOOL: (1, "true", None),
    SignalType.INT: (True, 1.0, "3", None),
    SignalType.FLOAT: (True, float("nan"), float("inf"), "3"),
    SignalType.TEXT: (1, None),
}
GOOD = {SignalType.BOOL: False, SignalType.INT: 1, SignalType.FLOAT: 1.5, SignalType.TEXT: "text"}


@pytest.mark.parametrize(("kind", "name"), SIGNALS)
def test_a_signal_shows_what_it_declares(kind, name):
    device = all_devices()[kind]
    signal = device.signals[name]
    assert signal.readable or signal.writable
    assert len(signal.description) > 3
    if signal.readable:
        value = device.read()[name]
        assert signal.checked(value) == value
    else:
        assert name not in device.read()


@pytest.mark.parametrize(("kind", "name"), SIGNALS)
def test_a_signal_takes_a_good_value_and_refuses_a_bad_one(kind, name):
    device = all_devices()[kind]
    signal = device.signals[name]
    good = GOOD[signal.type]
    if not signal.writable:
        with pytest.raises(SignalError, match=f"{name} of {device.name} cannot be written"):
            device.write(name, good)
        return
    bad = [*BAD[signal.type]]
    bad += [] if signal.low is None else [int(signal.low) - 1]
    bad += [] if signal.high is None else [int(signal.high) + 1]
    before = device.state()
    for value in bad:
        with pytest.raises(SignalError, match="expected"):
            device.write(name, value)
    assert device.state() == before
    device.write(name, good)
    if signal.readable:
        assert device.read()[name] == good


def test_a_false_command_does_nothing():
    for device in all_devices().values():
        for name, signal in device.signals.items():
            if not signal.readable:
                before = device.state()
                if signal.type is SignalType.BOOL:
                    device.write(name, False)
                assert device.state() == before


def test_an_unknown_signal_is_named_with_those_there_are():
    with pytest.raises(SignalError, match="door has no signal 'opne'; it has open, locked, held_open,"):
        all_devices()["door"].write("opne", True)


def test_a_signal_with_choices_and_one_of_numbers():
    text = Signal("mode", SignalType.TEXT, "", "mode", choices=("on", "off"))
    assert text.checked("on") == "on"
    with pytest.raises(SignalError, match="mode cannot be 'up'; expected one of on, off"):
        text.checked("up")
    number = Signal("level", SignalType.FLOAT, "mm", "level", low=0.0, high=10.0)
    assert number.checked(3) == 3.0
    assert type(number.checked(3)) is float
    with pytest.raises(SignalError, match="expected a number from 0 to 10 in mm"):
        number.checked(10.5)


@pytest.mark.parametrize("kind", KINDS)
def test_time_never_goes_back(kind):
    device = all_devices()[kind]
    device.advance(10)
    device.advance(10)
    with pytest.raises(TimeError, match="cannot go back from 10 to 9 ms"):
        device.advance(9)
    assert device.now_ms == 10


@pytest.mark.parametrize("kind", KINDS)
def test_one_long_advance_is_the_same_as_many_short_ones(kind):
    at_once, in_steps = all_devices()[kind], all_devices()[kind]
    for step in range(8):
        handle(at_once, step)
        handle(in_steps, step)
        for now_ms in range(step * 40_000, (step + 1) * 40_000, 1700):
            in_steps.advance(now_ms)
        in_steps.advance((step + 1) * 40_000)
        at_once.advance((step + 1) * 40_000)
        shown = [(entry.what, entry.value) for entry in at_once.journal if entry.what != "leaked"]
        assert shown == [(entry.what, entry.value) for entry in in_steps.journal if entry.what != "leaked"]
        assert at_once.read() == in_steps.read()
        assert at_once.next_time() == in_steps.next_time()


@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_device_goes_on_as_if_never_stopped(kind):
    device, other = all_devices()[kind], all_devices()[kind]
    for step in range(4):
        handle(device, step)
        device.advance(device.now_ms + 30_000)
    state = json.loads(json.dumps(device.state()))
    assert device.journal
    for _ in range(state["words"] - other.state()["words"]):  # its stream goes on where the other one's is
        other._draw()
    other.restore(state)
    for step in range(4, 9):
        for one in (device, other):
            handle(one, step)
            one.advance(one.now_ms + 30_000)
    assert other.state() == device.state()
    assert other.read() == device.read()


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_of_something_else_is_refused(kind):
    device = all_devices()[kind]
    before = device.state()
    for change in ({"colour": 1}, {"now_ms": "late"}, {"words": -1}):
        with pytest.raises(StateError, match=f"not a state of {device.name}: {next(iter(change))}: "):
            device.restore(before | change)
    assert device.state() == before


def test_a_state_that_no_such_device_can_be_in_is_refused():
    machine, devices = vending_machine(), all_devices()
    with pytest.raises(StateError, match="from 0 to its capacity"):
        machine.restore(machine.state() | {"stock": [4, 0]})
    with pytest.raises(StateError, match="must each have 2 entries"):
        machine.restore(machine.state() | {"par": [1]})
    with pytest.raises(StateError, match="index of a slot"):
        machine.restore(machine.state() | {"turning": 2})
    with pytest.raises(StateError, match="at most 200"):
        devices["tank"].restore(devices["tank"].state() | {"units": 201})
    with pytest.raises(StateError, match="above 5000"):
        devices["station"].restore(devices["station"].state() | {"position_um": 5001})
    with pytest.raises(StateError, match="must each have 2 entries"):
        devices["lockers"].restore(devices["lockers"].state() | {"open": [False]})


def test_a_machine_refuses_what_it_cannot_do_now():
    machine = vending_machine(turn_ms=100)
    machine.write("slot_1_vend", True)
    with pytest.raises(RefusedError, match="busy until 100 ms"):
        machine.write("slot_2_vend", True)
    machine.write("slot_2_count", 0)
    machine.advance(100)
    with pytest.raises(RefusedError, match="slot 2 of vending is empty"):
        machine.write("slot_2_vend", True)
    with pytest.raises(ValueError, match="no slot 3; expected 1 to 2"):
        machine.fill(3, 1)


def test_the_journal_keeps_the_last_things():
    door = all_devices()["door"]
    for step in range(500):
        door.advance(step)
        door.open()
    assert len(door.journal) == 200
    assert door.journal[-1] == (499, "pulled while locked", "", None)
