"""Checks of detection rules: they watch items and nodes that exist, in the units of the items."""

from sim.scenario.checks.context import Context
from sim.scenario.checks.names import check_names, names_in_filter, texts
from sim.scenario.checks.quantities import check_units, units_of
from sim.units import PHYSICAL_UNITS, Rate


def check_detection_names(context: Context) -> None:
    """Rules are for items at nodes that exist."""
    for at, entry in context.entries("detection"):
        check_names(context, "node", texts(entry.get("nodes")), context.nodes, *at, "nodes")
        if context.items_known:
            check_names(context, "item", names_in_filter(entry.get("items")), context.items, *at, "items")


def check_detection_units(context: Context) -> None:
    """A rule's quantities and rates fit the units of its items; a response is given where something follows from it."""
    for index, entry in enumerate(context.scenario.detection):
        at = ("detection", index, "rule")
        units = units_of(context, entry.items.names)
        for name, amount in entry.rule.amounts().items():
            check_units(context, amount, units, *at, name)
            if not isinstance(amount, Rate):
                continue
            for unit, item in units.items():
                if PHYSICAL_UNITS[unit.name][0] != PHYSICAL_UNITS[amount.unit][0]:
                    counted = "pieces" if amount.unit == "each" else amount.unit
                    example = "2 /h" if unit.name == "each" else f"2 {unit.name} /h"
                    message = f"item `{item}` is counted in {unit}, the rate in {counted}"
                    context.add(message, f"write `{example}`", *at, name)
                    break
        if entry.rule.response is not None and entry.rule.truth != "leaking":
            message = f"nothing follows from an alarm of `{entry.rule.kind}`"
            context.add(message, "leave `response` out; it is for rules that find leaks", *at, "response")


def check_abnormal_demand(context: Context) -> None:
    """Only single lines at random times can be marked abnormal."""
    for index, demand in enumerate(context.scenario.demand):
        if demand.abnormal and demand.kind in ("jobs", "trace"):
            message = f"demand of kind {demand.kind} cannot be `abnormal`"
            context.add(message, "mark a poisson or compound_poisson demand", "demand", index, "abnormal")
