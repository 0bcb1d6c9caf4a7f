"""A depot and the stores it serves one for one: the exact closed form holds, and METRIC does not."""

from functools import cache

import pytest

from sim.network import DISTRIBUTION_EXPONENTIAL, Distribution, Lane
from sim.verify.copies import Copies
from sim.verify.formulas.two_echelons import TwoEchelons
from tests.reference_inputs import DAY_MS, Draft, Item, Point, PoissonSource, constant, small_network
from tests.theory_runs import CONFIDENCE, Comparison, simulate

pytestmark = pytest.mark.theory

STORES = 3
DEPOT, SUPPLIER = STORES, STORES + 1
COPIES = 200
DAYS, WARM_UP_DAYS = 4000, 150
SYSTEM = TwoEchelons(depot_level=9, depot_lead_time_days=6.0, rates_per_day=(1.0, 0.5, 0.25), transit_days=1.0)
LEVELS = (2, 1, 1)
LEAD_TIMES = {
    "constant": constant(int(SYSTEM.depot_lead_time_days * DAY_MS)),
    "exponential": Distribution(DISTRIBUTION_EXPONENTIAL, SYSTEM.depot_lead_time_days * DAY_MS),
}
any_lead_time = pytest.mark.parametrize("lead_time", LEAD_TIMES)


@cache
def run(lead_time: str) -> list[Copies]:
    """Samples of each store, then of the depot; every item is a copy of the whole system."""
    levels = (*LEVELS, SYSTEM.depot_level)
    records = simulate(
        small_network(
            Draft(
                kinds=["store"] * STORES + ["warehouse", "supplier"],
                lanes=[
                    *(Lane(DEPOT, store, constant(int(SYSTEM.transit_days * DAY_MS))) for store in range(STORES)),
                    Lane(SUPPLIER, DEPOT, LEAD_TIMES[lead_time]),
                ],
                items=[Item()] * COPIES,
                points=[
                    Point(node, item, node, reorder_point=level - 1, order_up_to=level, on_hand=level)
                    for node, level in enumerate(levels)
                    for item in range(COPIES)
                ],
                poisson=[
                    PoissonSource(store, item, rate)
                    for store, rate in enumerate(SYSTEM.rates_per_day)
                    for item in range(COPIES)
                ],
                horizon_ms=(WARM_UP_DAYS + DAYS) * DAY_MS,
                warm_up_ms=WARM_UP_DAYS * DAY_MS,
            )
        )
    )
    return [Copies(records, node * COPIES, COPIES) for node in range(len(levels))]


@any_lead_time
def test_stores_are_exact(lead_time: str) -> None:
    """Simon (1971), Graves (1985): a binomial share of what the depot owes, and the demand of the transit time."""
    with Comparison() as compare:
        for store, level in enumerate(LEVELS):
            compare.performance(f"store {store}", run(lead_time)[store], SYSTEM.store(store, level))


@any_lead_time
def test_depot_is_exact(lead_time: str) -> None:
    """Palm (1938): the depot sees the stores' customers one by one, a Poisson process."""
    depot, expected = run(lead_time)[DEPOT], SYSTEM.depot()
    with Comparison() as compare:
        compare.inside("owed to stores", depot.owed_to_stores, expected.backorders)
        compare.inside("on hand", depot.on_hand, expected.on_hand)


@any_lead_time
def test_metric_is_not(lead_time: str) -> None:
    """METRIC (Sherbrooke 1968) takes too small a variance; what it says of every store is outside the interval."""
    for store, level in enumerate(LEVELS):
        copies, approximate = run(lead_time)[store], SYSTEM.store_by_metric(store, level)
        assert not copies.fill_rate.interval(CONFIDENCE).contains(approximate.fill_rate)
        assert not copies.backorders.interval(CONFIDENCE).contains(approximate.backorders)
        assert not copies.on_hand.interval(CONFIDENCE).contains(approximate.on_hand)


@pytest.mark.parametrize(("level", "low", "high"), [(2, -0.18, -0.17), (4, -0.54, -0.53), (6, -0.81, -0.80)])
def test_how_far_metric_is_off(level: int, low: float, high: float) -> None:
    """By the formulas alone: METRIC promises the largest store fewer backorders than it has, the more it stocks."""
    error = SYSTEM.store_by_metric(0, level).backorders / SYSTEM.store(0, level).backorders - 1
    assert low < error < high


def test_metric_is_exact_without_stock_at_the_depot() -> None:
    """Then the depot owes a Poisson number of units, and shares of that are Poisson."""
    bare = TwoEchelons(0, SYSTEM.depot_lead_time_days, SYSTEM.rates_per_day, SYSTEM.transit_days)
    exact, approximate = bare.store(0, 5), bare.store_by_metric(0, 5)
    assert exact.fill_rate == pytest.approx(approximate.fill_rate, rel=1e-9)
    assert exact.backorders == pytest.approx(approximate.backorders, rel=1e-9)
