"""Opens the faces of running devices, as a command line asks for. A protocol is imported when it is wanted."""

import asyncio
import logging
import os
import re
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from device_emulators.catalog import KINDS
from device_emulators.faces.clock import Clock
from device_emulators.faces.host import Host
from device_emulators.faces.mapping import BoundMap

if TYPE_CHECKING:
    from device_emulators.faces.modbus_rtu import ModbusRtuServer
    from device_emulators.faces.modbus_units import Units
    from device_emulators.faces.mqtt_address import Broker

LOOPBACK: Final = "127.0.0.1"
MOST_UNITS: Final = 247
_logger = logging.getLogger(__name__)
_SERIAL: Final = re.compile(r"serial(?::(?P<path>[^@]+))?(?:@(?P<line>.+))?")
_TCP: Final = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]:|(?P<host>[^:\s\[\]/@]*):)?(?P<port>\d{1,5})")


class FaceError(ValueError):
    """A face cannot be opened like that; the message says why and what would do."""


@dataclass(frozen=True)
class TcpPlace:
    """Where Modbus TCP listens; port 0 takes a free one."""

    host: str
    port: int


@dataclass(frozen=True)
class SerialPlace:
    """A serial line: `path` of the port ("": a new pseudo terminal), and its settings ("": usual ones)."""

    path: str
    settings: str


@dataclass(frozen=True)
class Served:
    """What is shown, and how: the same for all faces."""

    name: str  # of them together, as the edge node of Sparkplug B
    devices: tuple[tuple[Host, BoundMap], ...]
    origin: datetime  # the instant of time 0
    clock: Clock

    @property
    def hosts(self) -> tuple[Host, ...]:
        """Without their maps."""
        return tuple(host for host, _ in self.devices)

    @property
    def origin_ms(self) -> int:
        """The same in ms since 1970."""
        return round(self.origin.timestamp() * 1000)


def parse_modbus(text: str) -> TcpPlace | SerialPlace:
    """From `HOST:PORT`, `:PORT` or `PORT` (on loopback), or `serial[:PATH][@BAUD 8E1]`. FaceError: none such."""
    if serial := _SERIAL.fullmatch(text):
        return SerialPlace(serial["path"] or "", serial["line"] or "")
    tcp = _TCP.fullmatch(text)
    if tcp is None or int(tcp["port"]) > 65_535:
        raise FaceError(f"{text!r} is not a place for Modbus; expected HOST:PORT, or serial:PATH@9600 8E1")
    return TcpPlace(tcp["six"] or tcp["host"] or LOOPBACK, int(tcp["port"]))


async def open_modbus(served: Served, place: TcpPlace | SerialPlace, stack: AsyncExitStack) -> dict[str, Any]:
    """Serve the devices as units 1, 2, ...; returns where. FaceError and OSError when that cannot be."""
    from device_emulators.faces.image import HostImage
    from device_emulators.faces.modbus_units import Units

    if len(served.devices) > MOST_UNITS:
        raise FaceError(f"{len(served.devices)} devices are more than the {MOST_UNITS} units behind one Modbus address")
    units = Units()
    for unit, (host, bound) in enumerate(served.devices, 1):
        if not bound.on_modbus:
            raise FaceError(f"the map of {bound.type} has no section `modbus`")
        image = HostImage(host, bound, KINDS[bound.type].number, served.origin_ms, served.clock.now_ms)
        stack.callback(image.close)
        units.add(unit, image)
    if isinstance(place, SerialPlace):
        return await _open_line(units, place, stack)
    from device_emulators.faces.modbus_tcp import ModbusTcpServer

    server = ModbusTcpServer(units, place.host, place.port)
    try:
        host_name, port = await server.start()
    except OSError as error:
        raise _not_ours(f"{place.host}:{place.port}", error) from None
    stack.push_async_callback(server.close)
    return {"host": host_name, "port": port}


def _not_ours(where: str, error: OSError) -> OSError:
    """Why nothing can be served there, in the words of the system, which asyncio has its own instead of."""
    if isinstance(error, socket.gaierror) or error.errno is None:
        return OSError(f"{where}: {error.strerror or error}")
    return OSError(error.errno, os.strerror(error.errno), where)


