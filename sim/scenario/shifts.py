"""Shifts and closed days of a plant: when people work and lines run, as intervals since the scenario's start."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from policies.fields import Clock, Model
from sim.scenario.base import WEEKDAYS, Weekday
from sim.scenario.calendars import Closure
from sim.units import MS_PER_DAY, MS_PER_WEEK, UnitError

Interval = tuple[int, int]
"""[from, to) in milliseconds."""


class PlantShift(Model):
    """Working hours that recur on days of the week; one that ends before it begins goes on over midnight."""

    name: str | None = Field(None, min_length=1, max_length=100, description="name for readers; default: none")
    days: tuple[Weekday, ...] = Field(WEEKDAYS, min_length=1, description="days of the week on which it begins")
    from_: Clock = Field(alias="from", description="beginning, time of day in quotes")
    to: Clock = Field(description='end, exclusive; before `from`: on the next day, as in `from: "22:00", to: "06:00"`')

    @model_validator(mode="after")
    def _possible(self) -> Self:
        twice = [day for day in WEEKDAYS if self.days.count(day) > 1]
        if twice:
            raise UnitError(f"the shift overlaps itself: {', '.join(twice)} is named twice", "name each day once")
        if self.from_ == self.to:
            raise UnitError(
                "the shift has no length", 'for round the clock write `from: "00:00", to: "24:00"`, or no shifts'
            )
        return self

    @property
    def length_ms(self) -> int:
        """How long it lasts."""
        return self.to - self.from_ + (MS_PER_DAY if self.to < self.from_ else 0)

    def weekly_ms(self) -> list[Interval]:
        """When it is worked, in ms since Monday 00:00; the end may lie beyond the week."""
        starts = (WEEKDAYS.index(day) * MS_PER_DAY + self.from_ for day in self.days)
        return sorted((start, start + self.length_ms) for start in starts)


def overlapping(shifts: Sequence[PlantShift]) -> list[tuple[int, int, Weekday]]:
    """Pairs of shifts that overlap (positions, the later one in the list first), with the first day of it."""
    found: list[tuple[int, int, Weekday]] = []
    for later, one in enumerate(shifts):
        for earlier, other in enumerate(shifts[:later]):
            common = [
                max(start, begin + turn)
                for start, end in one.weekly_ms()
                for begin, stop in other.weekly_ms()
                for turn in (-MS_PER_WEEK, 0, MS_PER_WEEK)
                if start < stop + turn and begin + turn < end
            ]
            if common:
                found.append((later, earlier, WEEKDAYS[min(at % MS_PER_WEEK for at in common) // MS_PER_DAY]))
    return found


def shift_intervals(
    shifts: Iterable[PlantShift], closed: Iterable[Closure], start: datetime, horizon_ms: int
) -> list[Interval]:
    """What is worked of each shift between the start (0) and the horizon, ascending; closed times are cut out.

    A shift that a closure cuts in two counts as one and begins where work does: only its parts are separate intervals
    of `working_intervals`. One that is under way at the start begins there.
    """
    midnight_to_start = ((start.hour * 60 + start.minute) * 60 + start.second) * 1000 + start.microsecond // 1000
    monday = -(start.weekday() * MS_PER_DAY + midnight_to_start)  # of the start's week
    shut = [closure.interval_ms(start) for closure in closed]
    worked: list[Interval] = []
    for shift in shifts:
        for begin, end in shift.weekly_ms():
            for turn in range(monday - MS_PER_WEEK, horizon_ms, MS_PER_WEEK):
                parts = without([(max(begin + turn, 0), min(end + turn, horizon_ms))], shut)
                if parts:
                    worked.append((parts[0][0], parts[-1][1]))
    return sorted(worked)


def working_intervals(
    shifts: Sequence[PlantShift], closed: Iterable[Closure], start: datetime, horizon_ms: int
) -> list[Interval]:
    """When lines run between the start (0) and the horizon: disjoint, ascending, those that touch merged.

    Without shifts that is round the clock, but for closed times.
    """
    closed = list(closed)
    shut = [closure.interval_ms(start) for closure in closed]
    if not shifts:
        return without([(0, horizon_ms)], shut)
    return without(shift_intervals(shifts, closed, start, horizon_ms), shut)


def without(intervals: Iterable[Interval], holes: Iterable[Interval]) -> list[Interval]:
    """The intervals without the holes: disjoint, ascending, those that touch or overlap merged, none empty."""
    merged: list[Interval] = []
    for begin, end in sorted(interval for interval in intervals if interval[0] < interval[1]):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    for hole_begin, hole_end in holes:
        merged = [
            part
            for begin, end in merged
            for part in ((begin, min(end, hole_begin)), (max(begin, hole_end), end))
            if part[0] < part[1]
        ]
    return merged
