"""Facts of a contract by hand: what was used, received and so on in a few periods, and units of items as they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pytest
from pydantic import ValidationError

from policies.contracts import TERMS, charges_of
from policies.contracts.charging import rounded
from policies.contracts.term import Charges, Facts, Int64Array, Rows, Term
from policies.units import ItemUnit, Quantity, UnitError, UnitPrice, parse_item_unit

DAY_MS: Final = 86_400_000
START: Final = datetime(2026, 1, 5)
"""When a scenario of these facts starts."""


@dataclass(frozen=True)
class PlainMeasures:
    """Amounts of items counted in `item_units` in integers, money with `minor_digits` after the point."""

    item_units: tuple[ItemUnit, ...]
    minor_digits: int = 2

    def minor(self, amount: Fraction) -> int:
        """Money in minor units, halves up."""
        return rounded(amount * 10**self.minor_digits)

    def price_milli(self, price: UnitPrice, item: int) -> int:
        """Thousandths of a minor unit per item unit, halves up."""
        return rounded(price.per_integer_unit(self.item_units[item]) * 1000 * 10**self.minor_digits)

    def units(self, quantity: Quantity, item: int) -> int:
        """Item units."""
        return self.item_units[item].whole_units(quantity)

    def time_ms(self, moment: datetime) -> int:
        """Since START."""
        return (moment - START) // timedelta(milliseconds=1)


def measures(*units: str) -> PlainMeasures:
    """Items counted in such units, as in `measures("0.1 kg", "each")`, and money with cents."""
    return PlainMeasures(tuple(parse_item_unit(unit) for unit in units))


GREASE, FILTER, FLUID = 0, 1, 2
ITEMS: Final = measures("0.1 kg", "each", "10 ml")
"""Three items to try terms on."""


def rows(*happened: tuple[int, ...]) -> Rows:
    """Rows (time_ms, item, units[, kind[, cost_milli]]) in order of time; they are rows 0, 1, ... of their table."""
    filled = [(*one, *(0, 0)[len(one) - 3 :]) for one in happened]
    time_ms, item, units, kind, cost_milli = np.array(filled, np.int64).reshape(-1, 5).T
    return Rows(time_ms, item, units, cost_milli, kind, np.arange(len(filled), dtype=np.int64))


def facts(
    edges_ms: Sequence[int] = (0, 30 * DAY_MS),
    *,
    whole_ms: Sequence[int] | None = None,
    whole_from_ms: Sequence[int] | None = None,
    used: Rows | None = None,
    received: Rows | None = None,
    consumed: Rows | None = None,
    running_ms: Mapping[str, Iterable[int]] | None = None,
    stop_cost: Iterable[int] | None = None,
    baseline_stop_cost: Iterable[int] | None = None,
    unused: Sequence[tuple[int, int]] = (),
    devices: int = 1,
    sites: int = 1,
) -> Facts:
    """Facts over periods with such edges, whole unless stated; what is not given did not happen.

    `unused` are (cost in minor units, for how long in ms); costs of stops are in minor units, by period.
    """
    edges = _column(edges_ms)
    none = np.zeros(edges.size - 1, np.int64)
    lain = np.array(unused, np.int64).reshape(-1, 2)
    return Facts(
        from_ms=int(edges[0]),
        to_ms=int(edges[-1]),
        periods_ms=edges,
        whole_from_ms=edges[:-1] if whole_from_ms is None else _column(whole_from_ms),
        whole_ms=np.diff(edges) if whole_ms is None else _column(whole_ms),
        used=used or Rows.none(),
        received=received or Rows.none(),
        consumed=consumed or Rows.none(),
        running_ms={line: _column(periods) for line, periods in (running_ms or {}).items()},
        stop_cost_minor=none if stop_cost is None else _column(stop_cost),
        baseline_stop_cost_minor=none if baseline_stop_cost is None else _column(baseline_stop_cost),
        unused_cost_minor=lain[:, 0],
        unused_ms=lain[:, 1],
        devices=devices,
        sites=sites,
    )


def _column(values: Iterable[int]) -> Int64Array:
    return np.array(list(values), np.int64)


def listed(charges: Charges) -> list[tuple[int, int, int, int]]:
    """(time_ms, minor, item, units) of each charge."""
    columns = (charges.time_ms, charges.minor, charges.item, charges.units)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def term(kind: str, **settings: Any) -> Term:
    """A term as a scenario in USD has it."""
    model = TERMS.model(kind)
    assert issubclass(model, Term)
    return model.model_validate({"kind": kind, **settings}, context={"currency": "USD"})


def charged(kind: str, known: Facts, **settings: Any) -> list[tuple[int, int, int, int]]:
    """(time_ms, minor, item, units) of what a term charges for ITEMS."""
    return listed(charges_of(term(kind, **settings), known, ITEMS))


def amounts(kind: str, known: Facts, **settings: Any) -> list[int]:
    """What a term charges for ITEMS, in minor units."""
    return [minor for _, minor, _, _ in charged(kind, known, **settings)]


def refused(kind: str, **settings: Any) -> tuple[str, str]:
    """Message and hint with which settings are refused."""
    with pytest.raises(ValidationError) as caught:
        term(kind, **settings)
    error = caught.value.errors()[0]["ctx"]["error"]
    assert isinstance(error, UnitError)
    return error.message, error.hint
