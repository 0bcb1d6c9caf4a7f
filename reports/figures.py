"""The figures of a report, each drawn onto axes from the tables of one run directory."""

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from matplotlib.transforms import ScaledTranslation

from reports.catalogue import label
from reports.charts import shorten
from reports.run_files import CLASSES, DAY_MS, RunFiles

COLOURS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999")
"""Okabe and Ito's colours, which people with a colour vision deficiency can tell apart."""

DAYS_PER_WEEK: Final = 7
HOUR_MS: Final = 3_600_000
WAIT_TICKS: Final = {0.1: "6 min", 1.0: "1 h", 6.0: "6 h", 24.0: "1 d", 168.0: "1 wk", 720.0: "30 d", 8760.0: "1 y"}
WAIT_BIN_RATIO: Final = 10.0 ** (5 / 38)  # of the upper to the lower edge of a bin of table wait_histogram
WAIT_TAIL: Final = 0.0005  # share of the lines that may lie outside the picture at either end
SERVICE_COLOURS: Final = ("#cc79a7", "#b0b0b0")
AGE_COLOURS: Final = ("#009e73", "#56b4e9", "#e69f00", "#d55e00")  # normal, slow, slow-moving, dead
AGE_GRADES: Final = {0: "normal", 90: "slow", 180: "slow-moving", 365: "dead"}  # from this age in days on
COSTS: Final = ("holding_cost", "ordering_cost", "transport_cost", "transfer_cost", "shortage_cost")
ON_BAR: Final = "#111111"
LEGEND_BELOW: Final = 33 / 72  # inches below the axes: under the numbers and the axis label
_SCALES: Final = ((1e9, "thousand million "), (1e6, "million "), (1e3, "thousand "))


def draw_stock(axes: Axes, run: RunFiles) -> None:
    """Value of the stock on hand by echelon, stacked: weekly means over all replications, from time 0 on."""
    value = weekly_stock(run)
    stocked = [echelon for echelon in run.echelons if echelon in value and value[echelon].any()]
    divisor, unit = scale(float(value.sum(axis=1).max()) if len(value) else 0.0)
    if stocked:
        # A week is one step: the picture claims no more than is recorded.
        weeks = np.append(value.index, value.index[-1] + 1)
        levels = [np.append(value[echelon], value[echelon].iloc[-1]) / divisor for echelon in stocked]
        axes.stackplot(weeks, levels, labels=[shorten(one) for one in stocked], colors=COLOURS, step="post", alpha=0.9)
        place_legend(axes, columns=3)
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
    series = run.table("series", ("day", "node", "value_on_hand"))
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
    for number, (name, kpi) in enumerate(bars.items()):
        values = [kpis.loc[(kpis["kpi"] == kpi) & (kpis["key"] == key), "value"] for key in keys]
        mean = np.array([one.mean() if len(one) else math.nan for one in values])
        width = np.array([run.half_width(one) for one in values])
        place = np.arange(len(keys), dtype=np.float64) + (number - 0.5) * height
        axes.barh(place, mean, height * 0.92, color=SERVICE_COLOURS[number], label=name)
        known = ~np.isnan(mean) & ~np.isnan(width)
        axes.errorbar(mean[known], place[known], xerr=width[known], fmt="none", ecolor="black", capsize=2)
        _name_bars(axes, place, mean)
    axes.set_yticks(range(len(keys)), [f"class {key}" if key in CLASSES else "all" for key in keys])
    axes.invert_yaxis()
    interval = f"whiskers: {run.confidence:.0%} confidence interval" if run.count > 1 else ""
    axes.set(xlim=(0, 1), xlabel=interval, title="Customer lines met in full at once")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    place_legend(axes, columns=2)


def draw_service(axes: Axes, run: RunFiles) -> None:
    """Share of all customer lines met in full at once, week by week: mean over replications and the worst one."""
    series = run.table("series", ("day", "node", "demand_lines", "lines_at_once"))
    weekly = series.groupby(["replication", series["day"] // DAYS_PER_WEEK])[["demand_lines", "lines_at_once"]].sum()
    weekly = weekly[weekly["demand_lines"] > 0]
    if not len(weekly):
        _nothing(axes, "no customer asked for anything")
        return
    share = (weekly["lines_at_once"] / weekly["demand_lines"]).unstack("replication")
    weeks = share.index.to_numpy(dtype=np.float64) + 0.5
    axes.plot(weeks, share.mean(axis=1), color=COLOURS[0], linewidth=1.6, label="mean")
    if run.count > 1:
        low, high = share.min(axis=1), share.max(axis=1)
        axes.fill_between(
            weeks, low, high, color=COLOURS[4], alpha=0.35, linewidth=0, label="lowest to highest replication"
        )
    if run.manifest["warm_up_ms"]:
        axes.axvline(run.manifest["warm_up_ms"] / DAY_MS / DAYS_PER_WEEK, color="black", linestyle=":", linewidth=1)
    axes.set(
        xlim=(0, run.manifest["horizon_ms"] / DAY_MS / DAYS_PER_WEEK), xlabel=f"week from {run.manifest['start'][:10]}"
    )
    axes.set_ylim(top=min(1.0, axes.get_ylim()[1]))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(axis="y")
    place_legend(axes, columns=2)


def draw_waiting(axes: Axes, run: RunFiles) -> None:
    """How long those lines waited that were not met at once, as shares of them, over waiting time (logarithmic)."""
    histogram = run.table("wait_histogram", ("from_ms", "lines"))
    axes.set(title="Waiting time of the other lines")
    if not len(histogram):
        _nothing(axes, "nobody had to wait")
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
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0 if shares.max() > 0.05 else None))


