"""Deterministic demand: the saw-tooth of Harris (1913), not within an interval but exactly."""

import pytest

from sim import columns as c
from sim.build.network_builder import build_network
from sim.engine import simulate_replication
from sim.kpi.table import kpi_table
from sim.network import Network
from sim.record.records import Records
from sim.scenario import load_scenario
from tests.reference_inputs import DAY_MS
from tests.theory_formulas import economic_order_quantity, saw_tooth_cost_per_year

pytestmark = pytest.mark.theory

DEMAND_PER_DAY, LEAD_TIME_DAYS = 10, 2
COST_PER_ORDER, UNIT_COST, HOLDING_RATE = 10.0, 36.50, 0.2
LOTS = (50, 80, 100, 125, 200)
MEASURED_DAYS, WARM_UP_DAYS = 400, 200  # whole cycles of every lot
YEARS = MEASURED_DAYS / 365
JUST_IN_TIME = DEMAND_PER_DAY * LEAD_TIME_DAYS - 1  # at this position a lot comes when the last unit has gone


def network(lot: int, reorder_point: int = JUST_IN_TIME) -> Network:
    """One shop that uses an item evenly, ordered in lots."""
    return build_network(
        load_scenario(
            {
                "name": "saw-tooth",
                "start": "2026-01-05",
                "horizon": f"{WARM_UP_DAYS + MEASURED_DAYS} d",
                "warm_up": f"{WARM_UP_DAYS} d",
                "items": {"bolt": {"unit": "each", "cost": f"{UNIT_COST} USD"}},
                "nodes": {
                    "maker": {"kind": "supplier", "lead_time": f"{LEAD_TIME_DAYS} d"},
                    "shop": {"kind": "store"},
                },
                "lanes": [{"from": "maker", "to": "shop", "cost_per_order": f"{COST_PER_ORDER} USD"}],
                "demand": [{"node": "shop", "item": "bolt", "flow": {"rate": f"{DEMAND_PER_DAY} /d", "step": 1}}],
                "policies": [
                    {
                        "nodes": "shop",
                        "items": "bolt",
                        "policy": {"kind": "r_nQ", "reorder_point": reorder_point, "lot": lot},
                    }
                ],
                "costs": {"holding_rate": HOLDING_RATE},
            }
        )
    )


def simulate(lot: int, reorder_point: int = JUST_IN_TIME) -> tuple[Records, dict[str, float]]:
    """Records, and the KPIs of the network as a whole."""
    records = simulate_replication(network(lot, reorder_point), 1, 0)
    rows = kpi_table(records).to_pylist()
    return records, {row["kpi"]: row["value"] for row in rows if row["scope"] == "network"}


@pytest.mark.parametrize("lot", LOTS)
def test_stock_and_cost_are_exact(lot: int) -> None:
    """Stock runs through Q - 1, ..., 0 and nobody waits; K D / Q + h (Q - 1) / 2 (Harris 1913, unit by unit)."""
    records, kpis = simulate(lot)
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
        kpis = simulate(lot)[1]
        costs[lot] = kpis["ordering_cost"] + kpis["holding_cost"]
    assert min(costs, key=costs.__getitem__) == 100


@pytest.mark.parametrize(("more", "on_hand", "backorders"), [(1, 50.5, 0.0), (20, 69.5, 0.0), (-1, 48.51, 0.01)])
def test_reorder_point_beside_just_in_time(more: int, on_hand: float, backorders: float) -> None:
    """Higher, it is safety stock; one lower, one customer in Q = 100 waits for a step of the flow."""
    kpis = simulate(100, JUST_IN_TIME + more)[1]
    assert kpis["on_hand"] == pytest.approx(on_hand, rel=1e-12)
    assert kpis["backorders"] == pytest.approx(backorders, rel=1e-12)
    assert kpis["fill_rate"] == (1.0 if more >= 0 else 0.99)
