"""How the benchmark measures: processor time of all threads, the median of several runs."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import simpy

T = TypeVar("T")


@dataclass(frozen=True)
class Measured(Generic[T]):
    """Median seconds of processor time, and what the last run returned."""

    seconds: float
    result: T


def cpu_time(work: Callable[[], T], repeats: int) -> Measured[T]:
    """Run `work` `repeats` times in this process; all its threads count (Parquet is written by several)."""
    seconds = []
    for _ in range(repeats):
        begun = time.process_time()
        result = work()
        seconds.append(time.process_time() - begun)
    return Measured(statistics.median(seconds), result)


@dataclass(frozen=True)
class Child:
    """A command that ran as a process of its own: processor seconds and largest memory in bytes."""

    cpu: float
    peak_bytes: int


def run_child(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Child:
    """Run `command` and wait for it; RuntimeError with what it wrote when it does not succeed."""
    # sim.jit has set numba's cache folder in this process; the child has to work out its own
    inherited = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    process = subprocess.Popen(
        command,
        env={**inherited, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with exit code {process.returncode}:\n{said}")
    return Child(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _RSS_UNIT)


_RSS_UNIT = 1 if os.uname().sysname == "Darwin" else 1024


def median_child(command: Sequence[str], repeats: int, environment: Mapping[str, str] | None = None) -> Child:
    """Median of each figure over `repeats` runs of a command."""
    runs = [run_child(command, environment) for _ in range(repeats)]
    return Child(statistics.median(run.cpu for run in runs), max(run.peak_bytes for run in runs))


def yardstick() -> None:
    """One million timeouts of one SimPy process."""
    env = simpy.Environment()

    def ticks() -> Generator[simpy.Event, None, None]:
        for _ in range(1_000_000):
            yield env.timeout(1)

    env.process(ticks())
    env.run()
