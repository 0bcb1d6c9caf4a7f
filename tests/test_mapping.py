"""Map files: what is read, what is found wrong and where, and how values lie in registers."""

import math
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_emulators.catalog import KINDS
from device_emulators.device import Device
from device_emulators.faces.documents import MOST_BYTES
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map, load_map, map_names, parse_map
from device_emulators.faces.mapping import MapError, OpcuaType, RegisterPoint, RegisterType, Table, WordOrder
from device_emulators.faces.registers import decode, encode, integer_range, pack, pack_text, unpack, unpack_text
from device_emulators.signals import Signal, SignalError, SignalType
from tests.device_samples import all_devices, words

SIGNALS = {
    signal.name: signal
    for signal in (
        Signal("on", SignalType.BOOL, "", "it is on"),
        Signal("level", SignalType.FLOAT, "mm", "level", low=-10.0, high=3000.0),
        Signal("turns", SignalType.INT, "", "turns", low=0),
        Signal("mode", SignalType.TEXT, "", "mode", choices=("idle", "running"), writable=True),
        Signal("slot_1_par", SignalType.INT, "", "par", low=0, high=300, writable=True),
        Signal("slot_2_par", SignalType.INT, "", "par", low=0, high=300, writable=True),
        Signal("go", SignalType.BOOL, "", "go", readable=False, writable=True),
    )
}
GOOD = """
type: thing
modbus:
  tables:
    - {signal: on, table: discrete, address: 0}
    - {signal: level, table: input, address: 10, type: int16, scale: 0.1}
    - {signal: turns, table: input, address: 0x20, type: uint32}
    - {signal: mode, table: holding, address: 1, type: enum}
    - {signal: "slot_{n}_par", table: holding, address: 2, stride: 4, type: uint16}
    - {signal: go, table: coil, address: 1}
opcua:
  nodes:
    - {signal: on, node: On}
    - {signal: level, node: Level, type: Double}
    - {signal: turns, node: Turns, type: UInt32}
    - {signal: mode, node: Mode, type: UInt16}
    - {signal: "slot_{n}_par", node: "Slot{n}/Par", type: UInt16}
    - {signal: go, method: Go}
"""


def findings(text):
    """What is wrong with a map for SIGNALS, as (line, path, message)."""
    with pytest.raises(MapError) as caught:
        bind(parse_map(text, "my.yaml"), SIGNALS)
    assert all(finding.file == "my.yaml" for finding in caught.value.findings)
    return [(finding.line, finding.path, finding.message) for finding in caught.value.findings]


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_has_a_map_that_shows_each_of_its_signals(kind):
    device = KINDS[kind].usual("x", words())
    bound = bind(builtin_map(kind), device.signals)
    assert bound.type == kind
    assert {point.signal.name for point in bound.points} == set(device.signals)
    assert sorted(node.signal.name for node in bound.nodes) == sorted(device.signals)
    assert bound.journal is not None


def test_there_is_a_map_and_a_number_for_every_type_and_no_other():
    assert set(map_names()) == set(KINDS)
    assert sorted(kind.number for kind in KINDS.values()) == list(range(1, len(KINDS) + 1))


@pytest.mark.parametrize(
    ("kind", "sample"),
    [
        ("vending_machine", "vending"),
        ("loan_lockers", "lockers"),
        ("rfid_shelf", "rfid"),
        ("weighing_shelf", "weigh"),
        ("tank", "tank"),
        ("barcode_scanner", "scanner"),
        ("door_sensor", "door"),
        ("station_sensor", "station"),
        ("machine", "machine"),
        ("stock_point", "stock"),
        ("truck_tracker", "truck"),
    ],
)
def test_the_maps_suit_other_devices_of_their_type(kind, sample):
    device: Device = all_devices()[sample]
    assert {node.signal.name for node in bind(builtin_map(kind), device.signals).nodes} == set(device.signals)


