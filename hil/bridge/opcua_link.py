"""A node's device over OPC UA: its subscription tells when something has changed."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from device_emulators.faces.addresses import AddressError, is_loopback
from device_emulators.faces.host import Status
from hil.bindings.connection import BackOff, LinkError
from hil.bindings.opcua_address import ObjectPath, OpcuaAddress, parse_opcua
from hil.bindings.opcua_client import OpcuaClient, OpcuaLogin
from hil.bindings.opcua_device import OpcuaDevice, OpcuaSnapshot
from hil.bridge.link import Binding, DeviceLink, Seen, Told, whole_units
from hil.bridge.node_devices import NodeDevice

CHECK_S: Final = 5.0
"""How often a device is asked although its subscription tells nothing."""

PASSWORD_VARIABLE: Final = "MRO_TWIN_OPCUA_PASSWORD"
_TRIES: Final = 3


class OpcuaLink:
    """A DeviceLink, with a session of its own."""

    pause_s = CHECK_S

    def __init__(self, client: OpcuaClient, where: ObjectPath, device: NodeDevice, binding: Binding) -> None:
        """`client` is not started yet. ValueError: not a map of the device."""
        self.where = "/".join((client.url, *where.folder, where.name))
        bound = device.bound_to(binding.map)
        if not bound.on_opcua:
            raise ValueError(f"{binding.map} has no section `opcua`")
        self._client = client
        self._changed: Callable[[], None] = lambda: None
        self._signals = [slot.signal for slot in device.slots]
        self._item_signals = [slot.item_signal for slot in device.slots]
        self._device = OpcuaDevice(
            client,
            where.name,
            bound.nodes,
            folder=where.folder,
            namespace=where.namespace,
            on_change=lambda: self._changed(),
        )
        self._epoch = 0

    @property
    def problem(self) -> str:
        return self._client.problem

    async def start(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._client.on_state = lambda connected: changed()
        await self._client.start()

    async def close(self) -> None:
        await self._client.close()

    async def wait_connected(self) -> None:
        await self._client.wait_connected()

    async def sequence(self) -> int | None:
        return (await self._snapshot()).sequence if self._device.counts else None

    async def seen(self) -> Seen:
        for _ in range(_TRIES):
            snapshot = await self._snapshot()
            if snapshot.consistent:
                break
        else:
            raise LinkError("it changes faster than it can be read")
        self._epoch = snapshot.epoch
        readings = snapshot.readings
        units = {name: whole_units(readings[name].value, name) for name in self._signals}
        items = {name: one.value for name in self._item_signals if (one := readings.get(name)) is not None}
        return Seen(snapshot.sequence, units, {name: item for name, item in items.items() if isinstance(item, str)})

    async def told(self, after: int) -> Told | None:
        try:
            part = await self._device.journal(after)
        except ValueError:
            return None
        changes = [
            change._replace(value=whole_units(change.value, change.signal))
            for change in part.changes
            if change.signal in self._signals
        ]
        return Told(tuple(changes), part.newest, part.lost, part.restarted or part.epoch != self._epoch)

    async def tell(self, signal: str, units: int) -> None:
        await self._device.write(signal, units)

    async def _snapshot(self) -> OpcuaSnapshot:
        snapshot = await self._device.snapshot()
        for name in self._signals:
            if snapshot.readings[name].status is Status.BAD:
                raise LinkError(f"it says that {name} is bad")
        return snapshot


def open_opcua_links(
    binding: Binding, devices: Sequence[NodeDevice], back_off: BackOff, environment: Mapping[str, str] = os.environ
) -> tuple[DeviceLink, ...]:
    """A link to each device of a node, not started. ValueError, OSError: that cannot be."""
    address = parse_opcua(binding.url)
    objects = address.objects or tuple(ObjectPath.parse(device.host.name) for device in devices)
    if len(objects) != len(devices):
        raise AddressError(f"{len(objects)} objects are named; the node has {len(devices)} devices")
    login = read_login(address, binding.keys, environment)
    return tuple(
        OpcuaLink(OpcuaClient(address.url, login, back_off=back_off), where, device, binding)
        for where, device in zip(objects, devices, strict=True)
    )


def read_login(address: OpcuaAddress, keys: Path | None, environment: Mapping[str, str] = os.environ) -> OpcuaLogin:
    """How to log in there: with the client's certificate of a folder that `mro-twin hil keys` made, where the server's
    is known when it lies there, too. A user's password is the first line of the file `password` in the folder, else
    the variable MRO_TWIN_OPCUA_PASSWORD. AddressError, OSError."""
    password = None
    if address.user is not None:
        if keys is None and not is_loopback(address.host):
            raise AddressError("a user needs keys: without them the password would pass in clear")
        file = None if keys is None else keys / "password"
        if file is not None and file.exists():
            password = next(iter(file.read_text(encoding="utf-8").splitlines()), "")
        else:
            password = environment.get(PASSWORD_VARIABLE)
        if not password:
            raise AddressError(
                f"there is no password: put it into {file or 'a folder of keys'}, or {PASSWORD_VARIABLE}"
            )
    if keys is None:
        return OpcuaLogin(user=address.user, password=password)
    certificate, private_key, server = (keys / name for name in _FILES)
    for path in (certificate, private_key):
        path.open("rb").close()
    return OpcuaLogin(certificate, private_key, server if server.exists() else None, address.user, password)


_FILES: Final = ("opcua-client.pem", "opcua-client-key.pem", "opcua-server.pem")
