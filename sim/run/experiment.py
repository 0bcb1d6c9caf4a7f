"""Replications of one scenario or of many: simulated anywhere, interrupted, resumed, and always the same.

A replication depends on the network, the seed and its own number, on nothing else; so who simulates it, and the order
in which they finish, do not matter. Results are put together in the order of the replications' numbers.
"""

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from sim.errors import RunFailedError, RunInterruptedError
from sim.run.directory import RunDirectory
from sim.run.interrupt import Interruption
from sim.run.plan import Outcome, Plan, ShouldStop, check_not_stopped, simulate_one
from sim.run.workers import Workers, open_workers

__all__ = ["Batch", "Outcome", "Plan", "Progress", "ShouldStop", "run_many", "run_replications", "simulate_one"]

Progress = Callable[[int, int], None]
"""Called with (replications done, replications in all), at the start and after each one."""

_LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Batch:
    """Replications of one plan, and where their records go: None keeps them in memory."""

    plan: Plan
    replications: Iterable[int]
    run: RunDirectory | None = None


class Task(NamedTuple):
    """One replication of one batch."""

    batch: int
    replication: int


def run_replications(
    plan: Plan,
    replications: Iterable[int],
    run: RunDirectory | None = None,
    workers: int | Workers = 1,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Simulate the given replications, and check conservation in each.

    Args:
        plan: what to simulate.
        replications: their numbers.
        run: where their records go; None keeps them in memory.
        workers: number of processes (1 uses this one), or workers that somebody else opened and will close.
        progress: told how far it is.

    Returns:
        The outcomes in the order of their numbers.

    Raises:
        RunInterruptedError: on Ctrl-C; ConservationError: when the books of a replication do not close;
        RunFailedError: when a worker died or a file could not be written. Whole replications stay in `run`.
    """
    return run_many([Batch(plan, replications, run)], workers, progress)[0]


def run_many(
    batches: Sequence[Batch],
    workers: int | Workers = 1,
    progress: Progress | None = None,
    finished: Callable[[int, Outcome], None] | None = None,
) -> list[list[Outcome]]:
    """Simulate the replications of several plans with one lot of workers: batch by batch, nobody idle in between.

    Args:
        batches: what to simulate.
        workers: number of processes (1 uses this one), or workers that somebody else opened and will close; after an
            error those cannot be used again.
        progress: told how many replications of all batches are done.
        finished: called with a batch's index and each outcome as it comes, which then is not kept: the lists that come
            back are empty. For studies whose results would not fit into memory together.

    Returns:
        For each batch its outcomes in the order of their numbers. Raises what `run_replications` does.
    """
    tasks = [Task(place, one) for place, batch in enumerate(batches) for one in sorted(set(batch.replications))]
    report = progress or (lambda done, total: None)
    outcomes: list[list[Outcome]] = [[] for _ in batches]
    done = 0
    report(0, len(tasks))
    crew = open_workers(min(workers, len(tasks))) if isinstance(workers, int) else workers
    with (
        Interruption() as interruption,
        working(crew, batches, keep_open=not isinstance(workers, int)),
        closing(simulated(batches, iter(tasks), crew, interruption)) as made,
    ):
        try:
            for task, outcome in made:
                if finished is None:
                    outcomes[task.batch].append(outcome)
                else:
                    finished(task.batch, outcome)
                done += 1
                report(done, len(tasks))
        except (KeyboardInterrupt, RunInterruptedError) as interrupt:
            raise RunInterruptedError(f"interrupted after {done} of {len(tasks)} replications") from interrupt
        except RunFailedError as failed:
            if len(batches) > 1 or len(tasks) > 1:
                failed.add_note(f"it happened after {done} of {len(tasks)} replications")
            raise
    return [sorted(one, key=lambda outcome: outcome.replication) for one in outcomes]


@contextmanager
def working(crew: Workers, batches: Sequence[Batch], keep_open: bool = False) -> Iterator[None]:
    """Inside, workers work on the batches; an error, also one from outside, stops them where they are.

    At the end nothing half-written is left in the batches' run directories.
    """
    try:
        yield
        if not keep_open:
            crew.close()
    except BaseException:
        crew.abandon()
        raise
    finally:
        for batch in batches:
            if batch.run is not None:
                batch.run.remove_parts()


def simulated(
    batches: Sequence[Batch], tasks: Iterator[Task], crew: Workers, should_stop: ShouldStop
) -> Generator[tuple[Task, Outcome], None, None]:
    """The outcomes of the tasks as they come; RunInterruptedError as soon as the run is to stop.

    Tasks are asked for one by one, when somebody is free to take them.
    """
    check_not_stopped(should_stop)
    prepared: set[Callable[[ShouldStop], None]] = set()
    waiting: dict[Future[Outcome], Task] = {}
    while True:
        for task in itertools.islice(tasks, max(crew.ahead() - len(waiting), 0)):
            batch = batches[task.batch]
            prepare = batch.plan.prepare
            if prepare is not None and prepare not in prepared and crew.on_this_machine:
                prepare(should_stop)
                prepared.add(prepare)
            waiting[crew.submit(batch.plan, task.replication, batch.run, should_stop)] = task
        if not waiting:
            return
        done, _ = wait(waiting, _LOOK_SECONDS, FIRST_COMPLETED)
        for future in done:
            task = waiting.pop(future)
            yield task, crew.take(future, task.replication, batches[task.batch].run)
        check_not_stopped(should_stop)
