"""A device read and written over Modbus by its map: values of signals, the identity block, the journal.

A maker's own device may have neither identity block nor journal, as its map says.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from device_emulators.faces.host import Change
from device_emulators.faces.mapping import (
    IDENTITY_REGISTERS,
    JOURNAL_ENTRY_REGISTERS,
    JOURNAL_HEAD_REGISTERS,
    BoundMap,
    JournalBlock,
    RegisterPoint,
    RegisterType,
    Table,
)
from device_emulators.faces.modbus_pdu import MAX_READ_BITS, MAX_READ_REGISTERS
from device_emulators.faces.registers import decode, encode, unpack
from device_emulators.signals import Signal, SignalError, Value
from hil.bindings.connection import LinkError
from hil.bindings.modbus_client import ModbusClient

TRIES: Final = 3
"""Times that values are read again because something changed meanwhile."""

_ENTRIES_AT_ONCE: Final = MAX_READ_REGISTERS // JOURNAL_ENTRY_REGISTERS
_BOOL_KIND, _FLOAT_KIND, _ENUM_KIND = 0, 2, 3


class Identity(NamedTuple):
    """The identity block; all 0 of a device without one.

    `time_ms` is the device's clock, ms since 1970; `status` 0 good, 1 uncertain, 2 bad.
    """

    type_number: int
    version: int
    sequence: int
    time_ms: int
    status: int


_NOBODY: Final = Identity(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Snapshot:
    """All readable values. `consistent`: they were so at one instant, that of `identity`; a device without one cannot
    tell."""

    identity: Identity
    values: dict[str, Value]
    consistent: bool


@dataclass(frozen=True)
class JournalPart:
    """What the journal holds after some number. `time_ms` of a change is ms since 1970; one of a text without choices
    has only the text's length as value. `lost` changes were overwritten before they could be read; `restarted`: the
    device's numbers have begun anew, and these are all it has."""

    changes: tuple[Change, ...]
    newest: int
    lost: int = 0
    restarted: bool = False


class Span(NamedTuple):
    """Points one after the other that are read by one request."""

    table: Table
    address: int
    width: int
    points: tuple[RegisterPoint, ...]


def plan_reads(points: Iterable[RegisterPoint]) -> tuple[Span, ...]:
    """As few requests as it takes, none over the limit, none over addresses without a signal, no value in halves."""
    spans: list[Span] = []
    for point in sorted(points, key=lambda point: (point.table, point.address)):
        limit = MAX_READ_BITS if point.table.of_bits else MAX_READ_REGISTERS
        last = spans[-1] if spans else None
        joins = last is not None and last.table is point.table and last.address + last.width == point.address
        if last is not None and joins and last.width + point.width <= limit:
            spans[-1] = Span(last.table, last.address, last.width + point.width, (*last.points, point))
        else:
            spans.append(Span(point.table, point.address, point.width, (point,)))
    return tuple(spans)


