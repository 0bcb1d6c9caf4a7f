"""Named random streams: every source of chance has its own, and no other source can shift its numbers.

A stream is a Philox4x64-10 generator (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
Its key is a hash of the stream's name and nothing else; the counter words are [block, 0, replication, seed].
So a draw is a pure function of (seed, replication, name, position): the stream named `name` is, bit for bit,

    numpy.random.Philox(counter=words([0, 0, replication, seed]), key=words(stream_key(*name)))

where `words` makes a uint64 array (numpy garbles large words in a plain list). Any word of it can be had without
drawing those before it. One block yields four 64-bit words; numpy raises the counter before it makes a block, hence
words 0 to 3 are block 1.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sim.jit import JIT_DISABLED, compiled, int64
from sim.network import DISTRIBUTION_CONSTANT, Distribution, Float64Array, Int64Array, Uint64Array

Words: TypeAlias = tuple[np.uint64, np.uint64, np.uint64, np.uint64]  # one block

MULTIPLIER_0 = np.uint64(0xD2E7470EE14C6C93)
MULTIPLIER_1 = np.uint64(0xCA5A826395121157)
WEYL_0 = np.uint64(0x9E3779B97F4A7C15)
WEYL_1 = np.uint64(0xBB67AE8584CAA73B)

WORDS_PER_BLOCK = 4
# block number of a sequential reader that has not fetched anything yet; typed, or numba compiles every reader twice
NO_BLOCK: int = np.int64(-1)  # type: ignore[assignment]
ZERO_WORDS = (np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0))
_SHIFT_12 = np.uint64(12)
_ZERO = np.uint64(0)

if JIT_DISABLED:

    def multiply_wide(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
        """High and low 64 bits of the 128-bit product of two unsigned words."""
        product = int(a) * int(b)
        return np.uint64(product >> 64), np.uint64(product & 0xFFFFFFFFFFFFFFFF)

    def add_wrapping(a: np.uint64, b: np.uint64) -> np.uint64:
        """Sum of two unsigned words modulo 2**64; numpy's own would warn."""
        return np.uint64((int(a) + int(b)) & 0xFFFFFFFFFFFFFFFF)

else:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    @intrinsic  # type: ignore[untyped-decorator]
    def multiply_wide(typing_context: Any, a: Any, b: Any) -> Any:
        """High and low 64 bits of the 128-bit product of two unsigned words (one machine instruction)."""
        signature = types.UniTuple(types.uint64, 2)(types.uint64, types.uint64)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            wide = ir.IntType(128)
            word = ir.IntType(64)
            product = builder.mul(builder.zext(arguments[0], wide), builder.zext(arguments[1], wide))
            high = builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), word)
            low = builder.trunc(product, word)
            return context.make_tuple(builder, signature.return_type, (high, low))

        return signature, generate

    @compiled
    def add_wrapping(a: np.uint64, b: np.uint64) -> np.uint64:
        """Sum of two unsigned words modulo 2**64."""
        return a + b


@compiled
def philox_block(c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64) -> Words:
    """The four output words of Philox4x64-10 for one counter and key; all arguments are uint64."""
    for _ in range(9):
        high_0, low_0 = multiply_wide(MULTIPLIER_0, c0)
        high_1, low_1 = multiply_wide(MULTIPLIER_1, c2)
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0 = add_wrapping(k0, WEYL_0)
        k1 = add_wrapping(k1, WEYL_1)
    high_0, low_0 = multiply_wide(MULTIPLIER_0, c0)
    high_1, low_1 = multiply_wide(MULTIPLIER_1, c2)
    return high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0


@compiled
def stream_block(key0: np.uint64, key1: np.uint64, seed: np.uint64, replication: np.uint64, block: int) -> Words:
    """Words 4 x block, ..., 4 x block + 3 of a stream (blocks count from 0 here, integers of any kind)."""
    return philox_block(
        np.uint64(block + 1), _ZERO, np.uint64(replication), np.uint64(seed), np.uint64(key0), np.uint64(key1)
    )


@compiled
def word_to_uniform(word: np.uint64) -> float:
    """Map a 64-bit word to the middle of one of 2**52 equal cells of (0, 1): never 0, never 1.

    With 53 bits the middle of a cell is no longer a float64, and the topmost would round up to 1.
    """
    return (np.float64(word >> _SHIFT_12) + 0.5) * 2.220446049250313e-16


@compiled
def pick_uniform(words: Words, position: int) -> float:
    """Uniform number from the word at `position` of a stream, given the block of four words that holds it."""
    lane = position & 3
    low = words[0] if lane == 0 else words[1]
    high = words[2] if lane == 2 else words[3]
    return word_to_uniform(low if lane < 2 else high)


@compiled
def uniform(key0: np.uint64, key1: np.uint64, seed: np.uint64, replication: np.uint64, draw_index: int) -> float:
    """Uniform number in (0, 1) from word `draw_index` (from 0) of a stream: random access, one block per call.

    To draw in sequence keep the block and fetch it only when it changes, four times cheaper:

        if position >> 2 != block:
            block = position >> 2
            words = stream_block(key0, key1, seed, replication, block)
        u = pick_uniform(words, position)
        position += 1
    """
    return pick_uniform(stream_block(key0, key1, seed, replication, draw_index >> 2), draw_index)


