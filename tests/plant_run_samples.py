"""A plant with lines, devices and rules that runs for a few weeks: enough of everything for traces and reports."""

from pathlib import Path
from typing import Any

import mro_twin
from tests.device_scenarios import device_sample


def plant_sample() -> dict[str, Any]:
    """The devices' sample with two lines, filters in lots that come with certificates, and rules that watch."""
    data = device_sample()
    data |= {"name": "works", "horizon": "16 wk", "warm_up": "2 wk", "currency": "USD"}
    data["items"]["filter"] |= {
        "lots": "fefo",
        "shelf_life": "60 d",
        "certificate": True,
        "critical": True,
        "price": "45 USD",
    }
    data["items"]["wrench"] |= {"lots": "fifo"}
    data["items"]["grease"] |= {"critical": True}
    lathe = {
        "failures": {"every": "200 h", "repair": {"exponential": {"mean": "3 h"}}},
        "uses": {
            "filter": {"wear": {"shape": 2, "life": "60 h"}, "from": "shelf"},
            "grease": {"every": "20 h", "quantity": "0.5 kg", "from": "shelf", "missing": "run_on"}
            | {"failure_factor": 4},
        },
    }
    data["nodes"]["works"] |= {
        "stop_cost_per_hour": "100 USD",
        "maintenance": "fitters",
        "lines": {
            "turning": {"machines": {"lathe-{1..3}": lathe}},
            "milling": {"machines": {"mill": {"failures": lathe["failures"]}}},
        },
    }
    data["detection"] = [
        {"nodes": "tank", "items": "coolant", "rule": {"kind": "leak", "rate": "0.5 l /h"}},
        {"nodes": "shelf", "items": "filter", "rule": {"kind": "low_level", "level": 4}},
    ]
    return data


def plant_run(folder: Path, replications: int = 2) -> Path:
    """Simulate the plant and give its run directory."""
    path = mro_twin.simulate(mro_twin.load_scenario(plant_sample()), replications=replications, out=folder).path
    assert path is not None
    return path
