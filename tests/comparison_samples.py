"""A small network of two regions with variants, and comparisons made of it."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from mro_twin.cli import cli
from sim.compare.differences import Difference

REGIONS: dict[str, Any] = {
    "name": "regions",
    "start": "2026-01-05",
    "horizon": "12 wk",
    "warm_up": "2 wk",
    "items": {"filter": {"cost": "20 USD", "price": "45 USD"}},
    "nodes": {
        "maker": {"kind": "supplier", "lead_time": {"gamma": {"mean": "5 d", "cv": 0.3}}},
        "depot-a": {"kind": "warehouse", "echelon": "regional"},
        "depot-b": {"kind": "warehouse", "echelon": "regional"},
        "shop-a": {"kind": "store"},
        "shop-b": {"kind": "store"},
    },
    "lanes": [
        {"from": "maker", "to": "depot-*", "cost_per_order": "30 USD"},
        {"from": "depot-a", "to": "shop-a", "lead_time": "1 d", "cost_per_order": "3 USD"},
        {"from": "depot-b", "to": "shop-b", "lead_time": "1 d", "cost_per_order": "3 USD"},
    ],
    # many units a line: a level more or less changes the fill rate by little, which matching needs
    "demand": [
        {"node": "shop-*", "item": "filter", "compound_poisson": {"rate": "6 /d", "size": {"poisson": {"mean": 9}}}}
    ],
    "policies": [
        {"nodes": "depot-*", "policy": {"kind": "s_S", "reorder_point": 300, "order_up_to": 600}},
        {"nodes": "shop-*", "policy": {"kind": "base_stock", "level": 90}},
    ],
    "costs": {"holding_rate": "20%", "shortage_per_line": "5 USD"},
    "experiment": {"replications": 4, "seed": 4},
    "variants": {
        "rich-a": {"set": {"policies": [
            {"nodes": "depot-*", "policy": {"kind": "s_S", "reorder_point": 300, "order_up_to": 600}},
            {"nodes": "shop-*", "policy": {"kind": "base_stock", "level": 90}},
            {"nodes": "shop-a", "policy": {"kind": "base_stock", "level": 140}},
        ]}},
        "twin": {"set": {}},
    },
}  # fmt: skip


def write_regions(folder: Path, name: str = "regions", **change: Any) -> Path:
    """The scenario as a file (YAML takes JSON)."""
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(REGIONS | {"name": name} | change), encoding="utf-8")
    return path


def call(*arguments: object) -> Result:
    """A command line, called in this process."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def a_difference(**change: Any) -> Difference:
    """A sure drop of the fill rate by 1 point, with what is given in place of that."""
    values: dict[str, Any] = {
        "variant": "B", "scope": "network", "key": "network", "kpi": "fill_rate", "unit": "share",
        "base_mean": 0.95, "mean": 0.94, "difference": -0.01, "half_width": 0.002,
        "relative": -0.0105, "relative_low": -0.0126, "relative_high": -0.0084,
        "p_value": 0.001, "adjusted_p_value": 0.001, "adjusted_low": -0.012, "adjusted_high": -0.008,
        "adjusted_relative_low": -0.0126, "adjusted_relative_high": -0.0084, "best_probability": float("nan"),
        "pairs": 10, "paired": True, "identical": False, "verdict": "worse",
    }  # fmt: skip
    return Difference(**values | change)
