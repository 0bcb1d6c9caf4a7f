"""Reads a run directory: the few files that reports are made of, with names instead of row numbers."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pandas as pd

CLASSES: Final = ("A", "B", "C")
DAY_MS: Final = 86_400_000
FORMAT: Final = 2
"""Of run directories, as manifest.json gives it."""


class NoRunError(Exception):
    """A folder is not a run directory, or one in which nothing is finished yet; the text says what to do."""


@dataclass(frozen=True)
class RunFiles:
    """A finished (or interrupted) run on disk; the README.md in it explains every file and column.

    Attributes:
        path: the run directory.
        manifest: content of manifest.json: name, variant, seed, replications, confidence and so on.
    """

    path: Path
    manifest: Mapping[str, Any]

    @staticmethod
    def open(path: Path) -> "RunFiles":
        """The run in `path`, or the newest one in a folder of runs; NoRunError when no replication is whole."""
        path = _newest(path)
        try:
            manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise NoRunError(f"{path / 'manifest.json'} cannot be read: {error}") from error
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise NoRunError(f"{path} was written by another version of this program; run the scenario again")
        run = RunFiles(path, manifest)
        if not run.replications or not (path / "kpis.parquet").is_file():
            raise NoRunError(f"{path} holds no finished replication; go on with `mro-twin run ... --resume` first")
        return run

    @cached_property
    def replications(self) -> Sequence[Path]:
        """Folders of the whole replications, in order."""
        folder = self.path / "replications"
        return sorted(one for one in folder.glob("*") if one.name.isdigit())

    @property
    def title(self) -> str:
        """Name of the scenario, its variant unless that is plain `base`, and how often it was run."""
        count = len(self.replications)
        variant = "" if self.manifest["variant"] == "base" else f", {self.manifest['variant']}"
        return f"{self.manifest['name']}{variant}: {count} replication{'s' if count != 1 else ''}"

    @cached_property
    def kpis(self) -> pd.DataFrame:
        """Every KPI of every replication: variant, replication, scope, key, kpi, value, unit."""
        return self._read(self.path / "kpis.parquet")

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """Name, kind and echelon of every node, by its number."""
        return self._read(self.path / "network" / "nodes.parquet")

    def network_kpi(self, name: str) -> pd.Series:
        """A KPI of the whole network, one value per replication; empty where it has no meaning."""
        rows = self.kpis[(self.kpis["scope"] == "network") & (self.kpis["kpi"] == name)]
        return rows["value"]

    @property
    def currency(self) -> str:
        """Code of the currency that money is in."""
        return str(self.manifest["currency"])

    def half_width(self, values: pd.Series) -> float:
        """Half width of the confidence interval of the mean of independent values (Student's t); NaN for one value."""
        from scipy.special import stdtrit

        count = len(values)
        if count < 2:
            return math.nan
        quantile = float(stdtrit(count - 1, 0.5 + self.manifest["confidence"] / 2))
        return quantile * float(values.std()) / math.sqrt(count)

    @cached_property
    def echelons(self) -> Sequence[str]:
        """Labels of the echelons, those furthest from the customer first, suppliers left out."""
        held = self.nodes[self.nodes["kind"] != "supplier"]
        return list(dict.fromkeys(held["echelon"]))[::-1]

    @property
    def minor_per_major(self) -> float:
        """Minor units (as in series) per major unit (as in KPIs) of the currency: a power of ten."""
        return float(10.0 ** self.manifest["minor_digits"])

    @property
    def days(self) -> range:
        """The days that series have, from time 0 or from the saved state that the run started from."""
        first_ms = self.manifest["warm_up_ms"] if self.manifest["from_state"] else 0
        return range(first_ms // DAY_MS, -(-self.manifest["horizon_ms"] // DAY_MS))

    def table(self, name: str) -> pd.DataFrame:
        """A table of all whole replications with a column `replication`, a column `echelon` where it has nodes."""
        parts = [
            self._read(folder / f"{name}.parquet").assign(replication=int(folder.name)) for folder in self.replications
        ]
        rows = pd.concat(parts, ignore_index=True)
        if "node" in rows:
            rows["echelon"] = self.nodes["echelon"].to_numpy()[rows["node"].to_numpy()]
        return rows

    @staticmethod
    def _read(file: Path) -> pd.DataFrame:
        try:
            return pd.read_parquet(file)
        except (OSError, ValueError) as error:
            raise NoRunError(f"{file} cannot be read: {error}") from error


def _newest(path: Path) -> Path:
    """`path` if it is a run directory, else the newest one in it (their names begin with the time)."""
    if (path / "manifest.json").exists():
        return path
    runs = sorted(path.glob("*/manifest.json")) if path.is_dir() else []
    if not runs:
        raise NoRunError(f"{path} is not a run directory and holds none; make one with `mro-twin run SCENARIO`")
    return runs[-1].parent
