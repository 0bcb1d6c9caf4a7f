"""Demand against the forecast that was made for it, and how well it was forecast, when a run recorded forecasts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from reports.numbers import duration
from reports.run_files import DAY_MS, RunFiles

TOTALS: Final = "forecast_buckets"
SERIES: Final = "forecasts"
CLASS_NAMES: Final = ("smooth", "erratic", "intermittent", "lumpy")
"""Classes of demand after Syntetos, Boylan and Croston (2005), by their code in table `forecasts`."""


@dataclass(frozen=True)
class ClassQuality:
    """How well the series of one class of demand were forecast, means over replications.

    Attributes:
        series: how many there are.
        bias: (forecast - demand) / demand of all of them together; NaN without demand.
        mase: median of the series' mean absolute scaled error (Hyndman and Koehler 2006); NaN where none has one.
    """

    name: str
    series: float
    bias: float
    mase: float


@dataclass(frozen=True)
class Forecasts:
    """What the section shows.

    Attributes:
        rows: columns day (end of the bucket), demand, forecast: sums over everything, means over replications.
        unit: of demand and forecast.
        note: what a reader has to know of the rows.
        missing: why there are no rows; empty when there are.
    """

    rows: pd.DataFrame
    unit: str = "units"
    note: str = ""
    missing: str = ""
    classes: Sequence[ClassQuality] = field(default_factory=list)


def forecasts(run: RunFiles) -> Forecasts:
    """Demand and forecast over time, and the quality by class of demand."""
    empty = pd.DataFrame({"day": [], "demand": [], "forecast": []})
    totals = run.table(TOTALS, ("time_ms", "demand", "forecast")) if run.has_table(TOTALS) else empty
    classes = _qualities(run) if run.has_table(SERIES) else []
    if not len(totals):
        without = "kept no totals of them over time" if classes else "made no forecasts: none of its policies uses one"
        return Forecasts(empty, missing=f"This run {without}.", classes=classes)
    rows = run.table(TOTALS)
    note = ""
    if "bucket_ms" in rows and rows["bucket_ms"].nunique() > 1:
        main = int(str(rows.groupby("bucket_ms")["demand"].sum().idxmax()))
        note = f"Only what is forecast by {duration(main)} is shown; other lengths would not add up."
        rows = rows[rows["bucket_ms"] == main]
    demand, forecast, unit, divisor = "demand", "forecast", "units", 1.0
    if {"demand_value", "forecast_value"} <= set(rows):
        # units of unlike items do not add up to anything; their value does
        demand, forecast, unit, divisor = "demand_value", "forecast_value", run.currency, run.minor_per_major
    sums = rows.groupby("time_ms")[[demand, forecast]].sum() / run.count / divisor
    shown = pd.DataFrame({"day": sums.index / DAY_MS, "demand": sums[demand], "forecast": sums[forecast]})
    return Forecasts(shown.reset_index(drop=True), unit, note, classes=classes)


def _qualities(run: RunFiles) -> Sequence[ClassQuality]:
    columns = ("class", "measured_buckets", "mean_demand", "mean_forecast", "mase")
    rows = run.table(SERIES, columns)
    rows = rows[rows["measured_buckets"] > 0]
    found = []
    for code, name in enumerate(CLASS_NAMES):
        mine = rows[rows["class"] == code]
        if len(mine):
            demand = float((mine["mean_demand"] * mine["measured_buckets"]).sum())
            forecast = float((mine["mean_forecast"] * mine["measured_buckets"]).sum())
            known = mine.loc[mine["mase"] >= 0, "mase"]
            bias = forecast / demand - 1.0 if demand > 0 else np.nan
            mase = float(known.median()) if len(known) else np.nan
            found.append(ClassQuality(name, len(mine) / run.count, bias, mase))
    return found