async def _open_line(units: "Units", place: SerialPlace, stack: AsyncExitStack) -> dict[str, Any]:
    from device_emulators.faces.modbus_rtu import ModbusRtuServer
    from device_emulators.faces.modbus_serial import SerialSettings, open_port, open_pty

    try:
        settings = SerialSettings.parse(place.settings) if place.settings else SerialSettings()
    except ValueError as error:
        raise FaceError(str(error)) from None
    line = open_port(place.path, settings) if place.path else open_pty()
    server = ModbusRtuServer(units, line, settings)
    path = await server.start()
    stack.push_async_callback(server.close)
    stack.callback(asyncio.create_task(_tell_loss(server)).cancel)
    return {"serial": path, "baud": settings.baud, "format": f"8{settings.parity}{settings.stop_bits}"}


async def _tell_loss(server: "ModbusRtuServer") -> None:
    await server.wait_lost()
    _logger.error("the serial line %s is gone: nothing is served there any more", server.line.path)


async def open_opcua(
    served: Served, url: str, stack: AsyncExitStack, keys: Path | None = None, insecure: bool = False
) -> dict[str, Any]:
    """Serve the devices as objects of one server; returns where. FaceError and OSError when that cannot be.

    `keys` is a folder with the server's certificate and users, as `mro-twin hil keys` makes it.
    """
    from device_emulators.faces.addresses import AddressError
    from device_emulators.faces.opcua_security import OpcuaSecurity
    from device_emulators.faces.opcua_server import OpcuaServer
    from device_emulators.faces.users import read_users

    if missing := [bound.type for _, bound in served.devices if not bound.on_opcua]:
        raise FaceError(f"the map of {missing[0]} has no section `opcua`")
    try:
        security = OpcuaSecurity(
            certificate=keys / "opcua-server.pem" if keys else None,
            private_key=keys / "opcua-server-key.pem" if keys else None,
            users=read_users(keys / "users") if keys and (keys / "users").exists() else {},
            insecure=insecure,
        )
        server = OpcuaServer(url, served.origin, served.clock, security)
        for host, bound in served.devices:
            await server.add(host, bound.nodes)
        await server.prepare()
    except AddressError as error:
        raise FaceError(str(error)) from None
    try:
        await server.start()
    except OSError as error:
        raise _not_ours(url, error) from None
    stack.push_async_callback(server.stop)
    return {"url": server.url}


@dataclass(frozen=True)
class MqttSettings:
    """How changes are published. The password stands in a file or in a variable, see mqtt_address.py."""

    sparkplug: bool = False  # Sparkplug B; otherwise JSON
    prefix: str = "mro-twin"  # of topics; the group of Sparkplug B
    password_file: Path | None = None
    authority: Path | None = None  # certificates that the broker's is to be signed by
    certified_as: str = ""  # the name in the broker's certificate, when a relay stands in between
    primary_host: str = ""  # of Sparkplug B: the node is born only while this host application is online


async def open_mqtt(served: Served, url: str, settings: MqttSettings, stack: AsyncExitStack) -> dict[str, Any]:
    """Publish the devices' changes; returns where to. Connections come up in the background, and come back."""
    from device_emulators.faces.addresses import AddressError
    from device_emulators.faces.mqtt_address import parse_broker

    if settings.primary_host and not settings.sparkplug:
        raise FaceError("a primary host belongs to Sparkplug B")
    try:
        broker = parse_broker(url, settings.password_file, settings.authority)
        broker = replace(broker, certified_as=settings.certified_as)
        broker.tls_context()
        if settings.sparkplug:
            topics = _publish_sparkplug(served, broker, settings, stack)
        else:
            topics = _publish_json(served, broker, settings.prefix, stack)
    except AddressError as error:
        raise FaceError(str(error)) from None
    return {"url": str(broker), "topics": topics}


def _publish_json(served: Served, broker: "Broker", prefix: str, stack: AsyncExitStack) -> str:
    from device_emulators.faces.mqtt_json import JsonPublisher

    for host in served.hosts:
        publisher = JsonPublisher(host, broker, served.origin, prefix)
        stack.push_async_callback(publisher.close)
        publisher.start()
    return f"{prefix}/DEVICE/SIGNAL"


def _publish_sparkplug(served: Served, broker: "Broker", settings: MqttSettings, stack: AsyncExitStack) -> str:
    from device_emulators.faces.sparkplug_node import SparkplugNode

    group, name = settings.prefix, served.name
    node = SparkplugNode(served.hosts, broker, served.origin, served.clock, group, name, settings.primary_host)
    stack.push_async_callback(node.close)
    node.start()
    return f"spBv1.0/{group}/+/{name}/DEVICE"
