"""What was signed, put together from the copies of a log, checkpoint by checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.usage_log.checkpoints import RUN_END, Checkpoint
from sim.usage_log.copies import Copy
from sim.usage_log.merkle import Hashes, MerkleTree


@dataclass(frozen=True)
class Reference:
    """The entries that are surely the signed ones.

    Attributes:
        leaves: their hashes, from the header on.
        reached: number of checkpoints that they fit.
        missed: the first checkpoint that no copy fits; None if the log is known to its last checkpoint.
        whole: whether that is all of the log: the last checkpoint is that of the end of the run, and was not missed.
    """

    leaves: Hashes
    reached: int
    missed: Checkpoint | None
    whole: bool


def put_together(copies: Sequence[Copy], header_leaf: bytes, checkpoints: Sequence[Checkpoint]) -> Reference:
    """The longest beginning of the log that fits the checkpoints, from whichever copies have it.

    From one checkpoint to the next the entries are taken from a copy that gives the signed root, where it stands or
    shifted by as much as the copy is too long or too short: so entries deleted from one copy in one month do not hide
    what it still knows of the next.

    Args:
        copies: all of them begin with `header_leaf`.
        checkpoints: in order of size.
    """
    found = np.frombuffer(header_leaf, np.uint8)[None]
    tried: list[tuple[Copy, int]] = []
    for copy in copies:
        known = [fits for other, fits in tried if np.array_equal(other.leaves, copy.leaves)]
        tried.append((copy, known[0] if known else _fits(copy, checkpoints)))
    reached = max((fits for _, fits in tried), default=0)
    if reached:
        best = next(copy for copy, fits in tried if fits == reached)
        found = best.leaves[: max(1, checkpoints[reached - 1].size)]
    for checkpoint in checkpoints[reached:]:
        longer = _extended(found, copies, checkpoint, checkpoints[-1].size)
        if longer is None:
            return Reference(found, reached, checkpoint, whole=False)
        found, reached = longer, reached + 1
    ended = bool(checkpoints) and checkpoints[-1].reason == RUN_END
    return Reference(found, reached, None, ended)


def _fits(copy: Copy, checkpoints: Sequence[Checkpoint]) -> int:
    """How many checkpoints a copy fits from the first on: all up to the last that it fits, as roots cover what is
    before."""
    tree = MerkleTree(copy.leaves)
    fits = [one.size <= tree.size and tree.root(one.size) == one.root for one in checkpoints]
    return max((number for number, fit in enumerate(fits, 1) if fit), default=0)


def _extended(known: Hashes, copies: Sequence[Copy], checkpoint: Checkpoint, final: int) -> Hashes | None:
    """The known entries with those up to a checkpoint; None where no copy has these."""
    needed = checkpoint.size - len(known)
    if needed <= 0:
        same = needed == 0 and MerkleTree(known).root() == checkpoint.root
        return known if same else None
    for copy in copies:
        for shift in {0, len(copy.leaves) - final}:
            begin = len(known) + shift
            if begin < 1 or begin + needed > len(copy.leaves):
                continue
            longer = np.concatenate((known, copy.leaves[begin : begin + needed]))
            if MerkleTree(longer).root() == checkpoint.root:
                return longer
    return None
