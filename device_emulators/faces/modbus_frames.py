"""Modbus frames: where one ends in a stream of bytes. TCP has a header with a length; a serial line has silence, check
sums, and lengths that follow from what is asked."""

import struct
from typing import Final, NamedTuple

from device_emulators.faces import modbus_pdu

HEADER_BYTES: Final = 7
"""Transaction and protocol number, length of what follows, unit."""
MAX_TCP_FRAME: Final = HEADER_BYTES + modbus_pdu.MAX_PDU
MAX_LINE_FRAME: Final = 1 + modbus_pdu.MAX_PDU + 2
MIN_LINE_FRAME: Final = 4

_HEADER = struct.Struct(">HHHB")


class FrameError(ValueError):
    """These bytes cannot begin a frame."""


class TcpFrame(NamedTuple):
    """A request or an answer with its header."""

    transaction: int
    unit: int
    pdu: bytes


def tcp_frame(buffer: bytes | bytearray | memoryview, begin: int, end: int) -> TcpFrame | None:
    """The frame at `begin` of a buffer filled up to `end`; None: it is not all there. FrameError: there is none."""
    if end - begin < HEADER_BYTES:
        return None
    transaction, protocol, length, unit = _HEADER.unpack_from(buffer, begin)
    if protocol or not 2 <= length <= 1 + modbus_pdu.MAX_PDU:
        raise FrameError(f"protocol {protocol} and length {length}; expected protocol 0 and length 2 to 254")
    last = begin + HEADER_BYTES - 1 + length
    return None if last > end else TcpFrame(transaction, unit, bytes(buffer[begin + HEADER_BYTES : last]))


def tcp_bytes(transaction: int, unit: int, pdu: bytes) -> bytes:
    """A frame as it is sent."""
    return _HEADER.pack(transaction, 0, 1 + len(pdu), unit) + pdu


# --- serial line ------------------------------------------------------------------------------------------------------

_FIXED: Final = dict.fromkeys(range(1, 7), 8) | {modbus_pdu.MASK_WRITE: 10}
_COUNTED: Final = {modbus_pdu.WRITE_COILS: 6, modbus_pdu.WRITE_REGISTERS: 6, modbus_pdu.WRITE_AND_READ: 10}
_IDENTIFICATION_BYTES: Final = 7


def line_request_length(data: bytes | bytearray) -> int | None:
    """How long the request is that these bytes begin, check sum included. None: too few bytes to say, or a function
    unknown to us, whose request ends where silence begins."""
    if len(data) < 2:
        return None
    function = data[1]
    if function in _FIXED:
        return _FIXED[function]
    place = _COUNTED.get(function)
    if place is not None:
        return None if len(data) <= place else place + 3 + data[place]
    if function == modbus_pdu.ENCAPSULATED and len(data) > 2 and data[2] == 14:
        return _IDENTIFICATION_BYTES
    return None


def line_bytes(unit: int, pdu: bytes) -> bytes:
    """A frame as it is sent."""
    body = bytes((unit,)) + pdu
    return body + check_sum(body)


def is_whole(frame: bytes | bytearray) -> bool:
    """The frame is long enough and its check sum is right."""
    return MIN_LINE_FRAME <= len(frame) <= MAX_LINE_FRAME and check_sum(frame[:-2]) == frame[-2:]


def check_sum(data: bytes | bytearray) -> bytes:
    """CRC-16 of the Modbus serial line (polynomial 0xA001 reflected, from 0xFFFF), low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0xA001 if byte & 1 else 0)
    return byte


_TABLE: Final = tuple(_entry(byte) for byte in range(256))