def test_a_vending_machine_lies_where_the_rules_say():
    bound = bind(builtin_map("vending_machine"), KINDS["vending_machine"].usual("x", words()).signals)
    at = {point.signal.name: (point.table, point.address, point.type, point.width) for point in bound.points}
    assert at["turns"] == (Table.INPUT, 10, RegisterType.UINT32, 2)
    assert at["slot_1_count"] == (Table.HOLDING, 100, RegisterType.UINT16, 1)
    assert at["slot_3_vend"] == (Table.COIL, 116, RegisterType.BOOL, 1)
    assert at["result"] == (Table.INPUT, 14, RegisterType.ENUM, 1)
    nodes = {node.signal.name: node for node in bound.nodes}
    assert nodes["slot_2_vend"].path == ("Slot2", "Vend")
    assert nodes["slot_2_vend"].method
    assert not nodes["slot_2_vend"].takes_argument
    assert (nodes["slot_1_count"].type, nodes["slot_1_count"].writable) == (OpcuaType.UINT16, True)


def test_a_map_of_ones_own():
    bound = bind(parse_map(GOOD, "my.yaml"), SIGNALS)
    assert [(point.signal.name, point.address) for point in bound.points if point.table is Table.HOLDING] == [
        ("mode", 1),
        ("slot_1_par", 2),
        ("slot_2_par", 6),
    ]
    assert bound.journal is None
    assert (bound.on_modbus, bound.on_opcua) == (True, True)


def test_a_map_for_one_protocol_only():
    without = parse_map(GOOD[: GOOD.index("opcua")], "my.yaml")
    assert bind(without, SIGNALS).on_opcua is False
    assert findings("type: thing\nopcua: {}\n") == [
        (2, "opcua", "signals without an entry: on, level, turns, mode, slot_{n}_par, go")
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "message"),
    [
        ("address: 10,", "address: 70000,", 6, "tables.1.address", "less than or equal to 65535"),
        ("address: 10,", "adress: 10,", 6, "tables.1.adress", "is not known here"),
        ("signal: turns, table", "signal: turn, table", 7, "tables.2", "no signal 'turn'; it has on, level, turns"),
        ("0x20", "10", 7, "tables.2", "turns and level overlap at address 10 of input"),
        ("0x20", "6", 7, "tables.2", "turns and the identity block overlap at address 6 of input"),
        ("type: int16, scale: 0.1", "type: int16, scale: 0.01", 6, "tables.1", "3000 mm does not fit into int16"),
        ("type: int16, scale: 0.1", "type: uint16", 6, "tables.1", "-10 mm does not fit into uint16"),
        ("address: 0x20, type: uint32", "address: 50, type: uint16", 7, "tables.2", "has no bound, and uint16 is"),
        ("address: 0x20, type: uint32", "address: 50, type: float32", 7, "tables.2", "exact up to 16777216 only"),
        ("table: discrete", "table: coil", 5, "tables.0", "cannot be written; put it into the table discrete"),
        (
            "table: holding, address: 1,",
            "table: input, address: 50,",
            8,
            "tables.3",
            "lies only in a table that cannot",
        ),
        ("type: enum", "type: int32", 8, "tables.3", "a text is of type text or enum, not int32"),
        ("type: enum", "type: text, registers: 3", 8, "tables.3", "7 bytes do not fit into 3 registers"),
        ("type: enum", "type: text", 8, "tables.3", "a text needs it"),
        ("stride: 4, ", "", 9, "tables.4", "{n} needs it"),
        ("stride: 4, ", "stride: 4, scale: .inf, ", 9, "tables.4.scale", "not a float that can"),
        ("address: 2, stride: 4", "address: 65533, stride: 4", 9, "tables.4", "beyond address 65535"),
        ("table: coil, address: 1", "table: coil, address: 1, type: uint16", 10, "tables.5", "a coil holds a bool"),
        ("method: Go", "node: Go", 18, "nodes.5", "can only be written: it is a `method`"),
        ("method: Go", "node: Go, method: Go", 18, "nodes.5", "needs either `node` or `method`"),
        ("node: On", "method: On", 13, "nodes.0", "can be read: it is a `node`"),
        ("node: On", "node: Level", 14, "nodes.1", "another node is called Level"),
        ("node: On", "node: Slot1", 13, "nodes.0", "Slot1 is a folder of other nodes"),
        ("node: On", "node: Sequence", 13, "nodes.0", "Sequence is the name of something"),
        ("node: On", "node: a//b", 13, "nodes.0", "an empty part"),
        ("node: Mode, type: UInt16", "node: Mode, type: Float", 16, "nodes.3", "is a text, not of type Float"),
        ("node: Level, type: Double", "node: Level", 14, "nodes.1", "not of type Boolean"),
        ("type: thing", "type: thing\nversion: 0", 3, "version", "greater than or equal to 1"),
        ("node: On}", "node: !!python/name:os.system x}", 13, "nodes.0.node", "tag"),
        ("node: On}", "node: On, node: Off}", 13, "nodes.0", "the key node is there twice"),
    ],
)
def test_what_is_wrong_is_found_with_its_line(old, new, line, path, message):
    assert old in GOOD
    found = findings(GOOD.replace(old, new, 1))
    assert any(message in text for at, where, text in found if at == line and where.endswith(path)), found


