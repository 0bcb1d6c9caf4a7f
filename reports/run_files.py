"""Reads a run directory: the few files that reports are made of, with names instead of row numbers."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

CLASSES: Final = ("A", "B", "C")
DAY_MS: Final = 86_400_000
FORMAT: Final = 2
"""Of run directories, as manifest.json gives it."""

_MANIFEST_FIELDS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "name": str,
    "variant": str,
    "seed": int,
    "replications": int,
    "confidence": (int, float),
    "start": str,
    "horizon_ms": int,
    "warm_up_ms": int,
    "currency": str,
    "minor_digits": int,
}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BULKY_SCOPES: Final = ("item", "stock")  # hundreds of thousands of rows a replication, which no report shows


class NoRunError(Exception):
    """A folder is not a run directory, or its files are not what they should be; the text says what to do."""


@dataclass(frozen=True)
class Estimate:
    """A mean over replications.

    Attributes:
        half_width: of its confidence interval (Student's t); NaN for a single value.
        n: replications in which the KPI had a value.
        unit: of the value; `share` for fractions, a currency code for money.
    """

    mean: float
    half_width: float
    n: int
    unit: str


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
    def open(path: Path, summary_only: bool = False) -> "RunFiles":
        """The run in `path`, or the newest one in a folder of runs; NoRunError when no replication is whole.

        With `summary_only` the records may be absent: KPIs and network are enough (as in a comparison's folders).
        """
        path = newest(path, runs_only=True)
        run = RunFiles(path, _checked_manifest(path, read_json(path / "manifest.json")))
        has_kpis = (path / "kpis.parquet").is_file()
        if not (run.replications or (summary_only and has_kpis)):
            raise NoRunError(f"{path} holds no finished replication; go on with `mro-twin run ... --resume` first")
        return run

    @cached_property
    def replications(self) -> Sequence[Path]:
        """Folders of the whole replications, in order."""
        folder = self.path / "replications"
        return sorted(one for one in folder.glob("*") if one.name.isdigit())

    @property
    def count(self) -> int:
        """Replications that the report is based on."""
        if self.replications:
            return len(self.replications)
        return int(self.kpis["replication"].nunique())

    @property
    def title(self) -> str:
        """Name of the scenario, its variant unless that is plain `base`, and how often it was run."""
        return f"{self.label}: {self.count} replication{'s' if self.count != 1 else ''}"

    @property
    def label(self) -> str:
        """Name of the scenario, and its variant unless that is plain `base`."""
        variant = self.manifest["variant"]
        return f"{self.manifest['name']}{'' if variant == 'base' else f', {variant}'}"

    @property
    def confidence(self) -> float:
        """Level of the confidence intervals."""
        return float(self.manifest["confidence"])

    @cached_property
    def kpis(self) -> pd.DataFrame:
        """Every KPI of every replication: variant, replication, scope, key, kpi, value, unit; no single items."""
        whole = self.path / "kpis.parquet"
        folders = self.replications
        stopped = bool(folders) and self.manifest.get("finished") != len(folders)
        files = [folder / "kpis.parquet" for folder in folders] if stopped or not whole.is_file() else [whole]
        columns = ["replication", "scope", "key", "kpi", "value", "unit"]
        parts = [_kpi_rows(file, columns) for file in files]
        return pd.concat(parts, ignore_index=True)

    @cached_property
    def estimates(self) -> Mapping[tuple[str, str, str], Estimate]:
        """Mean and interval of every KPI by (scope, key, kpi), in the order of the KPI table."""
        from scipy.special import stdtrit

        grouped = self.kpis.groupby(["scope", "key", "kpi", "unit"], sort=False)["value"]
        rows = grouped.agg(["mean", "std", "count"]).reset_index()
        count = rows["count"].to_numpy(dtype=np.float64)
        with np.errstate(invalid="ignore"):
            quantile = np.where(count > 1, stdtrit(np.maximum(count - 1, 1), 0.5 + self.confidence / 2), np.nan)
        rows["half_width"] = quantile * rows["std"] / np.sqrt(count)
        names = ("scope", "key", "kpi", "mean", "half_width", "count", "unit")
        return {
            (scope, key, kpi): Estimate(float(mean), float(half_width), int(n), unit)
            for scope, key, kpi, mean, half_width, n, unit in zip(*(rows[name] for name in names), strict=True)
        }

    def estimate(self, kpi: str, key: str = "network", scope: str = "network") -> Estimate | None:
        """The mean of one KPI; None where it has no value. The stock-out rate follows from the line fill rate."""
        if kpi == "stock_out_rate":
            met = self.estimates.get((scope, key, "line_fill_rate"))
            return met and Estimate(1.0 - met.mean, met.half_width, met.n, met.unit)
        return self.estimates.get((scope, key, kpi))

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """Name, kind and echelon of every node, by its number."""
        rows = read_table(self.path / "network" / "nodes.parquet", ("name", "kind", "echelon"))
        return rows.apply(_printable)

    def network_table(self, name: str, columns: Sequence[str]) -> pd.DataFrame:
        """A table of the folder network/, its row numbers as index; NoRunError when a column is missing."""
        return read_table(self.path / "network" / f"{name}.parquet", columns)

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
        quantile = float(stdtrit(count - 1, 0.5 + self.confidence / 2))
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
    def measured_ms(self) -> int:
        """Length of the time that KPIs are about."""
        return int(self.manifest["horizon_ms"] - self.manifest["warm_up_ms"])

    @property
    def days(self) -> range:
        """The days that series have, from time 0 or from the saved state that the run started from."""
        first_ms = self.manifest["warm_up_ms"] if self.manifest.get("from_state") else 0
        return range(first_ms // DAY_MS, -(-self.manifest["horizon_ms"] // DAY_MS))

    def has_table(self, name: str) -> bool:
        """Whether every whole replication has the table."""
        return bool(self.replications) and all((one / f"{name}.parquet").is_file() for one in self.replications)

    def table(self, name: str, columns: Sequence[str] = ()) -> pd.DataFrame:
        """A table of all whole replications with a column `replication`, a column `echelon` where it has nodes.

        With `columns` only those are read; NoRunError names the file when one is missing or it cannot be read.
        """
        rows = pd.concat(
            [
                read_table(folder / f"{name}.parquet", columns).assign(replication=int(folder.name))
                for folder in self.replications
            ],
            ignore_index=True,
        )
        if "node" in rows:
            rows["echelon"] = self.nodes["echelon"].to_numpy()[self.row_numbers(rows["node"], self.nodes, name)]
        return rows

    def row_numbers(self, column: pd.Series, target: pd.DataFrame, name: str) -> Any:
        """A column that refers to the rows of another table, checked; NoRunError when it points outside."""
        numbers = column.to_numpy(dtype=np.int64)
        if len(numbers) and not (numbers.min() >= 0 and numbers.max() < len(target)):
            raise NoRunError(f"{self.path}: table {name} is damaged: {column.name} refers to rows that are not there")
        return numbers


def read_table(file: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """A Parquet file as a DataFrame; NoRunError when it is missing, damaged or lacks a column."""
    try:
        return pd.read_parquet(file, columns=list(columns) or None)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise NoRunError(f"{file} cannot be read: {_first_line(error)}") from error


def read_json(file: Path) -> Mapping[str, Any]:
    """A JSON file that holds an object; NoRunError otherwise."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise NoRunError(f"{file} cannot be read: {_first_line(error)}") from error
    if not isinstance(content, dict):
        raise NoRunError(f"{file} cannot be read: it does not hold an object")
    return content


def newest(path: Path, runs_only: bool = False) -> Path:
    """`path` if it is a run directory, else the newest one in it (their names begin with the time).

    With `runs_only` comparisons and sweeps, which may lie in the same folder, are passed over, and refused as `path`.
    """
    if (path / "manifest.json").exists():
        if runs_only and (kind := _kind(path / "manifest.json")) != "run":
            raise NoRunError(f"{path} is a {kind}, not a run; name the directory of one of its runs, or of another")
        return path
    runs = sorted(path.glob("*/manifest.json")) if path.is_dir() else []
    runs = [file for file in runs if not runs_only or _kind(file) == "run"]
    if not runs:
        raise NoRunError(f"{path} is not a run directory and holds none; make one with `mro-twin run SCENARIO`")
    return runs[-1].parent


def _kind(manifest: Path) -> str:
    """`run`, `comparison`, `sweep`; a manifest that cannot be read counts as a run's, so that what is wrong is told."""
    try:
        return printable(str(read_json(manifest).get("kind", "run")))
    except NoRunError:
        return "run"


def check_format(path: Path, manifest: Mapping[str, Any], known: int) -> None:
    """Refuse a directory of another format, with both versions; NoRunError."""
    found = manifest.get("format")
    if found == known:
        return
    versions = manifest.get("versions")
    writer = versions.get("mro-twin", "of unknown version") if isinstance(versions, dict) else "of unknown version"
    raise NoRunError(
        f"{path} was written by another version of this program: mro-twin {writer}, format {found}; this is mro-twin "
        f"{metadata.version('mro-twin')}, which reads format {known}; run the scenario again"
    )


def _checked_manifest(path: Path, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The manifest, after checking what reports rely on; NoRunError names every wrong field."""
    check_format(path, manifest, FORMAT)
    wrong = [
        name
        for name, kind in _MANIFEST_FIELDS.items()
        if not isinstance(manifest.get(name), kind) or isinstance(manifest.get(name), bool)
    ]
    if not wrong:
        wrong += [] if 0 < manifest["confidence"] < 1 else ["confidence"]
        wrong += [] if 0 <= manifest["warm_up_ms"] < manifest["horizon_ms"] else ["warm_up_ms"]
        wrong += [] if 0 <= manifest["minor_digits"] <= 6 else ["minor_digits"]
    if wrong:
        raise NoRunError(f"{path / 'manifest.json'} is damaged: no sensible value for {', '.join(wrong)}")
    return manifest


def _kpi_rows(file: Path, columns: list[str]) -> pd.DataFrame:
    try:
        table = pq.read_table(file, columns=columns, filters=[("scope", "not in", list(_BULKY_SCOPES))])
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise NoRunError(f"{file} cannot be read: {_first_line(error)}") from error
    plain = [column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.columns]
    rows: pd.DataFrame = pa.Table.from_arrays(plain, names=table.column_names).to_pandas()
    rows["key"] = _printable(rows["key"])
    return rows


def printable(text: str) -> str:
    """The text without control characters, which neither pages, pictures nor terminals may get."""
    return _CONTROL.sub("\ufffd", text)


def _printable(column: pd.Series) -> pd.Series:
    return column.map({one: printable(str(one)) for one in column.unique()})


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
