"""Who a device is: Modbus function 43 with MEI type 14, read device identification (specification V1.1b3, 6.21)."""

from typing import Final

from device_emulators.faces.modbus_image import ExceptionCode, Identification, ModbusError

MEI_TYPE: Final = 14

_BASIC, _REGULAR, _EXTENDED, _ONE = 1, 2, 3, 4
_FIRST_EXTENDED: Final = 0x80
_LAST: Final = {_BASIC: 0x02, _REGULAR: 0x7F, _EXTENDED: 0xFF}
_HEAD_BYTES: Final = 6


def device_identification(identification: Identification, body: bytes, room: int) -> bytes:
    """The body of an answer of at most `room` bytes; when not all objects fit, it says at which to go on."""
    if body[:1] != bytes((MEI_TYPE,)):
        raise ModbusError(ExceptionCode.ILLEGAL_FUNCTION)
    if len(body) != 3 or not _BASIC <= body[1] <= _ONE:
        raise ModbusError(ExceptionCode.ILLEGAL_VALUE)
    category, first = body[1], body[2]
    objects = identification.objects()
    level = max(_REGULAR if any(2 < number < _FIRST_EXTENDED for number in objects) else _BASIC, _top(objects))
    if category == _ONE:
        if first not in objects:
            raise ModbusError(ExceptionCode.ILLEGAL_ADDRESS)
        wanted = [first]
    else:
        wanted = _stream(objects, _LAST[min(category, level)], first)
    sent, entries = _fitting(objects, wanted, room - _HEAD_BYTES)
    more, following = (0xFF, wanted[sent]) if sent < len(wanted) else (0x00, 0x00)
    return bytes((MEI_TYPE, category, 0x80 | level, more, following, sent)) + entries


def _top(objects: dict[int, bytes]) -> int:
    return _EXTENDED if max(objects) >= _FIRST_EXTENDED else _BASIC


def _stream(objects: dict[int, bytes], last: int, first: int) -> list[int]:
    """The objects of a category from `first` on; from the beginning, when there is no such object."""
    wanted = [number for number in objects if number <= last]
    return [number for number in wanted if number >= first] if first in wanted else wanted


def _fitting(objects: dict[int, bytes], wanted: list[int], room: int) -> tuple[int, bytes]:
    """How many of the wanted objects fit into `room` bytes, and they; one always does."""
    entries = b""
    for place, number in enumerate(wanted):
        entry = bytes((number, len(objects[number]))) + objects[number]
        if len(entries) + len(entry) > room:
            return place, entries
        entries += entry
    return len(wanted), entries
