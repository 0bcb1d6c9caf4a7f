"""The observer over MQTT: reports, answers to what a gateway asks, and a broker that goes away and comes back."""

import asyncio
import os
import select
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiomqtt
import pytest

from hil.accept import observers
from hil.accept.brokers import Mosquitto, find_mosquitto
from hil.accept.extract import Extractor
from hil.accept.observers import Answer, MqttObserver
from hil.accept.paths import TopicPattern
from hil.accept.processes import ManagedProcess, RigError
from hil.accept.suite import PLAIN_LAYOUT


class Clock:
    def now_ms(self) -> int:
        return 42


ANSWER = Answer(TopicPattern("ask/{device}"), TopicPattern("told/{device}"), '{"go": ${go}}')


@pytest.fixture(autouse=True)
def _broker_is_installed() -> None:
    if find_mosquitto() is None:
        if os.environ.get("CI"):
            pytest.fail("mosquitto is not installed")
        pytest.skip("mosquitto is not installed")


def observed(folder: Path, test: Callable[[Mosquitto, MqttObserver], Awaitable[None]]) -> MqttObserver:
    async def run() -> MqttObserver:
        broker = Mosquitto(folder)
        await broker.start()
        client = aiomqtt.Client("127.0.0.1", broker.port)
        observer = MqttObserver(client, Extractor(PLAIN_LAYOUT, 0), Clock(), [ANSWER])
        try:
            await observer.start()
            async with asyncio.timeout(20):
                await test(broker, observer)
        finally:
            await observer.stop()
            await broker.stop()
        return observer

    return asyncio.run(run())


async def say(broker: Mosquitto, topic: str, payload: str, retain: bool = False) -> None:
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.publish(topic, payload, qos=1, retain=retain)


async def came(observer: MqttObserver, count: int) -> None:
    while len(observer.reports) < count:
        observer.came.clear()
        await observer.came.wait()


def test_reports_and_answers(tmp_path: Path) -> None:
    async def test(broker: Mosquitto, observer: MqttObserver) -> None:
        async with aiomqtt.Client("127.0.0.1", broker.port) as gateway:
            await gateway.subscribe("told/#", qos=1)
            await gateway.publish("ask/tank", '{"go": [1, 2]}', qos=1)
            answer = await anext(aiter(gateway.messages))
            assert (str(answer.topic), answer.payload) == ("told/tank", b'{"go": [1, 2]}')
            await gateway.publish("plant/tank/level", '{"value": 5, "number": 1}', qos=1)
            await gateway.publish("plant/tank/level", "nonsense", qos=1)
            await gateway.publish("plant/tank/level", '{"value": 6, "number": 2}', qos=1)
            await came(observer, 2)

    observer = observed(tmp_path, test)
    assert [report[:4] for report in observer.reports] == [("tank", "level", 5, 1), ("tank", "level", 6, 2)]


def test_it_comes_back_to_a_broker_that_restarts(tmp_path: Path) -> None:
    async def test(broker: Mosquitto, observer: MqttObserver) -> None:
        await say(broker, "plant/tank/level", '{"value": 5, "number": 1}')
        await came(observer, 1)
        await broker.kill()
        while observer.ready.is_set():
            await asyncio.sleep(0.01)
        assert observer.lost_broker_ms == 42
        await broker.start()
        await observer.ready.wait()
        assert observer.lost_broker_ms is None
        await say(broker, "plant/tank/level", '{"value": 6, "number": 2}')
        await came(observer, 2)

    observed(tmp_path, test)


def test_nothing_of_a_burst_is_dropped_on_its_way_from_the_broker(tmp_path: Path) -> None:
    count = 5000

    async def test(broker: Mosquitto, observer: MqttObserver) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
        topic, burst = b"\0\x10plant/tank/level", bytearray(b"\x10\x0c\0\4MQTT\4\2\0\0\0\0")
        for number in range(count):
            body = topic + bytes((1 + number).to_bytes(2, "big")) + b'{"value": 5, "number": %05d}' % (10_000 + number)
            burst += bytes([0x32, len(body)]) + body
        writer.write(burst)
        await reader.readexactly(4 + 4 * count)  # the broker has acknowledged all
        await came(observer, count)
        writer.close()
        await writer.wait_closed()

    assert [report.number for report in observed(tmp_path, test).reports] == list(range(10_000, 10_000 + count))


def test_without_a_broker_it_does_not_start() -> None:
    async def run() -> None:
        observer = MqttObserver(aiomqtt.Client("127.0.0.1", 1), Extractor(PLAIN_LAYOUT, 0), Clock())
        with pytest.raises(aiomqtt.MqttError):
            await observer.start()
        await observer.stop()

    asyncio.run(run())


def test_a_process_is_ended_killed_and_started_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    deaf = "trap '' TERM; echo $WORD; while :; do sleep 0.05; done"

    async def run() -> None:
        process = ManagedProcess(["sh", "-c", deaf], log, {"WORD": "hello"}, patience_s=0.2)
        await process.stop()  # it does not run: nothing happens
        for _ in range(2):
            await process.start()
            await process.start()
            while not log.read_bytes():
                await asyncio.sleep(0.01)
            assert process.running
            await process.stop()
            assert not process.running
        await process.kill()
        with pytest.raises(RigError, match="cannot start /nowhere"):
            await ManagedProcess(["/nowhere"], log).start()

    asyncio.run(run())
    assert log.read_text() in ("hello\nhello\n", "hello\n")


def test_a_shell_around_the_gateway_does_not_keep_it_alive(tmp_path: Path) -> None:
    async def run(end: Callable[[ManagedProcess], Awaitable[None]], fifo: Path) -> None:
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        process = ManagedProcess(["sh", "-c", f"(echo up; exec sleep 1000) > {fifo} & wait"], tmp_path / "log")
        await process.start()
        assert select.select([reader], [], [], 10)[0]
        assert os.read(reader, 100) == b"up\n"
        await end(process)
        assert select.select([reader], [], [], 10)[0]
        assert os.read(reader, 100) == b""  # nobody has it open any more
        os.close(reader)

    asyncio.run(run(ManagedProcess.kill, tmp_path / "killed"))
    asyncio.run(run(ManagedProcess.stop, tmp_path / "stopped"))


def test_it_is_known_whether_a_process_ended_by_itself(tmp_path: Path) -> None:
    async def run() -> None:
        process = ManagedProcess(["sh", "-c", "exit 3"], tmp_path / "log")
        await process.start()
        while process.running:
            await asyncio.sleep(0.01)
        assert process.ended == 3
        process = ManagedProcess(["sleep", "1000"], tmp_path / "log")
        await process.start()
        assert process.ended is None
        await process.kill()
        assert process.ended is None

    asyncio.run(run())


def test_what_is_more_than_is_kept_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observers, "MOST_REPORTS", 2)

    async def test(broker: Mosquitto, observer: MqttObserver) -> None:
        for number in range(4):
            await say(broker, "plant/tank/level", f'{{"value": 5, "number": {number}}}')
        while not observer.too_many:
            await asyncio.sleep(0.01)

    assert [report.number for report in observed(tmp_path, test).reports] == [0, 1]
