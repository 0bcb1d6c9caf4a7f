"""Typed columns that compiled code appends to, and where full chunks of them go: a Parquet file, or memory.

A compiled kernel gets `buffer.columns` (a tuple of arrays in the order of the table's layout) and `buffer.fill` (an
int64 array of one element: rows in use). It writes row `fill[0]`, adds one, and returns to Python before
`fill[0] == buffer.capacity`, for `buffer.flush()`. A kernel that fills an integer block of its own, (columns, rows),
has it taken over by `buffer.write_block(block, rows)`.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sim.network import Int64Array
from sim.record.arrow import numbers, values_of
from sim.record.layouts import TableLayout


class Sink(Protocol):
    """Where full chunks of a table go."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Take one chunk; the buffer is used again as soon as this returns."""

    def close(self) -> None:
        """No more chunks: make the table readable under its own name."""

    def discard(self) -> None:
        """Leave nothing behind (the replication failed)."""


class MemorySink:
    """Keeps the chunks of a table; `table()` gives them as one."""

    def __init__(self, layout: TableLayout) -> None:
        self._layout = layout
        self._schema = layout.schema
        self._batches: list[pa.RecordBatch] = []

    def write(self, batch: pa.RecordBatch) -> None:
        copies = [
            numbers(values_of(column, field.dtype).copy())
            for column, field in zip(batch.columns, self._layout.columns, strict=True)
        ]
        self._batches.append(pa.RecordBatch.from_arrays(copies, schema=self._schema))

    def close(self) -> None:
        """Nothing to do: the chunks are already readable."""

    def discard(self) -> None:
        self._batches.clear()

    def table(self) -> pa.Table:
        return pa.Table.from_batches(self._batches, schema=self._schema)


class ParquetSink:
    """Writes a table to `path`, under a temporary name until it is whole.

    Raises OSError as the file system does (full disk, read-only directory), at any write or at close.
    """

    def __init__(self, layout: TableLayout, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(path.name + ".part")
        self._writer = pq.ParquetWriter(
            self._temporary,
            layout.schema,
            use_dictionary=False,  # hashing every value costs ten times the writing
            write_statistics=False,
            compression={column.name: column.compression for column in layout.columns},
            use_byte_stream_split=[column.name for column in layout.columns if column.split_bytes],
            store_schema=False,
        )

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()
        self._temporary.replace(self._path)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self._writer.close()
        with contextlib.suppress(OSError):
            self._temporary.unlink(missing_ok=True)


class ColumnBuffer:
    """A chunk of typed columns that compiled code appends to.

    Args:
        layout: the table's columns.
        capacity: rows per chunk; appending more without a flush is an error of the caller.
        sink: where full chunks go.
        watch: called with the filled part of the columns before a chunk goes to the sink.
    """

    def __init__(
        self,
        layout: TableLayout,
        capacity: int,
        sink: Sink,
        watch: Callable[[tuple[npt.NDArray[np.generic], ...]], None] | None = None,
    ) -> None:
        self.layout = layout
        self.capacity = capacity
        self.columns: tuple[npt.NDArray[np.generic], ...] = tuple(
            np.empty(capacity, column.dtype) for column in layout.columns
        )
        self.fill: Int64Array = np.zeros(1, dtype=np.int64)
        self.rows_flushed = 0
        self._sink = sink
        self._watch = watch

    @property
    def rows(self) -> int:
        """Rows appended so far, flushed or not: the number that the next row gets."""
        return self.rows_flushed + int(self.fill[0])

    @property
    def room(self) -> int:
        """Rows that still fit before the next flush."""
        return self.capacity - int(self.fill[0])

    def append(self, *values: int) -> None:
        """Append one row from Python, in the order of the layout's columns; flushes by itself when full."""
        if self.room == 0:
            self.flush()
        row = int(self.fill[0])
        for column, value in zip(self.columns, values, strict=True):
            column[row] = value
        self.fill[0] = row + 1

    def extend(self, *columns: npt.ArrayLike) -> None:
        """Append many rows at once: one array per column, all of one length."""
        arrays = np.broadcast_arrays(*columns)
        done, rows = 0, arrays[0].size
        while done < rows:
            if self.room == 0:
                self.flush()
            start, take = int(self.fill[0]), min(self.room, rows - done)
            for column, values in zip(self.columns, arrays, strict=True):
                column[start : start + take] = values[done : done + take]
            self.fill[0] = start + take
            done += take

    def write_block(self, block: Int64Array, rows: int) -> None:
        """Hand a chunk that a kernel filled by itself to the sink: `block` is (columns, >= rows), C-contiguous.

        Rows appended before are flushed first, so the order of rows is kept.
        """
        self.flush()
        if rows:
            columns = zip(self.layout.columns, block, strict=True)
            self._hand_over(tuple(values[:rows].astype(column.dtype, copy=False) for column, values in columns))

    def flush(self) -> None:
        """Hand the filled part to the sink and start again at row 0."""
        rows = int(self.fill[0])
        if rows:
            self._hand_over(tuple(column[:rows] for column in self.columns))
            self.fill[0] = 0

    def _hand_over(self, filled: tuple[npt.NDArray[np.generic], ...]) -> None:
        if self._watch is not None:
            self._watch(filled)
        self._sink.write(pa.RecordBatch.from_arrays([numbers(column) for column in filled], schema=self.layout.schema))
        self.rows_flushed += len(filled[0])

    def close(self) -> None:
        """Flush what is left and close the sink."""
        self.flush()
        self._sink.close()

    def discard(self) -> None:
        """Throw everything away, also what was flushed."""
        self._sink.discard()
