"""Nodes in the engine's order, the lanes between them, trucks and suppliers: a scenario's supply side as arrays."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sim import network as net
from sim.build.items import CLASSES
from sim.build.stock_points import BoolArray, SupplyCycle, downstream_first
from sim.network import Int32Array, Int64Array
from sim.scenario.base import ItemFilter
from sim.scenario.expand import LanePair, lane_pairs, matching
from sim.scenario.findings import Finding, ScenarioError
from sim.scenario.nodes import Supplier
from sim.scenario.scenario import Scenario
from sim.scenario.trucks import Truck

INSTANTLY = net.Distribution(net.DISTRIBUTION_CONSTANT, 0.0)


@dataclass(frozen=True)
class NodeNumbers:
    """Nodes numbered downstream first; `names` in that order, `number` back from name, and every lane by pair."""

    names: tuple[str, ...]
    number: dict[str, int]
    pairs: tuple[LanePair, ...]
    is_supplier: BoolArray  # (N,)
    holds_stock: BoolArray  # (N,)

    def numbers(self, names: Iterable[str]) -> Int64Array:
        """Numbers of the nodes of these names, ascending."""
        return np.array(sorted(self.number[name] for name in names), dtype=np.int64)

    def matching(self, patterns: tuple[str, ...]) -> Int64Array:
        """Numbers of the nodes that fit the patterns, ascending; those that hold no stock are not meant."""
        found = self.numbers(matching(patterns, self.names))
        return found[self.holds_stock[found]]


def number_nodes(scenario: Scenario) -> NodeNumbers:
    """Number the nodes by the longest chain of lanes below them, ties in scenario order.

    Raises ScenarioError when nodes supply each other in a circle.
    """
    written = list(scenario.nodes)
    position = {name: index for index, name in enumerate(written)}
    pairs = lane_pairs(scenario)
    try:
        order = downstream_first(len(written), {(position[p.from_node], position[p.to_node]) for p in pairs})
    except SupplyCycle as cycle:
        circle = ", ".join(written[node] for node in cycle.nodes)
        finding = Finding(f"these nodes supply each other in a circle: {circle}", "goods flow one way", "lanes")
        raise ScenarioError([finding]) from None
    names = tuple(written[node] for node in order)
    suppliers = np.array([isinstance(scenario.node(name), Supplier) for name in names], dtype=np.bool_)
    holding = np.array([scenario.holds_stock(name) for name in names], dtype=np.bool_)
    return NodeNumbers(names, {name: number for number, name in enumerate(names)}, tuple(pairs), suppliers, holding)


def item_filter(chosen: ItemFilter | None, names: tuple[str, ...], classes: Int64Array) -> BoolArray:
    """Which items (I,) a filter lets through; `classes` are 0 A, 1 B, 2 C."""
    fits = np.ones(len(names), dtype=np.bool_)
    if chosen is not None and chosen.names is not None:
        wanted = set(matching(chosen.names, names))
        if len(wanted) < len(names):
            fits = np.fromiter((name in wanted for name in names), dtype=np.bool_, count=len(names))
    if chosen is not None and chosen.classes is not None:
        fits = fits & np.isin(classes, [CLASSES.index(one) for one in chosen.classes])
    return fits


def lane_grid(scenario: Scenario, nodes: NodeNumbers, classes: Int64Array) -> Int32Array:
    """The lane (row of `nodes.pairs`) that serves each node with each item, (N, I); -1 where none does.

    The first lane that leads to a node and fits an item serves it there.
    """
    names = scenario.item_names
    grid = np.full((len(nodes.names), len(names)), -1, dtype=np.int32)
    fits = [item_filter(lane.items, names, classes) for lane in scenario.lanes]
    for row in reversed(range(len(nodes.pairs))):
        pair = nodes.pairs[row]
        line = grid[nodes.number[pair.to_node]]
        if pair.lane.items is None:
            line[:] = row
        else:
            line[fits[pair.index]] = row
    return grid


def network_lanes(scenario: Scenario, nodes: NodeNumbers) -> tuple[net.Lane, ...]:
    """One lane per pair of nodes, in the order of `nodes.pairs`."""
    routes = {name: row for row, name in enumerate(scenario.trucks)}
    return tuple(_lane(scenario, nodes, pair, routes) for pair in nodes.pairs)


def _lane(scenario: Scenario, nodes: NodeNumbers, pair: LanePair, routes: dict[str, int]) -> net.Lane:
    lane, source = pair.lane, scenario.node(pair.from_node)
    lead_time, overtaking = lane.lead_time, lane.overtaking
    if isinstance(source, Supplier):
        lead_time = lead_time or source.lead_time
        overtaking = source.overtaking if overtaking is None else overtaking
    express = lane.express
    return net.Lane(
        from_node=nodes.number[pair.from_node],
        to_node=nodes.number[pair.to_node],
        lead_time=INSTANTLY if lead_time is None else lead_time.for_engine(),
        route=-1 if lane.truck is None else routes[lane.truck],
        whole_orders=lane.delivery == "whole",
        overtaking=overtaking is not False,
        express_lead_time=None if express is None else express.lead_time.for_engine(),
        express_classes=frozenset() if express is None else frozenset(CLASSES.index(one) for one in express.classes),
        cost_per_order=scenario.minor(lane.cost_per_order),
        cost_per_line_milli=scenario.minor_milli(lane.cost_per_line),
        cost_per_kg_milli=scenario.minor_milli(lane.cost_per_kg),
        express_cost_per_order=0 if express is None else scenario.minor(express.cost_per_order),
        priority=lane.priority,
    )


def network_routes(scenario: Scenario, nodes: NodeNumbers) -> tuple[net.Route, ...]:
    """The trucks' routes, in scenario order."""
    return tuple(_route(scenario, nodes, name, truck) for name, truck in scenario.trucks.items())


