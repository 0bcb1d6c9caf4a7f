"""Normal demand, one line per day."""

from collections.abc import Iterator
from typing import Final

from sim import columns as c
from sim.verify.copies import Group, one_store
from sim.verify.formulas import normal_demand
from sim.verify.registry import Check, Effort, case
from sim.verify.samples import mean_estimate
from sim.verify.sources import ARROW_HARRIS_MARSCHAK

MEAN, DEVIATION = 1000.0, 150.0
DAILY: Final = {"normal": {"per": "1 d", "mean": MEAN, "sd": DEVIATION}}


@case("newsvendor", ARROW_HARRIS_MARSCHAK)
def newsvendor(effort: Effort) -> Iterator[Check]:
    """Each day begins with the same stock and what is short is lost: the least cost is at the critical ratio."""
    paper = normal_demand.Newsvendor(MEAN, DEVIATION, overage=1.0, underage=4.0)
    best = round(paper.best_level())
    levels = {"best": best, "lower": best - 100, "higher": best + 100}
    groups = {
        name: Group(
            f"newsvendor-{name}",
            {"store": {**DAILY, "if_short": "lost"}},
            {"store": {"kind": "base_stock", "level": level}},
        )
        for name, level in levels.items()
    }
    days = 400
    design = one_store(list(groups.values()), effort.copies(1200), "1 d", days, warm_up_days=20)
    records = effort.simulate(design.network())
    for name, level in levels.items():
        copies = design.copies_of(records, groups[name].name, "store")
        left, short = copies.level(c.A_ON_HAND), copies.total(c.T_UNITS_LOST) / days
        cost = mean_estimate(paper.overage * left + paper.underage * short)
        yield Check(f"units left, S = {level}", paper.left(level), mean_estimate(left))
        yield Check(f"units lost a day, S = {level}", paper.short(level), mean_estimate(short))
        yield Check(f"cost a day, S = {level}", paper.cost(level), cost)
        if name == "best":
            yield Check(f"least cost a day, S = {level} (critical ratio 0.8)", paper.least_cost(), cost)
