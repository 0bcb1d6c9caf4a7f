"""Tables beside a scenario: CSV, Parquet and XLSX become columns of text whose cells know their place.

Every cell is text (or null when empty); what it means is decided by the reader of the column, which parses each
distinct text once. So the three formats behave alike, and a long column with few distinct values is cheap.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sim.scenario.findings import Finding, Place, did_you_mean
from sim.units import UnitError

Int64Array = npt.NDArray[np.int64]
V = TypeVar("V")

SHOWN_PER_COLUMN: Final = 5
NOT_NUMBERS: Final = frozenset(
    {"nan", "-nan", "inf", "-inf", "+inf", "infinity", "#n/a", "#ref!", "#value!", "#div/0!"}
)


@dataclass(frozen=True)
class Column:
    """A column with each distinct text once: row r holds `texts[codes[r]]`, or nothing where the code is -1."""

    name: str
    texts: tuple[str, ...]
    codes: Int64Array

    def rows_of(self, code: int) -> Int64Array:
        """Rows that hold a text, (k,)."""
        return np.flatnonzero(self.codes == code)


@dataclass(frozen=True)
class Table:
    """A table: `data` has only text columns. `place_of(row, column name)` says where a cell stands in the file."""

    file: str
    data: pa.Table
    place_of: Callable[[int, str], Place]
    findings: list[Finding] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Number of rows below the header."""
        return int(self.data.num_rows)

    def add(self, message: str, hint: str, row: int, column: str) -> None:
        """Note a finding at a cell."""
        self.findings.append(Finding(message, hint, column, self.place_of(row, column)))

    def check_header(self, required: Sequence[str], optional: Sequence[str]) -> bool:
        """Findings for missing and unknown columns and for a table without rows; False when it cannot be used."""
        names = self.data.column_names
        place = Place(self.file)
        for name in required:
            if name not in names:
                hint = did_you_mean(name, [other for other in names if other not in (*required, *optional)])
                self.findings.append(Finding(f"the column `{name}` is missing", hint, name, place))
        for name in names:
            if name not in (*required, *optional):
                hint = did_you_mean(name, [known for known in (*required, *optional) if known not in names])
                self.findings.append(Finding(f"unknown column `{name}`", hint or "remove it", name, place))
        if self.rows == 0:
            self.findings.append(Finding("the table is empty", "it needs a header and at least one row", "", place))
        return all(name in names for name in required) and self.rows > 0

    def column(self, name: str, required: bool = False) -> Column | None:
        """A column by name, None when the table has none; empty cells of a required one are findings."""
        if name not in self.data.column_names:
            return None
        encoded = self.data.column(name).combine_chunks().dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        codes = np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
        column = Column(name, tuple(encoded.dictionary.to_pylist()), codes)
        if required:
            self._report("the cell is empty", "fill it in", np.flatnonzero(codes < 0), name)
        return column

    def parsed(self, column: Column, parse: Callable[[str], V]) -> list[V | None]:
        """`parse` applied to every distinct text; what it refuses (UnitError, ValueError) is a finding and None."""
        values: list[V | None] = []
        refused = 0
        for code, text in enumerate(column.texts):
            try:
                if text.lower() in NOT_NUMBERS:
                    raise UnitError(f"`{text}` is not a usable value", "leave the cell empty or give a value")
                values.append(parse(text))
            except ValueError as error:
                refused += 1
                values.append(None)
                if refused <= SHOWN_PER_COLUMN:
                    message, hint = getattr(error, "message", str(error)), getattr(error, "hint", "")
                    self._report(message, hint, column.rows_of(code), column.name)
        if refused > SHOWN_PER_COLUMN:
            more = refused - SHOWN_PER_COLUMN
            self.findings.append(Finding(f"... and {more} more unusable values", "", column.name, Place(self.file)))
        return values

    def names(self, column: Column, known: Sequence[str], what: str) -> Int64Array:
        """The position in `known` of every row's name, (rows,); -1 where it is empty or unknown (a finding)."""
        positions = {name: position for position, name in enumerate(known)}

        def find(text: str) -> int:
            if text not in positions:
                raise UnitError(
                    f"there is no {what} `{text}`", did_you_mean(text, known) if len(known) <= 20_000 else ""
                )
            return positions[text]

        found = np.array([-1 if value is None else value for value in self.parsed(column, find)] + [-1], dtype=np.int64)
        return found[column.codes]

    def _report(self, message: str, hint: str, rows: Int64Array, column: str) -> None:
        if len(rows):
            more = f", and in {len(rows) - 1} more rows" if len(rows) > 1 else ""
            self.add(message + more, hint, int(rows[0]), column)