def _route(scenario: Scenario, nodes: NodeNumbers, name: str, truck: Truck) -> net.Route:
    legs = [*truck.stops, truck.return_]
    timetable, full, working = truck.timetable, truck.when_full, truck.working_ms()
    return net.Route(
        name=name,
        base_node=nodes.number[truck.base],
        stop_nodes=tuple(nodes.number[stop.node] for stop in truck.stops),
        leg_distance_m=tuple(leg.distance for leg in legs),
        leg_travel=tuple(leg.travel_time.for_engine() for leg in legs),
        stop_ms=truck.stop_time,
        vehicles=truck.vehicles,
        capacity_ml=truck.volume,
        capacity_g=truck.weight,
        timetable_ms=None if timetable is None else np.array(timetable.weekly_ms(), dtype=np.int64),
        full_share=1.0 if full is None else full.share,
        max_wait_ms=-1 if full is None or full.max_wait is None else full.max_wait,
        working_ms=np.array(working, dtype=np.int64).reshape(-1, 2) if working else None,
        breakdown_every=None if truck.breakdowns is None else truck.breakdowns.every.for_engine(),
        breakdown_repair=None if truck.breakdowns is None else truck.breakdowns.repair.for_engine(),
        cost_per_trip=scenario.minor(truck.cost_per_trip),
        cost_per_km_milli=scenario.minor_milli(truck.cost_per_km),
    )


def network_suppliers(scenario: Scenario, nodes: NodeNumbers) -> tuple[net.Supplier, ...]:
    """Calendars and capacities of the suppliers, by node number."""
    return tuple(
        _supplier(scenario, number, node)
        for number, name in enumerate(nodes.names)
        if isinstance(node := scenario.node(name), Supplier)
    )


def _supplier(scenario: Scenario, number: int, supplier: Supplier) -> net.Supplier:
    closed = disjoint([closure.interval_ms(scenario.start) for closure in supplier.closed])
    return net.Supplier(
        node=number,
        capacity_units=0 if supplier.capacity is None else supplier.capacity.units,
        capacity_period_ms=0 if supplier.capacity is None else supplier.capacity.per,
        closed_ms=np.array(closed, dtype=np.int64).reshape(-1, 2) if closed else None,
        outage_every=None if supplier.outages is None else supplier.outages.every.for_engine(),
        outage_lasting=None if supplier.outages is None else supplier.outages.lasting.for_engine(),
    )


def disjoint(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Intervals [from, to) in ms since the start, cut at 0, sorted, those that touch or overlap merged."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((max(start, 0), end) for start, end in intervals if end > 0):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
