"""The plant section: stops and what they cost, availability, the record against the shelf, devices, use, alarms.

It appears when a run has devices or lines. Figures are the run's KPIs; use over time is added up from the usage log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reports.catalogue import Verdict, label, limits, verdict
from reports.numbers import interval, number
from reports.pooling import Figure
from reports.run_files import DAY_MS, Estimate, NoRunError, RunFiles, read_table

FIGURES: Final = (
    "line_stops_per_year",
    "stop_cost_per_year",
    "item_stop_share",
    "item_stop_cost_share",
    "stops_by_record",
    "stop_cost_by_record",
    "line_availability",
    "availability",
    "short_line_rate",
    "inventory_accuracy",
    "record_right",
    "expired_value",
    "rejected_value",
    "leaked_value",
    "usage_value_per_30d",
)
DEVICE_FIGURES: Final = (
    "short_lines",
    "short_by_record",
    "short_by_device",
    "refused_lines",
    "jams",
    "failed_vends",
    "wrong_items",
    "missed_scans",
    "lost_reports",
    "report_delay",
)
RULE_FIGURES: Final = (
    "alarm_hits",
    "false_alarms",
    "missed_alarms",
    "alarm_precision",
    "alarm_recall",
    "alarm_delay",
)
TARGET: Final = 0.99
"""Availability that contracts of the trade promise: time with critical items at the point of use."""

ROWS_SHOWN: Final = 20
USED: Final = (0, 1, 2, 3)
"""Kinds of the usage log that are use: drawn by people, for machines, after waiting, by mistake."""

PUT_BACK: Final = 6
PERIOD_DAYS: Final = 30

Bulky = Mapping[tuple[str, str, str], float]
"""Means of single items and stock points, by scope, key and KPI."""


@dataclass(frozen=True)
class StopRow:
    """Stops by cause or for want of an item: per year, means over replications; cost in major units."""

    name: str
    stops: float
    hours: float
    cost: float
    share: float


@dataclass(frozen=True)
class Availability:
    """Availability of a line, or of a critical item at its point of use."""

    name: str
    share: float
    verdict: Verdict | None


@dataclass(frozen=True)
class RecordCause:
    """How far the record was from the shelf for one reason: mean over time, added up over all stock points."""

    name: str
    value: float
    share: float


@dataclass(frozen=True)
class Use:
    """What was used of an item per 30 days, in natural units, and its value at list price."""

    item: str
    amount: float
    unit: str


@dataclass(frozen=True)
class TableRow:
    """A name and its cells as text; `-` for what there is none of."""

    name: str
    cells: Sequence[str]


@dataclass(frozen=True)
class Plants:
    """What the section shows; empty parts are left out."""

    figures: Sequence[Figure]
    causes: Sequence[StopRow]
    items: Sequence[StopRow]
    lines: Sequence[Availability]
    points: Sequence[Availability]
    record: Sequence[RecordCause]
    device_columns: Sequence[str]
    devices: Sequence[TableRow]
    use: Sequence[Use]
    use_over_time: pd.DataFrame
    rule_columns: Sequence[str]
    rules: Sequence[TableRow]
    currency: str


def plants(run: RunFiles) -> Plants | None:
    """The section's content; None when the run has neither devices nor lines."""
    if not any(kpi in FIGURES for scope, _, kpi in run.estimates if scope == "plant") and not _has(run, "record_error"):
        return None
    bulky = _bulky(run)
    device_columns, devices = _table(run, "node", DEVICE_FIGURES)
    rule_columns, rules = _table(run, "rule", RULE_FIGURES)
    return Plants(
        figures=_figures(run),
        causes=_stops({key: _of(run, "stop_cause", key) for key in _keys(run, "stop_cause")}),
        items=_stops(_by_key(bulky, "item"))[:ROWS_SHOWN],
        lines=_availabilities({key: run.estimates[where] for where in run.estimates if (key := _line(where))}),
        points=_availabilities(_points(bulky)),
        record=_record(run),
        device_columns=device_columns,
        devices=devices,
        use=_use(run, bulky),
        use_over_time=use_over_time(run),
        rule_columns=rule_columns,
        rules=rules,
        currency=run.currency,
    )


