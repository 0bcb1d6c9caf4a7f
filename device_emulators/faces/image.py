"""A host by its map: the addresses of Modbus that a server reads and writes."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from device_emulators.faces.host import Change, Disturbance, Host, Status
from device_emulators.faces.mapping import (
    IDENTITY_REGISTERS,
    JOURNAL_ENTRY_REGISTERS,
    JOURNAL_HEAD_REGISTERS,
    BoundMap,
    RegisterPoint,
    RegisterType,
    Table,
    WordOrder,
)
from device_emulators.faces.modbus_image import ExceptionCode, Identification, ModbusError
from device_emulators.faces.registers import decode, encode, pack
from device_emulators.signals import SignalError, Value

STATUS_NUMBERS: Final = {Status.GOOD: 0, Status.UNCERTAIN: 1, Status.BAD: 2}
BOOL_KIND, INT_KIND, FLOAT_KIND, ENUM_KIND, TEXT_KIND = range(5)
"""What the fifth register of a value in the journal says."""


class HostImage:
    """A RegisterImage of a host.

    `type_number` stands in the identity block; `utc_start_ms` is the instant of twin time 0, in ms since 1970. With
    `now_ms` the device is brought up to the present before anybody reads or writes it; without, somebody else does
    that. `close` ends its listening to the host.

    A signal that can only be written is read as 0. Registers of a value are written together or not at all: part of
    a value is no address that can be written.
    """

    def __init__(
        self,
        host: Host,
        bound: BoundMap,
        type_number: int,
        utc_start_ms: int,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        self._host = host
        self._bound = bound
        self._utc_start_ms = utc_start_ms
        self._now_ms = now_ms
        self._banks = {table: _Bank(_size(bound, table)) for table in Table}
        self._points: dict[str, list[RegisterPoint]] = {}
        for point in bound.points:
            self._points.setdefault(point.signal.name, []).append(point)
            self._banks[point.table].add(point)
        self._inputs = self._banks[Table.INPUT]
        if bound.identity:
            self._inputs.map(0, IDENTITY_REGISTERS)
            self._inputs.put(0, (type_number, bound.version))
        self._journal = bound.journal if host.ring else None
        self._journal_seen = (0, 0, -1)
        if self._journal is not None:
            bank = self._banks[self._journal.table]
            bank.map(self._journal.head, JOURNAL_HEAD_REGISTERS)
            bank.map(self._journal.entries, self._journal.size * JOURNAL_ENTRY_REGISTERS)
        for name, reading in host.readings().items():
            self._show(name, reading.value)
        self.close = host.listen(self._changed)
        self.identification = Identification(
            product_code=host.kind, revision=str(bound.version), product_name=host.name, model_name=host.kind
        )

    @property
    def disturbance(self) -> Disturbance:
        return self._host.disturbance

    # --- reading ------------------------------------------------------------------------------------------------------

    def read_coils(self, address: int, count: int) -> Sequence[bool]:
        return [bool(word) for word in self._read(Table.COIL, address, count)]

    def read_discretes(self, address: int, count: int) -> Sequence[bool]:
        return [bool(word) for word in self._read(Table.DISCRETE, address, count)]

    def read_holding(self, address: int, count: int) -> Sequence[int]:
        return self._read(Table.HOLDING, address, count)

    def read_inputs(self, address: int, count: int) -> Sequence[int]:
        return self._read(Table.INPUT, address, count)

    def _read(self, table: Table, address: int, count: int) -> Sequence[int]:
        self._catch_up()
        if table is Table.INPUT and address < IDENTITY_REGISTERS and self._bound.identity:
            self._refresh_identity()
        if self._journal is not None and self._journal.table is table:
            self._refresh_journal()
        return self._banks[table].read(address, count)

    # --- writing ------------------------------------------------------------------------------------------------------

    def write_coils(self, address: int, values: Sequence[bool]) -> None:
        self._write(Table.COIL, address, [int(value) for value in values])

    def write_holding(self, address: int, values: Sequence[int]) -> None:
        self._write(Table.HOLDING, address, values)

    def _write(self, table: Table, address: int, words: Sequence[int]) -> None:
        """Everything is decoded and checked before the first is written; a device may still refuse one in between."""
        self._catch_up()
        writes: list[tuple[str, Value]] = []
        try:
            for point in self._banks[table].written(address, len(words)):
                part = words[point.address - address : point.address - address + point.width]
                writes.append((point.signal.name, point.signal.checked(decode(point, part, self._bound.word_order))))
            for name, value in writes:
                self._host.write(name, value)
        except SignalError as error:
            raise ModbusError.of(error) from None

    # --- keeping up ---------------------------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        if self._now_ms is not None and (now_ms := self._now_ms()) > self._host.device.now_ms:
            self._host.advance(now_ms)

    def _changed(self, _: Host, change: Change) -> None:
        self._show(change.signal, change.value)

    def _show(self, name: str, value: Value) -> None:
        for point in self._points.get(name, ()):
            self._banks[point.table].put(point.address, encode(point, value, self._bound.word_order))

    def _refresh_identity(self) -> None:
        host = self._host
        statuses = host.disturbance.status.values()
        status = max((STATUS_NUMBERS[status] for status in statuses), default=0)
        self._inputs.put(2, (*self._uint32(host.sequence), *self._instant(host.clock_ms), status))

    def _refresh_journal(self) -> None:
        """Write the journal anew if anything is new in it."""
        host, block = self._host, self._journal
        seen = (host.epoch, host.boots, host.sequence)
        if block is None or seen == self._journal_seen:
            return
        self._journal_seen = seen
        bank = self._banks[block.table]
        slots = {change.number % block.size: change for change in host.journal[-block.size :]}
        bank.put(block.entries, [0] * (block.size * JOURNAL_ENTRY_REGISTERS))
        for slot, change in slots.items():
            bank.put(block.entries + slot * JOURNAL_ENTRY_REGISTERS, self._entry(change))
        # an empty one, as after a reboot, begins after the newest change: a reader's place in the count stays good
        oldest = min((change.number for change in slots.values()), default=host.sequence + 1)
        bank.put(block.head, (*self._uint32(host.sequence), *self._uint32(oldest), block.size))

    def _entry(self, change: Change) -> tuple[int, ...]:
        order, value = self._bound.word_order, change.value
        words: tuple[int, ...]
        if isinstance(value, float):
            words, kind = pack(RegisterType.FLOAT64, value, order), FLOAT_KIND
        elif isinstance(value, str):
            choices = self._host.signals[change.signal].choices
            kind = ENUM_KIND if choices else TEXT_KIND
            words = pack(RegisterType.INT64, choices.index(value) if choices else len(value.encode()), order)
        else:
            words, kind = pack(RegisterType.INT64, value, order), BOOL_KIND if isinstance(value, bool) else INT_KIND
        number = self._bound.signal_numbers[change.signal]
        return (*self._uint32(change.number), *self._instant(change.time_ms), number, *words, kind, 0)

    def _instant(self, time_ms: int) -> tuple[int, ...]:
        """A time of the device as seconds since 1970 (uint32) and ms."""
        seconds, milliseconds = divmod(max(self._utc_start_ms + time_ms, 0), 1000)
        return (*self._uint32(seconds), milliseconds)

    def _uint32(self, number: int) -> tuple[int, ...]:
        high, low = number >> 16 & 0xFFFF, number & 0xFFFF  # by hand: it is done for every read of the identity
        return (high, low) if self._bound.word_order is WordOrder.BIG else (low, high)


class _Bank:
    """One table: what stands at its addresses, which of them are there, and which begin something to be written."""

    def __init__(self, size: int) -> None:
        self._words = array("H", bytes(2 * size))
        self._mapped = bytearray(size)
        self._points: dict[int, RegisterPoint] = {}

    def map(self, address: int, width: int) -> None:
        self._mapped[address : address + width] = b"\1" * width

    def add(self, point: RegisterPoint) -> None:
        self.map(point.address, point.width)
        if point.signal.writable and point.table.writable:
            self._points[point.address] = point

    def put(self, address: int, words: Sequence[int]) -> None:
        self._words[address : address + len(words)] = array("H", words)

    def read(self, address: int, count: int) -> Sequence[int]:
        end = address + count
        if end > len(self._mapped) or self._mapped.find(0, address, end) >= 0:
            raise ModbusError(
                ExceptionCode.ILLEGAL_ADDRESS, f"no signal has all of the addresses {address} to {end - 1}"
            )
        return self._words[address:end].tolist()

    def written(self, address: int, count: int) -> Iterator[RegisterPoint]:
        """The points that lie in a range one after the other and fill it."""
        end = address + count
        while address < end:
            point = self._points.get(address)
            if point is None or address + point.width > end:
                raise ModbusError(ExceptionCode.ILLEGAL_ADDRESS, f"address {address} cannot be written, or not alone")
            yield point
            address += point.width


def _size(bound: BoundMap, table: Table) -> int:
    """Addresses of a table from 0 to the last that is used."""
    ends = [point.address + point.width for point in bound.points if point.table is table]
    if table is Table.INPUT and bound.identity:
        ends.append(IDENTITY_REGISTERS)
    if bound.journal is not None and bound.journal.table is table:
        ends.append(bound.journal.head + JOURNAL_HEAD_REGISTERS)
        ends.append(bound.journal.entries + bound.journal.size * JOURNAL_ENTRY_REGISTERS)
    return max(ends, default=0)
