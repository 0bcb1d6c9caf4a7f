"""A design as a scenario for the twin: what the plant draws, levels, visits, emergency deliveries.

The design's devices stand as one place of use, `site`, with the room of each item's slots as its capacity: devices do
not fail here and the record is the shelf, so that which device an item lies in changes its room and cost, not what
happens. Names of the place and of items do not depend on the design, so every design meets the same draws (common
random numbers).

- A draw is a line of random size; together they are negative binomial (`sim.size.demand`). What is short waits.
- Every interval stock on hand and on order is raised to the level; the goods are there a delivery time later.
- An item that the promise covers and that has run out is sent for at once: the use of `EMERGENCY_COVER` of an interval.
- The depot is never short. A piece of the scenario is an integer unit of the item (100 g of grease), without cost:
  money is worked out of the records, so that prices can change without a new simulation.
"""

import math
from fractions import Fraction
from typing import Any, Final

from sim.size.design import Design, Task
from sim.size.slots import NO_LIMIT

SITE: Final = "site"
DEPOT: Final = "depot"
MAKER: Final = "maker"
START: Final = "2026-01-05"
"""A Monday; nothing depends on the date."""
EMERGENCY_COVER: Final = Fraction(1, 2)
"""Share of an interval's use that an emergency delivery brings: an item runs out before a visit, not after it."""
_POISSON_BELOW: Final = 1 + 1e-6
_PLENTY: Final = 10**12  # units at the depot: what a catalogue can hold is far less


def simulated_ms(task: Task) -> int:
    """Length of what is simulated: the whole windows of the promise in the pilot."""
    return task.windows * task.promise.window


def scenario_data(task: Task, one: Design) -> dict[str, Any]:
    """The scenario of a design as plain data for `load_scenario`."""
    items = range(len(task.items))
    covered = set(task.covered)
    return {
        "name": "sizing",
        "start": START,
        "horizon": _seconds(simulated_ms(task)),
        "items": {task.items[n].item: {"cost": 0, "critical": n in covered} for n in items},
        "nodes": {
            MAKER: {"kind": "supplier", "lead_time": "1 d"},
            DEPOT: {"kind": "warehouse"},
            SITE: {"kind": "store", "review": {"every": _seconds(one.interval_ms)}},
        },
        "lanes": [{"from": MAKER, "to": DEPOT}, *(_lane(task, n, one.interval_ms) for n in items)],
        "demand": [_demand(task, n) for n in items],
        "policies": [entry for n in items for entry in _policies(task, one, n)],
        "pools": {f"emergency-{n}": _pool(task, n, one.interval_ms) for n in sorted(covered)},
    }


def emergency_units(task: Task, item: int, interval_ms: int) -> int:
    """What an emergency delivery brings at least, in item units."""
    days = float(EMERGENCY_COVER) * task.cycle(item, interval_ms).interval
    return max(1, math.ceil(float(task.demand(item).mean(days))))


def _seconds(ms: int) -> str:
    return f"{Fraction(ms, 1000).numerator} s" if ms % 1000 == 0 else f"{ms / 1000:.3f} s"


def _lane(task: Task, item: int, interval_ms: int) -> dict[str, Any]:
    days = task.cycle(item, interval_ms).delivery
    name = task.items[item].item
    return {"from": DEPOT, "to": SITE, "items": name, "lead_time": _seconds(round(days * 86_400_000))}


def _demand(task: Task, item: int) -> dict[str, Any]:
    use = task.demand(item)
    entry: dict[str, Any] = {"node": SITE, "item": task.items[item].item, "delivery": "partial"}
    if use.ratio <= _POISSON_BELOW:
        return {**entry, "poisson": {"rate": f"{use.per_day:.12f} /d"}}
    size = (use.ratio - 1) / math.log(use.ratio)  # mean of the logarithmic sizes (Quenouille 1949)
    rate = f"{use.per_day / size:.12f} /d"
    return {**entry, "compound_poisson": {"rate": rate, "size": {"logarithmic": {"mean": size}}}}


def _policies(task: Task, one: Design, item: int) -> list[dict[str, Any]]:
    name = task.items[item].item
    room = min(one.layout.room[item], NO_LIMIT)
    level = {"kind": "base_stock", "level": one.levels[item]}
    plenty = {"kind": "s_S", "reorder_point": 0, "order_up_to": _PLENTY}
    return [
        {"nodes": SITE, "items": name, "policy": level, "capacity": max(room, one.levels[item], 1)},
        {"nodes": DEPOT, "items": name, "policy": plenty, "on_hand": _PLENTY},
    ]


def _pool(task: Task, item: int, interval_ms: int) -> dict[str, Any]:
    return {
        "nodes": [DEPOT, SITE],
        "items": task.items[item].item,
        "gives": DEPOT,
        "asks": SITE,
        "preventive": {"below": 1, "up_to": emergency_units(task, item, interval_ms)},
        "delivery": _seconds(task.service.emergency_time),
    }
