"""Links that break: each fault of a relay as both sides and the record see it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from device_emulators.faces.documents import FileError
from hil.relays.condition import Condition, together
from hil.relays.record import Direction, FaultNote, Piece, Recorder, read_record
from hil.relays.relay import Relay

SOON_S = 5.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class RealClock:
    def now_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000


@dataclass
class Echo:
    """A server that keeps what it hears and says it again."""

    heard: bytearray = field(default_factory=bytearray)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    ends: int = 0
    resets: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1000):
                self.heard += data
                self.came.set()
                writer.write(data)
                await writer.drain()
            self.ends += 1
        except ConnectionResetError:
            self.resets += 1
        finally:
            self.came.set()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def heard_bytes(self, count: int) -> bytes:
        async with asyncio.timeout(SOON_S):
            while len(self.heard) < count:
                self.came.clear()
                await self.came.wait()
        return bytes(self.heard)


@dataclass
class Bench:
    relay: Relay
    echo: Echo
    file: Path
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self) -> Streams:
        streams = await asyncio.open_connection("127.0.0.1", self.relay.port)
        self.writers.append(streams[1])
        return streams

    async def ask(self, streams: Streams, text: bytes) -> bytes:
        streams[1].write(text)
        return await asyncio.wait_for(streams[0].readexactly(len(text)), SOON_S)


@contextlib.asynccontextmanager
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    echo = Echo()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    file = tmp_path / "link.jsonl"
    relay = Relay("link", ("127.0.0.1", server.sockets[0].getsockname()[1]), Recorder(RealClock(), file), seed=1)
    await relay.start()
    rig = Bench(relay, echo, file)
    try:
        yield rig
    finally:
        await relay.close()
        for writer in rig.writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        server.close()
        await server.wait_closed()


def on_bench(tmp_path: Path, test: Callable[[Bench], Awaitable[None]]) -> list[Piece | FaultNote]:
    async def run() -> None:
        async with bench(tmp_path) as rig:
            await test(rig)
        leftover = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        if leftover:
            await asyncio.wait(leftover, timeout=SOON_S)
        assert all(task.done() for task in leftover)

    asyncio.run(run())
    return list(read_record(tmp_path / "link.jsonl"))


def passed(record: list[Piece | FaultNote], direction: Direction) -> bytes:
    return b"".join(entry.data for entry in record if isinstance(entry, Piece) and entry.direction is direction)


def test_a_sound_link_passes_everything_both_ways_and_records_it(tmp_path: Path) -> None:
    text = bytes(range(256)) * 800

    async def test(rig: Bench) -> None:
        assert await rig.ask(await rig.connect(), text) == text
        assert await rig.ask(await rig.connect(), b"second") == b"second"

    record = on_bench(tmp_path, test)
    assert passed(record, Direction.UP) == passed(record, Direction.DOWN) == text + b"second"
    assert {entry.connection for entry in record if isinstance(entry, Piece)} == {1, 2}
    times = [entry.time_ms for entry in record]
    assert times == sorted(times)


def test_the_end_of_one_side_reaches_the_other(tmp_path: Path) -> None:
    async def test(rig: Bench) -> None:
        reader, writer = await rig.connect()
        writer.write(b"last words")
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), SOON_S) == b"last words"
        assert rig.echo.ends == 1

    on_bench(tmp_path, test)


def test_refuse_resets_what_is_there_refuses_what_is_new_and_keeps_the_port(tmp_path: Path) -> None:
    async def test(rig: Bench) -> None:
        streams = await rig.connect()
        await rig.ask(streams, b"before")
        port = rig.relay.port
        await rig.relay.apply(Condition(refuse=True))
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(streams[0].read(1), SOON_S)
        with pytest.raises(ConnectionRefusedError):
            await rig.connect()
        await rig.relay.apply(Condition())
        assert rig.relay.port == port
        assert await rig.ask(await rig.connect(), b"after") == b"after"

    record = on_bench(tmp_path, test)
    assert [entry.faults for entry in record if isinstance(entry, FaultNote)] == [("refuse",), ()]


def test_reset_ends_present_connections_and_every_new_one(tmp_path: Path) -> None:
    async def test(rig: Bench) -> None:
        old = await rig.connect()
        await rig.ask(old, b"before")
        await rig.relay.apply(Condition(reset=True))
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(old[0].read(1), SOON_S)
        new = await rig.connect()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(new[0].read(1), SOON_S)
        await rig.relay.apply(Condition())
        assert await rig.ask(await rig.connect(), b"after") == b"after"

    on_bench(tmp_path, test)


def test_a_blackhole_holds_back_both_ways_and_connections_stay(tmp_path: Path) -> None:
    async def test(rig: Bench) -> None:
        streams = await rig.connect()
        await rig.ask(streams, b"before")
        await rig.relay.apply(Condition(blackhole=True))
        streams[1].write(b" during")
        new = await rig.connect()  # the operating system accepts it, nobody answers
        new[1].write(b"")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(streams[0].read(1), 0.05)
        assert bytes(rig.echo.heard) == b"before"
        await rig.relay.apply(Condition())
        assert await asyncio.wait_for(streams[0].readexactly(7), SOON_S) == b" during"
        assert await rig.ask(new, b" new") == b" new"

    on_bench(tmp_path, test)


def test_an_ackhole_lets_data_pass_and_holds_back_the_answers(tmp_path: Path) -> None:
    async def test(rig: Bench) -> None:
        streams = await rig.connect()
        await rig.ask(streams, b"before")
        await rig.relay.apply(Condition(ackhole=True))
        streams[1].write(b" during")
        assert await rig.echo.heard_bytes(13) == b"before during"
        fresh = await rig.connect()
        fresh[1].write(b" fresh")
        assert await rig.echo.heard_bytes(19) == b"before during fresh"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(streams[0].read(1), 0.05)
        await rig.relay.apply(Condition())
        assert await asyncio.wait_for(streams[0].readexactly(7), SOON_S) == b" during"

    record = on_bench(tmp_path, test)
    held = [index for index, entry in enumerate(record) if isinstance(entry, FaultNote)]
    assert passed(record[held[0] : held[1]], Direction.UP) == b" during fresh"
    assert passed(record[held[0] : held[1]], Direction.DOWN) == b""


def test_delay_holds_up_every_piece_and_keeps_their_order(tmp_path: Path) -> None:
    async def test(rig: Bench) -> None:
        streams = await rig.connect()
        await rig.ask(streams, b"0")
        await rig.relay.apply(Condition(delay_ms=60, jitter_ms=60))
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for digit in b"123456789":
            streams[1].write(bytes([digit]))
            await asyncio.sleep(0)
        assert await asyncio.wait_for(streams[0].readexactly(9), SOON_S) == b"123456789"
        assert loop.time() - began_s >= 0.12

    on_bench(tmp_path, test)


def test_the_jitter_of_a_seed_is_the_same_every_time() -> None:
    async def delays(seed: int) -> list[float]:
        relay = Relay("link", ("127.0.0.1", 9), Recorder(RealClock()), seed)
        relay.condition = Condition(delay_ms=10, jitter_ms=100)
        return [relay.delay_s() for _ in range(20)]

    first = asyncio.run(delays(1))
    assert first == asyncio.run(delays(1))
    assert first != asyncio.run(delays(2))
    assert all(0.01 <= delay <= 0.11 for delay in first)


def test_a_slow_link_passes_no_more_than_its_rate(tmp_path: Path) -> None:
    async def test(rig: Bench) -> None:
        streams = await rig.connect()
        await rig.relay.apply(Condition(bytes_per_s=1000))
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        assert await rig.ask(streams, b"x" * 300) == b"x" * 300
        assert loop.time() - began_s >= 0.2

    record = on_bench(tmp_path, test)
    assert max(len(entry.data) for entry in record if isinstance(entry, Piece)) <= 100


def test_cut_closes_in_the_middle_of_a_frame(tmp_path: Path) -> None:
    async def test(rig: Bench) -> None:
        streams = await rig.connect()
        await rig.ask(streams, b"!")
        await rig.relay.apply(Condition(cut=True))
        streams[1].write(b"12345678")
        assert await rig.echo.heard_bytes(5) == b"!1234"
        with contextlib.suppress(ConnectionResetError):
            assert len(await asyncio.wait_for(streams[0].read(), SOON_S)) <= 4

    assert passed(on_bench(tmp_path, test), Direction.UP) == b"!1234"


def test_duplicate_passes_every_piece_twice(tmp_path: Path) -> None:
    async def test(rig: Bench) -> None:
        streams = await rig.connect()
        await rig.ask(streams, b"!")
        await rig.relay.apply(Condition(duplicate=True))
        streams[1].write(b"abc")
        assert await rig.echo.heard_bytes(7) == b"!abcabc"

    assert passed(on_bench(tmp_path, test), Direction.UP) == b"!abcabc"


def test_a_server_that_is_not_there_resets_the_client(tmp_path: Path) -> None:
    async def test(rig: Bench) -> None:
        rig.relay.target = ("127.0.0.1", 1)
        reader, _writer = await rig.connect()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), SOON_S)

    on_bench(tmp_path, test)


def test_closing_ends_connections_whatever_their_state(tmp_path: Path) -> None:
    async def test(rig: Bench) -> None:
        await rig.ask(await rig.connect(), b"idle")
        await rig.relay.apply(Condition(blackhole=True))
        waiting = await rig.connect()
        waiting[1].write(b"held")
        while rig.relay.connections < 2:
            await asyncio.sleep(0)

    on_bench(tmp_path, test)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_ends_the_record_and_breaks_no_link() -> None:
    for pieces in (1, 200):  # found when it is closed, or before
        recorder = Recorder(RealClock(), Path("/dev/full"))
        for _ in range(pieces):
            recorder.passed(1, Direction.UP, bytes(1000))
        recorder.close()
        assert recorder.failure == "full: No space left on device"


def test_faults_together() -> None:
    both = together([Condition(delay_ms=10, bytes_per_s=500), Condition(delay_ms=5, cut=True, bytes_per_s=200)])
    assert both == Condition(delay_ms=15, cut=True, bytes_per_s=200)
    assert both.names() == ["cut", "delay", "slow"]
    assert together([]) == Condition()


@pytest.mark.parametrize("line", ["{", "[]", '{"t":1,"c":1,"e":"up","b":"xyz"}', '{"t":1,"c":1,"e":"sideways"}'])
def test_a_damaged_record_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "link.jsonl"
    file.write_text('{"t":1,"c":0,"e":"begin","link":"x","target":"y"}\n' + line + "\n")
    with pytest.raises(FileError, match=r"link\.jsonl:2: is not a line"):
        list(read_record(file))
