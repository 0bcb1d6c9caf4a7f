"""Makes reports of messages: topic (or path of a post) and JSON payload, as a suite says where what stands."""

import json
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from device_emulators.signals import Value
from hil.accept.history import Report
from hil.accept.paths import JsonPath, TopicPattern
from policies.fields import Model

LARGEST_PAYLOAD: Final = 1 << 20
DEEPEST: Final = 32
LONGEST_TEXT: Final = 1000
LARGEST_NUMBER: Final = 2**63
STRAY_TOPICS: Final = 3
UNREADABLE: Final = "(unreadable)"
"""The value of a report that has none where the layout says that it stands: it is not the true one."""


def _is_path(text: str) -> str:
    JsonPath(text)
    return text


def _is_pattern(text: str) -> str:
    TopicPattern(text)
    return text


PathField = Annotated[str, Field(max_length=200), AfterValidator(_is_path)]
PatternField = Annotated[str, Field(max_length=200), AfterValidator(_is_pattern)]


class Layout(Model):
    """Where a message holds what. What is not stated is taken from the topic's names: device, signal, number."""

    topic: PatternField = Field(description="topic, or path of a post, with {device} and {signal} where they stand")
    each: PathField | None = Field(default=None, description="the readings of a message with several, $.readings[*]")
    device: PathField | None = Field(default=None, description="the device's name")
    signal: PathField | None = Field(default=None, description="the signal's name")
    number: PathField | None = Field(default=None, description="the counter of the change")
    epoch: PathField | None = Field(default=None, description="which count it is, of counters that begin again")
    value: PathField | None = Field(default=None, description="the value")
    values: PathField | None = Field(default=None, description="an object of values by signal, instead of value")
    time: PathField | None = Field(default=None, description="the time stamp")
    time_unit: Literal["ms", "s", "us", "ns"] = Field(default="ms", description="of stamps that are numbers since 1970")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = TopicPattern(self.topic).names
        if self.device is None and "device" not in names:
            raise ValueError("say where the device's name stands: `device`, or {device} in the topic")
        if self.value is not None and self.values is not None:
            raise ValueError("say `value` or `values`, not both")
        if self.each is None and any(
            path is not None and path.startswith("@")
            for path in (self.device, self.signal, self.number, self.epoch, self.value, self.values, self.time)
        ):
            raise ValueError("@ begins at a reading of `each`, which is not stated")
        return self


class Strays:
    """Messages on topics of which the observer's layout knows nothing: how many, and up to three of their topics."""

    def __init__(self, expected: Sequence[TopicPattern] = ()) -> None:
        """`expected`: topics that need not be the layout's, such as those of questions."""
        self.count = 0
        self.topics: list[str] = []
        self._expected = expected

    def add(self, topic: str) -> None:
        """One more."""
        if any(pattern.match(topic) is not None for pattern in self._expected):
            return
        self.count += 1
        if len(self.topics) < STRAY_TOPICS and topic[:LONGEST_TEXT] not in self.topics:
            self.topics.append(topic[:LONGEST_TEXT])


_PER_MS: Final = {"s": 1 / 1000, "ms": 1.0, "us": 1000.0, "ns": 1_000_000.0}


class Extractor:
    """Reads messages of one layout. `unread` counts those that fit the topic and held no reading, `strays` others."""

    def __init__(self, layout: Layout, utc_start_ms: int, expected: Sequence[TopicPattern] = ()) -> None:
        """`utc_start_ms` is the instant of twin time 0, in ms since 1970; `expected`: topics that are no strays."""
        self.layout = layout
        self.unread = 0
        self.strays = Strays(expected)
        self._topic = TopicPattern(layout.topic)
        self._utc_start_ms = utc_start_ms
        fields = ("device", "signal", "number", "epoch", "value", "values", "time")
        self._paths = {name: JsonPath(text) for name in fields if (text := getattr(layout, name)) is not None}
        self._each = None if layout.each is None else JsonPath(layout.each)

    @property
    def filter(self) -> str:
        """The topic filter to subscribe to."""
        return self._topic.filter

    def reports(self, topic: str, payload: bytes, seen_ms: int) -> list[Report]:
        """The readings of a message; none when it is another topic's, or cannot be read."""
        names = self._topic.match(topic)
        if names is None:
            self.strays.add(topic)
            return []
        document = parse_json(payload)
        found = [] if document is None else list(self._readings(names, document, seen_ms))
        self.unread += not found
        return found

    def _readings(self, names: dict[str, str], document: Any, seen_ms: int) -> Iterator[Report]:
        for reading in [document] if self._each is None else self._each.find(document):
            device = self._get("device", document, reading, names.get("device"))
            if not isinstance(device, str):
                continue
            signal = self._get("signal", document, reading, names.get("signal"))
            number = _whole(self._get("number", document, reading, names.get("number")))
            epoch = _whole(self._get("epoch", document, reading, None))
            stamp_ms = self._stamp_ms(self._get("time", document, reading, None))
            if "values" in self._paths:
                values = self._get("values", document, reading, None)
                pairs: list[tuple[Any, Any]] = list(values.items()) if isinstance(values, dict) else []
            else:
                pairs = [(signal, self._get("value", document, reading, None))]
            for name, value in pairs:
                known = str(name)[:LONGEST_TEXT] if isinstance(name, str) else None
                yield Report(device[:LONGEST_TEXT], known, self._value(value), number, stamp_ms, seen_ms, epoch)

    def _get(self, name: str, document: Any, reading: Any, otherwise: Any) -> Any:
        path = self._paths.get(name)
        return otherwise if path is None else path.first(reading if path.from_reading else document)

    def _value(self, raw: Any) -> Value | None:
        """None: the layout knows of no value."""
        if "value" not in self._paths and "values" not in self._paths:
            return None
        value = _value(raw)
        return UNREADABLE if value is None else value

    def _stamp_ms(self, stamp: Any) -> int | None:
        """A stamp as ms of the twin; None when it is none."""
        if isinstance(stamp, str):
            try:
                instant = datetime.fromisoformat(stamp)
            except ValueError:
                return None
            instant = instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
            return round((instant - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000) - self._utc_start_ms
        if isinstance(stamp, bool) or not isinstance(stamp, (int, float)) or not abs(stamp) < LARGEST_NUMBER:
            return None
        return round(stamp / _PER_MS[self.layout.time_unit]) - self._utc_start_ms


def parse_json(payload: bytes) -> Any:
    """The JSON of a payload; None when it is none, too large, or nested too deeply."""
    if len(payload) > LARGEST_PAYLOAD:
        return None
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return document if _depth_ok(document, DEEPEST) else None


def _depth_ok(value: Any, left: int) -> bool:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return left > 0 and all(_depth_ok(child, left - 1) for child in children)


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if math.isfinite(value) and value == int(value) and abs(value) < LARGEST_NUMBER else None


def _value(value: Any) -> Value | None:
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, bool) or (isinstance(value, (int, float)) and abs(value) < 1e300):
        return value
    return None
