"""A register image made by hand, and requests as bytes, for tests of the Modbus servers."""

import asyncio
import contextlib
import os
import struct

from device_emulators.faces.host import Disturbance
from device_emulators.faces.modbus_frames import line_bytes
from device_emulators.faces.modbus_image import ExceptionCode, Identification, ModbusError
from device_emulators.faces.modbus_rtu import ModbusRtuServer
from device_emulators.faces.modbus_serial import SerialSettings, open_pty
from device_emulators.faces.modbus_tcp import ModbusTcpServer
from device_emulators.faces.modbus_units import Units
from device_emulators.signals import RefusedError, SignalError

BITS = 3000
REGISTERS = 1000
REFUSED = 900  # holding register that always refuses
SMALL = 901  # holding register of values up to 10


class SampleImage:
    """Tables from address 0 on; the inputs at first hold their own addresses."""

    def __init__(self, identification=None):
        self.identification = identification or Identification(vendor_url="https://example.org", model_name="M1")
        self.disturbance = Disturbance()
        self.coils = [False] * BITS
        self.discretes = [place % 3 == 0 for place in range(BITS)]
        self.holding = [0] * REGISTERS
        self.inputs = list(range(REGISTERS))
        self.writes = 0

    def read_coils(self, address, count):
        return _part(self.coils, address, count)

    def read_discretes(self, address, count):
        return _part(self.discretes, address, count)

    def read_holding(self, address, count):
        return _part(self.holding, address, count)

    def read_inputs(self, address, count):
        return _part(self.inputs, address, count)

    def write_coils(self, address, values):
        _part(self.coils, address, len(values))
        self.coils[address : address + len(values)] = values
        self.writes += 1

    def write_holding(self, address, values):
        _part(self.holding, address, len(values))
        new = dict(enumerate(values, address))
        if REFUSED in new:
            raise ModbusError.of(RefusedError("not now"))
        if new.get(SMALL, 0) > 10:
            raise ModbusError.of(SignalError("too much"))
        self.holding[address : address + len(values)] = values
        self.writes += 1


def _part(table, address, count):
    if address + count > len(table):
        raise ModbusError(ExceptionCode.ILLEGAL_ADDRESS)
    return table[address : address + count]


def read_inputs(address, count):
    return struct.pack(">BHH", 4, address, count)


def read_holding(address, count):
    return struct.pack(">BHH", 3, address, count)


def write_register(address, value):
    return struct.pack(">BHH", 6, address, value)


def registers(*values):
    return struct.pack(f">B{len(values)}H", 2 * len(values), *values)


def tcp_request(transaction, unit, pdu):
    return struct.pack(">HHHB", transaction, 0, 1 + len(pdu), unit) + pdu


class TcpPeer:
    """A client that sends bytes and reads whole answers: (transaction, unit, pdu)."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, address):
        return cls(*await asyncio.open_connection(*address))

    def send(self, transaction, unit, pdu):
        self.writer.write(tcp_request(transaction, unit, pdu))

    async def receive(self):
        async with asyncio.timeout(20):
            transaction, protocol, length, unit = struct.unpack(">HHHB", await self.reader.readexactly(7))
            assert protocol == 0
            return transaction, unit, await self.reader.readexactly(length - 1)

    async def ask(self, pdu, unit=1, transaction=1):
        self.send(transaction, unit, pdu)
        answered = await self.receive()
        assert answered[:2] == (transaction, unit)
        return answered[2]

    async def ended(self):
        """What still comes until the server closes the connection."""
        async with asyncio.timeout(20):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def close(self):
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


@contextlib.asynccontextmanager
async def tcp(units, count=1, **options):
    """A server and `count` clients of it."""
    async with ModbusTcpServer(Units(units), **options) as server:
        peers = [await TcpPeer.connect(server.address) for _ in range(count)]
        try:
            yield server, *peers
        finally:
            for peer in peers:
                await peer.close()


FAST = SerialSettings(baud=4_000_000)


class LinePeer:
    """A client at the other end of a pseudo terminal."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.received = bytearray()
        self.came = asyncio.Event()
        asyncio.get_running_loop().add_reader(self.fd, self._readable)

    def _readable(self):
        self.received += os.read(self.fd, 4096)
        self.came.set()

    def send(self, data):
        assert os.write(self.fd, data) == len(data)

    async def receive(self, length):
        async with asyncio.timeout(20):
            while len(self.received) < length:
                self.came.clear()
                await self.came.wait()
        data = bytes(self.received[:length])
        del self.received[:length]
        return data

    async def ask(self, pdu, answer, unit=1):
        """Send a request and expect that answer."""
        self.send(line_bytes(unit, pdu))
        expected = line_bytes(unit, answer)
        assert await self.receive(len(expected)) == expected

    async def ask_again(self, pdu, answer, unit=1):
        """The same after noise, whose rest may spoil the request: masters repeat it after a while."""
        for tries_left in reversed(range(20)):
            self.received.clear()
            try:
                async with asyncio.timeout(0.3):
                    await self.ask(pdu, answer, unit)
                    return
            except (TimeoutError, AssertionError):
                if not tries_left:
                    raise

    def close(self):
        asyncio.get_running_loop().remove_reader(self.fd)
        os.close(self.fd)


@contextlib.asynccontextmanager
async def rtu(units, settings=FAST):
    """A server on a pseudo terminal and a client of it."""
    async with ModbusRtuServer(Units(units), open_pty(), settings) as server:
        peer = LinePeer(server.line.path)
        try:
            yield server, peer
        finally:
            peer.close()
