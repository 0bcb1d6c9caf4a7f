"""The first page of a report: stock, service and waiting of one run as a picture (SVG, or PNG by the file's ending)."""

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from reports.figures import draw_fill_rates, draw_stock, draw_waiting
from reports.run_files import RunFiles

STYLE: Final[Any] = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "font.size": 9,
    "svg.hashsalt": "mro-twin",  # element names depend on the content alone: the same run gives the same file
}


def write_page(run: RunFiles, file: Path) -> None:
    """Draw the page and write it; OSError as the file system says, ValueError for an unknown ending."""
    with mpl.rc_context(STYLE):
        figure = draw_page(run)
        metadata = {"Date": None} if file.suffix == ".svg" else None
        figure.savefig(file, metadata=metadata, dpi=150, facecolor="white")


def draw_page(run: RunFiles) -> Figure:
    """The page as a figure of three panels."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    stock, service, waiting = figure.subplots(1, 3, width_ratios=(1.15, 1, 0.9))
    draw_stock(stock, run)
    draw_fill_rates(service, run)
    draw_waiting(waiting, run)
    figure.suptitle(run.title, x=0.005, ha="left", fontsize=12, fontweight="bold")
    return figure
