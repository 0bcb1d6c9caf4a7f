"""Runs a sizing with workers of its own: what `mro-twin size` calls."""

from dataclasses import dataclass

from sim.run import simulation
from sim.run.experiment import Progress
from sim.scenario import Scenario
from sim.size.search import QUICK, Effort, Say
from sim.size.simulate import Simulations
from sim.size.study import FRESH, Sizer, Study, task_of


@dataclass(frozen=True)
class SizeOptions:
    """How a pilot is sized.

    Attributes:
        seed: of all that is simulated; None takes the scenario's. workers: processes; results do not depend on it.
        quick: fewer replications, for a first look. effort: instead, if given.
    """

    seed: int | None = None
    workers: int = 1
    quick: bool = False
    effort: Effort | None = None


def size_pilot(
    scenario: Scenario, options: SizeOptions, progress: Progress | None = None, say: Say | None = None
) -> Study:
    """The sizing of a scenario with a section `sizing`; ScenarioError without one, and what a run raises."""
    task_of(scenario)
    seed = scenario.experiment.seed if options.seed is None else options.seed
    effort = options.effort or (QUICK if options.quick else Effort())
    with simulation.opened(None, options.workers) as crew:
        searching, fresh = Simulations(seed, crew, progress), Simulations(seed + FRESH, crew, progress)
        return Sizer(scenario, searching, fresh, effort, say or (lambda text: None)).run(seed)
