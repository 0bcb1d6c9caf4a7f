"""What a run gives back to Python."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sim.kpi.summary import SUMMARY_SCOPES, Mean, summarize

if TYPE_CHECKING:
    import pandas as pd

    from sim.run.precision import PrecisionReport
    from sim.usage_log.log import SignedLog


class Tables(Mapping[str, "pd.DataFrame"]):
    """The records of all replications by table name, as DataFrames with a column `replication`; read when asked for.

    Args:
        memory: replication number -> table name -> table.
        folders: replication number -> folder with Parquet tables.
    """

    def __init__(self, memory: Mapping[int, Mapping[str, pa.Table]], folders: Mapping[int, Path]) -> None:
        self._memory = memory
        self._folders = folders

    def arrow(self, name: str) -> pa.Table:
        """A table of all replications as an Arrow table; KeyError when there is none of that name."""
        found = [(number, tables[name]) for number, tables in self._memory.items() if name in tables]
        for number, folder in self._folders.items():
            if (folder / f"{name}.parquet").is_file():
                found.append((number, pq.ParquetFile(folder / f"{name}.parquet").read()))
        if not found:
            raise KeyError(name)
        return pa.concat_tables([_numbered(table, number) for number, table in sorted(found, key=lambda one: one[0])])

    def __getitem__(self, name: str) -> "pd.DataFrame":
        frame: pd.DataFrame = self.arrow(name).to_pandas()
        return frame

    def __iter__(self) -> Iterator[str]:
        names = {name for tables in self._memory.values() for name in tables}
        names |= {path.stem for folder in self._folders.values() for path in folder.glob("*.parquet")}
        return iter(sorted(names - {"kpis"}))

    def __len__(self) -> int:
        return len(list(iter(self)))


def _numbered(table: pa.Table, replication: int) -> pa.Table:
    column = pa.repeat(pa.scalar(replication, pa.int32()), len(table))
    return table.replace_schema_metadata(None).add_column(0, "replication", column)


@dataclass(frozen=True)
class Result:
    """The outcome of all replications of a scenario.

    Attributes:
        kpi_table: the tidy KPI table as an Arrow table.
        confidence: level of the confidence intervals.
        tables: the records, by table name.
        measured_ms: [from, to) of the time that KPIs are about, since the start.
        path: the run directory, None when nothing was written.
        precision: how a run until a precision ended; None for a given number of replications.
        warm_up: how the warm-up was found (content of warm_up.json); None when it was stated.
        usage_log: what was signed of the reports that contracts bill; None where nothing was signed now.
    """

    kpi_table: pa.Table
    confidence: float
    tables: Tables
    measured_ms: tuple[int, int]
    path: Path | None = None
    precision: "PrecisionReport | None" = None
    warm_up: Mapping[str, Any] | None = None
    usage_log: "SignedLog | None" = None

    @cached_property
    def kpis(self) -> "pd.DataFrame":
        """The tidy KPI table: variant, replication, scope, key, kpi, value, unit."""
        frame: pd.DataFrame = self.kpi_table.to_pandas()
        return frame

    def means(self, *scopes: str) -> list[Mean]:
        """Mean and confidence interval of every KPI of the scopes (default: those of the summary, SUMMARY_SCOPES)."""
        return summarize(self.kpi_table, self.confidence, scopes or SUMMARY_SCOPES)

    def summary(self, *scopes: str) -> "pd.DataFrame":
        """The same as a DataFrame: scope, key, kpi, mean, half_width (NaN for one replication), n, unit."""
        import pandas as pd

        return pd.DataFrame(self.means(*scopes), columns=list(Mean._fields))

    def value(self, kpi: str, key: str = "network", scope: str = "network") -> float:
        """The mean of one KPI over replications; KeyError when it has no value there."""

        def is_(column: str, wanted: str) -> pa.ChunkedArray:
            return pc.equal(self.kpi_table[column].cast(pa.string()), wanted)

        here = pc.and_(pc.and_(is_("scope", scope), is_("key", key)), is_("kpi", kpi))
        means = summarize(self.kpi_table.filter(here), self.confidence, (scope,))
        if not means:
            raise KeyError(f"{scope}/{key}/{kpi}")
        return means[0].mean
