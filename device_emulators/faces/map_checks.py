"""Lays a map over the signals of a device: every {n} written out, and everything that does not fit found at once."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from device_emulators.faces.documents import Path_
from device_emulators.faces.mapping import (
    IDENTITY_REGISTERS,
    JOURNAL_ENTRY_REGISTERS,
    JOURNAL_HEAD_REGISTERS,
    LAST_ADDRESS,
    BoundMap,
    MapError,
    MapFile,
    ModbusSection,
    NodeEntry,
    OpcuaNode,
    OpcuaType,
    RegisterEntry,
    RegisterPoint,
    RegisterType,
    Table,
)
from device_emulators.faces.registers import integer_range, width_of
from device_emulators.signals import Signal, SignalType

RESERVED_NODES: Final = ("Sequence", "Journal")
"""What an object has besides its signals."""
_EXACT_IN_FLOAT32: Final = 2**24
_SMALLEST_UNBOUNDED_BITS: Final = 32
_AS_REGISTER: Final = {
    OpcuaType.INT16: RegisterType.INT16,
    OpcuaType.UINT16: RegisterType.UINT16,
    OpcuaType.INT32: RegisterType.INT32,
    OpcuaType.UINT32: RegisterType.UINT32,
    OpcuaType.INT64: RegisterType.INT64,
    OpcuaType.UINT64: RegisterType.UINT64,
    OpcuaType.FLOAT: RegisterType.FLOAT32,
    OpcuaType.DOUBLE: RegisterType.FLOAT64,
}


def bind(map_file: MapFile, signals: Mapping[str, Signal], needed: Collection[str] | None = None) -> BoundMap:
    """The map for a device with these signals. MapError with everything that is wrong, also what reading found.

    `needed` signals must have an entry; None: all of them, and those that can be written must be so by their entry.
    """
    binder = _Binder(map_file, signals, needed)
    device_map = map_file.map
    points = binder.points() if device_map.modbus is not None or map_file.entries else []
    nodes = binder.nodes() if device_map.opcua is not None or map_file.nodes else []
    if binder.findings:
        raise MapError(tuple(sorted(binder.findings, key=lambda finding: finding.line)))
    modbus = device_map.modbus or ModbusSection()
    readable = [name for name, signal in signals.items() if signal.readable]
    return BoundMap(
        device_map.type,
        device_map.version,
        modbus.word_order,
        modbus.identity,
        tuple(sorted(points, key=lambda point: (point.table, point.address))),
        modbus.journal,
        tuple(nodes),
        device_map.modbus is not None,
        device_map.opcua is not None,
        {name: number for number, name in enumerate(readable, 1)},
    )


class _Binder:
    """One binding under way, with what it found."""

    def __init__(self, map_file: MapFile, signals: Mapping[str, Signal], needed: Collection[str] | None) -> None:
        self.map_file = map_file
        self.signals = signals
        self.needed = signals.keys() if needed is None else needed
        self.whole = needed is None
        self.findings = list(map_file.document.findings)

    def points(self) -> list[RegisterPoint]:
        """The points of all entries; overlaps, gaps and narrow types are noted."""
        points: list[tuple[Path_, RegisterPoint]] = []
        for path, entry in self.map_file.entries:
            width = width_of(entry.type, entry.registers) if not entry.table.of_bits else 1
            for number, signal in self._matching(path, entry.signal):
                address = entry.address + entry.stride * (number - 1)
                points.append((path, RegisterPoint(signal, entry.table, address, entry.type, width, entry.scale)))
                if problem := _register_problem(entry, signal):
                    self._note(path, f"{signal.name}: {problem}")
                if address + width - 1 > LAST_ADDRESS:
                    self._note(path, f"{signal.name} would lie beyond address {LAST_ADDRESS}")
        self._check_overlaps(points)
        self._check_complete([(path, point.signal) for path, point in points], ("modbus",))
        writable = {point.signal.name for _, point in points if point.table.writable}
        for path, point in points:
            if self.whole and point.signal.writable and point.signal.name not in writable:
                self._note(path, f"{point.signal.name} can be written, and lies only in a table that cannot")
        return [point for _, point in points]

    def nodes(self) -> list[OpcuaNode]:
        """The nodes of all entries."""
        nodes: list[tuple[Path_, OpcuaNode]] = []
        for path, entry in self.map_file.nodes:
            for number, signal in self._matching(path, entry.signal):
                browse = tuple(entry.path.replace("{n}", str(number)).split("/"))
                nodes.append((path, OpcuaNode(signal, browse, entry.type, entry.method is not None, entry.event)))
                if problem := _node_problem(entry, signal):
                    self._note(path, f"{signal.name}: {problem}")
        self._check_paths(nodes)
        self._check_complete([(path, node.signal) for path, node in nodes], ("opcua",))
        return [node for _, node in nodes]

    def _matching(self, path: Path_, pattern: str) -> Iterator[tuple[int, Signal]]:
        """The signals that an entry is for, each with the number of its slot."""
        expression = re.compile(re.escape(pattern).replace(r"\{n\}", "([1-9][0-9]*)", 1))
        found = False
        for name, signal in self.signals.items():
            if match := expression.fullmatch(name):
                found = True
                yield int(match[1]) if match.groups() else 1, signal
        if not found:
            self._note(path, f"the device has no signal {pattern!r}; it has {', '.join(self._patterns())}")

    def _patterns(self) -> list[str]:
        """The names of all signals, those of slots once."""
        return list(dict.fromkeys(map(_general, self.signals)))

    def _check_complete(self, mapped: list[tuple[Path_, Signal]], section: Path_) -> None:
        names = {signal.name for _, signal in mapped}
        known = names | self.map_file.broken  # an entry that could not be read has a finding of its own
        missing = [name for name in self.needed if name not in known and _general(name) not in known]
        if missing:
            shown = ", ".join(dict.fromkeys(_general(name) for name in missing))
            self._note(section, f"signals without an entry: {shown}")

    def _check_overlaps(self, points: list[tuple[Path_, RegisterPoint]]) -> None:
        spans = [(point.table, point.address, point.width, point.signal.name, path) for path, point in points]
        modbus = self.map_file.map.modbus
        if modbus is None or modbus.identity:
            spans.append((Table.INPUT, 0, IDENTITY_REGISTERS, "the identity block", ("modbus",)))
        if modbus is not None and modbus.journal is not None:
            journal = modbus.journal
            path: Path_ = ("modbus", "journal")
            entries = journal.size * JOURNAL_ENTRY_REGISTERS
            spans.append((journal.table, journal.head, JOURNAL_HEAD_REGISTERS, "the head of the journal", path))
            spans.append((journal.table, journal.entries, entries, "the entries of the journal", path))
        spans.sort(key=lambda span: (span[0], span[1]))
        last: tuple[Table, int, int, str, Path_] | None = None
        for span in spans:
            if last is not None and last[0] == span[0] and span[1] < last[1] + last[2]:
                path = span[4] if len(span[4]) > 1 else last[4]
                self._note(path, f"{span[3]} and {last[3]} overlap at address {span[1]} of {span[0]}")
            if last is None or last[0] != span[0] or span[1] + span[2] > last[1] + last[2]:
                last = span

    def _check_paths(self, nodes: list[tuple[Path_, OpcuaNode]]) -> None:
        taken: set[tuple[str, ...]] = set()
        folders = {node.path[:depth] for _, node in nodes for depth in range(1, len(node.path))}
        for path, node in nodes:
            name = "/".join(node.path)
            if node.path in taken:
                self._note(path, f"another node is called {name}, too")
            elif node.path in folders:
                self._note(path, f"{name} is a folder of other nodes, too")
            elif node.path[0] in RESERVED_NODES:
                self._note(path, f"{node.path[0]} is the name of something that every device has")
            taken.add(node.path)

    def _note(self, path: Path_, message: str) -> None:
        finding = self.map_file.document.finding(message, path)
        if finding not in self.findings:
            self.findings.append(finding)


def _general(name: str) -> str:
    """The name of a signal of a slot, for all slots."""
    return re.sub(r"_\d+_", "_{n}_", name)


def _register_problem(entry: RegisterEntry, signal: Signal) -> str:
    """Why the signal cannot be shown so, "" if it can."""
    if not signal.writable and entry.table is Table.COIL:
        return "cannot be written; put it into the table discrete"
    if signal.type is SignalType.BOOL:
        return "" if entry.type is RegisterType.BOOL else f"a truth is of type bool, not {entry.type}"
    if entry.type is RegisterType.BOOL:
        return f"a bool cannot show {signal.expected()}"
    if signal.type is SignalType.TEXT:
        return _text_problem(entry, signal)
    if entry.type in (RegisterType.TEXT, RegisterType.ENUM):
        return f"a {entry.type} cannot show {signal.expected()}"
    return _narrow(entry.type, signal, entry.scale)


def _text_problem(entry: RegisterEntry, signal: Signal) -> str:
    if entry.type is RegisterType.ENUM:
        return "" if signal.choices else "a text without choices is of type text, not enum"
    if entry.type is not RegisterType.TEXT:
        return f"a text is of type text{' or enum' if signal.choices else ''}, not {entry.type}"
    longest = max((len(choice.encode()) for choice in signal.choices), default=0)
    return f"{longest} bytes do not fit into {entry.registers} registers" if longest > 2 * entry.registers else ""


def _node_problem(entry: NodeEntry, signal: Signal) -> str:
    if entry.method is not None and signal.readable:
        return "can be read: it is a `node`, not a `method`"
    if entry.node is not None and not signal.readable:
        return "can only be written: it is a `method`, not a `node`"
    if (signal.type is SignalType.BOOL) != (entry.type is OpcuaType.BOOLEAN):
        return f"is {signal.expected()}, not of type {entry.type}"
    if signal.type is SignalType.BOOL:
        return ""
    if signal.type is SignalType.TEXT:
        fits = entry.type is OpcuaType.STRING or (signal.choices and _AS_REGISTER[entry.type] in _INTEGERS)
        return "" if fits else f"is a text, not of type {entry.type}"
    if entry.type is OpcuaType.STRING:
        return f"is {signal.expected()}, not of type {entry.type}"
    return _narrow(_AS_REGISTER[entry.type], signal, 1.0)


_INTEGERS: Final = frozenset(kind for kind in RegisterType if integer_range(kind) is not None)


def _narrow(kind: RegisterType, signal: Signal, scale: float) -> str:
    """Why numbers of the signal's range do not all fit the type, "" if they do."""
    low, high = signal.low, signal.high
    if kind is RegisterType.FLOAT64 or (kind is RegisterType.FLOAT32 and signal.type is SignalType.FLOAT):
        return ""
    if kind is RegisterType.FLOAT32:
        exact = high is not None and low is not None and max(abs(low), abs(high)) / scale <= _EXACT_IN_FLOAT32
        return "" if exact else f"a float32 is exact up to {_EXACT_IN_FLOAT32} only"
    smallest, largest = integer_range(kind) or (0, 0)
    if (low is None or high is None) and 16 * width_of(kind) < _SMALLEST_UNBOUNDED_BITS:
        return f"has no bound, and {kind} is narrow; take 32 bits or more"
    if low is None and smallest == 0:
        return f"may be negative, and {kind} cannot"
    bounds = [bound for bound in (low, high) if bound is not None]
    outside = [bound for bound in bounds if not smallest <= round(bound / scale) <= largest]
    return f"{outside[0]:g} {signal.unit}".rstrip() + f" does not fit into {kind}" if outside else ""
