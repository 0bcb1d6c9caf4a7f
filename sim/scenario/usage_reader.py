"""Reads the table of what a customer uses, which the section `sizing` names."""

from typing import TYPE_CHECKING

from sim.scenario.checks.context import Context
from sim.scenario.findings import Finding, ScenarioError
from sim.scenario.sources import Sources

if TYPE_CHECKING:
    from sim.size.usage_table import ItemUse


def read_usage_table(context: Context, sources: Sources, findings: list[Finding]) -> "tuple[ItemUse, ...] | None":
    """Its rows, None without a section or when the table cannot be used; findings are added to the list."""
    section = context.scenario.sizing
    if section is None:
        return None
    from sim.size.usage_table import LARGEST_BYTES, usage_items

    place = context.place("sizing", "usage")
    try:
        path = sources.inside(section.usage, place, "sizing.usage")
        data = sources.read(path, LARGEST_BYTES, "sizing.usage", place)
        return usage_items(data, path.name, sources.display(path), context.scenario.currency)
    except ScenarioError as error:
        findings.extend(error.findings)
        return None
