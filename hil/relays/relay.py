"""A relay: listens, usually on loopback, in front of one address, copies both ways, and breaks the link as told."""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Callable
from typing import Final

from hil.relays.condition import Condition
from hil.relays.record import Direction, Recorder

LOOPBACK: Final = "127.0.0.1"
PIECE_BYTES: Final = 65_536
PIECES_UNDER_WAY: Final = 256
SLOW_STEPS_PER_S: Final = 10  # a slow link gives on so many portions a second
_LINGER_NOT: Final = struct.pack("ii", 1, 0)


class Relay:
    """One link. Faults hold from `apply` to the next `apply`; what a hole holds back passes when it is over.

    A connection that is made while nothing passes is accepted by the operating system and hears nothing. `refuse`
    keeps the port, so that nobody else takes it meanwhile.
    """

    def __init__(self, name: str, target: tuple[str, int], recorder: Recorder, seed: int = 0) -> None:
        """`target` is the host and port behind the link, `seed` that of the jitter of `delay`."""
        self.name = name
        self.target = target
        self.connections = 0
        self.condition = Condition()
        self.target_ready = asyncio.Event()  # cleared, new connections wait: the server is being started
        self.target_ready.set()
        self._recorder = recorder
        self._random = random.Random(f"{seed}/link/{name}")
        self._flow = {direction: asyncio.Event() for direction in Direction}
        self._address = (LOOPBACK, 0)
        self._placeholder: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()

    @property
    def port(self) -> int:
        """The port it listens on; 0 before `start`."""
        return self._address[1]

    @property
    def failure(self) -> str | None:
        """Why the record is not whole; None: it is."""
        return self._recorder.failure

    async def start(self, port: int = 0, host: str = LOOPBACK) -> None:
        """Listen at an address of this machine; port 0 takes a free one. OSError when it cannot."""
        self._placeholder = _bound((host, port))
        self._address = self._placeholder.getsockname()
        self._recorder.begin(self.name, f"{self.target[0]}:{self.target[1]}")
        await self.apply(Condition())

    async def apply(self, condition: Condition) -> None:
        """These faults hold from now on, and no others."""
        before, self.condition = self.condition, condition
        if condition != before:
            self._recorder.faults(condition.names())
        for direction, event in self._flow.items():
            held = condition.blackhole or (condition.ackhole and direction is Direction.DOWN)
            event.clear() if held else event.set()
        if condition.refuse:
            self._stop_listening()
        elif self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._protocol, sock=_bound(self._address))
        if condition.refuse or condition.reset:
            self.reset_connections("refuse" if condition.refuse else "reset")

    def reset_connections(self, why: str) -> None:
        """Every present connection ends by a reset, as seen from both sides."""
        for connection in tuple(self._open):
            connection.reset(why)

    async def close(self) -> None:
        """Listen no more and end all connections."""
        self._stop_listening()
        if self._placeholder is not None:
            self._placeholder.close()
            self._placeholder = None
        tasks = [connection.task for connection in self._open]
        self.reset_connections("relay closed")
        if tasks:
            await asyncio.wait(tasks)
        self._recorder.close()

    def delay_s(self) -> float:
        """How long the next piece is held up at present."""
        condition = self.condition
        return (condition.delay_ms + self._random.uniform(0.0, condition.jitter_ms)) / 1000.0

    async def passable(self, direction: Direction) -> None:
        """Wait until the link lets anything pass in that direction."""
        await self._flow[direction].wait()

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(_ClientReader(), self._accepted)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = _Connection(self, self._recorder, self.connections, reader, writer)
        if self.condition.refuse or self.condition.reset:
            connection.reset("reset")
            return
        self._open.add(connection)
        try:
            await connection.run()
        finally:
            self._open.discard(connection)


class _ClientReader(asyncio.StreamReader):
    """Tells when the client ends its side, also while nothing is read from it."""

    def __init__(self) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self.tell_end: Callable[[], None] | None = None
        self._has_ended = False

    def feed_eof(self) -> None:
        super().feed_eof()
        self._has_ended = True
        if self.tell_end is not None:
            self.tell_end()

    def when_ended(self, tell_end: Callable[[], None]) -> None:
        self.tell_end = tell_end
        if self._has_ended:
            tell_end()


