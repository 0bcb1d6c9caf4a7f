"""Makes reports of what a gateway publishes as Sparkplug B 3.0: births and data of its devices.

A birth tells all values as they are, so most of its readings are the current value again. A metric of which the
birth gave an alias may be named by that alone afterwards. Metrics of the node itself are named `DEVICE/SIGNAL`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from google.protobuf.message import DecodeError
from pydantic import Field

from device_emulators.faces.sparkplug import BD_SEQ, COUNTERS, NAMESPACE
from device_emulators.faces.sparkplug_pb2 import Payload
from device_emulators.signals import Value
from hil.accept.extract import LARGEST_NUMBER, LARGEST_PAYLOAD, LONGEST_TEXT, Strays
from hil.accept.history import Report
from hil.accept.paths import TopicPattern
from policies.fields import Model

MOST_METRICS: Final = 100_000
LARGEST_FLOAT: Final = 1e300
_OWN: Final = ("Node Control/", "Device Control/", BD_SEQ)
_SIGNED_BITS: Final = {1: 8, 2: 16, 3: 32, 4: 64}
_BIRTHS: Final = ("NBIRTH", "DBIRTH")
_TELLING: Final = (*_BIRTHS, "NDATA", "DDATA")
_PART: Final = r"^[^/+#\x00-\x1f\x7f]+$"


class SparkplugLayout(Model):
    """Whose messages, and which properties of a metric hold counter and epoch."""

    group: str = Field(pattern=_PART, max_length=100, description="the group; messages of others are not looked at")
    node: str | None = Field(default=None, pattern=_PART, max_length=100, description="the edge node; none: any")
    host: str | None = Field(
        default=None,
        pattern=_PART,
        max_length=100,
        description="the primary host that it waits for; none: it does not",
    )
    number: str = Field(default="Number", max_length=100, description="the property that holds the change's counter")
    epoch: str = Field(default="Epoch", max_length=100, description="the property that says which count it is")


class SparkplugExtractor:
    """Reads messages in the order in which they came: aliases hold until the next birth.

    `unread` counts messages that are none, and metrics of which nobody knows the name; `gaps` messages whose `seq` does
    not follow the one before of the same node; `strays` those of other groups and nodes, or of no Sparkplug.
    """

    def __init__(self, layout: SparkplugLayout, utc_start_ms: int, expected: Sequence[TopicPattern] = ()) -> None:
        """`utc_start_ms` is the instant of twin time 0, in ms since 1970; `expected`: topics that are no strays."""
        self.layout = layout
        self.unread = 0
        self.strays = Strays((*expected, TopicPattern(f"{NAMESPACE}/STATE/#")))
        self.gaps = 0
        self._utc_start_ms = utc_start_ms
        self._aliases: dict[tuple[str, int], str] = {}  # by place (see `_place`) and alias
        self._types: dict[tuple[str, str], int] = {}  # by place and name: data need not repeat them
        self._seq: dict[str, int] = {}

    @property
    def filter(self) -> str:
        """The topic filter to subscribe to."""
        return f"{NAMESPACE}/{self.layout.group}/+/{self.layout.node or '+'}/#"

    def reports(self, topic: str, payload: bytes, seen_ms: int) -> list[Report]:
        """The readings of a message; none when it is another topic's, or cannot be read."""
        parts = topic.split("/")
        if len(parts) not in (4, 5) or parts[:2] != [NAMESPACE, self.layout.group]:
            self.strays.add(topic)
            return []
        kind, node, device = parts[2], parts[3], parts[4] if len(parts) == 5 else ""
        if self.layout.node is not None and node != self.layout.node:
            self.strays.add(topic)
            return []
        if kind not in _TELLING or kind.startswith("N") == bool(device):
            return []
        message = Payload()
        try:
            if len(payload) > LARGEST_PAYLOAD:
                raise DecodeError
            message.ParseFromString(payload)
        except DecodeError:
            self.unread += 1
            return []
        self._count(kind, node, message.seq if message.HasField("seq") else None)
        if kind in _BIRTHS:
            self._forget(node, device)
        return [one for metric in message.metrics for one in self._reading(metric, node, device, kind, seen_ms)]

    def _reading(self, metric: Any, node: str, device: str, kind: str, seen_ms: int) -> Iterator[Report]:
        place = _place(node, device)
        name = self._name(metric, place, kind)
        self.unread += name is None
        if name is None or name.startswith(_OWN) or metric.is_null:
            return
        whose, signal = device, name
        if not device:
            whose, slash, signal = name.partition("/")
            if not slash:
                return
        numbers = _properties(metric)
        stamp_ms = metric.timestamp - self._utc_start_ms if metric.HasField("timestamp") else None
        yield Report(
            whose[:LONGEST_TEXT],
            signal[:LONGEST_TEXT],
            _value(metric, metric.datatype or self._types.get((place, name), 0)),
            numbers.get(self.layout.number),
            stamp_ms,
            seen_ms,
            numbers.get(self.layout.epoch),
        )

    def _name(self, metric: Any, place: str, kind: str) -> str | None:
        if kind in _BIRTHS and metric.name and max(len(self._aliases), len(self._types)) < MOST_METRICS:
            self._types[(place, metric.name)] = metric.datatype
            if metric.HasField("alias"):
                self._aliases[(place, metric.alias)] = metric.name
        return metric.name or (self._aliases.get((place, metric.alias)) if metric.HasField("alias") else None)

    def _forget(self, node: str, device: str) -> None:
        """A birth gives aliases anew; that of a node for its devices, too."""
        own = _place(node, device)

        def is_gone(place: str) -> bool:
            return place == own or (not device and place.startswith(f"{own}/"))

        self._aliases = {key: name for key, name in self._aliases.items() if not is_gone(key[0])}
        self._types = {key: kind for key, kind in self._types.items() if not is_gone(key[0])}

    def _count(self, kind: str, node: str, seq: int | None) -> None:
        before = self._seq.get(node)
        if kind != "NBIRTH" and before is not None and seq != (before + 1) % COUNTERS:
            self.gaps += 1
        if seq is not None:
            self._seq[node] = seq


def _place(node: str, device: str) -> str:
    return f"{node}/{device}" if device else node


def _properties(metric: Any) -> dict[str, int]:
    """Whole numbers among the properties."""
    found = {}
    for name, value in zip(metric.properties.keys, metric.properties.values, strict=False):
        if value.WhichOneof("value") in ("int_value", "long_value"):
            number = int(value.int_value or value.long_value)
            if number < LARGEST_NUMBER:
                found[str(name)] = number
    return found


def _value(metric: Any, kind: int) -> Value | None:
    match metric.WhichOneof("value"):
        case "int_value" | "long_value" as field:
            number, bits = int(getattr(metric, field)), _SIGNED_BITS.get(kind, 0)
            # whole numbers are sent as unsigned ones of the same bits; some senders fill small ones up to 32
            low = number & ((1 << bits) - 1)
            return low - (1 << bits) if bits and low >> (bits - 1) else (low if bits else number)
        case "float_value" | "double_value" as field:
            value = float(getattr(metric, field))
            return value if abs(value) < LARGEST_FLOAT else None
        case "boolean_value":
            return bool(metric.boolean_value)
        case "string_value":
            return str(metric.string_value)[:LONGEST_TEXT]
    return None
