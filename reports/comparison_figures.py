"""The pictures of a comparison: paired differences as a forest plot, cost against service, stock side by side."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.catalogue import label
from reports.charts import STYLE, as_svg, shorten
from reports.comparison_files import ComparisonFiles
from reports.figures import COLOURS, DAYS_PER_WEEK, place_legend, scale, weekly_stock

FOREST: Final = (
    "line_fill_rate",
    "line_fill_rate_stocked",
    "fill_rate",
    "first_time_fix",
    "wait_mean",
    "wait_if_short",
    "stock_value",
    "turnover",
    "age_over_180d",
    "order_lines",
    "transfers",
    "holding_cost",
    "ordering_cost",
    "transport_cost",
    "transfer_cost",
    "shortage_cost",
    "purchase_cost",
    "total_cost",
)
SERVICE: Final = ("line_fill_rate", "fill_rate", "line_fill_rate_stocked", "fill_rate_stocked")
EXPENSES: Final = ("total_cost", "holding_cost", "stock_value")
FURTHEST: Final = 100.0
"""Per cent (or points) beyond which a difference is drawn at the edge, with its value: or it would dwarf the others."""

_LANE: Final = 0.62  # of the distance between two rows, shared by the variants


@dataclass(frozen=True)
class Panel:
    """Rows of the forest plot that share an axis, already in its unit: (KPI, variant) -> estimate, low, high."""

    axis: str
    kpis: Sequence[str]
    values: Mapping[tuple[str, str], tuple[float, float, float]]


def forest(comparison: ComparisonFiles) -> Markup | None:
    """Paired differences of the network's KPIs with their intervals; None when nothing can be drawn."""
    panels = [panel for panel in forest_panels(comparison) if panel.kpis]
    if not panels:
        return None
    counts = [len(panel.kpis) * max(1, len(comparison.others)) for panel in panels]
    rows = [max(2.0, count * (0.75 if len(comparison.others) > 1 else 1.0)) for count in counts]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 0.9 + 0.75 * len(panels) + 0.24 * sum(rows)))
        axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=rows)[:, 0]
        for one, panel in zip(axes, panels, strict=True):
            _draw_panel(one, panel, comparison.others)
        if len(comparison.others) > 1:
            place_legend(axes[-1], columns=3)
        title = f"Paired differences against {comparison.manifest['base']}, with confidence intervals"
        return as_svg(figure, "forest", title)


def forest_panels(comparison: ComparisonFiles) -> Sequence[Panel]:
    """What the forest plot shows: amounts in per cent of the base, shares in percentage points."""
    rows = comparison.differences
    rows = rows[(rows["scope"] == "network") & rows["kpi"].isin(FOREST)]
    amounts: dict[tuple[str, str], tuple[float, float, float]] = {}
    shares: dict[tuple[str, str], tuple[float, float, float]] = {}
    for row in rows.itertuples():
        key = (str(row.kpi), str(row.variant))
        if row.unit == "share":
            found, target = (100 * _real(row.difference), 100 * _real(row.low), 100 * _real(row.high)), shares
        else:
            found = (100 * _real(row.relative), 100 * _real(row.relative_low), 100 * _real(row.relative_high))
            target = amounts
        if math.isfinite(found[0]):
            target[key] = found
    return [_panel("percentage points", shares), _panel("% of the base", amounts)]


def _panel(axis: str, values: Mapping[tuple[str, str], tuple[float, float, float]]) -> Panel:
    present = {kpi for kpi, _ in values}
    return Panel(axis, [kpi for kpi in FOREST if kpi in present], values)


def _draw_panel(axes: Axes, panel: Panel, variants: Sequence[str]) -> None:
    axes.axvline(0, color="black", linewidth=0.8, zorder=1)
    step = _LANE / len(variants)
    for number, variant in enumerate(variants):
        colour = COLOURS[number % len(COLOURS)]
        shown = False
        for row, kpi in enumerate(panel.kpis):
            if (kpi, variant) not in panel.values:
                continue
            middle, low, high = panel.values[kpi, variant]
            place = row + (number - (len(variants) - 1) / 2) * step
            sure = low > 0 or high < 0
            beyond = abs(middle) > FURTHEST
            if beyond:
                edge = math.copysign(FURTHEST, middle)
                side = "right" if middle > 0 else "left"
                place_of = (edge - math.copysign(2.5, middle), place)
                axes.annotate(f"{middle:+,.0f}", place_of, ha=side, va="center_baseline", fontsize=8)
                middle = edge
            elif math.isfinite(low) and math.isfinite(high):
                bounds = [max(low, -FURTHEST), min(high, FURTHEST)]
                axes.plot(bounds, [place, place], color=colour, linewidth=1.6, solid_capstyle="butt", zorder=2)
            name = None if shown else shorten(variant)
            axes.plot(
                [middle],
                [place],
                marker="s" if not beyond else ">" if middle > 0 else "<",
                markersize=5,
                linestyle="none",
                color=colour,
                markerfacecolor=colour if sure else "white",
                label=name,
                zorder=3,
            )
            shown = True
    axes.set_yticks(range(len(panel.kpis)), [label(kpi) for kpi in panel.kpis])
    axes.set_ylim(len(panel.kpis) - 0.5, -0.5)
    axes.set_xlabel(f"difference in {panel.axis}")
    axes.grid(axis="x")
    axes.margins(x=0.08)


