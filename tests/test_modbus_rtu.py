"""The Modbus RTU server on a pseudo terminal: frames, silence, wire time, disturbances; and frames by themselves."""

import asyncio
import os
import tty

import pytest
from pydantic import ValidationError

from device_emulators.faces.modbus_frames import FrameError, check_sum, line_bytes, line_request_length, tcp_frame
from device_emulators.faces.modbus_rtu import ModbusRtuServer
from device_emulators.faces.modbus_serial import SerialSettings, open_port, open_pty
from device_emulators.faces.modbus_units import Units
from tests.modbus_samples import (
    FAST,
    LinePeer,
    SampleImage,
    read_holding,
    read_inputs,
    registers,
    rtu,
    tcp_request,
    write_register,
)


def test_the_check_sum_is_that_of_the_specification():
    assert check_sum(b"\x02\x07") == b"\x41\x12"  # Modbus over serial line V1.02, appendix B
    assert check_sum(b"\x01\x03\x00\x00\x00\x0a") == b"\xc5\xcd"


@pytest.mark.parametrize(
    ("body", "length"),
    [
        (b"\1", None),
        (b"\1\3", 8),
        (b"\1\x16", 10),
        (b"\1\x10\0\0\0\1", None),
        (b"\1\x10\0\0\0\1\2", 11),
        (b"\1\x17\0\0\0\1\0\0\0\1\4", 17),
        (b"\1\x2b\x0e", 7),
        (b"\1\x2b\x0d", None),
        (b"\1\x2b", None),
        (b"\1\x63\0\0", None),
    ],
)
def test_a_request_says_how_long_it_is(body, length):
    assert line_request_length(body) == length


def test_tcp_frames_are_cut_where_they_end():
    data = tcp_request(7, 3, b"\4\0\1") + b"\0\1"
    assert tcp_frame(data, 0, 9) is None
    assert tcp_frame(data, 0, len(data)) == (7, 3, b"\4\0\1")
    assert tcp_frame(data, 10, len(data)) is None
    with pytest.raises(FrameError, match="protocol 1 and length 6"):
        tcp_frame(b"\0\0\0\1\0\6\1\4", 0, 8)


def test_a_request_is_answered_with_its_unit():
    async def scenario():
        async with rtu({1: SampleImage(), 17: SampleImage()}) as (server, peer):
            await peer.ask(read_inputs(5, 2), b"\4" + registers(5, 6), 17)
            await peer.ask(write_register(3, 9), write_register(3, 9))
            await peer.ask(read_holding(3, 1), b"\3" + registers(9))
            assert server.counts.requests == 3

    asyncio.run(scenario())


def test_a_request_in_pieces_is_answered():
    async def scenario():
        async with rtu({1: SampleImage()}, SerialSettings(baud=300)) as (_, peer):  # silence is 128 ms
            frame = line_bytes(1, b"\x10\0\0\0\2" + registers(7, 8))
            for place in range(len(frame)):
                peer.send(frame[place : place + 1])
                await asyncio.sleep(0)
            expected = line_bytes(1, b"\x10\0\0\0\2")
            assert await peer.receive(len(expected)) == expected

    asyncio.run(scenario())


def test_a_function_of_unknown_length_is_answered_after_silence():
    async def scenario():
        async with rtu({1: SampleImage()}) as (_, peer):
            await peer.ask(b"\x11", b"\x91\1")
            await peer.ask(b"\x63" + bytes(100), b"\xe3\1")
            await peer.ask(b"\x2b\x0d\0", b"\xab\1")

    asyncio.run(scenario())


def test_other_units_and_broadcasts_get_no_answer():
    async def scenario():
        images = {1: SampleImage(), 2: SampleImage()}
        async with rtu(images) as (server, peer):
            peer.send(line_bytes(9, read_inputs(0, 1)))
            peer.send(line_bytes(0, write_register(4, 44)))
            peer.send(line_bytes(0, read_inputs(0, 1)))
            await peer.ask(read_holding(4, 1), b"\3" + registers(44), 2)
            assert images[1].holding[4] == 44
            assert server.counts.unanswered == 3

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "noise",
    [
        line_bytes(1, read_inputs(0, 1))[:-1] + b"\0",
        line_bytes(1, read_inputs(0, 1))[:-1],
        b"\1\x10\0\0\0\1\xff" + bytes(300),
        b"\1\x63" + bytes(300),
        line_bytes(2, b"\4\4\0\1\0\2"),  # another unit's answer
        bytes(1),
        b"\xff" * 2000,
    ],
)
def test_what_is_no_frame_is_dropped_until_silence(noise):
    async def scenario():
        async with rtu({1: SampleImage()}) as (server, peer):
            peer.send(noise + line_bytes(1, write_register(1, 1)) * (len(noise) > 20))
            while not server.counts.broken or server._silence is not None:
                await asyncio.sleep(0.0005)
            await peer.ask_again(read_holding(1, 1), b"\3" + registers(0))

    asyncio.run(scenario())


