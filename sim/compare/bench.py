"""Simulates the variants of a comparison: one seed, one lot of workers, one progress bar for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import pyarrow as pa

from sim.compare.kpi_values import KpiValues, kpi_values, only_compared
from sim.errors import TwinError
from sim.run import simulation
from sim.run.directory import RunDirectory
from sim.run.experiment import Batch, Outcome, Plan, Progress, run_many
from sim.run.manifest import Manifest, now
from sim.run.workers import Workers
from sim.scenario import Scenario

FEW: Final = 5
"""Replications of a try: enough to see where to go, before all of them confirm it."""


@dataclass(frozen=True)
class Job:
    """A scenario to be simulated, and where its records go: nowhere without a run directory."""

    scenario: Scenario
    run: RunDirectory | None = None
    manifest: Manifest | None = None


class Bench:
    """Simulates scenarios under common random numbers: the same seed, and the same replications of everything."""

    def __init__(self, seed: int, workers: Workers, progress: Progress | None = None) -> None:
        self.seed = seed
        self._workers = workers
        self._progress = progress

    def simulate(self, jobs: Sequence[Job], replications: int) -> list[KpiValues]:
        """The KPIs of each job; what its run directory has already is not simulated again.

        Raises RunInterruptedError, RunFailedError or ConservationError; whole replications stay in the directories.
        """
        missing = [sorted(set(range(replications)) - _finished(job)) for job in jobs]
        results = [_Gathered(job, replications, len(numbers)) for job, numbers in zip(jobs, missing, strict=True)]
        batches = [
            Batch(self._plan(job.scenario), numbers, job.run) for job, numbers in zip(jobs, missing, strict=True)
        ]
        try:
            run_many(batches, self._workers, self._progress, lambda batch, outcome: results[batch].take(outcome))
        except TwinError as error:
            for one in results:
                one.note_end(error)
            raise
        return [one.values() for one in results]

    def _plan(self, scenario: Scenario) -> Plan:
        build = partial(simulation.network_of, scenario)
        return Plan(
            None,
            build,
            simulation.simulate_lazily,
            self.seed,
            options={"traces": True},
            prepare=simulation.prepare_lazily,
            tables=frozenset(),
        )


def _finished(job: Job) -> set[int]:
    return set() if job.run is None else set(job.run.finished())


class _Gathered:
    """The results of one job as they come in; those with a directory are put together as soon as the last is there."""

    def __init__(self, job: Job, replications: int, missing: int) -> None:
        self._job = job
        self._replications = replications
        self._missing = missing
        self._tables: list[pa.Table] = []
        self._timings: dict[str, dict[str, float]] = {}
        self._values: KpiValues | None = None

    def take(self, outcome: Outcome) -> None:
        self._tables.append(only_compared(outcome.kpis))
        self._timings[str(outcome.replication)] = outcome.timing
        if len(self._tables) == self._missing:
            self._values = self._put_together()

    def values(self) -> KpiValues:
        return self._put_together() if self._values is None else self._values

    def _put_together(self) -> KpiValues:
        job = self._job
        if job.run is None or job.manifest is None:
            return kpi_values(self._tables)
        before = job.run.manifest().timings
        manifest = replace(job.manifest, timings=before | self._timings)
        return kpi_values([only_compared(simulation.finish(job.run, manifest, []).kpi_table)])

    def note_end(self, error: TwinError) -> None:
        """Write down that the run stopped, if that can still be written."""
        if self._job.run is None or self._job.manifest is None or self._values is not None:
            return
        status = "interrupted" if error.exit_code == 130 else "failed"
        finished = len(self._job.run.finished())
        try:
            self._job.run.write_manifest(replace(self._job.manifest, status=status, ended=now(), finished=finished))
        except TwinError as second:
            error.add_note(str(second))
