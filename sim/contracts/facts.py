"""What a contract's terms get to see of a replication: policies.contracts.term.Facts."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from policies.contracts.charging import differences
from policies.contracts.term import (
    RECEIVED_IN_EMERGENCY,
    RECEIVED_NORMALLY,
    RETURNED_WORN,
    USED,
    Facts,
    Rows,
)
from sim import columns as c
from sim.contract_plan import TITLE_DELIVERY, ContractPlan, PlannedTerm
from sim.contracts import movements as mv
from sim.contracts.costs import UnitCosts
from sim.contracts.lines import LineTimes, RunningTimes
from sim.contracts.movements import RecordColumns
from sim.contracts.periods import YEAR_MS, Periods, billing_periods
from sim.contracts.titles import CUSTOMER, TitleRules, Titles
from sim.network import Int64Array
from sim.record import layouts


@dataclass(frozen=True)
class ReportRows:
    """Rows of the table `reports` at a contract's stock points, within its time; arrays (n,)."""

    time_ms: Int64Array
    item: Int64Array
    units: Int64Array  # used by the record; below 0: came back
    kind: Int64Array  # sim.columns.R_*, never R_SHORT
    row: Int64Array


@dataclass(frozen=True)
class History:
    """All that the terms of one contract are about, before it is cut to a term's items and time."""

    plan: ContractPlan
    periods: Periods
    reports: ReportRows
    titles: Titles
    used: Rows
    received: Rows
    consumed: Rows
    unused: Rows  # what of the customer's is left at the end; `time_ms` is how long it has lain there
    lines: LineTimes


def history_of(
    plan: ContractPlan, columns: RecordColumns, titles: Titles, whole: mv.Movements, costs: UnitCosts, lines: LineTimes
) -> History:
    """What happened under a contract. `whole` are all movements at its stock points."""
    reports = _reports(plan, columns)
    epoch_ms = columns.records.network.start_epoch_ms
    return History(
        plan,
        billing_periods(epoch_ms, plan.from_ms, plan.to_ms, plan.period_ms),
        reports,
        titles,
        _used(plan, reports, costs),
        _received(plan, titles, costs),
        _consumed(titles, costs),
        _unused(plan, titles, whole, columns, costs),
        lines,
    )


def facts_of(history: History, planned: PlannedTerm) -> Facts:
    """What one term gets to see: its items, its lines, from its beginning to its end."""
    plan, from_ms, to_ms = history.plan, planned.from_ms, planned.to_ms
    periods = history.periods.within(from_ms, to_ms)
    lines = history.lines.rows(planned.lines or plan.lines)
    to_the_end = to_ms >= plan.to_ms  # what is left is known when the contract ends, not when an amendment ends a term
    unused = history.unused.where(np.isin(history.unused.item, planned.items) & to_the_end)

    def chosen(rows: Rows) -> Rows:
        in_time: npt.NDArray[np.bool_] = (rows.time_ms >= from_ms) & (rows.time_ms < to_ms)
        return rows.where(in_time & np.isin(rows.item, planned.items))

    return Facts(
        from_ms=from_ms,
        to_ms=to_ms,
        periods_ms=periods.edges_ms,
        whole_from_ms=periods.whole_from_ms,
        whole_ms=periods.whole_ms,
        used=chosen(history.used),
        received=chosen(history.received),
        consumed=chosen(history.consumed),
        running_ms=RunningTimes(history.lines, lines, periods),
        stop_cost_minor=history.lines.stop_cost_minor(lines, periods),
        baseline_stop_cost_minor=_baseline(plan, periods),
        unused_cost_minor=rounded(unused.units * unused.cost_milli),
        unused_ms=unused.time_ms,
        devices=plan.devices,
        sites=plan.sites,
    )


def _baseline(plan: ContractPlan, periods: Periods) -> Int64Array:
    """Each period's part of a year's cost of stops before the contract."""
    lengths = np.diff(periods.edges_ms).tolist()
    return differences(Fraction(plan.baseline.stop_cost_per_year * length, YEAR_MS) for length in lengths)


