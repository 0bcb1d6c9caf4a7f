"""Checks of the supply network: no cycles, everybody has a source, lanes and trucks fit together."""

from collections.abc import Mapping

from policies.allocation import FairShare
from policies.sourcing import Split
from sim.scenario.checks.context import Context
from sim.scenario.checks.quantities import check_units, units_of
from sim.scenario.expand import LanePair, lane_pairs
from sim.scenario.findings import did_you_mean
from sim.scenario.nodes import StockingNode


def _pairs(context: Context) -> list[LanePair]:
    try:
        return lane_pairs(context.scenario)
    except ValueError:
        return []  # a malformed range, reported with the names


def check_supply_cycle(context: Context) -> None:
    """No node supplies itself, however many lanes away."""
    for index, lane in enumerate(context.scenario.lanes):
        for name in set(lane.from_) & set(lane.to):
            context.add(f"the lane leads from `{name}` to itself", "name another source", "lanes", index)
    below: dict[str, dict[str, int]] = {}
    for pair in _pairs(context):
        below.setdefault(pair.from_node, {}).setdefault(pair.to_node, pair.index)
    cycle = find_cycle(below)
    if cycle:
        last = below[cycle[-2]][cycle[-1]]
        context.add(f"cycle in supply: {' -> '.join(cycle)}", "remove one of these lanes", "lanes", last)


def find_cycle(below: Mapping[str, Mapping[str, object]]) -> list[str]:
    """A cycle of a directed graph as a path that ends where it begins; empty when there is none."""
    done: set[str] = set()
    for start in below:
        path: list[str] = [] if start in done else [start]
        on_path = set(path)
        waiting = [iter(below[start])]
        while path:
            following = next(waiting[-1], None)
            if following is None:
                on_path.remove(path[-1])
                done.add(path.pop())
                waiting.pop()
            elif following in on_path:
                return [*path[path.index(following) :], following]
            elif following not in done:
                path.append(following)
                on_path.add(following)
                waiting.append(iter(below.get(following, {})))
    return []


def check_sources(context: Context) -> None:
    """Whoever holds stock is refilled by a lane; suppliers are not."""
    pairs = _pairs(context)
    refilled = {pair.to_node for pair in pairs}
    if "lanes" not in context.broken and "nodes" not in context.broken:
        for name, node in context.scenario.nodes.items():
            if isinstance(node, StockingNode) and name not in refilled:
                context.add(f"no lane leads to `{name}`", f"add a lane `{{from: ..., to: {name}}}`", "nodes", name)
    told: set[int] = set()
    for pair in pairs:
        if context.is_supplier(pair.to_node) and pair.index not in told:
            told.add(pair.index)
            context.add(
                f"a lane leads to the supplier `{pair.to_node}`",
                "suppliers are outside sources",
                "lanes",
                pair.index,
                "to",
            )


def check_lane_service(context: Context) -> None:
    """A lane has a lead time, or a supplier's, or a truck whose route fits."""
    scenario = context.scenario
    told: set[int] = set()
    for pair in _pairs(context):
        lane, index = pair.lane, pair.index
        if index in told:
            continue
        if lane.truck is None:
            if lane.lead_time is None and not context.is_supplier(pair.from_node) and pair.from_node in scenario.nodes:
                told.add(index)
                hint = "give `lead_time: 2 d`, or a `truck`"
                context.add(f"the lane from `{pair.from_node}` has no lead time", hint, "lanes", index, "lead_time")
            continue
        truck = scenario.trucks.get(lane.truck)
        if truck is None:
            continue
        if truck.base != pair.from_node:
            told.add(index)
            message = f"the route `{lane.truck}` starts at `{truck.base}`, not at `{pair.from_node}`"
            context.add(message, "use a route from there", "lanes", index, "truck")
        elif all(stop.node != pair.to_node for stop in truck.stops):
            told.add(index)
            message = f"the route `{lane.truck}` does not stop at `{pair.to_node}`"
            context.add(message, "add the stop, or use another route", "lanes", index, "truck")


def check_trucks(context: Context) -> None:
    """Routes leave from places that hold stock and call at each stop once."""
    for route, truck in context.scenario.trucks.items():
        if context.is_supplier(truck.base):
            hint = "let the supplier's parcels come to a warehouse, and the trucks start there"
            context.add(f"the route starts at the supplier `{truck.base}`", hint, "trucks", route, "base")
        seen = {truck.base}
        for index, stop in enumerate(truck.stops):
            if stop.node in seen:
                what = "its own base" if stop.node == truck.base else f"`{stop.node}` twice"
                context.add(f"the route stops at {what}", "name each stop once", "trucks", route, "stops", index)
            seen.add(stop.node)


def check_allocation(context: Context) -> None:
    """Who shares out what there is sends orders in parts; a reserve fits the units of the items."""
    scenario = context.scenario
    told: set[int] = set()
    for pair in _pairs(context):
        source = scenario.nodes.get(pair.from_node)
        fair = isinstance(source, StockingNode) and isinstance(source.allocation, FairShare)
        if fair and pair.lane.delivery == "whole" and pair.index not in told:
            told.add(pair.index)
            message = f"`{pair.from_node}` allocates by fair share, but this lane delivers whole orders only"
            context.add(message, "write `delivery: partial`", "lanes", pair.index, "delivery")
    for name, node in scenario.nodes.items():
        reserve = node.allocation.reserve if isinstance(node, StockingNode) else None
        check_units(context, reserve, units_of(context, None), "nodes", name, "allocation", "reserve")


def check_sourcing(context: Context) -> None:
    """Shares of a split order are of nodes from which a lane leads here."""
    sources: dict[str, list[str]] = {}
    for pair in _pairs(context):
        sources.setdefault(pair.to_node, []).append(pair.from_node)
    if {"lanes", "nodes"} & context.broken:
        return
    for name, node in context.scenario.nodes.items():
        if isinstance(node, StockingNode):
            _check_shares(context, node.sourcing, [name], sources, "nodes", name, "sourcing")
    for index, entry in enumerate(context.scenario.policies):
        _check_shares(
            context, entry.sourcing, context.stocking_matches(entry.nodes), sources, "policies", index, "sourcing"
        )


def _check_shares(
    context: Context, rule: object, nodes: list[str], sources: Mapping[str, list[str]], *location: object
) -> None:
    if not isinstance(rule, Split):
        return
    for source in rule.shares:
        for node in nodes:
            if source not in sources.get(node, ()):
                hint = did_you_mean(source, sources.get(node, ()))
                context.add(f"no lane leads from `{source}` to `{node}`", hint, *location, "shares", source)
                break
