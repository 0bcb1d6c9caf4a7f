"""A device that publishes by itself: one JSON object per change, QoS 1, and whether it is online."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from device_emulators.faces.addresses import AddressError
from device_emulators.faces.host import Change, Host, Reading, Status
from device_emulators.faces.mqtt_address import Broker
from device_emulators.faces.mqtt_link import Message, MqttLink, Publisher
from device_emulators.signals import Value

_TOPIC_PART: Final = re.compile(r"[^/+#\x00-\x1f\x7f]+")


class Report(NamedTuple):
    """What a signal came to show, ready to be told."""

    signal: str
    value: Value
    number: int
    epoch: int
    time_ms: int
    status: Status


def topic_part(text: str, what: str) -> str:
    """`text` if it can stand between two slashes of a topic. AddressError: it cannot."""
    if not _TOPIC_PART.fullmatch(text):
        raise AddressError(f"{what} {text!r} cannot be part of a topic: it is empty or has one of / + # in it")
    return text


def iso_time(instant: datetime) -> str:
    """UTC with milliseconds: 2026-01-05T06:00:00.000Z."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Reporter:
    """Turns what a host shows into reports: every change, and what is new when a device is heard again."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._told: dict[str, tuple[int, int, Status]] = {}

    def changed(self, change: Change) -> Report | None:
        """The report of a change; None while the device is silent."""
        if self.host.disturbance.silent:
            return None
        status = self.host.disturbance.status.get(change.signal, Status.GOOD)
        return self._report(change.signal, Reading(change.value, change.number, change.time_ms, status))

    def news(self) -> list[Report]:
        """What was not reported yet, in the order of numbers: all at the start, after silence the last values."""
        if self.host.disturbance.silent:
            return []
        fresh = [
            (name, reading)
            for name, reading in self.host.readings().items()
            if self._told.get(name) != (self.host.epoch, reading.number, reading.status)
        ]
        return [self._report(name, reading) for name, reading in sorted(fresh, key=lambda pair: pair[1].number)]

    def _report(self, name: str, reading: Reading) -> Report:
        self._told[name] = (self.host.epoch, reading.number, reading.status)
        return Report(name, reading.value, reading.number, self.host.epoch, reading.time_ms, reading.status)


class JsonPublisher(Publisher[Report]):
    """Publishes a host's changes under `PREFIX/DEVICE/SIGNAL` from `start` to `close`, over a connection of its own.

    `origin` is the instant at which the twin's time is 0. What changes during an outage is sent afterwards.
    """

    def __init__(self, host: Host, broker: Broker, origin: datetime, prefix: str = "mro-twin", **link: Any) -> None:
        """`link` are settings of `MqttLink`. AddressError: a name cannot be part of a topic."""
        for part in prefix.split("/"):
            topic_part(part, "prefix")
        self._base = f"{prefix}/{topic_part(host.name, 'device')}"
        for name in host.signals:
            topic_part(name, "signal")
        self._host = host
        self._origin_ms = round(origin.timestamp() * 1000)
        self._reporter = Reporter(host)
        self.link: MqttLink[Report] = MqttLink(broker, f"mro-twin-{host.name}", self, **link)
        self.endings = [host.listen(self._changed), host.watch(lambda _: self._tell_news())]
        self._tell_news()

    def _changed(self, _: Host, change: Change) -> None:
        report = self._reporter.changed(change)
        if report is not None:
            self.link.send(report)

    def _tell_news(self) -> None:
        for report in self._reporter.news():
            self.link.send(report)

    # --- what is said over the link -----------------------------------------------------------------------------------

    def will(self) -> Message:
        return Message(f"{self._base}/status", b"offline", 1, True)

    def greeting(self) -> Sequence[Message]:
        return [Message(f"{self._base}/status", b"online", 1, True)]

    def messages(self, item: Report) -> Sequence[Message]:
        instant = datetime.fromtimestamp((self._origin_ms + item.time_ms) / 1000, UTC)
        content = {
            "device": self._host.name,
            "signal": item.signal,
            "value": item.value,
            "number": item.number,
            "epoch": item.epoch,
            "time": iso_time(instant),
            "status": item.status.value,
        }
        return [Message(f"{self._base}/{item.signal}", json.dumps(content).encode())]
