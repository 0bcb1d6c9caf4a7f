"""All cases, in one process or several, and the verdicts.

A case depends on the seed and on nothing else, so neither the number of processes nor the choice of cases changes what
it simulates. The confidence is a joint one: all intervals with a verdict together contain the truth with `CONFIDENCE`,
so that a run in which nothing is wrong shows a single miss in one of a hundred runs at most, however many checks there
are (Bonferroni).
"""

import contextlib
import ctypes
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from sim.errors import RunFailedError, RunInterruptedError, TwinError
from sim.run.interrupt import Interruption, held_back
from sim.run.warm_up import compile_all
from sim.verify.registry import Case, Check, Effort, ShouldStop, all_cases
from sim.verify.samples import Interval, joint_confidence
from sim.verify.sources import Source

CONFIDENCE: Final = 0.99
"""Of all intervals together."""

WIDEST: Final = 0.04
"""Half width of an interval, at most, as a share of the theory's value: a wider one would prove nothing."""

WIDEST_QUICK: Final = 0.08

PLANT_FAMILIES: Final = frozenset({"detection", "devices", "gateways", "machines", "service windows", "wear"})
"""Families of cases that simulate plants or devices."""

Verdict = Literal["agrees", "differs", "too wide", "information"]
Progress = Callable[[int, int], None]
_LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True)
class CaseOutcome:
    """What a case found, before any verdict."""

    name: str
    checks: tuple[Check, ...]
    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Row:
    """A line of the page: one check with its interval and verdict."""

    case: Case
    check: Check
    interval: Interval
    verdict: Verdict

    @property
    def source(self) -> Source:
        return self.check.source or self.case.source

    @property
    def failed(self) -> bool:
        return self.verdict in ("differs", "too wide")


@dataclass(frozen=True)
class Verification:
    """All rows in the order of the page.

    Attributes:
        confidence: of each interval. joint_confidence: of all with a verdict together.
        timings: seconds of CPU of each case.
    """

    rows: tuple[Row, ...]
    seed: int
    quick: bool
    confidence: float
    joint_confidence: float
    wall_seconds: float
    timings: dict[str, float]

    @property
    def failures(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.failed)

    @property
    def judged(self) -> int:
        """Number of rows with a verdict."""
        return sum(row.verdict != "information" for row in self.rows)


def select(wanted: Sequence[str]) -> list[str]:
    """Names of the cases of which the name or family contains one of the texts; all cases without any.

    TwinError (exit code 2) when a text fits none.
    """
    cases = all_cases()
    if not wanted:
        return list(cases)
    found: set[str] = set()
    for text in wanted:
        fits = {name for name, one in cases.items() if text.lower() in f"{name} {one.family}".lower()}
        if not fits:
            raise TwinError(f"no case is called like `{text}`; there are: {', '.join(cases)}")
        found |= fits
    return [name for name in cases if name in found]


def uses_plants(names: Iterable[str]) -> bool:
    """Whether some of these cases simulate plants or devices."""
    cases = all_cases()
    return any(cases[name].family in PLANT_FAMILIES for name in names)


def verify(names: Sequence[str], effort: Effort, workers: int = 1, progress: Progress | None = None) -> Verification:
    """Run the cases of these names.

    Raises RunInterruptedError on Ctrl-C, RunFailedError when a worker process dies, ConservationError when the books of
    a simulation do not close.
    """
    begin = time.perf_counter()
    report = progress or (lambda done, total: None)
    outcomes: list[CaseOutcome] = []
    report(0, len(names))
    try:
        with Interruption() as interrupted:
            compile_all(interrupted, uses_plants(names))
            with contextlib.closing(_outcomes(names, effort, workers, interrupted)) as made:
                for outcome in made:
                    outcomes.append(outcome)
                    report(len(outcomes), len(names))
    except (KeyboardInterrupt, RunInterruptedError) as interrupt:
        raise RunInterruptedError(f"interrupted after {len(outcomes)} of {len(names)} cases") from interrupt
    except BrokenProcessPool as broken:
        raise RunFailedError("a worker process was killed (out of memory? try fewer workers with -j)") from broken
    outcomes.sort(key=lambda outcome: names.index(outcome.name))
    return judge(outcomes, effort, time.perf_counter() - begin)


def judge(outcomes: Iterable[CaseOutcome], effort: Effort, wall_seconds: float = 0.0) -> Verification:
    """The verdicts on what cases found."""
    cases, found = all_cases(), list(outcomes)
    judged = sum(not check.information for outcome in found for check in outcome.checks)
    confidence = joint_confidence(CONFIDENCE, judged)
    rows = tuple(
        _row(cases[outcome.name], check, confidence, effort.quick) for outcome in found for check in outcome.checks
    )
    timings = {outcome.name: outcome.cpu_seconds for outcome in found}
    return Verification(rows, effort.seed, effort.quick, confidence, CONFIDENCE, wall_seconds, timings)


def _row(case: Case, check: Check, confidence: float, quick: bool) -> Row:
    interval = check.estimate.interval(confidence)
    verdict: Verdict = "agrees"
    if check.information:
        verdict = "information"
    elif not interval.contains(check.theory):
        verdict = "differs"
    elif not check.wide and interval.half_width > (WIDEST_QUICK if quick else WIDEST) * abs(check.theory):
        verdict = "too wide"
    return Row(case, check, interval, verdict)


# --- doing it ---------------------------------------------------------------------------------------------------------
def _outcomes(
    names: Sequence[str], effort: Effort, workers: int, interrupted: ShouldStop
) -> Generator[CaseOutcome, None, None]:
    if workers > 1 and len(names) > 1:
        yield from _in_processes(names, effort, min(workers, len(names)), interrupted)
        return
    for name in names:
        if interrupted():
            raise RunInterruptedError("stopped")
        yield run_case(name, replace(effort, should_stop=interrupted))


def run_case(name: str, effort: Effort) -> CaseOutcome:
    """Run one case in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    checks = tuple(all_cases()[name].checks(effort))
    return CaseOutcome(name, checks, time.perf_counter() - wall, time.process_time() - cpu)


# --- worker processes -------------------------------------------------------------------------------------------------
_worker: dict[str, Any] = {}


def _in_processes(
    names: Sequence[str], effort: Effort, workers: int, interrupted: ShouldStop
) -> Generator[CaseOutcome, None, None]:
    context = multiprocessing.get_context("spawn")  # a forked copy of a process with threads can hang
    stop = context.RawValue(ctypes.c_bool, False)  # without a lock, which a killed worker could take along
    pool = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(stop,))
    try:
        with held_back():  # submitting starts processes, which must not hear of Ctrl-C
            # the last cases take longest, and a long one at the end would leave the other processes idle
            waiting: set[Future[CaseOutcome]] = {pool.submit(_work, name, effort) for name in reversed(names)}
        while waiting:
            done, waiting = wait(waiting, _LOOK_SECONDS, FIRST_COMPLETED)
            yield from (future.result() for future in done)
            if interrupted():
                raise RunInterruptedError("stopped")
    finally:
        stop.value = True
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(stop: Any) -> None:
    """Ctrl-C is the main process's business, and nobody outlives it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _worker["stop"] = stop


def _told_to_stop() -> bool:
    return bool(_worker["stop"].value)


def _work(name: str, effort: Effort) -> CaseOutcome:
    return run_case(name, replace(effort, should_stop=_told_to_stop))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        signal.raise_signal(signal.SIGTERM)
