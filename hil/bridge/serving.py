"""Serves the emulated devices of a bridge: all on one Modbus port, one OPC UA server, one broker."""

from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

from device_emulators.faces.clock import Clock
from device_emulators.faces.serving import (
    FaceError,
    MqttSettings,
    Served,
    TcpPlace,
    open_modbus,
    open_mqtt,
    open_opcua,
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
    served = Served("twin", tuple((device.host, device.bound()) for device in devices), origin, clock)
    if bench.modbus:
        place = parse_modbus(bench.modbus)
        if not isinstance(place, TcpPlace):
            raise FaceError("the devices of a bench are served over TCP: HOST:PORT")
        units = {device.host.name: unit for unit, device in enumerate(devices, 1)}
        faces["modbus"] = await open_modbus(served, place, stack) | {"units": units}
    if bench.opcua:
        faces["opcua"] = await open_opcua(served, bench.opcua, stack, bench.keys, bench.insecure)
    if bench.mqtt:
        faces["mqtt"] = await open_mqtt(served, bench.mqtt, MqttSettings(), stack)
    return faces
