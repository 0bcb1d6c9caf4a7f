"""The books of a replication's contracts as tables of its folder."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sim.contracts.books import Books
from sim.contracts.layouts import (
    BOOK_LAYOUTS,
    CHARGES,
    INVOICE_LINES,
    INVOICES,
    LEDGER,
    RECONCILIATION,
    SLA_WINDOWS,
    TITLE_MOVES,
    BookLayout,
)
from sim.contracts.ledger import BOOK_TABLES
from sim.contracts.titles import MOVE_KINDS, MOVE_PENDING, OWNERS, SUPPLIER
from sim.network import Int64Array
from sim.record.arrow import numbers, texts

_PART: Final = ".part"

Words = tuple[Sequence[str], Int64Array]
"""A column of texts: the words, and which of them each row has."""

Columns = Mapping[str, npt.NDArray[np.generic] | Words | str]
"""The columns of one contract's rows by name; a single text is the same in all rows."""


def book_tables(books: Sequence[Books]) -> dict[str, pa.Table]:
    """The tables of BOOK_LAYOUTS, all contracts one after the other; numbers of rows are of the whole tables."""
    return {
        name: _table(BOOK_LAYOUTS[name], [part for one in books for part in columns(one)])
        for name, columns in _COLUMNS.items()
    }


def write_books(books: Sequence[Books], folder: Path) -> None:
    """Write the tables of BOOK_LAYOUTS into `folder`, each whole or not at all; OSError as the file system says."""
    for name, table in book_tables(books).items():
        part = folder / f"{name}.parquet{_PART}"
        text = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
        pq.write_table(table, part, compression="lz4", write_statistics=False, use_dictionary=text)
        part.replace(folder / f"{name}.parquet")


def _table(layout: BookLayout, parts: Sequence[Columns]) -> pa.Table:
    chunks = [_chunk(layout, part) for part in parts]
    if not chunks:
        return layout.schema.empty_table()
    return pa.concat_tables(chunks).unify_dictionaries().combine_chunks()


def _chunk(layout: BookLayout, columns: Columns) -> pa.Table:
    rows = max(len(column[1] if isinstance(column, tuple) else column) for column in columns.values()
               if not isinstance(column, str))  # fmt: skip
    arrays = []
    for one in layout.columns:
        column = columns[one.name]
        if isinstance(column, str):
            arrays.append(_texts([column], np.zeros(rows, np.int64)))
        elif isinstance(column, tuple):
            arrays.append(_texts(*column))
        else:
            arrays.append(numbers(column.astype(one.dtype, copy=False)))
    return pa.Table.from_arrays(arrays, schema=layout.schema)


def _texts(words: Sequence[str], code: Int64Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(numbers(code.astype(np.int32)), texts(words))


# --- the columns of each table ----------------------------------------------------------------------------------------
def _ledger(books: Books) -> list[Columns]:
    ledger = books.ledger
    plain = ("time_ms", "minor", "item", "units", "first_row", "last_row")
    return [
        {name: getattr(ledger, name) for name in plain}
        | {
            "contract": books.plan.name,
            "entry": books.firsts.entry + ledger.entry,
            "account": (ledger.accounts, ledger.account),
            "stream": (ledger.streams, ledger.stream),
            "table": (BOOK_TABLES, ledger.table),
        }
    ]


def _title_moves(books: Books) -> list[Columns]:
    moves = books.history.titles.moves
    from_owner = 1 - moves.to_customer
    to_owner = np.where(moves.kind == MOVE_PENDING, SUPPLIER, moves.to_customer)
    return [
        {name: getattr(moves, name) for name in ("time_ms", "item", "lot", "units", "row")}
        | {
            "contract": books.plan.name,
            "stock_point": moves.point,
            "kind": (MOVE_KINDS, moves.kind),
            "from_owner": (OWNERS, np.where(moves.kind == MOVE_PENDING, SUPPLIER, from_owner)),
            "to_owner": (OWNERS, to_owner),
            "table": (BOOK_TABLES, moves.table),
        }
    ]


def _invoices(books: Books) -> list[Columns]:
    return [vars(books.invoices) | {"contract": books.plan.name}]


def _invoice_lines(books: Books) -> list[Columns]:
    lines, sources = books.lines, books.charges.sources
    return [
        {name: getattr(lines, name) for name in ("item", "units", "minor")}
        | {
            "contract": books.plan.name,
            "invoice": books.firsts.invoice + lines.period,
            "term": ([source.name for source in sources], lines.source),
            "stream": ([source.stream for source in sources], lines.source),
        }
    ]


def _charges(books: Books) -> list[Columns]:
    charges = books.charges
    return [
        {name: getattr(charges, name) for name in ("time_ms", "units", "minor", "first_row", "last_row")}
        | {"line": books.firsts.line + charges.line, "table": (BOOK_TABLES, charges.table)}
    ]


def _sla_windows(books: Books) -> list[Columns]:
    plain = ("from_ms", "to_ms", "counted", "good", "attained", "kept", "penalty_minor", "bonus_minor")
    return [
        {name: getattr(windows, name) for name in plain}
        | {"contract": books.plan.name, "sla": name, "measure": windows.measure}
        for name, windows in books.sla
    ]


def _reconciliation(books: Books) -> list[Columns]:
    return [vars(books.reconciliation) | {"contract": books.plan.name}]


_COLUMNS: Final[Mapping[str, Callable[[Books], list[Columns]]]] = {
    LEDGER.name: _ledger,
    TITLE_MOVES.name: _title_moves,
    INVOICES.name: _invoices,
    INVOICE_LINES.name: _invoice_lines,
    CHARGES.name: _charges,
    SLA_WINDOWS.name: _sla_windows,
    RECONCILIATION.name: _reconciliation,
}
