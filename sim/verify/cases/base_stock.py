"""Base stock at one store: every unit that is taken is ordered at once."""

from collections.abc import Iterator
from typing import Final

from sim.verify.copies import Group, one_store
from sim.verify.formulas import distributions, one_echelon
from sim.verify.registry import Check, Effort, case, performance_checks
from sim.verify.sources import FEENEY_SHERBROOKE, PALM

LEAD_TIME_DAYS: Final = 4
LEAD_TIMES: Final = {
    "constant": f"{LEAD_TIME_DAYS} d",
    "exponential": {"exponential": {"mean": f"{LEAD_TIME_DAYS} d"}},
    "uniform": {"uniform": {"low": "0 d", "high": f"{2 * LEAD_TIME_DAYS} d"}},
    "gamma": {"gamma": {"mean": f"{LEAD_TIME_DAYS} d", "cv": 0.5}},
}
"""All of the same mean; orders may overtake each other, as the theorems want it."""

ONE_A_DAY: Final = {"poisson": {"rate": "1 /d"}}


@case("Palm", PALM)
def palm(effort: Effort) -> Iterator[Check]:
    """The units on order are Poisson, whatever the distribution of the lead time."""
    level = 5
    theory = one_echelon.performance({level: 1.0}, distributions.poisson(1.0 * LEAD_TIME_DAYS))
    for law, lead_time in LEAD_TIMES.items():
        group = Group(f"palm-{law}", {"store": ONE_A_DAY}, {"store": {"kind": "base_stock", "level": level}})
        design = one_store([group], effort.copies(800), lead_time, days=2000)
        copies = design.copies_of(effort.simulate(design.network()), group.name, "store")
        yield from performance_checks(f"S = {level}, {law} lead time", copies, theory)


@case("Feeney-Sherbrooke", FEENEY_SHERBROOKE)
def several_units(effort: Effort) -> Iterator[Check]:
    """Where customers take several units, the units on order are compound Poisson (here with geometric sizes)."""
    level, success = 12, 0.5
    sizes = distributions.geometric(success)
    demand = {"compound_poisson": {"rate": "1 /d", "size": {"geometric": {"mean": 1 / success}}}}
    on_order = distributions.compound_poisson(1.0 * LEAD_TIME_DAYS, sizes)
    theory = one_echelon.performance({level: 1.0}, on_order, sizes)
    group = Group("stuttering", {"store": demand}, {"store": {"kind": "base_stock", "level": level}})
    design = one_store([group], effort.copies(600), LEAD_TIMES["exponential"], days=3000)
    copies = design.copies_of(effort.simulate(design.network()), group.name, "store")
    yield from performance_checks(f"S = {level}, exponential lead time", copies, theory)
