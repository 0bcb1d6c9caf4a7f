"""Simulates one replication of a run again, with the event log of a single item.

The same seed and scenario give the same records; the orders are compared with the recorded ones to be sure of that.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sim.explain.errors import ExplainError, ReplayDiffersError
from sim.explain.run_files import RunFiles, read_table
from sim.network import Network
from sim.record.arrow import values_of
from sim.record.column_buffer import ColumnBuffer
from sim.record.layouts import EVENTS, ORDERS
from sim.record.records import Recorder

_ROWS_PER_CHUNK = 1 << 17

Step = Callable[[], None]
"""Called at least once in a simulated week."""


class ItemSink:
    """Keeps the events of one item and throws the others away, so that a large network fits into memory."""

    def __init__(self, item: int) -> None:
        self._item = item
        self._batches: list[pa.RecordBatch] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Keep the rows of the item; filtering copies them."""
        self._batches.append(batch.filter(pc.equal(batch["item"], self._item)))

    def close(self) -> None:
        """Nothing to do: the rows are already readable."""

    def discard(self) -> None:
        self._batches.clear()

    def table(self) -> pa.Table:
        return pa.Table.from_batches(self._batches, schema=EVENTS.schema)


def replayed_events(run: RunFiles, replication: int, item: int, step: Step) -> pa.Table:
    """The events of `item` in a replication, simulated again.

    ReplayDiffersError when that does not give the recorded orders (another version of this program, a changed table).
    """
    folder = run.replication_folder(replication)

    def should_stop() -> bool:
        step()
        return False

    seed = run.manifest.seed
    if run.manifest.from_state:
        events, orders = _from_state(run.network, seed, replication, Path(run.manifest.from_state), item, should_stop)
    else:
        events, orders = _from_start(run.network, seed, replication, item, should_stop)
    if _fingerprint(orders) != _fingerprint(read_table(folder / "orders.parquet")):
        writer = run.manifest.versions.get("mro-twin", "unknown")
        raise ReplayDiffersError(
            f"replication {replication} of {run.path} was simulated again, and its orders differ from the recorded "
            f"ones: the run was made by another version of the program (mro-twin {writer}), or its files were changed; "
            "run the scenario again, best with --events"
        )
    return events


def _from_start(
    network: Network, seed: int, replication: int, item: int, should_stop: Callable[[], bool]
) -> tuple[pa.Table, pa.Table]:
    from sim.engine import simulate_replication

    with TemporaryDirectory(prefix="mro-twin-explain-") as folder:  # a large network's tables take much memory
        recorder = Recorder(network, seed, replication, Path(folder))
        sink = ItemSink(item)
        recorder.events = ColumnBuffer(EVENTS, _ROWS_PER_CHUNK, sink)
        records = simulate_replication(network, seed, replication, recorder=recorder, should_stop=should_stop)
        recorder.events.close()
        return sink.table(), records.table(ORDERS.name)


def _from_state(
    network: Network, seed: int, replication: int, state: Path, item: int, should_stop: Callable[[], bool]
) -> tuple[pa.Table, pa.Table]:
    from sim.engine import simulate_replication

    if not state.is_dir():
        raise ExplainError(f"the run started from the state in {state}, which is gone; run again with --events")
    records = simulate_replication(network, seed, replication, from_state=state, events=True, should_stop=should_stop)
    events = records.table(EVENTS.name)
    return events.filter(pc.equal(events["item"], item)), records.table(ORDERS.name)


def _fingerprint(table: pa.Table) -> list[tuple[str, str]]:
    """SHA-256 of each column, however the table is cut into chunks."""
    return [
        (field.name, hashlib.sha256(_plain(table[field.name], field.type.to_pandas_dtype()).tobytes()).hexdigest())
        for field in table.schema
    ]


def _plain(column: pa.ChunkedArray, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
    return np.ascontiguousarray(values_of(column, dtype))
