"""Sparkplug B: the payload as the specification's numbers have it, and an edge node's session."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_emulators.faces import sparkplug, sparkplug_generate
from device_emulators.faces.addresses import AddressError
from device_emulators.faces.host import Host, Status
from device_emulators.faces.mqtt_address import Broker
from device_emulators.faces.mqtt_link import Backoff
from device_emulators.faces.sparkplug import DataType, Metric, PayloadError, Report, decode, encode
from device_emulators.faces.sparkplug_host import PrimaryHost
from device_emulators.faces.sparkplug_node import SparkplugNode
from device_emulators.faces.sparkplug_pb2 import Payload
from tests.device_samples import all_devices
from tests.mqtt_brokers import Gate, Listener, listening, mosquitto
from tests.opcua_rig import StoppedClock

ORIGIN = datetime(2026, 1, 5, 6, tzinfo=UTC)
ORIGIN_MS = 1_767_592_800_000
SOON = Backoff(0.01, 0.05)


def test_the_generated_module_is_current() -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools is not installed")
    here = Path(sparkplug_generate.__file__).parent
    # in a process of its own: protoc keeps what it has parsed
    code = (
        "from device_emulators.faces.sparkplug_generate import generated; import json; print(json.dumps(generated()))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    import json

    for name, content in json.loads(found.stdout).items():
        assert (here / name).read_text(encoding="utf-8") == content, f"{name}: generate it anew"


def test_bytes_are_those_of_the_specification() -> None:
    """Worked out by hand from the field numbers of chapter 6.4 and protobuf's wire format."""
    metric = Metric("a", -2, DataType.INT32, 5, True, {"Q": (DataType.INT32, 192)})
    properties = bytes([0x0A, 1, 0x51, 0x12, 5, 0x08, 3, 0x18, 0xC0, 0x01])  # keys = 1, values = 2 {type = 1, int = 3}
    body = bytes([0x0A, 1, 0x61, 0x18, 5, 0x20, 3, 0x28, 1, 0x4A, len(properties)]) + properties
    body += bytes([0x50, 0xFE, 0xFF, 0xFF, 0xFF, 0x0F])  # int_value = 10, two's complement in 32 bits
    assert encode([metric], 7, 3) == bytes([0x08, 7, 0x12, len(body)]) + body + bytes([0x18, 3])


VALUES = st.one_of(
    st.tuples(st.just(DataType.BOOLEAN), st.booleans()),
    st.tuples(st.just(DataType.INT32), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just(DataType.INT64), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just(DataType.UINT32), st.integers(0, 2**32 - 1)),
    st.tuples(st.just(DataType.UINT64), st.integers(0, 2**64 - 1)),
    st.tuples(st.just(DataType.DOUBLE), st.floats(allow_nan=False)),
    st.tuples(st.just(DataType.STRING), st.text(st.characters(exclude_categories=["Cs"]))),
)


@given(VALUES, st.booleans(), st.none() | st.integers(0, 2**63), st.integers(0, 255))
def test_what_is_encoded_is_decoded(
    value: tuple[DataType, bool | int | float | str], historical: bool, time_ms: int | None, seq: int
) -> None:
    kind, content = value
    metrics = (Metric("x/y", content, kind, time_ms, historical), Metric("none", None, kind))
    assert decode(encode(metrics, time_ms, seq)) == Report(metrics, seq, time_ms)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_payload_or_refused(content: bytes) -> None:
    try:
        report = decode(content)
    except PayloadError:
        return
    assert all(isinstance(metric, Metric) for metric in report.metrics)


def test_what_does_not_tell_its_type_has_that_of_the_birth() -> None:
    metrics = (Metric("x", -5, DataType.INT64), Metric("y", 2.5, DataType.DOUBLE), Metric("z", True, DataType.BOOLEAN))
    content = encode(metrics, 1, 2, typed=False)
    assert Payload.FromString(content).metrics[0].HasField("datatype") is False
    types = {metric.name: metric.type for metric in metrics}
    assert decode(content, types).metrics == metrics
    assert {metric.value for metric in decode(content).metrics} == {None}


def test_commands_of_other_widths_are_understood() -> None:
    command = Payload()
    for kind, field, number in ((1, "int_value", 0xFFFF_FFFB), (6, "int_value", 7), (9, "float_value", 0.5)):
        metric = command.metrics.add()
        metric.name, metric.datatype = "x", kind
        setattr(metric, field, number)
    assert [metric.value for metric in decode(command.SerializeToString()).metrics] == [-5, 7, 0.5]


