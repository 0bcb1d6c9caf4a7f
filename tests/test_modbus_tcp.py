"""The Modbus TCP server as its clients meet it: pipelines, limits, bad frames, disturbances."""

import asyncio
import socket
import struct

import pytest

from device_emulators.faces import modbus_tcp
from device_emulators.faces.modbus_tcp import ModbusTcpServer
from device_emulators.faces.modbus_units import Units
from tests.modbus_samples import (
    SampleImage,
    TcpPeer,
    read_holding,
    read_inputs,
    registers,
    tcp,
    tcp_request,
    write_register,
)


def test_listens_on_the_loopback_and_picks_a_port():
    async def scenario():
        async with ModbusTcpServer(Units({1: SampleImage()})) as server:
            host, port = server.address
            assert host == "127.0.0.1"
            assert port > 0
        with pytest.raises(RuntimeError):
            _ = server.address
        with pytest.raises(ConnectionRefusedError):
            await TcpPeer.connect((host, port))

    asyncio.run(scenario())


def test_a_port_that_is_taken_is_an_error():
    async def scenario():
        async with ModbusTcpServer(Units()) as server:
            with pytest.raises(OSError, match="in use"):
                await ModbusTcpServer(Units(), *server.address).start()

    asyncio.run(scenario())


def test_requests_in_one_segment_are_answered_each_in_order():
    async def scenario():
        async with tcp({1: SampleImage(), 9: SampleImage()}) as (server, peer):
            numbers = range(1000, 1500)
            peer.writer.write(b"".join(tcp_request(n, 1 + n % 2 * 8, read_inputs(n - 1000, 1)) for n in numbers))
            for n in numbers:
                assert await peer.receive() == (n, 1 + n % 2 * 8, b"\4" + registers(n - 1000))
            assert server.counts.requests == 500

    asyncio.run(scenario())


def test_requests_cut_anywhere_are_answered():
    async def scenario():
        async with tcp({1: SampleImage()}) as (_, peer):
            data = tcp_request(1, 1, read_inputs(5, 2)) + tcp_request(2, 1, write_register(3, 4))
            for place in range(len(data)):
                peer.writer.write(data[place : place + 1])
                await peer.writer.drain()
                await asyncio.sleep(0)
            assert await peer.receive() == (1, 1, b"\4" + registers(5, 6))
            assert await peer.receive() == (2, 1, write_register(3, 4))

    asyncio.run(scenario())


def test_what_one_client_writes_the_next_reads():
    async def scenario():
        async with tcp({1: SampleImage()}, 2) as (server, one, other):
            await one.ask(write_register(5, 77))
            assert await other.ask(read_holding(5, 1)) == b"\3" + registers(77)
            assert server.counts.connections == 2

    asyncio.run(scenario())


def test_an_unknown_unit_is_behind_a_gateway_that_gets_no_answer():
    async def scenario():
        async with tcp({1: SampleImage(), 2: SampleImage()}) as (server, peer):
            for unit in (0, 3, 247, 248, 255):
                assert await peer.ask(read_inputs(0, 1), unit) == b"\x84\x0b"
            assert server.counts.exceptions == 5

    asyncio.run(scenario())


def test_the_only_device_answers_to_units_0_and_255():
    async def scenario():
        async with tcp({7: SampleImage()}) as (_, peer):
            for unit in (0, 7, 255):
                assert await peer.ask(read_inputs(1, 1), unit) == b"\4" + registers(1)
            assert await peer.ask(read_inputs(1, 1), 1) == b"\x84\x0b"

    asyncio.run(scenario())


def test_units_are_numbered_from_1_to_247_and_each_is_there_once():
    units = Units({1: SampleImage(), 247: SampleImage()})
    for unit in (0, 1, 248, -1):
        with pytest.raises(ValueError, match=f"unit {unit}"):
            units.add(unit, SampleImage())
    units.remove(1)
    assert list(units) == [247]
    assert len(units) == 1


