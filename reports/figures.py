"""The figures of a report, each drawn onto axes from the tables of one run directory."""

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from reports.run_files import CLASSES, DAY_MS, RunFiles

COLOURS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999")
"""Okabe and Ito's colours, which people with a colour vision deficiency can tell apart."""

DAYS_PER_WEEK: Final = 7
HOUR_MS: Final = 3_600_000
WAIT_TICKS: Final = {0.1: "6 min", 1.0: "1 h", 6.0: "6 h", 24.0: "1 d", 168.0: "1 wk", 720.0: "30 d", 8760.0: "1 y"}
WAIT_BIN_RATIO: Final = 10.0 ** (5 / 38)  # of the upper to the lower edge of a bin of table wait_histogram
WAIT_TAIL: Final = 0.0005  # share of the lines that may lie outside the picture at either end
SERVICE_COLOURS: Final = ("#cc79a7", "#b0b0b0")
_SCALES: Final = ((1e9, "thousand million "), (1e6, "million "), (1e3, "thousand "))


def draw_stock(axes: Axes, run: RunFiles) -> None:
    """Value of the stock on hand by echelon, stacked: weekly means over all replications, from time 0 on."""
    value = weekly_stock(run)
    stocked = [echelon for echelon in run.echelons if echelon in value and value[echelon].any()]
    divisor, unit = _scale(float(value.sum(axis=1).max()) if len(value) else 0.0)
    if stocked:
        # A week is one step: the picture claims no more than is recorded.
        weeks = np.append(value.index, value.index[-1] + 1)
        levels = [np.append(value[echelon], value[echelon].iloc[-1]) / divisor for echelon in stocked]
        axes.stackplot(weeks, levels, labels=stocked, colors=COLOURS, step="post", alpha=0.9)
        _legend(axes, columns=3)
    weeks_in_all = run.manifest["horizon_ms"] / DAY_MS / DAYS_PER_WEEK
    label = f"week from {run.manifest['start'][:10]}"
    if run.manifest["warm_up_ms"]:
        axes.axvline(run.manifest["warm_up_ms"] / DAY_MS / DAYS_PER_WEEK, color="black", linestyle=":", linewidth=1)
        label += ", measured from the dotted line on"
    axes.set(xlim=(0, weeks_in_all), xlabel=label, title="Stock on hand by echelon")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"{unit}{run.currency}")


def weekly_stock(run: RunFiles) -> pd.DataFrame:
    """Mean value on hand in major units: a row per week of the run, a column per echelon, the highest one first."""
    series = run.table("series")
    sums = series.groupby([series["day"] // DAYS_PER_WEEK, "echelon"])["value_on_hand"].sum().unstack(fill_value=0)
    # Days without anything have no row, so the mean is over the days that there are, not over the rows.
    weeks, days = np.unique(np.array(run.days) // DAYS_PER_WEEK, return_counts=True)
    means = sums.reindex(weeks, fill_value=0.0).div(days * len(run.replications), axis=0)
    ordered: pd.DataFrame = means[[echelon for echelon in run.echelons if echelon in means]]
    return ordered / run.minor_per_major


def draw_fill_rates(axes: Axes, run: RunFiles) -> None:
    """Share of customer lines met in full at once, per ABC class: of all lines, and of those for stocked items."""
    kpis = run.kpis[run.kpis["scope"].isin(["network", "class"])]
    keys = [*(name for name in CLASSES if (kpis["key"] == name).any()), "network"]
    bars = {"of all lines": "line_fill_rate", "of lines for stocked items": "line_fill_rate_stocked"}
    height = 0.38
    for number, (label, kpi) in enumerate(bars.items()):
        values = [kpis.loc[(kpis["kpi"] == kpi) & (kpis["key"] == key), "value"] for key in keys]
        mean = np.array([one.mean() if len(one) else math.nan for one in values])
        width = np.array([run.half_width(one) for one in values])
        place = np.arange(len(keys), dtype=np.float64) + (number - 0.5) * height
        axes.barh(place, mean, height * 0.92, color=SERVICE_COLOURS[number], label=label)
        known = ~np.isnan(mean) & ~np.isnan(width)
        axes.errorbar(mean[known], place[known], xerr=width[known], fmt="none", ecolor="black", capsize=2)
        _name_bars(axes, place, mean)
    axes.set_yticks(range(len(keys)), [f"class {key}" if key in CLASSES else "all" for key in keys])
    axes.invert_yaxis()
    interval = f"whiskers: {run.manifest['confidence']:.0%} confidence interval" if len(run.replications) > 1 else ""
    axes.set(xlim=(0, 1), xlabel=interval, title="Customer lines met in full at once")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    _legend(axes, columns=2)


def draw_waiting(axes: Axes, run: RunFiles) -> None:
    """How long those lines waited that were not met at once, as shares of them, over waiting time (logarithmic)."""
    histogram = run.table("wait_histogram")
    axes.set(title="Waiting time of the other lines")
    if not len(histogram):
        axes.text(0.5, 0.5, "nobody had to wait", ha="center", va="center", transform=axes.transAxes)
        axes.set(xticks=[], yticks=[])
        return
    shares = histogram.groupby("from_ms")["lines"].sum() / histogram["lines"].sum()
    starts = shares.index.to_numpy(dtype=np.float64) / HOUR_MS
    starts = np.maximum(starts, 0.1 / WAIT_BIN_RATIO)  # the first bin begins at 0, which a logarithm cannot show
    axes.bar(starts, shares.to_numpy(), width=starts * (WAIT_BIN_RATIO - 1), align="edge", color=COLOURS[4])
    axes.set_xscale("log")
    done = shares.cumsum().to_numpy()
    low = starts[done > WAIT_TAIL][0] / 1.1
    high = starts[done >= 1 - WAIT_TAIL][0] * WAIT_BIN_RATIO * 1.1
    ticks = {hours: text for hours, text in WAIT_TICKS.items() if low <= hours <= high}
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.minorticks_off()
    axes.set(xlim=(low, high), xlabel="waiting time, logarithmic")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))


def _name_bars(axes: Axes, places: Iterable[float], shares: Iterable[float]) -> None:
    """Write each share into its bar, or beside it when the bar is too short for that."""
    for place, share in zip(places, shares, strict=True):
        if not math.isnan(share):
            at = 0.015 if share > 0.2 else share + 0.03
            axes.annotate(f"{share:.1%}", (at, place), va="center_baseline", fontsize=8)


def _legend(axes: Axes, columns: int) -> None:
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=columns, frameon=False, fontsize=8)


def _scale(largest: float) -> tuple[float, str]:
    """A divisor that leaves numbers short enough to read, and its name."""
    return next(((divisor, name) for divisor, name in _SCALES if largest >= divisor), (1.0, ""))