def test_too_long_a_payload_is_refused() -> None:
    with pytest.raises(PayloadError, match="at most"):
        decode(b"\x2a" * 70_000)


# --- sessions ---------------------------------------------------------------------------------------------------------


def hosts() -> list[Host]:
    devices = all_devices()
    return [Host("vending_machine", devices["vending"]), Host("tank", devices["tank"])]


TYPES = {name: sparkplug.type_of(signal) for host in hosts() for name, signal in host.signals.items()}


def told(listener: Listener) -> list[tuple[str, str, Report]]:
    """Kind, device and content of what a node published."""
    found = []
    for topic, payload, retained in listener.seen:
        _, _, kind, _, *device = topic.split("/")
        if not kind.endswith("CMD"):
            assert not retained
            assert (b"Quality" in payload) == (kind in ("DBIRTH", "DDATA"))
            if kind == "DDATA":
                assert not any(metric.HasField("datatype") for metric in Payload.FromString(payload).metrics)
            found.append((kind, device[0] if device else "", decode(payload, TYPES)))
    return found


def value(report: Report, name: str):
    return next(metric.value for metric in report.metrics if metric.name == name)


async def command(port: int, topic: str, *metrics: Metric) -> None:
    """As the specification has it: without types."""
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.publish(topic, encode(metrics, 1, None, typed=False), qos=0)


async def state(port: int, content: str) -> None:
    """What the host application `scada` says of itself."""
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.publish("spBv1.0/STATE/scada", content, qos=1, retain=True)


def check_session(messages: list[tuple[str, str, Report]]) -> None:
    """Chapter 6.4: births first and numbered from 0, everything after it in one row, deaths without a number."""
    expected = None
    born: set[str] = set()
    for kind, device, report in messages:
        if kind == "NDEATH":
            assert report.seq is None
            expected = None
            continue
        if kind == "NBIRTH":
            expected, born = 0, set()
        elif kind == "DBIRTH":
            born.add(device)
        else:
            assert device in born
        if kind == "DDEATH":
            born.discard(device)
        assert report.seq == expected
        expected = (expected + 1) % 256


def test_a_session_from_birth_to_death(tmp_path: Path) -> None:
    async def run() -> None:
        async with mosquitto(tmp_path) as broker, listening(broker.port, "spBv1.0/#") as listener:
            clock, (vending, tank) = StoppedClock(5000), hosts()
            node = SparkplugNode([vending, tank], Broker("127.0.0.1", broker.port), ORIGIN, clock, "g", "n")
            node.start()
            await listener.until(lambda seen: len(seen) >= 3)
            for _ in range(300):
                tank.act(lambda: tank.device.fill(1))
                tank.act(lambda: tank.device.draw(1))
            tank.disturbance.status["low_level"] = Status.BAD
            tank.refresh()
            await node.link.drained()
            await node.close()
            await listener.until(lambda seen: seen[-1][0].endswith("NDEATH/n"))
            messages = told(listener)
            check_session(messages)
            assert [kind for kind, _, _ in messages[:3]] == ["NBIRTH", "DBIRTH", "DBIRTH"]
            birth = messages[0][2]
            assert value(birth, "bdSeq") == value(messages[-1][2], "bdSeq") == 0
            assert value(birth, "Node Control/Rebirth") is False
            assert birth.time_ms == ORIGIN_MS + 5000
            names = {metric.name for metric in messages[1][2].metrics}
            assert names == set(vending.signals)
            data = [metric for kind, device, report in messages if kind == "DDATA" for metric in report.metrics]
            assert not any(metric.historical for metric in data)
            numbers = [metric.properties["Number"][1] for metric in data]
            first = numbers[0]
            assert numbers[:-1] == list(range(first, tank.sequence + 1))
            assert data[-1].name == "low_level"
            assert data[-1].properties["Quality"] == (DataType.INT32, 0)

    asyncio.run(run())