def test_everything_is_found_at_once():
    text = GOOD.replace("address: 10,", "address: ten,").replace("node: Turns", "nod: Turns").replace("0x20", "3")
    text = text.replace("modbus:", "modbus:\n  word_order: middle")
    found = findings(text)
    assert [(line, path) for line, path, _ in found] == [
        (4, "modbus.word_order"),
        (7, "modbus.tables.1.address"),
        (8, "modbus.tables.2"),
        (16, "opcua.nodes.2.nod"),
    ]


def test_a_journal_must_have_room():
    def of(journal):
        return GOOD.replace("modbus:\n", "modbus:\n  journal: " + journal + "\n")

    assert bind(parse_map(of("{table: input, head: 100, entries: 105, size: 3}"), "my.yaml"), SIGNALS).journal
    for journal, message in (
        ("{table: input, head: 100, entries: 102, size: 3}", "the entries of the journal and the head of the journal"),
        ("{table: holding, head: 100, entries: 0, size: 1}", "mode and the entries of the journal overlap"),
        ("{table: coil, head: 100, entries: 105, size: 3}", "input or holding registers"),
        ("{table: input, head: 100, entries: 65000, size: 64}", "beyond address 65535"),
    ):
        assert any(message in text for _, _, text in findings(of(journal))), journal


MULTIPLYING = "a0: &a0 [x]\n" + "".join(f"a{i + 1}: &a{i + 1} [{f'*a{i}, ' * 9}]\n" for i in range(9))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1, 2]",
        "type",
        "{",
        "a: b: c",
        "\t- x",
        "type: [",
        "type: *nothing",
        "&a [*a]",
        "!!python/object/apply:os.system ['true']",
        "[" * 3000,
        MULTIPLYING,
        "--- {}\n--- {}",
        "modbus: {}",
        "type: ''",
        "? [a]\n: b",
        "x" * 100 + ": \u0000",
    ],
)
def test_what_is_no_map_is_refused(text):
    with pytest.raises(MapError):
        parse_map(text, "my.yaml")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="{}[]:,-&*!\n\t \"'ab0x1", max_size=60))
def test_any_text_is_a_map_or_findings(text):
    for whole in (text, GOOD + text, "type: thing\nmodbus: " + text):
        with suppress(MapError):
            bind(parse_map(whole, "my.yaml"), SIGNALS)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(MapError, match=r"nowhere\.yaml: cannot be read: No such file"):
        load_map(tmp_path / "nowhere.yaml")
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(MapError, match="larger than 200,000 bytes"):
        load_map(large)
    large.write_bytes(b"type: \xff")
    with pytest.raises(MapError, match="not a text in UTF-8"):
        load_map(large)
    with pytest.raises(MapError, match="no map is called 'washer'; there are barcode_scanner"):
        builtin_map("washer")


# --- values in registers ----------------------------------------------------------------------------------------------

NUMBERS = [kind for kind in RegisterType if integer_range(kind) is not None]
ORDERS = st.sampled_from(WordOrder)


@given(st.sampled_from(NUMBERS), ORDERS, st.integers(-(2**70), 2**70))
def test_whole_numbers_come_back_or_are_the_nearest(kind, order, number):
    low, high = integer_range(kind)
    registers = pack(kind, number, order)
    assert all(0 <= register <= 65_535 for register in registers)
    assert unpack(kind, registers, order) == max(low, min(number, high))


