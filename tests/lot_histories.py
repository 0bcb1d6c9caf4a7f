"""Random histories of lots, played unit by unit: every unit is a thing with a place; the records are written beside it.

What the trace makes of the records is compared with where the units really are.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from sim import columns as c
from sim.record.layouts import LOTS, TRANSFERS, USAGE
from sim.trace import story as s
from sim.trace.books import MEETS_DEMAND
from sim.trace.lot_records import LotRecords

POINTS = 5
DEVICES = (True, True, False, False, False)
"""Stock points of one item: two in devices, three elsewhere."""

COVERED = 4
"""One of those elsewhere is covered by a contract."""

_LAYERS = ("closing", "stock_point", "source", "lot", "quantity")
_TAKES = (c.U_PERSON, c.U_MACHINE, c.U_QUEUE, c.U_WRONG, c.U_LOAN, c.U_EXPIRED, c.U_LEAK)


@dataclass
class Unit:
    """One unit: of which lot, and where it is (words of an end, stock point, source)."""

    lot: int
    end: str
    point: int
    source: int = -1


@dataclass
class History:
    """What happens, played on units and written down as records."""

    late: bool = False  # the records begin in the middle: what happened before is not recorded
    begun: int = 0  # when
    units: list[Unit] = field(default_factory=list)
    rows: dict[str, list[tuple[int, ...]]] = field(default_factory=dict)
    drawn: Counter[tuple[int, str, int]] = field(default_factory=Counter)
    issued: Counter[int] = field(default_factory=Counter)
    recording: bool = True
    now: int = 0

    def _note(self, table: str, *row: int) -> None:
        if self.recording:
            self.rows.setdefault(table, []).append(row)

    def _take(self, count: int, end: str, point: int, source: int = -1) -> Counter[int]:
        """Up to `count` units that are (`end`, `point`, `source`), as a number per lot; the first lots first."""
        there = [one for one in self.units if (one.end, one.point, one.source) == (end, point, source)]
        self._taken = sorted(there, key=lambda one: one.lot)[:count]
        return Counter(one.lot for one in self._taken)

    def _put(self, end: str, point: int, source: int = -1) -> None:
        for unit in self._taken:
            unit.end, unit.point, unit.source = end, point, source

    def lot_comes(self, point: int, quantity: int, from_outside: bool = True) -> int:
        lot = len(self.rows.setdefault("lots", []))
        order = lot if from_outside else -1
        self.rows["lots"].append((lot, point, order, self.now if from_outside else self.now - 1000, -1, 0, quantity))
        self.units += [Unit(lot, s.ON_SHELF, point) for _ in range(quantity)]
        return lot

    def sent(self, source: int, to: int, count: int) -> None:
        self._take(count, s.ON_SHELF, source)
        self._put(s.UNDER_WAY, to, source)

    def arrives(self, source: int, to: int, count: int) -> None:
        for lot, units in self._take(count, s.UNDER_WAY, to, source).items():
            self._note("transfers", source, to, lot, units, self.now)
        self._put(s.ON_SHELF, to)

    def leaves(self, point: int, count: int, kind: int) -> None:
        """At a device by the usage log, elsewhere to customers, where a contract covers it by the usage log too."""
        if not DEVICES[point]:
            taken = self._take(count, s.ON_SHELF, point)
            for lot, units in taken.items() if point == COVERED else ():
                self._used(point, lot, units, c.U_ISSUED)
            self.issued[point] += taken.total() if self.recording else 0
            self._count(s.ISSUED, point)
            self._put(s.ISSUED, point)
            return
        for lot, units in self._take(count, s.ON_SHELF, point).items():
            self._used(point, lot, units, kind)
            self.issued[point] += units if self.recording and kind in MEETS_DEMAND else 0
        words = s.ON_LOAN if kind == c.U_LOAN else s.USE_WORDS[kind]
        if kind != c.U_LOAN:
            self._count(words, point)
        self._put(words, point)

    def _used(self, point: int, lot: int, units: int, kind: int) -> None:
        self._note("usage", self.now, point, lot, units, kind, -1, -1, -1, -1)

    def _count(self, words: str, point: int) -> None:
        if self.recording:
            for unit in self._taken:
                self.drawn[unit.lot, words, point] += 1

    def loan_ends(self, point: int, count: int, kind: int) -> None:
        for lot, units in self._take(count, s.ON_LOAN, point).items():
            self._used(point, lot, units, kind)
        if kind != c.U_LOAN_BACK:
            self._count(s.USE_WORDS[kind], point)
        self._put(s.ON_SHELF if kind == c.U_LOAN_BACK else s.USE_WORDS[kind], point)

    def is_put_back(self, point: int, count: int) -> None:
        for lot, units in self._take(count, s.USE_WORDS[c.U_PERSON], point).items():
            self._used(point, lot, units, c.U_PUT_BACK)
            self.drawn[lot, s.USE_WORDS[c.U_PUT_BACK], point] -= units if self.recording else 0
        self._put(s.ON_SHELF, point)

    def rejected(self, point: int, quantity: int) -> None:
        if DEVICES[point]:
            lot = self.lot_comes(point, quantity)
            self._taken = self.units[-quantity:]
            self._used(point, lot, quantity, c.U_REJECTED)
            self._count(s.USE_WORDS[c.U_REJECTED], point)
            self._put(s.USE_WORDS[c.U_REJECTED], point)

    def levels(self, closing: int) -> None:
        """Write down where lots lie and are under way: at the start of the records (0) and at the end (1)."""
        found = Counter((one.point, one.source, one.lot) for one in self.units if one.end in (s.ON_SHELF, s.UNDER_WAY))
        self.rows.setdefault("lot_layers", []).extend((closing, *place, units) for place, units in found.items())

    def ends(self) -> dict[int, Counter[tuple[str, int, int]]]:
        """Per lot: where its units are or went, as the trace should say it."""
        found: dict[int, Counter[tuple[str, int, int]]] = {
            lot: Counter() for lot in range(len(self.rows.get("lots", [])))
        }
        for unit in self.units:
            if unit.end in (s.ON_SHELF, s.UNDER_WAY, s.ON_LOAN):
                found[unit.lot][unit.end, unit.point, unit.source] += 1
        for (lot, words, point), units in self.drawn.items():
            found[lot][words, point, -1] += units
        return found

    def records(self) -> LotRecords:
        layouts = {one.name: [column.name for column in one.columns] for one in (LOTS, TRANSFERS, USAGE)}
        layouts |= {"lot_layers": list(_LAYERS), "lot_issues": ["stock_point", "issued"]}
        self.rows["lot_issues"] = [(point, units) for point, units in self.issued.items()]
        tables: dict[str, Any] = {
            name: dict(zip(columns, _columns(self.rows.get(name, []), len(columns)), strict=True))
            for name, columns in layouts.items()
        }
        start = self.begun if self.late else 0
        logged = np.array(DEVICES) | (np.arange(POINTS) == COVERED)
        return LotRecords(**tables, item=np.zeros(POINTS, np.int64), logged=logged, start_ms=start)


def _columns(rows: list[tuple[int, ...]], width: int) -> Any:
    return np.array(rows, np.int64).reshape(-1, width).T.copy()


@st.composite
def histories(draw: st.DrawFn, late: bool = False) -> History:
    """A history of up to 40 steps; with `late` the records begin after the first of them."""
    history = History(late)
    point, count = st.integers(0, POINTS - 1), st.integers(1, 6)
    for place in range(POINTS):
        if quantity := draw(st.integers(0, 8)):
            history.lot_comes(place, quantity, from_outside=False)
    if late:
        history.recording = False
        _steps(draw, history, point, count)
        history.now += 1000
        history.recording, history.begun = True, history.now
    history.levels(0)
    _steps(draw, history, point, count)
    history.levels(1)
    return history


def _steps(draw: st.DrawFn, history: History, point: Any, count: Any) -> None:
    for _ in range(draw(st.integers(0, 30))):
        history.now += 1000
        where, units = draw(point), draw(count)
        what = draw(
            st.sampled_from(("comes", "sent", "sent", "arrives", "leaves", "leaves", "loan", "back", "rejected"))
        )
        match what:
            case "comes":
                history.lot_comes(where, units)
            case "sent":
                history.sent(where, (where + 1 + draw(st.integers(0, POINTS - 2))) % POINTS, units)
            case "arrives":
                history.arrives(where, (where + 1 + draw(st.integers(0, POINTS - 2))) % POINTS, units)
            case "leaves":
                history.leaves(where, units, draw(st.sampled_from(_TAKES)))
            case "loan":
                kinds = (c.U_LOAN_BACK, c.U_LOAN_LOST, c.U_LOAN_WORN)
                history.loan_ends(where, units, draw(st.sampled_from(kinds)))
            case "back":
                history.is_put_back(where, units)
            case "rejected":
                history.rejected(where, units)
