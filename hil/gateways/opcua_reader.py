"""Reads devices over OPC UA, where each value has the counter and time of its own last change."""

import asyncio
import contextlib
from contextlib import AsyncExitStack

from device_emulators.faces.host import Change, Status
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map
from hil.bindings.connection import DeviceError
from hil.bindings.opcua_client import OpcuaClient
from hil.bindings.opcua_device import OpcuaDevice
from hil.bindings.signals import signals_of
from hil.gateways.readers import BACK_OFF, Part, Reader, ReadError, State
from hil.gateways.settings import Settings


class OpcuaReader:
    """One device."""

    def __init__(self, device: OpcuaDevice) -> None:
        self._device = device

    async def journal(self, after: int) -> Part:
        try:
            part = await self._device.journal(after)
        except (DeviceError, KeyError, ValueError) as error:
            raise ReadError(str(error)) from error
        return Part(part.changes, part.newest, part.lost, part.restarted)

    async def state(self, known: int) -> State | None:
        try:
            snapshot = await self._device.snapshot()
        except (DeviceError, KeyError, ValueError) as error:
            raise ReadError(str(error)) from error
        if not snapshot.consistent:
            raise ReadError("it changes faster than it can be read")
        if snapshot.sequence == known:
            return None
        values = [
            Change(reading.number, reading.time_ms, name, reading.value)
            for name, reading in snapshot.readings.items()
            if reading.status is not Status.BAD
        ]
        return State(snapshot.sequence, values)


async def open_opcua_readers(settings: Settings, stack: AsyncExitStack) -> dict[str, Reader]:
    """One connection for all devices that are read over OPC UA; the first try to connect has been made."""
    assert settings.opcua_url is not None
    timeout_s = settings.answer_ms / 1000
    client = OpcuaClient(settings.opcua_url, timeout_s=timeout_s, back_off=BACK_OFF)
    readers: dict[str, Reader] = {}
    for source in settings.devices:
        if source.unit is None:
            signals = signals_of(source.type, source.slots)
            readers[source.name] = OpcuaReader(
                OpcuaDevice(client, source.name, bind(builtin_map(source.type), signals).nodes)
            )
    await stack.enter_async_context(client)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(client.wait_connected(), timeout_s)
    return readers
