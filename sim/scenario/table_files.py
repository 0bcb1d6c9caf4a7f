"""Reads CSV, Parquet and XLSX into tables of text columns, with the place of every cell."""

import csv
import io
import warnings
import zipfile
from collections.abc import Callable, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from sim.scenario.findings import Finding, Place, ScenarioError
from sim.scenario.tables import SHOWN_PER_COLUMN, Table

_LARGEST_UNPACKED: Final = 1_000_000_000


def read_table(data: bytes, name: str, file: str, formulas: list[Finding] | None = None) -> Table:
    """The table in a file's bytes; its format follows from the end of `name`, `file` is how messages call it.

    Cells of a workbook that hold formulas are an error; where a list is given, they are noted in it and read as empty,
    so that the reader can say everything else that is wrong with the table as well.
    """
    ending = name.lower().rsplit(".", 1)[-1]
    if ending in ("csv", "tsv", "txt"):
        return _read_csv(data, file)
    if ending in ("parquet", "pq"):
        return _read_parquet(data, file)
    if ending == "xlsx":
        return _read_xlsx(data, file, formulas)
    hint = "save it as XLSX" if ending in ("xls", "ods", "xlsm") else "use .csv, .parquet or .xlsx"
    raise ScenarioError([Finding(f"`.{ending}` is not a table format", hint, "", Place(file))])


def _checked_header(names: Sequence[str], file: str) -> list[str]:
    header = [str(name).strip() for name in names]
    findings = [
        Finding(f"column {position} has no name", "name it or remove it", "", Place(file, 1))
        for position, name in enumerate(header, 1)
        if not name
    ]
    findings += [
        Finding(f"the column `{name}` is there twice", "keep one", name, Place(file, 1))
        for name in dict.fromkeys(header)
        if name and header.count(name) > 1
    ]
    if findings:
        raise ScenarioError(findings)
    return header


# --- CSV -----------------------------------------------------------------------------------------------------------


def _read_csv(data: bytes, file: str) -> Table:
    from pyarrow import csv as arrow_csv

    text = _decoded(data, file)
    first_line = text.split("\n", 1)[0].rstrip("\r")
    if not first_line.strip():
        raise ScenarioError([Finding("the table is empty", "it needs a header and at least one row", "", Place(file))])
    delimiter = max(",;\t", key=first_line.count)
    header = _checked_header(next(csv.reader([first_line], delimiter=delimiter)), file)
    if not text[len(first_line) :].strip():
        return _table(
            pa.table({name: pa.array([], pa.string()) for name in header}), file, _line_places(text, file, delimiter)
        )
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(text.encode()),
            read_options=arrow_csv.ReadOptions(column_names=header, skip_rows=1),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values='"' in text),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in header},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise ScenarioError(_ragged_rows(text, len(header), file, delimiter) or [_unreadable(error, file)]) from None
    return _table(table, file, _line_places(text, file, delimiter))


def _decoded(data: bytes, file: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:1000]:
        message, hint = "this is not UTF-8 text (perhaps UTF-16)", "save it as CSV with the encoding UTF-8"
        raise ScenarioError([Finding(message, hint, "", Place(file))])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message, hint = "this is not UTF-8 text", "save it as CSV with the encoding UTF-8"
        raise ScenarioError([Finding(message, hint, "", Place(file, line))]) from None