# --- figures, stops, availability -------------------------------------------------------------------------------------
def _has(run: RunFiles, kpi: str) -> bool:
    return ("network", "network", kpi) in run.estimates


def _figures(run: RunFiles) -> Sequence[Figure]:
    found = []
    for kpi in FIGURES:
        one = run.estimates.get(("network", "network", kpi))
        if one is None or not np.isfinite(one.mean):
            continue
        judged = verdict(kpi, one.mean, one.half_width)
        unit = "" if one.unit == "share" else f" {one.unit}"
        found.append(
            Figure(
                label(kpi),
                f"{number(one.mean, one.half_width, one.unit)}{unit}",
                interval(one.mean, one.half_width, one.unit, limits(kpi, one.unit)),
                judged.grade.word if judged else "",
                judged.grade.tone if judged else "",
            )
        )
    return found


def _keys(run: RunFiles, scope: str) -> Sequence[str]:
    return list(dict.fromkeys(key for found, key, _ in run.estimates if found == scope))


def _of(run: RunFiles, scope: str, key: str) -> Mapping[str, float]:
    names = ("line_stops_per_year", "stop_hours", "stop_cost_per_year")
    found = {kpi: run.estimates.get((scope, key, kpi)) for kpi in names}
    return {kpi: one.mean for kpi, one in found.items() if one is not None}


def _stops(rows: Mapping[str, Mapping[str, float]]) -> list[StopRow]:
    """Causes or items with their stops, the dearest first; what never stopped anything is left out."""
    total = sum(one.get("stop_cost_per_year", 0.0) for one in rows.values())
    found = []
    for name, one in rows.items():
        stops, cost = one.get("line_stops_per_year", 0.0), one.get("stop_cost_per_year", 0.0)
        if stops > 0 or cost > 0:
            found.append(StopRow(name, stops, one.get("stop_hours", 0.0), cost, cost / total if total > 0 else 0.0))
    return sorted(found, key=lambda one: (-one.cost, -one.stops, one.name))


def _line(where: tuple[str, str, str]) -> str:
    scope, key, kpi = where
    return key if scope == "line" and kpi == "line_availability" else ""


def _availabilities(found: Mapping[str, Estimate]) -> Sequence[Availability]:
    """The worst ones first."""
    known = {name: one for name, one in found.items() if np.isfinite(one.mean)}
    worst = sorted(known, key=lambda name: (known[name].mean, name))[:ROWS_SHOWN]
    return [
        Availability(name, known[name].mean, verdict("availability", known[name].mean, known[name].half_width))
        for name in worst
    ]


def _points(bulky: Bulky) -> Mapping[str, Estimate]:
    return {
        key: Estimate(mean, float("nan"), 1, "share")
        for (scope, key, kpi), mean in bulky.items()
        if (scope, kpi) == ("stock", "availability")
    }


# --- the record, devices, rules ---------------------------------------------------------------------------------------
def _record(run: RunFiles) -> Sequence[RecordCause]:
    values = {
        key: run.estimates[scope, key, kpi].mean
        for scope, key, kpi in run.estimates
        if scope == "record_cause" and kpi == "record_error_value"
    }
    total = sum(values.values())
    found = [RecordCause(key, value, value / total) for key, value in values.items() if value > 0]
    return sorted(found, key=lambda one: -one.value)


def _table(run: RunFiles, scope: str, kpis: Sequence[str]) -> tuple[Sequence[str], Sequence[TableRow]]:
    """A table of a scope's keys by those of the figures that any key has; rows without any figure are left out."""
    found = {(key, kpi): one for (where, key, kpi), one in run.estimates.items() if where == scope}
    known = [kpi for kpi in kpis if any(np.isfinite(one.mean) for (_, name), one in found.items() if name == kpi)]
    rows = []
    for key in dict.fromkeys(key for key, _ in found):
        cells = [found.get((key, kpi)) for kpi in known]
        if any(one is not None and np.isfinite(one.mean) for one in cells):
            rows.append(
                (sum(one.mean for one in cells[:1] if one is not None), TableRow(key, [_cell(x) for x in cells]))
            )
    rows.sort(key=lambda row: -row[0] if np.isfinite(row[0]) else 0.0)
    return [label(kpi) for kpi in known], [row for _, row in rows[:ROWS_SHOWN]]


