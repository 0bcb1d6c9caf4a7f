"""What happened to one item in one replication, event by event."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sim.errors import RunDirectoryError
from sim.explain.run_files import column
from sim.network import Int64Array
from sim.record.layouts import EVENTS


@dataclass(frozen=True)
class ItemLog:
    """The events of one item in the order in which they happened; columns as in the events table, all of one length."""

    time_ms: Int64Array
    phase: Int64Array
    node: Int64Array
    event: Int64Array
    quantity: Int64Array
    reference: Int64Array

    @staticmethod
    def of(table: pa.Table) -> "ItemLog":
        """From rows of an events table."""
        names = ("time_ms", "phase", "node", "event", "quantity", "reference")
        return ItemLog(**{name: column(table, name) for name in names})

    def __len__(self) -> int:
        return len(self.time_ms)


def recorded_events(folder: Path, item: int) -> pa.Table | None:
    """The item's rows of a replication's event log, read piece by piece; None when the log was not kept."""
    path = folder / f"{EVENTS.name}.parquet"
    if not path.is_file():
        return None
    try:
        file = pq.ParquetFile(path)
        batches = [batch.filter(pc.equal(batch["item"], item)) for batch in file.iter_batches(1 << 17)]
        return pa.Table.from_batches(batches, schema=file.schema_arrow)
    except (OSError, pa.ArrowException) as error:
        raise RunDirectoryError(f"{path} cannot be read: {error}") from error
