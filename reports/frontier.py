"""Cost against service: the frontier of each variant of a comparison, from comparison.json alone."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from reports.figures import COLOURS
from reports.page import STYLE
from reports.run_files import NoRunError

MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")


def write_frontier(comparison: Path, file: Path | None = None) -> Path:
    """Draw the frontier of a comparison directory (default: frontier.svg in it) and say where it is.

    NoRunError when there is none in comparison.json, OSError as the file system says.
    """
    points = read_frontier(comparison)
    target = file or comparison / "frontier.svg"
    with mpl.rc_context(STYLE | {"svg.fonttype": "none"}):
        figure = Figure(figsize=(7, 4.5), layout="constrained")
        draw_frontier(figure.subplots(), points)
        figure.savefig(target, metadata={"Date": None} if target.suffix == ".svg" else None, dpi=150, facecolor="white")
    return target


def read_frontier(comparison: Path) -> Sequence[Mapping[str, Any]]:
    """The points: variant, factor, service, cost, their half widths, cost_kpi, unit."""
    file = comparison / "comparison.json"
    try:
        points = json.loads(file.read_text(encoding="utf-8")).get("frontier")
    except (OSError, ValueError, AttributeError) as error:
        raise NoRunError(f"{file} cannot be read: {error}") from error
    if not points:
        raise NoRunError(f"{file} has no frontier; compare with --frontier")
    found: Sequence[Mapping[str, Any]] = points
    return found


def draw_frontier(axes: Axes, points: Sequence[Mapping[str, Any]]) -> None:
    """A line per variant through its points, in the order of the factors; the least and the largest one are named."""
    for number, variant in enumerate(dict.fromkeys(point["variant"] for point in points)):
        own = sorted((one for one in points if one["variant"] == variant), key=lambda one: float(one["factor"]))
        service, cost = ([float(one[name]) for one in own] for name in ("service", "cost"))
        colour = COLOURS[number % len(COLOURS)]
        axes.errorbar(
            service,
            cost,
            xerr=[float(one["service_half_width"] or 0.0) for one in own],
            yerr=[float(one["cost_half_width"] or 0.0) for one in own],
            color=colour,
            marker=MARKERS[number % len(MARKERS)],
            capsize=2,
            linewidth=1.5,
            elinewidth=0.7,
            label=_plain(str(variant)),
        )
        for end in (own[0], own[-1]):
            place = (float(end["service"]), float(end["cost"]))
            axes.annotate(f"× {end['factor']:g}", place, (5, 5), textcoords="offset points", fontsize=8, color=colour)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    costs = str(points[0]["cost_kpi"]).replace("_cost", "").replace("_", " ").replace(" + ", ", ")
    costs += " cost" if "cost" in str(points[0]["cost_kpi"]) else ""
    axes.set(xlabel="fill rate", ylabel=f"{costs}, {points[0]['unit']}", title="Cost against service")
    axes.legend(frameon=False)


def _plain(text: str) -> str:
    """A label that is no formula to matplotlib and no hidden line to its legend."""
    return text.replace("$", r"\$").lstrip("_") or "variant"
