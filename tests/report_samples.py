"""Run and comparison directories for the tests of reports: small, and with what the model does not write yet."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import mro_twin

SHOP: Mapping[str, Any] = {
    "name": "shop",
    "description": "a depot and two shops",
    "notes": ["Demand is assumed.", "A note with <b>markup</b> & signs."],
    "start": "2026-01-05",
    "horizon": "10 wk",
    "warm_up": "2 wk",
    "currency": "JPY",
    "items": {
        "filter": {"cost": "2000 JPY", "price": "4500 JPY", "lots": "fifo"},
        "seal": {"cost": "90 JPY"},
    },
    "nodes": {
        "maker": {"kind": "supplier", "lead_time": "5 d"},
        "depot": {"kind": "warehouse"},
        "shop-1": {"kind": "store"},
        "shop-2": {"kind": "store"},
    },
    "lanes": [
        {"from": "maker", "to": "depot", "cost_per_order": "400 JPY"},
        {"from": "depot", "to": "shop-*", "lead_time": "1 d", "cost_per_line": "30 JPY"},
    ],
    "demand": [{"node": "shop-*", "item": "*", "poisson": {"rate": "2 /d"}}],
    "policies": [
        {"nodes": "depot", "policy": {"kind": "base_stock", "level": 24}},
        {"nodes": "shop-*", "items": "filter", "policy": {"kind": "base_stock", "level": 3}},
    ],
    "costs": {"holding_rate": "20%", "shortage_per_line": "500 JPY"},
}


def make_run(folder: Path, replications: int = 3, **changes: Any) -> Path:
    """Simulate the shop and give its run directory."""
    path = mro_twin.simulate(mro_twin.load_scenario(SHOP, changes), replications=replications, out=folder).path
    assert path is not None
    return path


def add_kpis(run: Path, rows: list[tuple[str, str, str, float, str]]) -> None:
    """Add KPIs (scope, key, kpi, value, unit) to every replication of a run directory."""
    kpis = pd.read_parquet(run / "kpis.parquet")
    texts = ["variant", "scope", "key", "kpi", "unit"]
    kpis[texts] = kpis[texts].astype(str)
    numbers = sorted(kpis["replication"].unique())
    more = [
        {"variant": "base", "replication": number, "scope": scope, "key": key, "kpi": kpi, "value": value, "unit": unit}
        for number in numbers
        for scope, key, kpi, value, unit in rows
    ]
    both = pd.concat([kpis, pd.DataFrame(more)], ignore_index=True)
    both["replication"] = both["replication"].astype("int32")
    both[texts] = both[texts].astype("category")
    both.to_parquet(run / "kpis.parquet")


POOLING: list[tuple[str, str, str, float, str]] = [
    ("network", "network", "share_own_stock", 0.90, "share"),
    ("network", "network", "share_transfer", 0.06, "share"),
    ("network", "network", "share_emergency", 0.01, "share"),
    ("network", "network", "share_backorder", 0.03, "share"),
    ("network", "network", "transfers", 51.0, "transfers"),
    ("network", "network", "transfer_cost", 1530.0, "JPY"),
    ("network", "network", "transfer_response_hours", 6.5, "h"),
    ("pair", "shop-1->shop-2", "transfers", 41.0, "transfers"),
    ("pair", "shop-2->shop-1", "transfers", 10.0, "transfers"),
    ("network", "network", "pooled_safety_stock", 5.2, "units"),
    ("network", "network", "square_root_law", 4.5, "units"),
]


def make_comparison(folder: Path, base: Path, other: Path, labels: tuple[str, str] = ("today", "pooled")) -> Path:
    """A comparison directory of two finished runs, as `mro-twin compare` lays it out."""
    path = folder / "20260105-090000-compare-shop-abc"
    for name, run in zip(labels, (base, other), strict=True):
        target = path / "variants" / name
        target.mkdir(parents=True)
        for file in ("kpis.parquet", "summary.json", "manifest.json", "scenario.resolved.yaml"):
            shutil.copyfile(run / file, target / file)
        shutil.copytree(run / "network", target / "network")
    variants = [{"label": name, "scenario": "shop.yaml", "variant": name, "run": str(name)} for name in labels]
    manifest = {
        "kind": "comparison",
        "format": 1,
        "name": "shop",
        "seed": 0,
        "replications": 3,
        "confidence": 0.95,
        "base": labels[0],
        "variants": variants,
        "created": "2026-01-05T09:00:00+00:00",
    }
    (path / "manifest.json").write_text(json.dumps(manifest))
    (path / "comparison.json").write_text(json.dumps(findings(*labels)))
    differences(labels[1], base, other).to_parquet(path / "differences.parquet")
    return path


def findings(base: str, other: str) -> dict[str, Any]:
    """The content of comparison.json, with a value of every kind."""
    points = [
        {"variant": name, "factor": factor, "value": "x", "kpis": {"fill_rate": rate, "total_cost": 1e5 * factor}}
        for name, gain in ((base, 0.0), (other, 0.05))
        for factor, rate in ((0.6, 0.7 + gain), (1.0, 0.8 + gain), (1.4, 0.9 + gain))
    ]
    tries = [{"factor": 1.0, "value": "1.0", "difference": 0.01}, {"factor": 0.9, "value": "0.9", "difference": 0.001}]
    return {
        "sentences": [f"{other} holds more stock [1, 2] and meets more lines."],
        "changes": [{"variant": other, "path": "policies.0.policy.level", "kind": "changed", "old": 24, "new": 40}],
        "warnings": ["Runs do not share their horizon."],
        "one_sided": [{"variant": other, "scope": "node", "key": "shop-3", "side": "variant"}],
        "best": {"kpi": "total_cost", "probability": {base: 0.25, other: 0.75}},
        "match": [{"variant": other, "kpi": "fill_rate", "factor": 0.9, "difference": None, "tries": tries}],
        "frontier": points,
    }


def differences(label: str, base: Path, other: Path) -> pd.DataFrame:
    """Paired differences with Student intervals, worked out plainly."""
    keys = ["scope", "key", "kpi", "unit", "replication"]
    frames = [pd.read_parquet(path / "kpis.parquet") for path in (base, other)]
    first, second = (one.astype(dict.fromkeys(keys[:4], str)).set_index(keys)["value"] for one in frames)
    joined = pd.concat({"base": first, "other": second}, axis=1).dropna().reset_index()
    joined = joined[joined["scope"].isin(["network", "echelon"])]
    rows = []
    for (scope, key, kpi, unit), one in joined.groupby(keys[:4], sort=False):
        change = (one["other"] - one["base"]).to_numpy()
        mean, spread = float(change.mean()), float(stats.sem(change))
        width = spread * float(stats.t.ppf(0.975, len(change) - 1))
        base_mean = float(one["base"].mean())
        relative = mean / base_mean if base_mean else np.nan
        margin = width / base_mean if base_mean else np.nan
        rows.append(
            {
                "variant": label,
                "scope": scope,
                "key": key,
                "kpi": kpi,
                "unit": unit,
                "base_mean": base_mean,
                "mean": float(one["other"].mean()),
                "difference": mean,
                "half_width": width,
                "relative": relative,
                "relative_low": relative - margin,
                "relative_high": relative + margin,
                "p_value": float(2 * stats.t.sf(abs(mean) / spread, len(change) - 1)) if spread else np.nan,
                "pairs": len(change),
            }
        )
    return pd.DataFrame(rows)
