"""How a device looks in the address space: a variable or a method per signal, in folders."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from device_emulators.signals import Signal, SignalType, Value

RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "Int16": (-(2**15), 2**15 - 1),
    "UInt16": (0, 2**16 - 1),
    "Int32": (-(2**31), 2**31 - 1),
    "UInt32": (0, 2**32 - 1),
    "Int64": (-(2**63), 2**63 - 1),
    "UInt64": (0, 2**64 - 1),
}
"""Integer types and what they hold. The others: Boolean, Float, Double, String."""

FLOATS: Final = ("Float", "Double")


class NodeLike(Protocol):
    """What the server needs to know of a node, as map files give it and `plain_nodes` makes it.

    `path` are the browse names below the device, all but the last folders; `type` is a built-in type of OPC UA, of the
    variable or of the method's one argument. A method without an argument writes True. `event` is the severity (1 to
    1000) of the event that tells each change; 0: none does.
    """

    @property
    def signal(self) -> Signal: ...
    @property
    def path(self) -> tuple[str, ...]: ...
    @property
    def type(self) -> str: ...
    @property
    def method(self) -> bool: ...
    @property
    def event(self) -> int: ...
    @property
    def takes_argument(self) -> bool: ...


@dataclass(frozen=True)
class PlainNode:
    """A node of a device that has no map file."""

    signal: Signal
    path: tuple[str, ...]
    type: str
    method: bool = False
    event: int = 0

    @property
    def takes_argument(self) -> bool:
        return self.method and self.type != "Boolean"


def plain_nodes(signals: Mapping[str, Signal]) -> tuple[PlainNode, ...]:
    """Nodes without a map file: one per signal, by its own name; what can only be written is a method."""
    return tuple(PlainNode(one, (name,), _usual_type(one), not one.readable) for name, one in signals.items())


def _usual_type(signal: Signal) -> str:
    match signal.type:
        case SignalType.BOOL:
            return "Boolean"
        case SignalType.INT:
            return "Int64" if signal.low is None or signal.low < 0 else "UInt32"
        case SignalType.FLOAT:
            return "Double"
        case SignalType.TEXT:
            return "String"


def shown(value: Value, signal: Signal, kind: str) -> Any:
    """A signal's value as that data type holds it; a text with choices shows its place in a number. OverflowError."""
    if isinstance(value, str) and kind != "String":
        value = signal.choices.index(value)
    if kind == "String":
        return str(value)
    if kind == "Boolean":
        return bool(value)
    if kind in FLOATS:
        return float(value)
    low, high = RANGES[kind]
    number = round(float(value)) if isinstance(value, float) else int(value)
    if not low <= number <= high:
        raise OverflowError(f"{signal.name} is {number}: {kind} holds {low} to {high}")
    return number


def meant(value: Any, signal: Signal) -> object:
    """What a client's value says to the signal, before the signal itself checks it."""
    if signal.choices and isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(signal.choices):
        return signal.choices[value]
    if signal.type is SignalType.INT and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
