"""A host as registers: every map entry, the identity block, the journal, and writes."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_emulators.catalog import KINDS
from device_emulators.faces.host import Host, Status
from device_emulators.faces.image import HostImage
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map, parse_map
from device_emulators.faces.mapping import Table, WordOrder
from device_emulators.faces.modbus_image import ModbusError, RegisterImage
from device_emulators.faces.registers import decode
from tests.device_samples import all_devices, vending_machine, words

START_MS = 1_700_000_000_250


def image_of(host, now_ms=None, text=None):
    map_file = builtin_map(host.kind) if text is None else parse_map(text, "my.yaml")
    bound = bind(map_file, host.signals)
    return HostImage(host, bound, KINDS[host.kind].number, START_MS, now_ms), bound


def vending(ring=256, **settings):
    return Host("vending_machine", vending_machine(**settings), ring)


def code(caught):
    return caught.value.code


def read_point(image: RegisterImage, point):
    match point.table:
        case Table.COIL:
            return image.read_coils(point.address, 1)
        case Table.DISCRETE:
            return image.read_discretes(point.address, 1)
        case Table.INPUT:
            return image.read_inputs(point.address, point.width)
        case Table.HOLDING:
            return image.read_holding(point.address, point.width)


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_shows_its_signal_as_the_device_goes_on(kind):
    host = Host(kind, KINDS[kind].usual("x", words(0.3, 0.6, 0.2)))
    image, bound = image_of(host)
    for now_ms in (0, 61_000, 200_000):
        host.advance(now_ms)
        for point in bound.points:
            value = decode(point, [int(word) for word in read_point(image, point)], bound.word_order)
            if point.signal.readable:
                assert value == host.reading(point.signal.name).value, point
            else:
                assert value in (0, False)


def test_the_identity_block():
    host = vending()
    image, _ = image_of(host)
    host.advance(1_000)
    host.write("slot_1_vend", True)
    sequence = host.sequence
    assert image.read_inputs(0, 8) == [1, 1, 0, sequence, *divmod(1_700_000_001, 65_536), 250, 0]
    host.disturbance.skew_ms = -1_500
    host.disturbance.status["turns"] = Status.UNCERTAIN
    assert image.read_inputs(4, 4) == [*divmod(1_699_999_999, 65_536), 750, 1]
    host.disturbance.status["refunds"] = Status.BAD
    assert image.read_inputs(7, 1) == [2]
    assert (image.identification.product_code, image.identification.product_name) == ("vending_machine", "vending")


def test_reading_brings_the_device_up_to_the_present():
    host, now = vending(turn_ms=3_000), [0]
    image, _ = image_of(host, lambda: now[0])
    now[0] = 500
    image.write_coils(100, [True])
    assert host.reading("busy").time_ms == 500
    now[0] = 10_000
    assert image.read_inputs(10, 2) == [0, 1]
    assert host.reading("turns").time_ms == 3_500
    now[0] = 9_000  # a clock that was put back
    assert image.read_inputs(10, 2) == [0, 1]


def test_addresses_that_no_signal_has():
    image, _ = image_of(vending())
    for read, address, count in (
        (image.read_inputs, 8, 1),
        (image.read_inputs, 7, 4),
        (image.read_inputs, 65_535, 1),
        (image.read_inputs, 14, 2),
        (image.read_holding, 100, 3),
        (image.read_holding, 0, 1),
        (image.read_coils, 99, 2),
        (image.read_discretes, 5_000, 1),
    ):
        with pytest.raises(ModbusError) as caught:
            read(address, count)
        assert code(caught) == 2
    assert image.read_inputs(10, 5) == [0, 0, 0, 0, 0]


def test_writes_reach_the_device_or_nothing_is_written():
    host = vending()
    image, _ = image_of(host)
    image.write_holding(100, [1, 3])
    assert (host.reading("slot_1_count").value, host.reading("slot_1_par").value) == (1, 3)
    assert image.read_holding(100, 2) == [1, 3]
    for address, values, expected in (
        (100, [2, 4], 3),  # par of at most 3: and the count before it stays, too
        (100, [2, 2, 2], 2),
        (102, [1], 2),
        (14, [1], 2),
    ):
        with pytest.raises(ModbusError) as caught:
            image.write_holding(address, values)
        assert code(caught) == expected
        assert image.read_holding(100, 2) == [1, 3]
    image.write_coils(100, [False])
    assert host.reading("turns").value == 0
    image.write_coils(100, [True, False])
    assert host.reading("turns").value == 1
    assert image.read_coils(100, 2) == [False, False]
    with pytest.raises(ModbusError, match="empty") as caught:
        image.write_coils(100, [True])
    assert code(caught) == 4


def test_a_value_of_several_registers_is_written_whole():
    host = Host("tank", all_devices()["tank"])
    image, bound = image_of(host)
    assert bound.word_order is WordOrder.LITTLE
    image.write_holding(100, [150, 0])
    assert host.reading("low_level").value == 150
    for address, values in ((100, [1]), (101, [0]), (100, [1, 0, 0])):
        with pytest.raises(ModbusError) as caught:
            image.write_holding(address, values)
        assert code(caught) == 2
    with pytest.raises(ModbusError) as caught:
        image.write_holding(100, [0, 1])
    assert code(caught) == 3
    assert image.read_holding(102, 2) == [0, 0]  # calibrate can only be written


def journal_of(image, size=64):
    """The journal as a gateway that knows docs/hil.md reads it: (number, time, signal number, value, kind)."""
    newest, oldest, modulus = struct.unpack(">IIH", struct.pack(">5H", *image.read_inputs(1000, 5)))
    assert modulus == size
    entries = []
    for number in range(oldest, newest + 1):
        raw = struct.pack(">12H", *image.read_inputs(1010 + 12 * (number % size), 12))
        at, seconds, milliseconds, signal, value, kind, rest = struct.unpack(">IIHHqHH", raw)
        assert rest == 0
        if at != number:
            continue  # not kept
        if kind == 2:
            value = struct.unpack(">d", raw[12:20])[0]
        entries.append((at, 1000 * seconds + milliseconds - START_MS, signal, value, kind))
    return entries


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5_000)), max_size=60), st.sampled_from([256, 64, 20]))
def test_the_journal_is_that_of_the_host(steps, ring):
    host = vending(ring, turn_ms=1_000)
    image, _ = image_of(host)
    readable = [name for name, signal in host.signals.items() if signal.readable]
    for par, wait_ms in steps:
        host.advance(host.device.now_ms + wait_ms)
        image.write_holding(101, [par])
    expected = []
    for change in host.journal[-64:]:
        choices = host.signals[change.signal].choices
        if isinstance(change.value, str):
            kind, value = (3, choices.index(change.value)) if choices else (4, len(change.value.encode()))
        else:
            kind, value = (0 if isinstance(change.value, bool) else 1), int(change.value)
        expected.append((change.number, change.time_ms, readable.index(change.signal) + 1, value, kind))
    assert journal_of(image) == expected


def test_a_journal_after_reboots_and_while_it_is_full():
    host = vending()
    image, _ = image_of(host)
    first = host.sequence
    assert [entry[0] for entry in journal_of(image)] == list(range(1, first + 1))
    host.reboot(keeps_numbers=True)
    assert journal_of(image) == []
    assert image.read_inputs(1000, 5) == [0, first, 0, first + 1, 64]
    host.write("slot_1_par", 1)
    assert [entry[0] for entry in journal_of(image)] == [first + 1]
    host.disturbance.journal_full = True
    host.write("slot_1_par", 2)
    assert [entry[0] for entry in journal_of(image)] == [first + 1]
    assert image.read_inputs(1000, 5) == [0, first + 2, 0, first + 1, 64]
    assert image.read_inputs(2, 2) == [0, first + 2]
    host.disturbance.journal_full = False
    host.reboot(keeps_numbers=False)
    assert [entry[0] for entry in journal_of(image)] == list(range(1, first + 1))


def test_a_device_without_journal_has_no_such_addresses():
    image, _ = image_of(vending(ring=0))
    with pytest.raises(ModbusError) as caught:
        image.read_inputs(1000, 5)
    assert code(caught) == 2


def test_a_map_without_modbus_journal_and_with_bits_in_registers():
    text = """
