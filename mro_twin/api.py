"""The Python way in."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sim.run.result import Result
from sim.run.simulation import RunOptions, run_scenario
from sim.scenario import Scenario

if TYPE_CHECKING:
    from sim.compare.comparison import Comparison


def simulate(
    scenario: Scenario,
    replications: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    *,
    out: str | Path | None = None,
    events: bool = False,
) -> Result:
    """Simulate a scenario.

    Args:
        scenario: from `load_scenario`.
        replications, seed: None takes the scenario's `experiment`.
        workers: processes; the result does not depend on it. A script that asks for more than one keeps its own start
            under `if __name__ == "__main__":`, as always with processes.
        out: folder to write a run directory into; None keeps everything in memory.
        events: keep every demand line and movement (table `events`).

    Returns:
        KPIs (`.kpis`, `.summary()`) and records (`.tables`).

    Raises:
        ValueError: fewer than one replication or worker.
        sim.errors.TwinError: conservation is broken, a file cannot be written, a worker died.
    """
    if replications is not None and replications < 1:
        raise ValueError(f"replications must be at least 1, not {replications}")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    folder = None if out is None else Path(out)
    return run_scenario(scenario, RunOptions(replications, seed, workers, folder, events))


def compare(
    *variants: Scenario | str | Path,
    replications: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    out: str | Path | None = None,
    settings: Sequence[str] = (),
    match: str | Literal[False] | None = None,
    scale: str | None = None,
    frontier: bool = False,
    best: str = "total_cost",
) -> "Comparison":
    """Compare variants with the first one under common random numbers.

    Args:
        variants: scenarios from `load_scenario`, scenario files or built-in names (with `@variant`), or directories of
            finished runs. A single file stands for all its variants.
        replications, seed: None takes those of the first finished run, else the base's `experiment`.
        workers: processes; see `simulate`.
        out: folder to write a comparison directory into; None keeps everything in memory.
        settings: overrides for all, as in `--set`: `["horizon=90 d"]`.
        match: KPI of the network in which each variant is brought to the base first, by scaling the number at `scale`.
            None takes what the scenario's `comparison` section says, where a single file was named; False: none.
        frontier: also simulate each variant with stock scaled from 0.6 to 1.6 times.
        best: KPI for the probability of being best.

    Returns:
        Differences (`.differences`, a DataFrame), the answer in words (`.sentences`), changes, warnings.

    Raises:
        ScenarioError: a scenario is wrong. sim.errors.TwinError: a run is not finished, was written by another version,
            or `match` cannot be reached. ValueError: fewer than one replication or worker.
    """
    from sim.compare.comparison import CompareOptions, compare_subjects, with_stated
    from sim.compare.subjects import find_subjects, stated_comparison

    if replications is not None and replications < 1:
        raise ValueError(f"replications must be at least 1, not {replications}")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    if not variants:
        raise ValueError("name at least two variants, or a scenario file that has some")
    folder = None if out is None else Path(out)
    options = CompareOptions(
        replications, seed, workers, folder, False, match or None, scale or "", frontier, best, settings=tuple(settings)
    )
    subjects = find_subjects(variants, settings)
    return compare_subjects(subjects, with_stated(options, stated_comparison(variants, subjects), match is False))
