"""Arrow arrays straight from numpy's memory.

`pyarrow.array` loads pandas when it is first called, which takes longer than many a run; these do not.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def numbers(values: npt.ArrayLike) -> pa.Array:
    """A column of numbers, without copying where the values are contiguous; booleans become 0 and 1 (int8)."""
    array = np.ascontiguousarray(values)
    if array.dtype == np.bool_:
        array = array.view(np.int8)
    return pa.Array.from_buffers(pa.from_numpy_dtype(array.dtype), len(array), [None, pa.py_buffer(array)])


def texts(values: Iterable[str]) -> pa.Array:
    """A column of strings."""
    encoded = [value.encode() for value in values]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int32)
    np.cumsum([len(one) for one in encoded], out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def number_table(columns: Mapping[str, npt.ArrayLike]) -> pa.Table:
    """A table of number columns by name."""
    return pa.Table.from_arrays([numbers(values) for values in columns.values()], names=list(columns))


def values_of(column: pa.Array | pa.ChunkedArray, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
    """The values of a number column without empty cells; `dtype` is its numpy type. Not copied if in one piece."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    pieces = [_piece(chunk, np.dtype(dtype)) for chunk in chunks]
    return pieces[0] if len(pieces) == 1 else np.concatenate([np.empty(0, dtype), *pieces])


def _piece(chunk: pa.Array, dtype: np.dtype[np.generic]) -> npt.NDArray[np.generic]:
    data = chunk.buffers()[1]
    if data is None or len(chunk) == 0:
        return np.empty(0, dtype)
    return np.frombuffer(data, dtype, len(chunk), chunk.offset * dtype.itemsize)
