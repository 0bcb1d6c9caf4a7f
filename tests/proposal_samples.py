"""A sizing that was not simulated: designs by the formulas, outcomes made up, so that a page of it takes no time."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any

import numpy as np

from sim.scenario.sizing import SizingSection
from sim.size.design import Design, Task, design
from sim.size.money import money_of, prices_for
from sim.size.offer import customer_offer
from sim.size.power import provable
from sim.size.search import Found
from sim.size.simulate import Outcomes
from sim.size.study import Appraisal, CurvePoint, Sensitivity, Study, Tier, appraisal
from sim.size.usage_table import ItemUse
from tests.size_samples import section_of, use

REPLICATIONS = 40
OFFER: Mapping[str, Any] = {"supplier": "Northern Supply", "customer": "Works & Sons", "base_fee": "500 USD"}
ITEMS = (
    use("grease", 40.0, 0.3),
    use("gasket", 12.0, 0.4),
    use("gloves", 30.0, 0.2, critical=False),
)


def outcomes(task: Task, kept: float = 1.0, stops: float = 0.1) -> Outcomes:
    """Made-up replications of which the first share kept the promise."""
    n, items = REPLICATIONS, len(task.items)
    share = np.where(np.arange(n) < round(kept * n), 0.999, 0.9)
    used = np.array([float(one.use_per_month) for one in task.items])
    return Outcomes(
        share >= task.promise.availability, share, share, np.full(n, 0.2), np.full(n, stops), np.full(n, 8.0),
        np.outer(np.linspace(0.9, 1.1, n), used), np.full((n, items), 3.37),
    )  # fmt: skip


def appraised(section: SizingSection, task: Task, one: Design, **seen: float) -> Appraisal:
    """What made-up replications say of a design."""
    made = outcomes(task, **seen)
    return appraisal(section, task, one, made, money_of(section, task, one, made))


def make_study(items: tuple[ItemUse, ...] = ITEMS, offer: Mapping[str, Any] = OFFER, **changes: Any) -> Study:
    """A whole study of some items: recommended design, two alternatives, curve, tiers, what if, what can be proven."""
    tiers = {
        "basic": {"availability": "95%", "probability": "80%"},
        "standard": {"availability": "97%", "probability": "80%", "confidence": "90%"},
        "premium": {"availability": "99.5%", "probability": "95%", "covers": "all", "emergency_time": "4 h"},
    }
    section = section_of(**{"offer": {"margin": "20%", **offer}, "tiers": tiers, **changes})
    task = Task.of(section, items)
    levels = [max(2, round(float(one.use_per_month) / 2)) for one in items]
    week, fortnight = task.visits.intervals[1], task.visits.intervals[2]
    best = design(task, week, levels)
    other, third = design(task, fortnight, [2 * one for one in levels]), design(task, week, [3 * one for one in levels])
    seen = outcomes(task)
    money = money_of(section, task, best, seen)
    mine = appraised(section, task, best)
    figures = provable(24.0, 0.1, 365.0, 182.5, task.windows, task.promise.probability)
    found = [
        Tier(name, promise, appraised(section, Task.of(section, items, promise), best), 417.31)
        for name, promise in section.tiers.items()
    ]
    return Study(
        "sample", "USD", section, task, 7, 900, Found(best, (best, other, third), (), True, (), 1.0), mine,
        (appraised(section, task, other), appraised(section, task, third, kept=0.9)),
        tuple(CurvePoint(factor, 0.9 + factor / 11, 1.0, mine.cost + 300 * (1 - factor)) for factor in (0.5, 0.8, 1.0)),
        (
            Sensitivity("usage", 1.2, 0.9, 0.98, mine.cost, 100.0, 321.0),
            Sensitivity("stop_cost", 2.0, 1.0, 0.99, mine.cost, 100.0, 1234.0),
            Sensitivity("promise", 0.985, 0.8, 0.99, mine.cost, 100.0, 400.0),
        ),
        tuple(found), prices_for(money, section.offer), ((0.1, figures), (0.8, replace(figures, chance_of_cut=0.93))),
    )  # fmt: skip


@lru_cache(maxsize=1)
def sample() -> Study:
    """The usual one."""
    return make_study()


def offer_of(study: Study) -> dict[str, Any]:
    """As the page takes it."""
    return asdict(customer_offer(study))
