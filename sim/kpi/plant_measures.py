"""The measures of stops: a value per line, per missing or overdue item, and per cause."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sim import columns as c
from sim.network import Float64Array, Int64Array, Network
from sim.record.plant_stops import Stops
from sim.record.records import Records

HOUR_MS: Final = 3_600_000.0

LINE_MEASURES: Final = frozenset(
    {
        "stoppable",
        "working_ms",
        "stops",
        "stops_by_record",
        "stop_ms",
        "stop_money",
        "stop_money_by_record",
        "stop_money_by_items",
        *(f"stops_of_cause_{cause}" for cause in range(len(c.STOP_CAUSES))),
    }
)
"""Measures of lines; at nodes they are those of the plant's own node."""


@dataclass(frozen=True)
class PlantMeasures:
    """The measures of LINE_MEASURES, added up in three ways, and which plant and node a line belongs to.

    `stoppable` is above 0 where there is something to say: machines of a line, uses of an item. Working time is that
    of lines only. An item has the stops for want of it, and those because it was overdue.
    """

    line: dict[str, Float64Array]
    item: dict[str, Float64Array]
    cause: dict[str, Float64Array]
    plant_of_line: Int64Array
    node_of_line: Int64Array


def plant_measures(records: Records) -> PlantMeasures | None:
    """The measures of stops of one replication; None without plants."""
    network, plan = records.network, records.network.plant_plan
    if plan is None or records.plant_sums is None:
        return None
    stops, lines = records.plant_sums.stops.stops(), [line for plant in plan.plants for line in plant.lines]
    of_plant = [number for number, plant in enumerate(plan.plants) for _ in plant.lines]
    node = np.array([plant.node for plant in plan.plants], np.int64)
    rate = np.array([line.stop_cost_per_hour for line in lines], np.float64) / 10.0**network.minor_digits
    values = _values(stops, stops.measured_ms * rate[stops.line] / HOUR_MS)

    per_line = _added_up(values, stops.line, len(lines))
    per_line["stoppable"] = np.array([len(line.machines) for line in lines], np.float64)
    plant = records.summary.plant
    per_line["working_ms"] = np.zeros(len(lines)) if plant is None else plant.lines[:, 0].astype(np.float64)

    known = stops.item >= 0
    per_item = _added_up({name: one[known] for name, one in values.items()}, stops.item[known], network.items)
    per_item |= {"stoppable": _uses(network), "working_ms": np.zeros(network.items)}

    per_cause = _added_up(values, stops.cause, len(c.STOP_CAUSES))
    per_cause |= {"stoppable": np.ones(len(c.STOP_CAUSES)), "working_ms": np.zeros(len(c.STOP_CAUSES))}
    plant_of_line = np.array(of_plant, np.int64)
    return PlantMeasures(per_line, per_item, per_cause, plant_of_line, node[plant_of_line])


def _values(stops: Stops, money: Float64Array) -> dict[str, Float64Array]:
    """What each stop adds to the measures."""
    measured, by_record = stops.measured.astype(np.float64), stops.by_record.astype(np.float64)
    of_cause = {f"stops_of_cause_{cause}": measured * (stops.cause == cause) for cause in range(len(c.STOP_CAUSES))}
    return of_cause | {
        "stops": measured,
        "stops_by_record": measured * by_record,
        "stop_ms": stops.measured_ms.astype(np.float64),
        "stop_money": money,
        "stop_money_by_record": money * by_record,
        "stop_money_by_items": money * (stops.cause != c.STOP_OTHER),
    }


def _added_up(values: dict[str, Float64Array], key: Int64Array, keys: int) -> dict[str, Float64Array]:
    return {
        name: np.bincount(key, weights=one, minlength=keys).astype(np.float64, copy=False)
        for name, one in values.items()
    }


def _uses(network: Network) -> Float64Array:
    """How many machines use each item."""
    assert network.plant_plan is not None
    lines = [line for plant in network.plant_plan.plants for line in plant.lines]
    items = [use.item for line in lines for machine in line.machines for use in machine.uses]
    return np.bincount(np.array(items, np.int64), minlength=network.items).astype(np.float64)
