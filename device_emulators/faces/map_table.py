"""A map as tables to read, so that a gateway can be configured from it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from device_emulators.faces.mapping import (
    JOURNAL_ENTRY_REGISTERS,
    JOURNAL_HEAD_REGISTERS,
    BoundMap,
    OpcuaNode,
    RegisterPoint,
    Table,
)
from device_emulators.signals import Signal, SignalType

_READ_CODES: Final = {Table.COIL: "1", Table.DISCRETE: "2", Table.HOLDING: "3", Table.INPUT: "4"}
_WRITE_CODES: Final = {Table.COIL: ", 5, 15", Table.HOLDING: ", 6, 16"}
_IDENTITY: Final = (
    ("0", "uint16", "type number"),
    ("1", "uint16", "map version"),
    ("2-3", "uint32", "sequence: number of the device's last change"),
    ("4-5", "uint32", "device time, seconds since 1970 (UTC)"),
    ("6", "uint16", "device time, ms of that second"),
    ("7", "uint16", "status: 0 good, 1 uncertain, 2 bad"),
)


def as_data(bound: BoundMap, type_number: int) -> dict[str, Any]:
    """The map as plain data for `--json`."""
    numbers = bound.signal_numbers
    journal = bound.journal
    return {
        "type": bound.type,
        "type_number": type_number,
        "version": bound.version,
        "word_order": str(bound.word_order),
        "identity": bound.identity,
        "registers": [
            {
                "table": str(point.table),
                "address": point.address,
                "registers": point.width,
                "type": str(point.type),
                "scale": point.scale,
                "access": _access(point.signal, point.table.writable),
                "journal_number": numbers.get(point.signal.name),
                **_about(point.signal),
            }
            for point in bound.points
        ],
        "journal": None if journal is None else journal.model_dump(mode="json"),
        "nodes": [
            {
                "path": "/".join(node.path),
                "type": None if node.method and not node.takes_argument else str(node.type),
                "access": "call" if node.method else _access(node.signal, node.writable),
                "event": node.event or None,
                **_about(node.signal),
            }
            for node in bound.nodes
        ],
    }


def as_text(bound: BoundMap, type_number: int) -> str:
    """The map as text: registers, journal and nodes."""
    parts = [f"{bound.type} (type number {type_number}), map version {bound.version}"]
    if bound.on_modbus:
        parts += [_modbus_text(bound)]
    if bound.on_opcua:
        rows = [("/".join(node.path), *_node_cells(node)) for node in bound.nodes]
        head = ("node", "type", "access", "event", "what it is")
        parts += ["OPC UA: objects `Objects/Devices/DEVICE`; node ids `ns=...;s=DEVICE/NODE` of urn:mro-twin:devices"]
        parts += [
            "OPC UA nodes below the device's object; event: severity of what tells each change\n" + _table(head, rows)
        ]
    return "\n\n".join(parts) + "\n"


def _modbus_text(bound: BoundMap) -> str:
    numbers = bound.signal_numbers
    head = ("table", "fc", "address", "type", "scale", "access", "no.", "signal", "what it is")
    rows = [_register_cells(point, numbers) for point in bound.points]
    order = f"values of several registers have the {bound.word_order} word first"
    parts = [f"Modbus: addresses count from 0 as on the wire; {order}\n" + _table(head, rows)]
    if bound.identity:
        parts.append("identity block, input registers\n" + _table(("address", "type", "what it is"), _IDENTITY))
    if (block := bound.journal) is not None:
        entry, end = JOURNAL_ENTRY_REGISTERS, block.head + JOURNAL_HEAD_REGISTERS - 1
        last = block.entries + block.size * entry - 1
        rows = [
            (f"{block.head}-{end}", "newest number (uint32), oldest number (uint32), size (uint16)"),
            (f"{block.entries}-{last}", f"{block.size} entries of {entry} registers; number n is entry n mod size"),
            ("+0", "number (uint32)"),
            ("+2", "device time: seconds since 1970 (uint32), ms (uint16)"),
            ("+5", "signal (uint16), its no. above"),
            ("+6", "value (int64, or float64 for kind 2)"),
            ("+10", "kind (uint16): 0 bool, 1 int, 2 float, 3 enum, 4 length of a text"),
            ("+11", "0"),
        ]
        parts.append(f"journal, {block.table} registers\n" + _table(("address", "what it is"), rows))
    return "\n\n".join(parts)


def _register_cells(point: RegisterPoint, numbers: Mapping[str, int]) -> tuple[str, ...]:
    last = f"-{point.address + point.width - 1}" if point.width > 1 else ""
    return (
        str(point.table),
        _codes(point),
        f"{point.address}{last}",
        "bit" if point.table.of_bits else str(point.type),
        f"{point.scale:g}" if point.scale != 1.0 else "",
        _access(point.signal, point.table.writable),
        str(numbers.get(point.signal.name, "")),
        point.signal.name,
        _meaning(point.signal),
    )


def _codes(point: RegisterPoint) -> str:
    """Function codes that read and write it. A value of several registers is written whole."""
    write = _WRITE_CODES.get(point.table, "") if point.signal.writable else ""
    return _READ_CODES[point.table] + (write.replace(" 6,", "") if point.width > 1 else write)


def _node_cells(node: OpcuaNode) -> tuple[str, ...]:
    if node.method:
        return (str(node.type) if node.takes_argument else "", "call", "", _meaning(node.signal))
    return str(node.type), _access(node.signal, node.writable), str(node.event or ""), _meaning(node.signal)


def _access(signal: Signal, writable: bool) -> str:
    return ("r" if signal.readable else "") + ("w" if signal.writable and writable else "")


def _about(signal: Signal) -> dict[str, Any]:
    return {
        "signal": signal.name,
        "signal_type": str(signal.type),
        "unit": signal.unit,
        "low": signal.low,
        "high": signal.high,
        "choices": list(signal.choices),
        "description": signal.description,
    }


def _meaning(signal: Signal) -> str:
    """Description, unit and range in words."""
    extra = signal.unit
    if signal.choices:
        extra = ", ".join(f"{place} {choice}" for place, choice in enumerate(signal.choices))
    elif signal.type is not SignalType.BOOL and signal.high is not None:
        extra = f"{signal.low or 0:g} to {signal.high:g} {signal.unit}".rstrip()
    return f"{signal.description} [{extra}]" if extra else signal.description


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)
