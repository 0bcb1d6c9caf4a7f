"""Nonsense told to the OPC UA server and to a Sparkplug node: refused, and the devices go on."""

import asyncio
import logging
import random
import struct
from datetime import UTC, datetime

import pytest
from asyncua import Client, ua
from hypothesis import given, settings
from hypothesis import strategies as st

from device_emulators.emulator import make_hosts
from device_emulators.faces.host import Host
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map, map_names
from device_emulators.faces.mqtt_address import Broker
from device_emulators.faces.opcua_server import OpcuaServer
from device_emulators.faces.sparkplug import DataType, Metric, encode
from device_emulators.faces.sparkplug_node import SparkplugNode
from device_emulators.faces.sparkplug_pb2 import Payload
from tests.opcua_rig import StoppedClock

ORIGIN = datetime(2026, 1, 5, tzinfo=UTC)
VALUES = [
    *(ua.Variant(number, kind) for kind in (ua.VariantType.Int64, ua.VariantType.Double) for number in (0, -1, 2**40)),
    *(ua.Variant(number, ua.VariantType.UInt16) for number in (0, 1, 65_535)),
    *(ua.Variant(number, ua.VariantType.UInt32) for number in (0, 7, 2**32 - 1)),
    *(ua.Variant(number, ua.VariantType.Double) for number in (float("nan"), float("inf"), 1e308)),
    *(ua.Variant(text, ua.VariantType.String) for text in ("", "x" * 5_000, "running", "\0", None)),
    *(ua.Variant(truth, ua.VariantType.Boolean) for truth in (True, False)),
    ua.Variant([1, 2], ua.VariantType.UInt16),
    ua.Variant([], ua.VariantType.Boolean),
    ua.Variant([True], ua.VariantType.Boolean),
    ua.Variant(None, ua.VariantType.Null),
    ua.Variant(b"\xff", ua.VariantType.ByteString),
    ua.Variant(datetime(1, 1, 1), ua.VariantType.DateTime),
    ua.Variant(ua.NodeId(1, 2), ua.VariantType.NodeId),
    ua.Variant(ua.LocalizedText("x"), ua.VariantType.LocalizedText),
]
KNOWN = {
    "Good",
    "BadTypeMismatch",
    "BadOutOfRange",
    "BadNotWritable",
    "BadInvalidState",
    "BadUserAccessDenied",
    "BadNodeIdUnknown",
    "BadAttributeIdInvalid",
    "BadArgumentsMissing",
    "BadTooManyArguments",
    "BadInvalidArgument",
    "BadMethodInvalid",
    "BadNothingToDo",
}


def possible(hosts: list[Host]) -> bool:
    """Every device still shows what its signals can be."""
    return all(
        host.signals[name].checked(one.value) == one.value for host in hosts for name, one in host.readings().items()
    )


def test_nonsense_over_opc_ua(caplog: pytest.LogCaptureFixture) -> None:
    chance, told = random.Random(1), set()

    async def write(client: Client, nodes: list[ua.NodeId]) -> None:
        asked = [chance.choice(nodes) for _ in range(20)]
        values = [ua.DataValue(chance.choice(VALUES)) for _ in asked]
        told.update(result.name for result in await client.uaclient.write_attributes(asked, values))

    async def call(client: Client, nodes: list[ua.NodeId]) -> None:
        request = ua.CallMethodRequest()
        request.MethodId, request.ObjectId = chance.choice(nodes), chance.choice(nodes)
        request.InputArguments = [chance.choice(VALUES) for _ in range(chance.randrange(4))]
        told.update(result.StatusCode.name for result in await client.uaclient.call([request]))

    async def shout(port: int) -> None:
        """Bytes that are no request, after a greeting that is right or not."""
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        body = chance.randbytes(chance.randrange(1, 400))
        kind, size = chance.choice((b"HEL", b"OPN", b"MSG", b"CLO", b"XYZ")), chance.choice((len(body) + 8, 8, 2**31))
        writer.write(kind + b"F" + struct.pack("<I", size) + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def run() -> None:
        server, hosts = OpcuaServer("opc.tcp://127.0.0.1:0", ORIGIN), []
        for kind in map_names():
            (host,) = make_hosts(kind, 1, 1)
            hosts.append(host)
            await server.add(host, bind(builtin_map(kind), host.signals).nodes)
        async with server, Client(server.url, timeout=20) as client:
            nodes = [node for node in list(server._server.iserver.aspace.keys()) if node.NamespaceIndex == 2]
            nodes.append(ua.NodeId("no such node", 2))
            for _ in range(150):
                await write(client, nodes)
                await call(client, nodes)
            assert possible(hosts)
            for _ in range(30):
                await shout(client.server_url.port or 0)
            shown = await client.get_node(f"ns=2;s={hosts[0].name}/Sequence").read_value()
            assert shown == hosts[0].sequence

    with caplog.at_level(logging.ERROR, "device_emulators"):
        asyncio.run(run())
    assert told <= KNOWN, told - KNOWN
    assert {"Good", "BadTypeMismatch", "BadOutOfRange", "BadNotWritable"} <= told
    assert not [record for record in caplog.records if record.name.startswith("device_emulators")]


NAMES = [name for kind in ("tank", "vending_machine") for name in make_hosts(kind, 1, 1)[0].signals]
METRICS = st.builds(
    Metric,
    st.sampled_from([*NAMES, "", "no such", "Node Control/Rebirth", "bdSeq"]),
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=5),
    st.sampled_from(DataType),
)


def payload(metrics: list[Metric], typed: bool) -> bytes:
    """As `encode`, where each value fits its type."""
    fitting = [one for one in metrics if one.value is None or _fits(one)]
    return encode(fitting, 1, None, typed)


def _fits(metric: Metric) -> bool:
    match metric.type:
        case DataType.BOOLEAN:
            return isinstance(metric.value, bool)
        case DataType.STRING:
            return isinstance(metric.value, str)
        case DataType.FLOAT | DataType.DOUBLE:
            return isinstance(metric.value, float) and (metric.type is DataType.DOUBLE or abs(metric.value) < 1e38)
    return isinstance(metric.value, int)


PAYLOADS = st.binary(max_size=100) | st.builds(payload, st.lists(METRICS, max_size=5), st.booleans())
TOPICS = st.sampled_from([f"spBv1.0/g/{rest}" for rest in ("NCMD/n", "DCMD/n/tank-1", "DCMD/n/vending-machine-1")]) | (
    st.sampled_from(["spBv1.0/STATE/scada", "spBv1.0/g/DCMD/n/nobody", "spBv1.0/g/DCMD/n/tank-1/more", "x", ""])
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TOPICS, PAYLOADS), max_size=6))
def test_nonsense_to_a_sparkplug_node(messages: list[tuple[str, bytes]]) -> None:
    async def run() -> None:
        clock, hosts = StoppedClock(), [*make_hosts("tank", 1, 1), *make_hosts("vending_machine", 1, 1)]
        node = SparkplugNode(hosts, Broker("127.0.0.1", 1), ORIGIN, clock, "g", "n", "scada")
        node.greeting()
        for topic, content in messages:
            clock.time_ms += 1_000
            node.received(topic, content)
        for item in tuple(node.link._waiting):
            for message in node.messages(item):
                Payload.FromString(message.payload)
        assert possible(hosts)
        await node.close()

    asyncio.run(run())
