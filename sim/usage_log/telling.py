"""Tells what was done to a copy of the log as findings: which entry, when, where, and what it says now."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from sim.usage_log.checkpoints import Checkpoint
from sim.usage_log.copies import Copy
from sim.usage_log.differences import Change, Kind, changes
from sim.usage_log.entries import COLUMNS, Int64Array, Words
from sim.usage_log.log import REPORTS
from sim.usage_log.merkle import Hashes
from sim.usage_log.mismatches import Mismatch, What
from sim.usage_log.reference import Reference

_POINT: Final = COLUMNS.index("stock_point")

_KINDS: Final = {
    Kind.EDITED: What.EDITED,
    Kind.DELETED: What.DELETED,
    Kind.INSERTED: What.INSERTED,
    Kind.REORDERED: What.REORDERED,
}


class Teller:
    """Compares copies with what was signed.

    Args:
        copies: all of a log, behind the signed header.
        words: writes rows.
    """

    def __init__(self, reference: Reference, copies: Sequence[Copy], words: Words) -> None:
        self._reference = reference
        self._copies = copies
        self._words = words
        self._row_at: dict[bytes, tuple[Int64Array, int]] | None = None

    def findings(self) -> Iterator[Mismatch]:
        """What was done to each copy, and what no copy can tell."""
        for copy in self._copies:
            for change in changes(self._reference.leaves, copy.leaves):
                if not self._is_unknown(change):
                    yield self._finding(copy, change)
        if self._reference.missed is not None:
            yield from self._missed(self._reference.missed)
        if not self._reference.whole:
            yield from self._unsigned()

    def _is_unknown(self, change: Change) -> bool:
        """Whether a change is only that the copy goes on where what was signed is not known any more."""
        known = len(self._reference.leaves)
        return not self._reference.whole and change.kind is Kind.INSERTED and change.entry == known

    # --- one change ---------------------------------------------------------------------------------------------------
    def _finding(self, copy: Copy, change: Change) -> Mismatch:
        before = None if change.kind is Kind.INSERTED else self._known_row(self._reference.leaves, change.entry)
        after = None if change.kind is Kind.DELETED else _row(copy, change.place)
        row = before if before is not None else after
        at_end = change.entry + change.count == len(self._reference.leaves)
        kind = _KINDS[change.kind]
        if change.kind is Kind.DELETED and at_end and change.place == len(copy.leaves):
            kind = What.CUT_OFF
        message = _SENTENCES[kind](change, self._said(before), self._said(after))
        if copy.file == REPORTS:
            message += f" (row {change.place - 1} of the table)"
        return self._mismatch(kind, copy.file, message, change.entry, change.entry + change.count - 1, row)

    def _said(self, row: Int64Array | None) -> str:
        return "" if row is None else self._words.entry(row.tolist())

    def _known_row(self, leaves: Hashes, entry: int) -> Int64Array | None:
        """The row of a signed entry, from any copy that has it somewhere."""
        if self._row_at is None:
            self._row_at = {}
            for copy in self._copies:
                if copy.rows is not None:
                    whole = copy.leaves.tobytes()
                    for at in range(1, len(copy.leaves)):
                        self._row_at.setdefault(whole[32 * at : 32 * at + 32], (copy.rows, at - 1))
        found = self._row_at.get(leaves[entry].tobytes())
        return None if found is None else found[0][found[1]]

    def _mismatch(self, kind: What, file: str, message: str, first: int, last: int, row: Int64Array | None) -> Mismatch:
        if row is None:
            return Mismatch(kind, file, message, first, last)
        node, item = self._words.names(int(row[_POINT]))
        return Mismatch(kind, file, message, first, last, self._words.moment(int(row[0])), node, item)

    # --- what no copy has ---------------------------------------------------------------------------------------------
    def _missed(self, checkpoint: Checkpoint) -> Iterator[Mismatch]:
        """The entries up to the first checkpoint that no copy fits."""
        first, last = len(self._reference.leaves), checkpoint.size - 1
        longest = max((len(copy.leaves) for copy in self._copies), default=0)
        signed = f"the checkpoint of {self._words.moment(checkpoint.time_ms)} ({checkpoint.reason})"
        file = ", ".join(copy.file for copy in self._copies) or "no copy"
        if first > last:
            text = f"the log does not fit {signed}, which is of size {checkpoint.size}"
            yield Mismatch(What.CHANGED, file, text, last, last)
            return
        if longest <= last:
            known = f"; of entries {first} to {longest - 1} nothing can be said without them" if longest > first else ""
            text = f"{_entries(longest, last)} under {signed} are in no copy: the tail was cut off{known}"
            yield Mismatch(What.CUT_OFF, file, text, longest, last)
            return
        text = (
            f"{_entries(first, last)} are not what {signed} signed, in any copy; somewhere between them one or more "
            "were changed, and what follows cannot be told either"
        )
        row = next((_row(copy, first) for copy in self._copies if copy.rows is not None), None)
        yield self._mismatch(What.CHANGED, file, text, first, last, row)

    def _unsigned(self) -> Iterator[Mismatch]:
        """What stands behind all that is known to be signed."""
        known = len(self._reference.leaves)
        longest = max(self._copies, key=lambda copy: len(copy.leaves), default=None)
        if longest is None or len(longest.leaves) <= known:
            return
        last = len(longest.leaves) - 1
        if self._reference.missed is None:
            text = f"{_entries(known, last)} stand under no checkpoint that can be trusted"
            yield self._mismatch(What.UNSIGNED, longest.file, text, known, last, _row(longest, known))
        # only copies that agree so far can be compared place by place
        agreeing = [copy for copy in self._copies if np.array_equal(copy.leaves[:known], self._reference.leaves)]
        for other in agreeing[1:]:
            one = agreeing[0]
            for change in changes(one.leaves[known:], other.leaves[known:]):
                at = known + change.entry
                text = f"they differ from entry {at} on ({change.count} {change.kind}), and neither is signed there"
                files = f"{one.file}, {other.file}"
                yield self._mismatch(What.CHANGED, files, text, at, at + change.count - 1, _row(one, at))


def _row(copy: Copy, place: int) -> Int64Array | None:
    """The row at a place of a copy; None where it has none, or no rows at all."""
    if copy.rows is None or not 1 <= place <= len(copy.rows):
        return None
    row: Int64Array = copy.rows[place - 1]
    return row


def _entries(first: int, last: int) -> str:
    return f"entry {first}" if first == last else f"entries {first} to {last}"


def _edited(change: Change, before: str, after: str) -> str:
    was = f", was `{before}`" if before else ""
    now = f", is `{after}`" if after else ""
    return f"{_changed(change)} edited{was}{now}{_more(change, bool(was or now))}"


def _deleted(change: Change, before: str, after: str) -> str:
    was = f": `{before}`" if before else ""
    return f"{_changed(change)} deleted{was}{_more(change, bool(was))}"


def _cut_off(change: Change, before: str, after: str) -> str:
    was = f": `{before}`" if before else ""
    first, last = change.entry, change.entry + change.count - 1
    return f"the tail was cut off, {_entries(first, last)} are missing{was}{_more(change, bool(was))}"


def _inserted(change: Change, before: str, after: str) -> str:
    what = "an entry was" if change.count == 1 else f"{change.count} entries were"
    now = f": `{after}`" if after else ""
    return f"{what} inserted before entry {change.entry}{now}{_more(change, bool(now))}"


def _reordered(change: Change, before: str, after: str) -> str:
    was = f": `{before}`" if before else ""
    stands = "stands" if change.count == 1 else "stand"
    first, last = change.entry, change.entry + change.count - 1
    return f"{_entries(first, last)} {stands} at place {change.place}{was}{_more(change, bool(was))}"


def _changed(change: Change) -> str:
    verb = "was" if change.count == 1 else "were"
    return f"{_entries(change.entry, change.entry + change.count - 1)} {verb}"


def _more(change: Change, shown: bool) -> str:
    return " (the first of them)" if shown and change.count > 1 else ""


_SENTENCES: Final[dict[What, Callable[[Change, str, str], str]]] = {
    What.EDITED: _edited,
    What.DELETED: _deleted,
    What.CUT_OFF: _cut_off,
    What.INSERTED: _inserted,
    What.REORDERED: _reordered,
}
