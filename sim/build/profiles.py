"""Profiles of demand as tables of factors: hour of the week, week of the year, and knots over a product's life."""

import calendar
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from sim.network import Float64Array, Int64Array
from sim.scenario.base import MONTHS, WEEKDAYS
from sim.scenario.profiles import Profile
from sim.units import MS_PER_DAY, MS_PER_MINUTE, MS_PER_YEAR

_MINUTES = 24 * 60
_RAMP_STEPS = 8
"""A ramp on top of a trend is a parabola; so many straight pieces follow it to within a percent."""


@dataclass(frozen=True)
class ProfileTables:
    """R profiles, each factor(t) = hour of week x week of year x line through the knots (constant beyond them)."""

    hour_of_week: Float64Array  # (R, 168), hour 0 is Monday 00:00, mean 1
    week_of_year: Float64Array  # (R, 53), week 0 is 1-7 January, mean 1
    knots_ms: Int64Array  # (R, M), padded with the last knot
    knots_factor: Float64Array  # (R, M)


def profile_tables(profiles: list[Profile], start: datetime, horizon_ms: int) -> ProfileTables:
    """Tables of all profiles of a scenario, M being the largest number of knots."""
    knots = [_knots(profile, start, horizon_ms) for profile in profiles]
    longest = max((len(times) for times, _ in knots), default=0)
    times = np.zeros((len(profiles), longest), dtype=np.int64)
    factors = np.ones((len(profiles), longest))
    for row, (own_times, own_factors) in enumerate(knots):
        if own_times:
            times[row] = own_times + [own_times[-1]] * (longest - len(own_times))
            factors[row] = own_factors + [own_factors[-1]] * (longest - len(own_factors))
    return ProfileTables(
        np.array([hour_of_week(profile) for profile in profiles]).reshape(-1, 168),
        np.array([week_of_year(profile) for profile in profiles]).reshape(-1, 53),
        times,
        factors,
    )


def hour_of_week(profile: Profile) -> Float64Array:
    """Factors (168,) of shifts and weekdays, scaled to mean 1; an hour has the mean factor of its minutes."""
    factors = np.ones((7, _MINUTES))
    if profile.shifts:
        inside = np.full((7, _MINUTES), -1.0)
        for shift in profile.shifts:
            first, end = shift.from_ // MS_PER_MINUTE, shift.to // MS_PER_MINUTE
            for day in shift.days:
                part = inside[WEEKDAYS.index(day), first:end]
                np.maximum(part, shift.inside, out=part)
        factors = np.where(inside >= 0.0, inside, max(shift.outside for shift in profile.shifts))
    factors = factors * np.array([profile.weekday.get(day, 1.0) for day in WEEKDAYS])[:, None]
    return _mean_one(factors.reshape(-1, 60).mean(axis=1))


def week_of_year(profile: Profile) -> Float64Array:
    """Factors (53,) of the months in each week of a common year, scaled to mean 1 over its 365 days."""
    of_day = np.array(
        [
            profile.season.get(month, 1.0)
            for number, month in enumerate(MONTHS, start=1)
            for _ in range(calendar.monthrange(2025, number)[1])
        ]
    )
    of_day = _mean_one(of_day)
    return np.array([of_day[7 * week : 7 * week + 7].mean() for week in range(53)])


def _mean_one(factors: Float64Array) -> Float64Array:
    mean = float(factors.mean())
    return factors / mean if mean > 0.0 else factors


def _knots(profile: Profile, start: datetime, horizon_ms: int) -> tuple[list[int], list[float]]:
    """Times (ms since the start) and factors of trend, launch and end of life together."""
    if profile.trend is None and profile.launch is None and profile.end_of_life is None:
        return [], []
    times = {0, horizon_ms}
    jumps: set[int] = set()
    for span in (_launch(profile, start), _end_of_life(profile, start)):
        if span is not None:
            first, length = span
            times.update(first + length * step // _RAMP_STEPS for step in range(_RAMP_STEPS + 1))
            if length == 0:
                jumps.add(first)
    if profile.trend is not None and profile.trend.per_year < 0:
        times.add(round(-MS_PER_YEAR / profile.trend.per_year))
    knots: list[tuple[int, float]] = []
    for time in sorted(times):
        if time in jumps:
            knots.append((time, _life_factor(profile, start, time, before=True)))
        knots.append((time, _life_factor(profile, start, time, before=False)))
    return [time for time, _ in knots], [factor for _, factor in knots]


def _life_factor(profile: Profile, start: datetime, time: int, before: bool) -> float:
    factor = 1.0
    if profile.trend is not None:
        factor = max(1.0 + profile.trend.per_year * time / MS_PER_YEAR, 0.0)
    for span, rising in ((_launch(profile, start), True), (_end_of_life(profile, start), False)):
        if span is not None:
            done = _done(time, *span, before)
            factor *= done if rising else 1.0 - done
    return factor


def _done(time: int, first: int, length: int, before: bool) -> float:
    """Share of a ramp that has passed; `before` looks at the instant just before a jump."""
    if length == 0:
        return 0.0 if time < first or (before and time == first) else 1.0
    return min(max((time - first) / length, 0.0), 1.0)


def _launch(profile: Profile, start: datetime) -> tuple[int, int] | None:
    return None if profile.launch is None else (_since(profile.launch.at, start), profile.launch.ramp)


def _end_of_life(profile: Profile, start: datetime) -> tuple[int, int] | None:
    return None if profile.end_of_life is None else (_since(profile.end_of_life.at, start), profile.end_of_life.fade)


def _since(moment: datetime, start: datetime) -> int:
    delta = moment - start
    return delta.days * MS_PER_DAY + delta.seconds * 1000 + delta.microseconds // 1000


def first_and_end_ms(profile: Profile, start: datetime) -> tuple[int, int]:
    """When demand with this profile begins (ms since the start, >= 0) and ends (-1: never)."""
    launch, end = _launch(profile, start), _end_of_life(profile, start)
    return (0 if launch is None else max(launch[0], 0)), (-1 if end is None else max(sum(end), 0))
