"""A finished run as one side of a comparison: read from its directory, and refused when it is not whole."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from sim.compare.kpi_values import KpiValues, kpi_values, only_compared
from sim.errors import RunDirectoryError
from sim.kpi.table import KPI_SCHEMA
from sim.run.directory import MANIFEST, RunDirectory
from sim.run.manifest import Manifest, is_run
from sim.scenario.findings import ScenarioError
from sim.scenario.ranges import expand_ranges
from sim.scenario.tree import parse_yaml

KPIS: Final = "kpis.parquet"
SETTINGS: Final = "scenario.resolved.yaml"


@dataclass(frozen=True)
class FinishedRun:
    """A run directory with all its replications.

    Attributes:
        path: the directory.
        manifest: what was run.
        values: its KPIs.
        settings: the resolved scenario as plain data.
    """

    path: Path
    manifest: Manifest
    values: KpiValues
    settings: Mapping[str, Any]


def read_finished(path: Path) -> FinishedRun:
    """The finished run in a directory; RunDirectoryError (exit code 2) that says what is wrong with it."""
    if not (path / MANIFEST).is_file():
        raise RunDirectoryError(f"{path} is not a run directory: it has no {MANIFEST}")
    if not is_run(path / MANIFEST):
        raise RunDirectoryError(f"{path} is a comparison; name one of the runs in {path / 'variants'}")
    manifest = _manifest(path)
    if manifest.status != "complete":
        raise RunDirectoryError(
            f"{path} is not finished: {manifest.finished} of {manifest.replications} replications are whole; "
            f"go on with `mro-twin run ... --out {path} --resume`"
        )
    return FinishedRun(path, manifest, _values(path / KPIS), _settings(path / SETTINGS))


def _manifest(path: Path) -> Manifest:
    try:
        return RunDirectory(path).manifest()
    except RunDirectoryError as error:
        if isinstance(error.__cause__, json.JSONDecodeError | UnicodeError):
            raise RunDirectoryError(f"{path / MANIFEST} is damaged: it is no JSON ({error.__cause__})") from error
        if isinstance(error.__cause__, KeyError | TypeError | AttributeError):
            raise RunDirectoryError(
                f"{path / MANIFEST} is damaged: it does not hold what describes a run; run the scenario again"
            ) from error
        raise


def _values(file: Path) -> KpiValues:
    try:
        with pq.ParquetFile(file) as content:
            if content.schema_arrow.names != KPI_SCHEMA.names:
                raise RunDirectoryError(
                    f"{file} is damaged: it does not have the columns {', '.join(KPI_SCHEMA.names)}"
                )
            # bit by bit: single stock points, which nobody compares, are most of the rows
            tables = [only_compared(pa.Table.from_batches([batch])) for batch in content.iter_batches()]
    except (OSError, pa.ArrowException) as error:
        raise RunDirectoryError(f"{file} is missing or damaged: {error}") from error
    values = kpi_values(tables)
    if not values.rows:
        raise RunDirectoryError(f"{file} is damaged: it has no KPIs of the network")
    return values


def _settings(file: Path) -> Mapping[str, Any]:
    try:
        settings: Any = expand_ranges(parse_yaml(file.read_text(encoding="utf-8"), file.name)).plain()
    except (OSError, ValueError, ScenarioError) as error:
        raise RunDirectoryError(f"{file} is missing or damaged: {error}") from error
    if not isinstance(settings, dict):
        raise RunDirectoryError(f"{file} is damaged: it does not hold a scenario")
    return settings
