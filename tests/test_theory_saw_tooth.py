"""Deterministic demand: the saw-tooth of Harris (1913), not within an interval but exactly."""

import pytest

from sim import columns as c
from sim.verify.cases.economic_lot import (
    COST_PER_ORDER,
    DEMAND_PER_DAY,
    HOLDING_RATE,
    JUST_IN_TIME,
    LEAD_TIME_DAYS,
    LOTS,
    MEASURED_DAYS,
    UNIT_COST,
    saw_tooth,
)
from sim.verify.formulas.lot_size import economic_order_quantity, saw_tooth_cost_per_year
from tests.reference_inputs import DAY_MS

pytestmark = pytest.mark.theory

YEARS = MEASURED_DAYS / 365


@pytest.mark.parametrize("lot", LOTS)
def test_stock_and_cost_are_exact(lot: int) -> None:
    """Stock runs through Q - 1, ..., 0 and nobody waits; K D / Q + h (Q - 1) / 2 (Harris 1913, unit by unit)."""
    records, kpis = saw_tooth(lot)
    shop = records.network.stock_point("shop", "bolt")
    measured_ms = MEASURED_DAYS * DAY_MS
    assert 2 * int(records.summary.area[shop, c.A_ON_HAND]) == (lot - 1) * measured_ms
    assert int(records.summary.area[shop, c.A_ON_ORDER]) == DEMAND_PER_DAY * LEAD_TIME_DAYS * measured_ms
    assert kpis["orders"] == DEMAND_PER_DAY * MEASURED_DAYS / lot
    assert kpis["fill_rate"] == 1
    assert kpis["backorders"] == 0
    cost = saw_tooth_cost_per_year(lot, DEMAND_PER_DAY * 365, COST_PER_ORDER, HOLDING_RATE * UNIT_COST) * YEARS
    assert kpis["ordering_cost"] + kpis["holding_cost"] == pytest.approx(cost, rel=1e-12)


def test_the_economic_lot_costs_least() -> None:
    """Harris (1913): Q = sqrt(2 K D / h), at which ordering costs what holding Q / 2 costs."""
    best = economic_order_quantity(DEMAND_PER_DAY * 365, COST_PER_ORDER, HOLDING_RATE * UNIT_COST)
    assert best == pytest.approx(100)
    costs = {}
    for lot in LOTS:
        kpis = saw_tooth(lot)[1]
        costs[lot] = kpis["ordering_cost"] + kpis["holding_cost"]
    assert min(costs, key=costs.__getitem__) == 100


@pytest.mark.parametrize(("more", "on_hand", "backorders"), [(1, 50.5, 0.0), (20, 69.5, 0.0), (-1, 48.51, 0.01)])
def test_reorder_point_beside_just_in_time(more: int, on_hand: float, backorders: float) -> None:
    """Higher, it is safety stock; one lower, one customer in Q = 100 waits for a step of the flow."""
    kpis = saw_tooth(100, JUST_IN_TIME + more)[1]
    assert kpis["on_hand"] == pytest.approx(on_hand, rel=1e-12)
    assert kpis["backorders"] == pytest.approx(backorders, rel=1e-12)
    assert kpis["fill_rate"] == (1.0 if more >= 0 else 0.99)
