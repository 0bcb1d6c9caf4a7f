"""The tables of a report as a workbook: numbers as numbers, and no text that a spreadsheet would run as a formula."""

import io
import math
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from reports.catalogue import STANDARDS, label, verdict
from reports.comparison_files import ComparisonFiles
from reports.kpi_table import definitions, kpi_names
from reports.network_picture import transfers_of
from reports.run_files import RunFiles
from reports.scenario_file import ScenarioText
from reports.words import answer
from reports.worst_points import worst_points

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
MADE: Final = datetime(2000, 1, 1)
"""Time stamp inside every workbook: the same run gives the same file."""

_WIDEST: Final = 60
_LONGEST_TEXT: Final = 32_000  # a cell holds 32,767 characters
_ILLEGAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HEAD: Final = {"font": Font(bold=True, color="FFFFFF"), "fill": PatternFill("solid", fgColor="0B3D63")}
_WRAPPED: Final = Alignment(wrap_text=True, vertical="top")
Cell = str | float | int | Decimal | date | None
"""A Decimal is shown with just the digits that it has, as amounts of money are."""


def plain_text(text: str) -> str:
    """The text with a leading apostrophe where a spreadsheet would take it for a formula, without control characters.

    A formula begins with =, +, - or @; some programs skip tabs and line ends before them, so these count too.
    """
    clean = _ILLEGAL.sub("\ufffd", text)[:_LONGEST_TEXT]
    return f"'{clean}" if clean.startswith(FORMULA_STARTS) else clean


def run_workbook(run: RunFiles) -> bytes:
    """KPIs, echelons, nodes, classes, every replication, lanes, worst points, and what it rests on."""
    book = Book()
    scenario = ScenarioText(run.path / "scenario.resolved.yaml")
    about: list[Sequence[Cell]] = [
        ["Run", run.title],
        *(["Answer", one] for one in answer(run, scenario.text("description"))),
    ]
    about += [["Assumption", note] for note in scenario.notes]
    about += [
        [name, _text(run.manifest.get(name))] for name in ("seed", "start", "started", "scenario_hash", "versions")
    ]
    book.sheet("About", ("What", "Text"), about)
    book.sheet("KPIs", _KPI_HEAD, _kpi_rows(run))
    for sheet, scope in (
        ("Echelons", "echelon"),
        ("Nodes", "node"),
        ("Classes", "class"),
        ("Lanes", "lane"),
        ("Trucks", "truck"),
    ):
        book.sheet(sheet, _SCOPE_HEAD, _scope_rows(run, scope))
    for sheet, scope in (("Contracts", "contract"), ("Revenue streams", "contract_stream"), ("Service levels", "sla")):
        rows = list(_scope_rows(run, scope))
        if rows:
            book.sheet(sheet, _SCOPE_HEAD, rows)
    network = run.kpis[run.kpis["scope"] == "network"].sort_values("replication", kind="stable")
    values = network[["replication", "kpi", "value", "unit"]].itertuples(index=False, name=None)
    book.sheet("Replications", ("Replication", "KPI", "Value", "Unit"), values)
    book.sheet("Worst points", _WORST_HEAD, _worst_rows(run))
    pairs = [[giver, receiver, count] for (giver, receiver), count in transfers_of(run).items()]
    if pairs:
        book.sheet("Transfers", ("From", "To", "Transfers"), pairs)
    book.sheet("Definitions", ("KPI", "Definition"), definitions(run.path / "README.md").items())
    return book.content()


def comparison_workbook(comparison: ComparisonFiles) -> bytes:
    """The answer, all differences, the KPIs of every variant, and the changes."""
    book = Book()
    about: list[Sequence[Cell]] = [
        ["Comparison", comparison.title],
        *(["Answer", one] for one in comparison.texts("sentences")),
    ]
    about += [["Warning", one] for one in comparison.texts("warnings")]
    about += [
        [name, _text(comparison.manifest.get(name))] for name in ("seed", "replications", "confidence", "versions")
    ]
    book.sheet("About", ("What", "Text"), about)
    rows = comparison.differences.drop(columns=["low", "high"])
    book.sheet("Differences", list(map(str, rows.columns)), rows.itertuples(index=False, name=None))
    for name, run in comparison.runs.items():
        book.sheet(f"KPIs {name}", _KPI_HEAD, _kpi_rows(run))
    changes = [
        [_text(row.get(name)) for name in ("variant", "path", "old", "new")] for row in comparison.rows("changes")
    ]
    book.sheet("Changes", ("Variant", "Setting", "In the base", "In the variant"), changes)
    return book.content()


