"""The scopes that only plants have: plants, lines, causes of stops and of wrong records, detection rules."""

from collections.abc import Iterator

import numpy as np

from sim import columns as c
from sim.kpi.adding import Sums, bincount, sums_by
from sim.kpi.device_measures import record_cause_measures, rule_measures
from sim.kpi.measures import NODE_MEASURES, StockPointMeasures
from sim.kpi.plant_measures import LINE_MEASURES, PlantMeasures
from sim.network import Float64Array
from sim.record.network_names import line_names, plant_names, rule_names
from sim.record.records import Records


def plant_scopes(
    records: Records, points: StockPointMeasures, plants: PlantMeasures
) -> Iterator[tuple[str, list[str], Sums]]:
    """Name, keys and sums of each scope."""
    names = plant_names(records.network)
    yield "plant", names, _of_plants(records, points, plants, len(names))
    yield "line", line_names(records.network), _of(plants.line | _ones("points", plants.line))
    yield "stop_cause", list(c.STOP_CAUSES), _of(plants.cause | _ones("points", plants.cause))
    yield "record_cause", list(c.CAUSE_NAMES), _of(record_cause_measures(points))
    yield "rule", rule_names(records.network), _of(rule_measures(records))


def _of_plants(records: Records, points: StockPointMeasures, plants: PlantMeasures, count: int) -> Sums:
    """Sums over the stock points of a plant's devices, and over its lines."""
    plan = records.network.plant_plan
    assert plan is not None
    plant_of_point = np.full(records.network.stock_points, count)  # the last: of no plant
    for device in plan.devices:
        if device.plant >= 0:
            plant_of_point[device.stock_point] = device.plant
    of_points = sums_by(points, plant_of_point[points.rows], count + 1)

    def sums(measure: str) -> Float64Array:
        if measure in LINE_MEASURES:
            return bincount(plants.plant_of_line, plants.line[measure], count)
        if measure in NODE_MEASURES:
            return np.zeros(count)
        of_devices = of_points(measure)[:count]
        # a plant without devices has something to say of its lines
        return of_devices + np.bincount(plants.plant_of_line, minlength=count) if measure == "points" else of_devices

    return sums


def _ones(name: str, like: dict[str, Float64Array]) -> dict[str, Float64Array]:
    return {name: np.ones(len(like["stops"]))}


def _of(measures: dict[str, Float64Array]) -> Sums:
    """The measures by name; all others are 0."""
    keys = len(measures["points"])
    return lambda measure: measures[measure] if measure in measures else np.zeros(keys)
