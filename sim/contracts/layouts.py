"""The tables of contracts in a replication's folder: name, type, unit and meaning of every column.

Times are ms since the scenario's start, money minor units, units item units. Texts are dictionaries.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa

_text: Final = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class BookColumn:
    """One column: its type (None: a text), unit, and what it says."""

    name: str
    dtype: type[np.generic] | None
    unit: str
    meaning: str


@dataclass(frozen=True)
class BookLayout:
    """A table of the books."""

    name: str
    meaning: str
    columns: tuple[BookColumn, ...]

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema: no column may be empty, units and meanings travel along as metadata."""
        return pa.schema(
            [
                pa.field(
                    one.name,
                    _text if one.dtype is None else pa.from_numpy_dtype(np.dtype(one.dtype)),
                    nullable=False,
                    metadata={"unit": one.unit, "meaning": one.meaning},
                )
                for one in self.columns
            ],
            metadata={"meaning": self.meaning},
        )


def _said(name: str, meaning: str) -> BookColumn:
    return BookColumn(name, None, "", meaning)


def _time(name: str, meaning: str) -> BookColumn:
    return BookColumn(name, np.int64, "ms", meaning)


def _row(name: str, meaning: str) -> BookColumn:
    return BookColumn(name, np.int64, "row", meaning)


def _money(name: str, meaning: str) -> BookColumn:
    return BookColumn(name, np.int64, "minor units", meaning)


def _units(name: str, meaning: str) -> BookColumn:
    return BookColumn(name, np.int64, "item units", meaning)


_CONTRACT: Final = _said("contract", "name of the contract")
_ITEM: Final = BookColumn("item", np.int32, "row", "item; -1: of no single item")
_TABLE: Final = _said("table", "table that it rests on; empty: none")
_FIRST: Final = _row("first_row", "first row of that table; -1: none")
_LAST: Final = _row("last_row", "last row")

LEDGER: Final = BookLayout(
    "ledger",
    "Postings of the supplier's books of each contract, double entry: those of an entry add up to 0.",
    (
        _CONTRACT,
        _row("entry", "number of the entry"),
        _time("time_ms", "when"),
        _said("account", "stock, cash, cost_of_goods, shrinkage, unbilled, receivable, revenue.<stream>, penalty, "
              "service.<what for>, financing"),
        _money("minor", "debit; below 0: credit"),
        _said("stream", "revenue stream; empty: none"),
        _ITEM,
        _units("units", "units it is about, 0 where it is not by units"),
        _TABLE,
        _FIRST,
        _LAST,
    ),
)  # fmt: skip
TITLE_MOVES: Final = BookLayout(
    "title_moves",
    "Units that changed their owner, one row each time; rows of kind `pending` say when title would have passed.",
    (
        _CONTRACT,
        _time("time_ms", "when"),
        BookColumn("stock_point", np.int32, "row", "where they are, or were"),
        BookColumn("item", np.int32, "row", "item"),
        BookColumn("lot", np.int64, "lot", "the lot, see table lots; -1: not tracked"),
        _units("units", "units"),
        _said("kind", "received, sent on, used, put back, taken over, sold, pending"),
        _said("from_owner", "supplier or customer"),
        _said("to_owner", "supplier or customer"),
        _TABLE,
        _row("row", "row of that table; -1: none"),
    ),
)
INVOICES: Final = BookLayout(
    "invoices",
    "Invoices, one per contract and billing period.",
    (
        _CONTRACT,
        _time("from_ms", "period from"),
        _time("to_ms", "period to, without"),
        _time("issued_ms", "issued: a day after the period"),
        _time("due_ms", "paid: by the payment terms after that"),
        _money("minor", "amount; below 0: a credit note"),
        _row("first_line", "first row of invoice_lines"),
        BookColumn("lines", np.int64, "lines", "number of its lines"),
        BookColumn("posted", np.int8, "code", "1: issued before the run's end, and in the ledger"),
        BookColumn("paid", np.int8, "code", "1: paid before the run's end"),
    ),
)
INVOICE_LINES: Final = BookLayout(
    "invoice_lines",
    "Lines of invoices, one per period, term and item; the row number is the line's number.",
    (
        _CONTRACT,
        _row("invoice", "row of invoices"),
        _said("term", "name of the term, or of the service level"),
        _said("stream", "revenue stream"),
        _ITEM,
        _units("units", "units charged for, 0 where it is not by units"),
        _money("minor", "amount; below 0: a credit"),
    ),
)
CHARGES: Final = BookLayout(
    "charges",
    "What invoice lines are made of, and the records that each charge rests on.",
    (
        _row("line", "row of invoice_lines"),
        _time("time_ms", "when it falls due to be billed"),
        _units("units", "units charged for, 0 where it is not by units"),
        _money("minor", "amount"),
        _TABLE,
        _FIRST,
        _LAST,
    ),
)
SLA_WINDOWS: Final = BookLayout(
    "sla_windows",
    "Windows of service levels.",
    (
        _CONTRACT,
        _said("sla", "name of the service level"),
        _said("measure", "availability, fill_rate or response_time"),
        _time("from_ms", "window from"),
        _time("to_ms", "window to, without"),
        BookColumn("counted", np.int64, "", "what counted: ms x places, item units, or deliveries"),
        BookColumn("good", np.int64, "", "of it, what was as promised"),
        BookColumn("attained", np.float64, "share", "good / counted; 1 where nothing counted"),
        BookColumn("kept", np.int8, "code", "1: the target was reached"),
        _money("penalty_minor", "penalty, at least 0"),
        _money("bonus_minor", "bonus, at least 0"),
    ),
)
RECONCILIATION: Final = BookLayout(
    "reconciliation",
    "Physical truth, record and bill, per contract, calendar month and item.",
    (
        _CONTRACT,
        _time("from_ms", "month from; the first one from the contract's start"),
        BookColumn("item", np.int32, "row", "item"),
        _units("used", "truly used, net of what was put back"),
        _units("recorded", "used by the platform's record"),
        _units("billed", "billed by terms of kind `usage`"),
        _money("billed_minor", "what was billed for them"),
        _money("disputed_minor", "|billed - used| at the price of the term"),
    ),
)
BOOK_LAYOUTS: Final = {
    one.name: one for one in (LEDGER, TITLE_MOVES, INVOICES, INVOICE_LINES, CHARGES, SLA_WINDOWS, RECONCILIATION)
}
