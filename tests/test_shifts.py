"""Shifts and closed days as intervals: weekends, nights, month ends, and starts in the middle of it."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario.base import WEEKDAYS
from sim.scenario.calendars import Closure
from sim.scenario.shifts import PlantShift, overlapping, shift_intervals, without, working_intervals

DAY = 86_400_000
HOUR = 3_600_000
WEEK = 7 * DAY
MONDAY = datetime(2026, 1, 5)


def shift(days: str, first: str, last: str) -> PlantShift:
    return PlantShift.model_validate({"days": days.split(), "from": first, "to": last})


def closed(first: str, last: str) -> Closure:
    return Closure.model_validate({"from": first, "to": last})


EARLY = shift("mon tue wed thu fri", "06:00", "14:00")
LATE = shift("mon tue wed thu fri", "14:00", "22:00")
NIGHT = shift("sun mon tue wed thu", "22:00", "06:00")


def test_a_week_with_a_weekend() -> None:
    found = working_intervals([EARLY], [], MONDAY, 8 * DAY)
    assert found == [(day * DAY + 6 * HOUR, day * DAY + 14 * HOUR) for day in (0, 1, 2, 3, 4, 7)]


def test_shifts_that_touch_run_on_but_start_each() -> None:
    assert working_intervals([EARLY, LATE], [], MONDAY, DAY) == [(6 * HOUR, 22 * HOUR)]
    assert shift_intervals([EARLY, LATE], [], MONDAY, DAY) == [(6 * HOUR, 14 * HOUR), (14 * HOUR, 22 * HOUR)]


def test_three_shifts_run_from_sunday_night_to_friday_evening() -> None:
    found = working_intervals([EARLY, LATE, NIGHT], [], MONDAY, WEEK + DAY)
    assert found == [(0, 4 * DAY + 22 * HOUR), (6 * DAY + 22 * HOUR, 8 * DAY)]


def test_a_start_in_the_middle_of_a_shift_of_the_week_before() -> None:
    start = datetime(2026, 1, 5, 2, 30)  # Monday, in the night shift that began on Sunday
    assert shift_intervals([NIGHT], [], start, 6 * HOUR) == [(0, 3 * HOUR + HOUR // 2)]


def test_a_closed_day_at_the_end_of_a_month() -> None:
    start = datetime(2026, 4, 30)  # a Thursday
    found = working_intervals([EARLY], [closed("2026-05-01", "2026-05-02")], start, 5 * DAY)
    assert found == [(6 * HOUR, 14 * HOUR), (4 * DAY + 6 * HOUR, 4 * DAY + 14 * HOUR)]


def test_the_last_of_february_is_a_day_like_others() -> None:
    found = working_intervals([shift("sat sun", "06:00", "14:00")], [], datetime(2026, 2, 27), 3 * DAY)
    assert found == [(day * DAY + 6 * HOUR, day * DAY + 14 * HOUR) for day in (1, 2)]  # 28 February, 1 March


def test_a_closure_within_a_shift_cuts_it_and_it_is_one_shift() -> None:
    pause = [closed("2026-01-05T08:00", "2026-01-05T09:00"), closed("2026-01-06", "2026-01-07")]
    parts = [(6 * HOUR, 8 * HOUR), (9 * HOUR, 14 * HOUR)]
    assert working_intervals([EARLY], pause, MONDAY, 2 * DAY) == parts
    assert shift_intervals([EARLY], pause, MONDAY, 2 * DAY) == [(6 * HOUR, 14 * HOUR)]


def test_round_the_clock_but_for_closed_days() -> None:
    assert working_intervals([], [], MONDAY, WEEK) == [(0, WEEK)]
    holiday = closed("2026-01-06", "2026-01-08")
    assert working_intervals([], [holiday], MONDAY, WEEK) == [(0, DAY), (3 * DAY, WEEK)]


def test_holes() -> None:
    assert without([(0, 5), (5, 8), (10, 12), (3, 3)], [(7, 11), (20, 30)]) == [(0, 7), (11, 12)]
    assert without([(0, 5)], [(0, 5)]) == []


SHIFTS = st.builds(
    lambda days, first, length: PlantShift.model_validate(
        {"days": sorted(days), "from": f"{first:02d}:00", "to": f"{(first + length) % 24:02d}:00"}
    ),
    st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    st.integers(0, 23),
    st.integers(1, 23),
)


@given(
    shifts=st.lists(SHIFTS, min_size=1, max_size=3),
    start_hour=st.integers(0, 400),
    closed_hours=st.tuples(st.integers(0, 800), st.integers(1, 100)),
)
def test_hour_by_hour_it_is_what_a_calendar_on_the_wall_says(
    shifts: list[PlantShift], start_hour: int, closed_hours: tuple[int, int]
) -> None:
    start = MONDAY + timedelta(hours=start_hour)
    shut = MONDAY + timedelta(hours=closed_hours[0])
    closure = Closure.model_validate({"from": shut, "to": shut + timedelta(hours=closed_hours[1])})
    hours = 24 * 15
    found = np.zeros(hours, dtype=bool)
    for begin, end in working_intervals(shifts, [closure], start, hours * HOUR):
        found[begin // HOUR : end // HOUR] = True
    for hour in range(hours):
        now = start + timedelta(hours=hour)
        assert found[hour] == (not closure.from_ <= now < closure.to and any(_at_work(one, now) for one in shifts))


def _at_work(one: PlantShift, now: datetime) -> bool:
    clock = now.hour * HOUR
    if WEEKDAYS[now.weekday()] in one.days and one.from_ <= clock and (clock < one.to or one.to < one.from_):
        return True
    return one.to < one.from_ and WEEKDAYS[now.weekday() - 1] in one.days and clock < one.to


@pytest.mark.parametrize(
    ("shifts", "pairs"),
    [
        ([EARLY, LATE, NIGHT], []),
        ([EARLY, shift("fri", "13:00", "15:00")], [(1, 0, "fri")]),
        ([EARLY, shift("sat", "06:00", "14:00")], []),
        ([shift("sun", "22:00", "06:00"), shift("mon", "05:00", "07:00")], [(1, 0, "mon")]),
        ([shift("mon", "05:00", "07:00"), shift("sun", "22:00", "06:00")], [(1, 0, "mon")]),
        ([EARLY, EARLY, shift("wed", "08:00", "09:00")], [(1, 0, "mon"), (2, 0, "wed"), (2, 1, "wed")]),
    ],
)
def test_overlapping_shifts(shifts: list[PlantShift], pairs: list[Any]) -> None:
    assert overlapping(shifts) == pairs
