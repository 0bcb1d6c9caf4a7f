"""Serves the emulated devices of a bridge: all on one Modbus port, one OPC UA server, one broker."""

from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

from device_emulators.faces.clock import Clock
from device_emulators.faces.image import HostImage
from device_emulators.faces.modbus_tcp import ModbusTcpServer
from device_emulators.faces.modbus_units import Units
from device_emulators.faces.serving import (
    MOST_UNITS,
    FaceError,
    MqttSettings,
    Served,
    TcpPlace,
    open_mqtt,
    parse_modbus,
)
from hil.bridge.node_devices import NodeDevice
from hil.bridge.settings import Bench


async def serve(
    devices: tuple[NodeDevice, ...], bench: Bench, origin: datetime, clock: Clock, stack: AsyncExitStack
) -> dict[str, Any]:
    """Open the faces that a bench asks for, until `stack` is closed; returns where they are. `origin` is the instant
    of twin time 0. FaceError and OSError when that cannot be."""
    faces: dict[str, Any] = {}
    if not devices:
        return faces
    if bench.modbus:
        faces["modbus"] = await _serve_modbus(devices, bench.modbus, origin, clock, stack)
    if bench.opcua:
        faces["opcua"] = await _serve_opcua(devices, bench.opcua, origin, clock, stack)
    if bench.mqtt:
        for device in devices:
            served = Served((device.host,), device.bound(), origin, clock)
            faces["mqtt"] = await open_mqtt(served, bench.mqtt, MqttSettings(), stack)
    return faces


async def _serve_modbus(
    devices: tuple[NodeDevice, ...], where: str, origin: datetime, clock: Clock, stack: AsyncExitStack
) -> dict[str, Any]:
    place = parse_modbus(where)
    if not isinstance(place, TcpPlace):
        raise FaceError("the devices of a bench are served over TCP: HOST:PORT")
    if len(devices) > MOST_UNITS:
        raise FaceError(f"{len(devices)} devices are more than the {MOST_UNITS} units behind one Modbus address")
    units, numbers = Units(), {}
    for unit, device in enumerate(devices, 1):
        origin_ms = round(origin.timestamp() * 1000)
        image = HostImage(device.host, device.bound(), device.type_number, origin_ms, clock.now_ms)
        stack.callback(image.close)
        units.add(unit, image)
        numbers[device.host.name] = unit
    server = ModbusTcpServer(units, place.host, place.port)
    host, port = await server.start()
    stack.push_async_callback(server.close)
    return {"host": host, "port": port, "units": numbers}


async def _serve_opcua(
    devices: tuple[NodeDevice, ...], url: str, origin: datetime, clock: Clock, stack: AsyncExitStack
) -> dict[str, Any]:
    from device_emulators.faces.addresses import AddressError
    from device_emulators.faces.opcua_security import OpcuaSecurity
    from device_emulators.faces.opcua_server import OpcuaServer

    try:
        server = OpcuaServer(url, origin, clock, OpcuaSecurity())
        for device in devices:
            await server.add(device.host, device.bound().nodes)
        await server.start()
    except AddressError as error:
        raise FaceError(str(error)) from None
    stack.push_async_callback(server.stop)
    return {"url": server.url}