def test_commands_reach_devices_and_rebirth_is_answered(tmp_path: Path) -> None:
    async def run() -> None:
        async with mosquitto(tmp_path) as broker, listening(broker.port, "spBv1.0/g/+/n/#") as listener:
            clock, (vending, tank) = StoppedClock(5000), hosts()
            node = SparkplugNode([vending, tank], Broker("127.0.0.1", broker.port), ORIGIN, clock, "g", "n")
            node.start()
            await listener.until(lambda seen: len(seen) >= 3)
            clock.time_ms = 60_000
            wrong = Metric("low_level", 999_999, DataType.INT64)
            nothing = Metric("no such", True, DataType.BOOLEAN)
            right = Metric("low_level", 17, DataType.INT64)
            await command(broker.port, "spBv1.0/g/DCMD/n/tank", wrong, nothing, right)
            await command(broker.port, "spBv1.0/g/DCMD/n/nobody", right)
            async with aiomqtt.Client("127.0.0.1", broker.port) as client:
                await client.publish("spBv1.0/g/DCMD/n/tank", b"\xff\xff\xff", qos=1)
            await command(broker.port, "spBv1.0/g/NCMD/n", Metric("Node Control/Rebirth", True, DataType.BOOLEAN))
            births = [b"NBIRTH", b"DBIRTH", b"DBIRTH"]
            await listener.until(lambda seen: sum("BIRTH" in topic for topic, _, _ in seen) >= 2 * len(births))
            await node.close()
            await listener.until(lambda seen: seen[-1][0].endswith("NDEATH/n"))
            messages = told(listener)
            check_session(messages)
            assert tank.reading("low_level").value == 17
            change = next(report for kind, device, report in messages if kind == "DDATA").metrics[0]
            assert (change.name, change.value, change.time_ms) == ("low_level", 17, ORIGIN_MS + 60_000)
            reborn = [report for kind, device, report in messages if (kind, device) == ("DBIRTH", "tank")][1]
            assert value(reborn, "low_level") == 17
            assert {value(report, "bdSeq") for kind, _, report in messages if kind == "NBIRTH"} == {0}

    asyncio.run(run())


def test_after_an_outage_what_was_missed_is_historical(tmp_path: Path) -> None:
    async def run() -> None:
        async with (
            mosquitto(tmp_path) as broker,
            Gate(broker.port) as gate,
            listening(broker.port, "spBv1.0/#") as listener,
        ):
            clock, (vending, tank) = StoppedClock(), hosts()
            address = Broker("127.0.0.1", gate.port)
            node = SparkplugNode([vending, tank], address, ORIGIN, clock, "g", "n", backoff=SOON)
            node.start()
            await listener.until(lambda seen: len(seen) >= 3)
            await node.link.drained()
            await gate.shut()
            await listener.until(lambda seen: seen[-1][0].endswith("NDEATH/n"))  # the will
            while node.link.connected.is_set():
                await asyncio.sleep(0)
            before = tank.sequence
            tank.act(lambda: tank.device.fill(10))
            missed = tank.sequence
            gate.open()
            await node.link.connected.wait()
            await node.link.drained()
            tank.act(lambda: tank.device.fill(10))
            await node.link.drained()
            await node.close()
            await listener.until(lambda seen: seen[-1][0].endswith("NDEATH/n") and len(seen) > 8)
            messages = told(listener)
            check_session(messages)
            data = [metric for kind, _, report in messages if kind == "DDATA" for metric in report.metrics]
            by_number = {metric.properties["Number"][1]: metric.historical for metric in data}
            assert by_number == {number: number <= missed for number in range(before + 1, tank.sequence + 1)}
            births = [value(report, "bdSeq") for kind, _, report in messages if kind == "NBIRTH"]
            deaths = [value(report, "bdSeq") for kind, _, report in messages if kind == "NDEATH"]
            assert births == deaths
            assert len(set(births)) == 2

    asyncio.run(run())


def test_a_silent_device_dies_and_is_born_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with mosquitto(tmp_path) as broker, listening(broker.port, "spBv1.0/#") as listener:
            clock, (vending, tank) = StoppedClock(), hosts()
            node = SparkplugNode([vending, tank], Broker("127.0.0.1", broker.port), ORIGIN, clock, "g", "n")
            node.start()
            await listener.until(lambda seen: len(seen) >= 3)
            await node.link.drained()
            for silent in (True, False):
                tank.disturbance.silent = silent
                tank.refresh()
                tank.act(lambda: tank.device.fill(1))
            await node.link.drained()
            await node.close()
            await listener.until(lambda seen: seen[-1][0].endswith("NDEATH/n"))
            messages = told(listener)
            check_session(messages)
            kinds = [kind for kind, device, _ in messages if device == "tank"]
            assert kinds[:3] == ["DBIRTH", "DDEATH", "DBIRTH"]
            assert set(kinds[3:]) == {"DDATA"}

    asyncio.run(run())


