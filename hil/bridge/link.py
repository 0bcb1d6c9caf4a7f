"""A device that is elsewhere, as a node reads it: numbers of units, and what its journal tells."""

from typing import NamedTuple, Protocol

from device_emulators.faces.host import Change
from device_emulators.signals import SignalError, Value
from hil.bindings.connection import AnswerError, BackOff, LinkError
from hil.bindings.modbus_address import parse_address
from hil.bindings.modbus_client import ModbusClient
from hil.bindings.modbus_device import ModbusDevice
from hil.bridge.node_devices import NodeDevice


class DeviceLinkError(Exception):
    """The device does not answer, or not as its map says."""


class Seen(NamedTuple):
    """Units by slot signal, and the number of the device's last change."""

    sequence: int
    units: dict[str, int]


class Told(NamedTuple):
    """What the journal tells of the units since some number. `lost` changes, of whatever signal, were overwritten;
    `restarted`: numbers began anew."""

    changes: tuple[Change, ...]
    newest: int
    lost: int
    restarted: bool


class DeviceLink(Protocol):
    """Raises DeviceLinkError from `sequence`, `seen` and `told`."""

    async def start(self) -> None:
        """Begin to connect; connections that are lost come back by themselves, with back-off."""

    async def close(self) -> None:
        """Disconnect for good."""

    async def wait_connected(self) -> None:
        """Until there is a connection."""

    async def sequence(self) -> int:
        """The number of the device's last change."""

    async def seen(self) -> Seen:
        """What it shows at one instant."""

    async def told(self, after: int) -> Told | None:
        """What its journal has after a number; None: it has no journal."""


class ModbusLink:
    """A DeviceLink over Modbus TCP or RTU. ValueError: not an address."""

    def __init__(self, url: str, device: NodeDevice, unit_offset: int = 0, back_off: BackOff | None = None) -> None:
        """The unit is the address's, and `unit_offset` more for the further devices of a node."""
        address, unit = parse_address(url)
        self._client = ModbusClient(address, back_off=back_off)
        self._type_number = device.type_number
        self._signals = {slot.signal: device.host.signals[slot.signal] for slot in device.slots}
        self._device = ModbusDevice(self._client, unit + unit_offset, device.bound(), device.journal_signals())

    async def start(self) -> None:
        await self._client.start()

    async def close(self) -> None:
        await self._client.close()

    async def wait_connected(self) -> None:
        await self._client.wait_connected()

    async def sequence(self) -> int:
        try:
            identity = await self._device.identity()
        except (LinkError, AnswerError) as error:
            raise DeviceLinkError(str(error)) from None
        if identity.type_number != self._type_number:
            message = f"it is a device of type number {identity.type_number}; expected {self._type_number}"
            raise DeviceLinkError(message)
        return identity.sequence

    async def seen(self) -> Seen:
        await self.sequence()
        try:
            snapshot = await self._device.snapshot()
        except (LinkError, AnswerError) as error:
            raise DeviceLinkError(str(error)) from None
        if not snapshot.consistent:
            raise DeviceLinkError("it changes faster than it can be read")
        units = {name: self._units(name, snapshot.values[name]) for name in self._signals}
        return Seen(snapshot.identity.sequence, units)

    async def told(self, after: int) -> Told | None:
        try:
            part = await self._device.journal(after)
        except ValueError:
            return None
        except (LinkError, AnswerError) as error:
            if self._client.connected:
                return None  # the device is there, and has no journal such as its map says
            raise DeviceLinkError(str(error)) from None
        changes = tuple(
            change._replace(value=self._units(change.signal, change.value))
            for change in part.changes
            if change.signal in self._signals
        )
        return Told(changes, part.newest, part.lost, part.restarted)

    def _units(self, name: str, value: Value) -> int:
        try:
            return int(self._signals[name].checked(value))
        except SignalError as error:
            raise DeviceLinkError(str(error)) from None
