"""An edge node of Sparkplug B with its devices: birth, data, death, what was missed in an outage, rebirth on request.

After each connection the node is born anew (NBIRTH, then DBIRTH of every device, with all values as they are). What
changed during the outage follows as DDATA with `is_historical`. Data go with QoS 0, as the specification has it: what
was handed to a connection that then broke is lost, and the birth tells the last values.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from device_emulators.faces.clock import Clock
from device_emulators.faces.host import Change, Host
from device_emulators.faces.mqtt_address import Broker
from device_emulators.faces.mqtt_json import Report, Reporter, topic_part
from device_emulators.faces.mqtt_link import Message, MqttLink, Publisher
from device_emulators.faces.sparkplug import (
    BD_SEQ,
    COUNTERS,
    QUALITY,
    REBIRTH,
    DataType,
    Metric,
    PayloadError,
    decode,
    encode,
    topic,
    type_of,
)
from device_emulators.faces.sparkplug_host import PrimaryHost
from device_emulators.signals import SignalError

_logger = logging.getLogger(__name__)
_QOS_DATA: Final = 0
_NODE_TYPES: Final = {REBIRTH: DataType.BOOLEAN}
_QOS_DEATH: Final = 1


class _Item(NamedTuple):
    """What waits to be sent: data of a device, its birth or death, or (device "") the birth of everything, again."""

    device: str = ""
    data: Report | None = None
    born: bool = True
    births: int = 0  # how often everything had been born when it came up; in an outage: -1


class SparkplugNode(Publisher[_Item]):
    """Publishes hosts as devices of one edge node, over one connection, from `start` to `close`.

    `origin` is the instant at which the twin's time is 0, `clock` stamps what the node itself says and what it is told.
    With a `primary_host` the node is born only while that one is online; what changes meanwhile follows as historical.
    """

    def __init__(
        self,
        hosts: Sequence[Host],
        broker: Broker,
        origin: datetime,
        clock: Clock,
        group: str,
        node: str,
        primary_host: str = "",
        **link: Any,
    ) -> None:
        """`link` are settings of `MqttLink`. AddressError: a name cannot be part of a topic."""
        self._group, self._node = topic_part(group, "group"), topic_part(node, "node")
        self._hosts = {topic_part(host.name, "device"): host for host in hosts}
        if len(self._hosts) != len(hosts):
            raise SignalError("two devices of one node have the same name")
        self._origin_ms = round(origin.timestamp() * 1000)
        self._clock = clock
        self._reporters = {host.name: Reporter(host) for host in hosts}
        self._types = {host.name: {name: type_of(one) for name, one in host.signals.items()} for host in hosts}
        self._primary = PrimaryHost(primary_host) if primary_host else None
        self._silent = {host.name: host.disturbance.silent for host in hosts}
        self._bd_seq = COUNTERS - 1
        self._seq = 0
        self._times_born = 0
        self._born: set[str] = set()  # devices, within this connection
        self.link: MqttLink[_Item] = MqttLink(broker, f"{group}-{node}", self, **link)
        self.endings = [host.listen(self._changed) for host in hosts] + [host.watch(self._watched) for host in hosts]

    # --- what devices do ----------------------------------------------------------------------------------------------

    def _changed(self, host: Host, change: Change) -> None:
        report = self._reporters[host.name].changed(change)
        if report is not None:
            self.link.send(_Item(host.name, report, births=self._births_so_far()))

    def _watched(self, host: Host) -> None:
        """A device that falls silent is dead, and born again when it is heard."""
        silent = host.disturbance.silent
        if silent != self._silent[host.name]:
            self._silent[host.name] = silent
            self.link.send(_Item(host.name, born=not silent, births=self._births_so_far()))
        elif self.link.connections:
            for report in self._reporters[host.name].news():
                self.link.send(_Item(host.name, report, births=self._births_so_far()))

    def _births_so_far(self) -> int:
        return self._times_born if self.link.connected.is_set() else -1

    # --- what is said over the link -----------------------------------------------------------------------------------

    def will(self) -> Message:
        """The death of the connection that is about to begin; its birth names the same bdSeq."""
        self._bd_seq = (self._bd_seq + 1) % COUNTERS
        if self._primary is not None:
            self._primary.online.clear()  # whether it is at this broker is told anew
        return self._death()

    def topics(self) -> Sequence[str]:
        states = [self._primary.topic] if self._primary is not None else []
        return [*states, topic(self._group, "NCMD", self._node), topic(self._group, "DCMD", self._node, "+")]

    async def ready(self) -> None:
        if self._primary is not None:
            await self._primary.online.wait()

    def greeting(self) -> Sequence[Message]:
        return self._births()

    def farewell(self) -> Sequence[Message]:
        return [self._death()]

    def messages(self, item: _Item) -> Sequence[Message]:
        if not item.device:
            return self._births()
        host, is_old = self._hosts[item.device], item.births != self._times_born
        if item.data is not None:
            if item.device not in self._born:
                return []  # a device that is dead has no data
            return [self._message("DDATA", [self._metric(host, item.data, is_old)], item.device)]
        if is_old or item.born == (item.device in self._born):
            return []  # the births of this connection have told it
        if item.born:
            return [self._device_birth(host)]
        self._born.discard(item.device)
        return [self._message("DDEATH", [], item.device)]

    def received(self, topic: str, payload: bytes) -> None:
        """A command of a host application, or the state of the primary one."""
        if self._primary is not None and topic == self._primary.topic:
            if self._primary.hear(payload) and not self._primary.online.is_set():
                self.link.restart()
            return
        device = "".join(topic.split("/")[4:])  # "" for the node itself
        try:
            report = decode(payload, self._types.get(device, _NODE_TYPES))
        except PayloadError as error:
            _logger.warning("%s: a command on %s: %s", self._node, topic, error)
            return
        if device in self._hosts:
            for metric in report.metrics:
                self._tell(self._hosts[device], metric)
        elif not device and any(metric.name == REBIRTH and metric.value is True for metric in report.metrics):
            self._bear_again()

    def _bear_again(self) -> None:
        """Before all that waits: that is old then."""
        if self.link.connected.is_set():
            self.link.send(_Item(), first=True)

    def _tell(self, host: Host, metric: Metric) -> None:
        if host.disturbance.silent:
            return
        host.advance(self._clock.now_ms())
        try:
            host.write(metric.name, metric.value)
        except SignalError as error:
            _logger.warning("%s: refused: %s", host.name, error)

    # --- payloads -----------------------------------------------------------------------------------------------------

    def _death(self) -> Message:
        metric = Metric(BD_SEQ, self._bd_seq, DataType.INT64)
        return Message(topic(self._group, "NDEATH", self._node), encode([metric], self._now(), None), _QOS_DEATH)

    def _births(self) -> list[Message]:
        self._seq = 0
        self._times_born += 1
        self._born.clear()
        now = self._now()
        metrics = [
            Metric(BD_SEQ, self._bd_seq, DataType.INT64, now),
            Metric(REBIRTH, False, DataType.BOOLEAN, now),
        ]
        births = [self._message("NBIRTH", metrics)]
        births += [self._device_birth(host) for host in self._hosts.values() if not host.disturbance.silent]
        return births

    def _device_birth(self, host: Host) -> Message:
        self._reporters[host.name].news()  # told by this
        self._born.add(host.name)
        metrics = [
            self._metric(host, Report(name, reading.value, reading.number, host.epoch, reading.time_ms, reading.status))
            for name, reading in host.readings().items()
        ]
        metrics += [
            Metric(name, None, self._types[host.name][name], self._now())
            for name, signal in host.signals.items()
            if not signal.readable
        ]
        return self._message("DBIRTH", metrics, host.name)

    def _metric(self, host: Host, report: Report, historical: bool = False) -> Metric:
        properties = {
            "Quality": (DataType.INT32, int(QUALITY[report.status])),
            "Number": (DataType.UINT64, report.number),
            "Epoch": (DataType.UINT64, report.epoch),
        }
        kind = self._types[host.name][report.signal]
        return Metric(report.signal, report.value, kind, self._origin_ms + report.time_ms, historical, properties)

    def _message(self, kind: str, metrics: Sequence[Metric], device: str = "") -> Message:
        seq, self._seq = self._seq, (self._seq + 1) % COUNTERS
        content = encode(metrics, self._now(), seq, typed=kind != "DDATA")
        return Message(topic(self._group, kind, self._node, device), content, _QOS_DATA)

    def _now(self) -> int:
        return self._origin_ms + self._clock.now_ms()
