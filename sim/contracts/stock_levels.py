"""Stock at places over time, exactly, from the records alone; and for how long there was none.

The level of a stock point is its opening stock, plus what it received, less what it sent on, less and plus what the
usage log says left it and came back. It must end at the engine's closing level.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sim import columns as c
from sim.contracts.movements import RecordColumns
from sim.errors import ConservationError
from sim.network import Int64Array
from sim.record.books import Equation
from sim.record.layouts import SHIPMENTS, USAGE
from sim.record.records import Records

_LEAVES: Final = (
    c.U_PERSON,
    c.U_MACHINE,
    c.U_QUEUE,
    c.U_WRONG,
    c.U_LOAN,
    c.U_EXPIRED,
    c.U_LEAK,
    c.U_REJECTED,
    c.U_ISSUED,
)
_COMES_BACK: Final = (c.U_LOAN_BACK, c.U_PUT_BACK)


def _signs() -> Int64Array:
    sign = np.zeros(len(c.USAGE_KINDS), np.int64)
    sign[list(_LEAVES)] = -1
    sign[list(_COMES_BACK)] = 1
    return sign


_SIGN: Final = _signs()
"""What a usage row of each kind adds to the shelf; lost and worn loans had left it before."""


@dataclass(frozen=True)
class Changes:
    """Changes of stock at places 0 .. n - 1, in any order; arrays (m,)."""

    place: Int64Array
    time_ms: Int64Array
    units: Int64Array  # below 0: they left


@dataclass(frozen=True)
class StockLevels:
    """Levels of n places over [from_ms, to_ms): a row per place and instant at which its stock changed, in that order.

    Every place has a first row at `from_ms`.
    """

    places: int
    from_ms: int
    to_ms: int
    place: Int64Array  # (m,) ascending
    time_ms: Int64Array  # (m,) ascending within a place, each instant once
    level: Int64Array  # (m,) units from then on

    @property
    def closing(self) -> Int64Array:
        """Units at the end, by place."""
        last = np.searchsorted(self.place, np.arange(self.places), side="right") - 1
        closing: Int64Array = self.level[last]
        return closing


@dataclass(frozen=True)
class Spells:
    """Times [from_ms, to_ms) in which places were without stock, ascending within a place; arrays (m,)."""

    places: int
    place: Int64Array
    from_ms: Int64Array
    to_ms: Int64Array


def stock_levels(records: Records, points: Int64Array, columns: RecordColumns | None = None) -> StockLevels:
    """Levels at these stock points (rows; none of them a supplier's), from the start of the records to the horizon.

    Args:
        columns: of the records, if somebody has them already.

    ConservationError where a level does not end at the engine's closing stock.
    """
    network, summary = records.network, records.summary
    changes = changes_of(RecordColumns(records) if columns is None else columns, points)
    opening = summary.opening.state[points, c.S_ON_HAND]
    levels = levels_of(opening, changes, summary.start.time_ms, network.horizon_ms)
    expected, found = summary.closing.state[points, c.S_ON_HAND], levels.closing
    wrong = np.flatnonzero(expected != found)
    if len(wrong):
        equation = Equation("stock on hand by the records", expected, found, rows=points)
        shown = [equation.broken_at(network, int(row)) for row in wrong[: ConservationError.shown]]
        raise ConservationError(records.replication, shown, len(wrong))
    return levels


def changes_of(columns: RecordColumns, points: Int64Array) -> Changes:
    """Every recorded change of stock at these stock points; places are their positions in `points`."""
    place_of = np.full(columns.records.network.stock_points, -1, np.int64)
    place_of[points] = np.arange(len(points))
    parts = [
        _shipped(columns, points, "stock_point", "received_ms", 1, 0),
        _shipped(columns, points, "source", "dispatched_ms", -1, columns.records.summary.start.time_ms),
        _used(columns, points),
    ]
    point, time_ms, units = (np.concatenate(values) for values in zip(*parts, strict=True))
    return Changes(place_of[point], time_ms, units)


_Change = tuple[Int64Array, Int64Array, Int64Array]
"""Stock point, time and units of changes."""


def _shipped(columns: RecordColumns, points: Int64Array, at: str, when: str, sign: int, since_ms: int) -> _Change:
    """What came or went with shipments, from an instant on."""
    rows = columns.at(SHIPMENTS, points, by=at)
    rows = rows[columns(SHIPMENTS, when)[rows] >= since_ms]
    point, time_ms, units = (columns(SHIPMENTS, name)[rows] for name in (at, when, "quantity"))
    return point, time_ms, sign * units


def _used(columns: RecordColumns, points: Int64Array) -> _Change:
    """What left by use and came back; nothing where the replication recorded no use."""
    try:
        rows = columns.at(USAGE, points)
    except KeyError:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing
    units = columns(USAGE, "quantity")[rows] * _SIGN[columns(USAGE, "kind")[rows]]
    rows, units = rows[units != 0], units[units != 0]
    return columns(USAGE, "stock_point")[rows], columns(USAGE, "time_ms")[rows], units


def levels_of(opening: Int64Array, changes: Changes, from_ms: int, to_ms: int) -> StockLevels:
    """Levels of places with this stock at `from_ms` (n,) and these changes from then on."""
    places = len(opening)
    place = np.concatenate((np.arange(places, dtype=np.int64), changes.place))
    time_ms = np.concatenate((np.full(places, from_ms, np.int64), changes.time_ms))
    units = np.concatenate((opening.astype(np.int64), changes.units))
    order = np.lexsort((time_ms, place))  # stable: the opening comes first
    place, time_ms, level = place[order], time_ms[order], np.cumsum(units[order])
    final = np.ones(len(place), dtype=np.bool_)  # of several changes at one instant the last says what is there
    final[:-1] = (place[1:] != place[:-1]) | (time_ms[1:] != time_ms[:-1])
    place, time_ms, level = place[final], time_ms[final], level[final]
    last = np.searchsorted(place, np.arange(places), side="right") - 1
    before = np.concatenate((np.zeros(1, np.int64), level[last]))[:places]  # what the running sum has of earlier places
    return StockLevels(places, from_ms, to_ms, place, time_ms, level - before[place])


def without_stock(levels: StockLevels) -> Spells:
    """When each place had nothing on hand."""
    return _spells(levels.places, levels.place, levels.time_ms, levels.level <= 0, levels.to_ms)


def without_stock_anywhere(levels: StockLevels, group: Int64Array) -> Spells:
    """When none of the places of a group had anything on hand; `group` (n,) is the group of each place, from 0 on.

    Places of the result are the groups.
    """
    spells = without_stock(levels)
    groups = int(group.max()) + 1 if len(group) else 0
    ones = np.ones(len(spells.place), np.int64)
    changes = Changes(
        np.tile(group[spells.place], 2),
        np.concatenate((spells.from_ms, spells.to_ms)),
        np.concatenate((ones, -ones)),
    )
    empty = levels_of(np.zeros(groups, np.int64), changes, levels.from_ms, levels.to_ms)
    all_empty = empty.level == np.bincount(group, minlength=groups)[empty.place]
    return _spells(groups, empty.place, empty.time_ms, all_empty, levels.to_ms)


def _spells(places: int, place: Int64Array, time_ms: Int64Array, chosen: npt.NDArray[np.bool_], to_ms: int) -> Spells:
    """The times between a chosen row and the next of its place; those that touch stay apart."""
    until = np.full(len(place), to_ms, np.int64)
    same = place[1:] == place[:-1]
    until[:-1][same] = time_ms[1:][same]
    rows = chosen & (time_ms < until)
    return Spells(places, place[rows], time_ms[rows], until[rows])


class CountedTime:
    """A clock that stands still in times that do not count: intervals [from, to), in any order, also overlapping."""

    def __init__(self, excluded_ms: Iterable[tuple[int, int]] | Int64Array) -> None:
        intervals = np.asarray(list(excluded_ms), dtype=np.int64).reshape(-1, 2)
        intervals = intervals[np.argsort(intervals[:, 0], kind="stable")]
        if len(intervals):
            reached = np.maximum.accumulate(intervals[:, 1])
            first = np.flatnonzero(np.concatenate(([True], intervals[1:, 0] > reached[:-1])))
            intervals = np.stack((intervals[first, 0], np.append(reached[first[1:] - 1], reached[-1])), axis=1)
        self._begin: Int64Array = intervals[:, 0]
        self._lost: Int64Array = np.concatenate((np.zeros(1, np.int64), np.cumsum(intervals[:, 1] - intervals[:, 0])))
        self._end: Int64Array = np.concatenate((intervals[:1, 0], intervals[:, 1]))  # before the first: nothing to wait

    def at(self, time_ms: Int64Array) -> Int64Array:
        """What the clock shows at these instants (ms)."""
        if not len(self._begin):
            return time_ms
        index = np.searchsorted(self._begin, time_ms, side="right")
        still = np.where(index > 0, np.maximum(self._end[index] - time_ms, 0), 0)
        shown: Int64Array = time_ms - self._lost[index] + still
        return shown

    def counts(self, time_ms: Int64Array) -> npt.NDArray[np.bool_]:
        """Whether these instants count."""
        running: npt.NDArray[np.bool_] = self.at(time_ms + 1) > self.at(time_ms)
        return running


def in_windows(spells: Spells, edges_ms: Int64Array, clock: CountedTime) -> Int64Array:
    """Counted time (ms) of the spells of each place in each window between two edges: (places, windows)."""
    windows = len(edges_ms) - 1
    sums = np.zeros((spells.places, max(windows, 0)), np.int64)
    begin, end = np.maximum(spells.from_ms, edges_ms[0]), np.minimum(spells.to_ms, edges_ms[-1])
    inside = begin < end
    begin, end, place = begin[inside], end[inside], spells.place[inside]
    first = np.searchsorted(edges_ms, begin, side="right") - 1
    pieces = np.searchsorted(edges_ms, end, side="left") - first  # windows that a spell reaches into
    spell = np.repeat(np.arange(len(begin)), pieces)
    window = np.arange(len(spell)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + first[spell]
    begin = np.maximum(begin[spell], edges_ms[window])
    end = np.minimum(end[spell], edges_ms[window + 1])
    np.add.at(sums, (place[spell], window), clock.at(end) - clock.at(begin))
    return sums
