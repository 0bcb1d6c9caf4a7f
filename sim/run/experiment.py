"""Replications of one scenario: in this process or in several, interrupted, resumed, and always the same.

A replication depends on the network, the seed and its own number, on nothing else; so the number of processes and the
order in which they finish do not matter. Results are put together in the order of the replications' numbers.
"""

import contextlib
import ctypes
import itertools
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from sim.errors import RunFailedError, RunInterruptedError
from sim.kpi.table import kpi_table, write_kpi_table
from sim.network import Network
from sim.record.arrays import array_tables, write_arrays
from sim.record.records import Records
from sim.run.directory import RunDirectory
from sim.run.interrupt import Interruption, held_back

Progress = Callable[[int, int], None]
"""Called with (replications done, replications in all), at the start and after each one."""

ShouldStop = Callable[[], bool]
"""Asked every now and then whether the run is to be given up."""

SUBMITTED_PER_WORKER: Final = 2  # enough to keep a worker busy, few enough to be given up quickly
_LOOK_SECONDS: Final = 0.2
_GRACE_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Plan:
    """What is to be simulated. Worker processes get it without the network, which they build themselves.

    Attributes:
        network: what is simulated, in this process.
        build: makes the same network again; called once per worker process.
        simulate: the engine, called as
            `simulate(network, seed, replication, folder=..., events=..., should_stop=..., **options)`;
            it raises ConservationError when its books do not close, RunInterruptedError when it should stop.
        seed: of all random streams.
        events: keep the event log.
        options: further arguments of the engine.
        prepare: called once in this process before the first replication, with a function that tells whether to stop:
            compiles what the worker processes then find in the cache.
    """

    network: Network
    build: Callable[[], Network]
    simulate: Callable[..., Records]
    seed: int
    events: bool = False
    options: Mapping[str, object] = field(default_factory=dict)
    prepare: Callable[[ShouldStop], None] | None = None


@dataclass(frozen=True)
class Outcome:
    """A finished replication. `tables` holds its records when there is no run directory."""

    replication: int
    kpis: pa.Table
    wall_seconds: float
    cpu_seconds: float
    tables: dict[str, pa.Table]

    @property
    def timing(self) -> dict[str, float]:
        return {"wall_seconds": round(self.wall_seconds, 3), "cpu_seconds": round(self.cpu_seconds, 3)}


