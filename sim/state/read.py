"""Reads the folder of a saved state, or of an extract, into columns; all that is wrong is a finding."""

import difflib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import ValidationError

from sim.network import Int64Array, Network
from sim.scenario.findings import Finding, Place, ScenarioError, did_you_mean
from sim.scenario.table_files import read_table
from sim.scenario.tables import Table
from sim.state import layout
from sim.state.kinds import ABSENT, LARGEST, META, Kind, StateColumn, StateTable
from sim.state.meta import StateMeta
from sim.state.names import NAMES, WHAT, names_of
from sim.units import UnitError, parse_moment

_ENDINGS: Final = (".parquet", ".csv", ".xlsx")
_LATEST_MS: Final = 1 << 62  # stands for never
_LARGEST_BYTES: Final = 1_000_000_000


@dataclass(frozen=True)
class Rows:
    """A table as columns of numbers (texts of Kind.TEXT aside); names are row numbers of the network, -1 for none."""

    layout: StateTable
    columns: dict[str, npt.NDArray[Any]]
    source: Table | None  # None: the folder has no such table

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self.columns[name]

    def given(self, name: str) -> npt.NDArray[np.bool_]:
        """Rows that have a value in an optional column."""
        return np.asarray(self.columns[name] != (-1 if self.layout.column(name).kind in NAMES else ABSENT))


@dataclass(frozen=True)
class StateTables:
    """Everything in the folder of a state, read and parsed, not yet checked for sense."""

    folder: Path
    meta: StateMeta
    rows: dict[str, Rows]

    def __getitem__(self, table: StateTable) -> Rows:
        return self.rows[table.name]


def state_folder(path: Path, replication: int) -> Path:
    """The folder with the tables: `path` itself, or the one of a replication of the run directory `path`."""
    run = path / "replications"
    if run.is_dir():
        return run / f"{replication:04d}" / "state"
    return path / "state" if (path / "state").is_dir() else path


