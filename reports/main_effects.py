"""Main effects of a sweep: what each setting does to each KPI, averaged over the values of all other settings.

Read from the sweep's directory alone (sweep.json, kpis.parquet), drawn as SVG or PNG by the file's ending.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from scipy.special import stdtrit

from reports.page import STYLE
from reports.run_files import NoRunError

FORMAT: Final = 1
MOST_TICKS: Final = 12
_COLOUR: Final = "#0072b2"


@dataclass(frozen=True)
class SweepFiles:
    """A finished sweep on disk.

    Attributes:
        path: its directory.
        manifest: content of sweep.json.
        kpis: point, replication, kpi, value, unit, and a column per factor (its path) with the level's place, 0, 1 ...
    """

    path: Path
    manifest: Mapping[str, Any]
    kpis: pd.DataFrame

    @staticmethod
    def open(path: Path) -> "SweepFiles":
        """The sweep in `path`; NoRunError when there is none, or it is of another version."""
        try:
            manifest = json.loads((path / "sweep.json").read_text(encoding="utf-8"))
            kpis = pd.read_parquet(path / "kpis.parquet")
        except (OSError, ValueError) as error:
            raise NoRunError(f"{path} holds no finished sweep: {error}") from error
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise NoRunError(f"{path} was written by another version of this program; run the sweep again")
        sizes = [len(factor["levels"]) for factor in manifest["factors"]]
        places = np.unravel_index(kpis["point"].to_numpy(), sizes)  # the last factor changes first
        for factor, place in zip(manifest["factors"], places, strict=True):
            kpis[factor["path"]] = place
        return SweepFiles(path, manifest, kpis)

    def effect(self, kpi: str, factor: str) -> pd.DataFrame:
        """By level (its place): mean and half_width of the KPI, averaged over the points with that level.

        First the points of one replication are averaged, which all have the same random numbers; the interval
        (Student's t) is over replications, NaN for a single one.
        """
        rows = self.kpis[self.kpis["kpi"] == kpi]
        per_replication = rows.groupby([factor, "replication"])["value"].mean()
        grouped = per_replication.groupby(level=0)
        count = grouped.count().to_numpy()
        width = np.full(len(count), math.nan)
        several = count > 1
        quantile = stdtrit(count[several] - 1, 0.5 + float(self.manifest["confidence"]) / 2)
        width[several] = quantile * grouped.std().to_numpy()[several] / np.sqrt(count[several])
        return pd.DataFrame({"mean": grouped.mean(), "half_width": width})


def write_main_effects(sweep: SweepFiles, kpis: Sequence[str], file: Path) -> None:
    """Draw a row per KPI and a column per setting; OSError as the file system says, ValueError for another ending."""
    with mpl.rc_context(STYLE):
        figure = draw_main_effects(sweep, kpis)
        metadata = {"Date": None} if file.suffix == ".svg" else None
        figure.savefig(file, metadata=metadata, dpi=150, facecolor="white")


def draw_main_effects(sweep: SweepFiles, kpis: Sequence[str]) -> Figure:
    """The figure: panels of one row share their axis, so that steep means important."""
    factors = sweep.manifest["factors"]
    shown = [kpi for kpi in kpis if (sweep.kpis["kpi"] == kpi).any()]
    rows = max(len(shown), 1)
    size = (1.2 + 3.2 * len(factors), 1.0 + 2.1 * rows)
    figure = Figure(figsize=(max(size[0], 5.5), size[1]), layout="constrained")
    grid = figure.subplots(rows, len(factors), sharey="row", squeeze=False)
    for row, kpi in enumerate(shown):
        for column, factor in enumerate(factors):
            _draw_effect(grid[row][column], sweep, kpi, factor)
            if column == 0:
                unit = str(sweep.kpis.loc[sweep.kpis["kpi"] == kpi, "unit"].iloc[0])
                grid[row][column].set_ylabel(kpi if unit == "share" else f"{kpi} [{unit}]")
            if row == rows - 1:
                grid[row][column].set_xlabel(factor["path"])
    count = sweep.manifest["replications"]
    title = f"{sweep.manifest['name']}: main effects, {sweep.manifest['points']} points of {count} replications"
    if count > 1:
        title += f", bars {sweep.manifest['confidence']:.0%} intervals"
    figure.suptitle(_plain(title), x=0.005, ha="left", fontsize=11, fontweight="bold")
    return figure


def _draw_effect(axes: Axes, sweep: SweepFiles, kpi: str, factor: Mapping[str, Any]) -> None:
    effect = sweep.effect(kpi, factor["path"])
    levels = [factor["levels"][place] for place in effect.index]
    numeric = all(isinstance(level, (int, float)) and not isinstance(level, bool) for level in factor["levels"])
    at = np.array(levels if numeric else effect.index, dtype=np.float64)
    axes.axhline(float(effect["mean"].mean()), color="#999999", linewidth=0.8, linestyle=":")
    order = np.argsort(at)
    mean, width = effect["mean"].to_numpy()[order], effect["half_width"].to_numpy()[order]
    axes.errorbar(at[order], mean, yerr=np.nan_to_num(width), color=_COLOUR, marker="o", markersize=4, capsize=2)
    if len(levels) <= MOST_TICKS:
        axes.set_xticks(at, [_plain(str(level)) for level in levels])
    if (sweep.kpis.loc[sweep.kpis["kpi"] == kpi, "unit"] == "share").all():
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))


def _plain(text: str) -> str:
    """Text that is not taken for a formula by the drawing library."""
    return text.replace("$", r"\$")
