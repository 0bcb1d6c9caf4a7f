"""Detection rules: what each says of scripted signals, how that is judged, and how often chance alone sets one off."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.detection import AbnormalUse, ExpiryAhead, Leak, LowLevel, MissedScan, StuckSensor
from policies.detection.rule import ALARM, CLEAR, KEEP, TRUTHS
from policies.units import parse_quantity, parse_rate
from sim.detection.outcomes import FALSE_ALARM, HIT, MISS, judge_outcomes, new_outcomes, open_false_alarms
from sim.detection.truths import _TRUTHS
from sim.plant_plan import SENSOR_SCAN
from tests.scripted_plant import DAY_MS, HOUR_MS, NEVER_EXPIRES, Watched

LOW = LowLevel(level=parse_quantity(5))
LEAK = Leak(rate=parse_rate("2 /h"), response="3 h")


def outcomes(said: str, true: str, foresees: bool = True) -> list[tuple[int, int, int]]:
    """(alarm, truth, outcome) for verdicts and truths, a letter per evaluation: a alarm, - clear, k keep; t true."""
    table = new_outcomes(1)
    found: list[tuple[int, int, int]] = []
    code = {"a": ALARM, "-": CLEAR, "k": KEEP}
    for time, (verdict, fact) in enumerate(zip(said, true, strict=True)):
        verdicts = np.array([code[verdict]], np.int8)
        rows = judge_outcomes(table, verdicts, np.array([fact == "t"]), np.array([time]), time, foresees)
        found += [(int(alarm), int(truth), int(outcome)) for _, alarm, truth, outcome in rows]
    found += [(int(alarm), int(truth), int(outcome)) for _, alarm, truth, outcome in open_false_alarms(table)]
    return found


@pytest.mark.parametrize(
    ("said", "true", "expected"),
    [
        ("--aa--", "-ttt--", [(2, 1, HIT)]),  # the delay is 1
        ("-aa---", "--tt--", [(1, 2, HIT)]),  # told ahead
        ("-a----", "--tt--", [(1, 2, HIT)]),  # withdrawn at the instant at which it comes true
        ("-a----", "---tt-", [(1, -1, FALSE_ALARM), (-1, 3, MISS)]),
        ("------", "-tt---", [(-1, 1, MISS)]),
        ("------", "-ttttt", []),  # not over yet
        ("-aa---", "------", [(1, -1, FALSE_ALARM)]),
        ("---aaa", "------", [(3, -1, FALSE_ALARM)]),  # stands at the end
        ("-aaaa-", "-t-t--", [(1, 1, HIT)]),  # the second has been told by an alarm that stands
        ("-a-a--", "-ttt--", [(1, 1, HIT), (3, 1, HIT)]),  # two alarms, both right
        ("-akk--", "---t--", [(1, 3, HIT)]),  # nothing can be said: the alarm stands
    ],
)
def test_alarms_and_truths_meet(said: str, true: str, expected: list[tuple[int, int, int]]) -> None:
    assert outcomes(said, true) == expected


@pytest.mark.parametrize(
    ("said", "true", "expected"),
    [
        ("--aa--", "-ttt--", [(2, 1, HIT)]),
        ("-aa---", "--tt--", [(1, -1, FALSE_ALARM), (-1, 2, MISS)]),  # raised before there was anything to tell
        ("-a-a--", "--tt--", [(1, -1, FALSE_ALARM), (3, 2, HIT)]),  # false, then raised anew
        ("-aaaaa", "---ttt", [(1, -1, FALSE_ALARM)]),  # told by nothing, and not over yet
    ],
)
def test_an_alarm_before_its_truth_is_false_unless_the_rule_looks_ahead(
    said: str, true: str, expected: list[tuple[int, int, int]]
) -> None:
    assert outcomes(said, true, foresees=False) == expected


@given(st.lists(st.tuples(st.sampled_from("a-k"), st.sampled_from("t-")), max_size=30))
def test_each_alarm_and_each_truth_counts_once(steps: list[tuple[str, str]]) -> None:
    said = "".join(verdict for verdict, _ in steps)
    true = "".join(fact for _, fact in steps) + "-"
    rows = outcomes(said + "-", true)
    standing, raised = False, 0
    for letter in said:
        raised += letter == "a" and not standing
        standing = letter == "a" or (standing and letter == "k")
    assert sum(outcome != MISS for _, _, outcome in rows) == raised
    truths = {truth for _, truth, _ in rows if truth >= 0}
    assert len(truths) <= sum(a == "-" and b == "t" for a, b in zip("-" + true, true, strict=False))
    missed = [truth for _, truth, outcome in rows if outcome == MISS]
    assert len(set(missed)) == len(missed)
    assert not set(missed) & {row[1] for row in rows if row[2] == HIT}


# --- rule by rule -----------------------------------------------------------------------------------------------------


def test_every_truth_has_a_witness() -> None:
    assert set(_TRUTHS) == set(TRUTHS)


def test_low_level_goes_by_the_record_and_is_judged_by_the_shelf() -> None:
    watched = Watched(LOW, amount={"level": 5})
    for hour, (record, stock) in enumerate([(9, 9), (9, 5), (5, 5), (12, 12), (4, 6), (8, 8), (9, 3), (9, 9)], 1):
        watched.script.record[0], watched.script.stock[0] = record, stock
        watched.detection.evaluate(hour * HOUR_MS)
    assert watched.rows == [
        (0, 0, 3 * HOUR_MS, 2 * HOUR_MS, HIT),
        (0, 0, 5 * HOUR_MS, -1, FALSE_ALARM),
        (0, 0, -1, 7 * HOUR_MS, MISS),
    ]


def test_a_leak_shows_while_the_lines_stand_and_is_repaired() -> None:
    watched = Watched(LEAK, amount={"rate": 2})
    script = watched.script
    use = [10, 10, 2, 3, 0, 10]  # units taken off the record in each hour; the lines stand in the third to fifth
    for hour, units in enumerate(use, 1):
        script.used[0] += units
        script.ran_ms += 0 if 3 <= hour <= 5 else HOUR_MS
        script.leak[0] = 2 * HOUR_MS + 5 if 3 <= hour <= 4 else -1
        watched.detection.evaluate(hour * HOUR_MS)
    assert watched.rows == [(0, 0, 4 * HOUR_MS, 2 * HOUR_MS + 5, HIT)]
    assert watched.repairs == [(0, 7 * HOUR_MS)]  # three hours after the alarm


def test_abnormal_use_is_judged_by_the_marked_lines() -> None:
    watched = Watched(AbnormalUse(deviations=3), per_day=4)  # the limit is 10 a day
    watched.script.lines = [(2 * DAY_MS + 7, 0), (2 * DAY_MS + 9, 3), (6 * DAY_MS + 1, 0)]
    for day, units in enumerate([4, 10, 11, 4, 12, 4, 6, 4, 4, 4], 1):
        watched.script.used[0] += units
        watched.detection.evaluate(day * DAY_MS)
    assert watched.rows == [
        (0, 0, 3 * DAY_MS, 2 * DAY_MS + 7, HIT),
        (0, 0, 5 * DAY_MS, -1, FALSE_ALARM),
        (0, 0, -1, 6 * DAY_MS + 1, MISS),
    ]


def test_a_missed_scan_comes_to_light_at_the_count() -> None:
    watched = Watched(MissedScan(every="1 d"), amount={"at_least": 2}, sensor=SENSOR_SCAN)
    script = watched.script
    missed = [0, 1, 3, 0, 0, 0, 0]  # what the record is too high by, day by day; counted on the fourth and the sixth
    for day, units in enumerate(missed, 1):
        script.missed[0] += max(units - int(script.difference[0]), 0)
        script.difference[0] = units
        script.corrected[0] -= {4: 3, 6: 2}.get(day, 0)
        watched.detection.evaluate(day * DAY_MS)
    assert watched.rows == [(0, 0, 4 * DAY_MS, 2 * DAY_MS, HIT), (0, 0, 6 * DAY_MS, -1, FALSE_ALARM)]


def test_a_scan_missed_and_counted_within_a_period_is_true_also_when_the_counter_begins_anew() -> None:
    watched = Watched(MissedScan(every="1 d"), sensor=SENSOR_SCAN)
    script = watched.script
    for day, (missed, corrected) in enumerate([(5, 0), (5, 0), (5, 0), (1, -1), (1, -1), (1, -1)], 1):
        script.missed[0], script.corrected[0] = missed, corrected
        watched.detection.evaluate(day * DAY_MS)
    assert watched.rows == [(0, 0, -1, DAY_MS, MISS), (0, 0, 4 * DAY_MS, 4 * DAY_MS, HIT)]


def test_a_silent_sensor_is_suspect_where_use_was_expected() -> None:
    rule = StuckSensor(unchanged="1 d", expected_draws=3)
    busy, idle = Watched(rule, per_day=2), Watched(rule, per_day=0.1)
    for hour in range(1, 60):
        for watched in (busy, idle):
            watched.script.reading[0] = min(hour, 3)
            watched.script.stuck[0] = 2 * HOUR_MS + 1 if 3 <= hour < 50 else -1
            watched.detection.evaluate(hour * HOUR_MS)
    assert busy.rows == [(0, 0, 39 * HOUR_MS, 2 * HOUR_MS + 1, HIT)]  # 36 h after the last change: 3 draws expected
    assert idle.rows == [(0, 0, -1, 2 * HOUR_MS + 1, MISS)]


def test_expiry_ahead_counts_what_is_given_out_before() -> None:
    def alarmed(per_day: float, record: int, lots: list[tuple[int, int, int, int]], ahead: str = "30 d") -> bool:
        watched = Watched(ExpiryAhead(ahead=ahead), per_day=per_day)
        watched.script.lots, watched.script.record[0] = lots, record
        state = watched.detection.rules[0]
        signals = state.knowledge.signals(watched.script, DAY_MS, DAY_MS)
        return bool(state.planned.rule.judge(signals)[0] == ALARM)

    soon, later = (0, 0, 11 * DAY_MS, 6), (0, 1, 21 * DAY_MS, 6)
    other = (3, 2, 2 * DAY_MS, 100)  # of a stock point that is not watched
    assert not alarmed(0.6, 12, [soon, later, other])  # 6 used in 10 days, 12 in 20
    assert alarmed(0.59, 12, [soon, later])  # the first is not used up
    assert alarmed(0.59, 12, [(0, 0, NEVER_EXPIRES, 6), later])
    assert not alarmed(0.59, 12, [soon, later], ahead="9 d")
    assert not alarmed(0.59, 11, [soon, later])  # by the record one of the first has been given out
    assert alarmed(0.6, 13, [soon, later])
    assert not alarmed(0.59, 0, [])


def test_expiry_is_foretold_missed_or_still_open_at_the_end() -> None:
    watched = Watched(ExpiryAhead(), points=(0, 1, 2), per_day=0.0)
    script = watched.script
    script.record[:3] = 1
    for day in range(1, 8):
        script.lots = [(0, 0, 5 * DAY_MS, 1)] if day < 5 else []
        script.lots += [(2, 1, 30 * DAY_MS, 1)]
        script.gone[0] = day >= 5
        script.stale[1] = day == 6
        watched.detection.evaluate(day * DAY_MS)
    watched.detection.close()
    assert watched.rows == [(0, 0, DAY_MS, 5 * DAY_MS, HIT), (0, 1, -1, 6 * DAY_MS, MISS)]


# --- chance alone -----------------------------------------------------------------------------------------------------


def poisson_tail(mean: float, above: float) -> float:
    """P(N > above) of a Poisson variable."""
    return 1.0 - sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(math.floor(above) + 1))


@pytest.mark.parametrize(("mean", "deviations"), [(4.0, 2.0), (9.0, 2.5)])
def test_the_false_alarm_rate_on_a_clean_signal_is_the_tail_of_the_poisson(mean: float, deviations: float) -> None:
    points, days = (0, 1, 2, 3), 5000
    watched = Watched(AbnormalUse(deviations=deviations), points, per_day=mean)
    draws = np.random.default_rng(7).poisson(mean, (days, len(points)))
    alarms = 0
    state = watched.detection.rules[0]
    for day, units in enumerate(draws, 1):
        watched.script.used[:4] += units
        signals = state.knowledge.signals(watched.script, day * DAY_MS, DAY_MS)
        alarms += int((state.planned.rule.judge(signals) == ALARM).sum())
    chance, looks = poisson_tail(mean, mean + deviations * math.sqrt(mean)), draws.size
    assert abs(alarms / looks - chance) < 2.576 * math.sqrt(chance * (1 - chance) / looks)


# --- state and settings -----------------------------------------------------------------------------------------------


def test_a_loaded_state_goes_on_as_if_nothing_had_happened() -> None:
    def day(watched: Watched, number: int) -> None:
        watched.script.used[0] = [0, 4, 5, 30, 31, 60, 61, 62][number]
        watched.script.lines = [(2 * DAY_MS + 1, 0)]
        watched.detection.evaluate(number * DAY_MS)

    whole, first, second = (Watched(AbnormalUse(), per_day=4) for _ in range(3))
    for number in range(1, 8):
        day(whole, number)
        day(first if number < 4 else second, number)
        if number == 3:
            second.detection.load(first.detection.state())
    assert first.rows
    assert second.rows
    assert whole.rows == first.rows + second.rows


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (AbnormalUse, {"deviations": None}, "no limit"),
        (AbnormalUse, {"factor": 1}, "greater than 1"),
        (AbnormalUse, {"every": "0 h"}, "zero"),
        (LowLevel, {}, "Field required"),
        (Leak, {"rate": "3 l"}, "not a rate"),
        (StuckSensor, {"periods": 3}, "Extra inputs"),
        (ExpiryAhead, {"ahead": "0 d"}, "zero"),
    ],
)
def test_settings_that_make_no_sense_are_refused(model: type, settings: dict[str, Any], message: str) -> None:
    with pytest.raises((ValidationError, ValueError), match=message):
        model(**settings)


def test_the_limit_is_the_higher_of_the_two() -> None:
    mean = np.array([1.0, 100.0])
    assert AbnormalUse(deviations=3, factor=2).limit(mean).tolist() == [4.0, 200.0]
    assert AbnormalUse(deviations=None, factor=2).limit(mean).tolist() == [2.0, 200.0]
    assert AbnormalUse(deviations=3, per_line=4).limit(mean).tolist() == [7.0, 160.0]