def shown(path: Path) -> str:
    """How messages call a file: relative to the current directory where it lies below it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def read_meta(folder: Path, findings: list[Finding]) -> StateMeta:
    """The contents of state.json; those of an extract at the start where there is none."""
    path = folder / META
    if not path.exists():
        return StateMeta()
    place = Place(shown(path))
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return StateMeta.model_validate(data)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        findings.append(Finding(f"this is not readable JSON: {error}", "take it from the saved state again", "", place))
    except ValidationError as error:
        for one in error.errors():
            where = ".".join(str(part) for part in one["loc"])
            findings.append(Finding(one["msg"].lower(), "take it from the saved state again", where, place))
    return StateMeta()


def read_tables(network: Network, folder: Path) -> StateTables:
    """All tables of a state folder; ScenarioError with every finding when one cannot be read."""
    findings: list[Finding] = []
    if not folder.is_dir():
        raise ScenarioError([Finding("there is no saved state here", _hint(folder), "", Place(shown(folder)))])
    meta = read_meta(folder, findings)
    files = _files(folder, meta, findings)
    rows: dict[str, Rows] = {}
    for table in layout.TABLES:
        path = files.get(table.name)
        try:
            rows[table.name] = _empty(table) if path is None else _read(network, table, path, findings)
        except ScenarioError as error:
            findings += error.findings
    if findings:
        raise ScenarioError(findings)
    return StateTables(folder, meta, rows)


def _hint(folder: Path) -> str:
    replications = folder.parent.parent
    if replications.name == "replications" and replications.is_dir():
        have = sorted(path.parent.name for path in replications.glob("*/state"))
        if have:
            return f"the run has saved the state of replications {have[0]} to {have[-1]} only"
        return "the run was made without --save-state"
    return "give the folder of a state, or a run directory that was made with --save-state"


def _files(folder: Path, meta: StateMeta, findings: list[Finding]) -> dict[str, Path]:
    """The file of each table; findings for missing, doubled and unknown ones."""
    known = {table.name: table for table in layout.TABLES}
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix not in _ENDINGS:
            continue
        place = Place(shown(path))
        if path.stem not in known:
            hint = did_you_mean(path.stem, known)
            findings.append(Finding(f"a state has no table `{path.stem}`", hint or "remove the file", "", place))
        elif path.stem in files:
            hint = f"keep this or {files[path.stem].name}"
            findings.append(Finding(f"the table `{path.stem}` is there twice", hint, "", place))
        elif meta.kind == "extract" and not known[path.stem].extract:
            message = f"`{path.stem}` belongs to a saved state, and there is no {META} that says so"
            hint = f"put {META} back, or remove the table"
            findings.append(Finding(message, hint, "", place))
        elif known[path.stem].plants and not meta.plants:
            message = f"`{path.stem}` belongs to a state with plants, and {META} does not say that this is one"
            findings.append(Finding(message, 'set "plants": true, or remove the table', "", place))
        else:
            files[path.stem] = path
    misspelt = {finding.place.file for finding in findings}
    for table in layout.TABLES:
        if table.name in files or (meta.kind == "extract" and table is not layout.STOCK):
            continue
        if table.plants and not meta.plants:
            continue
        near = difflib.get_close_matches(table.name, [Path(file).stem for file in misspelt], n=1)
        if not near:
            hint = f"add {table.name}.parquet or {table.name}.csv"
            findings.append(Finding(f"the table `{table.name}` is missing", hint, "", Place(shown(folder))))
    return files


def _empty(table: StateTable) -> Rows:
    return Rows(table, {column.name: np.empty(0, _dtype(column)) for column in table.columns}, None)


def _dtype(column: StateColumn) -> npt.DTypeLike:
    return {Kind.REAL: np.float64, Kind.TEXT: object}.get(column.kind, np.int64)


def _read(network: Network, wanted: StateTable, path: Path, findings: list[Finding]) -> Rows:
    file = shown(path)
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ScenarioError([Finding("the file is larger than 1 GB", "leave rows out", "", Place(file))])
        table = read_table(path.read_bytes(), path.name, file)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise ScenarioError([Finding(f"the file cannot be read: {reason.lower()}", "", "", Place(file))]) from None
    if _header_is_fine(table, wanted):
        columns = {column.name: _values(network, table, column) for column in wanted.columns}
        findings += table.findings
        return Rows(wanted, columns, table)
    findings += table.findings
    return _empty(wanted)


def _header_is_fine(table: Table, wanted: StateTable) -> bool:
    required = [column.name for column in wanted.columns if column.required]
    optional = [column.name for column in wanted.columns if not column.required]
    table.check_header(required, optional)
    if table.rows == 0:  # nothing waits, nothing is under way: an empty table is as good as none
        table.findings[:] = [one for one in table.findings if "is empty" not in one.message]
        if wanted is layout.STOCK:
            table.findings.append(Finding("the table has no rows", "list the stock", "", Place(table.file)))
    return not table.findings


def _values(network: Network, table: Table, column: StateColumn) -> npt.NDArray[Any]:
    if column.name not in table.data.column_names:
        empty = {Kind.TEXT: ""}.get(column.kind, -1 if column.kind in NAMES else column.default)
        return np.full(table.rows, empty, _dtype(column))
    if column.kind in NAMES:
        return _names(network, table, column)
    if column.kind is Kind.TEXT:
        return np.array([text or "" for text in table.data.column(column.name).to_pylist()], dtype=object)
    if column.kind is Kind.REAL:
        return _parsed(table, column, float, np.nan)
    whole = _whole_numbers(table, column)
    return whole if whole is not None else _parsed(table, column, _parser(network, column), column.default or 0)


def _names(network: Network, table: Table, column: StateColumn) -> Int64Array:
    cells = table.column(column.name, column.required)
    assert cells is not None
    return table.names(cells, names_of(network, column.kind), WHAT[column.kind])


def _bounds(column: StateColumn) -> tuple[int, int]:
    lowest = {Kind.COUNT: 0, Kind.FLAG: 0, Kind.POSITIVE: 1}.get(column.kind, -LARGEST)
    highest = {Kind.FLAG: 1, Kind.TIME: _LATEST_MS}.get(column.kind, LARGEST)
    return lowest, highest


def _whole_numbers(table: Table, column: StateColumn) -> Int64Array | None:
    """All cells at once where every one is a plain whole number within bounds, else None (then cell by cell)."""
    cells = table.data.column(column.name)
    if column.required and cells.null_count:
        return None
    try:
        values = np.asarray(
            cells.cast(pa.int64()).combine_chunks().fill_null(ABSENT if not column.required else 0), np.int64
        )
    except pa.ArrowInvalid:
        return None
    low, high = _bounds(column)
    empty = np.asarray(cells.is_null().combine_chunks().to_numpy(zero_copy_only=False), np.bool_)
    if not ((low <= values) & (values <= high) | empty).all():
        return None
    if column.default is not None:
        values = np.where(empty, column.default, values)
    return values


def _parsed(table: Table, column: StateColumn, parse: Callable[[str], Any], empty: float) -> npt.NDArray[Any]:
    cells = table.column(column.name, column.required)
    assert cells is not None
    values = [empty if value is None else value for value in table.parsed(cells, parse)]
    return np.array([*values, empty], dtype=_dtype(column))[cells.codes]


def _parser(network: Network, column: StateColumn) -> Callable[[str], int]:
    low, high = _bounds(column)
    start = datetime(1970, 1, 1) + timedelta(milliseconds=network.start_epoch_ms)

    def parse(text: str) -> int:
        value: float
        if column.kind is Kind.TIME and text[:4].isdigit() and text[4:5] == "-":
            return (parse_moment(text) - start) // timedelta(milliseconds=1)
        try:
            value = int(text)
        except ValueError:
            try:
                value = float(text)
            except ValueError:
                value = np.nan
        if value != value or value % 1:
            example = "3600000` or `2026-03-01T06:30" if column.kind is Kind.TIME else "12"
            raise UnitError(f"`{text}` is not a {column.kind.value}", f"write `{example}`")
        if not low <= value <= high:
            problem = "negative" if value < 0 else "too small" if value < low else "too large"
            raise UnitError(f"{text} is {problem}", f"the column holds a {column.kind.value}")
        return int(value)

    return parse
