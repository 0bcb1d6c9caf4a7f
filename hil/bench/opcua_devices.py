"""Real devices of a bench over OPC UA."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

from device_emulators.faces.mapping import BoundMap
from device_emulators.signals import SignalError, Value
from hil.accept.processes import RigError
from hil.bench.file import BenchDevice
from hil.bindings.opcua_client import OpcuaClient
from hil.bindings.opcua_device import OpcuaDevice


class RealOpcua:
    """One object of a server."""

    def __init__(self, device: OpcuaDevice) -> None:
        self._device = device

    async def read(self, signal: str) -> Value:
        readings = (await self._device.snapshot()).readings
        if signal not in readings:
            raise SignalError(f"there is no signal {signal!r} to be read; there are {', '.join(readings)}")
        return readings[signal].value

    async def write(self, signal: str, value: object) -> None:
        await self._device.write(signal, value)


async def open_opcua_devices(
    entries: Mapping[str, BenchDevice], bound: Mapping[str, BoundMap], within_s: float, stack: AsyncExitStack
) -> dict[str, RealOpcua]:
    """One connection per server, until the stack ends. RigError: one is not there."""
    clients = {address: OpcuaClient(address) for address in {entry.address for entry in entries.values()}}
    devices = {
        name: RealOpcua(OpcuaDevice(clients[entry.address], entry.node or name, bound[name].nodes))
        for name, entry in entries.items()
    }
    for client in clients.values():
        await stack.enter_async_context(client)
        try:
            await asyncio.wait_for(client.wait_connected(), within_s)
        except TimeoutError:
            raise RigError(f"nobody answers at {client.url}") from None
    return devices
