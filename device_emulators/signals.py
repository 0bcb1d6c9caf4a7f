"""Signals: what a device shows and what it can be told, with type, unit and range.

The table of a device's signals is all that a protocol face needs to know of it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Value = bool | int | float | str


class SignalError(ValueError):
    """There is no such signal, it cannot be read or written, or the value does not suit it; the message says which."""


class RefusedError(SignalError):
    """The value suits the signal, but the device cannot do that now: a slot is empty, a turn is going on."""


class SignalType(StrEnum):
    """What kind of value a signal has."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    TEXT = "text"


@dataclass(frozen=True)
class Signal:
    """One value of a device: its declaration, without the value.

    `low` and `high` bound numbers (both included; None: no bound), `choices` texts (empty: any text). A signal that can
    be written and not read is a command: True carries it out, False does nothing.
    """

    name: str
    type: SignalType
    unit: str
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    readable: bool = True
    writable: bool = False

    def checked(self, value: object) -> Value:
        """The value as this signal has it; SignalError says what is wrong with it and what would be right."""
        match self.type, value:
            case SignalType.BOOL, bool():
                return value
            case SignalType.TEXT, str() if not self.choices or value in self.choices:
                return value
            case SignalType.INT, int() if not isinstance(value, bool) and self._within(value):
                return value
            case SignalType.FLOAT, int() | float() if not isinstance(value, bool) and self._within(value):
                return float(value)
            case _:
                raise SignalError(f"{self.name} cannot be {value!r}; expected {self.expected()}")

    def expected(self) -> str:
        """What a value of this signal looks like, in words."""
        if self.type is SignalType.BOOL:
            return "true or false"
        if self.type is SignalType.TEXT:
            return "one of " + ", ".join(self.choices) if self.choices else "a text"
        number = "a whole number" if self.type is SignalType.INT else "a number"
        bounds = [f"{word} {bound:g}" for word, bound in (("from", self.low), ("to", self.high)) if bound is not None]
        return " ".join([number, *bounds, *([f"in {self.unit}"] if self.unit else [])])

    def _within(self, value: int | float) -> bool:
        if isinstance(value, float) and not math.isfinite(value):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Access:
    """A signal together with what reads it and what carries out a write."""

    signal: Signal
    read: Callable[[], Value] | None
    write: Callable[[Any], None] | None
