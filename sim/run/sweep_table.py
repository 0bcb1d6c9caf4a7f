"""The tidy table of a sweep: a row per point and KPI, with a column for each setting that is varied."""

import csv
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from sim.kpi.kpis import KPIS
from sim.kpi.summary import half_width
from sim.run.sweep_grid import Factor, Level, Point

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def sweep_rows(kpis: pa.Table, factors: Sequence[Factor], points: Sequence[Point], confidence: float) -> pa.Table:
    """Mean and half width over replications of each KPI at each point.

    Args:
        kpis: point, replication, kpi, value, unit.
        factors: the settings that are varied.
        points: all points of the grid.
        confidence: level of the intervals.

    Returns:
        point, a column per factor (its path), kpi, mean, half_width (null for one replication), n, unit; by point, KPIs
        as registered.
    """
    values: dict[tuple[int, str], list[float]] = {}
    units: dict[str, str] = {}
    for row in kpis.to_pylist():
        values.setdefault((row["point"], row["kpi"]), []).append(row["value"])
        units[row["kpi"]] = row["unit"]
    order = {kpi: place for place, kpi in enumerate(dict.fromkeys([*KPIS, *units]))}
    keys = sorted(values, key=lambda key: (key[0], order[key[1]]))
    levels = {point.number: point.levels for point in points}
    columns: dict[str, pa.Array] = {"point": pa.array([number for number, _ in keys], pa.int32())}
    for place, factor in enumerate(factors):
        columns[factor.path] = _level_column([levels[number][place] for number, _ in keys], factor)
    columns["kpi"] = pa.array([kpi for _, kpi in keys], pa.string())
    columns["mean"] = pa.array([statistics.fmean(values[key]) for key in keys], pa.float64())
    columns["half_width"] = pa.array([_half_width(values[key], confidence) for key in keys], pa.float64())
    columns["n"] = pa.array([len(values[key]) for key in keys], pa.int32())
    columns["unit"] = pa.array([units[kpi] for _, kpi in keys], pa.string())
    return pa.table(columns)


def is_number(level: Level) -> bool:
    """Whether a level is one (true and false are not)."""
    return isinstance(level, (int, float)) and not isinstance(level, bool)


def _level_column(levels: Sequence[Level], factor: Factor) -> pa.Array:
    if all(is_number(level) for level in factor.levels):
        whole = all(isinstance(level, int) for level in factor.levels)
        return pa.array(levels, pa.int64() if whole else pa.float64())
    return pa.array([level if isinstance(level, str) else str(level) for level in levels], pa.string())


def _half_width(values: Sequence[float], confidence: float) -> float | None:
    if len(values) < 2:
        return None
    width = half_width(statistics.stdev(values), len(values), confidence)
    return None if math.isnan(width) else width


def write_safe_csv(table: pa.Table, path: Path) -> None:
    """Write a table as CSV (UTF-8). A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([_safe(name) for name in table.column_names])
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            writer.writerow([_safe(cell) for cell in row])


def _safe(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell
