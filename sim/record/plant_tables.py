"""Plants as tables of the run directory: machines, persons, devices and detection rules by name."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

from sim.network import Network
from sim.plant_plan import DEVICE_SHELF, DEVICE_TANK, DEVICE_VENDING, SENSORS, PlantPlan
from sim.record.arrow import numbers, texts
from sim.record.network_names import plant_names, rule_kind, rule_names, rule_settings

DEVICE_NAMES = {DEVICE_SHELF: "shelf", DEVICE_VENDING: "vending machine", DEVICE_TANK: "tank"}


def plant_tables(network: Network, plan: PlantPlan) -> dict[str, pa.Table]:
    """The tables of `sim.record.network_tables.PLANT_NETWORK_TABLES`."""
    plants = plant_names(network)
    return {
        "machines": _machines(plan, plants),
        "persons": _persons(plan, plants),
        "devices": _devices(plan, plants),
        "rules": _rules(network, plan),
    }


def _machines(plan: PlantPlan, plants: Sequence[str]) -> pa.Table:
    lines = [(plant, line) for number, plant in enumerate(plants) for line in plan.plants[number].lines]
    rows = [
        (plant, line.name, machine.name, number, line.stop_cost_per_hour)
        for number, (plant, line) in enumerate(lines)
        for machine in line.machines
    ]
    return _table(("plant", "line", "machine"), ("line_number", "stop_cost_per_hour"), rows)


def _persons(plan: PlantPlan, plants: Sequence[str]) -> pa.Table:
    rows = [
        (name, group, number)
        for name, plant in zip(plants, plan.plants, strict=True)
        for group, members in plant.people
        for number in range(1, members + 1)
    ]
    return _table(("plant", "group"), ("number",), rows)


def _devices(plan: PlantPlan, plants: Sequence[str]) -> pa.Table:
    gateways = [one.name for one in plan.gateways]
    rows = [
        (
            plants[one.plant] if one.plant >= 0 else "",
            DEVICE_NAMES[one.device],
            SENSORS[one.sensor],
            gateways[one.gateway] if one.gateway >= 0 else "",
        )
        for one in plan.devices
    ]
    stock_points = numbers(np.array([one.stock_point for one in plan.devices], np.int32))
    return _table(("plant", "device", "sensor", "gateway"), (), rows).add_column(0, "stock_point", stock_points)


def _rules(network: Network, plan: PlantPlan) -> pa.Table:
    rows = [
        (name, rule_kind(rule), _settings(rule)) for name, rule in zip(rule_names(network), plan.rules, strict=True)
    ]
    return _table(("name", "kind", "settings"), (), rows)


def _settings(rule: object) -> str:
    """Amounts as they would be written in a scenario, times in milliseconds."""
    settings = rule_settings(rule)
    # not by model_dump, which warns of every field whose type has its own parser
    fields = type(settings).model_fields if isinstance(settings, BaseModel) else {}
    return json.dumps({name: _plain(getattr(settings, name)) for name in fields}, sort_keys=True)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _table(text: Sequence[str], number: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    """A table of text columns, then whole numbers, from its rows."""
    columns = list(zip(*rows, strict=True)) or [()] * (len(text) + len(number))
    arrays = [texts(column) for column in columns[: len(text)]]
    arrays += [numbers(np.array(column, np.int64)) for column in columns[len(text) :]]
    return pa.Table.from_arrays(arrays, names=[*text, *number])
