"""Devices, gateways and counts as the plain data of `sim.plant_plan`, and what devices add to their stock points."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sim import columns as c
from sim import plant_plan as plan
from sim.build.items import CLASSES, ItemColumns
from sim.build.lanes import NodeNumbers
from sim.build.stock_points import StockPointGrid
from sim.build.stocking import StockingPlan, resolver
from sim.network import Int64Array, Network
from sim.scenario.device_stock import covered_by, measured, stock_problems
from sim.scenario.expand import last_fitting
from sim.scenario.findings import Finding, ScenarioError
from sim.scenario.gateways import Gateway
from sim.scenario.nodes import DeviceNode, Tank, VendingMachine
from sim.scenario.nodes.vending_machine import SlotItem
from sim.scenario.scenario import Scenario
from sim.scenario.stocking_table import ABSENT
from sim.units import PHYSICAL_UNITS, ItemUnit, Rate, round_half_up

PersonGroups = Mapping[str, Mapping[str, tuple[int, int]]]
"""Plant node -> group of its people, in the plant's order -> first person (over all plants) and number of persons."""


def device_points(
    scenario: Scenario,
    nodes: NodeNumbers,
    items: ItemColumns,
    classes: Int64Array,
    grid: StockPointGrid,
    plant_rows: Mapping[str, int],
    person_groups: PersonGroups,
) -> tuple[plan.DevicePoint, ...]:
    """Every stock point of a device, ascending.

    `plant_rows` gives the row of each plant in `PlantPlan.plants` by the name of its node. Raises ScenarioError for
    what is stocked in a device that cannot hold or measure it.
    """
    gateway_rows = {name: row for row, name in enumerate(scenario.gateways)}
    findings: list[Finding] = []
    points: list[plan.DevicePoint] = []
    for number, name, node in device_nodes(scenario, nodes):
        rows = _rows(grid, number)
        own = [scenario.item_names[item] for item in grid.item[rows].tolist()]
        class_of = dict(zip(own, (CLASSES[one] for one in classes[grid.item[rows]].tolist()), strict=True))
        problems = stock_problems(scenario, name, node, own, class_of)
        findings += [scenario.finding(one.message, one.hint, *one.location) for one in problems]
        if not findings:
            common = {
                "plant": -1 if node.at is None else plant_rows[node.at],
                "gateway": -1 if node.gateway is None else gateway_rows[node.gateway],
                "persons": _persons(node, person_groups),
            }
            points += _points_of_node(scenario, node, rows, own, class_of, items, grid, common)
    if findings:
        raise ScenarioError(findings)
    return tuple(points)


def device_nodes(scenario: Scenario, nodes: NodeNumbers) -> Iterator[tuple[int, str, DeviceNode]]:
    """Number, name and settings of every device, by number."""
    for number, name in enumerate(nodes.names):
        node = scenario.node(name)
        if isinstance(node, DeviceNode):
            yield number, name, node


def _rows(grid: StockPointGrid, number: int) -> Int64Array:
    first, end = np.searchsorted(grid.node, [number, number + 1])
    return np.arange(first, end, dtype=np.int64)


def _persons(node: DeviceNode, person_groups: PersonGroups) -> tuple[int, int]:
    if node.at is None:
        return 0, 0
    groups = person_groups[node.at]
    by = node.people.by if node.people is not None else None
    chosen = [span for group, span in groups.items() if by is None or group in by]
    return (min(first for first, _ in chosen), sum(count for _, count in chosen)) if chosen else (0, 0)


def _points_of_node(
    scenario: Scenario,
    node: DeviceNode,
    rows: Int64Array,
    own: list[str],
    class_of: dict[str, str],
    items: ItemColumns,
    grid: StockPointGrid,
    common: dict[str, Any],
) -> Iterator[plan.DevicePoint]:
    particular = last_fitting(node.items, own)
    limits = last_fitting(node.people.limit, own) if node.people is not None else {}
    levels = last_fitting(node.low_level, own)
    sensors = covered_by(node.sensors, own, class_of)
    kinds = {kind: node.point_settings(kind) for kind in dict.fromkeys(map(particular.get, own))}
    for row, name in zip(rows.tolist(), own, strict=True):
        settings = common | kinds[particular.get(name)] | _leak(scenario, node)
        sensor = sensors.get(name)
        if sensor is not None:
            settings |= sensor.point_settings(measured(scenario, name, int(items.weight_g[grid.item[row]])))
        if name in limits:
            settings["limit"] = scenario.item_unit(name).whole_units(limits[name])
        if name in levels:
            settings["low_level"] = int(resolver(scenario, grid, np.array([row]))(levels[name])[0])
        yield plan.DevicePoint(stock_point=row, **settings)


