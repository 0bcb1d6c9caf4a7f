"""Whole runs by every way in and out: OPC UA, HTTP, Sparkplug B, the embedded broker, a broker by URL with TLS."""

import asyncio
import subprocess
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from device_emulators.emulator import TwinClock, make_hosts
from device_emulators.faces.documents import checked, parse_document
from device_emulators.faces.host import Change, Host
from device_emulators.faces.mqtt_address import Broker
from device_emulators.faces.sparkplug_node import SparkplugNode
from hil.accept.history import History, Truth
from hil.accept.judging import TruthClass, judge
from hil.accept.matching import ReportClass
from hil.accept.observers import MqttObserver
from hil.accept.rig import accept
from hil.accept.sparkplug import SparkplugExtractor, SparkplugLayout
from hil.accept.suite import Suite
from hil.accept.verdict import Verdict
from hil.keys import make_keys
from hil.mqtt import mqtt_client
from tests.accept_histories import RULES
from tests.mqtt_brokers import mosquitto, need_tool
from tests.test_accept_rig import counted

pytestmark = pytest.mark.slow

PLANT = """devices: [{name: vending, type: vending_machine, every: 200 ms},
    {name: tank, type: tank, every: 200 ms}]"""


async def run(folder: Path, text: str) -> Verdict:
    head = "{name: test, late: 20 s, rig_lateness: 5 s, settle: 6 s, poll: 500 ms, "
    return await accept(checked(Suite, parse_document(head + text + "}", "s")), folder)


def passed(verdict: Verdict) -> None:
    counts = verdict.judgement.of_truths()
    assert verdict.rig_failures == []
    assert verdict.exit_code == 0, verdict.as_dict()
    assert counts[TruthClass.DELIVERED] > 0.9 * len(verdict.judgement.truths) > 20


def test_over_opc_ua_beside_modbus_with_the_embedded_broker(tmp_path: Path) -> None:
    verdict = asyncio.run(
        run(
            tmp_path,
            """duration: 7 s, broker: {kind: embedded}, devices: [
                {name: shelf, type: weighing_shelf, every: 200 ms, protocol: opcua},
                {name: door, type: door_sensor, every: 1 s, journal: 0, protocol: opcua},
                {name: tank, type: tank, every: 200 ms}],
            faults: {faults: [
                {at: 1 s, for: 2 s, link: opcua, fault: refuse},
                {at: 4 s, for: 1 s, process: broker, fault: kill},
                {at: 6 s, for: 300 ms, device: shelf, fault: reboot}]}""",
        )
    )
    passed(verdict)
    link = next(one.outage for one in verdict.judgement.recoveries if one.outage.fault == "refuse")
    assert (link.cause.value, link.devices) == ("device link", {"shelf", "door"})
    assert all(total.delivered for total in verdict.judgement.totals)
    assert counted(tmp_path)["repeats_acknowledged"] == 0
    assert set(verdict.evidence) == {"device.jsonl", "opcua.jsonl", "uplink.jsonl", "truth.jsonl"}


def test_over_http(tmp_path: Path) -> None:
    gateway = str(Path(__file__).with_name("http_gateway.py"))
    verdict = asyncio.run(
        run(
            tmp_path,
            f"""duration: 5 s, {PLANT}, gateway: {{command: ["{{python}}", "{gateway}", "{{modbus_host}}",
                "{{modbus_port}}", "{{http_url}}", "vending:vending_machine:1", "tank:tank:2"]}},
            observer: {{http: {{topic: "api/{{device}}", each: "$.readings[*]", signal: "@.s", number: "@.n",
                value: "@.v", time: "@.t", time_unit: s}}}},
            faults: {{faults: [{{at: 1 s, for: 1 s, link: uplink, fault: refuse}},
                {{at: 3 s, for: 1 s, link: uplink, fault: blackhole}}]}}""",
        )
    )
    passed(verdict)


@pytest.mark.parametrize("host", ["", "rig"])
def test_over_sparkplug_b(tmp_path: Path, host: str) -> None:
    gateway = str(Path(__file__).with_name("sparkplug_gateway.py"))
    verdict = asyncio.run(
        run(
            tmp_path,
            f"""duration: 5 s, {PLANT}, gateway: {{command: ["{{python}}", "{gateway}", "{{config}}", "{host}"]}},
            observer: {{sparkplug: {{group: test, host: {host or "null"}}}}},
            faults: {{faults: [{{at: 1 s, for: 2 s, link: uplink, fault: refuse}}]}}""",
        )
    )
    passed(verdict)
    assert verdict.rig["sequence_gaps"] == 0
    assert verdict.judgement.of_flags() == {}
    at_relay = [one for one in verdict.judgement.history.passed if one.number is not None]
    assert len(at_relay) == len(verdict.judgement.reports)


def test_a_broker_by_url_with_tls_and_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    password_tool = need_tool("mosquitto_passwd")
    monkeypatch.setenv("MRO_TWIN_MQTT_PASSWORD", "open sesame")
    make_keys(tmp_path, hosts=("localhost",))
    users = tmp_path / "users"
    subprocess.run([password_tool, "-b", "-c", str(users), "rig", "open sesame"], check=True, capture_output=True)
    for path in (users, tmp_path / "broker.pem", tmp_path / "broker-key.pem"):
        path.chmod(0o644)
    lines = [
        "user root",
        f"password_file {users}",
        f"certfile {tmp_path / 'broker.pem'}",
        f"keyfile {tmp_path / 'broker-key.pem'}",
    ]

    async def whole() -> Verdict:
        async with mosquitto(tmp_path, *lines) as broker:
            return await run(
                tmp_path / "out",
                f"""duration: 3 s, {PLANT}, broker: {{kind: url, url: "mqtts://rig@localhost:{broker.port}",
                    authority: {tmp_path / "ca.pem"}}},
                faults: {{faults: [{{at: 1 s, for: 1 s, link: uplink, fault: refuse}}]}}""",
            )

    passed(asyncio.run(whole()))
    left = [file for file in (tmp_path / "out").iterdir() if file.suffix != ".db"]
    assert not any(b"sesame" in file.read_bytes() for file in left)


def test_a_broker_that_lets_nobody_in_is_the_rigs_failure(tmp_path: Path) -> None:
    verdict = asyncio.run(run(tmp_path, f'duration: 1 s, {PLANT}, broker: {{kind: url, url: "mqtt://127.0.0.1:1"}}'))
    assert verdict.exit_code == 4
    assert "mqtt://127.0.0.1:1 cannot be reached" in verdict.rig_failures[0]


def test_sparkplug_b(tmp_path: Path) -> None:
    """The emulators' own Sparkplug node takes the place of a gateway."""

    async def whole() -> tuple[list[Truth], SparkplugExtractor, MqttObserver]:
        clock, truths, origin = TwinClock(), [], datetime.now(UTC)
        hosts = make_hosts("tank", 2, seed=3)
        for host in hosts:
            for name, reading in host.readings().items():
                truths.append(Truth(host.name, 1, reading.number, name, reading.value, reading.time_ms, 0))
            host.listen(lambda host, change: truths.append(_truth(host, change, clock)))
        extractor = SparkplugExtractor(SparkplugLayout(group="plant"), round(origin.timestamp() * 1000))
        async with AsyncExitStack() as stack:
            broker = await stack.enter_async_context(mosquitto(tmp_path))
            address = Broker("127.0.0.1", broker.port)
            observer = MqttObserver(mqtt_client(address), extractor, clock)
            await observer.start()
            stack.push_async_callback(observer.stop)
            node = SparkplugNode(hosts, address, origin, clock, "plant", "line-1")
            stack.push_async_callback(node.close)
            node.start()
            await node.link.connected.wait()
            numbers, shown = Random(1), len(truths)
            for _ in range(60):
                for host in hosts:
                    host.advance(clock.now_ms())
                    host.write("low_level", numbers.randrange(5, 100))
                await asyncio.sleep(0.01)
            assert len(truths) > shown + 50
            async with asyncio.timeout(10):
                while len({(one.device, one.number) for one in observer.reports}) < len(truths):
                    observer.came.clear()
                    await observer.came.wait()
        return truths, extractor, observer

    truths, extractor, observer = asyncio.run(whole())
    judgement = judge(History(60_000, truths, observer.reports), RULES)
    assert judgement.of_truths() == {TruthClass.DELIVERED: len(truths)}
    assert judgement.of_reports()[ReportClass.INVENTED] == 0
    assert (extractor.unread, extractor.gaps) == (0, 0)


def _truth(host: Host, change: Change, clock: TwinClock) -> Truth:
    return Truth(host.name, host.epoch, change.number, change.signal, change.value, change.time_ms, clock.now_ms())