_KPI_HEAD: Final = (
    "Figure",
    "KPI",
    "Mean",
    "Half width",
    "Low",
    "High",
    "Replications",
    "Unit",
    "Grade",
    "Target or scale",
)
_SCOPE_HEAD: Final = ("Key", "Figure", "KPI", "Mean", "Half width", "Replications", "Unit")
_WORST_HEAD: Final = (
    "Node",
    "Item",
    "Class",
    "Lines",
    "Lines not met at once",
    "Mean wait of those, h",
    "Mean stock",
    "Unit",
    "Orders",
)


def _kpi_rows(run: RunFiles) -> Iterable[Sequence[Cell]]:
    for kpi in kpi_names(run):
        one = run.estimate(kpi)
        if one is not None:
            grade = verdict(kpi, one.mean, one.half_width)
            low, high = one.mean - one.half_width, one.mean + one.half_width
            words = "" if grade is None else " or ".join([grade.grade.word, *grade.also])
            target = STANDARDS[kpi].target if kpi in STANDARDS else ""
            yield [label(kpi), kpi, one.mean, one.half_width, low, high, one.n, one.unit, words, target]


def _scope_rows(run: RunFiles, scope: str) -> Iterable[Sequence[Cell]]:
    for (found, key, kpi), one in run.estimates.items():
        if found == scope:
            yield [key, label(kpi), kpi, one.mean, one.half_width, one.n, one.unit]


def _worst_rows(run: RunFiles) -> Iterable[Sequence[Cell]]:
    for one in worst_points(run):
        figures = (one.lines, one.missed, one.wait_hours, one.on_hand)
        yield [one.node, one.item, one.item_class, *figures, one.unit, one.levels]


def _text(value: object) -> Cell:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        return value
    return "" if value is None else str(value)


def tables_workbook(
    about: Sequence[str], tables: Iterable[tuple[str, Sequence[str], Iterable[Sequence[Any]]]]
) -> bytes:
    """Sentences in a first sheet, then tables as (title, heading, rows)."""
    book = Book()
    book.sheet("About", ("Text",), [[text] for text in about])
    for title, head, rows in tables:
        book.sheet(title, head, rows)
    return book.content()


class Book:
    """A workbook that is written row by row, with headings, filters and widths that fit the content."""

    def __init__(self) -> None:
        self._book = Workbook(write_only=True)

    def sheet(self, title: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Add a sheet; its first row stays in view."""
        content = [[_cell(value) for value in row] for row in rows]
        sheet = self._book.create_sheet(self._title(title))
        widths = [max([len(name), *(_width(row[place]) for row in content)]) for place, name in enumerate(head)]
        for place, width in enumerate(widths):
            sheet.column_dimensions[get_column_letter(place + 1)].width = min(width, _WIDEST) + 2
        sheet.freeze_panes = "A2"
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(head))}{len(content) + 1}"
        sheet.append([_styled(sheet, plain_text(name), **_HEAD) for name in head])
        for row in content:
            sheet.append([_wrapped(sheet, value) for value in row])

    def content(self) -> bytes:
        """The file; the same tables give the same bytes."""
        self._book.properties.created = self._book.properties.modified = MADE
        self._book.properties.creator = "mro-twin"
        buffer = io.BytesIO()
        self._book.save(buffer)
        return _timeless(buffer.getvalue())

    def _title(self, title: str) -> str:
        """A name that a sheet may have: 31 characters, without brackets and the like, unlike the others."""
        plain = re.sub(r"[\[\]:*?/\\']", "_", plain_text(title))[:31] or "sheet"
        taken = {name.lower() for name in self._book.sheetnames}
        names = [plain, *(f"{plain[:27]} ({number})" for number in range(2, 100))]
        return next(name for name in names if name.lower() not in taken)


def _cell(value: object) -> Cell:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, (int, Decimal, date)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None if value is None else plain_text(str(value))


def _width(value: Cell) -> int:
    return len(value) if isinstance(value, str) else 12


def _wrapped(sheet: WriteOnlyWorksheet, value: Cell) -> Any:
    if isinstance(value, str) and len(value) > _WIDEST:
        return _styled(sheet, value, alignment=_WRAPPED)
    if isinstance(value, Decimal):
        digits = max(-int(value.as_tuple().exponent), 0)
        return _styled(sheet, value, number_format=f"#,##0.{'0' * digits}" if digits else "#,##0")
    if isinstance(value, float) and abs(value) >= 1000:
        return _styled(sheet, value, number_format="#,##0.0")
    return value


def _styled(sheet: WriteOnlyWorksheet, value: Cell, **style: Any) -> Any:
    cell = WriteOnlyCell(sheet, value=value)
    for name, one in style.items():
        setattr(cell, name, one)
    return cell


def _timeless(content: bytes) -> bytes:
    """The same archive without the time of writing, which openpyxl puts into every member."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", part)
            new.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), part, zipfile.ZIP_DEFLATED)
    return made.getvalue()
