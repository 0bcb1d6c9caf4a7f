"""The figures of a report, each drawn onto axes from the tables of one run directory."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from reports.run_files import CLASSES, RunFiles

COLOURS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999")
"""Okabe and Ito's colours, which people with a colour vision deficiency can tell apart."""

DAYS_PER_WEEK: Final = 7
MS_PER_DAY: Final = 86_400_000


def draw_stock(axes: Axes, run: RunFiles) -> None:
    """Value of the stock on hand by echelon, stacked: weekly means, averaged over replications."""
    series = run.table("series")
    minor = _minor_units(run)
    week = series["day"] // DAYS_PER_WEEK
    days = int(series["day"].max()) + 1
    # A day without stock, demand or issue at a node has no row, so sums are divided by the days there are.
    in_week = np.bincount(np.arange(days) // DAYS_PER_WEEK)
    value = series.groupby([week.rename("week"), "echelon"])["value_on_hand"].sum().unstack(fill_value=0.0)
    value = value.reindex(range(len(in_week)), fill_value=0.0)
    value = value.div(in_week * len(run.replications), axis=0) / minor
    stocked = [echelon for echelon in _in_order(run) if echelon in value and value[echelon].any()]
    scale, unit = _scale(value.sum(axis=1).max())
    # Each week is a step, so that the picture claims no more than is recorded.
    weeks = np.append(value.index.to_numpy(), len(value))
    levels = [np.append(value[echelon], value[echelon].iloc[-1]) / scale for echelon in stocked]
    if levels:
        axes.stackplot(weeks, levels, labels=stocked, colors=COLOURS, step="post", alpha=0.85)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, frameon=False)
    warm_up = run.warm_up_ms / MS_PER_DAY / DAYS_PER_WEEK
    if warm_up:
        axes.axvspan(0, warm_up, color="white", alpha=0.55, linewidth=0)
        axes.annotate("warm-up", (warm_up / 2, 0.02), xycoords=("data", "axes fraction"), ha="center", fontsize=8)
    axes.set(xlim=(0, max(weeks[-1], 1)), xlabel="week", title="Stock on hand")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"{unit}{run.currency}")


def draw_fill_rates(axes: Axes, run: RunFiles) -> None:
    """Share of customer lines met in full at once, per ABC class: of all lines, and of those for stocked items."""
    kpis = run.kpis[run.kpis["scope"].isin(["class", "network"])]
    keys = [*(name for name in CLASSES if name in set(kpis["key"])), "network"]
    bars = {"all lines": "line_fill_rate", "lines for stocked items": "line_fill_rate_stocked"}
    height = 0.38
    for number, (label, name) in enumerate(bars.items()):
        means = kpis[kpis["kpi"] == name].groupby("key", observed=True)["value"]
        mean, width = means.mean().reindex(keys), means.apply(run.half_width).reindex(keys)
        at = np.arange(len(keys)) + (number - 0.5) * height
        axes.barh(at, mean, height * 0.92, color=COLOURS[number], label=label)
        known = mean.notna().to_numpy() & width.notna().to_numpy()
        axes.errorbar(mean[known], at[known], xerr=width[known], fmt="none", ecolor="black", capsize=2, linewidth=0.9)
        for place, share in zip(at, mean, strict=True):
            if not np.isnan(share):
                axes.annotate(f"{share:.1%}", (0.012, place), va="center", fontsize=8, color="white")
    axes.set_yticks(range(len(keys)), [f"class {key}" if key in CLASSES else "all" for key in keys])
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.0), title="Lines met in full at once")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False)


def draw_waiting(axes: Axes, run: RunFiles) -> None:
    """How long customers wait who are not served at once: cumulative share over the waiting time, per echelon."""
    histogram = run.table("wait_histogram")
    if histogram.empty:
        axes.text(0.5, 0.5, "nobody had to wait", ha="center", va="center", transform=axes.transAxes)
    for number, echelon in enumerate(_in_order(run)):
        rows = histogram[histogram["echelon"] == echelon]
        if rows.empty:
            continue
        lines = rows.groupby("from_ms")["lines"].sum()
        edges = lines.index.to_numpy()[1:] / 3_600_000
        done = (lines.cumsum() / lines.sum()).to_numpy()[:-1]
        axes.step(edges, done, where="post", color=COLOURS[number], label=echelon)
    axes.set_xscale("log")
