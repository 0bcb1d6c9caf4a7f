"""Checks of pools: members that exist and hold stock, ways that lead somewhere, one pool per node and item."""

from collections.abc import Iterable
from itertools import combinations
from typing import Any

from sim.scenario.checks.context import Context
from sim.scenario.checks.names import check_names, names_in_filter, refuse_plants, texts
from sim.scenario.checks.quantities import check_units, units_of
from sim.scenario.expand import matching
from sim.scenario.findings import did_you_mean
from sim.scenario.pools import Pool


def check_pool_names(context: Context) -> None:
    """Pools are of nodes and items that exist; who gives, asks and is linked is a member, who helps is not."""
    for at, pool in context.entries("pools"):
        nodes = texts(pool.get("nodes"))
        check_names(context, "node", nodes, context.nodes, *at, "nodes")
        for name in nodes:
            if context.is_supplier(name):
                hint = "name warehouses and stores; a supplier can help as an `emergency`"
                context.add_as_written(f"`{name}` is a supplier and holds no stock", hint, *at, "nodes")
        refuse_plants(context, nodes, *at, "nodes")
        if context.items_known:
            check_names(context, "item", names_in_filter(pool.get("items")), context.items, *at, "items")
        members = context.stocking_matches(nodes)
        for side in ("gives", "asks"):
            check_names(context, "member", texts(pool.get(side)), members, *at, side)
        for link_at, link in context.entries(*at, "links"):
            for side in ("from", "to"):
                check_names(context, "member", texts(link.get(side)), members, *link_at, side)
        for emergency_at, emergency in context.entries(*at, "emergency"):
            check_names(context, "member", texts(emergency.get("to")), members, *emergency_at, "to")
            _check_helper(context, emergency.get("from"), members, *emergency_at, "from")


def _check_helper(context: Context, name: Any, members: list[str], *location: object) -> None:
    if not isinstance(name, str):
        return
    if name not in context.nodes:
        context.add_as_written(f"there is no node `{name}`", did_you_mean(name, context.nodes), *location)
    elif name in members:
        hint = "members help by transfers; name a node outside, or a supplier"
        context.add_as_written(f"`{name}` is a member of the pool", hint, *location)


def check_pools(context: Context) -> None:
    """Somebody can help somebody; a node and item is in one pool only."""
    scenario = context.scenario
    if "nodes" in context.broken:
        return
    for name, pool in scenario.pools.items():
        if len(context.stocking_matches(pool.nodes)) == 1 and not pool.emergency:
            context.add("the pool has one node", "name at least two, or whom it asks in an `emergency`", "pools", name)
    for one, other in combinations(scenario.pools, 2):
        first, second = scenario.pools[one], scenario.pools[other]
        shared = set(context.stocking_matches(first.nodes)) & set(context.stocking_matches(second.nodes))
        if shared and _share_items(context, first, second):
            node = next(name for name in context.nodes if name in shared)
            message = f"`{node}` is in the pool `{one}`, too, with some of the same items"
            context.add(message, "let a node and item be in one pool only", "pools", other, "nodes")


def _share_items(context: Context, one: Pool, other: Pool) -> bool:
    if not set(one.items.classes or "ABC") & set(other.items.classes or "ABC"):
        return False
    return bool(_items(context, one.items.names) & _items(context, other.items.names))


def _items(context: Context, patterns: Iterable[str] | None) -> set[str]:
    try:
        return set(context.items if patterns is None else matching(patterns, context.items))
    except ValueError:
        return set()  # a malformed range, reported with the names


def check_pool_quantities(context: Context) -> None:
    """What is held back and asked for beforehand fits the units of the items."""
    for name, pool in context.scenario.pools.items():
        units = units_of(context, pool.items.names)
        for level in dict.fromkeys(pool.hold_back_levels.values()):
            check_units(context, level, units, "pools", name, "hold_back")
        if pool.preventive is not None:
            check_units(context, pool.preventive.below, units, "pools", name, "preventive", "below")
            check_units(context, pool.preventive.up_to, units, "pools", name, "preventive", "up_to")
