"""Modbus requests and answers without their frames: function codes 1 to 6, 15, 16, 22, 23 and 43/14.

Follows "MODBUS Application Protocol Specification V1.1b3" (Modbus Organization, 2012), section 6. Pure: bytes in, bytes
out, and calls of a `RegisterImage` between. Any bytes at all are answered, bad ones with an exception.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Final

from device_emulators.faces.modbus_device_id import device_identification
from device_emulators.faces.modbus_image import ExceptionCode, ModbusError, RegisterImage

MAX_PDU: Final = 253
"""Bytes of a request or an answer, the function code included."""

MAX_READ_BITS: Final = 2000
MAX_WRITE_BITS: Final = 1968
MAX_READ_REGISTERS: Final = 125
MAX_WRITE_REGISTERS: Final = 123
MAX_WRITE_AND_READ: Final = 121
"""Registers written by function 23."""

READ_COILS: Final = 1
READ_DISCRETES: Final = 2
READ_HOLDING: Final = 3
READ_INPUTS: Final = 4
WRITE_COIL: Final = 5
WRITE_REGISTER: Final = 6
WRITE_COILS: Final = 15
WRITE_REGISTERS: Final = 16
MASK_WRITE: Final = 22
WRITE_AND_READ: Final = 23
ENCAPSULATED: Final = 43

WRITES: Final = frozenset({WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS, MASK_WRITE})
"""Functions that a broadcast may carry: they write and their answer says nothing new."""

_TWO = struct.Struct(">HH")
_THREE = struct.Struct(">HHH")
_ADDRESSES: Final = 0x10000
_ON, _OFF = 0xFF00, 0x0000


def answer(image: RegisterImage, request: bytes) -> bytes:
    """Carry a request (not empty) out and say how it went; an exception's function code has its highest bit set."""
    function = request[0]
    handler = _HANDLERS.get(function)
    if handler is None:
        return exception(function, ExceptionCode.ILLEGAL_FUNCTION)
    try:
        return request[:1] + handler(image, request[1:])
    except ModbusError as error:
        return exception(function, error.code)


def exception(function: int, code: int) -> bytes:
    """The answer that a request of this function was not carried out."""
    return bytes((function | 0x80, code))


# --- reads ------------------------------------------------------------------------------------------------------------


def _read_coils(image: RegisterImage, body: bytes) -> bytes:
    return _bit_bytes(image.read_coils(*_span(body, MAX_READ_BITS)))


def _read_discretes(image: RegisterImage, body: bytes) -> bytes:
    return _bit_bytes(image.read_discretes(*_span(body, MAX_READ_BITS)))


def _read_holding(image: RegisterImage, body: bytes) -> bytes:
    return _register_bytes(image.read_holding(*_span(body, MAX_READ_REGISTERS)))


def _read_inputs(image: RegisterImage, body: bytes) -> bytes:
    return _register_bytes(image.read_inputs(*_span(body, MAX_READ_REGISTERS)))


# --- writes -----------------------------------------------------------------------------------------------------------


def _write_coil(image: RegisterImage, body: bytes) -> bytes:
    address, value = _numbers(_TWO, body)
    if value not in (_ON, _OFF):
        raise ModbusError(ExceptionCode.ILLEGAL_VALUE)
    image.write_coils(address, (value == _ON,))
    return body


def _write_register(image: RegisterImage, body: bytes) -> bytes:
    address, value = _numbers(_TWO, body)
    image.write_holding(address, (value,))
    return body


def _write_coils(image: RegisterImage, body: bytes) -> bytes:
    address, count = _span(body[:4], MAX_WRITE_BITS)
    data = _counted(body[4:], (count + 7) // 8)
    image.write_coils(address, [bool(data[place >> 3] >> (place & 7) & 1) for place in range(count)])
    return body[:4]


def _write_registers(image: RegisterImage, body: bytes) -> bytes:
    address, count = _span(body[:4], MAX_WRITE_REGISTERS)
    image.write_holding(address, _registers(_counted(body[4:], 2 * count)))
    return body[:4]


def _mask_write(image: RegisterImage, body: bytes) -> bytes:
    address, kept, added = _numbers(_THREE, body)
    (value,) = image.read_holding(address, 1)
    image.write_holding(address, (value & kept | added & ~kept & 0xFFFF,))
    return body


def _write_and_read(image: RegisterImage, body: bytes) -> bytes:
    read = _span(body[:4], MAX_READ_REGISTERS)
    address, count = _span(body[4:8], MAX_WRITE_AND_READ)
    values = _registers(_counted(body[8:], 2 * count))
    image.read_holding(*read)  # nothing is written when the part to be read is not there
    image.write_holding(address, values)
    return _register_bytes(image.read_holding(*read))


def _encapsulated(image: RegisterImage, body: bytes) -> bytes:
    return device_identification(image.identification, body, MAX_PDU - 1)


_HANDLERS: Final[dict[int, Callable[[RegisterImage, bytes], bytes]]] = {
    READ_COILS: _read_coils,
    READ_DISCRETES: _read_discretes,
    READ_HOLDING: _read_holding,
    READ_INPUTS: _read_inputs,
    WRITE_COIL: _write_coil,
    WRITE_REGISTER: _write_register,
    WRITE_COILS: _write_coils,
    WRITE_REGISTERS: _write_registers,
    MASK_WRITE: _mask_write,
    WRITE_AND_READ: _write_and_read,
    ENCAPSULATED: _encapsulated,
}


# --- pieces -----------------------------------------------------------------------------------------------------------


def _numbers(shape: struct.Struct, body: bytes) -> tuple[int, ...]:
    if len(body) != shape.size:
        raise ModbusError(ExceptionCode.ILLEGAL_VALUE)
    return shape.unpack(body)


def _span(body: bytes, limit: int) -> tuple[int, int]:
    """Address and count; too many is 03, beyond the last address 02."""
    address, count = _numbers(_TWO, body)
    if not 1 <= count <= limit:
        raise ModbusError(ExceptionCode.ILLEGAL_VALUE)
    if address + count > _ADDRESSES:
        raise ModbusError(ExceptionCode.ILLEGAL_ADDRESS)
    return address, count


def _counted(data: bytes, size: int) -> bytes:
    """What follows a byte that says how long it is, and is as long as the count asks for."""
    if len(data) != 1 + size or data[0] != size:
        raise ModbusError(ExceptionCode.ILLEGAL_VALUE)
    return data[1:]


def _registers(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(data) // 2}H", data)


def _register_bytes(registers: Sequence[int]) -> bytes:
    return struct.pack(f">B{len(registers)}H", 2 * len(registers), *registers)


def _bit_bytes(bits: Sequence[bool]) -> bytes:
    """The first bit is the lowest of the first byte; the last byte is filled with zeros."""
    size = (len(bits) + 7) // 8
    number = int("".join("1" if bit else "0" for bit in reversed(bits)), 2)
    return bytes((size,)) + number.to_bytes(size, "little")
