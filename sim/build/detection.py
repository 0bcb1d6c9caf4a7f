"""Detection rules with the stock points they watch, from the scenario's list."""

from collections import Counter

import numpy as np

from policies.detection import DetectionRule
from sim import columns as c
from sim.build.items import CLASSES
from sim.detection.plan import PlannedRule
from sim.network import Float64Array, Int64Array, Network
from sim.plant_plan import PlantPlan
from sim.scenario.detection import DetectionEntry
from sim.scenario.expand import matching
from sim.scenario.findings import Finding, ScenarioError
from sim.scenario.scenario import Scenario
from sim.units import MS_PER_HOUR, PHYSICAL_UNITS, Cover, Quantity, Rate


def planned_rules(scenario: Scenario, network: Network) -> tuple[PlannedRule, ...]:
    """The rules in the order of the list; `network` knows its devices.

    Raises ScenarioError for entries that watch no stock point of a device with a sensor that the rule can use.
    """
    plan = network.plant_plan or PlantPlan()
    points = np.array([device.stock_point for device in plan.devices], np.int64)
    sensors = np.array([device.sensor for device in plan.devices], np.int64)
    planned: list[PlannedRule] = []
    findings: list[Finding] = []
    number: Counter[str] = Counter()
    for index, entry in enumerate(scenario.detection):
        rule = entry.rule
        named = points[_watched(network, entry, points)]
        usable = np.ones(sensors.size, np.bool_) if rule.sensors is None else np.isin(sensors, rule.sensors)
        watched = named[np.isin(named, points[usable])]
        if watched.size == 0:
            findings.append(_nothing_to_watch(scenario, index, rule, bool(named.size)))
            continue
        number[rule.kind] += 1
        name = rule.kind if number[rule.kind] == 1 else f"{rule.kind} {number[rule.kind]}"
        planned.append(PlannedRule(name, rule, watched, _amounts(scenario, network, rule, watched)))
    if findings:
        raise ScenarioError(findings)
    return tuple(planned)


def _watched(network: Network, entry: DetectionEntry, points: Int64Array) -> Int64Array:
    """Which of the stock points (as indices) an entry names."""
    if points.size == 0:
        return points
    nodes = {network.node_names.index(name) for name in matching(entry.nodes, network.node_names)}
    items = np.ones(network.items, np.bool_)
    if entry.items.names is not None:
        wanted = set(matching(entry.items.names, network.item_names))
        items = np.array([name in wanted for name in network.item_names], np.bool_)
    if entry.items.classes is not None:
        items &= np.isin(network.item_class, [CLASSES.index(one) for one in entry.items.classes])
    at = network.parameter[points]
    fits = np.isin(at[:, c.P_NODE], list(nodes)) & items[at[:, c.P_ITEM]]
    return np.flatnonzero(fits)


def _amounts(scenario: Scenario, network: Network, rule: DetectionRule, points: Int64Array) -> dict[str, Float64Array]:
    """The settings that depend on the unit, per stock point."""
    items = network.parameter[points, c.P_ITEM]
    used, place = np.unique(items, return_inverse=True)
    units = [scenario.item_unit(network.item_names[item]) for item in used.tolist()]
    amounts: dict[str, Float64Array] = {}
    for name, amount in rule.amounts().items():
        if isinstance(amount, Quantity):
            each = [float(unit.whole_units(amount)) for unit in units]
            amounts[name] = np.array(each)[place]
        elif isinstance(amount, Cover):
            amounts[name] = np.floor(amount.days * network.mean_demand_per_day[points] + 0.5)
        elif isinstance(amount, Rate):
            size = PHYSICAL_UNITS[amount.unit][1]
            each = [float(amount.per_ms * MS_PER_HOUR * size / unit.size) for unit in units]
            amounts[name] = np.array(each)[place]
    return amounts


def _nothing_to_watch(scenario: Scenario, index: int, rule: DetectionRule, named: bool) -> Finding:
    if named:
        message = f"no sensor there is one that `{rule.kind}` can use"
        return scenario.finding(message, "name devices with another sensor, or take another rule", "detection", index)
    message = "no device there holds such an item"
    return scenario.finding(
        message, "name shelves, vending machines or tanks, and what lies in them", "detection", index
    )
