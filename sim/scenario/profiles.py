"""Profiles: how a demand rate changes over the day, the week, the year and a product's life."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from policies.fields import Clock, Duration, Model, Moment, Share
from sim.scenario.base import WEEKDAYS, Month, Weekday
from sim.units import MS_PER_DAY, UnitError

Factor = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


class Shift(Model):
    """Working hours of those who consume."""

    days: tuple[Weekday, ...] = Field(WEEKDAYS, min_length=1, description="days of the week")
    from_: Clock = Field(0, alias="from", description="start of the shift")
    to: Clock = Field(MS_PER_DAY, description="end of the shift on the same day, exclusive")
    inside: Factor = Field(1, description="factor of the rate during the shift")
    outside: Factor = Field(0, description="factor at all other times; the largest of several shifts counts")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_ >= self.to:
            raise UnitError("`to` is not after `from`", "a shift lies within one day; use two shifts over midnight")
        return self


class Trend(Model):
    """Steady growth or decline."""

    per_year: Share = Field(ge=-1, le=10, description="change per year as a share of the rate at the start")


class Launch(Model):
    """No demand before a date, then a straight rise to the full rate."""

    at: Moment = Field(description="first demand")
    ramp: Duration = Field(0, description="time until the full rate")


class EndOfLife(Model):
    """From a date on the rate falls in a straight line to nothing."""

    at: Moment = Field(description="start of the decline")
    fade: Duration = Field(0, description="time until there is no demand")


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


class Profile(Model):
    """Factors that multiply a rate. Shifts, weekdays and seasons are scaled so that the mean rate stays as given."""

    shifts: Annotated[tuple[Shift, ...], BeforeValidator(_listed, json_schema_input_type=Shift | list[Shift])] = Field(
        (), description="one shift or a list"
    )
    weekday: dict[Weekday, Factor] = Field({}, description="factor per weekday; days left out have 1")
    season: dict[Month, Factor] = Field({}, description="factor per month; months left out have 1")
    trend: Trend | None = Field(None, description="steady growth or decline")
    launch: Launch | None = Field(None, description="start of the product's life")
    end_of_life: EndOfLife | None = Field(None, description="end of the product's life")

    @model_validator(mode="after")
    def _not_silent(self) -> Self:
        days = [self.weekday.get(day, 1.0) for day in WEEKDAYS]
        if max(days) == 0 or (len(self.season) == 12 and max(self.season.values()) == 0):
            raise UnitError("all factors are zero, so there is never any demand", "give at least one factor above zero")
        if self.shifts and all(shift.inside == 0 and shift.outside == 0 for shift in self.shifts):
            raise UnitError("all shifts have factor zero", "give at least one factor above zero")
        return self
