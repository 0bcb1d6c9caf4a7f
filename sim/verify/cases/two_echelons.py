"""A depot and the stores it serves one for one."""

from collections.abc import Iterator
from typing import Final

from sim.verify.copies import Design, Group
from sim.verify.formulas.two_echelons import TwoEchelons
from sim.verify.registry import Check, Effort, case, performance_checks
from sim.verify.sources import PALM, SHERBROOKE, SIMON

SYSTEM: Final = TwoEchelons(depot_level=9, depot_lead_time_days=6.0, rates_per_day=(1.0, 0.5, 0.25), transit_days=1.0)
LEVELS: Final = (2, 1, 1)
LEAD_TIMES: Final = {"constant": "6 d", "exponential": {"exponential": {"mean": "6 d"}}}


@case("two echelons", SIMON)
def depot_and_stores(effort: Effort) -> Iterator[Check]:
    """On order at a store: a binomial share of what the depot owes, and the demand of the transit. METRIC is near."""
    for law, lead_time in LEAD_TIMES.items():
        design = two_echelons(law, lead_time, effort.copies(300))
        records = effort.simulate(design.network())
        for store, level in enumerate(LEVELS):
            what = f"store {store + 1}, S = {level}, {law} lead time"
            copies = design.copies_of(records, f"depot-{law}", f"store-{store + 1}")
            yield from performance_checks(what, copies, SYSTEM.store(store, level))
            metric = SYSTEM.store_by_metric(store, level)
            yield Check(
                f"fill rate by METRIC, {what}", metric.fill_rate, copies.fill_rate, SHERBROOKE, information=True
            )
        depot, expected = design.copies_of(records, f"depot-{law}", "depot"), SYSTEM.depot()
        yield Check(f"owed to stores, depot, {law} lead time", expected.backorders, depot.owed_to_stores, PALM)
        yield Check(f"on hand, depot, {law} lead time", expected.on_hand, depot.on_hand, PALM)


def two_echelons(law: str, lead_time: object, copies: int) -> Design:
    """Copies of the whole system."""
    stores = [f"store-{number + 1}" for number in range(len(LEVELS))]
    rates, levels = dict(zip(stores, SYSTEM.rates_per_day, strict=True)), dict(zip(stores, LEVELS, strict=True))
    group = Group(
        f"depot-{law}",
        {store: {"poisson": {"rate": f"{rate} /d"}} for store, rate in rates.items()},
        {
            node: {"kind": "base_stock", "level": level}
            for node, level in (levels | {"depot": SYSTEM.depot_level}).items()
        },
    )
    nodes = {store: {"kind": "store"} for store in stores}
    return Design(
        {**nodes, "depot": {"kind": "warehouse"}, "maker": {"kind": "supplier", "lead_time": lead_time}},
        [
            {"from": "depot", "to": stores, "lead_time": f"{SYSTEM.transit_days} d"},
            {"from": "maker", "to": "depot"},
        ],
        [group],
        copies,
        days=2500,
        warm_up_days=150,
    )