type: door_sensor
modbus:
  tables:
    - {signal: open, table: holding, address: 3, type: bool}
    - {signal: locked, table: discrete, address: 0}
    - {signal: held_open, table: input, address: 8, type: bool}
    - {signal: openings, table: input, address: 9, type: float32}
    - {signal: openings, table: input, address: 11, type: uint64}
    - {signal: unlock, table: holding, address: 4, type: bool}
"""
    host = Host("door_sensor", all_devices()["door"])
    with pytest.raises(ValueError, match="exact up to"):
        image_of(host, text=text)
    image, _ = image_of(host, text=text.replace("float32", "float64").replace("address: 11", "address: 13"))
    image.write_holding(4, [1])
    host.act(host.device.open)
    assert image.read_holding(3, 2) == [1, 0]
    assert image.read_discretes(0, 1) == [False]
    assert image.read_inputs(8, 9) == [0, 0x3FF0, 0, 0, 0, 0, 0, 0, 1]
    with pytest.raises(ModbusError) as caught:
        image.write_holding(4, [2])
    assert code(caught) == 3
    with pytest.raises(ModbusError) as caught:
        image.write_holding(3, [1])
    assert code(caught) == 2


def test_closing_ends_the_listening():
    host = vending()
    image, _ = image_of(host)
    image.close()
    host.write("slot_1_vend", True)
    assert image.read_inputs(10, 2) == [0, 0]