def frontier(comparison: ComparisonFiles) -> Markup | None:
    """Cost against service of every variant over the stock factors that were tried; None without such points."""
    curves, cost, service = frontier_curves(comparison)
    if not curves:
        return None
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.6))
        axes = figure.subplots()
        divisor, unit = scale(max(value for curve in curves.values() for _, value, _ in curve))
        for number, (variant, curve) in enumerate(curves.items()):
            x, y, factors = (np.array(column) for column in zip(*curve, strict=True))
            colour = COLOURS[number % len(COLOURS)]
            axes.plot(
                100 * x, y / divisor, marker="o", markersize=4, linewidth=1.4, color=colour, label=shorten(variant)
            )
            for at, height, factor in zip(x, y, factors, strict=True):
                axes.annotate(
                    f"×{factor:g}", (100 * at, height / divisor), (4, 4), textcoords="offset points", fontsize=7
                )
        axes.set(xlabel=f"{label(service)}, %", ylabel=f"cost, {unit}{_currency(comparison)}")
        axes.grid()
        place_legend(axes, columns=3)
        return as_svg(
            figure, "frontier", f"{cost_in_words(cost)} against {label(service)} over factors of the stock levels"
        )


def frontier_curves(
    comparison: ComparisonFiles,
) -> tuple[Mapping[str, Sequence[tuple[float, float, float]]], str, str]:
    """Per variant (service, cost, factor), by rising factor, and the KPIs taken for cost and service."""
    points = []
    for row in comparison.rows("frontier"):
        inner = row.get("kpis")
        figures: Mapping[str, Any] = inner if isinstance(inner, dict) else row
        points.append((str(row.get("variant", "")), _real(row.get("factor")), {**figures, **_stated(row)}))
    service, cost = _common(("service", *SERVICE), points), _common(("cost", *EXPENSES), points)
    if not service or not cost:
        return {}, cost, service
    curves: dict[str, list[tuple[float, float, float]]] = {}
    for variant, factor, figures in sorted(points, key=lambda one: one[1]):
        curves.setdefault(variant, []).append((_mean(figures[service]), _mean(figures[cost]), factor))
    first = comparison.rows("frontier")[0]
    named = str(first.get("cost_kpi", "cost")) if cost == "cost" else cost
    return curves, named, "fill_rate" if service == "service" else service


def _stated(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a point itself calls its cost and its service."""
    return {name: row[name] for name in ("service", "cost") if name in row}


def draw_total_stock(axes: Axes, comparison: ComparisonFiles) -> None:
    """Value of all stock on hand of every variant over time; only variants whose records are there are drawn."""
    drawn = {name: run for name, run in comparison.runs.items() if run.has_table("series")}
    totals: dict[str, pd.Series] = {name: weekly_stock(run).sum(axis=1) for name, run in drawn.items()}
    divisor, unit = scale(max((float(one.max()) for one in totals.values()), default=0.0))
    for number, (name, total) in enumerate(totals.items()):
        colour = COLOURS[number % len(COLOURS)]
        weeks_of = np.append(total.index, total.index[-1] + 1)
        levels = np.append(total, total.iloc[-1]) / divisor
        axes.step(weeks_of, levels, where="post", color=colour, linewidth=1.5, label=shorten(name))
    first = next(iter(drawn.values()))
    if first.manifest["warm_up_ms"]:
        weeks = first.manifest["warm_up_ms"] / 86_400_000 / DAYS_PER_WEEK
        axes.axvline(weeks, color="black", linestyle=":", linewidth=1)
    axes.set_ylim(bottom=0)
    axes.set(xlabel=f"week from {first.manifest['start'][:10]}", ylabel=f"{unit}{first.currency}")
    place_legend(axes, columns=2)


def cost_in_words(cost: str) -> str:
    """A cost in words; several KPIs are joined by `+` or spaces in the files."""
    return " + ".join(label(kpi) for kpi in cost.replace("+", " ").replace(",", " ").split())


def _currency(comparison: ComparisonFiles) -> str:
    return comparison.runs[comparison.manifest["base"]].currency


def _common(names: Sequence[str], points: Sequence[tuple[str, float, Mapping[str, Any]]]) -> str:
    return next((one for one in names if points and all(math.isfinite(_mean(p[2].get(one))) for p in points)), "")


def _mean(found: object) -> float:
    return _real(found.get("mean")) if isinstance(found, dict) else _real(found)


def _real(found: object) -> float:
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else math.nan
