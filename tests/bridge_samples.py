"""What tests of the bridge share."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

from ruamel.yaml import YAML


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that runs in an event loop of its own, for 20 s at most."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 20.0))

    return run


SCENARIO = """\
name: bench
start: 2026-01-05
horizon: 10 d
items:
  glove: {cost: 2 USD}
  drill: {cost: 9 USD, lots: fifo}
  coolant: {unit: 1 l, cost: 3 USD/l}
nodes:
  maker: {kind: supplier, lead_time: 1 d}
  works: {kind: plant, people: {staff: 5}}
  vending:
    kind: vending_machine
    at: works
    slots: 2
    slot_capacity: 50
    items: {glove: {slots: 1, capacity: 50}, drill: {slots: 1, capacity: 50}}
    people: {by: staff}
  shelf: {kind: shelf, at: works, sensors: [{kind: scan, items: [glove]}]}
  tank: {kind: tank, at: works, item: coolant, capacity: 200 l}
lanes:
  - {from: maker, to: [vending, shelf, tank]}
policies:
  - {nodes: [vending, shelf], items: [glove, drill], policy: {kind: base_stock, level: 20}}
  - {nodes: tank, items: coolant, policy: {kind: min_max, minimum: 50 l, maximum: 150 l}}
demand:
  - {node: shelf, item: glove, poisson: {rate: 4 /d}}
  - {node: vending, item: [glove, drill], poisson: {rate: 4 /d}}
"""


def bench(**changes: Any) -> dict[str, Any]:
    """A small plant with a vending machine, a shelf and a tank."""
    data: dict[str, Any] = YAML(typ="safe").load(SCENARIO)
    return data | changes
