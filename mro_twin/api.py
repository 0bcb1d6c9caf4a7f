"""The Python way in."""

from pathlib import Path

from sim.run.result import Result
from sim.run.simulation import RunOptions, run_scenario
from sim.scenario import Scenario


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
