"""Serial lines for Modbus RTU: real ports, and pseudo terminals that take the wire time a real one would."""

import errno
import os
import re
import termios
import tty
from dataclasses import dataclass as plain
from typing import Final, Protocol, Self

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT

_FORMAT = re.compile(r"(?P<baud>\d+)(?:[ ,:]+(?P<bits>[78])(?P<parity>[NEO])(?P<stop>[12]))?", re.IGNORECASE)

SILENCE_CHARACTERS: Final = 3.5
FAST_SILENCE_S: Final = 0.00175
"""Silence between frames above 19,200 baud (Modbus over serial line V1.02, 2.5.1.1)."""


@dataclass(frozen=True, config=STRICT)
class SerialSettings:
    """How characters go over a line."""

    baud: int = Field(default=19_200, ge=50, le=4_000_000, description="bits per second")
    parity: str = Field(default="E", pattern="^[NEO]$", description="N none, E even, O odd")
    stop_bits: int = Field(default=1, ge=1, le=2, description="bits between two characters")

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `9600`, or `9600 8E1` (baud; 8 data bits, parity, stop bits). ValueError says what would be right."""
        found = _FORMAT.fullmatch(text.strip())
        if found is None or found["bits"] == "7":
            raise ValueError(
                f"{text!r} is no line setting; expected such as '9600' or '9600 8E1' (RTU has 8 data bits)"
            )
        if found["parity"] is None:
            return cls(baud=int(found["baud"]))
        return cls(baud=int(found["baud"]), parity=found["parity"].upper(), stop_bits=int(found["stop"]))

    @property
    def character_s(self) -> float:
        """How long one character takes: start bit, 8 bits, parity, stop bits."""
        return (9 + (self.parity != "N") + self.stop_bits) / self.baud

    @property
    def silence_s(self) -> float:
        """What ends a frame: 3.5 characters."""
        return FAST_SILENCE_S if self.baud > 19_200 else SILENCE_CHARACTERS * self.character_s


class Line(Protocol):
    """An open line. `fd` does not block; `path` is where the other end may open it or, for a real port, its own name;
    `paced` when bytes take no time on it, so that the server has to take it."""

    @property
    def fd(self) -> int: ...

    @property
    def path(self) -> str: ...

    @property
    def paced(self) -> bool: ...

    def close(self) -> None:
        """Give it back."""


@plain
class _Pty:
    fd: int
    path: str
    other: int  # kept open, so that the line stays when a client closes it
    paced: bool = True

    def close(self) -> None:
        os.close(self.fd)
        os.close(self.other)


def open_pty() -> Line:
    """A new pseudo terminal; whoever opens its `path` is at the other end."""
    fd, other = os.openpty()
    tty.setraw(other)
    os.set_blocking(fd, False)
    return _Pty(fd, os.ttyname(other), other)


def is_pty(path: str) -> bool:
    """The port is one end of a pseudo terminal."""
    return os.path.realpath(path).startswith("/dev/pts/")


def port_settings(path: str, settings: SerialSettings) -> SerialSettings:
    """What to open a port with: pseudo terminals have no parity, and refuse it at the second time of asking."""
    return SerialSettings(settings.baud, "N", 1) if is_pty(path) else settings


class _Port:
    def __init__(self, path: str, settings: SerialSettings) -> None:
        import serial

        bits = port_settings(path, settings)
        self._port = serial.Serial(
            path,
            bits.baud,
            parity=bits.parity,
            stopbits=bits.stop_bits,
            timeout=0,
            write_timeout=0,
            exclusive=True,
        )
        self.path = path
        self.fd: int = self._port.fileno()
        self.paced = is_pty(path)

    def close(self) -> None:
        self._port.close()


def open_port(path: str, settings: SerialSettings) -> Line:
    """A serial port, for us alone. OSError when it is not there, not ours to open, or in use."""
    try:
        return _Port(path, settings)
    except (OSError, termios.error) as error:
        number = error.errno if isinstance(error, OSError) else None
        reason = os.strerror(number) if number else str(error)  # pyserial says it twice
        reason = "it is in use" if number == errno.EAGAIN else reason
        raise OSError(f"{path} cannot be opened as a serial port: {reason}") from error
