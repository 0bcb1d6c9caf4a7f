"""A sweep: one scenario at every point of a grid of settings, all with the same random numbers.

Every point sees the same customers (seed and replication numbers are the same), so differences between points are the
settings' doing. The replications of all points share one lot of workers. Kept are the KPIs of the whole network:

    runs/<time>-sweep-<name>-<id>/
      sweep.json               what is varied, over which values, seed, replications, versions
      scenario.resolved.yaml   inputs/   the scenario that the variations start from
      points/0000.parquet      a finished point: replication, kpi, value, unit
      kpis.parquet             all of them: point, replication, kpi, value, unit
      sweep.parquet sweep.csv  a row per point and KPI: point, a column per setting, kpi, mean, half_width, n, unit
      main_effects.svg .png
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from sim.errors import TwinError
from sim.kpi.network_values import Value, network_values
from sim.run.experiment import Batch, Progress, run_many
from sim.run.interrupt import Interruption
from sim.run.plan import Outcome, Plan
from sim.run.simulation import RunOptions, network_of, opened, plan_of
from sim.run.sweep_directory import SweepDirectory, SweepManifest
from sim.run.sweep_grid import Factor, Point, point_text
from sim.run.sweep_table import sweep_rows
from sim.run.warm_up_length import PILOT_REPLICATIONS, find_warm_up
from sim.run.workers import Workers
from sim.scenario import Finding, Scenario, ScenarioError


@dataclass(frozen=True)
class SweepOptions:
    """How a sweep is run: `replications` of every point (None: the scenario's), the rest as in `RunOptions`."""

    replications: int | None = None
    seed: int | None = None
    workers: int = 1
    out: Path = Path("runs")
    resume: bool = False
    cluster: str | None = None
    pilot: int = PILOT_REPLICATIONS


@dataclass(frozen=True)
class SweepResult:
    """A finished sweep.

    Attributes:
        table: a row per point and KPI, as sweep.parquet.
        path: its directory.
        warm_up: how the warm-up was found (content of warm_up.json); None when it was stated.
    """

    table: pa.Table
    path: Path
    confidence: float
    warm_up: Mapping[str, Any] | None = None


def run_sweep(
    base: Scenario,
    factors: Sequence[Factor],
    points: Sequence[Point],
    options: SweepOptions,
    progress: Progress | None = None,
) -> SweepResult:
    """Simulate every point of a grid and write the sweep's directory.

    Args:
        base: the scenario without any variation. Where its warm-up is to be found, that is done once, for all points.
        factors, points: from `sim.run.sweep_grid`.
        options: how.
        progress: told how many replications of all points are done.

    Raises any of `sim.errors`; finished points stay in the directory, and are not done again with `resume`.
    """
    replications = base.experiment.replications if options.replications is None else options.replications
    seed = base.experiment.seed if options.seed is None else options.seed
    run_options = RunOptions(replications, seed)
    check_networks(points, factors)
    manifest = SweepManifest.of(base, factors, points, seed, replications)
    directory = (
        SweepDirectory.find(options.out, manifest) if options.resume else SweepDirectory.new_name(options.out, manifest)
    )
    missing = [point for point in points if point.number not in directory.finished()]
    workers = min(options.workers, max(len(missing), 1) * replications)
    with opened(options.cluster, workers) as crew:
        found = directory.found_warm_up()
        if base.warm_up_is_automatic and found is None:
            found = find_warm_up(base, _kpis_only(base, run_options), options.pilot, crew, progress).as_dict()
        with Interruption():  # from here on there is something to tidy up
            directory.make(base, manifest, found)
            todo = [_settled(point.scenario, found) for point in missing]
            batches = [Batch(_kpis_only(one, run_options), range(replications)) for one in todo]
            _simulate(directory, manifest, missing, batches, crew, progress)
    kpis = directory.read_points()
    table = sweep_rows(kpis, factors, points, base.experiment.confidence)
    directory.write_results(kpis, table, manifest)
    return SweepResult(table, directory.path, float(base.experiment.confidence), found)


def _simulate(
    directory: SweepDirectory,
    manifest: SweepManifest,
    points: Sequence[Point],
    batches: Sequence[Batch],
    crew: Workers,
    progress: Progress | None,
) -> None:
    """Simulate the batches, one for each of the points, and write each point when it is complete."""
    collected: dict[int, dict[int, dict[str, Value]]] = {}

    def keep(place: int, outcome: Outcome) -> None:
        """A point is written when its last replication has come in, in whichever order they come."""
        here = collected.setdefault(place, {})
        here[outcome.replication] = network_values(outcome.kpis)
        if len(here) == manifest.replications:
            directory.write_point(points[place].number, collected.pop(place))

    try:
        run_many(batches, crew, progress, keep)
    except TwinError as error:
        directory.note_end(manifest, error)
        raise


def _settled(scenario: Scenario, found: Mapping[str, Any] | None) -> Scenario:
    return scenario.with_warm_up(found["warm_up_ms"]) if found and scenario.warm_up_is_automatic else scenario


def _kpis_only(scenario: Scenario, options: RunOptions) -> Plan:
    plan = plan_of(scenario, options)
    return replace(plan, tables=frozenset[str](), options=dict(plan.options) | {"traces": False})


def check_networks(points: Sequence[Point], factors: Sequence[Factor]) -> None:
    """Find what only shows in the finished network of a point; ScenarioError with everything, and at which points."""
    findings: dict[Finding, str] = {}
    for point in points:
        try:
            network_of(point.scenario)
        except ScenarioError as error:
            for finding in error.findings:
                findings.setdefault(finding, point_text(factors, point.levels))
    if findings:
        raise ScenarioError([replace(one, message=f"with {where}: {one.message}") for one, where in findings.items()])