class ModbusDevice:
    """One device behind a client. Every method raises LinkError and AnswerError as ModbusClient does."""

    def __init__(self, client: ModbusClient, unit: int, bound: BoundMap, signals: Sequence[Signal]) -> None:
        """`signals` are all of the device's, in the order of its table: the journal counts by it."""
        self.client = client
        self.unit = unit
        self._bound = bound
        self._spans = plan_reads(point for point in bound.points if point.signal.readable)
        self._writable = {p.signal.name: p for p in bound.points if p.signal.writable and p.table.writable}
        self._readable = tuple(signal for signal in signals if signal.readable)

    async def identity(self) -> Identity:
        """Who it is, the number of its last change, and its clock."""
        if not self._bound.identity:
            return _NOBODY
        words = await self.client.read(self.unit, Table.INPUT, 0, IDENTITY_REGISTERS)
        return Identity(words[0], words[1], self._uint32(words[2:4]), self._instant(words[4:7]), words[7])

    async def snapshot(self) -> Snapshot:
        """All values, read again when something changed while they were read."""
        values: dict[str, Value] = {}
        identity = await self.identity()
        for _ in range(TRIES):
            for span in self._spans:
                values |= await self._read(span)
            after = await self.identity()
            if after.sequence == identity.sequence:
                return Snapshot(identity, values, consistent=True)
            identity = after
        return Snapshot(identity, values, consistent=False)

    async def write(self, name: str, value: object) -> None:
        """Tell the device something. SignalError when it cannot be told that; AnswerError 03 and 04 when it says so."""
        point = self._writable.get(name)
        if point is None:
            raise SignalError(f"{name} cannot be written over Modbus; what can is {', '.join(self._writable)}")
        words = encode(point, point.signal.checked(value), self._bound.word_order)
        await self.client.write(self.unit, point.table, point.address, words)

    async def journal(self, after: int) -> JournalPart:
        """The changes with numbers over `after` that are still there, oldest first. ValueError: it has no journal."""
        block = self._bound.journal
        if block is None:
            raise ValueError("the device has no journal")
        head = await self.client.read(self.unit, block.table, block.head, JOURNAL_HEAD_REGISTERS)
        newest, oldest = self._uint32(head[0:2]), self._uint32(head[2:4])
        if head[4] != block.size:
            raise LinkError(f"the journal has {head[4]} entries; its map says {block.size}")
        restarted = newest < after
        wanted = range(max(oldest, 1 if restarted else after + 1), newest + 1)
        changes = sorted([change async for change in self._changes(block, wanted)])
        expected = newest - (0 if restarted else after)
        return JournalPart(tuple(changes), newest, expected - len(changes), restarted)

    # --- pieces ---------------------------------------------------------------------------------------------------

    async def _read(self, span: Span) -> dict[str, Value]:
        words = await self.client.read(self.unit, span.table, span.address, span.width)
        order, values = self._bound.word_order, {}
        for point in span.points:
            begin = point.address - span.address
            values[point.signal.name] = decode(point, words[begin : begin + point.width], order)
        return values

    async def _changes(self, block: JournalBlock, wanted: range) -> AsyncIterator[Change]:
        """The entries of these numbers, without those that are not there: overwritten, or never kept."""
        # numbers further apart than the ring is long: each entry is read once, whichever number it has
        slots = wanted if len(wanted) <= block.size else range(block.size)
        for first, count in _runs(slots, block.size):
            address = block.entries + first % block.size * JOURNAL_ENTRY_REGISTERS
            words = await self.client.read(self.unit, block.table, address, count * JOURNAL_ENTRY_REGISTERS)
            for place in range(count):
                begin = place * JOURNAL_ENTRY_REGISTERS
                entry = words[begin : begin + JOURNAL_ENTRY_REGISTERS]
                number = self._uint32(entry[:2])
                if number in wanted and number % block.size == (first + place) % block.size:
                    yield self._change(entry)

    def _change(self, entry: Sequence[int]) -> Change:
        place, kind, order = entry[5] - 1, entry[10], self._bound.word_order
        if not 0 <= place < len(self._readable):
            raise LinkError(f"the journal tells of signal {place + 1}; the device has {len(self._readable)}")
        signal = self._readable[place]
        value: Value = unpack(RegisterType.FLOAT64 if kind == _FLOAT_KIND else RegisterType.INT64, entry[6:10], order)
        if kind == _BOOL_KIND:
            value = bool(value)
        elif kind == _ENUM_KIND:
            if not 0 <= int(value) < len(signal.choices):
                raise LinkError(f"the journal tells of choice {value} of {signal.name}")
            value = signal.choices[int(value)]
        return Change(self._uint32(entry[:2]), self._instant(entry[2:5]), signal.name, value)

    def _uint32(self, words: Sequence[int]) -> int:
        return int(unpack(RegisterType.UINT32, words, self._bound.word_order))

    def _instant(self, words: Sequence[int]) -> int:
        return 1000 * self._uint32(words[:2]) + words[2]


def _runs(wanted: range, size: int) -> Iterator[tuple[int, int]]:
    """Numbers in runs whose entries lie one after the other and fit into a request: (first, how many)."""
    first = wanted.start
    while first < wanted.stop:
        count = min(_ENTRIES_AT_ONCE, wanted.stop - first, size - first % size)
        yield first, count
        first += count
