"""Simulates the variants of a comparison: one seed, one lot of workers, one progress bar for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from sim.compare.kpi_values import SCOPES, KpiValues, kpi_values, only_compared
from sim.errors import TwinError
from sim.network import Network
from sim.record.records import Records
from sim.run import simulation
from sim.run.directory import RunDirectory
from sim.run.experiment import Batch, Outcome, Plan, Progress, run_many
from sim.run.manifest import Manifest, now
from sim.run.workers import Workers
from sim.scenario import Scenario

FEW: Final = 5
"""Replications of a try: enough to see where to go, before all of them confirm it."""


RECORDED_SCOPES: Final = frozenset({*SCOPES, "lane", "truck"})
"""Of KPIs: those of single items and stock points are most of the work, and nobody compares them."""


def simulate(network: Network, seed: int, replication: int, **options: object) -> Records:
    """The engine, with daily levels of the worst stock points in the first replication only: they take their time."""
    return simulation.simulate_lazily(network, seed, replication, traces=replication == 0, **options)


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
            simulate,
            self.seed,
            prepare=simulation.preparation(scenario),
            tables=frozenset(),
            scopes=RECORDED_SCOPES,
        )


def _finished(job: Job) -> set[int]:
    return set() if job.run is None else set(job.run.finished())


class _Gathered:
    """The results of one job as they come in; those with a directory are put together as soon as the last is there."""

    def __init__(self, job: Job, replications: int, missing: int) -> None:
        self._job = job
        self._replications = replications
        self._missing = missing
        self._outcomes: list[Outcome] = []
        self._values: KpiValues | None = None

    def take(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        if len(self._outcomes) == self._missing:
            self._values = self._put_together()

    def values(self) -> KpiValues:
        return self._put_together() if self._values is None else self._values

    def _put_together(self) -> KpiValues:
        job = self._job
        if job.run is None or job.manifest is None:
            return kpi_values(only_compared(outcome.kpis) for outcome in self._outcomes)
        before = job.run.manifest()
        manifest = replace(job.manifest, timings=before.timings, started=before.started)
        return kpi_values([only_compared(simulation.finish(job.run, manifest, self._outcomes).kpi_table)])

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
