"""Devices behind an OPC UA server on a free port, and what a client says of them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from asyncua import Client, ua

from device_emulators.faces.host import Host
from device_emulators.faces.opcua_nodes import PlainNode, plain_nodes
from device_emulators.faces.opcua_server import NAMESPACE, OpcuaServer
from tests.device_samples import all_devices

ORIGIN = datetime(2026, 1, 5, 6, tzinfo=UTC)


class StoppedClock:
    """Stands until a test moves it."""

    def __init__(self, now_ms: int = 0) -> None:
        self.time_ms = now_ms

    def now_ms(self) -> int:
        return self.time_ms


def shaped_nodes(host: Host) -> tuple[PlainNode, ...]:
    """Nodes in folders: slot_1_count becomes Slot1/Count; texts with choices become numbers."""
    shaped = []
    for node in plain_nodes(host.signals):
        parts = node.signal.name.split("_")
        path = (f"Slot{parts[1]}", parts[2].title()) if parts[0] == "slot" else ("".join(parts).title(),)
        shaped.append(PlainNode(node.signal, path, "Int32" if node.signal.choices else node.type, node.method))
    return tuple(shaped)


class Rig:
    """A server that is up, its hosts by kind, and a client of it."""

    def __init__(self, hosts: dict[str, Host], clock: StoppedClock, server: OpcuaServer, client: Client, index: int):
        self.hosts, self.clock, self.server, self.client, self.index = hosts, clock, server, client, index

    def node(self, path: str):
        return self.client.get_node(f"ns={self.index};s={path}")

    async def value(self, path: str) -> ua.DataValue:
        return await self.node(path).read_data_value(raise_on_bad_status=False)

    async def call(self, path: str, *arguments: ua.Variant):
        return await self.node(path.rpartition("/")[0]).call_method(self.node(path), *arguments)


@asynccontextmanager
async def opcua_rig(kinds: Iterable[str] = ("vending", "tank", "weigh")) -> AsyncIterator[Rig]:
    clock = StoppedClock()
    samples = all_devices()
    hosts = {kind: Host(kind, samples[kind]) for kind in kinds}
    server = OpcuaServer("opc.tcp://127.0.0.1:0", ORIGIN, clock)
    for host in hosts.values():
        await server.add(host, shaped_nodes(host))
    async with server, Client(server.url, timeout=20) as client:
        yield Rig(hosts, clock, server, client, await client.get_namespace_index(NAMESPACE))


class Notices:
    """Collects the notifications of a subscription."""

    def __init__(self) -> None:
        self.came: list[tuple[str, ua.DataValue]] = []
        self._more = asyncio.Event()

    def datachange_notification(self, node, value, data) -> None:
        self.came.append((str(node.nodeid.Identifier), data.monitored_item.Value))
        self._more.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.came) < count:
                self._more.clear()
                await self._more.wait()