def test_both_frames_take_their_wire_time():
    async def scenario():
        loop = asyncio.get_running_loop()
        settings = SerialSettings(baud=9600, parity="N", stop_bits=2)
        async with rtu({1: SampleImage()}, settings) as (_, peer):
            begun = loop.time()
            await peer.ask(read_inputs(0, 20), b"\4" + registers(*range(20)))
            characters = 8 + 3.5 + 45
            assert characters * 11 / 9600 <= loop.time() - begun + 0.001

    asyncio.run(scenario())


def test_requests_without_silence_between_them_are_answered_one_after_the_other():
    async def scenario():
        async with rtu({1: SampleImage()}) as (_, peer):
            peer.send(b"".join(line_bytes(1, read_inputs(n, 1)) for n in range(20)))
            for n in range(20):
                expected = line_bytes(1, b"\4" + registers(n))
                assert await peer.receive(len(expected)) == expected

    asyncio.run(scenario())


def test_more_requests_than_can_wait_are_dropped():
    async def scenario():
        async with rtu({1: SampleImage()}) as (server, peer):
            peer.send(line_bytes(1, read_inputs(0, 1)) * 100)
            await peer.receive(65 * 7)
            assert server.counts.requests == 100
            assert server.counts.unanswered == 35
            await peer.ask(read_inputs(7, 1), b"\4" + registers(7))

    asyncio.run(scenario())


def test_disturbances_show_on_the_line():
    async def scenario():
        async with rtu({1: (image := SampleImage()), 247: (other := SampleImage())}) as (_, peer):
            image.disturbance.silent = True
            peer.send(line_bytes(1, write_register(0, 1)))
            await peer.ask(read_inputs(1, 1), b"\4" + registers(1), 247)
            assert not image.writes
            other.disturbance.exception = 6
            await peer.ask(read_inputs(1, 1), b"\x84\6", 247)
            other.disturbance.exception, other.disturbance.stray = None, True
            peer.send(line_bytes(247, read_inputs(1, 1)))
            expected = line_bytes(1, b"\4" + registers(0)) + line_bytes(247, b"\4" + registers(1))
            assert await peer.receive(len(expected)) == expected
            other.disturbance.stray, other.disturbance.late_ms = False, 50
            begun = asyncio.get_running_loop().time()
            await peer.ask(read_inputs(1, 1), b"\4" + registers(1), 247)
            assert asyncio.get_running_loop().time() - begun >= 0.049

    asyncio.run(scenario())


def test_a_client_may_go_and_another_come():
    async def scenario():
        async with ModbusRtuServer(Units({1: SampleImage()}), open_pty(), FAST) as server:
            for _ in range(3):
                peer = LinePeer(server.line.path)
                await peer.ask(read_inputs(1, 1), b"\4" + registers(1))
                peer.close()

    asyncio.run(scenario())


def test_a_port_is_opened_by_its_name_and_is_ours_alone_and_may_be_pulled_out():
    async def scenario():
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        path = os.ttyname(theirs)
        server = ModbusRtuServer(Units({1: SampleImage()}), open_port(path, FAST), FAST)
        assert await server.start() == path
        assert server.line.paced
        with pytest.raises(OSError, match="it is in use"):
            open_port(path, FAST)
        os.close(theirs)
        os.write(ours, line_bytes(1, read_inputs(1, 1)))
        loop = asyncio.get_running_loop()
        answered = loop.create_future()
        loop.add_reader(ours, lambda: answered.done() or answered.set_result(os.read(ours, 100)))
        assert await asyncio.wait_for(answered, 20) == line_bytes(1, b"\4" + registers(1))
        loop.remove_reader(ours)
        os.close(ours)
        await asyncio.wait_for(server.wait_lost(), 20)
        await server.close()

    asyncio.run(scenario())


def test_what_is_no_port_is_an_error(tmp_path):
    (tmp_path / "file").write_text("no port")
    for path in ("file", "missing"):
        with pytest.raises(OSError, match=path):
            open_port(str(tmp_path / path), FAST)


def test_settings_of_a_line():
    assert SerialSettings.parse("9600") == SerialSettings(9600, "E", 1)
    assert SerialSettings.parse("115200 8n2") == SerialSettings(115_200, "N", 2)
    assert SerialSettings(9600, "N", 1).character_s == pytest.approx(10 / 9600)
    assert SerialSettings(9600).silence_s == pytest.approx(3.5 * 11 / 9600)
    assert SerialSettings(115_200).silence_s == 0.00175
    for text in ("", "fast", "9600 7E1", "9600 8X1", "-1"):
        with pytest.raises(ValueError, match="expected such as"):
            SerialSettings.parse(text)
    with pytest.raises(ValidationError):
        SerialSettings(baud=1)
