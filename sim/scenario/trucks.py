"""Trucks: vehicles that leave a base, call at stops in turn and come back."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from policies.fields import Clock, Distance, Duration, Model, Money, PositiveVolume, PositiveWeight, Share
from sim.scenario.base import WEEKDAYS, Weekday, WorkingHours, weekly_windows
from sim.scenario.distributions import DurationField
from sim.units import UnitError


class Leg(Model):
    """A drive."""

    distance: Distance = Field(0, description="length of the drive")
    travel_time: DurationField = Field(description="driving time")


class Stop(Leg):
    """A node that a route calls at, and the drive to it from the stop before."""

    node: str = Field(description="node at which is unloaded")


class Timetable(Model):
    """Weekly departures."""

    days: tuple[Weekday, ...] = Field(WEEKDAYS, min_length=1, description="days of the week")
    at: tuple[Clock, ...] = Field(min_length=1, description="times of day, in quotes")

    def weekly_ms(self) -> list[int]:
        """Departures in milliseconds since Monday 00:00, sorted, each once."""
        return sorted({WEEKDAYS.index(day) * 86_400_000 + time for day in self.days for time in self.at})


class WhenFull(Model):
    """Departure when there is enough to carry, or something has waited long enough."""

    share: Share = Field(1.0, gt=0, le=1, description="share of the volume or of the weight that must be on the dock")
    max_wait: Duration | None = Field(None, description="longest wait of a line on the dock; default: no limit")


class Breakdowns(Model):
    """A vehicle's breakdowns."""

    every: DurationField = Field(description="driving time between breakdowns")
    repair: DurationField = Field(description="time on the clock until it drives on")


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


class Truck(Model):
    """A route with its vehicles."""

    base: str = Field(description="node the vehicles leave from and come back to")
    stops: tuple[Stop, ...] = Field(min_length=1, description="stops in order; all are called at on every trip")
    return_: Leg = Field(alias="return", description="drive from the last stop back to the base")
    stop_time: Duration = Field(0, description="unloading at each stop, on the clock")
    vehicles: int = Field(1, ge=1, le=10_000, description="vehicles on this route")
    volume: PositiveVolume = Field(description="what one vehicle holds, by volume")
    weight: PositiveWeight = Field(description="what one vehicle carries, by weight")
    timetable: Timetable | None = Field(None, description="weekly departures (this or when_full)")
    when_full: WhenFull | None = Field(None, description="departure when full (this or timetable)")
    working_hours: Annotated[
        tuple[WorkingHours, ...], BeforeValidator(_listed, json_schema_input_type=WorkingHours | list[WorkingHours])
    ] = Field((), description="when is driven, one window or a list; default: round the clock")
    breakdowns: Breakdowns | None = Field(None, description="default: none")
    counts: bool = Field(
        False, description="whether the driver counts what is in the devices of each stop before he unloads"
    )
    cost_per_trip: Money | None = Field(None, description="per trip; default: nothing")
    cost_per_km: Money | None = Field(None, description="per kilometre; default: nothing")
    mode: Literal["simulated", "emulated"] = Field(
        "simulated", description="whether emulators serve trackers of it in `mro-twin hil run` and `hil accept`"
    )

    @model_validator(mode="after")
    def _one_way_of_leaving(self) -> Self:
        if (self.timetable is None) == (self.when_full is None):
            found = "neither" if self.timetable is None else "both"
            raise UnitError(f"found {found} of timetable and when_full", "give exactly one of them")
        return self

    def working_ms(self) -> list[tuple[int, int]]:
        """Weekly driving windows [from, to) in ms since Monday 00:00, sorted and merged; empty: round the clock."""
        return weekly_windows(self.working_hours)
