"""The KPIs of one variant as an array: a row per scope, key and KPI, a column per replication."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sim.kpi.kpis import KPIS
from sim.record.arrow import texts

Float64Array = npt.NDArray[np.float64]

SCOPES: Final = ("network", "echelon", "class", "node", "contracts", "contract", "contract_stream", "sla")
"""What is compared, contracts where there are any.

Items and single stock points are too many to be read, and too noisy to be told apart."""


class Row(NamedTuple):
    """What a value is about."""

    scope: str
    key: str
    kpi: str


@dataclass(frozen=True)
class KpiValues:
    """KPIs by row, in the order of scopes, KPIs as registered, and keys as recorded.

    Attributes:
        rows: what each row is.
        units: unit per row.
        replications: the number of each column's replication.
        values: (rows, replications); NaN where a KPI has no meaning in a replication.
    """

    rows: tuple[Row, ...]
    units: tuple[str, ...]
    replications: tuple[int, ...]
    values: Float64Array

    @cached_property
    def place(self) -> Mapping[Row, int]:
        """The number of each row."""
        return {row: number for number, row in enumerate(self.rows)}

    def of(self, row: Row) -> Float64Array | None:
        """A row's values by replication, None where there is no such row."""
        place = self.place.get(row)
        return None if place is None else self.values[place]

    def network(self, kpi: str) -> Float64Array | None:
        """A KPI of the whole network."""
        return self.of(Row("network", "network", kpi))

    def keys(self, scope: str) -> list[str]:
        """The keys of a scope."""
        return list(dict.fromkeys(row.key for row in self.rows if row.scope == scope))


def only_compared(kpis: pa.Table, scopes: Iterable[str] = SCOPES) -> pa.Table:
    """The rows of a KPI table that a comparison looks at: a hundredth of them."""
    return kpis.filter(pc.is_in(kpis["scope"].cast(pa.string()), texts(scopes)))


def kpi_values(tables: Iterable[pa.Table]) -> KpiValues:
    """Put the replications in KPI tables side by side."""
    units: dict[Row, str] = {}
    columns: dict[int, dict[Row, float]] = {}
    for table in tables:
        names = [table[name].cast(pa.string()).to_pylist() for name in ("scope", "key", "kpi", "unit")]
        numbers = [table[name].to_pylist() for name in ("replication", "value")]
        for scope, key, kpi, unit, replication, value in zip(*names, *numbers, strict=True):
            row = Row(scope, key, kpi)
            units.setdefault(row, unit)
            columns.setdefault(replication, {})[row] = value
    rows = _in_order(units)
    values = np.full((len(rows), len(columns)), np.nan)
    for place, number in enumerate(sorted(columns)):
        values[:, place] = [columns[number].get(row, np.nan) for row in rows]
    return KpiValues(tuple(rows), tuple(units[row] for row in rows), tuple(sorted(columns)), values)


def _in_order(rows: Iterable[Row]) -> Sequence[Row]:
    scopes = {scope: place for place, scope in enumerate(SCOPES)}
    kpis = {kpi: place for place, kpi in enumerate(KPIS)}
    return sorted(rows, key=lambda row: (scopes.get(row.scope, len(scopes)), kpis.get(row.kpi, len(kpis))))