def stock_by_age(run: RunFiles) -> pd.DataFrame:
    """Mean closing value of lot-tracked stock in major units: a row per grade of age, a column per echelon.

    Empty when no item's lots are tracked.
    """
    ages = run.table("age_histogram", ("node", "from_days", "value_minor"))
    starts = np.array(list(AGE_GRADES))
    grade = starts[np.searchsorted(starts, ages["from_days"], side="right") - 1]
    sums = ages.groupby([grade, "echelon"])["value_minor"].sum().unstack(fill_value=0)
    sums = sums.reindex(starts, fill_value=0.0) if len(sums) else sums
    ordered: pd.DataFrame = sums[[echelon for echelon in run.echelons if echelon in sums]]
    return ordered / run.minor_per_major / len(run.replications)


def draw_age(axes: Axes, run: RunFiles) -> None:
    """Value of the lot-tracked stock at the end by echelon and grade of age, as shares of the echelon's value."""
    value = stock_by_age(run)
    held = [echelon for echelon in run.echelons if echelon in value and value[echelon].sum() > 0]
    if not held:
        _nothing(axes, "no stock whose lots are tracked")
        return
    place = np.arange(len(held))
    left = np.zeros(len(held))
    for row, (colour, (days, grade)) in enumerate(zip(AGE_COLOURS, AGE_GRADES.items(), strict=True)):
        share = np.array([value[echelon].to_numpy()[row] / value[echelon].sum() for echelon in held])
        until = next((f"to {later} d" for later in AGE_GRADES if later > days), "and more")
        axes.barh(place, share, 0.6, left=left, color=colour, label=f"{grade}: {days} {until}")
        for at, start, one in zip(place, left, share, strict=True):
            if one >= 0.08:
                axes.annotate(
                    f"{one:.0%}", (start + one / 2, at), ha="center", va="center_baseline", fontsize=8, color=ON_BAR
                )
        left += share
    axes.set_yticks(place, [shorten(one) for one in held])
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="share of the stock value at the end of the run")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    place_legend(axes, columns=2)


def draw_costs(axes: Axes, run: RunFiles) -> None:
    """Costs of the measured time by kind and echelon, purchases left out (they would dwarf the others)."""
    found = {key: run.estimates.get(("network", "network", key)) for key in COSTS}
    kinds = [kind for kind, one in found.items() if one is not None and one.mean > 0]
    if not kinds:
        _nothing(axes, "the scenario states no costs besides purchases")
        return
    divisor, unit = scale(max(one.mean for one in found.values() if one is not None))
    left = np.zeros(len(kinds))
    place = np.arange(len(kinds))
    for colour, echelon in zip(COLOURS * len(run.echelons), run.echelons, strict=False):
        parts = [run.estimates.get(("echelon", echelon, kind)) for kind in kinds]
        width = np.array([one.mean / divisor if one else 0.0 for one in parts])
        if width.any():
            axes.barh(place, width, 0.6, left=left, color=colour, label=shorten(echelon))
            left += width
    totals = [found[kind] for kind in kinds]
    means = np.array([one.mean / divisor if one else 0.0 for one in totals])
    widths = np.array([one.half_width / divisor if one else math.nan for one in totals])
    known = ~np.isnan(widths)
    axes.errorbar(means[known], place[known], xerr=widths[known], fmt="none", ecolor="black", capsize=2, linewidth=1)
    axes.set_yticks(place, [label(kind) for kind in kinds])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{unit}{run.currency}")
    place_legend(axes, columns=3)


def draw_forecast(axes: Axes, rows: pd.DataFrame, unit: str) -> None:
    """Demand against the forecast made for it, over time; `rows` has the columns day, demand and forecast."""
    divisor, million = scale(float(rows[["demand", "forecast"]].max().max()))
    days = rows["day"].to_numpy(dtype=np.float64) / DAYS_PER_WEEK
    axes.plot(days, rows["demand"] / divisor, color=COLOURS[0], linewidth=1.2, label="demand")
    axes.plot(days, rows["forecast"] / divisor, color=COLOURS[5], linewidth=1.4, linestyle="--", label="forecast")
    axes.set(xlabel="week", ylabel=f"{million}{unit}")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    place_legend(axes, columns=2)


def _nothing(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
    axes.set(xticks=[], yticks=[])


def _name_bars(axes: Axes, places: Iterable[float], shares: Iterable[float]) -> None:
    """Write each share into its bar, or beside it when the bar is too short for that."""
    for place, share in zip(places, shares, strict=True):
        if not math.isnan(share):
            at = 0.015 if share > 0.2 else share + 0.03
            colour = ON_BAR if share > 0.2 else None
            axes.annotate(f"{share:.1%}", (at, place), va="center_baseline", fontsize=8, color=colour)


def place_legend(axes: Axes, columns: int) -> None:
    """A legend under the axes, below numbers and label."""
    figure = axes.get_figure()
    assert figure is not None
    below = axes.transAxes + ScaledTranslation(0, -LEGEND_BELOW, figure.dpi_scale_trans)
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, 0.0), bbox_transform=below, ncols=columns, frameon=False, fontsize=8
    )


def scale(largest: float) -> tuple[float, str]:
    """A divisor that leaves numbers short enough to read, and its name."""
    return next(((divisor, name) for divisor, name in _SCALES if largest >= divisor), (1.0, ""))