def rounded(milli: Int64Array) -> Int64Array:
    """Thousandths of a minor unit as minor units, halves up."""
    minor: Int64Array = (2 * milli + 1000) // 2000
    return minor


def _settled(plan: ContractPlan, time_ms: Int64Array, item: Int64Array) -> Int64Array:
    """When what happened falls due: at the latest with the contract's last ms."""
    due: Int64Array = np.minimum(time_ms + TitleRules(plan).settled_after_ms(time_ms, item), plan.to_ms - 1)
    return due


def _in_order(rows: Rows) -> Rows:
    order = np.lexsort((rows.row, rows.time_ms))
    return Rows(*(getattr(rows, name)[order] for name in Rows.__dataclass_fields__))


def _reports(plan: ContractPlan, columns: RecordColumns) -> ReportRows:
    rows = columns.at(layouts.REPORTS, plan.points)
    time_ms, kind = columns(layouts.REPORTS, "time_ms")[rows], columns(layouts.REPORTS, "kind")[rows]
    rows = rows[(time_ms >= plan.from_ms) & (time_ms < plan.to_ms) & (kind != c.R_SHORT)]
    item = columns.records.network.parameter[columns(layouts.REPORTS, "stock_point")[rows], c.P_ITEM]
    time_ms, units, kind = (columns(layouts.REPORTS, name)[rows] for name in ("time_ms", "quantity", "kind"))
    return ReportRows(time_ms, item, units, kind, rows)


def _used(plan: ContractPlan, reports: ReportRows, costs: UnitCosts) -> Rows:
    """What is billed by the record, when it falls due."""
    billed = np.ones(len(reports.row), np.bool_) if plan.bill_counted else reports.kind != c.R_COUNTED
    time_ms, item, units = reports.time_ms[billed], reports.item[billed], reports.units[billed]
    cost = costs.milli(item, np.full(len(item), -1))
    due = _settled(plan, time_ms, item)
    return _in_order(Rows(due, item, units, cost, reports.kind[billed], reports.row[billed]))


def _received(plan: ContractPlan, titles: Titles, costs: UnitCosts) -> Rows:
    """Deliveries from outside the contract; where title passes with them, when that falls due."""
    inside = titles.movements
    got = inside.where((inside.kind == mv.RECEIVED) & ~np.isin(inside.from_point, plan.points))
    on_delivery = TitleRules(plan).passes(got.time_ms, got.item) == TITLE_DELIVERY
    due = np.where(on_delivery, _settled(plan, got.time_ms, got.item), got.time_ms)
    kind = np.where(got.emergency == 1, RECEIVED_IN_EMERGENCY, RECEIVED_NORMALLY).astype(np.int64)
    return _in_order(Rows(due, got.item, got.units, costs.milli(got.item, got.lot), kind, got.row))


def _consumed(titles: Titles, costs: UnitCosts) -> Rows:
    """What truly was used; units put back count below 0."""
    inside = titles.movements
    use = inside.where((inside.kind == mv.USED) | (inside.kind == mv.PUT_BACK))
    kind = np.where(use.usage == c.U_LOAN_WORN, RETURNED_WORN, USED).astype(np.int64)
    return Rows(use.time_ms, use.item, -use.units, costs.milli(use.item, use.lot), kind, use.row)


def _unused(plan: ContractPlan, titles: Titles, whole: mv.Movements, columns: RecordColumns, costs: UnitCosts) -> Rows:
    """The customer's units at the end: those of a lot lie there since it came in, others since the last movement."""
    network, left = columns.records.network, titles.closing
    left = left.where((titles.closing_owner == CUSTOMER) & (left.units > 0))
    past = whole.where((whole.time_ms < plan.to_ms) & (whole.kind != mv.OPENING))
    last_ms = -network.initial_age_ms
    np.maximum.at(last_ms, past.point, past.time_ms)
    since = np.where(left.lot >= 0, costs.since_ms(left.lot), last_ms[left.point])
    cost, nothing = costs.milli(left.item, left.lot), np.zeros(len(left), np.int64)
    return Rows(plan.to_ms - since, left.item, left.units, cost, nothing, nothing - 1)
