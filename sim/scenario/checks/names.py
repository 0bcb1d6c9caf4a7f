"""Checks that every name leads somewhere.

They look at what stands in the file, not at the checked models, so that another fault in an entry hides no name.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sim.scenario.checks.context import Context
from sim.scenario.expand import is_pattern, matching
from sim.scenario.findings import did_you_mean

_MOST_CANDIDATES = 20_000


def check_name(context: Context, what: str, name: Any, known: Sequence[str], *location: object) -> None:
    """Note a finding for a name, which may not be a pattern, that is not one of the known ones; others are passed."""
    if isinstance(name, str) and name not in known:
        hint = did_you_mean(name, known) if len(known) <= _MOST_CANDIDATES else ""
        context.add_as_written(f"there is no {what} `{name}`", hint, *location)


def check_names(context: Context, what: str, patterns: Iterable[str], known: Sequence[str], *location: object) -> None:
    """Note a finding for each name or pattern that none of the known names fits."""
    names = set(known)
    for pattern in patterns:
        if pattern in names:
            continue
        if not is_pattern(pattern):
            check_name(context, what, pattern, known, *location)
            continue
        try:
            found = matching([pattern], known)
        except ValueError as error:
            context.add_as_written(str(error), "write a range as {01..60}", *location)
            continue
        if not found:
            example = f"{what}s are called, for example, `{known[0]}`" if known else f"there are no {what}s"
            context.add_as_written(f"no {what} fits the pattern `{pattern}`", example, *location)


def texts(value: Any) -> list[str]:
    """Names or patterns: of a text, a list of texts, or the keys of a mapping; anything else is reported elsewhere."""
    values = [value] if isinstance(value, str) else value
    return [text for text in values if isinstance(text, str) and text] if isinstance(values, (list, dict)) else []


def names_in_filter(value: Any) -> list[str]:
    """The names or patterns of an item selection, whichever way it is written."""
    return texts(value.get("names") if isinstance(value, dict) else value)


def check_lane_names(context: Context) -> None:
    """Lanes lead from and to nodes, name routes and items that exist."""
    routes = context.names("trucks")
    for at, lane in context.entries("lanes"):
        check_names(context, "node", texts(lane.get("from")), context.nodes, *at, "from")
        check_names(context, "node", texts(lane.get("to")), context.nodes, *at, "to")
        refuse_plants(context, texts(lane.get("from")), *at, "from")
        refuse_plants(context, texts(lane.get("to")), *at, "to")
        check_name(context, "truck route", lane.get("truck"), routes, *at, "truck")
        if context.items_known:
            check_names(context, "item", names_in_filter(lane.get("items")), context.items, *at, "items")


def _single(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else []


def check_truck_names(context: Context) -> None:
    """Routes start and stop at nodes."""
    for at, truck in context.entries("trucks"):
        check_name(context, "node", truck.get("base"), context.nodes, *at, "base")
        refuse_plants(context, _single(truck.get("base")), *at, "base")
        for stop_at, stop in context.entries(*at, "stops"):
            check_name(context, "node", stop.get("node"), context.nodes, *stop_at, "node")
            refuse_plants(context, _single(stop.get("node")), *stop_at, "node")


def check_supplier_items(context: Context) -> None:
    """Suppliers have terms for items that exist."""
    for at, node in context.entries("nodes"):
        if context.is_supplier(str(at[-1])) and isinstance(node.get("items"), dict) and context.items_known:
            for item in texts(node["items"]):
                check_names(context, "item", [item], context.items, *at, "items", item)


def check_demand_names(context: Context) -> None:
    """Demand is for items at nodes that exist, and its profile exists."""
    profiles = context.names("profiles")
    for at, demand in context.entries("demand"):
        nodes = texts(demand.get("node"))
        check_names(context, "node", nodes, context.nodes, *at, "node")
        refuse_suppliers(context, nodes, "; customers cannot buy from it", "name a warehouse or store", *at, "node")
        refuse_plants(context, nodes, *at, "node")
        check_name(context, "profile", demand.get("profile"), profiles, *at, "profile")
        if context.items_known:
            check_names(context, "item", texts(demand.get("item")), context.items, *at, "item")
            jobs = demand.get("jobs")
            if isinstance(jobs, dict):
                check_names(context, "item", texts(jobs.get("items")), context.items, *at, "jobs", "items")


def refuse_suppliers(context: Context, nodes: Iterable[str], what: str, hint: str, *location: object) -> None:
    """Note a finding for each supplier that is named where a place with stock is meant."""
    for name in nodes:
        if context.is_supplier(name):
            context.add_as_written(f"`{name}` is a supplier{what}", hint, *location)


def refuse_plants(context: Context, nodes: Iterable[str], *location: object) -> None:
    """Note a finding for each plant that is named where a place with stock is meant; patterns pass plants over."""
    for name in nodes:
        if context.is_plant(name):
            hint = "name the shelves, vending machines and tanks that stand in it"
            context.add_as_written(f"`{name}` is a plant and holds no stock itself", hint, *location)


def check_policy_names(context: Context) -> None:
    """Policies are for items at nodes that exist and hold stock."""
    for at, entry in context.entries("policies"):
        nodes = texts(entry.get("nodes"))
        check_names(context, "node", nodes, context.nodes, *at, "nodes")
        refuse_suppliers(context, nodes, " and holds no stock", "name warehouses and stores", *at, "nodes")
        refuse_plants(context, nodes, *at, "nodes")
        if context.items_known:
            check_names(context, "item", names_in_filter(entry.get("items")), context.items, *at, "items")


def check_generator_names(context: Context) -> None:
    """The generator speaks of nodes and profiles that exist, and its items have names of their own."""
    profiles = context.names("profiles")
    for at, demand in _generated_demand(context):
        check_names(context, "node", texts(demand.get("nodes")), context.nodes, *at, "nodes")
        check_name(context, "profile", demand.get("profile"), profiles, *at, "profile")
    for at, stocking in context.entries("generator", "stocking"):
        check_names(context, "node", texts(stocking.get("nodes")), context.nodes, *at, "nodes")
    listed = context.names("items")
    generated = set(context.items[len(listed) :])
    for name in listed:
        if name in generated:
            message = f"the generator makes an item `{name}`, too"
            context.add_as_written(message, "give the generator another prefix", "items", name)


def _generated_demand(context: Context) -> Iterable[tuple[tuple[object, ...], dict[str, Any]]]:
    """The generator's demand, which may be one entry without a list."""
    single = context.written("generator", "demand")
    if isinstance(single, dict):
        return [(("generator", "demand"), single)]
    return context.entries("generator", "demand")
