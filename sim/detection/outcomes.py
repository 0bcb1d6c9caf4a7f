"""Alarms against truths: an alarm and a truth that meet are a hit, one that meets nothing is a false alarm or a miss.

For each stock point there is at most one standing alarm and one present truth. What is looked at are the instants of
evaluation: an alarm stands from the one at which it is raised until the one at which it is withdrawn, that one included
(a truth that shows up then has been foretold, by a rule that looks ahead); a truth lasts from its onset until it is
first found to be over.
"""

from typing import Final

import numpy as np

from policies.detection.rule import ALARM, CLEAR, BoolArray, Verdicts
from sim.network import Int64Array

NONE: Final = -1
HIT: Final = 0
FALSE_ALARM: Final = 1
MISS: Final = 2
OUTCOMES: Final = ("hit", "false alarm", "miss")

O_ALARM_MS: Final = 0  # the standing alarm was raised at, NONE: there is none
O_MET: Final = 1  # 1: it has met a truth, 2: it was false
O_TRUTH_MS: Final = 2  # the present truth began at, NONE: there is none
O_TOLD: Final = 3  # 1: an alarm has met it
OUTCOME_COLUMNS: Final = 4

ROW_COLUMNS: Final = 4  # of what is returned: place, alarm_ms, truth_ms, outcome


def new_outcomes(places: int) -> Int64Array:
    """(places, OUTCOME_COLUMNS): no alarm, no truth."""
    table = np.zeros((places, OUTCOME_COLUMNS), np.int64, order="F")
    table[:, (O_ALARM_MS, O_TRUTH_MS)] = NONE
    return table


def judge_outcomes(
    table: Int64Array, said: Verdicts, true: BoolArray, onset_ms: Int64Array, time: int, foresees: bool = False
) -> Int64Array:
    """Take in an evaluation; rows (k, ROW_COLUMNS) of what has been decided, ordered by outcome and place.

    Args:
        table: outcomes so far, written to. said: the rule's verdicts. true, onset_ms: what is true, and since when.
        foresees: an alarm speaks of what is to come; otherwise one from before a truth is false, and does not tell it.
    """
    matters = true | (said == ALARM) | (table[:, O_ALARM_MS] != NONE) | (table[:, O_TRUTH_MS] != NONE)
    if not matters.any():  # mostly
        return np.zeros((0, ROW_COLUMNS), np.int64)
    busy = np.flatnonzero(matters)
    if busy.size < len(table):
        few = table[busy]
        rows = judge_outcomes(few, said[busy], true[busy], onset_ms[busy], time, foresees)
        table[busy] = few
        rows[:, 0] = busy[rows[:, 0]]
        return rows
    began = true & (table[:, O_TRUTH_MS] == NONE)
    table[began, O_TRUTH_MS] = onset_ms[began]
    table[began, O_TOLD] = 0
    raised = (said == ALARM) & (table[:, O_ALARM_MS] == NONE)
    table[raised, O_ALARM_MS] = time
    table[raised, O_MET] = 0
    stands = table[:, O_ALARM_MS] != NONE
    early = began & stands & (table[:, O_MET] == 0) & (table[:, O_ALARM_MS] < table[:, O_TRUTH_MS])
    early &= not foresees
    too_early = _rows(table, early, FALSE_ALARM)
    table[early, O_MET] = 2
    meet = stands & true & (table[:, O_MET] != 2)
    hit = _rows(table, meet & (table[:, O_MET] == 0), HIT)
    table[meet, O_MET] = 1
    table[meet, O_TOLD] = 1
    withdrawn = stands & (said == CLEAR)
    false = _rows(table, withdrawn & (table[:, O_MET] == 0), FALSE_ALARM)
    table[withdrawn, O_ALARM_MS] = NONE
    over = ~true & (table[:, O_TRUTH_MS] != NONE)
    missed = _rows(table, over & (table[:, O_TOLD] == 0), MISS)
    table[over, O_TRUTH_MS] = NONE
    return np.concatenate((hit, too_early, false, missed))


def open_false_alarms(table: Int64Array) -> Int64Array:
    """Rows of the alarms that stand at the end of a run and have met nothing."""
    return _rows(table, (table[:, O_ALARM_MS] != NONE) & (table[:, O_MET] == 0), FALSE_ALARM)


def _rows(table: Int64Array, which: BoolArray, outcome: int) -> Int64Array:
    places = np.flatnonzero(which)
    rows = np.full((places.size, ROW_COLUMNS), NONE, np.int64)
    rows[:, 0] = places
    if outcome != MISS:
        rows[:, 1] = table[places, O_ALARM_MS]
    if outcome != FALSE_ALARM:
        rows[:, 2] = table[places, O_TRUTH_MS]
    rows[:, 3] = outcome
    return rows
