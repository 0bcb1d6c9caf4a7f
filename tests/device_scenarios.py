"""A small plant with a shelf, a vending machine, a tank and a gateway, for tests to change."""

import copy
from typing import Any

from ruamel.yaml import YAML

SAMPLE = """\
name: devices
start: 2026-01-05
horizon: 4 wk
items:
  filter: {cost: 24.75 USD, weight: 300 g, class: A}
  grease: {unit: 0.1 kg, cost: 8 USD/kg}
  glove: {cost: 2 USD, class: C}
  wrench: {cost: 80 USD, class: C}
  coolant: {unit: 10 ml, cost: 1.2 USD/l}
nodes:
  maker: {kind: supplier, lead_time: 2 d}
  depot: {kind: warehouse}
  works:
    kind: plant
    shifts: [{days: [mon, tue, wed, thu, fri], from: "06:00", to: "14:00"}]
    people: {fitters: 12, turners: 8, office: 5}
  shelf:
    kind: shelf
    at: works
    gateway: box
    sensors:
      - {kind: rfid, items: filter, read_rate: 99.5%, stray_tags: 0.02, stuck: {every: 60 d, lasting: 1 d}}
      - {kind: weigh, items: grease, resolution: 5 g, noise: 2 g, drift: 1 g/d, tare: 3 g}
    people:
      by: [fitters, turners]
      unauthorised: 1%
      limit: {filter: 2, grease: 0.5 kg}
      put_back: {share: 3%, after: 1 h, misplaced: 10%}
      wrong_item: {share: 1%, fails: 20%, after: {exponential: {mean: 2 d}}}
    count: {every: 1 wk, first: 4 d}
    count_error: 2%
    blocks_expired: true
    inspection: {time: 4 h, rejected: 1%}
    low_level: {filter: 3, grease: 2 d}
  vending:
    kind: vending_machine
    at: works
    gateway: box
    slots: 6
    slot_capacity: 12
    items:
      glove: {slots: 4, capacity: 12}
      wrench: {slots: 2, loan: {time: 8 h, lost: 1%, worn: 2%}}
    people: {by: office}
    jam: {share: 0.5%, clear: 2 h}
    failed_vend: {share: 1%, refund: 80%}
    wrong_product: 0.2%
  tank:
    kind: tank
    at: works
    item: coolant
    capacity: 200 l
    sensors: [{kind: level, resolution: 0.5 l, noise: 0.2 l, drift: 0.1 l/d}]
    leak: {every: 90 d, lasting: 2 d, rate: 2 l/h, step: 1 l}
gateways:
  box:
    at: works
    poll: 5 min
    delay: 10 s
    spacing: 100 ms
    clock_offset: -90 s
    store: 500
    overflow: newest
    outages: {every: 14 d, lasting: 3 h}
trucks:
  round:
    base: depot
    stops: [{node: shelf, travel_time: 1 h}]
    return: {travel_time: 1 h}
    volume: 1 m3
    weight: 1 t
    timetable: {days: [mon], at: ["06:00"]}
    counts: true
lanes:
  - {from: maker, to: depot}
  - {from: depot, to: shelf, truck: round}
  - {from: depot, to: [vending, tank], lead_time: 1 d}
demand:
  - {node: shelf, item: [filter, grease], poisson: {rate: 3 /d}}
  - {node: vending, item: [glove, wrench], poisson: {rate: 5 /d}}
  - {node: tank, item: coolant, flow: {rate: 16 l /d, step: 0.5 l}}
policies:
  - {nodes: shelf, items: [filter, grease], policy: {kind: base_stock, level: 7 d}}
  - {nodes: vending, items: [glove, wrench], policy: {kind: base_stock, level: 60}}
  - {nodes: tank, items: coolant, policy: {kind: min_max, minimum: 60 l, maximum: 180 l}}
"""


def device_sample() -> dict[str, Any]:
    """The sample as plain data."""
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(SAMPLE)
    return copy.deepcopy(data)
