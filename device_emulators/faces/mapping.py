"""Map files: which Modbus registers and OPC UA nodes show which signal. Here are their form and what they come to.

`map_file.load_map` reads one; `map_checks.bind` lays it over the signals of a device and gives a `BoundMap`, whose
points and nodes the faces serve.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from device_emulators.faces.documents import Document, FileError, Path_
from device_emulators.signals import Signal

IDENTITY_REGISTERS: Final = 8
"""Input registers from 0 on: type, map version, sequence, device time, status."""
JOURNAL_HEAD_REGISTERS: Final = 5
"""Newest and oldest number (uint32 each) and the ring's size."""
JOURNAL_ENTRY_REGISTERS: Final = 12
LAST_ADDRESS: Final = 65_535


class Table(StrEnum):
    """The four tables of Modbus."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"

    @property
    def of_bits(self) -> bool:
        return self in (Table.COIL, Table.DISCRETE)

    @property
    def writable(self) -> bool:
        return self in (Table.COIL, Table.HOLDING)


class RegisterType(StrEnum):
    """How a value lies in registers."""

    BOOL = "bool"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    ENUM = "enum"
    TEXT = "text"


class WordOrder(StrEnum):
    """Which register of a value of several comes first: that of the high bits (big) or of the low ones."""

    BIG = "big"
    LITTLE = "little"


class OpcuaType(StrEnum):
    """Built-in types of OPC UA, by their names there."""

    BOOLEAN = "Boolean"
    INT16 = "Int16"
    UINT16 = "UInt16"
    INT32 = "Int32"
    UINT32 = "UInt32"
    INT64 = "Int64"
    UINT64 = "UInt64"
    FLOAT = "Float"
    DOUBLE = "Double"
    STRING = "String"


# --- a map file as written --------------------------------------------------------------------------------------------

Address = Annotated[int, Field(strict=True, ge=0, le=LAST_ADDRESS)]
Pattern = Annotated[str, Field(min_length=1, max_length=200)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RegisterEntry(_Section):
    """Where a signal, or the same signal of every slot, lies in the tables of Modbus."""

    signal: Pattern = Field(description="name of the signal; {n} stands for the number of a slot, from 1")
    table: Table = Field(description="coil, discrete, input or holding")
    address: Address = Field(description="of the first register or bit, counted from 0 as on the wire")
    stride: Annotated[int, Field(strict=True, ge=0, le=LAST_ADDRESS)] = Field(
        default=0, description="addresses from one slot's value to the next one's; with {n}"
    )
    type: RegisterType = Field(default=RegisterType.BOOL, description="of the value in the registers")
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        default=1.0, description="of the signal's unit, what a register value of 1 means"
    )
    registers: Annotated[int, Field(strict=True, ge=0, le=120)] = Field(
        default=0, description="registers of a text, two bytes each"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> "RegisterEntry":
        if self.table.of_bits and self.type is not RegisterType.BOOL:
            raise ValueError(f"a {self.table} holds a bool and no {self.type}")
        if (self.type is RegisterType.TEXT) != (self.registers > 0):
            raise ValueError("`registers` goes with `type: text`, and a text needs it")
        if ("{n}" in self.signal) != (self.stride > 0):
            raise ValueError("`stride` goes with {n} in `signal`, and {n} needs it")
        if self.scale != 1.0 and self.type in (RegisterType.BOOL, RegisterType.ENUM, RegisterType.TEXT):
            raise ValueError(f"a {self.type} has no scale")
        return self


class JournalBlock(_Section):
    """Where the journal lies."""

    table: Table = Field(description="input or holding")
    head: Address = Field(description="of the newest number (uint32), the oldest (uint32) and the size")
    entries: Address = Field(description="of entry 0; entry i begins 12 x i later and holds change number i mod size")
    size: Annotated[int, Field(strict=True, ge=1, le=5_000)] = Field(description="entries of the ring")

    @model_validator(mode="after")
    def _lies_in_registers(self) -> "JournalBlock":
        if self.table.of_bits:
            raise ValueError("a journal lies in input or holding registers")
        if self.entries + self.size * JOURNAL_ENTRY_REGISTERS - 1 > LAST_ADDRESS:
            raise ValueError(f"the entries would go beyond address {LAST_ADDRESS}")
        return self


class ModbusSection(_Section):
    """A device in the tables of Modbus."""

    word_order: WordOrder = Field(default=WordOrder.BIG, description="of values of more than one register")
    identity: bool = Field(
        default=True, description="input registers 0 to 7 are the identity block; a maker's own device has none"
    )
    tables: tuple[RegisterEntry, ...] = Field(default=(), description="one block per signal")
    journal: JournalBlock | None = Field(default=None, description="absent: the last values only")

    @model_validator(mode="after")
    def _has_numbers(self) -> "ModbusSection":
        if self.journal is not None and not self.identity:
            raise ValueError("a journal needs the numbers of the identity block")
        return self


class NodeEntry(_Section):
    """Which node of OPC UA shows a signal, or which method carries a command out."""

    signal: Pattern = Field(description="name of the signal; {n} stands for the number of a slot, from 1")
    node: Pattern | None = Field(default=None, description="path of the variable under its device, parts parted by /")
    method: Pattern | None = Field(default=None, description="path of the method; for signals that are only written")
    type: OpcuaType = Field(default=OpcuaType.BOOLEAN, description="of the variable, or of the method's one argument")
    event: Annotated[int, Field(strict=True, ge=0, le=1000)] = Field(
        default=0, description="severity, 1 to 1000, of the event that tells each change of the signal; 0: none does"
    )

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "NodeEntry":
        if (self.node is None) == (self.method is None):
            raise ValueError("needs either `node` or `method`")
        if self.event and self.method is not None:
            raise ValueError("`event` goes with `node`: a method has no value that changes")
        if ("{n}" in self.signal) != ("{n}" in self.path):
            raise ValueError("{n} must stand both in `signal` and in the path, or in neither")
        if not all(part.strip() == part != "" for part in self.path.split("/")):
            raise ValueError("the path has an empty part, or spaces around one")
        return self

    @property
    def path(self) -> str:
        return self.node or self.method or ""


class OpcuaSection(_Section):
    """A device in the address space of OPC UA."""

    nodes: tuple[NodeEntry, ...] = Field(default=(), description="one per signal")


class DeviceMap(_Section):
    """A map file."""

    type: Pattern = Field(description="the type of device it is for")
    version: Annotated[int, Field(strict=True, ge=1, le=LAST_ADDRESS)] = Field(
        default=1, description="shown in the identity block"
    )
    modbus: ModbusSection | None = Field(default=None, description="absent: not on Modbus")
    opcua: OpcuaSection | None = Field(default=None, description="absent: not on OPC UA")


# --- what is wrong with one -------------------------------------------------------------------------------------------


class MapError(FileError):
    """A map file that cannot be used; carries every finding."""


@dataclass(frozen=True)
class MapFile:
    """A map with the document that it was written in, whose findings are what was wrong while reading it."""

    map: DeviceMap
    document: Document
    entries: tuple[tuple[Path_, RegisterEntry], ...] = ()  # with the path of each, as ("modbus", "tables", 3)
    nodes: tuple[tuple[Path_, NodeEntry], ...] = ()
    broken: frozenset[str] = frozenset()  # signals whose entry could not be read


# --- a map laid over a device -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RegisterPoint:
    """A signal of a device in one of its tables, from `address` on in `width` registers (bits: 1)."""

    signal: Signal
    table: Table
    address: int
    type: RegisterType
    width: int
    scale: float = 1.0


@dataclass(frozen=True)
class OpcuaNode:
    """A signal of a device as a node under its object.

    `path` are the browse names from the device's object on; all but the last are folders. A method carries a command
    out: one without argument for a command (write True), one with an argument of `type` for any other signal. A signal
    of texts with choices that has a type of numbers is shown as the place in `signal.choices`.
    """

    signal: Signal
    path: tuple[str, ...]
    type: OpcuaType
    method: bool = False
    event: int = 0  # severity of the event that tells each change; 0: none does

    @property
    def writable(self) -> bool:
        return self.signal.writable and not self.method

    @property
    def takes_argument(self) -> bool:
        """Whether the method has an argument: it is not a mere command."""
        return self.method and self.type is not OpcuaType.BOOLEAN


@dataclass(frozen=True)
class BoundMap:
    """A map for one device: every {n} written out, nothing unknown, nothing overlapping."""

    type: str
    version: int = 1
    word_order: WordOrder = WordOrder.BIG
    identity: bool = True
    points: tuple[RegisterPoint, ...] = ()
    journal: JournalBlock | None = None
    nodes: tuple[OpcuaNode, ...] = ()
    on_modbus: bool = False
    on_opcua: bool = False
    signal_numbers: Mapping[str, int] = field(default_factory=dict)
    """What a signal is called in the journal: its place among the device's readable signals, from 1."""
