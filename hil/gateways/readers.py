"""What a gateway asks of a device, whichever protocol it is read by: values with counter and time, and the journal."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple, Protocol

from device_emulators.faces.host import Change
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map
from device_emulators.signals import SignalError
from hil.bindings.connection import BackOff, DeviceError
from hil.bindings.modbus_address import TcpAddress
from hil.bindings.modbus_client import ModbusClient
from hil.bindings.modbus_device import ModbusDevice
from hil.bindings.signals import signals_of
from hil.gateways.settings import Settings, Source

BACK_OFF = BackOff(first_s=0.2, longest_s=2.0)
"""Between two tries to connect to devices."""


class ReadError(Exception):
    """The device cannot be read at present; the message says why."""


class Part(NamedTuple):
    """What is new in a journal after some number: as of ModbusDevice.journal. Times are ms since 1970."""

    changes: Sequence[Change]
    newest: int
    lost: int
    restarted: bool


class State(NamedTuple):
    """All current values, each with the counter and time that it is reported with. `sequence`: the device's counter."""

    sequence: int
    values: Sequence[Change]


class Reader(Protocol):
    """One device. Its methods raise ReadError."""

    async def journal(self, after: int) -> Part:
        """The changes with numbers over `after` that are still there."""
        ...

    async def state(self, known: int) -> State | None:
        """All values; None when the device's counter is still `known`."""
        ...


class ModbusReader:
    """Over Modbus, where a value has the counter of the device, and the time at which it was read."""

    def __init__(self, device: ModbusDevice) -> None:
        self._device = device

    async def journal(self, after: int) -> Part:
        try:
            part = await self._device.journal(after)
        except (DeviceError, SignalError) as error:
            raise ReadError(str(error)) from error
        return Part(part.changes, part.newest, part.lost, part.restarted)

    async def state(self, known: int) -> State | None:
        try:
            if (await self._device.identity()).sequence == known:
                return None
            snapshot = await self._device.snapshot()
        except (DeviceError, SignalError) as error:
            raise ReadError(str(error)) from error
        if not snapshot.consistent:
            raise ReadError("it changes faster than it can be read")
        identity = snapshot.identity
        values = [Change(identity.sequence, identity.time_ms, name, value) for name, value in snapshot.values.items()]
        return State(identity.sequence, values)


async def open_readers(settings: Settings, stack: AsyncExitStack) -> dict[str, Reader]:
    """Connections to all devices, which last as long as the stack; a protocol is imported when it is wanted."""
    readers: dict[str, Reader] = {}
    for source in settings.devices:
        if source.unit is not None:
            # each has a connection: on a common one, a device that does not answer holds up all others
            client = await stack.enter_async_context(make_client(settings))
            readers[source.name] = ModbusReader(make_device(client, source))
    if len(readers) < len(settings.devices):
        from hil.gateways.opcua_reader import open_opcua_readers

        readers |= await open_opcua_readers(settings, stack)
    return readers


def make_client(settings: Settings) -> ModbusClient:
    """A Modbus connection to the devices."""
    address = TcpAddress(settings.modbus_host, settings.modbus_port)
    return ModbusClient(address, timeout_s=settings.answer_ms / 1000, back_off=BACK_OFF)


def make_device(client: ModbusClient, source: Source) -> ModbusDevice:
    """One device behind the Modbus connection."""
    assert source.unit is not None
    signals = signals_of(source.type, source.slots)
    return ModbusDevice(client, source.unit, bind(builtin_map(source.type), signals), tuple(signals.values()))
