"""Checks of time: is there anything to simulate and time to measure it in, and do the calendars lead somewhere."""

from sim.scenario.calendars import Review
from sim.scenario.checks.context import Context
from sim.scenario.findings import did_you_mean
from sim.scenario.nodes import StockingNode
from sim.units import format_duration


def check_something_there(context: Context) -> None:
    """A scenario has nodes and items, unless it only says what a pilot is to be sized for."""
    if context.scenario.sizing is not None and not context.nodes and not context.items:
        return
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


def check_reviews(context: Context) -> None:
    """Reviews before a truck leaves name a route with a timetable that serves the node; periodic needs a calendar."""
    scenario = context.scenario
    for name, node in scenario.nodes.items():
        review = _calendar(node)
        if review is None or review.before_truck is None:
            continue
        at = ("nodes", name, "review", "before_truck")
        truck = scenario.trucks.get(review.before_truck)
        if truck is None:
            if review.before_truck not in context.names("trucks"):
                hint = did_you_mean(review.before_truck, context.names("trucks"))
                context.add(f"there is no truck route `{review.before_truck}`", hint, *at)
        elif truck.timetable is None:
            context.add(
                f"the route `{review.before_truck}` leaves when full", "only a timetable is known beforehand", *at
            )
        elif all(stop.node != name for stop in truck.stops):
            context.add(f"the route `{review.before_truck}` does not stop at `{name}`", "name one that does", *at)
    for index, entry in enumerate(scenario.policies):
        if entry.review == "periodic" and "nodes" not in context.broken:
            for name in context.stocking_matches(entry.nodes):
                if _calendar(scenario.nodes[name]) is None:
                    hint = f"give `{name}` a calendar, as in `review: {{every: 1 wk}}`"
                    context.add(f"`{name}` has no review calendar", hint, "policies", index, "review")
                    break


def _calendar(node: object) -> Review | None:
    return node.review if isinstance(node, StockingNode) else None
