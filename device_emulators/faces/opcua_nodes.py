"""How a device looks in the address space: a variable or a method per signal, in folders."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

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
    """What the server needs to know of a node: of a map file's entry, or of `Node`."""

    @property
    def signal(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def method(self) -> bool: ...


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Node:
    """A signal's place in the address space."""

    signal: str = Field(min_length=1, description="name of the signal")
    path: str = Field(min_length=1, description="browse names below the device, separated by /")
    type: str = Field(
        pattern="^(Boolean|U?Int(16|32|64)|Float|Double|String)$", description="OPC UA data type of the variable"
    )
    method: bool = Field(default=False, description="a method, whose call writes the signal")


def plain_nodes(signals: Mapping[str, Signal]) -> tuple[Node, ...]:
    """Nodes without a map file: one per signal, by its own name; what can only be written is a method."""
    return tuple(Node(name, name, _usual_type(signal), not signal.readable) for name, signal in signals.items())


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


def problems(nodes: Iterable[NodeLike], signals: Mapping[str, Signal]) -> list[str]:
    """Why these nodes cannot show a device with these signals; empty: they can."""
    found, paths = [], set()
    for node in nodes:
        signal = signals.get(node.signal)
        if signal is None:
            found.append(f"{node.path}: there is no signal {node.signal}")
        elif not node.method and not signal.readable:
            found.append(f"{node.path}: {node.signal} cannot be read: it must be a method")
        elif node.method and not signal.writable:
            found.append(f"{node.path}: {node.signal} cannot be written: it must be a variable")
        if node.path in paths:
            found.append(f"{node.path}: two nodes of this path")
        if not all(node.path.split("/")):
            found.append(f"{node.path}: a browse name of the path is empty")
        paths.add(node.path)
    return found


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
