"""Every entry of every map file, read, written and called over OPC UA."""

import asyncio
from datetime import UTC, datetime

import pytest
from asyncua import Client, ua

from device_emulators.catalog import KINDS
from device_emulators.faces.host import Host
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map, map_names
from device_emulators.faces.opcua_nodes import meant, shown
from device_emulators.faces.opcua_server import NAMESPACE, OpcuaServer
from device_emulators.signals import RefusedError, SignalType
from hil.bindings.connection import AnswerError
from hil.bindings.opcua_client import OpcuaClient
from hil.bindings.opcua_device import OpcuaDevice

ORIGIN = datetime(2026, 1, 5, tzinfo=UTC)
ORIGIN_MS = round(ORIGIN.timestamp() * 1000)


def mapped_hosts() -> dict:
    """A usual device of each type that has a map, with its nodes."""
    found = {}
    for kind in map_names():
        device = KINDS[kind].usual(kind, lambda: 0.5)
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
                    except AnswerError as error:
                        refusals.add(error.code)
                    told += 1
                journal = await devices[kind].journal(0)
                there = [change._replace(time_ms=change.time_ms + ORIGIN_MS) for change in host.journal]
                assert list(journal.changes) == there, kind
            assert told > 20
            assert refusals <= {"BadInvalidState"}  # what a device cannot do now

    asyncio.run(run())


def test_asyncuas_own_client_reads_writes_and_calls_every_node() -> None:
    async def run() -> None:
        hosts = mapped_hosts()
        server = OpcuaServer("opc.tcp://127.0.0.1:0", ORIGIN)
        for host, nodes in hosts.values():
            await server.add(host, nodes)
        async with server, Client(server.url, timeout=20) as client:
            index = await client.get_namespace_index(NAMESPACE)
            devices = await client.nodes.objects.get_child([f"{index}:Devices"])
            assert len(await devices.get_children()) == len(hosts) == len(KINDS)
            told = 0
            for kind, (host, nodes) in hosts.items():
                for one in nodes:
                    node = await devices.get_child([f"{index}:{part}" for part in (kind, *one.path)])
                    if one.method:
                        assert await node.read_node_class() == ua.NodeClass.Method
                        given = (ua.Variant(something_for(one.signal, None), ua.VariantType[one.type]),)
                        action = (await node.get_parent()).call_method(node, *given[: one.takes_argument])
                        told += await carried_out(action, host, one, True if one.type == "Boolean" else given[0].Value)
                        continue
                    value = (await node.read_data_value()).Value
                    reading = host.reading(one.signal.name)
                    assert value == ua.Variant(shown(reading.value, one.signal, one.type), ua.VariantType[one.type])
                    assert await (await node.get_child([f"{index}:Number"])).read_value() == reading.number
                    if one.writable:
                        told += await carried_out(node.write_value(value), host, one, value.Value)
                        assert (await node.read_data_value()).Value == value
                    else:
                        with pytest.raises(ua.UaError):
                            await node.write_value(value)
            assert told == sum(signal.writable for host, _ in hosts.values() for signal in host.signals.values())

    asyncio.run(run())


async def carried_out(action, host: Host, node, value) -> int:
    """1, whether the device does it or refuses: then it must say so itself."""
    try:
        await action
    except ua.uaerrors.BadInvalidState:
        with pytest.raises(RefusedError):
            host.write(node.signal.name, meant(value, node.signal))
    return 1
