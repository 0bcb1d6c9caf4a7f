"""Demand against the forecast that was made for it, when a run recorded forecasts."""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from reports.run_files import DAY_MS, RunFiles

TABLES: Final = ("forecast_totals", "forecast_series", "forecast_buckets", "forecasts")
"""Tables that may hold demand and forecast by time; the first that does is taken."""

TIMES: Final = {"time_ms": 1 / DAY_MS, "bucket_ms": 1 / DAY_MS, "day": 1.0, "week": 7.0}
"""Names of the column of time, and days per unit of it."""


@dataclass(frozen=True)
class Forecasts:
    """Demand and forecast by day (columns day, demand, forecast), means over replications; and why there are none."""

    rows: pd.DataFrame
    missing: str = ""


def forecasts(run: RunFiles) -> Forecasts:
    """What the section shows; `missing` says why nothing is shown."""
    empty = pd.DataFrame({"day": [], "demand": [], "forecast": []})
    if not any(run.has_table(name) for name in TABLES):
        return Forecasts(empty, "This run made no forecasts: none of its policies uses one.")
    for name in TABLES:
        if not run.has_table(name):
            continue
        rows = run.table(name)
        time = next((column for column in TIMES if column in rows), None)
        if time is not None and {"demand", "forecast"} <= set(rows):
            days = rows[time] * TIMES[time]
            sums = rows.groupby(days)[["demand", "forecast"]].sum() / run.count
            return Forecasts(sums.rename_axis("day").reset_index())
    return Forecasts(empty, "This run made forecasts but kept no totals of them over time.")
