"""Charges out of rows and periods: prices per item, running totals, shares of cut periods. All exact integers."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Final

import numpy as np

from policies.contracts.term import NO_TABLE, Charges, Facts, Int64Array, Rows

NO_ITEM: Final = -1
NO_ROW: Final = -1
_LARGEST_TOTAL: Final = 2.0**62


def rounded(amount: Fraction) -> int:
    """The nearest whole number, halves up."""
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


def differences(amounts: Iterable[Fraction]) -> Int64Array:
    """Whole amounts whose running totals are the rounded running totals of exact ones."""
    total, before = Fraction(0), 0
    found = []
    for amount in amounts:
        total += amount
        found.append(rounded(total) - before)
        before += found[-1]
    return np.array(found, np.int64)


def by_item(items: Int64Array, value: Callable[[int], int]) -> Int64Array:
    """A number for each row's item, (n,): `value` is asked once per item that occurs. Items are >= 0."""
    present = np.flatnonzero(np.bincount(items))
    table = np.zeros(int(present[-1]) + 1 if present.size else 0, np.int64)
    for item in present:
        table[item] = value(int(item))
    found: Int64Array = table[items]
    return found


def order_of_items(items: Int64Array) -> Int64Array:
    """The order that puts rows of an item together and keeps them as they were among themselves."""
    small = items.size == 0 or int(items.max()) <= np.iinfo(np.int16).max
    return np.argsort(items.astype(np.int16) if small else items, kind="stable")  # radix sort of small numbers


def totals_of_groups(amounts: Int64Array, starts: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Int64Array:
    """Running totals that start anew where a group of rows does."""
    total = np.cumsum(amounts)
    first = np.flatnonzero(starts)
    lengths = np.diff(first, append=amounts.size)
    found: Int64Array = total - np.repeat(total[first] - amounts[first], lengths)
    return found


def changes(*keys: Int64Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows at which one of the keys differs from the row before; the first row always."""
    found = np.ones(keys[0].size, np.bool_)
    if keys[0].size:
        found[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return found


def milli_of_units(units: Int64Array, price_milli: Int64Array) -> Int64Array:
    """What units cost at prices per unit, (n,), in thousandths of a minor unit.

    Raises OverflowError when an amount would not fit into 64 bits.
    """
    check_size(np.abs(units.astype(np.float64) * price_milli).max(initial=0.0))
    found: Int64Array = units * price_milli
    return found


def check_size(milli: float) -> None:
    """Raises OverflowError for an amount in thousandths of a minor unit that would not fit into 64 bits."""
    if milli > _LARGEST_TOTAL:
        raise OverflowError(f"amounts of up to {milli:.1e} thousandths of a minor unit are more than 64 bits hold")


def minor_of_rows(milli: Int64Array, items: Int64Array) -> Int64Array:
    """Rows' amounts in minor units out of thousandths, (n,): differences of each item's rounded running total.

    Rows are in order of time. Raises OverflowError when a total would not fit into 64 bits.
    """
    check_size(float(np.abs(milli).sum(dtype=np.float64)))
    order = order_of_items(items)
    amounts = milli[order]
    total = totals_of_groups(amounts, changes(items[order]))
    found = np.empty(milli.size, np.int64)
    found[order] = (total + 500) // 1000 - (total - amounts + 500) // 1000
    return found


def charge_rows(rows: Rows, minor: Int64Array, units: Int64Array, table: int) -> Charges:
    """A charge for each row, which it rests on."""
    return Charges(rows.time_ms, minor, rows.item, units, np.full(minor.size, table, np.int64), rows.row, rows.row)


def charge_times(time_ms: Int64Array, minor: Int64Array) -> Charges:
    """Charges at some times that are of no item and rest on no row; none where the amount is 0."""
    some = minor != 0
    time, amount = time_ms[some], minor[some]
    nothing = np.zeros(time.size, np.int64)
    return Charges(time, amount, nothing + NO_ITEM, nothing, nothing + NO_TABLE, nothing + NO_ROW, nothing + NO_ROW)


def charge_once(time_ms: int, minor: int) -> Charges:
    """One charge, or none if the amount is 0."""
    return charge_times(np.array([time_ms], np.int64), np.array([minor], np.int64))


def joined(*parts: Charges) -> Charges:
    """All charges in order of time; at one instant those of an earlier part come first."""
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in Charges.__dataclass_fields__]
    order = np.argsort(columns[0], kind="stable")
    return Charges(*(column[order] for column in columns))


def period_ends(facts: Facts) -> Int64Array:
    """The last millisecond of each period, (n,)."""
    found: Int64Array = facts.periods_ms[1:] - 1
    return found


def period_of(time_ms: Int64Array, facts: Facts) -> Int64Array:
    """The number of the period that each instant lies in."""
    return np.searchsorted(facts.periods_ms, time_ms, side="right").astype(np.int64) - 1


def sums_of_periods(time_ms: Int64Array, amounts: Int64Array, facts: Facts) -> Int64Array:
    """What falls into each period, (n,); times in order."""
    total = np.concatenate([np.zeros(1, np.int64), np.cumsum(amounts)])
    found: Int64Array = np.diff(total[np.searchsorted(time_ms, facts.periods_ms)])
    return found


def shares_of_periods(minor: int, facts: Facts) -> Int64Array:
    """An amount per period, (n,): that of a period which is cut by its share of time.

    The share is the difference of what is due from the uncut period's start on, rounded halves up: so the parts of a
    period add up to the amount, however it is cut.
    """

    def due(moment_ms: int, start_ms: int, length_ms: int) -> int:
        return rounded(Fraction(minor * (moment_ms - start_ms), length_ms))

    edges = facts.periods_ms.tolist()
    whole = zip(facts.whole_from_ms.tolist(), facts.whole_ms.tolist(), strict=True)
    return np.array([due(edges[k + 1], *period) - due(edges[k], *period) for k, period in enumerate(whole)], np.int64)