def _records(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """(line on which it ends, cells) of every record that is not blank, the header first."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [(reader.line_num, cells) for cells in reader if cells]


def _line_places(text: str, file: str, delimiter: str) -> Callable[[int, str], Place]:
    lines: list[int] = []

    def place(row: int, _column: str) -> Place:
        if not lines:
            lines.extend(line for line, _ in _records(text, delimiter)[1:])
        return Place(file, lines[row] if row < len(lines) else 0)

    return place


def _ragged_rows(text: str, columns: int, file: str, delimiter: str) -> list[Finding]:
    try:
        wrong = [(line, len(cells)) for line, cells in _records(text, delimiter)[1:] if len(cells) != columns]
    except csv.Error as error:
        return [_unreadable(error, file)]
    findings = [
        Finding(
            f"{count} cells in a table of {columns} columns",
            "quote texts that contain the separator",
            "",
            Place(file, line),
        )
        for line, count in wrong[:SHOWN_PER_COLUMN]
    ]
    if len(wrong) > SHOWN_PER_COLUMN:
        findings.append(Finding(f"... and {len(wrong) - SHOWN_PER_COLUMN} more such rows", "", "", Place(file)))
    return findings


def _unreadable(error: Exception, file: str) -> Finding:
    return Finding(f"the table cannot be read: {' '.join(str(error).split())[:200]}", "", "", Place(file))


# --- Parquet -------------------------------------------------------------------------------------------------------


def _read_parquet(data: bytes, file: str) -> Table:
    from pyarrow import parquet

    try:
        table = parquet.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ScenarioError([_unreadable(error, file)]) from None
    header = _checked_header(table.column_names, file)
    columns = {}
    for name, column in zip(header, table.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_timestamp(column.type) and column.type.tz is None:
            column = pc.strftime(column.cast(pa.timestamp("ms"), safe=False), format="%Y-%m-%dT%H:%M:%S")
        elif pa.types.is_nested(column.type) or pa.types.is_binary(column.type) or pa.types.is_duration(column.type):
            raise ScenarioError(
                [Finding(f"the column has the type {column.type}", "use text or numbers", name, Place(file))]
            )
        columns[name] = column.cast(pa.string())
    return _table(pa.table(columns), file, lambda row, column: Place(file, 0, f"row {row + 1}"))


# --- XLSX ----------------------------------------------------------------------------------------------------------


def _read_xlsx(data: bytes, file: str, formulas: list[Finding] | None) -> Table:
    """The first sheet; the first row is the header."""
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _LARGEST_UNPACKED:
            raise ScenarioError(
                [Finding("the workbook is too large when unpacked", "use CSV or Parquet", "", Place(file))]
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which do not matter here
            workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False)
            rows = [list(row) for row in workbook.worksheets[0].iter_rows()]
            workbook.close()
    except ScenarioError:
        raise
    except Exception as error:  # a damaged workbook makes openpyxl raise almost anything
        raise ScenarioError([_unreadable(error, file)]) from None
    return _from_cells(rows, file, formulas)


def _from_cells(rows: list[list[Any]], file: str, formulas: list[Finding] | None) -> Table:
    while rows and all(cell.value is None for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise ScenarioError([Finding("the table is empty", "it needs a header and at least one row", "", Place(file))])
    width = max((index + 1 for row in rows for index, cell in enumerate(row) if cell.value is not None), default=0)
    names = ["" if cell.value is None else str(cell.value) for cell in rows[0][:width]]
    header = _checked_header(names + [""] * (width - len(names)), file)
    findings: list[Finding] = []
    cells: dict[str, list[str | None]] = {name: [] for name in header}
    kept: list[int] = []
    for number, row in enumerate(rows[1:], start=2):
        if all(cell.value is None for cell in row):
            continue
        kept.append(number)
        for index, name in enumerate(header):
            cell = row[index] if index < len(row) else None
            place = Place(file, 0, _address(index, number))
            if cell is not None and cell.data_type == "f":
                findings.append(Finding("the cell holds a formula", "replace it by its value", name, place))
                cell = None
            cells[name].append(None if cell is None else _cell_text(cell.value))
    if findings and formulas is None:
        raise ScenarioError(findings)
    if formulas is not None:
        formulas.extend(findings)
    columns = {name: pa.array(values, pa.string()) for name, values in cells.items()}
    return _table(
        pa.table(columns), file, lambda row, column: Place(file, 0, _address(header.index(column), kept[row]))
    )


def _cell_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat() if callable(isoformat) else value)


def _address(column: int, row: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


def _table(data: pa.Table, file: str, place_of: Callable[[int, str], Place]) -> Table:
    columns = {}
    for name in data.column_names:
        trimmed = pc.utf8_trim_whitespace(data.column(name))
        columns[name] = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    return Table(file, pa.table(columns), place_of)
