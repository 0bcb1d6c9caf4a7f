"""mro-twin: a digital twin of maintenance consumables and spare-parts networks.

    from mro_twin import load_scenario, simulate
    result = simulate(load_scenario("scenarios/network.yaml", {"horizon": "90 d"}), replications=30, seed=7)
    result.kpis        # the tidy KPI table as a DataFrame
    result.summary()   # means and confidence intervals

Everything is loaded when it is first used, so that importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mro_twin.api import compare as compare
    from mro_twin.api import simulate as simulate
    from sim.compare.comparison import Comparison as Comparison
    from sim.run.result import Result as Result
    from sim.scenario import Scenario as Scenario
    from sim.scenario import ScenarioError as ScenarioError
    from sim.scenario import load_scenario as load_scenario

_HOME: Final = {
    "load_scenario": "sim.scenario",
    "Scenario": "sim.scenario",
    "ScenarioError": "sim.scenario",
    "Result": "sim.run.result",
    "simulate": "mro_twin.api",
    "compare": "mro_twin.api",
    "Comparison": "sim.compare.comparison",
}

__all__ = ["Comparison", "Result", "Scenario", "ScenarioError", "compare", "load_scenario", "simulate"]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
