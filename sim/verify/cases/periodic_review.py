"""Base stock under periodic review, normal demand."""

from collections.abc import Iterator
from typing import Any, Final

from sim.verify.copies import Design, Group
from sim.verify.formulas import normal_demand
from sim.verify.registry import Check, Effort, case, performance_checks
from sim.verify.sources import HADLEY_WHITIN

MEAN, DEVIATION = 1000.0, 150.0
SYSTEMS: Final = ((7, 2, 7900), (3, 4, 6000), (1, 3, 3100))
"""Days from review to review, lead time in days, level."""


@case("periodic base stock", HADLEY_WHITIN)
def order_up_to_on_a_calendar(effort: Effort) -> Iterator[Check]:
    """Ordering up to a level every so many days: stock and debts over the days between two arrivals."""
    for review, lead, level in SYSTEMS:
        name = f"review-{review}"
        group = Group(
            name,
            {"store": {"normal": {"per": "1 d", "mean": MEAN, "sd": DEVIATION}}},
            {"store": {"kind": "base_stock", "level": level}},
        )
        nodes: dict[str, dict[str, Any]] = {
            "store": {"kind": "store", "review": {"every": f"{review} d"}},
            "maker": {"kind": "supplier", "lead_time": f"{lead} d"},
        }
        cycles = 21  # whole cycles of every system
        lane = {"from": "maker", "to": "store"}
        design = Design(nodes, [lane], [group], effort.copies(1200), days=20 * cycles, warm_up_days=2 * cycles)
        copies = design.copies_of(effort.simulate(design.network()), name, "store")
        theory = normal_demand.periodic_base_stock(MEAN, DEVIATION, level, review, lead)
        yield from performance_checks(f"every {review} d, lead time {lead} d, S = {level}", copies, theory)
