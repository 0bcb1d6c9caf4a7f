"""Random, truncated, oversized and pipelined bytes against both Modbus servers: no crash, no hang, no growth."""

import asyncio
import gc
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_emulators.faces.modbus_frames import MAX_LINE_FRAME, MAX_TCP_FRAME, line_bytes
from tests.modbus_samples import LinePeer, SampleImage, TcpPeer, read_inputs, registers, rtu, tcp, tcp_request

functions = st.sampled_from([1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43, 7, 99, 0x83])
pdus = (
    st.builds(lambda function, body: bytes((function,)) + body, functions, st.binary(max_size=30))
    | st.builds(lambda function, body: bytes((function,)) + body, functions, st.binary(min_size=240, max_size=252))
    | st.builds(read_inputs, st.integers(0, 0xFFFF), st.integers(0, 200))
)
units = st.integers(0, 3) | st.integers(0, 255)
tcp_frames = st.builds(tcp_request, st.integers(0, 0xFFFF), units, pdus)
line_frames = st.builds(line_bytes, units, pdus)


def broken(frames):
    """Frames, or what is left when bytes are cut off, changed, or there is only noise."""
    truncated = st.builds(lambda frame, keep: frame[: keep % (len(frame) + 1)], frames, st.integers(0, 300))
    changed = st.builds(_changed, frames, st.integers(0, 300), st.integers(1, 255))
    return frames | frames | truncated | changed | st.binary(max_size=600)


def _changed(frame, place, bits):
    place %= len(frame)
    return frame[:place] + bytes((frame[place] ^ bits,)) + frame[place + 1 :]


def pieces(data, sizes):
    """The data cut into segments of these sizes, over and over."""
    begin = 0
    while begin < len(data):
        for size in sizes:
            yield data[begin : begin + size]
            begin += size


sizes = st.lists(st.integers(1, 2000), min_size=1, max_size=4)


@settings(max_examples=150)
@given(st.lists(broken(tcp_frames), min_size=1, max_size=12), sizes, st.booleans())
def test_any_bytes_over_tcp(frames, sizes, late):
    async def scenario():
        errors = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context))
        images = {1: SampleImage(), 2: SampleImage()}
        images[2].disturbance.late_ms = 1 if late else 0
        async with tcp(images, 2) as (server, peer, other):
            try:
                for piece in pieces(b"".join(frames), sizes):
                    peer.writer.write(piece)
                    await peer.writer.drain()
                peer.writer.write_eof()
            except OSError:
                pass  # closed by the server
            answers = await peer.ended()
            assert len(answers) <= len(frames) * 40 * MAX_TCP_FRAME
            assert await other.ask(read_inputs(7, 1)) == b"\4" + registers(7)
            assert all(connection._end <= len(connection._buffer) for connection in server._connections)
        assert not errors

    asyncio.run(scenario())


@settings(max_examples=75)
@given(st.lists(broken(line_frames), min_size=1, max_size=6), sizes)
def test_any_bytes_over_a_line(frames, sizes):
    async def scenario():
        errors = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context))
        async with rtu({1: SampleImage(), 2: SampleImage()}) as (server, peer):
            for piece in pieces(b"".join(frames), sizes):
                peer.send(piece)
                await asyncio.sleep(0)
            await asyncio.sleep(0.002)  # a pseudo terminal passes bytes on when the kernel finds the time
            while server._silence is not None or server._outgoing or server._sending is not None:
                await asyncio.sleep(0.0005)
            assert len(server._received) <= MAX_LINE_FRAME
            await peer.ask_again(read_inputs(7, 1), b"\4" + registers(7))
        assert not errors

    asyncio.run(scenario())


def _noise(chance):
    """Some bytes, among them frames that are right."""
    kind = chance.randrange(3)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, 500))
    requests = [tcp_request(n, chance.randrange(4), read_inputs(n, 1 + n % 140)) for n in range(chance.randrange(200))]
    return b"".join(requests)[: -1 if kind == 1 else None]


@pytest.mark.parametrize("over", ["tcp", "line"])
def test_memory_does_not_grow(over):
    chance = random.Random(1)

    async def rounds_tcp(server, count):
        for _ in range(count):
            peer = await TcpPeer.connect(server.address)
            peer.writer.write(_noise(chance))
            if chance.random() < 0.5:
                peer.writer.write_eof()
                await peer.ended()
            await peer.close()
        while len(server._connections) > 1:
            await asyncio.sleep(0)

    async def rounds_line(server, peer, count):
        for _ in range(count):
            peer.send(chance.randbytes(200) + line_bytes(1, read_inputs(1, 1)) * 3)
            await asyncio.sleep(0.0005)
            peer.received.clear()

    async def scenario():
        images = {1: SampleImage()}
        async with tcp(images) as (server, _), rtu(images) as (line_server, line_peer):
            assert isinstance(line_peer, LinePeer)
            sizes = []
            tracemalloc.start()
            try:
                for _ in range(4):
                    if over == "tcp":
                        await rounds_tcp(server, 60)
                    else:
                        await rounds_line(line_server, line_peer, 150)
                    gc.collect()
                    sizes.append(tracemalloc.get_traced_memory()[0])
            finally:
                tracemalloc.stop()
            assert sizes[-1] - sizes[1] < 50_000, sizes

    asyncio.run(scenario())
