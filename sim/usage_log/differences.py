"""What was done to a list of entries, from the hashes before and after: edited, deleted, inserted, reordered.

What both lists have is matched by hash; the longest run of matches in the same order stays where it is (Szymanski 1975
for the longest increasing subsequence), everything else was moved. What only one list has lies between two that
stayed, and is paired in order as edited, the rest as deleted or inserted.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from sim.usage_log.merkle import Hashes

Int64Array = npt.NDArray[np.int64]


class Kind(StrEnum):
    """What was done to an entry."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"


@dataclass(frozen=True)
class Change:
    """Something that was done to `count` entries in a row.

    Attributes:
        entry: number of the first of them before; of inserted ones, the number of the entry before which they stand.
        place: number of the first of them now; of deleted ones, where they would be.
    """

    kind: Kind
    entry: int
    place: int
    count: int = 1


def changes(before: Hashes, after: Hashes) -> list[Change]:
    """What was done to make `after` (m, 32) of `before` (n, 32), in the order of the places now."""
    begin, end = _common(before, after)
    if begin + end == len(before) == len(after):
        return []
    old, new = _numbered(before[begin : len(before) - end], after[begin : len(after) - end])
    return list(_grouped(_single(old, new, begin)))


def _common(before: Hashes, after: Hashes) -> tuple[int, int]:
    """How many entries both have in common at the beginning, and of the rest at the end."""
    shorter = min(len(before), len(after))
    begin = _equal(before[:shorter], after[:shorter])
    rest = shorter - begin
    return begin, _equal(before[len(before) - rest :][::-1], after[len(after) - rest :][::-1])


def _equal(one: Hashes, other: Hashes) -> int:
    """How many rows are equal before the first that differs."""
    differ = np.flatnonzero((one != other).any(axis=1))
    return int(differ[0]) if len(differ) else len(one)


def _numbered(before: Hashes, after: Hashes) -> tuple[Int64Array, Int64Array]:
    """A number per entry, the same in both for the k-th appearance of the same hash, and otherwise different."""
    both = np.ascontiguousarray(np.concatenate((before, after))).view("V32").reshape(-1)
    number = np.unique(both, return_inverse=True)[1].reshape(-1)
    halves = number[: len(before)], number[len(before) :]
    old, new = (_appearance(half) + half * np.int64(len(both) + 1) for half in halves)
    return old, new


def _appearance(number: Int64Array) -> Int64Array:
    """The how-manieth appearance of its number each element is, from 0."""
    order = np.argsort(number, kind="stable")
    ordered = number[order]
    first = np.r_[True, ordered[1:] != ordered[:-1]] if len(ordered) else np.zeros(0, np.bool_)
    start = np.maximum.accumulate(np.where(first, np.arange(len(ordered)), 0))
    found = np.empty(len(number), np.int64)
    found[order] = np.arange(len(ordered)) - start
    return found


def _single(old: Int64Array, new: Int64Array, offset: int) -> Iterator[Change]:
    """The changes one by one, in the order of the places now."""
    shared, old_at, new_at = np.intersect1d(old, new, assume_unique=True, return_indices=True)
    by_place = np.argsort(new_at)
    entry, place = old_at[by_place], new_at[by_place]
    stays = np.zeros(len(shared), np.bool_)
    stays[_longest_rising(entry.tolist())] = True
    gone = np.setdiff1d(np.arange(len(old)), old_at)
    come = np.setdiff1d(np.arange(len(new)), new_at)
    moved = iter(zip(entry[~stays].tolist(), place[~stays].tolist(), strict=True))
    moves = [Change(Kind.REORDERED, offset + at, offset + to) for at, to in moved]
    edges = [*zip(entry[stays].tolist(), place[stays].tolist(), strict=True), (len(old), len(new))]
    others = _between(edges, gone.tolist(), come.tolist(), offset)
    yield from sorted([*moves, *others], key=lambda one: (one.place, one.entry))


def _between(edges: Sequence[tuple[int, int]], gone: Sequence[int], come: Sequence[int], offset: int) -> list[Change]:
    """What happened between each two entries that stayed: `edges` are their numbers before and now, ending with both
    lists' lengths."""
    found: list[Change] = []
    g = c = 0
    for old_edge, new_edge in edges:
        lost_to, new_to = bisect_left(gone, old_edge, g), bisect_left(come, new_edge, c)
        lost, made = gone[g:lost_to], come[c:new_to]
        g, c = lost_to, new_to
        pairs = min(len(lost), len(made))
        found += [Change(Kind.EDITED, offset + a, offset + b) for a, b in zip(lost, made, strict=False)]
        found += [Change(Kind.DELETED, offset + a, offset + new_edge) for a in lost[pairs:]]
        found += [Change(Kind.INSERTED, offset + old_edge, offset + b) for b in made[pairs:]]
    return found


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """Indices of a longest rising subsequence of different numbers."""
    tails: list[int] = []  # the smallest last number of a rising one of each length
    tail_at: list[int] = []
    previous = [-1] * len(numbers)
    for at, number in enumerate(numbers):
        length = bisect_left(tails, number)
        previous[at] = tail_at[length - 1] if length else -1
        if length == len(tails):
            tails.append(number)
            tail_at.append(at)
        else:
            tails[length], tail_at[length] = number, at
    found: list[int] = []
    at = tail_at[-1] if tail_at else -1
    while at >= 0:
        found.append(at)
        at = previous[at]
    return found[::-1]


def _grouped(single: Iterable[Change]) -> Iterator[Change]:
    """The same change to entries that follow each other as one."""
    group: Change | None = None
    for one in single:
        if group is not None and one.kind is group.kind and _follows(group, one):
            group = Change(group.kind, group.entry, group.place, group.count + 1)
            continue
        if group is not None:
            yield group
        group = one
    if group is not None:
        yield group


def _follows(group: Change, one: Change) -> bool:
    entry = group.entry + (0 if group.kind is Kind.INSERTED else group.count)
    place = group.place + (0 if group.kind is Kind.DELETED else group.count)
    return (one.entry, one.place) == (entry, place)
