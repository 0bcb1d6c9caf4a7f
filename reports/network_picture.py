"""The network as a picture: echelons as columns from suppliers to customers, lanes as wide as their flow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, PathPatch
from matplotlib.path import Path as Curve

from reports.charts import INK, MUTED, STYLE, as_svg, shorten
from reports.figures import COLOURS
from reports.numbers import short
from reports.run_files import RunFiles

LANE_COLOUR: Final = COLOURS[4]
TRANSFER_COLOUR: Final = COLOURS[5]
WIDTH_INCHES: Final = 7.6
PITCH_INCHES: Final = 0.125  # of the nodes of the fullest column
WIDEST_POINTS: Final = 11.0
WIDEST_ARC_POINTS: Final = 5.0
SMALLEST_POINTS: Final = 0.35
LARGEST_NODE: Final = 240.0  # square points
NAMED_NODES: Final = 80  # a fuller column gets no names


@dataclass(frozen=True)
class Flow:
    """What goes from one node to another: lines a year over lanes, or transfers."""

    giver: int
    receiver: int
    lines: float
    transfer: bool


def draw_network(run: RunFiles) -> Markup:
    """The picture for the page."""
    layers, flows = _layers(run), flows_of(run)
    place = _places(layers, flows)
    fullest = max(len(layer) for layer in layers.values())
    height = min(max(2.6, 0.8 + fullest * PITCH_INCHES), 10.0)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, height))
        axes = figure.subplots()
        _draw_flows(axes, flows, place)
        _draw_nodes(axes, run, layers, place, 1 / height)
        axes.set_axis_off()
        axes.set(xlim=(-0.3, len(layers) - 0.5), ylim=(-0.02, 1 + 0.62 / height))
        return as_svg(figure, "network", _description(layers, flows))


def flows_of(run: RunFiles) -> Sequence[Flow]:
    """Mean flow over every lane, in order lines of the measured time, and every pair that transferred."""
    names = [str(name) for name in run.nodes["name"]]
    lanes = run.network_table("lanes", ("from_node", "to_node"))
    givers = run.row_numbers(lanes["from_node"], run.nodes, "lanes")
    receivers = run.row_numbers(lanes["to_node"], run.nodes, "lanes")
    pairs = dict.fromkeys(zip(givers.tolist(), receivers.tolist(), strict=True))
    lines = {
        (giver, receiver): run.estimates.get(("lane", f"{names[giver]}->{names[receiver]}", "order_lines"))
        for giver, receiver in pairs
    }
    flows = [Flow(giver, receiver, one.mean if one else 0.0, False) for (giver, receiver), one in lines.items()]
    number = {name: place for place, name in enumerate(names)}
    for (giver_name, receiver_name), count in transfers_of(run).items():
        if giver_name in number and receiver_name in number:
            flows.append(Flow(number[giver_name], number[receiver_name], count, True))
    return flows


def transfers_of(run: RunFiles) -> Mapping[tuple[str, str], float]:
    """Mean number of transfers by (giver, receiver), from KPIs of pairs (`giver->receiver`), largest first."""
    found: dict[tuple[str, str], float] = {}
    for (scope, key, kpi), one in run.estimates.items():
        giver, arrow, receiver = key.partition("->")
        if kpi == "transfers" and arrow and scope in ("pair", "lane", "transfer") and one.mean > 0:
            found[giver, receiver] = one.mean
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def _layers(run: RunFiles) -> Mapping[str, Sequence[int]]:
    """Node numbers by echelon, from suppliers to customers."""
    suppliers = run.nodes.loc[run.nodes["kind"] == "supplier", "echelon"]
    order = [*dict.fromkeys(suppliers), *(one for one in run.echelons if one not in set(suppliers))]
    return {echelon: np.flatnonzero(run.nodes["echelon"] == echelon).tolist() for echelon in order}


def _places(layers: Mapping[str, Sequence[int]], flows: Sequence[Flow]) -> Mapping[int, tuple[float, float]]:
    """Where each node stands, in units of columns and heights; below its sources, so that lanes cross little."""
    place: dict[int, tuple[float, float]] = {}
    for column, nodes in enumerate(layers.values()):
        sources = {
            node: [place[f.giver][1] for f in flows if f.receiver == node and f.giver in place] for node in nodes
        }
        middle = {node: float(np.mean(found)) if found else 0.5 for node, found in sources.items()}
        # sorted() keeps the scenario's order where sources are the same
        for row, node in enumerate(sorted(nodes, key=lambda one: -middle[one])):
            place[node] = (column, 1.0 - (row + 0.5) / len(nodes))
    return place


def _draw_flows(axes: Axes, flows: Sequence[Flow], place: Mapping[int, tuple[float, float]]) -> None:
    widest = {kind: max((flow.lines for flow in flows if flow.transfer == kind), default=0.0) or 1.0 for kind in (0, 1)}
    for flow in sorted(flows, key=lambda one: (one.transfer, one.lines)):
        (x0, y0), (x1, y1) = place[flow.giver], place[flow.receiver]
        largest = WIDEST_ARC_POINTS if flow.transfer else WIDEST_POINTS
        width = max(largest * flow.lines / widest[flow.transfer], SMALLEST_POINTS)
        if x0 == x1:  # within an echelon: an arc to the left, where no names are
            arc = FancyArrowPatch(
                (x0, y0),
                (x1, y1),
                connectionstyle=f"arc3,rad={0.3 if y0 > y1 else -0.5}",  # the two directions apart
                arrowstyle="-|>",
                mutation_scale=7,
                linewidth=max(width, 0.8),
                color=TRANSFER_COLOUR,
                alpha=0.85,
                zorder=3,
            )
            axes.add_patch(arc)
            continue
        bend = (x1 - x0) * 0.5
        codes = [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4]
        curve = Curve([(x0, y0), (x0 + bend, y0), (x1 - bend, y1), (x1, y1)], codes)
        colour = TRANSFER_COLOUR if flow.transfer else LANE_COLOUR
        axes.add_patch(PathPatch(curve, facecolor="none", edgecolor=colour, linewidth=width, alpha=0.6, zorder=1))


def _draw_nodes(
    axes: Axes,
    run: RunFiles,
    layers: Mapping[str, Sequence[int]],
    place: Mapping[int, tuple[float, float]],
    inch: float,
) -> None:
    names = [str(name) for name in run.nodes["name"]]
    values = [run.estimates.get(("node", name, "stock_value")) for name in names]
    highest = max((one.mean for one in values if one), default=0.0) or 1.0
    for column, (echelon, nodes) in enumerate(layers.items()):
        stock = run.estimates.get(("echelon", echelon, "stock_value"))
        below = (
            f"{short(stock.mean)} {run.currency}" if stock else f"{len(nodes)} source{'s' if len(nodes) != 1 else ''}"
        )
        axes.annotate(
            shorten(echelon), (column, 1 + 0.42 * inch), ha="center", fontsize=10, fontweight="bold", color=INK
        )
        axes.annotate(below, (column, 1 + 0.22 * inch), ha="center", fontsize=8, color=MUTED)
        sizes = [max(LARGEST_NODE * one.mean / highest, 9.0) if (one := values[node]) else 30.0 for node in nodes]
        at = np.array([place[node] for node in nodes])
        axes.scatter(at[:, 0], at[:, 1], s=sizes, color=COLOURS[0], edgecolors="white", linewidths=0.6, zorder=4)
        if len(nodes) <= NAMED_NODES:
            size = 6.5 if len(nodes) > 25 else 8
            last = column == len(layers) - 1
            for node, (x, y), area in zip(nodes, at, sizes, strict=True):
                radius = area**0.5 / 2
                offset, across, up = (
                    ((radius + 3, 0), "left", "center") if last else ((0, radius + 2), "center", "bottom")
                )
                text = axes.annotate(shorten(names[node]), (x, y), offset, textcoords="offset points", zorder=5)
                text.set(ha=across, va=up, fontsize=size)


def _description(layers: Mapping[str, Sequence[int]], flows: Sequence[Flow]) -> str:
    columns = ", ".join(f"{len(nodes)} of {echelon}" for echelon, nodes in layers.items())
    transfers = sum(flow.transfer for flow in flows)
    tail = f", and {transfers} pairs that transfer stock" if transfers else ""
    return f"The network from suppliers to customers: {columns}; {len(flows) - transfers} lanes{tail}"
