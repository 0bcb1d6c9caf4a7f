"""Checks of the whole: is there anything to simulate, and time to measure it in."""

from sim.scenario.checks.context import Context
from sim.units import format_duration


def check_something_there(context: Context) -> None:
    """A scenario has nodes and items."""
    if not context.nodes and "nodes" not in context.broken:
        context.add("the scenario has no nodes", "add `nodes:` with suppliers, warehouses and stores", "nodes")
    if (
        not context.items
        and not {"items", "items_table", "generator"} & context.broken
        and not context.scenario.items_table
    ):
        context.add("the scenario has no items", "add `items:`, `items_table:` or `generator:`", "items")


def check_times(context: Context) -> None:
    """The warm-up leaves time to measure."""
    scenario = context.scenario
    if scenario.warm_up >= scenario.horizon and not {"horizon", "warm_up"} & context.broken:
        horizon = format_duration(scenario.horizon)
        message = f"the warm-up ({format_duration(scenario.warm_up)}) is not shorter than the horizon ({horizon})"
        context.add(message, "shorten the warm-up or lengthen the horizon", "warm_up")
