"""The JSON publisher against brokers that we did not write, through outages."""

import asyncio
import gc
import json
import logging
import ssl
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device_emulators.faces.addresses import AddressError
from device_emulators.faces.host import Host, Status
from device_emulators.faces.mqtt_address import Broker, parse_broker
from device_emulators.faces.mqtt_json import JsonPublisher
from device_emulators.faces.mqtt_link import WINDOW, Backoff
from hil.broker import BrokerError, BrokerSettings, EmbeddedBroker
from hil.keys import make_keys, set_user
from tests.device_samples import all_devices
from tests.mqtt_brokers import Gate, listening, mosquitto, need_tool

ORIGIN = datetime(2026, 1, 5, 6, tzinfo=UTC)
SOON = Backoff(0.01, 0.05)


def tank() -> Host:
    return Host("tank", all_devices()["tank"])


def reports(seen: list[tuple[str, bytes, bool]]) -> list[dict]:
    return [json.loads(payload) for topic, payload, _ in seen if not topic.endswith("/status")]


def test_every_change_is_published_in_order_with_all_that_is_known(tmp_path: Path) -> None:
    async def run() -> None:
        async with mosquitto(tmp_path) as broker, listening(broker.port, "plant/#") as listener:
            host = tank()
            publisher = JsonPublisher(host, Broker("127.0.0.1", broker.port), ORIGIN, "plant", backoff=SOON)
            publisher.start()
            for step in range(200):
                host.advance(step * 1234)
                host.act(lambda: host.device.fill(3))
                host.act(lambda: host.device.draw(1))
            await publisher.link.drained()
            await publisher.close()
            await listener.until(lambda seen: bool(seen) and seen[-1][1] == b"offline")
            assert listener.seen[0][:2] == ("plant/tank/status", b"online")
            told = reports(listener.seen)
            assert [report["number"] for report in told] == list(range(1, host.sequence + 1))
            assert {report["device"] for report in told} == {"tank"}
            last = {report["signal"]: report for report in told}
            for name, reading in host.readings().items():
                assert last[name]["value"] == reading.value
                assert last[name]["epoch"] == 1
                assert last[name]["status"] == "good"
                instant = datetime.fromisoformat(last[name]["time"])
                assert (instant - ORIGIN).total_seconds() * 1000 == pytest.approx(reading.time_ms)
            assert set(last["units"]) == {"device", "signal", "value", "number", "epoch", "time", "status"}

    asyncio.run(run())


def test_an_outage_loses_nothing_and_repeats_only_what_was_not_acknowledged(tmp_path: Path) -> None:
    async def run() -> None:
        async with mosquitto(tmp_path) as broker, Gate(broker.port) as gate, listening(broker.port, "#") as listener:
            host = tank()
            publisher = JsonPublisher(host, Broker("127.0.0.1", gate.port), ORIGIN, backoff=SOON)
            publisher.start()
            await publisher.link.drained()
            repeatable = 0
            for _ in range(5):
                for _ in range(30):
                    host.act(lambda: host.device.fill(1))
                await asyncio.sleep(0)  # some are on their way
                await gate.shut()
                repeatable += WINDOW
                for _ in range(30):
                    host.act(lambda: host.device.draw(1))
                gate.open()
                await publisher.link.drained()
            assert publisher.link.connections == 6
            await publisher.close()
            await listener.until(lambda seen: seen[-1][1] == b"offline" and bool(seen[-1][0]))
            numbers = [report["number"] for report in reports(listener.seen)]
            assert set(numbers) == set(range(1, host.sequence + 1))
            assert len(numbers) - len(set(numbers)) <= repeatable
            assert list(dict.fromkeys(numbers)) == sorted(set(numbers))  # each for the first time in order
            assert b"offline" in [payload for _, payload, _ in listener.seen[:-1]]  # the will, in between

    asyncio.run(run())


def test_the_last_will_tells_of_a_device_that_vanished(tmp_path: Path) -> None:
    async def run() -> None:
        async with mosquitto(tmp_path) as broker:
            publisher = JsonPublisher(tank(), Broker("127.0.0.1", broker.port), ORIGIN, backoff=SOON)
            publisher.start()
            await publisher.link.drained()
            task = publisher.link._task
            assert task is not None
            async with listening(broker.port, "mro-twin/tank/status") as listener:
                await listener.until(lambda seen: [one[1:] for one in seen] == [(b"online", True)])
                # the same client id again: the broker ends the first connection as if it had broken
                other = JsonPublisher(tank(), Broker("127.0.0.1", broker.port), ORIGIN, backoff=Backoff(60, 60))
                other.start()
                await listener.until(lambda seen: b"offline" in [one[1] for one in seen])
                await other.close()
                await publisher.close()

    asyncio.run(run())


