"""Service levels of a contract, window by window: what was attained, and what it costs or earns. See docs/contracts.md.

Availability goes by the truth (stock on the shelf), fill rate by lines of customers, people and machines at the covered
points, response time by urgent orders of the covered points. Time before the records begin does not count.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from policies.contracts.sla import Settlement, Sla, attained_shares, settle, window_edges
from policies.contracts.term import NO_TABLE, REPORTS, SHIPMENTS, USAGE, Charges
from sim import columns as c
from sim.contract_plan import ContractPlan, PlannedSla
from sim.contracts.movements import RecordColumns
from sim.contracts.stock_levels import (
    CountedTime,
    StockLevels,
    in_windows,
    stock_levels,
    without_stock,
    without_stock_anywhere,
)
from sim.network import Int64Array
from sim.record import layouts
from sim.record.layouts import TableLayout
from sim.record.records import Records
from sim.units import round_half_up

PENALTY: Final = 0
BONUS: Final = 1
SLA_STREAMS: Final = ("penalty", "bonus")
"""Revenue streams of the charges, by code."""

EMERGENCY_ORDERS: Final = (c.ORDER_EMERGENCY,)
"""Kinds of orders whose response time counts: from outside a pool, because a customer had to wait."""

_ASKED_BY_LINE: Final = (c.U_PERSON, c.U_MACHINE, c.U_LOAN, c.U_ISSUED)
"""Kinds of usage that meet a line of demand, at once unless the line was short before."""


@dataclass(frozen=True)
class Tally:
    """What was good of what counts in each window, and which rows of a table it rests on; arrays (n,)."""

    good: Int64Array
    counted: Int64Array
    table: int
    rows: Int64Array  # (n, 2) first and last row, -1 without any


@dataclass(frozen=True)
class SlaWindows:
    """The windows of a service level; arrays (n,), money in minor units.

    Attributes:
        measure: what `good` and `counted` are: milliseconds x places, item units, or deliveries.
        counted, good: of the window; nothing counted means kept.
        penalty_minor, bonus_minor: of the window, after caps, >= 0.
        charges: what falls due at the windows' ends: penalties below 0 and bonuses, in order of time.
        stream: of each charge, a code of SLA_STREAMS.
    """

    name: str
    measure: str
    from_ms: Int64Array
    to_ms: Int64Array
    counted: Int64Array
    good: Int64Array
    kept: npt.NDArray[np.bool_]
    penalty_minor: Int64Array
    bonus_minor: Int64Array
    charges: Charges = field(default_factory=Charges.none)
    stream: Int64Array = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def attained(self) -> npt.NDArray[np.float64]:
        """Share attained in each window; 1 where nothing counted."""
        return attained_shares(self.good, self.counted)

    @property
    def breaches(self) -> int:
        """Windows that were not kept."""
        return int((~self.kept).sum())

    @property
    def attainment(self) -> float:
        """Share of the windows that were kept; 1 without any window."""
        return float(self.kept.mean()) if len(self.kept) else 1.0


def windows_of(
    plan: ContractPlan, sla: PlannedSla, records: Records, columns: RecordColumns | None = None
) -> SlaWindows:
    """The windows of one service level in one replication.

    Args:
        columns: of the records, if somebody has them already: they are read once for many service levels.

    ConservationError when the records do not give the engine's closing stock.
    """
    network, settings = records.network, sla.sla
    known = RecordColumns(records) if columns is None else columns
    from_ms, to_ms = max(plan.from_ms, sla.from_ms), min(plan.to_ms, sla.to_ms)
    edges = window_edges(from_ms, to_ms, settings.window, network.start_epoch_ms)
    clock = CountedTime([*map(tuple, sla.excluded_ms.tolist()), *_unrecorded(plan, records)])
    if settings.measure == "availability":
        groups = network.parameter[sla.points, c.P_ITEM] if settings.places == "any" else None
        tally = availability(stock_levels(records, sla.points, known), edges, clock, groups, known)
    elif settings.measure == "fill_rate":
        tally = fill_rate(known, sla.points, edges, clock)
    else:
        tally = response_time(known, sla.points, settings.promised, edges, clock)
    scale = 10**network.minor_digits

    def minor(amount: Fraction) -> int:
        return round_half_up(amount * scale)

    return _settled(sla.name, settings, edges, tally, settle(settings, tally.good, tally.counted, minor))


def _unrecorded(plan: ContractPlan, records: Records) -> Iterator[tuple[int, int]]:
    start = records.summary.start.time_ms
    if start > plan.from_ms:
        yield plan.from_ms, start


def availability(
    levels: StockLevels,
    edges_ms: Int64Array,
    clock: CountedTime,
    groups: Int64Array | None = None,
    columns: RecordColumns | None = None,
) -> Tally:
    """Time of all places together in each window, and of it the time with stock on hand (ms).

    Args:
        groups: places of equal numbers are one, which has stock when one of them has (`places: any`).
        columns: for the rows of the usage log in each window.
    """
    if groups is None:
        spells = without_stock(levels)
    else:
        spells = without_stock_anywhere(levels, np.unique(groups, return_inverse=True)[1].reshape(-1))
    counted = spells.places * np.diff(clock.at(edges_ms))
    missing = in_windows(spells, edges_ms, clock).sum(axis=0)
    times = None if columns is None else _times(columns, layouts.USAGE)
    if times is None:
        return Tally(counted - missing, counted, NO_TABLE, np.full((len(counted), 2), -1, np.int64))
    return Tally(counted - missing, counted, USAGE, _rows_within(times, edges_ms))


def fill_rate(columns: RecordColumns, points: Int64Array, edges_ms: Int64Array, clock: CountedTime) -> Tally:
    """Units asked for at these stock points in each window, and of them those given at once."""
    windows = len(edges_ms) - 1
    reports_time = _times(columns, layouts.REPORTS)
    if reports_time is None:
        nothing = np.zeros(windows, np.int64)
        return Tally(nothing, nothing, NO_TABLE, np.full((windows, 2), -1, np.int64))
    short = columns.at(layouts.REPORTS, points)
    short = short[columns(layouts.REPORTS, "kind")[short] == c.R_SHORT]
    short_ms, missing = reports_time[short], columns(layouts.REPORTS, "quantity")[short]
    given = columns.at(layouts.USAGE, points)
    given = given[np.isin(columns(layouts.USAGE, "kind")[given], _ASKED_BY_LINE)]
    given_ms, units, lines = (columns(layouts.USAGE, name)[given] for name in ("time_ms", "quantity", "reference"))
    at_once = ~_after_shortage(lines, given_ms, columns(layouts.REPORTS, "reference")[short], short_ms)
    good = _summed(given_ms[at_once], units[at_once], edges_ms, clock)
    asked = good + _summed(short_ms, missing, edges_ms, clock)
    return Tally(good, asked, REPORTS, _rows_within(reports_time, edges_ms))


def _after_shortage(
    lines: Int64Array, given_ms: Int64Array, short_lines: Int64Array, short_ms: Int64Array
) -> npt.NDArray[np.bool_]:
    """Which gifts came later than their line asked; a line is short at most once, when it asks."""
    if not len(short_lines):
        return np.zeros(len(lines), np.bool_)
    order = np.argsort(short_lines, kind="stable")
    short_lines, short_ms = short_lines[order], short_ms[order]
    place = np.minimum(np.searchsorted(short_lines, lines), len(short_lines) - 1)
    later: npt.NDArray[np.bool_] = (short_lines[place] == lines) & (given_ms > short_ms[place])
    return later


def response_time(
    columns: RecordColumns, points: Int64Array, promised_ms: int, edges_ms: Int64Array, clock: CountedTime
) -> Tally:
    """Urgent orders of these stock points that fell due in each window, and of them those delivered whole by then.

    An order falls due `promised_ms` after it was placed. One that was placed while time did not count does not either.
    """
    placed_ms, kind = columns(layouts.ORDERS, "time_ms"), columns(layouts.ORDERS, "kind")
    urgent = columns.at(layouts.ORDERS, points)  # ascending
    urgent = urgent[np.isin(kind[urgent], EMERGENCY_ORDERS) & (placed_ms[urgent] >= 0)]
    placed, wanted = placed_ms[urgent], columns(layouts.ORDERS, "quantity")[urgent]
    due = placed + promised_ms
    rows = columns.at(layouts.SHIPMENTS, points)
    order = columns(layouts.SHIPMENTS, "order")[rows] - columns.records.summary.start.first_order
    position = np.searchsorted(urgent, order)
    mine = np.append(urgent, -1)[position] == order  # beyond the last there is none
    rows, position = rows[mine], position[mine]
    arrived = columns(layouts.SHIPMENTS, "received_ms")[rows]
    in_time = (arrived >= 0) & (arrived <= due[position])
    delivered = np.zeros(len(urgent), np.int64)
    np.add.at(delivered, position[in_time], columns(layouts.SHIPMENTS, "quantity")[rows[in_time]])
    ones = clock.counts(placed).astype(np.int64)
    unstopped = CountedTime([])
    counted, good = (_summed(due, what, edges_ms, unstopped) for what in (ones, ones * (delivered >= wanted)))
    until = np.maximum.accumulate(columns(layouts.SHIPMENTS, "received_ms"))
    return Tally(good, counted, SHIPMENTS, _rows_within(until, edges_ms))


def _times(columns: RecordColumns, table: TableLayout) -> Int64Array | None:
    try:
        return columns(table, "time_ms")
    except KeyError:
        return None


def _summed(time_ms: Int64Array, units: Int64Array, edges_ms: Int64Array, clock: CountedTime) -> Int64Array:
    """Units at instants that count, by window: (windows,)."""
    window = np.searchsorted(edges_ms, time_ms, side="right") - 1
    inside = (window >= 0) & (window < len(edges_ms) - 1)
    inside[inside] = clock.counts(time_ms[inside])
    sums = np.zeros(len(edges_ms) - 1, np.int64)
    np.add.at(sums, window[inside], units[inside])
    return sums


def _rows_within(time_ms: Int64Array, edges_ms: Int64Array) -> Int64Array:
    """First and last row (windows, 2) of a table in order of time in each window; -1 where there is none."""
    edge = np.searchsorted(time_ms, edges_ms, side="left")
    rows = np.stack((edge[:-1], edge[1:] - 1), axis=1).astype(np.int64)
    rows[edge[:-1] == edge[1:]] = -1
    return rows


def _settled(name: str, sla: Sla, edges: Int64Array, tally: Tally, settlement: Settlement) -> SlaWindows:
    window = np.tile(np.arange(len(edges) - 1), 2)
    minor = np.concatenate((-settlement.penalty_minor, settlement.bonus_minor))
    stream = np.repeat(np.array([PENALTY, BONUS], np.int64), len(edges) - 1)
    due = np.flatnonzero(minor)
    due = due[np.argsort(window[due], kind="stable")]
    rows = tally.rows[window[due]]
    nothing = np.zeros(len(due), np.int64)
    table = np.where(rows[:, 0] >= 0, tally.table, NO_TABLE)
    end = edges[1:][window[due]] - 1  # the last instant of the window, which the next billing period does not own
    charges = Charges(end, minor[due], nothing - 1, nothing, table, rows[:, 0], rows[:, 1])
    return SlaWindows(
        name, sla.measure, edges[:-1], edges[1:], tally.counted, tally.good, settlement.kept,
        settlement.penalty_minor, settlement.bonus_minor, charges, stream[due],
    )  # fmt: skip
