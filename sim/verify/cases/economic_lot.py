"""Even demand: the saw-tooth, not within an interval but exactly."""

from collections.abc import Iterator
from typing import Final

from sim.build.network_builder import build_network
from sim.engine import simulate_replication
from sim.kpi.table import kpi_table
from sim.record.records import Records
from sim.scenario import load_scenario
from sim.verify.formulas import lot_size
from sim.verify.registry import Check, Effort, case
from sim.verify.samples import ExactValue
from sim.verify.sources import HARRIS

DEMAND_PER_DAY: Final = 10
LEAD_TIME_DAYS: Final = 2
COST_PER_ORDER: Final = 10.0
UNIT_COST: Final = 36.50
HOLDING_RATE: Final = 0.2
LOTS: Final = (50, 80, 100, 125, 200)
MEASURED_DAYS, WARM_UP_DAYS = 400, 200  # whole cycles of every lot
JUST_IN_TIME: Final = DEMAND_PER_DAY * LEAD_TIME_DAYS - 1  # at this position a lot comes when the last unit has gone


@case("EOQ", HARRIS)
def economic_lot(effort: Effort) -> Iterator[Check]:
    """Ordering and holding cost of a year, to the cent; the lot of lowest cost is sqrt(2 K D / h)."""
    demand, holding = DEMAND_PER_DAY * 365.0, HOLDING_RATE * UNIT_COST
    costs = {}
    for lot in LOTS:
        kpis = saw_tooth(lot, seed=effort.seed)[1]
        costs[lot] = (kpis["ordering_cost"] + kpis["holding_cost"]) * 365 / MEASURED_DAYS
        theory = lot_size.saw_tooth_cost_per_year(lot, demand, COST_PER_ORDER, holding)
        yield Check(f"cost per year, lot of {lot}", theory, ExactValue(costs[lot]))
    best = lot_size.economic_order_quantity(demand, COST_PER_ORDER, holding)
    yield Check("lot of lowest cost", best, ExactValue(min(costs, key=costs.__getitem__)))


def saw_tooth(lot: int, reorder_point: int = JUST_IN_TIME, seed: int = 1) -> tuple[Records, dict[str, float]]:
    """One shop that uses an item evenly, ordered in lots: records, and the KPIs of the network as a whole."""
    scenario = load_scenario(
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
    records = simulate_replication(build_network(scenario), seed, 0)
    rows = kpi_table(records).to_pylist()
    return records, {row["kpi"]: row["value"] for row in rows if row["scope"] == "network"}
