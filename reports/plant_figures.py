"""The pictures of the plant section."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from reports.charts import shorten
from reports.figures import COLOURS, ON_BAR, place_legend, scale
from reports.numbers import short
from reports.plants import PERIOD_DAYS, TARGET, Availability, RecordCause, StopRow

ITEMS_SHOWN: Final = 6
BARS_SHOWN: Final = 12


def draw_stops(axes: Axes, rows: Sequence[StopRow], currency: str) -> None:
    """Cost of stops per year, a bar per cause or item; where stops cost nothing, the hours lost."""
    shown = rows[:BARS_SHOWN]
    costs = any(row.cost > 0 for row in shown)
    values = [row.cost if costs else row.hours for row in shown]
    divisor, unit = scale(max(values, default=0.0)) if costs else (1.0, "")
    _bars(axes, [row.name for row in shown], [value / divisor for value in values], COLOURS[5])
    axes.set_xlabel(f"{unit}{currency} per year" if costs else "hours of working time")


def draw_availability(axes: Axes, rows: Sequence[Availability]) -> None:
    """Availability, a bar each, and the target as a line."""
    shown = rows[:BARS_SHOWN]
    _bars(axes, [row.name for row in shown], [row.share for row in shown], COLOURS[2], share=True)
    axes.axvline(TARGET, color="black", linestyle=":", linewidth=1.2)
    low = min((row.share for row in shown), default=0.0)
    axes.set_xlim(0.0 if low < 0.9 else 0.85, 1.0)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel(f"dotted: {TARGET:.0%}")


def draw_record(axes: Axes, rows: Sequence[RecordCause], currency: str) -> None:
    """Value between record and shelf, a bar per cause."""
    divisor, unit = scale(max((row.value for row in rows), default=0.0))
    _bars(axes, [row.name for row in rows[:BARS_SHOWN]], [row.value / divisor for row in rows[:BARS_SHOWN]], COLOURS[4])
    axes.set_xlabel(f"{unit}{currency}, mean over time")


def draw_use(axes: Axes, table: pd.DataFrame, currency: str) -> None:
    """Value of what was used in each 30 days, stacked by item; `table` is that of `reports.plants.use_over_time`."""
    named = list(table.columns[:ITEMS_SHOWN])
    parts = [(name, table[name].to_numpy()) for name in named]
    if len(table.columns) > ITEMS_SHOWN:
        parts.append(("others", table.iloc[:, ITEMS_SHOWN:].sum(axis=1).to_numpy()))
    divisor, unit = scale(float(table.sum(axis=1).max()))
    place, bottom = np.arange(len(table)) + 1, np.zeros(len(table))
    for colour, (name, values) in zip(COLOURS, parts, strict=False):
        axes.bar(place, values / divisor, 0.8, bottom=bottom, color=colour, label=shorten(name))
        bottom = bottom + values / divisor
    axes.set(xlabel=f"period of {PERIOD_DAYS} days", ylabel=f"{unit}{currency}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    place_legend(axes, columns=3)


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float], colour: str, share: bool = False) -> None:
    place = np.arange(len(names))
    axes.barh(place, values, 0.6, color=colour)
    largest = max(values, default=0.0)
    for at, value in zip(place, values, strict=True):
        text = short(value, "share") if share else short(value)
        inside = value > 0.6 * largest
        axes.annotate(
            text,
            (value, at),
            xytext=(-3 if inside else 3, 0),
            textcoords="offset points",
            ha="right" if inside else "left",
            va="center_baseline",
            fontsize=8,
            color=ON_BAR if inside else None,
        )
    axes.set_yticks(place, [shorten(name) for name in names])
    axes.set_ylim(max(len(names), 4) - 0.5, -0.5)  # the first on top, and no bar as thick as a wall
