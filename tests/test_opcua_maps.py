"""Every entry of every map file, read, written and called over OPC UA."""

import asyncio
from datetime import UTC, datetime

import pytest

from device_emulators.faces.host import Host
from device_emulators.faces.opcua_server import OpcuaServer
from device_emulators.signals import SignalType
from hil.bindings.opcua_client import OpcuaAnswerError, OpcuaClient
from hil.bindings.opcua_device import OpcuaDevice

catalog = pytest.importorskip("device_emulators.catalog", reason="no map files here yet")

ORIGIN = datetime(2026, 1, 5, tzinfo=UTC)
ORIGIN_MS = round(ORIGIN.timestamp() * 1000)


def mapped_hosts() -> dict:
    """A usual device of each type that has a map, with its nodes."""
    from device_emulators.faces.map_checks import bind
    from device_emulators.faces.map_file import builtin_map, map_names

    found = {}
    for kind in map_names():
        device = catalog.KINDS[kind].usual(kind, lambda: 0.5)
        found[kind] = (Host(kind, device), bind(builtin_map(kind), device.signals).nodes)
    return found


def something_for(signal, reading):
    """A value that the signal takes: what it shows, or for a command true or the lowest."""
    if reading is not None:
        return reading.value
    if signal.type is SignalType.BOOL:
        return True
    if signal.type is SignalType.TEXT:
        return signal.choices[0] if signal.choices else "x"
    return type(signal.checked(signal.low or 0))(signal.low or 0)


def test_every_map_entry_is_read_written_and_called() -> None:
    async def run() -> None:
        hosts = mapped_hosts()
        server = OpcuaServer("opc.tcp://127.0.0.1:0", ORIGIN)
        for host, nodes in hosts.values():
            await server.add(host, nodes)
        async with server, OpcuaClient(server.url, timeout_s=20) as client:
            devices = {kind: OpcuaDevice(client, kind, nodes) for kind, (_, nodes) in hosts.items()}
            await asyncio.wait_for(client.wait_connected(), 30)
            told, refusals = 0, set()
            for kind, (host, nodes) in hosts.items():
                snapshot = await devices[kind].snapshot()
                shown = {name: reading.value for name, reading in snapshot.readings.items()}
                assert shown == {name: reading.value for name, reading in host.readings().items()}, kind
                for node in nodes:
                    if not node.signal.writable:
                        continue
                    value = something_for(node.signal, host.readings().get(node.signal.name))
                    try:
                        await devices[kind].write(node.signal.name, value)
                    except OpcuaAnswerError as error:
                        refusals.add(error.name)
                    told += 1
                journal = await devices[kind].journal(0)
                there = [change._replace(time_ms=change.time_ms + ORIGIN_MS) for change in host.journal]
                assert list(journal.changes) == there, kind
            assert told > 20
            assert refusals <= {"BadInvalidState"}  # what a device cannot do now

    asyncio.run(run())