def test_200_units_share_a_port():
    async def scenario():
        images = {unit: SampleImage() for unit in range(1, 201)}
        async with tcp(images) as (_, peer):
            for unit in images:
                peer.send(unit, unit, write_register(0, unit))
            for unit in images:
                assert await peer.receive() == (unit, unit, write_register(0, unit))
        assert [image.holding[0] for image in images.values()] == list(images)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "header",
    [
        struct.pack(">HHHB", 1, 1, 6, 1),
        struct.pack(">HHHB", 1, 0, 0, 1),
        struct.pack(">HHHB", 1, 0, 1, 1),
        struct.pack(">HHHB", 1, 0, 255, 1),
        struct.pack(">HHHB", 1, 0, 65535, 1),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_frame_closes_the_connection_after_the_answers_before_it(header):
    async def scenario():
        async with tcp({1: SampleImage()}, 2) as (server, peer, other):
            peer.writer.write(tcp_request(5, 1, read_inputs(0, 1)) + header + tcp_request(6, 1, read_inputs(0, 1)))
            assert await peer.receive() == (5, 1, b"\4" + registers(0))
            assert await peer.ended() == b""
            assert server.counts.broken == 1
            assert await other.ask(read_inputs(0, 1)) == b"\4" + registers(0)

    asyncio.run(scenario())


def test_the_longest_and_the_shortest_frame_are_answered():
    async def scenario():
        async with tcp({1: SampleImage()}) as (_, peer):
            assert await peer.ask(bytes((99,)) + bytes(252)) == bytes((99 | 0x80, 1))
            assert await peer.ask(b"\3") == b"\x83\3"

    asyncio.run(scenario())


def test_more_connections_than_allowed_are_closed():
    async def scenario():
        async with tcp({1: SampleImage()}, 0, max_connections=2) as (server,):
            first, second = [await TcpPeer.connect(server.address) for _ in range(2)]
            await first.ask(read_inputs(0, 1))
            third = await TcpPeer.connect(server.address)
            assert await third.ended() == b""
            assert server.counts.refused == 1
            await second.ask(read_inputs(0, 1))
            for peer in (first, second, third):
                await peer.close()

    asyncio.run(scenario())


def test_a_client_that_does_not_read_is_not_read_from():
    async def scenario():
        async with tcp({1: SampleImage()}) as (server, other):
            small = socket.socket()
            small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            small.connect(server.address)
            peer = TcpPeer(*await asyncio.open_connection(sock=small, limit=1024))
            requests = 20_000
            sent = b"".join(tcp_request(n & 0xFFFF, 1, read_inputs(0, 125)) for n in range(requests))
            peer.writer.write(sent)
            while True:  # until nothing moves any more
                before = server.counts.requests
                for _ in range(50):
                    await other.ask(read_inputs(0, 1))
                if server.counts.requests == before + 50:
                    break
            connections = server._connections
            waiting = [connection._transport.get_write_buffer_size() for connection in connections]
            assert 0 < max(waiting) < 2_000_000
            assert server.counts.requests < requests
            for n in range(requests):
                assert (await peer.receive())[0] == n & 0xFFFF
            await peer.close()

    asyncio.run(scenario())


def test_a_long_pipeline_leaves_others_their_turn():
    async def scenario():
        async with tcp({1: SampleImage()}, 2) as (server, peer, other):
            peer.writer.write(tcp_request(1, 1, read_inputs(0, 1)) * 20_000)
            await other.ask(read_inputs(0, 1))
            assert server.counts.requests < 20_000
            for _ in range(20_000):
                await peer.receive()

    asyncio.run(scenario())


def test_a_client_that_ends_its_side_still_gets_its_answers():
    async def scenario():
        async with tcp({1: (image := SampleImage())}, 2) as (_, now, later):
            now.send(1, 1, read_inputs(0, 1))
            now.writer.write_eof()
            assert await now.receive() == (1, 1, b"\4" + registers(0))
            assert await now.ended() == b""
            image.disturbance.late_ms = 20
            later.send(1, 1, read_inputs(0, 1))
            later.writer.write_eof()
            assert await later.receive() == (1, 1, b"\4" + registers(0))
            assert await later.ended() == b""

    asyncio.run(scenario())


def test_a_fault_of_an_image_closes_the_connection_and_is_reported():
    class Faulty(SampleImage):
        def read_holding(self, address, count):
            if address:
                raise KeyError("a fault")
            return super().read_holding(address, count)

    async def scenario():
        reported = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
        async with tcp({1: Faulty()}, 2) as (_, peer, other):
            # enough before it, so that the fault falls into a later slice
            peer.writer.write(tcp_request(1, 1, read_holding(0, 1)) * 5000 + tcp_request(2, 1, read_holding(1, 1)))
            await peer.ended()
            assert isinstance(reported[0], KeyError)
            assert await other.ask(read_holding(0, 1)) == b"\3" + registers(0)

    asyncio.run(scenario())


# --- disturbances ---------------------------------------------------------------------------------------------------


def test_a_device_can_answer_everything_with_an_exception():
    async def scenario():
        async with tcp({1: (image := SampleImage()), 2: SampleImage()}) as (_, peer):
            image.disturbance.exception = 6
            assert await peer.ask(write_register(0, 1)) == b"\x86\x06"
            assert not image.writes
            assert await peer.ask(write_register(0, 1), 2) == write_register(0, 1)
            image.disturbance.exception = None
            assert await peer.ask(write_register(0, 1)) == write_register(0, 1)

    asyncio.run(scenario())


def test_a_silent_device_is_silent_and_the_others_are_not():
    async def scenario():
        async with tcp({1: (image := SampleImage()), 2: SampleImage()}) as (server, peer):
            image.disturbance.silent = True
            peer.send(1, 1, write_register(0, 1))
            assert await peer.ask(read_inputs(0, 1), 2, 2) == b"\4" + registers(0)
            assert not image.writes
            assert server.counts.unanswered == 1

    asyncio.run(scenario())


def test_late_answers_keep_their_order_and_their_numbers():
    async def scenario():
        loop = asyncio.get_running_loop()
        async with tcp({1: (image := SampleImage()), 2: SampleImage()}) as (_, peer):
            image.disturbance.late_ms = 60
            begun = loop.time()
            peer.send(1, 1, write_register(0, 1))
            peer.send(2, 2, read_inputs(2, 1))
            peer.send(3, 1, read_holding(0, 1))
            assert await peer.receive() == (1, 1, write_register(0, 1))
            assert loop.time() - begun >= 0.059
            assert await peer.receive() == (2, 2, b"\4" + registers(2))
            assert await peer.receive() == (3, 1, b"\3" + registers(1))
            image.disturbance.late_ms = 0
            assert await peer.ask(read_holding(0, 1)) == b"\3" + registers(1)

    asyncio.run(scenario())


def test_late_answers_do_not_pile_up(monkeypatch):
    monkeypatch.setattr(modbus_tcp, "MAX_LATE", 5)

    async def scenario():
        async with tcp({1: (image := SampleImage())}) as (server, peer):
            image.disturbance.late_ms = 10
            for n in range(40):
                peer.send(n, 1, read_inputs(n, 1))
            for n in range(40):
                assert await peer.receive() == (n, 1, b"\4" + registers(n))
                assert all(len(connection._late) <= 5 for connection in server._connections)
            assert server.counts.requests == 40

    asyncio.run(scenario())


def test_a_connection_that_goes_takes_its_late_answers_with_it():
    async def scenario():
        async with tcp({1: (image := SampleImage())}, 2) as (server, peer, other):
            image.disturbance.late_ms = 3_600_000
            peer.send(1, 1, read_inputs(0, 1))
            other.send(1, 1, read_inputs(0, 1))
            while server.counts.requests < 2:
                await asyncio.sleep(0)
            reset = struct.pack("ii", 1, 0)
            peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            peer.writer.transport.abort()
            while len(server._connections) > 1:
                await asyncio.sleep(0)

    asyncio.run(scenario())


def test_stray_answers_carry_another_number_and_zeros():
    async def scenario():
        async with tcp({1: (image := SampleImage())}) as (_, peer):
            image.disturbance.stray = True
            peer.send(0, 1, read_inputs(7, 2))
            peer.send(1, 1, write_register(7, 2))
            assert [await peer.receive() for _ in range(4)] == [
                (0xFFFF, 1, b"\4" + registers(0, 0)),
                (0, 1, b"\4" + registers(7, 8)),
                (0, 1, write_register(0, 0)),
                (1, 1, write_register(7, 2)),
            ]

    asyncio.run(scenario())
