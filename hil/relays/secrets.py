"""Passwords that pass a relay do not stand in its record: their bytes are written as x."""

import re
from typing import Final

_CONNECT: Final = 0x10
_NAMES: Final = (b"\x00\x04MQTT", b"\x00\x06MQIsdp")
_HAS_USER, _HAS_PASSWORD, _HAS_WILL = 0x80, 0x40, 0x04
_AUTHORIZATION: Final = re.compile(rb"(?im)^((?:proxy-)?authorization:[ \t]*)([^\r\n]+)")


class Mask:
    """Covers what must not be read in what one client sends: the password of MQTT, authorization of HTTP.

    Of a CONNECT that comes in several pieces, all after its first piece is covered.
    """

    def __init__(self) -> None:
        self._begun = False
        self._left = 0  # bytes of a CONNECT still to come

    def __call__(self, data: bytes) -> bytes:
        """The same number of bytes, to be recorded."""
        if self._left:
            covered, self._left = min(self._left, len(data)), max(self._left - len(data), 0)
            return b"x" * covered + data[covered:]
        if self._begun:
            return _without_authorization(data)
        self._begun = True
        whole = _connect_length(data)
        if whole is None:
            return _without_authorization(data)
        self._left = max(whole - len(data), 0)
        first, last = _password(data[:whole])
        return data[:first] + b"x" * (last - first) + data[last:]


def _without_authorization(data: bytes) -> bytes:
    return _AUTHORIZATION.sub(lambda found: found[1] + b"x" * len(found[2]), data)


def _connect_length(data: bytes) -> int | None:
    """Bytes of the MQTT CONNECT that begins here; None: there is none."""
    if not data or data[0] != _CONNECT:
        return None
    length, at = _variable(data, 1)
    return at + length if data[at:].startswith(_NAMES) else None


def _password(packet: bytes) -> tuple[int, int]:
    """Where the password is in a CONNECT: from, to; what is cut off counts as the whole rest from the client's name on.

    MQTT 3.1.1, section 3.1, and MQTT 5.0, section 3.1: properties come before the client's name and before the will.
    """
    _, at = _variable(packet, 1)
    at = _after_field(packet, at)
    level, flags = packet[at : at + 1], packet[at + 1 : at + 2]
    at += 4
    if len(packet) < at or not flags[0] & _HAS_PASSWORD:
        return at, at
    is_5, payload = level == b"\x05", at
    at = _after_properties(packet, at) if is_5 else at
    at = _after_field(packet, at)
    if flags[0] & _HAS_WILL:
        at = _after_properties(packet, at) if is_5 else at
        at = _after_field(packet, _after_field(packet, at))
    if flags[0] & _HAS_USER:
        at = _after_field(packet, at)
    end = _after_field(packet, at)
    return (payload, len(packet)) if end > len(packet) else (min(at + 2, end), end)


def _after_field(packet: bytes, at: int) -> int:
    return at + 2 + int.from_bytes(packet[at : at + 2], "big")


def _after_properties(packet: bytes, at: int) -> int:
    length, at = _variable(packet, at)
    return at + length


def _variable(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to four bytes, and where it ends."""
    value = 0
    for shift in range(0, 28, 7):
        byte = data[at : at + 1]
        if not byte:
            break
        at += 1
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            break
    return value, at
