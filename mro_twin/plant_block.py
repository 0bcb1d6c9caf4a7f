"""What `mro-twin run` prints of plants below the KPIs: figures of plants and devices, stops, records and alarms."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich import box
from rich.table import Table

from mro_twin.number_format import format_mean
from sim.kpi import detection, devices, plants
from sim.kpi.kpis import KPIS
from sim.kpi.summary import Mean

PLANT_KPIS: Final = frozenset(
    name
    for name, one in KPIS.items()
    if one.value.__module__ in (plants.__name__, devices.__name__, detection.__name__)
)
"""The KPIs that only plants have."""

_BLOCKS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "stop_cause": ("line stops by cause", {"line_stops": "stops", "stop_hours": "hours lost", "stop_cost": "cost"}),
    "record_cause": ("record against shelf", {"record_error": "units, mean", "record_error_value": "value, mean"}),
    "rule": (
        "detection rule",
        {
            "alarm_hits": "hits",
            "false_alarms": "false alarms",
            "missed_alarms": "misses",
            "alarm_precision": "precision",
            "alarm_delay": "mean delay",
        },
    ),
}
"""Scope -> what its rows are, and its columns: KPI -> heading."""


def plant_tables(means: Sequence[Mean]) -> list[Table]:
    """Their tables; none without plants. What is 0 everywhere is left out."""
    if not any(mean.kpi in PLANT_KPIS for mean in means):
        return []
    return [table for table in (_figures(means), *(_block(scope, means) for scope in _BLOCKS)) if table.row_count]


def _figures(means: Sequence[Mean]) -> Table:
    """The figures of all plants and devices together."""
    n = max((mean.n for mean in means), default=0)
    table = _table("plants and devices", "unit", "all")
    for mean in means:
        if mean.scope == "network" and mean.kpi in PLANT_KPIS and (mean.unit == "share" or mean.mean != 0):
            table.add_row(mean.kpi, "" if mean.unit == "share" else mean.unit, format_mean(mean, n))
    return table


def _block(scope: str, means: Sequence[Mean]) -> Table:
    """A row per key of a scope of its own, in the order of the summary."""
    first, columns = _BLOCKS[scope]
    cell = {(mean.key, mean.kpi): mean for mean in means if mean.scope == scope}
    n = max((mean.n for mean in means), default=0)
    unit = {mean.kpi: mean.unit for mean in cell.values()}
    headings = [heading + _unit(unit.get(kpi, "")) for kpi, heading in columns.items()]
    table = _table(first, *headings)
    for key in dict.fromkeys(key for key, _ in cell):
        values = [cell.get((key, kpi)) for kpi in columns]
        if any(value is not None and value.mean != 0 for value in values):
            table.add_row(key, *(format_mean(value, n) for value in values))
    return table


def _unit(unit: str) -> str:
    """The unit behind a heading where the heading does not say it."""
    return f", {unit}" if unit.isupper() or unit == "h" else ""


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="left" if heading == "unit" else "right", no_wrap=True)
    return table
