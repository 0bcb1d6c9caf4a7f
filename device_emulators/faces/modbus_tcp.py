"""A Modbus TCP server: devices as units behind one port.

Requests of one connection are carried out and answered in order, each with its own transaction number, however they
were cut into segments. Memory per connection is bounded: while answers wait to be sent, nothing more is read.
"""

import asyncio
import socket
from collections import deque
from typing import Final, Self

from device_emulators.faces.modbus_frames import MAX_TCP_FRAME, FrameError, TcpFrame, tcp_bytes, tcp_frame
from device_emulators.faces.modbus_units import Counts, Units

LOOPBACK: Final = "127.0.0.1"
MAX_CONNECTIONS: Final = 256
MAX_LATE: Final = 256
"""Late answers of one connection that may wait; then no more requests are taken from it."""

_BUFFER_BYTES: Final = 4096
_SLICE_S: Final = 0.002  # then others get their turn


class ModbusTcpServer:
    """Serves `units` on one port from `start` to `close`; also `async with`, on a free port of the loopback.

    A frame that cannot be one closes its connection; more than `max_connections` are closed as they come.
    """

    def __init__(
        self, units: Units, host: str = LOOPBACK, port: int = 0, *, max_connections: int = MAX_CONNECTIONS
    ) -> None:
        self.units = units
        self.counts = Counts()
        self.max_connections = max_connections
        self._wanted = host, port
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._empty = asyncio.Event()

    async def start(self) -> tuple[str, int]:
        """Listen, and return where: port 0 picks a free one. OSError when the address cannot be had."""
        host, port = self._wanted
        loop = asyncio.get_running_loop()
        # A name may have several addresses; with port 0 each would get a port of its own.
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        self._server = await loop.create_server(
            lambda: _Connection(self), str(address[0]), int(address[1]), family=family
        )
        return self.address

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens. RuntimeError when it does not."""
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the server does not listen")
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    async def close(self) -> None:
        """Stop listening and cut all connections."""
        if self._server is None:
            return
        self._server.close()
        while self._connections:
            self._empty.clear()
            for connection in tuple(self._connections):
                connection.abort()
            await self._empty.wait()
        await self._server.wait_closed()
        self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _made(self, connection: "_Connection") -> bool:
        """A connection is there; returns whether it may stay."""
        stays = len(self._connections) < self.max_connections
        self._connections.add(connection)
        self.counts.connections += stays
        self.counts.refused += not stays
        return stays

    def _lost(self, connection: "_Connection") -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()


class _Connection(asyncio.BufferedProtocol):
    """One client. Bytes come into a fixed buffer; whole frames are taken out of it in slices of time."""

    def __init__(self, server: ModbusTcpServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._begin = self._end = 0
        self._late: deque[tuple[float, bytes]] = deque()  # when to send what, in order
        self._timer: asyncio.TimerHandle | None = None
        self._next_slice: asyncio.Handle | None = None
        self._blocked = False  # the client does not read what it asked for
        self._ended = False  # the client sends no more

    # --- what asyncio calls ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # Clients that vanish without a word would hold their place for ever.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if not self._server._made(self):
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        for handle in (self._timer, self._next_slice):
            if handle is not None:
                handle.cancel()
        self._late.clear()
        self._transport = None
        self._server._lost(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view[self._end :]

    def buffer_updated(self, nbytes: int) -> None:
        self._end += nbytes
        self._work()

    def eof_received(self) -> bool:
        self._ended = True
        return bool(self._late)  # they are still sent

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._work()

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    # --- requests -------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Answer the requests that are there, and read on when there is none left."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._next_slice is not None:
            return
        try:
            waits = self._answer_slice(transport)
        except FrameError:
            self._server.counts.broken += 1
            transport.close()
            return
        except BaseException:
            transport.abort()  # a fault of ours must not leave a client waiting
            raise
        if waits:
            transport.pause_reading()
            return
        rest = self._end - self._begin
        self._buffer[:rest] = self._buffer[self._begin : self._end]
        self._begin, self._end = 0, rest
        if not self._ended:
            transport.resume_reading()

    def _answer_slice(self, transport: asyncio.Transport) -> bool:
        """Answer for at most a slice of time; returns whether there may be whole frames left."""
        answers: list[bytes] = []
        over = self._loop.time() + _SLICE_S
        try:
            while not self._blocked and len(self._late) < MAX_LATE:
                frame = tcp_frame(self._buffer, self._begin, self._end)
                if frame is None:
                    return False
                self._begin += 7 + len(frame.pdu)
                self._answer(frame, answers)
                if self._loop.time() > over:
                    self._next_slice = self._loop.call_soon(self._go_on)
                    return True
            return True
        finally:
            if answers:
                transport.write(b"".join(answers))

    def _go_on(self) -> None:
        self._next_slice = None
        self._work()

    def _answer(self, frame: TcpFrame, answers: list[bytes]) -> None:
        counts = self._server.counts
        counts.requests += 1
        reply = self._server.units.over_tcp(frame.unit, frame.pdu)
        if reply is None:
            counts.unanswered += 1
            return
        counts.exceptions += reply.pdu[0] >> 7
        data = tcp_bytes(frame.transaction, frame.unit, reply.pdu)
        if reply.stray:
            # As if the answer to the request before came twice.
            data = tcp_bytes((frame.transaction - 1) & 0xFFFF, frame.unit, reply.stray) + data
        if reply.late_s or self._late:
            self._send_late(data, reply.late_s)
        else:
            answers.append(data)

    # --- late answers ---------------------------------------------------------------------------------------------

    def _send_late(self, data: bytes, late_s: float) -> None:
        """Send it so much later, though not before what was to be sent earlier."""
        due = self._loop.time() + late_s
        self._late.append((max(due, self._late[-1][0]) if self._late else due, data))
        if self._timer is None:
            self._timer = self._loop.call_at(self._late[0][0], self._send_due)

    def _send_due(self) -> None:
        self._timer = None
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        now = self._loop.time() + _CLOCK_STEP_S
        while self._late and self._late[0][0] <= now:
            transport.write(self._late.popleft()[1])
        if self._late:
            self._timer = self._loop.call_at(self._late[0][0], self._send_due)
        elif self._ended:
            transport.close()
            return
        self._work()


_CLOCK_STEP_S: Final = 0.001

assert _BUFFER_BYTES >= MAX_TCP_FRAME
