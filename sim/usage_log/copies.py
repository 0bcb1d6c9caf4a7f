"""The three copies of a log's entries: the entries themselves, their leaf hashes, and the table that they came from.

A forger has to change all three alike; as long as one of them is what was signed, it tells what was done to the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from sim.errors import TwinError
from sim.usage_log.entries import MOST_LINE_BYTES, ROW_BYTES, Int64Array, row_bytes, rows_of
from sim.usage_log.log import ENTRIES, FOLDER, LEAVES, REPORTS, read_rows
from sim.usage_log.merkle import HASH_BYTES, Hashes, leaf_hash, leaf_hashes
from sim.usage_log.mismatches import Mismatch, What

NO_LEAF: Final = bytes(HASH_BYTES)


@dataclass(frozen=True)
class Copy:
    """A copy of the entries: leaf hashes (n, 32) of the header and all rows; the rows (n - 1, 6) where it has them."""

    file: str
    leaves: Hashes
    rows: Int64Array | None = None

    def with_header(self, leaf: bytes) -> "Copy":
        """The same rows behind another header."""
        if len(self.leaves) and self.leaves[0].tobytes() == leaf:
            return self
        return replace(self, leaves=np.concatenate((np.frombuffer(leaf, np.uint8)[None], self.leaves[1:])))


@dataclass(frozen=True)
class Copies:
    """All copies that could be read. `header`: the bytes of entry 0 in entries.bin, empty where there are none."""

    header: bytes
    all: Sequence[Copy]
    mismatches: Sequence[Mismatch]


def read_copies(replication_folder: Path) -> Copies:
    """Read what there is of a log and its table; what cannot be read becomes a mismatch."""
    log = replication_folder / FOLDER
    found: list[Copy] = []
    wrong: list[Mismatch] = []
    header = b""
    data = _read(log / ENTRIES, wrong)
    if data is not None:
        end = data.find(b"\n", 0, MOST_LINE_BYTES) + 1
        header = data[:end]
        if end == 0:
            wrong.append(Mismatch(What.UNREADABLE, ENTRIES, "does not begin with a header line", 0, 0))
        else:
            body = _whole(data[end:], ROW_BYTES, ENTRIES, "entries", wrong)
            entries = np.frombuffer(body, np.uint8).reshape(-1, ROW_BYTES)
            found.append(Copy(ENTRIES, _under(leaf_hash(header), leaf_hashes(entries)), rows_of(body)))
    hashes = _read(log / LEAVES, wrong)
    if hashes is not None:
        whole = _whole(hashes, HASH_BYTES, LEAVES, "hashes", wrong)
        found.append(Copy(LEAVES, np.frombuffer(whole, np.uint8).reshape(-1, HASH_BYTES)))
    try:
        rows = read_rows(replication_folder / REPORTS)
    except TwinError as error:
        wrong.append(Mismatch(What.UNREADABLE, REPORTS, str(error)))
    else:
        found.append(_of_table(rows, found))
    return Copies(header, found, wrong)


def _of_table(rows: Int64Array, others: Sequence[Copy]) -> Copy:
    """The copy in the table; where the entries are the same, their hashes are not worked out again."""
    for other in others:
        if other.rows is not None and np.array_equal(other.rows, rows):
            return replace(other, file=REPORTS)
    first = others[0].leaves[0].tobytes() if others and len(others[0].leaves) else NO_LEAF
    return Copy(REPORTS, _under(first, leaf_hashes(row_bytes(rows))), rows)


def _under(header_leaf: bytes, leaves: Hashes) -> Hashes:
    return np.concatenate((np.frombuffer(header_leaf, np.uint8)[None], leaves))


def _read(file: Path, wrong: list[Mismatch]) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError as error:
        wrong.append(Mismatch(What.UNREADABLE, file.name, f"cannot be read: {error.strerror or error}"))
        return None


def _whole(data: bytes, size: int, file: str, what: str, wrong: list[Mismatch]) -> bytes:
    """The data up to the last whole record of `size` bytes."""
    rest = len(data) % size
    if rest:
        wrong.append(
            Mismatch(What.UNREADABLE, file, f"ends with {rest} bytes that are no whole {what} of {size} bytes")
        )
    return data[: len(data) - rest]
