"""Finds messages in the bytes that a relay saw pass: PUBLISH packets of MQTT 3.1.1 and 5, and HTTP posts."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from hil.relays.record import Direction, FaultNote, Piece

PUBLISH: Final = 3
CONNECT: Final = 1
LARGEST_PACKET: Final = 1 << 22
_HEADER_END: Final = b"\r\n\r\n"


class Message(NamedTuple):
    """What passed: when its last byte did, topic (or path), payload."""

    time_ms: int
    connection: int
    topic: str
    payload: bytes


def passed_messages(record: Iterable[Piece | FaultNote], protocol: str) -> Iterator[Message]:
    """All messages from client to server in a record; `protocol` is mqtt or http. What cannot be read is left out."""
    make: Callable[[int], _Stream] = MqttStream if protocol == "mqtt" else HttpStream
    streams: dict[int, _Stream] = {}
    for piece in record:
        if isinstance(piece, Piece) and piece.direction is Direction.UP:
            stream = streams.setdefault(piece.connection, make(piece.connection))
            yield from stream.feed(piece.time_ms, piece.data)


class _Stream:
    """The bytes of one connection, cut into packets."""

    def __init__(self, connection: int) -> None:
        self.connection = connection
        self._buffer = bytearray()
        self._skip = 0  # bytes to come of a packet too large to be kept
        self._broken = False

    def feed(self, time_ms: int, data: bytes) -> list[Message]:
        """Messages that are whole now. After bytes that cannot be, nothing more is read of the connection."""
        found: list[Message] = []
        if self._broken:
            return found
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        self._buffer += data[skipped:]
        try:
            while (size := self._size()) is not None:
                if size > LARGEST_PACKET:
                    self._skip = max(size - len(self._buffer), 0)
                    del self._buffer[:size]
                    continue
                if size > len(self._buffer):
                    break
                packet = bytes(self._buffer[:size])
                del self._buffer[:size]
                message = self._message(time_ms, packet)
                if message is not None:
                    found.append(message)
        except (ValueError, IndexError):
            self._broken = True
            self._buffer.clear()
        return found

    def _size(self) -> int | None:
        """The length of the packet at the beginning; None when that is not known yet. ValueError: there can be none."""
        raise NotImplementedError

    def _message(self, time_ms: int, packet: bytes) -> Message | None:
        raise NotImplementedError


class MqttStream(_Stream):
    """MQTT from client to broker."""

    def __init__(self, connection: int) -> None:
        super().__init__(connection)
        self._version = 4
        self._aliases: dict[int, str] = {}

    def _size(self) -> int | None:
        length, shift = 0, 0
        for at in range(1, 5):
            if at >= len(self._buffer):
                return None
            byte = self._buffer[at]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return 1 + at + length
        raise ValueError("no length of MQTT")

    def _message(self, time_ms: int, packet: bytes) -> Message | None:
        at = 1
        while packet[at] & 0x80:
            at += 1
        body = packet[at + 1 :]
        if packet[0] >> 4 == CONNECT:
            name_length = int.from_bytes(body[:2], "big")
            self._version = body[2 + name_length]
        if packet[0] >> 4 != PUBLISH:
            return None
        size = int.from_bytes(body[:2], "big")
        topic, rest = body[2 : 2 + size].decode("utf-8"), body[2 + size :]
        if packet[0] & 0x06:  # QoS 1 and 2 have a number
            rest = rest[2:]
        if self._version >= 5:
            properties, rest = _properties(rest)
            topic = self._aliased(topic, properties)
        return Message(time_ms, self.connection, topic, rest)

    def _aliased(self, topic: str, properties: bytes) -> str:
        """MQTT 5: a number may stand for a topic. As first of the properties alone, which is where clients put it."""
        if len(properties) >= 3 and properties[0] == 0x23:
            alias = int.from_bytes(properties[1:3], "big")
            if topic:
                self._aliases[alias] = topic
            return self._aliases.get(alias, topic)
        return topic


def _properties(data: bytes) -> tuple[bytes, bytes]:
    length, shift, at = 0, 0, 0
    while True:
        byte = data[at]
        length |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if not byte & 0x80:
            return data[at : at + length], data[at + length :]


class HttpStream(_Stream):
    """HTTP/1.1 from client to server, with a stated length; chunks are not read."""

    def _size(self) -> int | None:
        end = self._buffer.find(_HEADER_END)
        if end < 0:
            if len(self._buffer) > LARGEST_PACKET:
                raise ValueError("headers without end")
            return None
        length = int(http_headers(bytes(self._buffer[:end]))["content-length"] or 0)
        if length < 0:
            raise ValueError("no length of HTTP")
        return end + len(_HEADER_END) + length

    def _message(self, time_ms: int, packet: bytes) -> Message | None:
        head, body = packet.split(_HEADER_END, 1)
        method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ", 2)
        if method not in ("POST", "PUT"):
            return None
        return Message(time_ms, self.connection, target.split("?", 1)[0].lstrip("/"), body)


def http_headers(head: bytes) -> defaultdict[str, str]:
    """Headers by name in small letters; ValueError for lines that are none."""
    headers: defaultdict[str, str] = defaultdict(str)
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"{line[:40]!r} is no header")
        headers[name.strip().lower()] = value.strip()
    return headers
