"""Merkle trees over lists of entries, as in RFC 6962 (Laurie, Langley, Kasper 2013), section 2.1, with SHA-256.

    hash of a leaf  SHA-256(00 || entry)        hash of a node  SHA-256(01 || left || right)

The left half of a tree of n leaves has the largest power of two below n. Proofs are verified from hashes alone, by the
algorithms of RFC 9162, 2.1.3.2 and 2.1.4.2.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from hashlib import sha256
from typing import Final

import numpy as np
import numpy.typing as npt

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()

Hashes = npt.NDArray[np.uint8]
"""n hashes, (n, 32)."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of an entry as a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of a node above two others."""
    return sha256(b"\x01" + left + right).digest()


def leaf_hashes(entries: npt.NDArray[np.uint8]) -> Hashes:
    """Hashes of n entries of equal length: (n, length) bytes."""
    return _hash_rows(b"\x00", entries)


def _hash_rows(prefix: bytes, rows: npt.NDArray[np.uint8]) -> Hashes:
    """SHA-256 of prefix || row for each row."""
    count, length = rows.shape
    buffer = np.empty((count, 1 + length), np.uint8)
    buffer[:, 0] = prefix[0]
    buffer[:, 1:] = rows
    data, step = buffer.tobytes(), 1 + length
    digests = b"".join([sha256(data[at : at + step]).digest() for at in range(0, len(data), step)])
    return np.frombuffer(digests, np.uint8).reshape(count, HASH_BYTES)


class MerkleTree:
    """The tree over the given leaves, and over every shorter list that they begin with.

    Args:
        leaves: hashes of the entries, (n, 32), in order.
    """

    def __init__(self, leaves: Hashes) -> None:
        # level k: hashes of the whole subtrees of 2^k leaves, in order; each root is made of a few of them
        self._levels = [leaves]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            pairs = len(below) // 2
            self._levels.append(_hash_rows(b"\x01", below[: 2 * pairs].reshape(pairs, 2 * HASH_BYTES)))

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0])

    def leaf(self, index: int) -> bytes:
        """Hash of a leaf."""
        return bytes(self._levels[0][index])

    def root(self, size: int | None = None) -> bytes:
        """Root over the first `size` leaves (default: all)."""
        size = self._checked(size)
        return self._subtree(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """The audit path PATH(index, D[size]) of RFC 6962, 2.1.1: from the leaf's neighbour up to the root's child."""
        size = self._checked(size)
        if not 0 <= index < size:
            raise ValueError(f"there is no leaf {index} among the first {size}")
        low, high, path = 0, size, []
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self._subtree(middle, high))
                high = middle
            else:
                path.append(self._subtree(low, middle))
                low = middle
        return path[::-1]

    def consistency_proof(self, old_size: int, size: int | None = None) -> list[bytes]:
        """PROOF(old_size, D[size]) of RFC 6962, 2.1.2: the first `old_size` leaves are those of the shorter tree."""
        size = self._checked(size)
        if not 0 < old_size <= size:
            raise ValueError(f"a tree of {old_size} leaves is not the beginning of one of {size}")
        low, high, path = 0, size, []
        while high != old_size:
            middle = low + _split(high - low)
            if old_size <= middle:
                path.append(self._subtree(middle, high))
                high = middle
            else:
                path.append(self._subtree(low, middle))
                low = middle
        if low:  # else the old root itself, which the verifier has
            path.append(self._subtree(low, high))
        return path[::-1]

    def _checked(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise ValueError(f"there are {self.size} leaves, not {size}")
        return size

    def _subtree(self, low: int, high: int) -> bytes:
        """Root over leaves low .. high - 1, where low is a multiple of a power of two that is at least their number."""
        return reduce(lambda right, left: node_hash(left, right), reversed(list(self._whole(low, high))))

    def _whole(self, low: int, high: int) -> Iterator[bytes]:
        """The whole subtrees that leaves low .. high - 1 are made of, from left to right."""
        while low < high:
            level = (high - low).bit_length() - 1
            yield self._levels[level][low >> level].tobytes()
            low += 1 << level


def _split(size: int) -> int:
    """The largest power of two below `size` (>= 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_holds(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether an audit path shows that the hash of a leaf is number `index` of the `size` leaves under `root`."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for other in path:
        if last == 0:
            return False
        if node % 2 or node == last:
            found = node_hash(other, found)
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, other)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def consistency_holds(old_size: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether a proof shows that the tree under `root` begins with all the leaves of the one under `old_root`."""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not path and old_root == root
    hashes = list(path)
    if old_size & (old_size - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        return False
    node, last = old_size - 1, size - 1
    while node % 2:
        node, last = node >> 1, last >> 1
    old_found = found = hashes[0]
    for other in hashes[1:]:
        if last == 0:
            return False
        if node % 2 or node == last:
            old_found, found = node_hash(other, old_found), node_hash(other, found)
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, other)
        node, last = node >> 1, last >> 1
    return last == 0 and old_found == old_root and found == root
