"""A node's device over Modbus TCP or RTU: asked again and again."""

from collections.abc import Callable
from typing import Final

from device_emulators.catalog import KINDS
from device_emulators.signals import SignalError
from hil.bindings.connection import AnswerError, LinkError
from hil.bindings.modbus_address import parse_address
from hil.bindings.modbus_client import ModbusClient, client_name
from hil.bindings.modbus_clients import ModbusClients
from hil.bindings.modbus_device import Identity, ModbusDevice
from hil.bridge.link import Binding, Seen, Told, whole_units
from hil.bridge.node_devices import NodeDevice

_BAD: Final = 2
_NOT_THERE: Final = (1, 2)
"""Exceptions that say that there is no such function or address."""


def _type_named(number: int) -> str:
    name = next((f"a {name.replace('_', ' ')}" for name, kind in KINDS.items() if kind.number == number), "unknown")
    return f"{name} (type {number})"


class ModbusLink:
    """A DeviceLink. ValueError: not an address, or not a map of the device."""

    def __init__(
        self, binding: Binding, device: NodeDevice, unit_offset: int, clients: ModbusClients, poll_s: float
    ) -> None:
        """The unit is the address's, and `unit_offset` more for the further devices of a node."""
        self.pause_s = poll_s
        self._address, unit = parse_address(binding.url)
        self._unit = unit + unit_offset
        self.where = f"{client_name(self._address)}, unit {self._unit}"
        self._bound = device.bound_to(binding.map)
        if not self._bound.on_modbus:
            raise ValueError(f"{binding.map} has no section `modbus`")
        self._clients = clients
        self._client: ModbusClient | None = None
        self._type_number = device.type_number
        self._signals = [slot.signal for slot in device.slots]
        self._item_signals = [slot.item_signal for slot in device.slots]
        self._journal_signals = device.journal_signals()

    @property
    def problem(self) -> str:
        return "not connected yet" if self._client is None else self._client.problem

    async def start(self, changed: Callable[[], None]) -> None:
        """Modbus does not tell by itself: `changed` is never called."""
        self._client = await self._clients.take(self._address)
        self._device = ModbusDevice(self._client, self._unit, self._bound, self._journal_signals)

    async def close(self) -> None:
        if self._client is not None:
            self._client = None
            await self._clients.give_back(self._address)

    async def wait_connected(self) -> None:
        if self._client is not None:
            await self._client.wait_connected()

    async def sequence(self) -> int | None:
        return self._checked(await self._device.identity()).sequence if self._bound.identity else None

    async def seen(self) -> Seen:
        self._checked(await self._device.identity())  # another type need not have the registers that are read next
        try:
            snapshot = await self._device.snapshot()
        except SignalError as error:
            raise LinkError(str(error)) from None
        self._checked(snapshot.identity)
        if not snapshot.consistent:
            raise LinkError("it changes faster than it can be read")
        values = snapshot.values
        units = {name: whole_units(values[name], name) for name in self._signals}
        return Seen(snapshot.identity.sequence, units, {n: str(values[n]) for n in self._item_signals if n in values})

    async def told(self, after: int) -> Told | None:
        if self._bound.journal is None:
            return None
        try:
            part = await self._device.journal(after)
        except AnswerError as error:
            if error.code in _NOT_THERE:
                return None
            raise
        changes = [
            change._replace(value=whole_units(change.value, change.signal))
            for change in part.changes
            if change.signal in self._signals
        ]
        return Told(tuple(changes), part.newest, part.lost, part.restarted)

    async def tell(self, signal: str, units: int) -> None:
        await self._device.write(signal, units)

    def _checked(self, identity: Identity) -> Identity:
        """Another device's registers, and values that it calls bad, are not read for numbers of units."""
        if not self._bound.identity:
            return identity
        if identity.type_number != self._type_number:
            found, expected = _type_named(identity.type_number), _type_named(self._type_number)
            raise LinkError(f"unit {self._unit} is {found}, expected {expected}")
        if identity.status == _BAD:
            raise LinkError("it says that its values are bad")
        return identity
