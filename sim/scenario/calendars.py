"""Calendars: at which instants a node looks at its stock, or a pool moves its excess."""

from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from policies.fields import Clock, Duration, Model, Moment, PositiveDuration
from sim.scenario.base import WEEKDAYS, Weekday
from sim.scenario.trucks import Truck
from sim.units import MS_PER_DAY, MS_PER_WEEK, UnitError


class Calendar(Model):
    """Instants at a fixed distance from each other, or on some days of the week."""

    every: PositiveDuration | None = Field(None, description="distance between two instants (this or `days` and `at`)")
    first: Duration | None = Field(None, description="with `every`: the first instant, since the start; default: 0")
    days: tuple[Weekday, ...] | None = Field(None, min_length=1, description="with `at`: days of the week; default all")
    at: tuple[Clock, ...] | None = Field(None, min_length=1, description="times of day, in quotes")

    @model_validator(mode="after")
    def _one_sort(self) -> Self:
        sorts = self._sorts()
        if len(sorts) != 1:
            found = "none" if not sorts else " and ".join(f"`{sort}`" for sort in sorts)
            raise UnitError(f"exactly one sort of calendar is needed, found {found}", self._example())
        if self.first is not None and self.every is None:
            raise UnitError("`first` belongs to `every`", "write `{every: 1 wk, first: 2 d}`")
        if self.days is not None and self.at is None:
            raise UnitError("`days` without `at`", 'write `{days: [mon, thu], at: ["17:00"]}`')
        return self

    def _sorts(self) -> list[str]:
        return [
            name for name, given in (("every", self.every), ("days and at", self.at or self.days)) if given is not None
        ]

    def _example(self) -> str:
        return 'write `{every: 1 wk}` or `{days: [mon, thu], at: ["17:00"]}`'

    def instants_ms(self, start: datetime, horizon_ms: int) -> list[int]:
        """All instants from the start (0) to before the horizon, in milliseconds, ascending."""
        if self.every is not None:
            return list(range(self.first or 0, horizon_ms, self.every))
        days = [WEEKDAYS.index(day) for day in self.days or WEEKDAYS]
        weekly = [day * MS_PER_DAY + time for day in days for time in self.at or ()]
        return weekly_instants(weekly, start, horizon_ms)


class Closure(Model):
    """A time in which a supplier or a plant is closed (holidays)."""

    from_: Moment = Field(alias="from", description="first closed moment")
    to: Moment = Field(description="first open moment again")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_ >= self.to:
            raise UnitError(
                "`to` is not after `from`", "`to` is the first open day, so a one-day closure ends a day later"
            )
        return self

    def interval_ms(self, start: datetime) -> tuple[int, int]:
        """[from, to) in milliseconds since the scenario's start."""
        return since_ms(self.from_, start), since_ms(self.to, start)


class Review(Calendar):
    """When a node looks at its stock and orders: on a calendar, or in time for the next truck."""

    before_truck: str | None = Field(
        None, description="a route with a timetable that stops here: the node reviews before each departure"
    )
    lead: Duration = Field(0, description="with `before_truck`: how long before the departure")

    def _sorts(self) -> list[str]:
        return super()._sorts() + (["before_truck"] if self.before_truck is not None else [])

    def _example(self) -> str:
        return super()._example() + ", or `{before_truck: NAME, lead: 2 h}`"

    @model_validator(mode="after")
    def _lead_of_a_truck(self) -> Self:
        if "lead" in self.model_fields_set and self.before_truck is None:
            raise UnitError("`lead` belongs to `before_truck`", "write `{before_truck: NAME, lead: 2 h}`")
        return self

    def review_ms(self, start: datetime, horizon_ms: int, truck: Truck | None) -> list[int]:
        """All reviews from the start (0) to before the horizon; `truck` is the one named by `before_truck`."""
        if truck is None or truck.timetable is None:
            return self.instants_ms(start, horizon_ms)
        return weekly_instants([departure - self.lead for departure in truck.timetable.weekly_ms()], start, horizon_ms)


def weekly_instants(weekly_ms: list[int], start: datetime, horizon_ms: int) -> list[int]:
    """Instants that recur every week, as milliseconds since the start, from 0 to before the horizon, each once.

    `weekly_ms` counts from Monday 00:00 of any week; it may be negative or beyond a week.
    """
    since_monday = start.weekday() * MS_PER_DAY + start.hour * 3_600_000 + start.minute * 60_000
    since_monday += start.second * 1000 + start.microsecond // 1000
    in_week = {(instant - since_monday) % MS_PER_WEEK for instant in weekly_ms}
    return sorted(time for first in in_week for time in range(first, horizon_ms, MS_PER_WEEK))


def since_ms(moment: datetime, start: datetime) -> int:
    """Milliseconds from the scenario's start to a moment."""
    delta = moment - start
    return delta.days * 86_400_000 + delta.seconds * 1000 + delta.microseconds // 1000