@compiled
def fill_uniforms(
    out: Float64Array, key0: np.uint64, key1: np.uint64, seed: np.uint64, replication: np.uint64, first: int
) -> None:
    """Fill `out` (float64, any length) with the uniforms at positions `first`, `first` + 1, ... of a stream."""
    block = NO_BLOCK
    words = ZERO_WORDS
    for row in range(len(out)):
        position = first + row
        if position >> 2 != block:
            block = position >> 2
            words = stream_block(key0, key1, seed, replication, block)
        out[row] = pick_uniform(words, position)


@compiled
def _fold_keys(
    out: Uint64Array, node_keys: Uint64Array, item_hashes: Uint64Array, node_index: Int64Array, item_index: Int64Array
) -> None:
    for row in range(len(out)):
        node = node_index[row]
        item = item_index[row]
        key0, key1, _, _ = philox_block(
            item_hashes[item, 0], item_hashes[item, 1], _ZERO, _ZERO, node_keys[node, 0], node_keys[node, 1]
        )
        out[row, 0] = key0
        out[row, 1] = key1


def _hash_part(part: str) -> tuple[int, int]:
    digest = hashlib.blake2b(part.encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


def _fold(key: tuple[int, int], part: str) -> tuple[int, int]:
    low, high = _hash_part(part)
    words = philox_block(np.uint64(low), np.uint64(high), _ZERO, _ZERO, np.uint64(key[0]), np.uint64(key[1]))
    return int(words[0]), int(words[1])


def stream_key(*parts: str) -> tuple[int, int]:
    """Philox key (two 64-bit words) of the stream whose name is the path of `parts`.

    `stream_key("demand", "store-17", "item-203")` depends on these three texts only. The parts are kept apart, so
    ("a", "bc") and ("ab", "c") are different streams. ValueError when there is no part.
    """
    if not parts:
        raise ValueError("a stream needs a name of at least one part, such as ('demand', 'store-17', 'item-203')")
    key = _hash_part(parts[0])
    for part in parts[1:]:
        key = _fold(key, part)
    return key


def stream_keys(
    prefix: str,
    node_names: Sequence[str],
    item_names: Sequence[str],
    node_index: npt.ArrayLike,
    item_index: npt.ArrayLike,
) -> Uint64Array:
    """Keys (K, 2) of the streams (prefix, node, item) for K pairs given as rows of the two lists of names.

    Row k equals `stream_key(prefix, node_names[node_index[k]], item_names[item_index[k]])`, at the price of one
    Philox block instead of a hash. IndexError when an index points outside its list.
    """
    nodes = np.ascontiguousarray(node_index, dtype=np.int64)
    items = np.ascontiguousarray(item_index, dtype=np.int64)
    if nodes.shape != items.shape or nodes.ndim != 1:
        raise ValueError(f"node_index {nodes.shape} and item_index {items.shape} must be lists of one length")
    for name, index, names in (("node_index", nodes, node_names), ("item_index", items, item_names)):
        if len(index) and (index.min() < 0 or index.max() >= len(names)):
            raise IndexError(f"{name} holds a row outside 0 .. {len(names) - 1}")
    prefix_key = _hash_part(prefix)
    node_keys = np.array([_fold(prefix_key, name) for name in node_names], dtype=np.uint64).reshape(-1, 2)
    item_hashes = np.array([_hash_part(name) for name in item_names], dtype=np.uint64).reshape(-1, 2)
    keys = np.empty((len(nodes), 2), dtype=np.uint64)
    _fold_keys(keys, node_keys, item_hashes, nodes, items)
    return keys


_UNIFORMS_AHEAD = 64


class Stream:
    """One named stream read in sequence from Python: for trucks, outages and whatever else is rare.

    It goes through the same compiled functions as the flood of demand, so that a value does not depend on which of
    the two took it. `position` is the whole state: save it, and a stream made with it continues.
    """

    def __init__(self, *name: str, seed: int, replication: int, position: int = 0) -> None:
        """Stream named by the path `name`, at word `position`; ValueError when a number is negative."""
        if seed < 0 or replication < 0 or position < 0:
            raise ValueError(
                f"seed {seed}, replication {replication} and position {position} of a stream must not be negative"
            )
        self.name = name
        self.seed = seed
        self.replication = replication
        self.position = position
        key0, key1 = stream_key(*name)
        # fixed machine types: otherwise numba compiles a variant for every combination of integer sizes
        self._ahead = np.empty(_UNIFORMS_AHEAD)  # a call into compiled code costs more than many draws
        self._first = position + 1  # position of the first of them: none yet
        self._key = (np.uint64(key0), np.uint64(key1), np.uint64(seed), np.uint64(replication))

    def uniform(self) -> float:
        """Next uniform number in (0, 1)."""
        place = self.position - self._first
        if not 0 <= place < len(self._ahead):
            self._first, place = self.position, 0
            fill_uniforms(self._ahead, *self._key, int64(self.position))
        self.position += 1
        return float(self._ahead[place])

    def draw(self, distribution: Distribution) -> int:
        """Next duration in milliseconds; a constant takes nothing from the stream."""
        from sim.chance.distributions import duration_from_uniform

        d = distribution
        if d.kind == DISTRIBUTION_CONSTANT:
            return int(max(d.a, 0.0) + 0.5) + d.offset_ms
        return int(duration_from_uniform(d.kind, float(d.a), float(d.b), float(d.c), d.offset_ms, self.uniform()))

    def __repr__(self) -> str:
        return f"Stream({'/'.join(self.name)}, seed={self.seed}, replication={self.replication}, at {self.position})"
