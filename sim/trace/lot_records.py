"""What one replication recorded of its lots, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sim import columns as c
from sim.errors import RunDirectoryError
from sim.explain.run_files import RunFiles, column, read_table
from sim.network import Int64Array
from sim.record.layouts import LOTS, TRANSFERS, USAGE

Columns = Mapping[str, Int64Array]

_FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "lots": tuple(one.name for one in LOTS.columns),
    "transfers": tuple(one.name for one in TRANSFERS.columns),
    "usage": tuple(one.name for one in USAGE.columns),
    "lot_layers": ("closing", "stock_point", "source", "lot", "quantity"),
    "lot_issues": ("stock_point", "issued"),
}


@dataclass(frozen=True)
class LotRecords:
    """The tables that say where lots are and were; P stock points.

    Attributes:
        lots, transfers, usage, lot_layers, lot_issues: columns of the tables of these names, see the run's README; of
            usage only what is of tracked lots.
        item: (P,) item of each stock point.
        logged: (P,) whether the usage log names every unit: in a device, or where a contract covers the stock.
        start_ms: where the records begin: 0, or the instant of the state that the run started from.
    """

    lots: Columns
    transfers: Columns
    usage: Columns
    lot_layers: Columns
    lot_issues: Columns
    item: Int64Array
    logged: npt.NDArray[np.bool_]
    start_ms: int

    @staticmethod
    def read(run: RunFiles, folder: Path) -> "LotRecords":
        """The records in the folder of a replication; RunDirectoryError when a table is missing or damaged."""
        points = run.stock_points
        start_ms = int(read_table(folder / "start.parquet")["time_ms"][0].as_py())
        return LotRecords(
            lots=_read(folder, "lots"),
            transfers=_read(folder, "transfers"),
            usage=read_usage(folder, ("lot", ">=", 0)),
            lot_layers=_read(folder, "lot_layers"),
            lot_issues=_read(folder, "lot_issues"),
            item=points["item"],
            logged=(points["flags"] & (c.SP_DEVICE | c.SP_BILLED)) != 0,
            start_ms=start_ms,
        )

    def row(self, lot: int) -> int | None:
        """The row of a lot in the table of lots; None when there is none of that number."""
        rows = np.flatnonzero(self.lots["lot"] == lot)
        return int(rows[0]) if len(rows) else None


def read_usage(folder: Path, *filters: tuple[str, str, int]) -> Columns:
    """The rows of the usage log that meet every condition (column, comparison, value); none in a run without devices.

    RunDirectoryError when the table is damaged.
    """
    file = folder / "usage.parquet"
    if not file.is_file():
        return {one: np.zeros(0, np.int64) for one in _FILES["usage"]}
    try:
        table = pq.read_table(file, filters=list(filters))
    except (OSError, pa.ArrowException) as error:
        raise RunDirectoryError(f"{file} cannot be read: {error}") from error
    return _columns(table, file, "usage")


def _read(folder: Path, name: str) -> Columns:
    file = folder / f"{name}.parquet"
    return _columns(read_table(file), file, name)


def _columns(table: pa.Table, file: Path, name: str) -> Columns:
    wanted = _FILES[name]
    missing = [one for one in wanted if one not in table.column_names]
    if missing:
        raise RunDirectoryError(
            f"{file} has no column {', '.join(missing)}: another version of this program wrote it; run again"
        )
    return {one: column(table, one) for one in wanted}
