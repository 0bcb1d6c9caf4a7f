"""A small valid scenario for tests to change, and a way to look at findings."""

import copy
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from sim.scenario import Finding, ScenarioError, load_scenario

SAMPLE = """\
name: sample
start: 2026-01-05
horizon: 26 wk
warm_up: 4 wk
items:
  filter: {cost: 24.75 USD, price: 45 USD, weight: 300 g, volume: 1 l}
  grease: {unit: 0.1 kg, cost: 5 USD/kg, price: 8 USD/kg}
nodes:
  maker: {kind: supplier, lead_time: {gamma: {mean: 5 d, cv: 0.3}}}
  depot: {kind: warehouse, echelon: regional}
  shop: {kind: store}
lanes:
  - {from: maker, to: depot, cost_per_order: 40 USD}
  - {from: depot, to: shop, lead_time: 1 d}
demand:
  - {node: shop, item: filter, poisson: {rate: 3 /d}}
  - {node: shop, item: grease, flow: {rate: 50 kg /mo, step: 0.5 kg}}
policies:
  - {nodes: [depot, shop], items: filter, policy: {kind: s_S, reorder_point: 10, order_up_to: 30}}
  - {nodes: shop, items: grease, policy: {kind: base_stock, level: 14 d}, multiple: 0.5 kg}
"""


def sample() -> dict[str, Any]:
    """The sample as plain data."""
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(SAMPLE)
    return copy.deepcopy(data)


def findings_of(source: Path | str | dict[str, Any], **options: Any) -> tuple[Finding, ...]:
    """The findings of a scenario, empty when it is fine."""
    try:
        load_scenario(source, **options)
    except ScenarioError as error:
        return error.findings
    return ()


def write(folder: Path, text: str = SAMPLE, name: str = "sample.yaml") -> Path:
    """A scenario file in a folder."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