def _leak(scenario: Scenario, node: DeviceNode) -> dict[str, Any]:
    if not isinstance(node, Tank) or node.leak is None:
        return {}
    unit = scenario.item_unit(node.item)
    return {
        "leak_every": node.leak.every.for_engine(),
        "leak_lasting": node.leak.lasting.for_engine(),
        "leak_rate_milli": milli_units_per_hour(node.leak.rate, unit),
        "leak_step": unit.whole_units(node.leak.step),
    }


def milli_units_per_hour(rate: Rate, unit: ItemUnit) -> int:
    """A rate of an item counted in `unit`, in thousandths of an integer unit per hour, rounded half up."""
    return round_half_up(rate.per_ms * plan.HOUR_MS * PHYSICAL_UNITS[rate.unit][1] / unit.size * 1000)


# --- what devices add to the table of parameters and to the opening state -------------------------------------------


def device_flags(scenario: Scenario, nodes: NodeNumbers, grid: StockPointGrid) -> Int64Array:
    """SP_DEVICE at the stock points (P,) of devices, and SP_INSPECTED where deliveries are inspected."""
    flags = np.zeros(grid.node.size, dtype=np.int64)
    for number, _, node in device_nodes(scenario, nodes):
        flags[_rows(grid, number)] = c.SP_DEVICE + (node.inspection is not None) * c.SP_INSPECTED
    return flags


def room(scenario: Scenario, nodes: NodeNumbers, grid: StockPointGrid) -> Int64Array:
    """How many integer units go into the device of each stock point (P,), -1 without limit: slots, or the tank."""
    found = np.full(grid.node.size, -1, dtype=np.int64)
    for number, _, node in device_nodes(scenario, nodes):
        rows = _rows(grid, number)
        own = [scenario.item_names[item] for item in grid.item[rows].tolist()]
        if isinstance(node, Tank):
            found[rows] = scenario.item_unit(node.item).whole_units(node.capacity)
        elif isinstance(node, VendingMachine):
            slots: dict[str, SlotItem] = last_fitting(node.items, own)
            found[rows] = [one.slots * one.capacity if (one := slots.get(name)) else -1 for name in own]
    return found


def tighter(one: Int64Array, other: Int64Array) -> Int64Array:
    """The smaller of two limits, -1 being none."""
    return np.where(one < 0, other, np.where(other < 0, one, np.minimum(one, other)))


def fit_opening(
    scenario: Scenario, network: Network, nodes: NodeNumbers, stocking: StockingPlan, grid: StockPointGrid
) -> Network:
    """The network with no more opening stock in a device than goes into it.

    What a policy would order up to is cut; raises ScenarioError for stock that is stated.
    """
    most = room(scenario, nodes, grid)
    over = np.flatnonzero((most >= 0) & (network.initial_on_hand > most))
    if not over.size:
        return network
    stated = stocking.chosen.get("on_hand")
    findings = [
        scenario.finding(
            f"{network.initial_on_hand[row]} units of {scenario.item_names[grid.item[row]]} at the start, but only "
            f"{most[row]} go into `{nodes.names[grid.node[row]]}`",
            "state a smaller `on_hand`",
            "nodes",
            nodes.names[grid.node[row]],
        )
        for row in over.tolist()
        if stated is not None and stated[grid.node[row], grid.item[row]] != ABSENT
    ]
    if findings:
        raise ScenarioError(findings)
    return replace(
        network, initial_on_hand=np.where(most >= 0, np.minimum(network.initial_on_hand, most), network.initial_on_hand)
    )


# --- gateways and counts --------------------------------------------------------------------------------------------


def plant_gateways(scenario: Scenario, plant_rows: Mapping[str, int]) -> tuple[plan.Gateway, ...]:
    """The gateways, in scenario order."""
    return tuple(_gateway(name, gateway, plant_rows[gateway.at]) for name, gateway in scenario.gateways.items())


def _gateway(name: str, gateway: Gateway, plant: int) -> plan.Gateway:
    outages = gateway.outages
    return plan.Gateway(
        name=name,
        plant=plant,
        poll_ms=gateway.poll,
        delay_ms=gateway.delay,
        spacing_ms=gateway.spacing,
        clock_offset_ms=gateway.clock_offset,
        capacity=gateway.store,
        overflow=plan.OVERFLOW_OLDEST if gateway.overflow == "oldest" else plan.OVERFLOW_NEWEST,
        outage_every=None if outages is None else outages.every.for_engine(),
        outage_lasting=None if outages is None else outages.lasting.for_engine(),
    )


def counts(scenario: Scenario, nodes: NodeNumbers) -> tuple[plan.Count, ...]:
    """When the stock of devices is counted, by number of their nodes; those without a calendar are left out."""
    return tuple(
        plan.Count(number, np.array(node.count.instants_ms(scenario.start, scenario.horizon), dtype=np.int64))
        for number, _, node in device_nodes(scenario, nodes)
        if node.count is not None
    )


def counting_routes(scenario: Scenario) -> frozenset[int]:
    """Rows of `Network.routes` whose drivers count before they unload."""
    return frozenset(row for row, truck in enumerate(scenario.trucks.values()) if truck.counts)
