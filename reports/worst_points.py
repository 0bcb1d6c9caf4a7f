"""The stock points with the most customer lines not met at once, each with its level over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.run_files import CLASSES, RunFiles

SHOWN: Final = 20
TRACE_WIDTH: Final = 160.0
TRACE_HEIGHT: Final = 30.0
_COLUMNS: Final = (
    "stock_point",
    "demand_lines",
    "lines_at_once",
    "units_waited",
    "wait_unit_ms",
    "on_hand_unit_ms",
)
HOUR_MS: Final = 3_600_000
ORDER_UP_TO, LOTS, KANBAN, CAN_ORDER = 1, 2, 3, 4  # codes of policies in table stock_points


@dataclass(frozen=True)
class WorstPoint:
    """A stock point in trouble: means over replications of the measured time.

    Attributes:
        missed: customer lines not met in full at once.
        wait_hours: mean wait of the units that waited; NaN when none did.
        on_hand: mean stock in natural units. highest: the largest level of the trace, in natural units.
        levels: reorder point and order-up-to level (or lot) in natural units, in words.
        trace: stock at the end of each day as the points of an SVG path; empty when none was kept.
        replication: the one that the trace is from.
    """

    node: str
    item: str
    unit: str
    item_class: str
    lines: float
    missed: float
    wait_hours: float
    on_hand: float
    levels: str
    trace: str
    highest: float
    replication: int


def worst_points(run: RunFiles) -> Sequence[WorstPoint]:
    """The worst stock points, most missed lines first; only those are known whose trace a replication kept."""
    totals = run.table("stock_points", _COLUMNS)
    traces = run.table("traces", ("stock_point", "day", "on_hand"))
    sums = totals[totals["stock_point"].isin(traces["stock_point"].unique())].groupby("stock_point").sum()
    sums["missed"] = sums["demand_lines"] - sums["lines_at_once"]
    chosen = sums[sums["missed"] > 0].sort_values("missed", ascending=False, kind="stable").head(SHOWN)
    points = run.network_table("stock_points", ("node", "item", "policy", "reorder_point", "order_up_to", "lot"))
    items = run.network_table("items", ("name", "unit", "natural_units", "class"))
    run.row_numbers(chosen.index.to_series(name="stock_point"), points, "stock_points")
    run.row_numbers(points["node"], run.nodes, "stock_points")
    run.row_numbers(points["item"], items, "stock_points")
    return [_point(run, number, chosen.loc[number], points, items, traces) for number in chosen.index]


def _point(
    run: RunFiles, number: int, sums: pd.Series, points: pd.DataFrame, items: pd.DataFrame, traces: pd.DataFrame
) -> WorstPoint:
    place = {str(name): int(points[name].to_numpy()[number]) for name in points}
    item = {name: items[name].to_numpy()[place["item"]] for name in items}
    natural, count = float(item["natural_units"]), run.count
    mine = traces[traces["stock_point"] == number]
    mine = mine[mine["replication"] == mine["replication"].min()].sort_values("day")
    level = mine["on_hand"].to_numpy(dtype=np.float64) * natural
    code = int(item["class"])
    return WorstPoint(
        node=str(run.nodes["name"].to_numpy()[place["node"]]),
        item=str(item["name"]),
        unit=str(item["unit"]),
        item_class=CLASSES[code] if 0 <= code < len(CLASSES) else "",
        lines=float(sums["demand_lines"]) / count,
        missed=float(sums["missed"]) / count,
        wait_hours=float(sums["wait_unit_ms"]) / float(sums["units_waited"] or np.nan) / HOUR_MS,
        on_hand=float(sums["on_hand_unit_ms"]) / count / run.measured_ms * natural,
        levels=_levels(place, natural),
        trace=step_path(level),
        highest=float(level.max(initial=0.0)),
        replication=int(mine["replication"].iloc[0]),
    )


def _levels(point: Mapping[str, int], natural: float) -> str:
    """When a stock point orders and how much, by the code of its policy in table stock_points."""
    reorder, up_to, lot = (point[name] * natural for name in ("reorder_point", "order_up_to", "lot"))
    if point["policy"] == LOTS:
        return f"at {reorder:,g}: lots of {lot:,g}"
    if point["policy"] == KANBAN:
        return f"bins of {lot:,g}, {up_to:,g} in all"
    if point["policy"] == CAN_ORDER:
        return f"at {reorder:,g}, along at {lot:,g}, up to {up_to:,g}"
    if point["policy"] == ORDER_UP_TO and up_to > 0:
        return f"at {reorder:,g} up to {up_to:,g}"
    return "ordered through" if point["policy"] == ORDER_UP_TO else "decided in Python"


def step_path(level: npt.NDArray[np.float64]) -> str:
    """A level per day as the outline of an area, TRACE_WIDTH wide and TRACE_HEIGHT high, zero at the bottom."""
    if not len(level):
        return ""
    highest = max(float(level.max()), 1e-9)
    step = TRACE_WIDTH / len(level)
    heights = TRACE_HEIGHT * (1.0 - np.clip(level / highest, 0.0, 1.0))
    changes = np.flatnonzero(np.diff(heights, prepend=np.nan))
    parts = [f"M0 {heights[0]:.1f}"]
    parts += [f"H{day * step:.1f}V{heights[day]:.1f}" for day in changes[1:].tolist()]
    return "".join([*parts, f"H{TRACE_WIDTH:.1f}V{TRACE_HEIGHT:.1f}H0Z"])