class _Connection:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(
        self, relay: Relay, recorder: Recorder, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.task: asyncio.Task[object] = task
        self._relay = relay
        self._recorder = recorder
        self._number = number
        self._client = (reader, writer)
        self._writers = [writer]
        self._why = "closed"

    def reset(self, why: str) -> None:
        self._why = why
        self._abort()
        if self.task is not asyncio.current_task():
            self.task.cancel()

    async def run(self) -> None:
        self._recorder.opened(self._number)
        reader = self._client[0]
        assert isinstance(reader, _ClientReader)
        reader.when_ended(lambda: self._recorder.ended(self._number))
        try:
            await self._relay.passable(Direction.UP)
            await self._relay.target_ready.wait()
            server = await asyncio.open_connection(*self._relay.target)
            self._writers.append(server[1])
            await self._copy_both_ways(server)
        except asyncio.CancelledError:
            self._abort()  # the task belongs to this connection alone: nobody else waits for the cancellation
        except OSError as error:
            self._why = f"broken: {error.strerror or type(error).__name__}"
            self._abort()
        finally:
            await self._close()
            self._recorder.closed(self._number, self._why)

    async def _copy_both_ways(self, server: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for reader, writer, direction in (
                    (self._client[0], server[1], Direction.UP),
                    (server[0], self._client[1], Direction.DOWN),
                ):
                    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(PIECES_UNDER_WAY)
                    tasks.create_task(self._take(reader, pieces, direction))
                    tasks.create_task(self._give(pieces, writer, direction))
        except* _CutError:
            self._why = "cut"
        except* OSError as group:
            raise OSError(0, type(group.exceptions[0]).__name__) from None

    async def _take(
        self, reader: asyncio.StreamReader, pieces: asyncio.Queue[tuple[float, bytes]], direction: Direction
    ) -> None:
        """Read what comes; an empty piece is the end."""
        loop = asyncio.get_running_loop()
        data = b"?"
        while data:
            await self._relay.passable(direction)
            data = await reader.read(PIECE_BYTES)
            await pieces.put((loop.time() + self._relay.delay_s(), data))

    async def _give(
        self, pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, direction: Direction
    ) -> None:
        """Give on what was read, in order, each piece when its delay is over."""
        loop = asyncio.get_running_loop()
        while True:
            release_s, data = await pieces.get()
            if (wait_s := release_s - loop.time()) > 0:
                await asyncio.sleep(wait_s)
            await self._relay.passable(direction)
            if not data:
                writer.write_eof()
                return
            if self._relay.condition.cut and len(data) > 1:
                await self._pass(data[: len(data) // 2], writer, direction)
                raise _CutError
            for _ in range(2 if self._relay.condition.duplicate else 1):
                await self._pass(data, writer, direction)

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter, direction: Direction) -> None:
        while data:
            rate = self._relay.condition.bytes_per_s
            size = max(1, rate // SLOW_STEPS_PER_S) if rate else len(data)
            portion, data = data[:size], data[size:]
            await self._relay.passable(direction)
            writer.write(portion)
            self._recorder.passed(self._number, direction, portion)
            await writer.drain()
            if rate:
                await asyncio.sleep(len(portion) / rate)

    def _abort(self) -> None:
        for writer in self._writers:
            connection = writer.get_extra_info("socket")
            if connection is not None and not writer.transport.is_closing():
                with contextlib.suppress(OSError):
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            writer.transport.abort()

    async def _close(self) -> None:
        for writer in self._writers:
            writer.close()
        for writer in self._writers:
            with contextlib.suppress(OSError, asyncio.CancelledError):  # reset while it was being closed
                await writer.wait_closed()


class _CutError(Exception):
    """The connection is to be closed in the middle of a frame."""


def _bound(address: tuple[str, int]) -> socket.socket:
    """A socket that has the address and does not listen yet; several may have it as long as one listens."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound
