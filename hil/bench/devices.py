"""Devices as a test sees them: emulated ones, and real ones behind their protocols."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

from device_emulators.faces.host import Host
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map, load_map
from device_emulators.faces.mapping import BoundMap
from device_emulators.signals import Signal, SignalError, Value
from hil.accept.processes import RigError
from hil.bench.file import OPCUA, BenchFile
from hil.bindings.modbus_address import LineAddress, TcpAddress, parse_address
from hil.bindings.modbus_client import ModbusClient
from hil.bindings.modbus_device import ModbusDevice
from hil.bindings.signals import signals_of
from hil.relays.record import Clock


class DeviceOfBench(Protocol):
    """Reads and writes signals. Errors are those of the protocol's binding; SignalError: there is no such signal."""

    async def read(self, signal: str) -> Value: ...
    async def write(self, signal: str, value: object) -> None: ...


class EmulatedDevice:
    """A host of the rig."""

    def __init__(self, host: Host, clock: Clock) -> None:
        self.host = host
        self._clock = clock

    async def read(self, signal: str) -> Value:
        self.host.advance(self._clock.now_ms())
        return self.host.reading(signal).value

    async def write(self, signal: str, value: object) -> None:
        self.host.advance(self._clock.now_ms())
        self.host.write(signal, value)


class _RealModbus:
    def __init__(self, device: ModbusDevice) -> None:
        self._device = device

    async def read(self, signal: str) -> Value:
        return _one((await self._device.snapshot()).values, signal)

    async def write(self, signal: str, value: object) -> None:
        await self._device.write(signal, value)


async def open_devices(bench: BenchFile, types: Mapping[str, str], stack: AsyncExitStack) -> dict[str, DeviceOfBench]:
    """Connections to the devices of a bench, until the stack ends. RigError: one is not there; MapError."""
    devices: dict[str, DeviceOfBench] = {}
    clients: dict[TcpAddress | LineAddress, ModbusClient] = {}
    written: dict[TcpAddress | LineAddress, str] = {}
    over_opcua = {name: entry for name, entry in bench.devices.items() if entry.address.startswith(OPCUA)}
    for name, entry in bench.devices.items():
        if name in over_opcua:
            continue
        address, unit = parse_address(entry.address)
        if address not in clients:
            written[address] = entry.address
            clients[address] = await stack.enter_async_context(ModbusClient(address))
        signals = signals_of(types[name], entry.slots)
        device = ModbusDevice(clients[address], unit, _bound(types[name], entry.map, signals), tuple(signals.values()))
        devices[name] = _RealModbus(device)
    for address, client in clients.items():
        try:
            await asyncio.wait_for(client.wait_connected(), bench.connect_within / 1000)
        except TimeoutError:
            raise RigError(f"nobody answers at {written[address]}") from None
    if over_opcua:
        from hil.bench.opcua_devices import open_opcua_devices

        bound = {
            name: _bound(types[name], one.map, signals_of(types[name], one.slots)) for name, one in over_opcua.items()
        }
        devices |= await open_opcua_devices(over_opcua, bound, bench.connect_within / 1000, stack)
    return devices


def _bound(kind: str, file: Path | None, signals: Mapping[str, Signal]) -> BoundMap:
    return bind(builtin_map(kind) if file is None else load_map(file), signals)


def _one(values: Mapping[str, Value], signal: str) -> Value:
    if signal not in values:
        raise SignalError(f"there is no signal {signal!r} to be read; there are {', '.join(values)}")
    return values[signal]
