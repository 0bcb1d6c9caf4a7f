"""The KPIs of the whole network and of all contracts together, where a study looks at nothing else."""

from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from sim.kpi.kpis import KPIS
from sim.record.arrow import texts

WHOLE_SCOPES: Final = ("network", "contracts")
"""Scopes with a single key that is about everything. No KPI is of both."""


def whole_kpis() -> list[str]:
    """Names of the KPIs of the whole network and of all contracts together, as registered."""
    return [kpi.name for kpi in KPIS.values() if not kpi.scopes.isdisjoint(WHOLE_SCOPES)]


class Value(NamedTuple):
    """A KPI's value in one replication, and its unit."""

    value: float
    unit: str


def network_values(kpis: pa.Table) -> dict[str, Value]:
    """KPI name -> value over everything, from the table of one replication. A KPI without meaning is missing."""
    found: dict[str, Value] = {}
    for batch in kpis.filter(pc.is_in(kpis["scope"].cast(pa.string()), texts(WHOLE_SCOPES))).to_pylist():
        found[batch["kpi"]] = Value(batch["value"], batch["unit"])
    return found
