"""What is true of the stock points of a rule at an instant, by what the rule is after. No rule sees any of this."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.detection.rule import EXPIRED, LEAKING, LOW, STUCK, SURGE, UNSCANNED, BoolArray
from sim.detection.plan import PlannedRule
from sim.detection.sight import Truth
from sim.network import Int64Array

W_COUNTER: Final = 0  # a counter at the evaluation before
W_WAS: Final = 1  # 1: true at the evaluation before
WITNESS_COLUMNS: Final = 2


@dataclass
class Witness:
    """What has to be remembered of the truth from one evaluation to the next, for one rule."""

    planned: PlannedRule
    table: Int64Array  # (n, WITNESS_COLUMNS)

    @staticmethod
    def of(planned: PlannedRule) -> "Witness":
        """Nothing has been seen."""
        return Witness(planned, np.zeros((planned.points.size, WITNESS_COLUMNS), np.int64, order="F"))

    def look(self, truth: Truth, time: int, period_ms: int) -> tuple[BoolArray, Int64Array]:
        """What is true now, and since when (as far as that is not known: since now), both (n,)."""
        return _TRUTHS[self.planned.rule.truth](self, truth, time, period_ms)

    def counted(self, now: Int64Array) -> Int64Array:
        """Increase of a counter since the evaluation before; it may have begun anew at 0 in between."""
        before = self.table[:, W_COUNTER].copy()
        self.table[:, W_COUNTER] = now
        return np.where(now >= before, now - before, now)


Seen = tuple[BoolArray, Int64Array]


def _low(witness: Witness, truth: Truth, time: int, _: int) -> Seen:
    planned = witness.planned
    return _now(truth.on_hand()[planned.points] <= planned.amount["level"], time)


def _leaking(witness: Witness, truth: Truth, time: int, _: int) -> Seen:
    since = truth.leaking_since(time)[witness.planned.points]
    return since >= 0, since


def _stuck(witness: Witness, truth: Truth, time: int, _: int) -> Seen:
    since = truth.stuck_since(time)[witness.planned.points]
    return since >= 0, since


def _surge(witness: Witness, truth: Truth, time: int, period_ms: int) -> Seen:
    """A line in this period, or in the one before: its report may have come later than it."""
    instants, points = truth.surges()
    first, last = np.searchsorted(instants, (time - 2 * period_ms, time), side="right")
    planned = witness.planned
    since = np.full(planned.points.size, time, np.int64)
    true = np.zeros(planned.points.size, np.bool_)
    place = np.searchsorted(planned.points, points[first:last])
    inside = place < planned.points.size
    inside[inside] = planned.points[place[inside]] == points[first:last][inside]
    place, when = place[inside], instants[first:last][inside]
    true[place] = True
    np.minimum.at(since, place, when)
    return true, since


def _unscanned(witness: Witness, truth: Truth, time: int, _: int) -> Seen:
    """Also where it is over by now because the period's count has settled it: that is when it comes to light."""
    points = witness.planned.points
    now = truth.unscanned()[points] != 0
    was = witness.table[:, W_WAS] != 0
    missed = witness.counted(truth.missed_scans()[points]) > 0
    witness.table[:, W_WAS] = now
    return _now(now | was | missed, time)


def _expired(witness: Witness, truth: Truth, time: int, _: int) -> Seen:
    points = witness.planned.points
    taken_off = witness.counted(truth.expired()[points]) > 0
    return _now(taken_off | (truth.expired_on_shelf(time)[points] > 0), time)


def _now(true: BoolArray, time: int) -> Seen:
    return true, np.full(true.size, time, np.int64)


_TRUTHS: Final[dict[str, Callable[[Witness, Truth, int, int], Seen]]] = {
    LOW: _low,
    LEAKING: _leaking,
    SURGE: _surge,
    UNSCANNED: _unscanned,
    STUCK: _stuck,
    EXPIRED: _expired,
}
