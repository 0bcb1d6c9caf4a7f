"""The OPC UA server of a process: an object per device below `Objects/Devices`.

One server serves all devices (a second one costs seconds and tens of MB). The nodes are made in batches, and values are
stored where asyncua keeps them, without its checks, which are for clients: so 500 devices are there in seconds.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from asyncua import Server, ua
from asyncua.common.events import Event
from asyncua.server.address_space import AddressSpace, AttributeService, AttributeValue
from asyncua.server.history import HistoryStorageInterface
from asyncua.ua.uaerrors import BadHistoryOperationUnsupported, BadNoCommunication

from device_emulators.faces.addresses import host_and_port
from device_emulators.faces.clock import Clock
from device_emulators.faces.host import Host
from device_emulators.faces.opcua_build import OBJECTS, ORGANIZES, Builder
from device_emulators.faces.opcua_device import DeviceObject
from device_emulators.faces.opcua_events import DeviceEvent, DeviceTypes, tell
from device_emulators.faces.opcua_nodes import NodeLike
from device_emulators.faces.opcua_security import OpcuaSecurity, secure
from device_emulators.faces.opcua_values import Fixed
from device_emulators.signals import SignalError

NAMESPACE: Final = "urn:mro-twin:devices"
APPLICATION: Final = "urn:mro-twin:server"
PORT: Final = 4840

_BATCH = 25  # notifications worked off before other tasks have their turn

_logger = logging.getLogger(__name__)
# Without a handler a port that is taken would appear on stderr as a traceback; it comes as an error, too.
logging.getLogger("asyncua").addHandler(logging.NullHandler())

Notice = tuple[AttributeValue, Fixed, tuple[int, ...]]


class OpcuaServer:
    """Shows hosts to OPC UA clients, from `start` to `stop`; hosts may be added before and after `start`.

    `origin` is the instant (with time zone) at which the twin's time is 0; `clock` stamps what clients write.
    Port 0 in `url` takes a free one, told by the property `url`.
    """

    def __init__(
        self, url: str, origin: datetime, clock: Clock | None = None, security: OpcuaSecurity | None = None
    ) -> None:
        _, self._address, self._port = host_and_port(url, {"opc.tcp": PORT})
        if origin.tzinfo is None:
            raise ValueError("origin is an instant: it needs a time zone")
        self._origin = origin
        self._clock = clock
        self._security = security or OpcuaSecurity()
        self._security.check(self._address)
        self._server = Server()
        self._devices: dict[str, DeviceObject] = {}
        self._endings: list[Callable[[], None]] = []
        self._notices: deque[Notice] = deque()
        self._events: deque[DeviceEvent] = deque()
        self._noticed = asyncio.Event()
        self._notifying: asyncio.Task[None] | None = None
        self._prepared = False

    @property
    def url(self) -> str:
        """Where clients connect."""
        listening = self._server.bserver
        port = self._port if listening is None else listening.port
        address = f"[{self._address}]" if ":" in self._address else self._address
        return f"opc.tcp://{address}:{port}"

    async def prepare(self) -> None:
        """Build the standard address space; takes a second or two. `start` does it if it has not been done."""
        if self._prepared:
            return
        server = self._server
        server.set_endpoint(f"opc.tcp://{self._address}:{self._port}")
        server.set_server_name("mro-twin devices")
        server.product_uri, server.manufacturer_name = "urn:mro-twin", "mro-twin"
        await server.init()
        await server.set_application_uri(APPLICATION)
        namespace = await server.register_namespace(NAMESPACE)
        space = server.iserver.aspace
        server.iserver.attribute_service = _DeviceWrites(space, self._devices)
        server.iserver.history_manager.set_storage(_Journals(self._devices))
        self._builder = Builder(space, namespace)
        self._folder = self._builder.node_id("Devices")
        self._builder.folder(self._folder, OBJECTS, "Devices", reference=ORGANIZES)
        self._types = DeviceTypes(self._builder)
        await secure(server, self._security, self._address)
        self._prepared = True

    async def start(self) -> None:
        """Listen. OSError: the port is taken; AddressError: not allowed like that."""
        await self.prepare()
        self._notifying = asyncio.create_task(self._notify())
        try:
            await self._server.start()
        except BaseException:
            await self._end_notifying()
            raise

    async def stop(self) -> None:
        """Close all connections; the hosts go on without this face."""
        for end in self._endings:
            end()
        self._endings.clear()
        await self._end_notifying()
        await self._server.stop()

    async def __aenter__(self) -> "OpcuaServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def add(self, host: Host, nodes: Sequence[NodeLike]) -> None:
        """Show one more device. SignalError: there is one of that name, or two nodes of one path."""
        if "/" in host.name:
            raise SignalError(f"{host.name!r}: a device's name is part of node ids, which / divides")
        if host.name in self._devices:
            raise SignalError(f"there is a device {host.name} already")
        await self.prepare()
        device = DeviceObject(host, nodes, self._origin, self._clock, self._put, self._tell)
        self._devices[host.name] = device
        self._endings.append(device.build(self._builder, self._folder, self._types.of(host.kind)))
        await asyncio.sleep(0)  # hundreds of devices must not hold up what else is served

    # --- notifications ------------------------------------------------------------------------------------------------

    def _put(self, attribute: AttributeValue, value: Fixed) -> None:
        attribute.value = value
        if attribute.datachange_callbacks:
            self._notices.append((attribute, value, tuple(attribute.datachange_callbacks)))
            self._noticed.set()

    def _tell(self, event: DeviceEvent) -> None:
        if self._server.iserver.subscription_service.subscriptions:
            self._events.append(event)
            self._noticed.set()

    async def _notify(self) -> None:
        """Hand values to subscriptions in the order in which they came, each to those that were there then, and
        events in theirs."""
        while True:
            await self._noticed.wait()
            self._noticed.clear()
            while self._notices or self._events:
                for _ in range(min(_BATCH, len(self._notices))):
                    await self._hand_over(*self._notices.popleft())
                for _ in range(min(_BATCH, len(self._events))):
                    await self._hand_over_event(self._events.popleft())
                await asyncio.sleep(0)

    async def _hand_over_event(self, event: DeviceEvent) -> None:
        try:
            await tell(event, self._server.iserver.subscription_service)
        except Exception:
            _logger.exception("an event could not be told")  # by a subscription that broke; the others get theirs

    async def _hand_over(self, attribute: AttributeValue, value: Fixed, handles: tuple[int, ...]) -> None:
        for handle in handles:
            callback = attribute.datachange_callbacks.get(handle)
            if callback is None:
                continue  # the client has unsubscribed meanwhile
            try:
                await callback(handle, value)
            except Exception:
                _logger.exception("a notification failed")  # of one client; the others get theirs

    async def _end_notifying(self) -> None:
        if self._notifying is not None:
            self._notifying.cancel()
            await asyncio.gather(self._notifying, return_exceptions=True)
            self._notifying = None


class _DeviceWrites(AttributeService):
    """Writes of clients go to the devices, each with a status of its own; the rest is as asyncua has it."""

    def __init__(self, space: AddressSpace, devices: dict[str, DeviceObject]) -> None:
        super().__init__(space)
        self._devices = devices

    async def write(self, params: ua.WriteParameters, *rest: Any, **more: Any) -> list[ua.StatusCode]:
        results = []
        for item in params.NodesToWrite:
            device = self._devices.get(_device_of(item.NodeId))
            write = device.writes.get(item.NodeId) if device is not None else None
            if write is not None and item.AttributeId == ua.AttributeIds.Value:
                results.append(write(item.Value))
            else:
                alone = ua.WriteParameters()
                alone.NodesToWrite = [item]
                results += await super().write(alone, *rest, **more)
        return results


class _Journals(HistoryStorageInterface):
    """History reads answered from the devices' journals. What the ring has lost is lost."""

    def __init__(self, devices: dict[str, DeviceObject]) -> None:
        super().__init__()
        self._devices = devices

    async def init(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def read_node_history(
        self, node_id: ua.NodeId, start: datetime | None, end: datetime | None, nb_values: int
    ) -> tuple[list[ua.DataValue], datetime | None]:
        device = self._devices.get(_device_of(node_id))
        signal = device.signals.get(node_id) if device is not None else None
        if device is None or signal is None:
            return [], None
        if device.host.disturbance.silent:
            raise BadNoCommunication
        # 1601 is how OPC UA says that there is no bound
        start, end = (None if bound is None or bound.year <= 1601 else bound for bound in (start, end))
        backward = start is not None and end is not None and start > end
        low, high = (end, start) if backward else (start, end)
        found: list[ua.DataValue] = [
            value
            for value in device.history(signal)
            if (stamp := value.SourceTimestamp) is not None
            and (low is None or stamp >= low)
            and (high is None or stamp <= high)
        ]
        if backward:
            found.reverse()
        # A page goes on from an instant, so what came at the same one must not be divided.
        size = nb_values or len(found)
        while 0 < size < len(found) and found[size].SourceTimestamp == found[size - 1].SourceTimestamp:
            size += 1
        return found[:size], found[size].SourceTimestamp if size < len(found) else None

    async def read_event_history(self, *_: Any) -> tuple[list[Event], datetime | None]:
        """Events are told when they come; what changed is in the history of variables."""
        raise BadHistoryOperationUnsupported


def _device_of(node: ua.NodeId) -> str:
    """The device that a node belongs to, by its identifier; "" when it is none of a device's."""
    return str(node.Identifier).partition("/")[0] if node.NodeIdType == ua.NodeIdType.String else ""
