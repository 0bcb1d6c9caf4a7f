"""The bytes of a usage log's entries, and what they say in words.

Entry 0 is the header: one line of ASCII JSON with its line feed, keys in the order of `Header`, no blanks. It names
the run and the columns, so that an entry of another run, or another reading of the bytes, does not verify.
Entry k > 0 is row k - 1 of the table `reports`: its columns as 8-byte little-endian two's complement integers, in the
order of COLUMNS, 48 bytes. `entries.bin` is the entries one after another.

Stock points are numbers in the rows. Their names are lines of JSON in `stock_points.jsonl`, a Merkle tree of their
own whose root stands in the header: so the names are signed, too.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sim.columns import REPORT_KINDS
from sim.explain.wording import Wording

Int64Array = npt.NDArray[np.int64]

FORMAT: Final = "mro-twin usage log 1"
COLUMNS: Final = ("time_ms", "taken_ms", "stock_point", "quantity", "kind", "reference")
"""Columns of the table `reports`, in the order of an entry's bytes. Another choice is another FORMAT."""

ROW_BYTES: Final = 8 * len(COLUMNS)
MOST_LINE_BYTES: Final = 1 << 16
"""A header or name line that is longer is none of ours."""


@dataclass(frozen=True)
class Header:
    """Entry 0: which run the log is of, and how its entries are written.

    Attributes:
        scenario, variant, scenario_hash, seed, replication, start: as in the run's manifest.
        stock_points: number of lines of `stock_points.jsonl`; stock_points_root: root of the tree over them, in hex.
    """

    scenario: str
    variant: str
    scenario_hash: str
    seed: int
    replication: int
    start: str
    stock_points: int
    stock_points_root: str
    columns: tuple[str, ...] = COLUMNS
    format: str = FORMAT

    @property
    def origin(self) -> str:
        """The name of the log in its checkpoints."""
        return f"mro-twin/usage-log/{self.scenario_hash}/{self.seed}/{self.replication}"

    def to_line(self) -> bytes:
        """The bytes of entry 0."""
        return _line(asdict(self))

    @staticmethod
    def from_line(line: bytes) -> "Header":
        """The header in the bytes of entry 0; ValueError when they are none, or of another format."""
        data = _read_line(line)
        texts = ("scenario", "variant", "scenario_hash", "start", "stock_points_root", "format")
        numbers = ("seed", "replication", "stock_points")
        if set(data) != {*texts, *numbers, "columns"}:
            raise ValueError("its keys are not those of a usage log's header")
        if any(type(data[name]) is not str for name in texts) or any(type(data[name]) is not int for name in numbers):
            raise ValueError("one of its values is of another type")
        if data["format"] != FORMAT or data["columns"] != list(COLUMNS):
            raise ValueError(f"its format is not {FORMAT!r}, the only one that this version reads")
        datetime.fromisoformat(data["start"])
        header = Header(**data | {"columns": COLUMNS})
        if header.to_line() != line:
            raise ValueError("it is not written as a header is")
        return header


@dataclass(frozen=True)
class StockPoint:
    """What a stock point's number stands for: a line of `stock_points.jsonl`.

    Attributes:
        unit: natural unit of the item. natural_units: natural units per integer unit.
    """

    stock_point: int
    node: str
    item: str
    unit: str
    natural_units: float

    def to_line(self) -> bytes:
        return _line(asdict(self))

    @staticmethod
    def from_line(line: bytes) -> "StockPoint":
        """The stock point in a line; ValueError when it is none."""
        data = _read_line(line)
        types = {"stock_point": int, "node": str, "item": str, "unit": str, "natural_units": float}
        if {name: type(value) for name, value in data.items()} != types:
            raise ValueError("it is no line of stock_points.jsonl")
        if not 1e-9 <= data["natural_units"] <= 1e9:
            raise ValueError("its natural_units are out of bounds")
        return StockPoint(**data)


def _line(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def _read_line(line: bytes) -> dict[str, Any]:
    if len(line) > MOST_LINE_BYTES or not line.endswith(b"\n"):
        raise ValueError("it is not one line")
    try:
        data = json.loads(line.decode("ascii"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("it is no JSON object")
    return data


def row_bytes(rows: Int64Array) -> npt.NDArray[np.uint8]:
    """The bytes of n rows (n, 6) as entries: (n, 48)."""
    return np.ascontiguousarray(rows, dtype="<i8").view(np.uint8).reshape(len(rows), ROW_BYTES)


def rows_of(data: bytes) -> Int64Array:
    """The rows (n, 6) in whole entries."""
    return np.frombuffer(data, "<i8").astype(np.int64).reshape(-1, len(COLUMNS))


class Words:
    """Writes entries as people read them.

    Args:
        start: date and time of time 0.
        points: what the numbers of stock points stand for.
    """

    def __init__(self, start: datetime, points: Mapping[int, StockPoint]) -> None:
        self._start = start
        self._points = points

    def moment(self, time_ms: int) -> str:
        """Date and time of an instant; the bare number where no calendar reaches."""
        try:
            return Wording(self._start, "each", 1.0).moment(time_ms)
        except OverflowError:
            return f"{time_ms} ms"

    def place(self, stock_point: int) -> str:
        """`grease at works/shelf`; the bare number of an unknown stock point."""
        point = self._points.get(stock_point)
        return f"{printable(point.item)} at {printable(point.node)}" if point else f"stock point {stock_point}"

    def names(self, stock_point: int) -> tuple[str | None, str | None]:
        """Node and item of a stock point; None, None of an unknown one."""
        point = self._points.get(stock_point)
        return (None, None) if point is None else (printable(point.node), printable(point.item))

    def amount(self, stock_point: int, units: int) -> str:
        """Units of a stock point's item in natural units."""
        point = self._points.get(stock_point)
        if point is None:
            return f"{units} units"
        return printable(Wording(self._start, point.unit, point.natural_units).amount(units))

    def entry(self, row: Sequence[int]) -> str:
        """A row in words: `2026-02-03 10:00:00  0.5 kg used, grease at works/shelf (told, ...)`."""
        time_ms, taken_ms, point, quantity, kind, reference = (int(value) for value in row)
        name = REPORT_KINDS[kind] if 0 <= kind < len(REPORT_KINDS) else f"kind {kind}"
        what = "asked for and not there" if name == "short" else "used" if quantity >= 0 else "came back"
        details = [name]
        if taken_ms != time_ms:
            details.append(f"taken {self.moment(taken_ms)}")
        if reference >= 0:
            details.append(f"reference {reference}")
        amount = self.amount(point, abs(quantity))
        return f"{self.moment(time_ms)}  {amount} {what}, {self.place(point)} ({', '.join(details)})"


def printable(text: str) -> str:
    """A text from a file that anybody may have written, fit for a terminal."""
    return "".join(one if one.isprintable() else "?" for one in text)
