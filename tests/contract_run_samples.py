"""The plant of `plant_run_samples` with two contracts: a service that promises availability, and an ordinary sale."""

from pathlib import Path
from typing import Any

import mro_twin
from tests.plant_run_samples import plant_sample

SERVICE: dict[str, Any] = {
    "customer": "works",
    "nodes": "shelf",
    "items": ["filter", "grease"],
    "title": "use",
    "payment_terms": "30 d",
    "financing": "8 %",
    "costs": {"per_month": "200 USD", "per_visit": "5 USD"},
    "baseline": {"stop_cost_per_year": "60000 USD", "goods_per_year": "40000 USD", "stock_value": "3000 USD"},
    "terms": {
        "base": {"kind": "subscription", "amount": "300 USD"},
        "grease": {"kind": "usage", "items": "grease", "price": "14.50 USD/kg"},
        "filters": {"kind": "usage", "items": "filter", "price": "45 USD"},
    },
    "sla": {
        "critical": {"measure": "availability", "target": "99 %", "window": "2 wk", "penalty": {"lump_sum": "80 USD"}},
        "asked": {"measure": "fill_rate", "target": "1 %", "window": "2 wk", "penalty": {"lump_sum": "80 USD"}},
    },
}
GLOVES: dict[str, Any] = {
    "customer": "works",
    "nodes": "vending",
    "items": "glove",
    "title": "delivery",
    "billing": "4 wk",
    "terms": {"gloves": {"kind": "sale", "price": "2.555 USD"}},
}


def contract_sample() -> dict[str, Any]:
    """The plant with its contracts."""
    return plant_sample() | {"contracts": {"service": SERVICE, "gloves": GLOVES}}


def contract_run(folder: Path, replications: int = 3) -> Path:
    """Simulate it and give the run directory."""
    path = mro_twin.simulate(mro_twin.load_scenario(contract_sample()), replications=replications, out=folder).path
    assert path is not None
    return path
