"""A Modbus RTU server: devices as units on one serial line.

A request ends where its function code says, or where silence begins; what is not a frame is dropped until the next
silence. The line is half duplex: answers go out one after the other.
"""

import asyncio
import os
from collections import deque
from typing import Final, NamedTuple, Self

from device_emulators.faces.modbus_frames import (
    MAX_LINE_FRAME,
    is_whole,
    line_bytes,
    line_request_length,
)
from device_emulators.faces.modbus_serial import Line, SerialSettings
from device_emulators.faces.modbus_units import LAST_UNIT, Counts, Units

MAX_WAITING: Final = 64
"""Answers that may wait for the line; requests over that are dropped, as by a device that is not done with the last."""

_READ_BYTES: Final = 1024


class _Outgoing(NamedTuple):
    ready_s: float  # when it may begin
    data: bytes


class ModbusRtuServer:
    """Serves `units` on an open line from `start` to `close`, which also closes the line; also `async with`.

    On a paced line (a pseudo terminal) both the request and the answer take the wire time of the baud rate, as they do
    by themselves on a real one; between them are 3.5 characters of silence. Requests to units that are not here get no
    answer, and those to unit 0 reach all.
    """

    def __init__(self, units: Units, line: Line, settings: SerialSettings) -> None:
        self.units = units
        self.counts = Counts()
        self.line = line
        self.settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lost: asyncio.Future[None] | None = None
        self._received = bytearray()
        self._dropping = False
        self._silence: asyncio.TimerHandle | None = None
        self._outgoing: deque[_Outgoing] = deque()
        self._sending: asyncio.TimerHandle | None = None
        self._unsent = b""  # what the port did not take at once
        self._free_s = 0.0  # when the line is free again

    async def start(self) -> str:
        """Listen, and return the line's path."""
        self._loop = asyncio.get_running_loop()
        self._lost = self._loop.create_future()
        self._loop.add_reader(self.line.fd, self._readable)
        self.counts.connections += 1
        return self.line.path

    async def close(self) -> None:
        """Listen no more and close the line."""
        if self._loop is None:
            return
        self._stop()
        self.line.close()
        self._loop = None

    async def wait_lost(self) -> None:
        """Return when the line is gone (pulled out) or the server closed."""
        if self._lost is not None:
            await asyncio.shield(self._lost)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _stop(self) -> None:
        assert self._loop is not None
        self._loop.remove_reader(self.line.fd)
        self._loop.remove_writer(self.line.fd)
        for handle in (self._silence, self._sending):
            if handle is not None:
                handle.cancel()
        self._silence = self._sending = None
        self._outgoing.clear()
        self._unsent = b""
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(None)

    # --- what comes -----------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        assert self._loop is not None
        try:
            data = os.read(self.line.fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._stop()
            return
        if self._silence is not None:
            self._silence.cancel()
        self._silence = self._loop.call_later(self.settings.silence_s, self._silent)
        if not self._dropping:
            self._received += data
            self._take_frames()

    def _take_frames(self) -> None:
        """Answer what is complete by its own length."""
        received = self._received
        while (length := line_request_length(received)) is not None:
            if length > MAX_LINE_FRAME:
                self._drop()
                return
            if len(received) < length:
                return
            frame = bytes(received[:length])
            if not is_whole(frame):
                self._drop()
                return
            del received[:length]
            self._request(frame)
        if len(received) > MAX_LINE_FRAME:
            self._drop()

    def _silent(self) -> None:
        """A frame ends here, if there is one."""
        self._silence = None
        frame = bytes(self._received)
        self._received.clear()
        if self._dropping:
            self._dropping = False
        elif line_request_length(frame) is None and is_whole(frame):
            self._request(frame)
        elif frame:
            self.counts.broken += 1

    def _drop(self) -> None:
        self._received.clear()
        self._dropping = True
        self.counts.broken += 1

    def _request(self, frame: bytes) -> None:
        assert self._loop is not None
        counts, unit = self.counts, frame[0]
        counts.requests += 1
        if len(self._outgoing) >= MAX_WAITING:
            counts.unanswered += 1
            return
        reply = self.units.over_line(unit, frame[1:-2])
        if reply is None:
            counts.unanswered += 1
            return
        counts.exceptions += reply.pdu[0] >> 7
        ready_s = self._loop.time() + reply.late_s
        if self.line.paced:
            ready_s += len(frame) * self.settings.character_s
        if reply.stray:
            # From a unit that was not asked: on a line nothing else tells an answer to somebody else.
            self._outgoing.append(_Outgoing(ready_s, line_bytes(unit % LAST_UNIT + 1, reply.stray)))
        self._outgoing.append(_Outgoing(ready_s, line_bytes(unit, reply.pdu)))
        self._send_next()

    # --- what goes ------------------------------------------------------------------------------------------------

    def _send_next(self) -> None:
        """Begin with the next answer, unless one is under way."""
        assert self._loop is not None
        if self._sending is not None or self._unsent or not self._outgoing:
            return
        ready_s, data = self._outgoing.popleft()
        begins_s = max(ready_s, self._free_s) + self.settings.silence_s
        self._free_s = begins_s + len(data) * self.settings.character_s
        self._sending = self._loop.call_at(self._free_s if self.line.paced else begins_s, self._send, data)

    def _send(self, data: bytes) -> None:
        """On a paced line all of an answer appears when its last byte would."""
        self._sending = None
        self._unsent = data
        self._write()

    def _write(self) -> None:
        assert self._loop is not None
        try:
            written = os.write(self.line.fd, self._unsent)
        except BlockingIOError:
            written = 0
        except OSError:
            self._stop()
            return
        self._unsent = self._unsent[written:]
        if self._unsent:
            self._loop.add_writer(self.line.fd, self._write)
        else:
            self._loop.remove_writer(self.line.fd)
            self._send_next()