def test_a_silent_device_is_not_heard_and_then_tells_its_last_values(tmp_path: Path) -> None:
    async def run() -> None:
        async with mosquitto(tmp_path) as broker, listening(broker.port, "mro-twin/tank/+") as listener:
            host = tank()
            publisher = JsonPublisher(host, Broker("127.0.0.1", broker.port), ORIGIN, backoff=SOON)
            publisher.start()
            await publisher.link.drained()
            before = host.sequence
            host.disturbance.silent = True
            host.refresh()
            for _ in range(5):
                host.act(lambda: host.device.fill(1))
            host.disturbance.silent = False
            host.disturbance.status["low_level"] = Status.BAD
            host.refresh()
            await publisher.link.drained()
            await publisher.close()
            await listener.until(lambda seen: bool(seen) and seen[-1][1] == b"offline")
            later = [report for report in reports(listener.seen) if report["number"] > before]
            fresh = sorted(reading.number for reading in host.readings().values() if reading.number > before)
            assert [report["number"] for report in later] == fresh
            assert host.sequence - before > len(fresh)  # what came and went in silence is lost
            low = [report for report in reports(listener.seen) if report["signal"] == "low_level"]
            assert [report["status"] for report in low] == ["good", "bad"]
            assert low[0]["number"] == low[1]["number"]

    asyncio.run(run())


