"""A device that is elsewhere, as a node reads it: numbers of units, and what its journal tells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from device_emulators.faces.host import Change
from hil.bindings.connection import LinkError
from hil.bindings.modbus_address import EXPECTED, parse_address
from hil.bindings.modbus_clients import ModbusClients
from hil.bindings.opcua_address import SCHEME, parse_opcua
from hil.bridge.node_devices import NodeDevice

POLL_S: Final = 0.2
"""How often a device is asked whether something has changed, where its protocol does not tell by itself."""


class Seen(NamedTuple):
    """The number of the device's last change, units by slot signal, names of items by the signals that tell them."""

    sequence: int
    units: dict[str, int]
    items: dict[str, str]


class Told(NamedTuple):
    """What the journal tells of the units since some number. `lost` changes, of whatever signal, were overwritten;
    `restarted`: numbers began anew."""

    changes: tuple[Change, ...]
    newest: int
    lost: int
    restarted: bool


class DeviceLink(Protocol):
    """What it does with the device raises DeviceError."""

    pause_s: float
    """How long to wait at most until it is asked again."""

    where: str
    """Which device it is, the same for whoever reads it."""

    @property
    def problem(self) -> str:
        """Why there is no connection; empty when there is one."""

    async def start(self, changed: Callable[[], None]) -> None:
        """Begin to connect; connections that are lost come back by themselves, with back-off. `changed` is called when
        there may be something new, the connection's end included, where the protocol tells that."""

    async def close(self) -> None:
        """Disconnect for good."""

    async def wait_connected(self) -> None:
        """Until there is a connection."""

    async def sequence(self) -> int | None:
        """The number of the device's last change; None: it does not count them."""

    async def seen(self) -> Seen:
        """What it shows at one instant."""

    async def told(self, after: int) -> Told | None:
        """What its journal has after a number; None: it has no journal."""

    async def tell(self, signal: str, units: int) -> None:
        """Command it. AnswerError: it refuses; SignalError: it cannot be told that."""


@dataclass(frozen=True)
class Binding:
    """Where the devices of a node are: a URL, a map file in place of their types' maps, and a folder of keys for OPC UA
    as `mro-twin hil keys` makes it. `dead_band`: units by which their counts may waver. `levels`: they are told the
    levels of the node's policy; otherwise nothing is written to them."""

    url: str
    map: Path | None = None
    keys: Path | None = None
    dead_band: int = 0
    levels: bool = True


def check_url(url: str) -> None:
    """ValueError unless it is an address of a device, with all forms that there are."""
    if url.startswith(f"{SCHEME}:"):
        parse_opcua(url)
    elif url.startswith(("modbus:", "modbus-rtu:")):
        parse_address(url)
    else:
        raise ValueError(f"not an address of a device; {EXPECTED}, or over OPC UA opc.tcp://HOST:4840/#tank-1")


def open_links(
    binding: Binding, devices: Sequence[NodeDevice], clients: ModbusClients, poll_s: float = POLL_S
) -> tuple[DeviceLink, ...]:
    """A link to each device of a node, not started. ValueError, OSError: that cannot be."""
    check_url(binding.url)
    if binding.url.startswith(f"{SCHEME}:"):
        from hil.bridge.opcua_link import open_opcua_links

        return open_opcua_links(binding, devices, clients.back_off)
    from hil.bridge.modbus_link import ModbusLink

    if binding.keys is not None:
        raise ValueError("Modbus knows no keys")
    return tuple(ModbusLink(binding, device, place, clients, poll_s) for place, device in enumerate(devices))


def whole_units(value: object, name: str) -> int:
    """A number of units that a device shows. LinkError: it is none."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise LinkError(f"{name} is {value!r}; expected a number of units")
    return value