@given(ORDERS, st.floats(allow_nan=False, allow_infinity=False))
def test_floats_come_back(order, number):
    assert unpack(RegisterType.FLOAT64, pack(RegisterType.FLOAT64, number, order), order) == number
    single = unpack(RegisterType.FLOAT32, pack(RegisterType.FLOAT32, number, order), order)
    assert math.isfinite(single)
    assert single == pytest.approx(number, rel=1e-6, abs=1e-37) or abs(number) > 3.4e38


@given(st.text(max_size=30), st.integers(1, 16))
def test_texts_come_back_as_far_as_they_fit(text, registers):
    back = unpack_text(pack_text(text, registers))
    text = text.split("\0")[0]
    assert text.startswith(back)
    assert len(back.encode()) <= 2 * registers
    assert back == text or len(text[: len(back) + 1].encode()) > 2 * registers


def test_word_orders_as_the_wire_has_them():
    assert pack(RegisterType.UINT32, 0x12345678, WordOrder.BIG) == (0x1234, 0x5678)
    assert pack(RegisterType.UINT32, 0x12345678, WordOrder.LITTLE) == (0x5678, 0x1234)
    assert pack(RegisterType.INT16, -2, WordOrder.LITTLE) == (0xFFFE,)
    assert pack(RegisterType.FLOAT32, 1.0, WordOrder.BIG) == (0x3F80, 0)
    assert pack_text("Aé", 3) == (0x41C3, 0xA900, 0)


def point(signal, kind, scale=1.0):
    return RegisterPoint(SIGNALS[signal], Table.HOLDING, 0, kind, 1, scale)


@given(st.integers(-100, 30_000))
def test_scaled_values_come_back_to_the_last_digit(tenths):
    tenth = point("level", RegisterType.INT16, 0.1)
    value = tenths / 10
    registers = encode(tenth, value, WordOrder.BIG)
    assert unpack(RegisterType.INT16, registers, WordOrder.BIG) == tenths
    assert decode(tenth, registers, WordOrder.BIG) == value


@pytest.mark.parametrize(
    ("signal", "kind", "scale", "registers", "message"),
    [
        ("on", RegisterType.BOOL, 1.0, (2,), "expected 0 or 1"),
        ("mode", RegisterType.ENUM, 1.0, (2,), "mode cannot be 2; expected 0 to 1"),
        ("mode", RegisterType.TEXT, 1.0, (0xFFFE,), "expected a text in UTF-8"),
        ("turns", RegisterType.UINT16, 0.3, (1,), "turns cannot be 0.3; expected a whole number"),
        ("level", RegisterType.FLOAT32, 1.0, (0x7FC0, 0), "level cannot be nan; expected a number from -10"),
        ("level", RegisterType.FLOAT32, 0.1, (0x7F80, 0), "level cannot be inf"),
    ],
)
def test_registers_that_are_no_value_of_a_signal(signal, kind, scale, registers, message):
    with pytest.raises(SignalError, match=message):
        decode(point(signal, kind, scale), registers, WordOrder.BIG)


def test_values_of_every_kind():
    for signal, kind, value in (
        ("on", RegisterType.BOOL, True),
        ("mode", RegisterType.ENUM, "running"),
        ("turns", RegisterType.FLOAT64, 7),
        ("level", RegisterType.FLOAT32, 2.5),
    ):
        registers = encode(point(signal, kind), value, WordOrder.LITTLE)
        back = decode(point(signal, kind), registers, WordOrder.LITTLE)
        assert back == value
        assert type(back) is type(value)


def test_a_makers_map_needs_only_what_is_read_of_it():
    entry = "{signal: turns, table: input, address: 0, type: uint32}"
    makers = f"type: thing\nmodbus:\n  identity: false\n  tables:\n    - {entry}"
    bound = bind(parse_map(makers, "my.yaml"), SIGNALS, ["turns"])
    assert not bound.identity
    assert [(point.signal.name, point.address) for point in bound.points] == [("turns", 0)]
    assert any("without an entry" in message for _, _, message in findings(makers))
    with pytest.raises(MapError, match="without an entry: level"):
        bind(parse_map(makers, "my.yaml"), SIGNALS, ["turns", "level"])
    journal = "\n  journal: {table: input, head: 100, entries: 200, size: 8}"
    with pytest.raises(MapError, match="needs the numbers"):
        bind(parse_map(makers + journal, "my.yaml"), SIGNALS, ["turns"])