@pytest.mark.filterwarnings(
    # paho leaves the socket of a failed handshake to the garbage collector
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning",
    "ignore:unclosed <ssl.SSLSocket:ResourceWarning",
)
def test_tls_and_a_password_that_no_log_has(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_keys(tmp_path / "keys")
    secret = "a secret of the plant"
    password_tool = need_tool("mosquitto_passwd")
    users = tmp_path / "users"
    subprocess.run([password_tool, "-b", "-c", str(users), "machine", secret], check=True, capture_output=True)
    users.chmod(0o644)
    for path in (tmp_path / "keys").iterdir():
        path.chmod(0o644)  # mosquitto gives up its rights before it reads them
    for folder in (tmp_path, tmp_path / "keys"):
        folder.chmod(0o755)
    (tmp_path / "password").write_text(secret + "\n")

    async def run() -> None:
        keys = tmp_path / "keys"
        lines = (
            "user root",
            f"certfile {keys / 'broker.pem'}",
            f"keyfile {keys / 'broker-key.pem'}",
            f"password_file {users}",
        )
        async with mosquitto(tmp_path, *lines) as broker:
            url = f"mqtts://machine@127.0.0.1:{broker.port}"
            address = parse_broker(url, tmp_path / "password", keys / "ca.pem")
            assert secret not in repr(address)
            tls = ssl.create_default_context(cafile=keys / "ca.pem")
            async with listening(broker.port, "#", tls, username="machine", password=secret) as listener:
                publisher = JsonPublisher(tank(), address, ORIGIN, backoff=SOON)
                publisher.start()
                await publisher.link.drained()
                await publisher.close()
                await listener.until(lambda seen: len(reports(seen)) >= 4)
            for wrong in (
                parse_broker(url, None, keys / "ca.pem", {"MRO_TWIN_MQTT_PASSWORD": "wrong"}),
                parse_broker(url, tmp_path / "password"),  # an authority that nobody knows
            ):
                shut_out = JsonPublisher(tank(), wrong, ORIGIN, backoff=SOON)
                shut_out.start()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await shut_out.link.connected.wait()
                await shut_out.close()

    with caplog.at_level(logging.DEBUG):
        asyncio.run(run())
    gc.collect()
    assert secret not in caplog.text
    assert "no connection" in caplog.text


def test_the_embedded_broker_serves_dies_and_comes_back(tmp_path: Path) -> None:
    async def run() -> None:
        async with EmbeddedBroker() as broker:
            assert broker.pid is not None
            host = tank()
            publisher = JsonPublisher(host, parse_broker(broker.url), ORIGIN, backoff=SOON)
            publisher.start()
            await publisher.link.drained()
            port = broker.port
            await broker.kill()
            assert broker.pid is None
            host.act(lambda: host.device.fill(9))
            await broker.start()
            assert broker.port == port
            async with listening(port, "mro-twin/tank/+") as listener:
                await publisher.link.drained()
                host.act(lambda: host.device.fill(9))
                await listener.until(lambda seen: any(r["number"] == host.sequence for r in reports(seen)))
            await publisher.close()

    asyncio.run(run())


@pytest.mark.filterwarnings(
    # paho leaves the socket of a connection that is refused to the garbage collector
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning",
    "ignore:unclosed <ssl.SSLSocket:ResourceWarning",
)
def test_the_embedded_broker_lets_in_who_has_the_keys(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keys, secret = tmp_path / "keys", "a secret of the bench"
    make_keys(keys)
    set_user(keys / "users", "machine", secret)

    def address(broker: EmbeddedBroker, user: str, password: str) -> Broker:
        url = broker.url.replace("://", f"://{user}@")
        return parse_broker(url, None, keys / "ca.pem", {"MRO_TWIN_MQTT_PASSWORD": password})

    async def run() -> None:
        async with EmbeddedBroker(BrokerSettings(keys=keys)) as broker:
            assert broker.url.startswith("mqtts://")
            publisher = JsonPublisher(tank(), address(broker, "machine", secret), ORIGIN, backoff=SOON)
            publisher.start()
            await publisher.link.drained()
            await publisher.close()
            assert publisher.link.acknowledged > 3
            for user, password in (("machine", "wrong"), ("nobody", secret), ("machine", "")):
                shut_out = JsonPublisher(tank(), address(broker, user, password), ORIGIN, backoff=SOON)
                shut_out.start()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await shut_out.link.connected.wait()
                await shut_out.close()
            plain = JsonPublisher(tank(), Broker("127.0.0.1", broker.port), ORIGIN, backoff=SOON)
            plain.start()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await plain.link.connected.wait()
            await plain.close()

    with caplog.at_level(logging.DEBUG):
        asyncio.run(run())
    gc.collect()
    assert secret not in caplog.text


@pytest.mark.filterwarnings(
    # paho leaves the socket of a failed handshake to the garbage collector
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning",
    "ignore:unclosed <ssl.SSLSocket:ResourceWarning",
)
def test_a_certificate_is_that_of_the_broker_behind_a_relay(tmp_path: Path) -> None:
    make_keys(tmp_path, ["broker.example"])

    async def run() -> None:
        async with EmbeddedBroker(BrokerSettings(keys=tmp_path)) as broker:
            address = parse_broker(broker.url, None, tmp_path / "ca.pem")
            behind = replace(address, certified_as="broker.example")
            publisher = JsonPublisher(tank(), behind, ORIGIN, backoff=SOON)
            publisher.start()
            await publisher.link.drained()
            await publisher.close()
            for wrong in (address, replace(address, certified_as="other.example")):
                shut_out = JsonPublisher(tank(), wrong, ORIGIN, backoff=SOON)
                shut_out.start()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await shut_out.link.connected.wait()
                await shut_out.close()

    asyncio.run(run())
    gc.collect()


def test_a_broker_without_its_certificate_says_so(tmp_path: Path) -> None:
    async def run() -> None:
        missing = BrokerSettings(keys=tmp_path)
        with pytest.raises(BrokerError, match="did not start"):
            await EmbeddedBroker(missing).start()

    asyncio.run(run())


def test_of_too_many_the_oldest_are_dropped_and_counted() -> None:
    async def run() -> None:
        host = tank()
        publisher = JsonPublisher(host, Broker("127.0.0.1", 1), ORIGIN, limit=10)
        for _ in range(50):
            host.act(lambda: host.device.fill(1))
        assert publisher.link.pending == 10
        assert publisher.link.dropped == host.sequence - 10
        await publisher.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("mqtt://localhost", Broker("localhost", 1883)),
        ("mqtts://plant.example", Broker("plant.example", 8883, tls=True)),
        ("mqtt://[::1]:99/", Broker("::1", 99)),
        ("mqtt://me%40here@host", Broker("host", 1883, user="me@here", password="from the environment")),
    ],
)
def test_what_is_a_broker(url: str, broker: Broker) -> None:
    assert parse_broker(url, environment={"MRO_TWIN_MQTT_PASSWORD": "from the environment"}) == broker


@pytest.mark.parametrize(
    "url", ["http://host", "host:1883", "mqtt://", "mqtt://host:no", "mqtt://host/path", "mqtt://me:geheim@host"]
)
def test_what_is_none(url: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_broker(url)
    assert "geheim" not in str(caught.value)


def test_names_that_topics_cannot_have() -> None:
    host = tank()
    with pytest.raises(AddressError, match="prefix"):
        JsonPublisher(host, Broker("127.0.0.1", 1), ORIGIN, "a/#")
    host.device.name = "tank/1"
    with pytest.raises(AddressError, match="device"):
        JsonPublisher(host, Broker("127.0.0.1", 1), ORIGIN)
