"""The record of a relay: what passed, when, in which direction. JSON lines, so that any script can read them.

Each line is an object with `t` (ms, by the clock given to the relay), `c` (number of the connection, from 1; 0: the
relay as a whole) and `e`:

| `e` | meaning | further keys |
|---|---|---|
| `begin` | the relay listens | `link` its name, `target` host:port |
| `open`, `close` | a client has connected; both sides of the connection are closed | `why` (of close) |
| `end` | the client has ended its side; what goes down afterwards reaches nobody, unless it still listens | |
| `up`, `down` | bytes given on to the server, to the client | `b` the bytes in hex |
| `fault` | the faults of the link from now on | `faults` list of names, empty: none |

A piece is written when it is given to the socket of the other side, not before: what a fault held back and
dropped is not in the record. Passwords of MQTT and authorization headers of HTTP are covered by x (secrets.py).
"""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Protocol

from device_emulators.faces.documents import FileError, FileFinding
from hil.relays.secrets import Mask


class Clock(Protocol):
    """Tells the time of the twin."""

    def now_ms(self) -> int:
        """Whole ms of the twin."""
        ...


class Direction(StrEnum):
    """Which way bytes passed."""

    UP = "up"  # from the client to the server
    DOWN = "down"


@dataclass(frozen=True)
class Piece:
    """Bytes that passed in one go."""

    time_ms: int
    connection: int
    direction: Direction
    data: bytes


@dataclass(frozen=True)
class FaultNote:
    """The faults of a link from an instant on."""

    time_ms: int
    faults: tuple[str, ...]


class Recorder:
    """Writes the record of one relay. Without a file it keeps nothing.

    `failure` says why it could not go on: a link must not break because a disk is full.
    """

    def __init__(self, clock: Clock, file: Path | None = None) -> None:
        self.failure: str | None = None
        self._clock = clock
        self._masks: dict[int, Mask] = {}
        self._file: IO[str] | None = None if file is None else file.open("w", encoding="ascii", newline="\n")

    def begin(self, link: str, target: str) -> None:
        self._write(0, "begin", {"link": link, "target": target})

    def opened(self, connection: int) -> None:
        self._write(connection, "open")

    def ended(self, connection: int) -> None:
        self._write(connection, "end")

    def closed(self, connection: int, why: str) -> None:
        self._masks.pop(connection, None)
        self._write(connection, "close", {"why": why})

    def passed(self, connection: int, direction: Direction, data: bytes) -> None:
        if direction is Direction.UP:
            data = self._masks.setdefault(connection, Mask())(data)
        self._write(connection, direction.value, {"b": data.hex()})

    def faults(self, names: Sequence[str]) -> None:
        self._write(0, "fault", {"faults": list(names)})

    def close(self) -> None:
        """Nothing is written afterwards."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                self._failed(file, error)

    def _failed(self, file: IO[str], error: OSError) -> None:
        self.failure = f"{Path(file.name).name}: {error.strerror or error}"
        self._file = None
        with contextlib.suppress(OSError):
            file.close()

    def _write(self, connection: int, event: str, more: dict[str, Any] | None = None) -> None:
        file = self._file
        if file is None:
            return
        line = {"t": self._clock.now_ms(), "c": connection, "e": event, **(more or {})}
        try:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
        except OSError as error:
            self._failed(file, error)


def read_record(file: Path) -> Iterator[Piece | FaultNote]:
    """What passed and which faults there were, in order. FileError for a line that is not one of a record."""
    with file.open(encoding="ascii") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                entry = _entry(json.loads(line))
            except (ValueError, KeyError, TypeError):
                raise FileError([FileFinding("is not a line of a relay's record", "", str(file), number)]) from None
            if entry is not None:
                yield entry


def _entry(line: dict[str, Any]) -> Piece | FaultNote | None:
    match line["e"]:
        case "up" | "down":
            return Piece(int(line["t"]), int(line["c"]), Direction(line["e"]), bytes.fromhex(line["b"]))
        case "fault":
            return FaultNote(int(line["t"]), tuple(str(name) for name in line["faults"]))
        case "begin" | "open" | "end" | "close":
            return None
    raise ValueError(line["e"])
