"""Checks that every name leads somewhere."""

from collections.abc import Iterable, Sequence

from sim.scenario.checks.context import Context
from sim.scenario.expand import is_pattern, matching
from sim.scenario.findings import did_you_mean
from sim.scenario.nodes import Supplier

_MOST_CANDIDATES = 20_000


def _check(context: Context, what: str, patterns: Iterable[str], known: Sequence[str], *location: object) -> None:
    names = set(known)
    for pattern in patterns:
        if pattern in names:
            continue
        if not is_pattern(pattern):
            hint = did_you_mean(pattern, known) if len(known) <= _MOST_CANDIDATES else ""
            context.add(f"there is no {what} `{pattern}`", hint, *location)
            continue
        try:
            found = matching([pattern], known)
        except ValueError as error:
            context.add(str(error), "write a range as {01..60}", *location)
            continue
        if not found:
            example = f"{what}s are called, for example, `{known[0]}`" if known else f"there are no {what}s"
            context.add(f"no {what} fits the pattern `{pattern}`", example, *location)


def _items_known(context: Context) -> bool:
    """Whether the list of items is whole, so that a missing name is truly missing."""
    return not {"items_table", "generator"} & context.broken and (
        context.scenario.items_table is None or bool(context.items)
    )


def check_lane_names(context: Context) -> None:
    """Lanes lead from and to nodes, name routes and items that exist."""
    for index, lane in enumerate(context.scenario.lanes):
        _check(context, "node", lane.from_, context.nodes, "lanes", index, "from")
        _check(context, "node", lane.to, context.nodes, "lanes", index, "to")
        if lane.truck is not None and not ("trucks" in context.broken and lane.truck in _routes(context)):
            _check(context, "truck route", [lane.truck], _routes(context), "lanes", index, "truck")
        if lane.items is not None and lane.items.names is not None and _items_known(context):
            _check(context, "item", lane.items.names, context.items, "lanes", index, "items")


def _routes(context: Context) -> list[str]:
    return _keys(context, "trucks")


def _keys(context: Context, section: str) -> list[str]:
    child = context.tree.child(section)
    return list(child.value) if child is not None and isinstance(child.value, dict) else []


def check_truck_names(context: Context) -> None:
    """Routes start and stop at nodes."""
    for route, truck in context.scenario.trucks.items():
        _check(context, "node", [truck.base], context.nodes, "trucks", route, "base")
        for index, stop in enumerate(truck.stops):
            _check(context, "node", [stop.node], context.nodes, "trucks", route, "stops", index, "node")


def check_supplier_items(context: Context) -> None:
    """Suppliers have terms for items that exist."""
    for name, node in context.scenario.nodes.items():
        if isinstance(node, Supplier) and _items_known(context):
            for item in node.items:
                _check(context, "item", [item], context.items, "nodes", name, "items", item)


def check_demand_names(context: Context) -> None:
    """Demand is for items at nodes that exist, and its profile exists."""
    known = _keys(context, "profiles")
    for index, demand in enumerate(context.scenario.demand):
        _check(context, "node", demand.node or (), context.nodes, "demand", index, "node")
        for pattern in demand.node or ():
            if context.is_supplier(pattern):
                message, hint = f"`{pattern}` is a supplier; customers cannot buy from it", "name a warehouse or store"
                context.add(message, hint, "demand", index, "node")
        if _items_known(context):
            _check(context, "item", demand.item or (), context.items, "demand", index, "item")
            if demand.jobs is not None:
                _check(context, "item", demand.jobs.items, context.items, "demand", index, "jobs", "items")
        if demand.profile is not None:
            _check(context, "profile", [demand.profile], known, "demand", index, "profile")


def check_policy_names(context: Context) -> None:
    """Policies are for items at nodes that exist and hold stock."""
    for index, entry in enumerate(context.scenario.policies):
        _check(context, "node", entry.nodes, context.nodes, "policies", index, "nodes")
        for pattern in entry.nodes:
            if context.is_supplier(pattern):
                message, hint = f"`{pattern}` is a supplier and holds no stock", "name warehouses and stores"
                context.add(message, hint, "policies", index, "nodes")
        if entry.items.names is not None and _items_known(context):
            _check(context, "item", entry.items.names, context.items, "policies", index, "items")


def check_generator_names(context: Context) -> None:
    """The generator speaks of nodes and profiles that exist, and its items have names of their own."""
    generator = context.scenario.generator
    if generator is None:
        return
    for index, demand in enumerate(generator.demand):
        _check(context, "node", demand.nodes, context.nodes, "generator", "demand", index, "nodes")
        if demand.profile is not None:
            _check(
                context,
                "profile",
                [demand.profile],
                list(context.scenario.profiles),
                "generator",
                "demand",
                index,
                "profile",
            )
    for index, stocking in enumerate(generator.stocking):
        _check(context, "node", stocking.nodes, context.nodes, "generator", "stocking", index, "nodes")
    generated = set(generator.items.names())
    for name in context.scenario.items:
        if name in generated:
            context.add(
                f"the generator makes an item `{name}`, too", "give the generator another prefix", "items", name
            )