def test_a_rebirth_goes_before_what_waits_which_is_old_then() -> None:
    async def run() -> None:
        (_, tank) = both = hosts()
        node = SparkplugNode(both, Broker("127.0.0.1", 1), ORIGIN, StoppedClock(), "g", "n")
        node.link.connected.set()
        node.greeting()
        tank.act(lambda: tank.device.fill(1))
        waiting = len(node.link._waiting)
        node.received("spBv1.0/g/NCMD/n", encode([Metric("Node Control/Rebirth", True, DataType.BOOLEAN)], 1, None))
        assert len(node.link._waiting) == waiting + 1
        sent = [decode(message.payload, TYPES) for item in node.link._waiting for message in node.messages(item)]
        assert [report.seq for report in sent] == list(range(3 + waiting))  # three births, then the data
        assert all(metric.historical for report in sent[3:] for metric in report.metrics)
        await node.close()

    asyncio.run(run())


def test_a_node_speaks_only_while_its_primary_host_is_online(tmp_path: Path) -> None:
    async def run() -> None:
        async with mosquitto(tmp_path) as broker, listening(broker.port, "spBv1.0/g/#") as listener:
            clock, (vending, tank) = StoppedClock(), hosts()
            address = Broker("127.0.0.1", broker.port)
            await state(broker.port, '{"online": false, "timestamp": 1000}')
            node = SparkplugNode([vending, tank], address, ORIGIN, clock, "g", "n", "scada", backoff=SOON)
            node.start()
            before = tank.sequence
            tank.act(lambda: tank.device.fill(10))
            await state(broker.port, '{"online": true, "timestamp": 2000}')
            await node.link.connected.wait()
            await node.link.drained()
            held = tank.sequence
            await state(broker.port, '{"online": false, "timestamp": 1999}')  # older: it came late
            tank.act(lambda: tank.device.fill(10))
            shown = tank.sequence
            await node.link.drained()
            await listener.until(lambda seen: sum("DDATA" in topic for topic, _, _ in seen) == shown - before)
            await state(broker.port, '{"online": false, "timestamp": 3000}')
            await listener.until(lambda seen: seen[-1][0].endswith("NDEATH/n"))
            tank.act(lambda: tank.device.fill(10))
            await state(broker.port, '{"online": true, "timestamp": 3001}')
            await listener.until(lambda seen: sum("DDATA" in topic for topic, _, _ in seen) == tank.sequence - before)
            await node.close()
            await listener.until(lambda seen: seen[-1][0].endswith("NDEATH/n"))
            messages = told(listener)
            check_session(messages)
            births, deaths = (
                [value(report, "bdSeq") for kind, _, report in messages if kind == wanted]
                for wanted in ("NBIRTH", "NDEATH")
            )
            assert births == deaths
            assert len(set(births)) == 2
            data = [metric for kind, _, report in messages if kind == "DDATA" for metric in report.metrics]
            by_number = {metric.properties["Number"][1]: metric.historical for metric in data}
            assert by_number == {
                number: number <= held or number > shown for number in range(before + 1, tank.sequence + 1)
            }

    asyncio.run(run())


def test_a_node_that_waits_for_its_host_ends_when_it_is_told_to(tmp_path: Path) -> None:
    async def run() -> None:
        async with mosquitto(tmp_path) as broker, listening(broker.port, "#") as listener:
            address = Broker("127.0.0.1", broker.port)
            node = SparkplugNode(hosts(), address, ORIGIN, StoppedClock(), "g", "n", "scada", backoff=SOON)
            node.start()
            await state(broker.port, '{"online": false, "timestamp": 1}')
            await listener.until(lambda seen: len(seen) == 1)
            await node.close()
            assert node.link.connections == 0
            await state(broker.port, "after")  # the will would have come before
            await listener.until(lambda seen: seen[-1][1] == b"after")
            assert {topic for topic, _, _ in listener.seen} == {"spBv1.0/STATE/scada"}

    asyncio.run(run())


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"OFFLINE",
        b"null",
        b"[1]",
        b'{"online": 1, "timestamp": 9}',
        b'{"online": true}',
        b"[" * 900,
        b" " * 2000,
        b'{"online": true, "timestamp": "9"}',
        b'{"online": true, "timestamp": -1}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_state_makes_no_difference(payload: bytes) -> None:
    host = PrimaryHost("scada")
    assert not host.hear(payload)
    assert not host.online.is_set()
    assert host.hear(b'{"online": true, "timestamp": 0}')
    assert not host.hear(b'{"online": true, "timestamp": 5}')
    assert host.online.is_set()


def test_names_that_topics_cannot_have() -> None:
    with pytest.raises(AddressError, match="primary host"):
        PrimaryHost("a/b")
    with pytest.raises(AddressError, match="group"):
        SparkplugNode(hosts(), Broker("127.0.0.1", 1), ORIGIN, StoppedClock(), "g/h", "n")
    assert sparkplug.topic("g", "DBIRTH", "n", "d") == "spBv1.0/g/DBIRTH/n/d"
