"""Events of OPC UA: what a device tells besides its values, to whoever listens to the device or to the whole server."""

import uuid
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from asyncua import ua
from asyncua.common.events import Event
from asyncua.server.subscription_service import SubscriptionService

from device_emulators.faces.host import Change, Host
from device_emulators.faces.opcua_build import GENERATES, Builder
from device_emulators.faces.opcua_nodes import NodeLike, shown
from device_emulators.signals import Signal

_V: Final = ua.VariantType
SERVER: Final = ua.NodeId(ua.Int32(ua.ObjectIds.Server))
_BASE: Final = ua.NodeId(ua.Int32(ua.ObjectIds.BaseEventType))
_FIELDS: Final = {"Signal": "String", "Value": "Variant", "Number": "UInt64", "Epoch": "UInt32"}
"""What our events tell besides what all events do: a change as the device's journal has it."""


class DeviceEvent(Event):
    """A signal came to show something else, and that is notable by the map."""

    def __init__(
        self, kind: ua.NodeId, source: ua.NodeId, host: Host, node: NodeLike, change: Change, stamp: datetime
    ) -> None:
        """`kind` is the event's type, `source` the device's object, `stamp` the device's time."""
        super().__init__(source)
        self.source = source
        self.internal_properties.append("source")
        try:
            value = shown(change.value, node.signal, node.type)
        except OverflowError:
            value = None  # as its variable, which is bad then
        for name, data_type, one in (
            ("EventId", _V.ByteString, uuid.uuid4().bytes),
            ("EventType", _V.NodeId, kind),
            ("SourceNode", _V.NodeId, source),
            ("SourceName", _V.String, host.name),
            ("Time", _V.DateTime, stamp),
            ("ReceiveTime", _V.DateTime, datetime.now(UTC)),
            ("Message", _V.LocalizedText, ua.LocalizedText(_message(host, node.signal, change))),
            ("Severity", _V.UInt16, node.event),
            ("Signal", _V.String, change.signal),
            ("Value", _V[node.type], value),
            ("Number", _V.UInt64, change.number),
            ("Epoch", _V.UInt32, host.epoch),
        ):
            self.add_property(name, one, data_type)


class DeviceType(NamedTuple):
    """What objects of a type of device are, and the events that they tell."""

    object: ua.NodeId
    event: ua.NodeId


class DeviceTypes:
    """Types by kind of device. Events are below `DeviceEventType`, a BaseEventType with the fields of a change."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._made: dict[str, DeviceType] = {}
        self._all = builder.node_id("types/DeviceEventType")
        builder.type(self._all, "DeviceEventType", _BASE)
        for name, kind in _FIELDS.items():
            builder.property(builder.node_id(f"types/DeviceEventType/{name}"), self._all, name, kind)
        builder.listen_to(SERVER)

    def of(self, kind: str) -> DeviceType:
        """The types of a kind of device, made at the first time."""
        if kind not in self._made:
            name = kind.title().replace("_", "") + "EventType"
            made = DeviceType(self._builder.node_id(f"types/{kind}"), self._builder.node_id(f"types/{name}"))
            self._builder.type(made.object, kind)
            self._builder.type(made.event, name, self._all)
            self._builder.refer(made.object, GENERATES, made.event)
            self._made[kind] = made
        return self._made[kind]


async def tell(event: DeviceEvent, subscriptions: SubscriptionService) -> None:
    """Hand an event to those who listen to its device, and to those who listen to the server."""
    for emitter in (event.source, SERVER):
        event.emitting_node = emitter
        await subscriptions.trigger_event(event)


def _message(host: Host, signal: Signal, change: Change) -> str:
    value: Any = str(change.value).lower() if isinstance(change.value, bool) else change.value
    return f"{host.name}: {change.signal} is {value}{f' {signal.unit}' if signal.unit else ''}"
