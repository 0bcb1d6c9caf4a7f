"""The KPIs of the whole network out of a KPI table, where a study looks at nothing else."""

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

NETWORK: str = "network"


class Value(NamedTuple):
    """A KPI's value in one replication, and its unit."""

    value: float
    unit: str


def network_values(kpis: pa.Table) -> dict[str, Value]:
    """KPI name -> value of the whole network, from the table of one replication. A KPI without meaning is missing."""
    found: dict[str, Value] = {}
    for batch in kpis.filter(pc.equal(kpis["scope"].cast(pa.string()), NETWORK)).to_pylist():
        found[batch["kpi"]] = Value(batch["value"], batch["unit"])
    return found
