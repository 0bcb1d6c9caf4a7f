"""First in, first out: which units of one list are which units of another."""

from collections.abc import Sequence

import numpy as np

from sim.network import Int64Array

UNMATCHED = -1


def matched(
    first_key: Sequence[Int64Array], first_units: Int64Array, second_key: Sequence[Int64Array], second_units: Int64Array
) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Split the units of the first list by the rows of the second that they are, within each key, in the given order.

    A key is one number per column. Units are at least 0. Returns (row of the first, row of the second or UNMATCHED,
    units) for every piece, by row of the first; together they are all units of the first list.
    """
    if not len(first_units):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    first, second = _codes(first_key, second_key)
    keys = int(max(first.max(), second.max(initial=0))) + 1
    span = np.maximum(_sums(first, first_units, keys), _sums(second, second_units, keys))
    begins = np.cumsum(span) - span  # every key has a stretch of a line of units of its own
    order, start, end = _stretches(first, first_units, begins)
    other, other_start, other_end = _stretches(second, second_units, begins)
    cuts = np.unique(np.concatenate((start, end, other_start, other_end)))
    piece_start, units = cuts[:-1], np.diff(cuts)
    row, inside = _row_at(piece_start, order, start, end)
    second_row, known = _row_at(piece_start, other, other_start, other_end)
    row, second_row, units = row[inside], np.where(known, second_row, UNMATCHED)[inside], units[inside]
    by_row = np.argsort(row, kind="stable")
    return row[by_row], second_row[by_row], units[by_row]


def codes(*columns: Int64Array) -> Int64Array:
    """One number per row that is the same for rows which are equal in every column."""
    code = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        values, place = np.unique(column, return_inverse=True)
        _, code = np.unique(code * max(len(values), 1) + place, return_inverse=True)
    return code.astype(np.int64)


def _codes(first: Sequence[Int64Array], second: Sequence[Int64Array]) -> tuple[Int64Array, Int64Array]:
    both = codes(*(np.concatenate(pair) for pair in zip(first, second, strict=True)))
    return both[: len(first[0])], both[len(first[0]) :]


def _sums(key: Int64Array, units: Int64Array, keys: int) -> Int64Array:
    sums = np.zeros(keys, np.int64)
    np.add.at(sums, key, units)
    return sums


def _stretches(key: Int64Array, units: Int64Array, begins: Int64Array) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Rows by key, those without units left out, and the stretch [start, end) of each."""
    order = np.argsort(key, kind="stable")
    order = order[units[order] > 0]
    key, units = key[order], units[order]
    total = np.cumsum(units)
    first_of_key = np.searchsorted(key, key)
    before = total - units
    start = begins[key] + before - before[first_of_key]
    return order, start, start + units


def _row_at(
    place: Int64Array, order: Int64Array, start: Int64Array, end: Int64Array
) -> tuple[Int64Array, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    """The row whose stretch each place lies in, and whether there is one."""
    if not len(order):
        return np.full(len(place), UNMATCHED, np.int64), np.zeros(len(place), np.bool_)
    at = np.searchsorted(start, place, side="right") - 1
    inside = (at >= 0) & (place < end[np.maximum(at, 0)])
    return order[np.maximum(at, 0)], inside
