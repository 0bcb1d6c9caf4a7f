"""Random, truncated, oversized and pipelined bytes against both Modbus servers: no crash, no hang, no growth."""

import asyncio
import contextlib
import gc
import os
import random
import resource
import struct
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_emulators.faces.mapping import Table
from device_emulators.faces.modbus_frames import MAX_LINE_FRAME, MAX_TCP_FRAME, line_bytes
from device_emulators.faces.modbus_rtu import ModbusRtuServer
from device_emulators.faces.modbus_serial import open_pty
from device_emulators.faces.modbus_tcp import ModbusTcpServer
from tests.modbus_hosts import Plant
from tests.modbus_samples import FAST, LinePeer, SampleImage, TcpPeer, read_inputs, registers, rtu, tcp, tcp_request

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


SECONDS = float(os.environ.get("MRO_TWIN_FUZZ_SECONDS", "2"))
ADDRESSES = (0, 1, 7, 10, 14, 100, 101, 102, 116, 1000, 1010, 1777, 2000, 65_535)


def right_requests(plant):
    """A request for every value of every map: its unit, and the PDU."""
    codes = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}
    return [
        (unit, struct.pack(">BHH", codes[point.table], point.address, point.width))
        for unit, bound in plant.bounds.items()
        for point in bound.points
    ]


def _request(chance):
    """A request that may be right: most functions, addresses of the maps and near them, values that may be refused."""
    address, count = chance.choice(ADDRESSES) + chance.randrange(3), chance.choice((0, 1, 2, 4, 125, 126, 2000, 65_535))
    match function := chance.choice((1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43)):
        case 1 | 2 | 3 | 4:
            body = struct.pack(">HH", address & 0xFFFF, count)
        case 5 | 6:
            body = struct.pack(">HH", address & 0xFFFF, chance.choice((0, 1, 0xFF00, 0xFFFF)))
        case 15 | 16:
            values = chance.randbytes(chance.randrange(9))
            registers_or_bits = len(values) // 2 if function == 16 else 8 * len(values)
            body = struct.pack(">HHB", address & 0xFFFF, registers_or_bits, len(values)) + values
        case 22:
            body = struct.pack(">H", address & 0xFFFF) + chance.randbytes(4)
        case _:
            body = chance.randbytes(chance.randrange(12))
    return bytes((function,)) + body


def _frame(chance, framed, right):
    """A frame as it is to be, or with something cut off, put in or changed."""
    frame = (
        framed(*chance.choice(right)) if chance.random() < 0.5 else framed(chance.randrange(1, 13), _request(chance))
    )
    kind = chance.randrange(200)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, 500))
    if kind == 1:
        return frame[: chance.randrange(len(frame))]
    if kind == 2:
        return frame + chance.randbytes(chance.randrange(300))
    return _changed(frame, chance.randrange(300), 1 << chance.randrange(8)) if kind == 3 else frame


class Growth:
    """Memory after the first third of the time, and at the end."""

    def __init__(self):
        self.ends = time.monotonic() + SECONDS
        self.third = self.ends - SECONDS * 2 / 3
        self.sizes = []

    def more(self):
        now = time.monotonic()
        if (now > self.third and not self.sizes) or (now > self.ends and len(self.sizes) < 2):
            gc.collect()
            self.sizes.append((tracemalloc.get_traced_memory()[0], resident_bytes()))
        return now < self.ends


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.parametrize("over", ["tcp", "line"])
def test_memory_does_not_grow(over):
    """Devices of all types; for MRO_TWIN_FUZZ_SECONDS, of which CI takes two."""
    chance, errors = random.Random(1), []

    async def over_tcp(server, growth, right):
        while growth.more():
            peer = await TcpPeer.connect(server.address)
            peer.writer.write(b"".join(_frame(chance, framed_tcp, right) for _ in range(chance.randrange(200))))
            if chance.random() < 0.5:
                peer.writer.write_eof()
                await peer.ended()
            await peer.close()
            while len(server._connections) > 5:
                await asyncio.sleep(0)

    async def over_line(server, peer, growth, right):
        while growth.more():
            for _ in range(5):
                peer.send(_frame(chance, line_bytes, right))
                await asyncio.sleep(0)
            await asyncio.sleep(0.002 * chance.randrange(2))  # a silence, or none
            peer.received.clear()

    async def scenario():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context))
        plant = Plant()
        right, units = right_requests(plant), plant.units
        async with contextlib.AsyncExitStack() as stack:
            growth = Growth()
            if over == "tcp":
                server = await stack.enter_async_context(ModbusTcpServer(units))
                await over_tcp(server, growth, right)
                peer = await TcpPeer.connect(server.address)
                assert (await peer.ask(read_inputs(0, 8)))[:2] == b"\4\x10"
                await peer.close()
            else:
                server = await stack.enter_async_context(ModbusRtuServer(units, open_pty(), FAST))
                peer = LinePeer(server.line.path)
                stack.callback(peer.close)
                await over_line(server, peer, growth, right)
                while server._silence is not None or server._outgoing or server._sending is not None:
                    await asyncio.sleep(0.0005)
                await asyncio.sleep(0.002)
                peer.received.clear()
                peer.send(line_bytes(1, read_inputs(0, 8)))
                assert (await peer.receive(3)) == b"\1\4\x10"
            return server.counts, growth.sizes

    tracemalloc.start()
    try:
        counts, ((traced, resident), (traced_at_end, resident_at_end)) = asyncio.run(scenario())
    finally:
        tracemalloc.stop()
    assert not errors
    assert 0 < counts.exceptions < counts.requests
    assert counts.broken
    print(f"{over}: {counts}; traced {traced} then {traced_at_end}, resident {resident} then {resident_at_end} bytes")
    assert traced_at_end - traced < 100_000
    assert resident_at_end - resident < 8_000_000


def framed_tcp(unit, pdu):
    return tcp_request(pdu[0], unit, pdu)
