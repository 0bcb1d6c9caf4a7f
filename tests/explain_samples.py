"""A small chain with steady demand, and ways to plant one cause of a shortage in it."""

import copy
from pathlib import Path
from typing import Any

from sim.explain.front import find_shortages
from sim.explain.tree import Cause, Explanation
from sim.run.simulation import RunOptions, run_scenario
from sim.scenario import load_scenario

CHAIN: dict[str, Any] = {
    "name": "chain",
    "start": "2026-01-05",
    "horizon": "120 d",
    "items": {"seal": {"cost": "3 USD", "volume": "1 l", "weight": "1 kg"}},
    "nodes": {
        "shop": {"kind": "store"},
        "depot": {"kind": "warehouse"},
        "maker": {"kind": "supplier", "lead_time": "4 d"},
    },
    "lanes": [{"from": "maker", "to": "depot"}, {"from": "depot", "to": "shop", "lead_time": "1 d"}],
    "demand": [{"node": "shop", "item": "seal", "flow": {"rate": "2 /d", "step": 1}}],
    "policies": [
        {"nodes": "depot", "policy": {"kind": "s_S", "reorder_point": 20, "order_up_to": 30}},
        {"nodes": "shop", "policy": {"kind": "s_S", "reorder_point": 4, "order_up_to": 8}},
    ],
}
"""A shop that sells one every twelve hours, and never runs short: 4 last for the day that a delivery takes."""

TRUCK: dict[str, Any] = {
    "base": "depot",
    "stops": [{"node": "shop", "travel_time": "2 h"}],
    "return": {"travel_time": "2 h"},
    "volume": "100 l",
    "weight": "100 kg",
    "timetable": {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "at": ["07:00"]},
}


def chain(**sections: Any) -> dict[str, Any]:
    """The chain with whole sections replaced."""
    return copy.deepcopy(CHAIN) | sections


def with_lines(data: dict[str, Any], folder: Path, *lines: str) -> dict[str, Any]:
    """The scenario with more customer lines, written `time,node,item,quantity`, on top of its demand."""
    (folder / "lines.csv").write_text("\n".join(["time,node,item,quantity", *lines]) + "\n", encoding="utf-8")
    return data | {"demand": [*data["demand"], {"trace": {"table": "lines.csv"}}]}


def run_of(data: dict[str, Any], folder: Path, events: bool = True, seed: int = 1, replications: int = 1) -> Path:
    """The run directory of a scenario whose tables lie in `folder`."""
    options = RunOptions(replications=replications, seed=seed, out=folder / "runs", events=events)
    path = run_scenario(load_scenario(data, folder=folder), options).path
    assert path is not None
    return path


def explained(data: dict[str, Any], folder: Path, place: str = "shop/seal", at: str | None = None) -> Explanation:
    """The explanation of the worst short line at a place (or of the one at a time)."""
    found = find_shortages(run_of(data, folder), place)
    return found.explain(found.worst() if at is None else found.at(at))


def main_causes(explanation: Explanation) -> list[Cause]:
    """What would have prevented the shortage, in the order in which it is told."""
    return [one.cause for one in explanation.causes if one.main]


def other_causes(explanation: Explanation) -> list[Cause]:
    """What only made the wait longer."""
    return [one.cause for one in explanation.causes if not one.main]