def _cell(one: Estimate | None) -> str:
    if one is None or not np.isfinite(one.mean):
        return "–"
    text = number(one.mean, one.half_width, one.unit)
    return f"{text} h" if one.unit == "h" else text


# --- use --------------------------------------------------------------------------------------------------------------
def _use(run: RunFiles, bulky: Bulky) -> Sequence[Use]:
    """What is used of each item, those of the highest value first."""
    items = run.network_table("items", ("name", "unit", "natural_units", "price_milli"))
    columns = (items[name].to_list() for name in ("name", "unit", "natural_units", "price_milli"))
    found = []
    for name, unit, natural, price in zip(*columns, strict=True):
        used = bulky.get(("item", str(name), "usage_per_30d"), 0.0)
        if used > 0:
            found.append((used * float(price), Use(str(name), used * float(natural), str(unit))))
    return [one for _, one in sorted(found, key=lambda pair: -pair[0])[:ROWS_SHOWN]]


def use_over_time(run: RunFiles) -> pd.DataFrame:
    """Value at purchase cost of what was used, in major units: a row per 30 days, a column per item, dearest first.

    Means over replications; the last days that make no whole 30 are left out. Empty without a usage log.
    """
    periods = int(run.manifest["horizon_ms"] // (PERIOD_DAYS * DAY_MS))
    if not run.has_table("usage") or periods == 0:
        return pd.DataFrame()
    points = run.network_table("stock_points", ("item",))
    items = run.network_table("items", ("name", "cost_milli"))
    sums = np.zeros((periods, len(items)))
    for folder in run.replications:
        rows = read_table(folder / "usage.parquet", ("time_ms", "stock_point", "quantity", "kind"))
        rows = rows[rows["kind"].isin([*USED, PUT_BACK]) & (rows["time_ms"] < periods * PERIOD_DAYS * DAY_MS)]
        item = points["item"].to_numpy()[run.row_numbers(rows["stock_point"], points, "usage")]
        cost = items["cost_milli"].to_numpy()[item] / 1000.0 / run.minor_per_major / run.count
        period = rows["time_ms"].to_numpy() // (PERIOD_DAYS * DAY_MS)
        signed = np.where(rows["kind"] == PUT_BACK, -1, 1) * rows["quantity"].to_numpy()
        np.add.at(sums, (period, item), signed * cost)
    table = pd.DataFrame(sums, columns=[str(name) for name in items["name"]])
    order = table.sum().sort_values(ascending=False, kind="stable")
    return table[[name for name in order.index if order[name] > 0]]


# --- figures of single items and stock points -------------------------------------------------------------------------
_WANTED: Final = ("line_stops_per_year", "stop_hours", "stop_cost_per_year", "usage_per_30d", "availability")


def _bulky(run: RunFiles) -> Bulky:
    """Means of the few figures of items and stock points that the section needs."""
    whole = run.path / "kpis.parquet"
    stopped = bool(run.replications) and run.manifest.get("finished") != len(run.replications)
    files = [one / "kpis.parquet" for one in run.replications] if stopped or not whole.is_file() else [whole]
    wanted = [("scope", "in", ["item", "stock"]), ("kpi", "in", list(_WANTED))]
    try:
        parts = [pq.read_table(file, columns=["scope", "key", "kpi", "value"], filters=wanted) for file in files]
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise NoRunError(f"{whole} cannot be read: {error}") from error
    rows = pd.concat([part.to_pandas().astype({"scope": str, "key": str, "kpi": str}) for part in parts])
    means = rows.groupby(["scope", "key", "kpi"], sort=False)["value"].mean().dropna()
    return {(scope, key, kpi): float(mean) for (scope, key, kpi), mean in means.to_dict().items()}


def _by_key(bulky: Bulky, scope: str) -> Mapping[str, Mapping[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for (where, key, kpi), mean in bulky.items():
        if where == scope:
            found.setdefault(key, {})[kpi] = mean
    return found
