"""Sparkplug B 3.0: topics, and payloads to and from plain Python. The rules of a session are in sparkplug_node.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final

from google.protobuf.message import DecodeError

from device_emulators.faces.host import Status
from device_emulators.faces.sparkplug_pb2 import Payload
from device_emulators.signals import Signal, SignalType, Value

NAMESPACE: Final = "spBv1.0"
BD_SEQ: Final = "bdSeq"
REBIRTH: Final = "Node Control/Rebirth"
COUNTERS: Final = 256  # bdSeq and seq are 0 .. 255, then 0 again
LARGEST: Final = 65_536  # bytes of a command; more is not looked at


class PayloadError(ValueError):
    """Bytes that are no payload, or one that does not make sense."""


class DataType(IntEnum):
    """Types of metrics and properties that we send or understand (chapter 6.4.16)."""

    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12


class Quality(IntEnum):
    """The property `Quality` of a metric."""

    BAD = 0
    GOOD = 192
    STALE = 500


QUALITY: Final = {Status.GOOD: Quality.GOOD, Status.UNCERTAIN: Quality.STALE, Status.BAD: Quality.BAD}
_BITS: Final = {
    DataType.INT8: 8,
    DataType.INT16: 16,
    DataType.INT32: 32,
    DataType.INT64: 64,
    DataType.UINT8: 8,
    DataType.UINT16: 16,
    DataType.UINT32: 32,
    DataType.UINT64: 64,
}
_SIGNED: Final = (DataType.INT8, DataType.INT16, DataType.INT32, DataType.INT64)


@dataclass(frozen=True)
class Metric:
    """One value. `value` None: it has none at present. `properties` are integers beside it."""

    name: str
    value: Value | None
    type: DataType
    time_ms: int | None = None  # since 1970, UTC
    historical: bool = False
    properties: Mapping[str, tuple[DataType, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """A payload: its metrics, its number in the session (none in a death or a command) and when it was sent."""

    metrics: tuple[Metric, ...]
    seq: int | None
    time_ms: int | None


def topic(group: str, kind: str, node: str, device: str = "") -> str:
    """Of a message of a node, or of one of its devices. `kind` is NBIRTH, DDATA and so on."""
    return "/".join(part for part in (NAMESPACE, group, kind, node, device) if part)


def type_of(signal: Signal) -> DataType:
    """How a signal's values are sent."""
    match signal.type:
        case SignalType.BOOL:
            return DataType.BOOLEAN
        case SignalType.INT:
            return DataType.INT64
        case SignalType.FLOAT:
            return DataType.DOUBLE
        case SignalType.TEXT:
            return DataType.STRING


def encode(metrics: Sequence[Metric], time_ms: int | None, seq: int | None, typed: bool = True) -> bytes:
    """The bytes of a payload; births are typed, data need not be (payloads-metric-datatype-not-req)."""
    payload = Payload()
    if time_ms is not None:
        payload.timestamp = time_ms
    if seq is not None:
        payload.seq = seq
    for metric in metrics:
        made = payload.metrics.add()
        made.name = metric.name
        if typed:
            made.datatype = metric.type
        if metric.time_ms is not None:
            made.timestamp = metric.time_ms
        if metric.historical:
            made.is_historical = True
        if metric.value is None:
            made.is_null = True
        else:
            _set(made, metric.type, metric.value)
        for name, (kind, number) in metric.properties.items():
            made.properties.keys.append(name)
            value = made.properties.values.add()
            value.type = kind
            _set(value, kind, number)
    return bytes(payload.SerializeToString())


def decode(content: bytes, types: Mapping[str, DataType] = MappingProxyType({})) -> Report:
    """A payload's metrics; those of types that we do not know have no value. PayloadError: it is none, or too long.

    `types` are those of a birth, by the metric's name, for metrics that do not tell theirs.
    """
    if len(content) > LARGEST:
        raise PayloadError(f"a payload of {len(content)} bytes: at most {LARGEST} are read")
    payload = Payload()
    try:
        payload.ParseFromString(content)
    except DecodeError:
        raise PayloadError("not a Sparkplug B payload") from None
    return Report(
        tuple(_metric(metric, types) for metric in payload.metrics),
        payload.seq if payload.HasField("seq") else None,
        payload.timestamp if payload.HasField("timestamp") else None,
    )


def _metric(metric: Any, types: Mapping[str, DataType]) -> Metric:
    number = metric.datatype or types.get(metric.name, 0)
    try:
        kind = DataType(number)
    except ValueError:
        kind = DataType.STRING
    properties = {}
    for name, value in zip(metric.properties.keys, metric.properties.values, strict=False):
        number = _get(value, value.type)
        if isinstance(number, int) and not isinstance(number, bool):
            properties[name] = (DataType(value.type), number)
    return Metric(
        metric.name,
        None if metric.is_null else _get(metric, number),
        kind,
        metric.timestamp if metric.HasField("timestamp") else None,
        metric.is_historical,
        properties,
    )


def _set(message: Any, kind: DataType, value: Value) -> None:
    """Integers are sent as unsigned ones of the same bits (chapter 6.4.16)."""
    match kind:
        case DataType.BOOLEAN:
            message.boolean_value = bool(value)
        case DataType.FLOAT:
            message.float_value = float(value)
        case DataType.DOUBLE:
            message.double_value = float(value)
        case DataType.STRING:
            message.string_value = str(value)
        case _:
            bits = int(value) & ((1 << _BITS[kind]) - 1)
            if _BITS[kind] <= 32:
                message.int_value = bits
            else:
                message.long_value = bits


def _get(message: Any, type_number: int) -> Value | None:
    """Its value if it is of a type that we know, and is in the field that goes with that type."""
    try:
        kind = DataType(type_number)
    except ValueError:
        return None
    present = message.WhichOneof("value")
    match kind, present:
        case DataType.BOOLEAN, "boolean_value":
            return bool(message.boolean_value)
        case ((DataType.FLOAT | DataType.DOUBLE), ("float_value" | "double_value")):
            return float(getattr(message, present))
        case DataType.STRING, "string_value":
            return str(message.string_value)
        case _, ("int_value" | "long_value") if kind in _BITS:
            number = int(getattr(message, present)) & ((1 << _BITS[kind]) - 1)
            if kind in _SIGNED and number >= 1 << (_BITS[kind] - 1):
                number -= 1 << _BITS[kind]
            return number
    return None
