"""A chain of a store, a regional and a central warehouse."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sim import columns as c
from sim.network import Float64Array
from sim.record.records import Records
from sim.verify.copies import Design, Group
from sim.verify.formulas.serial import Series
from sim.verify.registry import Check, Effort, case, performance_checks
from sim.verify.samples import mean_estimate
from sim.verify.sources import CLARK_SCARF, SIMON

CHAIN: Final = Series(rate_per_day=1.0, lead_days=(1.0, 2.0, 3.0), echelon_holding=(1.0, 0.5, 0.25), backorder=10.0)
STAGES: Final = ("store", "regional", "central")


@case("Clark-Scarf", CLARK_SCARF)
def serial_system(effort: Effort) -> Iterator[Check]:
    """Three stages in series at their optimal levels: mean holding and backorder cost; other levels cost more."""
    best, least = CHAIN.optimum()
    plans = {
        "best": best,
        "lean": tuple(level - 1 for level in best),
        "rich": tuple(level + step for step, level in enumerate(best, start=1)),
    }
    for name, plan in plans.items():
        levels = CHAIN.installation_levels(plan)
        design = _design(f"serial-{name}", levels, effort.copies(600))
        records = effort.simulate(design.network())
        what = f"levels {', '.join(map(str, levels))}" + (" (the best)" if name == "best" else "")
        theory = least if name == "best" else CHAIN.cost(plan)
        yield Check(f"cost a day, {what}", theory, mean_estimate(_cost(design, records)))
        if name == "best":
            store = design.copies_of(records, design.groups[0].name, "store")
            for check in performance_checks("store, the best levels", store, CHAIN.customers(levels)):
                yield replace(check, source=SIMON)


def _design(name: str, levels: Sequence[int], copies: int) -> Design:
    nodes = {"store": {"kind": "store"}, "regional": {"kind": "warehouse"}, "central": {"kind": "warehouse"}}
    supplier = {"kind": "supplier", "lead_time": f"{CHAIN.lead_days[-1]} d"}
    lanes = [
        {"from": above, "to": below, "lead_time": f"{days} d"}
        for below, above, days in zip(STAGES, (*STAGES[1:], "maker"), CHAIN.lead_days, strict=True)
    ]
    policies = {stage: {"kind": "base_stock", "level": level} for stage, level in zip(STAGES, levels, strict=True)}
    group = Group(name, {"store": {"poisson": {"rate": f"{CHAIN.rate_per_day} /d"}}}, policies)
    return Design({**nodes, "maker": supplier}, lanes, [group], copies, days=1000)


def _cost(design: Design, records: Records) -> Float64Array:
    """Cost per day of each copy: every echelon's stock at its rate, and what customers are owed."""
    stages = [design.copies_of(records, design.groups[0].name, stage) for stage in STAGES]
    echelon = np.zeros(design.copies)
    cost = CHAIN.backorder * stages[0].level(c.A_WAITING_CUSTOMERS)
    for number, stage in enumerate(stages):
        if number:  # on its way to the stage below: on order there, and no longer owed here
            echelon += stages[number - 1].level(c.A_ON_ORDER) - stage.level(c.A_WAITING_ORDERS)
        echelon = echelon + stage.level(c.A_ON_HAND)
        cost = cost + CHAIN.echelon_holding[number] * echelon
    return cost
