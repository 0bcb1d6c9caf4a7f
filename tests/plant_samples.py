"""A small plant with two shelves, a tank and two machines, for tests to change."""

import copy
from typing import Any

from ruamel.yaml import YAML

PLANT = """\
name: workshop
start: 2026-01-05
horizon: 26 wk
items:
  filter: {cost: 25 USD}
  grease: {unit: 0.1 kg, cost: 5 USD/kg}
  fluid: {unit: 0.1 l, cost: 1 USD/l}
nodes:
  maker: {kind: supplier, lead_time: 5 d}
  shelf-1: {kind: shelf, at: plant}
  shelf-2: {kind: shelf, at: plant}
  basin: {kind: tank, at: plant, item: fluid, capacity: 200 l}
  plant:
    kind: plant
    shifts:
      - {name: early, days: [mon, tue, wed, thu, fri], from: "06:00", to: "14:00"}
      - {name: late, days: [mon, tue, wed, thu], from: "14:00", to: "22:00"}
    closed: [{from: 2026-04-03, to: 2026-04-07}]
    people: {setters: 3, fitters: 2, operators: 20}
    maintenance: fitters
    crews: 1
    climate: {mean: 18 C, swing: 9 C, warmest: "07-20"}
    stop_cost_per_hour: 400 USD
    work_order: 4 h
    lines:
      turning:
        machines:
          lathe-1:
            failures: {every: 400 h, repair: {exponential: {mean: 2 h}}}
            warmer_by: 7 C
            uses:
              filter:
                wear: {shape: 2.4, life: 300 h, temperature: {q10: 2, at: 25 C}}
                from: [shelf-2, shelf-1]
                missing: run_on
                failure_factor: 3
              grease: {every: 40 h, quantity: 0.5 kg, from: shelf-1, missing: wait}
              fluid: {flow: 0.8 l /h, step: 1 l, from: basin}
      milling:
        stop_cost_per_hour: 650.50 USD
        machines:
          mill:
            failures: {repair: 3 h}
            uses:
              filter: {wear: {shape: 1, characteristic_life: 200 h}, from: "shelf-*", at_empty: true}
lanes:
  - {from: maker, to: [shelf-1, shelf-2, basin]}
policies:
  - {nodes: "shelf-*", items: [filter, grease], policy: {kind: s_S, reorder_point: 2 wk, order_up_to: 4 wk}}
  - {nodes: basin, items: fluid, policy: {kind: s_S, reorder_point: 2 wk, order_up_to: 4 wk}}
"""


def plant() -> dict[str, Any]:
    """The sample as plain data."""
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(PLANT)
    return copy.deepcopy(data)
