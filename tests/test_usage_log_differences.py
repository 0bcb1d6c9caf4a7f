"""What was done to a list of entries: each kind by hand, and random tampering told back exactly."""

from hashlib import sha256

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.usage_log.differences import Change, Kind, changes
from sim.usage_log.merkle import Hashes


def hashes(texts: str | list[int]) -> Hashes:
    data = b"".join(sha256(str(one).encode()).digest() for one in texts)
    return np.frombuffer(data, np.uint8).reshape(-1, 32)


def told(before: str, after: str) -> list[Change]:
    return changes(hashes(before), hashes(after))


def test_each_kind() -> None:
    assert told("abcdef", "abcdef") == []
    assert told("", "") == []
    assert told("abcdef", "abXdef") == [Change(Kind.EDITED, 2, 2)]
    assert told("abcdef", "abdef") == [Change(Kind.DELETED, 2, 2)]
    assert told("abcdef", "abXcdef") == [Change(Kind.INSERTED, 2, 2)]
    assert told("abcdef", "abcd") == [Change(Kind.DELETED, 4, 4, 2)]
    assert told("abcdef", "abcdefXY") == [Change(Kind.INSERTED, 6, 6, 2)]
    assert told("abcdef", "eabcdf") == [Change(Kind.REORDERED, 4, 0)]
    assert told("abcdef", "abXYef") == [Change(Kind.EDITED, 2, 2, 2)]
    assert told("", "ab") == [Change(Kind.INSERTED, 0, 0, 2)]


def test_several_at_once_and_equal_entries() -> None:
    assert told("abcdefghij", "aXcdfghYij") == [
        Change(Kind.EDITED, 1, 1),
        Change(Kind.DELETED, 4, 4),
        Change(Kind.INSERTED, 8, 7),
    ]
    assert told("aaaa", "aaa") == [Change(Kind.DELETED, 3, 3)]
    assert told("xaxb", "axb") == [Change(Kind.DELETED, 0, 0)]


def test_a_swap_of_distant_entries_moves_two() -> None:
    found = told("abcdefgh", "agcdefbh")
    assert {(one.kind, one.entry, one.place) for one in found} == {(Kind.REORDERED, 6, 1), (Kind.REORDERED, 1, 6)}


@given(st.lists(st.integers(0, 12), max_size=30), st.lists(st.integers(0, 12), max_size=30))
def test_changes_account_for_both_lists(before: list[int], after: list[int]) -> None:
    found = changes(hashes(before), hashes(after))
    assert bool(found) == (before != after)
    count = {kind: sum(one.count for one in found if one.kind is kind) for kind in Kind}
    assert len(before) - count[Kind.DELETED] + count[Kind.INSERTED] == len(after)
    left = [*before]
    right = [*after]
    for one in found:  # what is left in both after taking out what was changed is equal, in order
        for step in range(one.count):
            if one.kind is not Kind.INSERTED:
                left[one.entry + step] = -1
            if one.kind is not Kind.DELETED:
                right[one.place + step] = -1
            if one.kind is Kind.REORDERED:
                assert before[one.entry + step] == after[one.place + step]
    assert [one for one in left if one >= 0] == [one for one in right if one >= 0]


@given(st.integers(1, 40), st.data())
def test_a_single_edit_deletion_or_insertion_is_found_where_it_is(size: int, data: st.DataObject) -> None:
    before = list(range(size))
    at = data.draw(st.integers(0, size - 1))
    edited, deleted, inserted = [*before], [*before], [*before]
    edited[at] = 99
    del deleted[at]
    inserted.insert(at, 99)
    assert changes(hashes(before), hashes(edited)) == [Change(Kind.EDITED, at, at)]
    assert changes(hashes(before), hashes(deleted)) == [Change(Kind.DELETED, at, at)]
    assert changes(hashes(before), hashes(inserted)) == [Change(Kind.INSERTED, at, at)]
