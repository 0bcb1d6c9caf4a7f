"""All charges of a contract, and the invoice lines that they make: one per billing period, term and item."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from policies.contracts.term import Charges
from sim.contracts.matching import codes
from sim.contracts.periods import Periods
from sim.network import Int64Array

PENALTY: Final = "penalty"
"""The stream of what a broken service level costs: charges below 0."""


@dataclass(frozen=True)
class Source:
    """What charges come from: a term, or a service level, and the stream they belong to."""

    name: str
    stream: str


@dataclass(frozen=True)
class Billed:
    """n charges of a contract, line by line and in order of time within a line; arrays (n,).

    `line` and `period` count from 0 within the contract.
    """

    sources: tuple[Source, ...]
    line: Int64Array
    period: Int64Array
    source: Int64Array
    time_ms: Int64Array
    minor: Int64Array
    item: Int64Array
    units: Int64Array
    table: Int64Array
    first_row: Int64Array
    last_row: Int64Array

    def __len__(self) -> int:
        return len(self.line)

    def of(self, chosen: npt.NDArray[Any]) -> "Billed":
        """Those that are chosen, by a mask or by their places."""
        arrays = (getattr(self, one.name)[chosen] for one in fields(self) if one.name != "sources")
        return Billed(self.sources, *arrays)


@dataclass(frozen=True)
class InvoiceLines:
    """m invoice lines of a contract; arrays (m,)."""

    period: Int64Array
    source: Int64Array
    item: Int64Array  # -1: of no item
    units: Int64Array
    minor: Int64Array

    def __len__(self) -> int:
        return len(self.period)


def billed(sources: Sequence[tuple[Source, Charges]], periods: Periods) -> Billed:
    """Put charges into their periods and lines. What falls due outside the contract's time belongs to its edge."""
    names = tuple(dict.fromkeys(source for source, _ in sources))
    number = [np.full(len(charges.minor), names.index(source), np.int64) for source, charges in sources]
    source = np.concatenate([np.zeros(0, np.int64), *number])
    column = {
        one.name: np.concatenate([np.zeros(0, np.int64), *(getattr(charges, one.name) for _, charges in sources)])
        for one in fields(Charges)
    }
    first, last = int(periods.edges_ms[0]), int(periods.edges_ms[-1])
    column["time_ms"] = np.clip(column["time_ms"], first, last - 1)
    period = periods.of(column["time_ms"])
    line = codes(period, source, column["item"])  # ascending by period, then term, then item
    order = np.lexsort((column["first_row"], column["time_ms"], line))
    return Billed(names, line, period, source, **column).of(order)


def lines_of(charges: Billed) -> InvoiceLines:
    """The invoice lines that charges make."""
    count = int(charges.line[-1]) + 1 if len(charges) else 0
    first = np.searchsorted(charges.line, np.arange(count))
    return InvoiceLines(
        charges.period[first],
        charges.source[first],
        charges.item[first],
        added_up(charges.line, charges.units, count),
        added_up(charges.line, charges.minor, count),
    )


def added_up(key: Int64Array, values: Int64Array, keys: int) -> Int64Array:
    """Exact sums of integers by key."""
    sums = np.zeros(keys, np.int64)
    np.add.at(sums, key, values)
    return sums
