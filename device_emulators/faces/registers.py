"""How a signal's value lies in registers, and back."""

import math
import struct
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from device_emulators.faces.mapping import RegisterPoint, RegisterType, WordOrder
from device_emulators.signals import Signal, SignalError, SignalType, Value

_FORMATS: Final = {
    RegisterType.BOOL: ">H",
    RegisterType.ENUM: ">H",
    RegisterType.INT16: ">h",
    RegisterType.UINT16: ">H",
    RegisterType.INT32: ">i",
    RegisterType.UINT32: ">I",
    RegisterType.INT64: ">q",
    RegisterType.UINT64: ">Q",
    RegisterType.FLOAT32: ">f",
    RegisterType.FLOAT64: ">d",
}
_FLOATS: Final = (RegisterType.FLOAT32, RegisterType.FLOAT64)
_MOST_FLOAT32: Final = float(struct.unpack(">f", b"\x7f\x7f\xff\xff")[0])


def width_of(kind: RegisterType, text_registers: int = 0) -> int:
    """Registers that a value takes."""
    return text_registers if kind is RegisterType.TEXT else struct.calcsize(_FORMATS[kind]) // 2


def integer_range(kind: RegisterType) -> tuple[int, int] | None:
    """Smallest and largest whole number of the type; None for texts, floats and truths."""
    if kind in (*_FLOATS, RegisterType.TEXT, RegisterType.BOOL):
        return None
    bits = 16 * width_of(kind)
    signed = kind in (RegisterType.INT16, RegisterType.INT32, RegisterType.INT64)
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


def pack(kind: RegisterType, number: int | float, order: WordOrder) -> tuple[int, ...]:
    """A number as registers. One beyond the type's range is shown as the nearest that is within."""
    form = _FORMATS[kind]
    if kind in _FLOATS:
        value = float(number)
        if kind is RegisterType.FLOAT32 and math.isfinite(value):
            value = max(-_MOST_FLOAT32, min(value, _MOST_FLOAT32))
        raw = struct.pack(form, value)
    else:
        low, high = integer_range(kind) or (0, 1)
        raw = struct.pack(form, max(low, min(int(number), high)))
    words: tuple[int, ...] = struct.unpack(f">{len(raw) // 2}H", raw)
    return words if order is WordOrder.BIG else words[::-1]


def unpack(kind: RegisterType, words: Sequence[int], order: WordOrder) -> int | float:
    """The number that lies in registers."""
    big = words if order is WordOrder.BIG else words[::-1]
    number: int | float = struct.unpack(_FORMATS[kind], struct.pack(f">{len(big)}H", *big))[0]
    return number


def pack_text(text: str, registers: int) -> tuple[int, ...]:
    """A text in UTF-8, filled with zeros; what does not fit is left off, without half a character at the end."""
    raw = text.encode()[: 2 * registers].decode(errors="ignore").encode().ljust(2 * registers, b"\0")
    return struct.unpack(f">{registers}H", raw)


def unpack_text(words: Sequence[int]) -> str:
    """The text that lies in registers up to the first zero; UnicodeDecodeError when it is not UTF-8."""
    return struct.pack(f">{len(words)}H", *words).split(b"\0", 1)[0].decode()


def encode(point: RegisterPoint, value: Value, order: WordOrder) -> tuple[int, ...]:
    """What a signal's value looks like in its registers."""
    if point.type is RegisterType.TEXT:
        return pack_text(str(value), point.width)
    if isinstance(value, str):
        return pack(point.type, point.signal.choices.index(value), order)
    if isinstance(value, bool):
        return (int(value),)
    if point.type in _FLOATS:
        return pack(point.type, value if point.scale == 1.0 else value / point.scale, order)
    if point.scale == 1.0 and isinstance(value, int):
        return pack(point.type, value, order)
    scaled = Decimal(value) / Decimal(str(point.scale)) if math.isfinite(value) else Decimal(0)
    return pack(point.type, math.floor(scaled + Decimal("0.5")), order)


def decode(point: RegisterPoint, words: Sequence[int], order: WordOrder) -> Value:
    """The value of a signal that lies in registers; SignalError when no such value can be."""
    signal = point.signal
    if point.type is RegisterType.TEXT:
        try:
            return unpack_text(words)
        except UnicodeDecodeError:
            raise SignalError(f"{signal.name} cannot be these bytes; expected a text in UTF-8") from None
    number = unpack(point.type, words, order)
    match signal.type:
        case SignalType.BOOL:
            if number not in (0, 1):
                raise SignalError(f"{signal.name} cannot be {number}; expected 0 or 1")
            return number == 1
        case SignalType.TEXT:
            if number >= len(signal.choices):
                raise SignalError(f"{signal.name} cannot be {number}; expected 0 to {len(signal.choices) - 1}")
            return signal.choices[int(number)]
        case _:
            return _number(signal, number, point.scale)


def _number(signal: Signal, number: int | float, scale: float) -> int | float:
    if not math.isfinite(number):
        raise SignalError(f"{signal.name} cannot be {number}; expected {signal.expected()}")
    if scale != 1.0:
        # by way of decimals, so that 29 x 0.01 is 0.29
        scaled = Decimal(str(scale)) * (number if isinstance(number, int) else Decimal(number))
        number = int(scaled) if scaled == scaled.to_integral_value() else float(scaled)
    if signal.type is SignalType.FLOAT:
        return float(number)
    if number != int(number):
        raise SignalError(f"{signal.name} cannot be {number}; expected {signal.expected()}")
    return int(number)
