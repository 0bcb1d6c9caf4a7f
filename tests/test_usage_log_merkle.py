"""Merkle trees: the published vectors of certificate transparency, and random trees whose proofs must hold or not."""

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.usage_log.merkle import (
    EMPTY_ROOT,
    Hashes,
    MerkleTree,
    consistency_holds,
    inclusion_holds,
    leaf_hash,
    leaf_hashes,
    node_hash,
)

# The leaves, roots and proofs that certificate-transparency's own tests use (merkletree/merkle_tree_test.cc, later
# transparency-dev/merkle testonly/constants.go): sizes 1 to 8.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
N2 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
L5 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
N4 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
N6 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
L2 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
UPPER = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
INCLUSION = [  # leaf from 0, size, audit path
    (0, 1, []),
    (0, 8, [L2, N2, UPPER]),
    (5, 8, [L5, N6, ROOTS[3]]),
    (2, 3, [ROOTS[1]]),
    (1, 5, [ROOTS[0], N2, L5]),
]
CONSISTENCY = [  # old size, size, proof
    (1, 1, []),
    (1, 8, [L2, N2, UPPER]),
    (6, 8, [N4, N6, ROOTS[3]]),
    (2, 5, [N2, L5]),
]


def tree_of(entries: list[bytes]) -> MerkleTree:
    hashes: Hashes = np.frombuffer(b"".join(map(leaf_hash, entries)), np.uint8).reshape(-1, 32)
    return MerkleTree(hashes)


def test_published_hashes_of_leaf_and_node() -> None:
    assert sha256(b"").digest() == EMPTY_ROOT == tree_of([]).root()
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


def test_published_roots() -> None:
    tree = tree_of(LEAVES)
    assert [tree.root(size).hex() for size in range(1, 9)] == ROOTS
    assert [tree_of(LEAVES[:size]).root().hex() for size in range(1, 9)] == ROOTS


@pytest.mark.parametrize(("leaf", "size", "path"), INCLUSION)
def test_published_inclusion_proofs(leaf: int, size: int, path: list[str]) -> None:
    assert [one.hex() for one in tree_of(LEAVES).inclusion_proof(leaf, size)] == path
    assert inclusion_holds(
        leaf_hash(LEAVES[leaf]), leaf, size, list(map(bytes.fromhex, path)), bytes.fromhex(ROOTS[size - 1])
    )


@pytest.mark.parametrize(("old", "size", "path"), CONSISTENCY)
def test_published_consistency_proofs(old: int, size: int, path: list[str]) -> None:
    assert [one.hex() for one in tree_of(LEAVES).consistency_proof(old, size)] == path
    roots = [bytes.fromhex(ROOTS[one - 1]) for one in (old, size)]
    assert consistency_holds(old, size, *roots, list(map(bytes.fromhex, path)))


def test_hashes_of_many_entries_are_those_of_each() -> None:
    entries = np.random.default_rng(1).integers(0, 256, (7, 48), np.uint8)
    assert [one.tobytes() for one in leaf_hashes(entries)] == [leaf_hash(one.tobytes()) for one in entries]


def definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 as it is written there."""
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    k = max(2**power for power in range(20) if 2**power < len(leaves))
    return node_hash(definition(leaves[:k]), definition(leaves[k:]))


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[bytes], int, int]:
    """Entries, a size and a shorter one."""
    entries = draw(st.lists(st.binary(max_size=4), min_size=1, max_size=70))
    size = draw(st.integers(1, len(entries)))
    return entries, size, draw(st.integers(1, size))


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)


@given(trees(), st.integers(0, 255))
def test_inclusion_of_random_trees(made: tuple[list[bytes], int, int], bit: int) -> None:
    entries, size, number = made
    index = number - 1
    tree, leaf = tree_of(entries), leaf_hash(entries[index])
    root, path = tree.root(size), tree.inclusion_proof(index, size)
    assert root == definition(entries[:size])
    assert len(path) <= (size - 1).bit_length()
    assert inclusion_holds(leaf, index, size, path, root)
    assert not inclusion_holds(flipped(leaf, bit), index, size, path, root)
    assert not inclusion_holds(leaf, index, size, path, flipped(root, bit))
    for at in range(len(path)):
        assert not inclusion_holds(leaf, index, size, [*path[:at], flipped(path[at], bit), *path[at + 1 :]], root)
    assert not inclusion_holds(leaf, index, size, [*path, root], root)
    assert not inclusion_holds(leaf, size, size, path, root)
    if path:
        assert not inclusion_holds(leaf, index, size, path[:-1], root)


@given(trees(), st.integers(0, 255))
def test_consistency_of_random_trees(made: tuple[list[bytes], int, int], bit: int) -> None:
    entries, size, old = made
    tree = tree_of(entries)
    roots, path = (tree.root(old), tree.root(size)), tree.consistency_proof(old, size)
    assert consistency_holds(old, size, *roots, path)
    assert not consistency_holds(old, size, flipped(roots[0], bit), roots[1], path)
    assert not consistency_holds(old, size, roots[0], flipped(roots[1], bit), path)
    assert not consistency_holds(old, size, *roots, [*path, roots[0]])
    assert not consistency_holds(size + 1, size, *roots, path)
    for at in range(len(path)):
        assert not consistency_holds(old, size, *roots, [*path[:at], flipped(path[at], bit), *path[at + 1 :]])
    if path:
        assert not consistency_holds(old, size, *roots, path[:-1])


def test_what_a_tree_cannot_prove_is_refused() -> None:
    tree = tree_of(LEAVES)
    for wrong in (lambda: tree.root(9), lambda: tree.inclusion_proof(8), lambda: tree.consistency_proof(0)):
        with pytest.raises(ValueError, match=r"leaves|leaf"):
            wrong()