def run_replications(
    plan: Plan,
    replications: Iterable[int],
    run: RunDirectory | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Simulate the given replications, and check conservation in each.

    Args:
        plan: what to simulate.
        replications: their numbers.
        run: where their records go; None keeps them in memory.
        workers: processes; 1 uses this one.
        progress: told how far it is.

    Returns:
        The outcomes in the order of their numbers.

    Raises:
        RunInterruptedError: on Ctrl-C; ConservationError: when the books of a replication do not close;
        RunFailedError: when a worker died or a file could not be written. Whole replications stay in `run`.
    """
    numbers = sorted(set(replications))
    report = progress or (lambda done, total: None)
    outcomes: list[Outcome] = []
    report(0, len(numbers))
    try:
        with Interruption() as interruption:
            if plan.prepare is not None and numbers:
                plan.prepare(interruption)
            with contextlib.closing(_outcomes(plan, numbers, run, workers, interruption)) as made:
                for outcome in made:
                    outcomes.append(outcome)
                    report(len(outcomes), len(numbers))
    except (KeyboardInterrupt, RunInterruptedError) as interrupt:
        raise RunInterruptedError(f"interrupted after {len(outcomes)} of {len(numbers)} replications") from interrupt
    except BrokenProcessPool as broken:
        raise RunFailedError(
            f"a worker process was killed after {len(outcomes)} of {len(numbers)} replications "
            "(out of memory? try fewer workers with -j)"
        ) from broken
    finally:
        if run is not None:
            run.remove_parts()
    return sorted(outcomes, key=lambda outcome: outcome.replication)


def _never() -> bool:
    return False


def simulate_one(plan: Plan, replication: int, run: RunDirectory | None, should_stop: ShouldStop = _never) -> Outcome:
    """Simulate one replication (the engine checks its books), work out its KPIs and put everything where it belongs."""
    _check_not_stopped(should_stop)
    wall, cpu = time.perf_counter(), time.process_time()
    with contextlib.ExitStack() as stack:
        folder = None if run is None else stack.enter_context(run.writing(replication))
        records = plan.simulate(
            plan.network,
            plan.seed,
            replication,
            folder=folder,
            events=plan.events,
            should_stop=should_stop,
            **plan.options,
        )
        kpis = kpi_table(records)
        tables: dict[str, pa.Table] = {}
        if run is None or folder is None:
            tables = {**records.memory, **array_tables(records)}
        else:
            write_arrays(records, folder)
            write_kpi_table(kpis, folder / "kpis.parquet")
    return Outcome(replication, kpis, time.perf_counter() - wall, time.process_time() - cpu, tables)


def _check_not_stopped(should_stop: ShouldStop) -> None:
    if should_stop():
        raise RunInterruptedError("stopped")


def _outcomes(
    plan: Plan, numbers: list[int], run: RunDirectory | None, workers: int, should_stop: ShouldStop
) -> Generator[Outcome, None, None]:
    """The outcomes as they come; RunInterruptedError as soon as the run is to stop."""
    _check_not_stopped(should_stop)
    if workers > 1 and len(numbers) > 1:
        yield from _in_processes(plan, numbers, run, min(workers, len(numbers)), should_stop)
        return
    for number in numbers:
        yield simulate_one(plan, number, run, should_stop)


# --- worker processes -------------------------------------------------------------------------------------------------
_worker: dict[str, Any] = {}


@dataclass(frozen=True)
class _Order:
    """A plan on its way to a worker process."""

    build: Callable[[], Network]
    simulate: Callable[..., Records]
    seed: int
    events: bool
    options: dict[str, object]

    def plan(self) -> Plan:
        return Plan(self.build(), self.build, self.simulate, self.seed, self.events, self.options)


def _start_worker(order: _Order, run: RunDirectory | None, stop: Any) -> None:
    """Ctrl-C is the main process's business, and nobody outlives it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _worker.update(order=order, run=run, plan=None, stop=stop)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        signal.raise_signal(signal.SIGTERM)


def _told_to_stop() -> bool:
    return bool(_worker["stop"].value)


def _work(number: int) -> Outcome:
    _check_not_stopped(_told_to_stop)
    if _worker["plan"] is None:  # here and not at the start, where an error would only say that the pool is broken
        _worker["plan"] = _worker["order"].plan()
    return simulate_one(_worker["plan"], number, _worker["run"], _told_to_stop)


def _in_processes(
    plan: Plan, numbers: list[int], run: RunDirectory | None, workers: int, should_stop: ShouldStop
) -> Generator[Outcome, None, None]:
    # spawn: a forked copy of a process with threads (numba, pyarrow) can hang
    context = multiprocessing.get_context("spawn")
    before = set(multiprocessing.active_children())
    order = _Order(plan.build, plan.simulate, plan.seed, plan.events, dict(plan.options))
    stop = context.RawValue(ctypes.c_bool, False)  # without a lock, which a killed worker could take along
    pool = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(order, run, stop))
    try:
        left, waiting = iter(numbers), set[Future[Outcome]]()
        while True:
            free = workers * SUBMITTED_PER_WORKER - len(waiting)
            with held_back():  # submitting starts processes
                waiting |= {pool.submit(_work, number) for number in itertools.islice(left, free)}
            if not waiting:
                break
            done, waiting = wait(waiting, _LOOK_SECONDS, FIRST_COMPLETED)
            yield from (future.result() for future in done)
            _check_not_stopped(should_stop)
    except BaseException:
        stop.value = True
        _stop(pool, set(multiprocessing.active_children()) - before)
        raise
    pool.shutdown()


def _stop(pool: ProcessPoolExecutor, processes: set[Any]) -> None:
    """Let the workers, which have been told to stop, come to an end by themselves; then make them.

    A worker that is killed in the middle of sending a result leaves half of it in the pipe, and the pool waiting for
    the other half.
    """
    pool.shutdown(wait=False, cancel_futures=True)
    end = time.monotonic() + _GRACE_SECONDS
    for process in processes:
        process.join(max(end - time.monotonic(), 0.0))
    for process in processes:
        if process.is_alive():
            process.terminate()
            process.join(_GRACE_SECONDS)
