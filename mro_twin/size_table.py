"""What `mro-twin size` prints: the answer in words, then its tables."""

import math
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sim.size.tables import Column, Sheet, Value, sentences, sheets

if TYPE_CHECKING:
    from sim.size.study import Study

_WIDTH: Final = 140
"""Of what is not a terminal, so that no column is cut in a file."""
_DIGITS: Final = {"money": ",.0f", "share": ".2%", "number": ",.6g"}
_TALL: Final = 12
"""A table with more columns than that is printed with rows and columns exchanged."""


def print_study(study: "Study") -> None:
    """Print the answer."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    for text in sentences(study):
        console.print(escape(text), soft_wrap=True, highlight=False)
    for sheet in sheets(study):
        console.print()
        console.print(escape(f"{sheet.title} (money: {study.currency} a month)"), style="bold")
        console.print(_turned(sheet) if len(sheet.columns) > _TALL else _table(sheet))


def _table(sheet: Sheet) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in sheet.columns:
        table.add_column(escape(column.name), justify="left" if column.kind == "text" else "right")
    for row in sheet.rows:
        table.add_row(*(_shown(value, column) for value, column in zip(row, sheet.columns, strict=True)))
    return table


def _turned(sheet: Sheet) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for row in sheet.rows:
        table.add_column(escape(str(row[0])), justify="right")
    for place, column in enumerate(sheet.columns[1:], start=1):
        table.add_row(escape(column.name), *(_shown(row[place], column) for row in sheet.rows))
    return table


def _shown(value: Value, column: Column) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return escape(value) if isinstance(value, str) else format(value, _DIGITS[column.kind])
