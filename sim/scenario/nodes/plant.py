"""The plant: lines of machines, the people who work there and when. Its stock lies in nodes of their own."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from policies.fields import DayOfYear, Model, Money, PositiveDuration, Temperature, TemperatureDifference
from sim.scenario.base import Name
from sim.scenario.calendars import Closure
from sim.scenario.machines import Line
from sim.scenario.nodes.common import NodeBase, node_kind
from sim.scenario.shifts import PlantShift
from sim.units import MS_PER_HOUR, UnitError

MIDSUMMER = 200
"""20 July, in days after 1 January."""


class Climate(Model):
    """Temperature in the hall: a cosine over the year."""

    mean: Temperature = Field(20.0, description="mean of the year")
    swing: TemperatureDifference = Field(0.0, description="from the mean to the warmest day; 0 or more")
    warmest: DayOfYear = Field(MIDSUMMER, description='month and day of the warmest day, as in "07-20"')

    @model_validator(mode="after")
    def _upwards(self) -> Self:
        if self.swing < 0:
            raise UnitError("the swing is negative", "give 0 or more, and the `warmest` day")
        return self


@node_kind("plant")
class Plant(NodeBase):
    """A customer's plant. It holds no stock itself: shelves, vending machines and tanks stand in it."""

    kind: Literal["plant"] = Field(description="plant")
    shifts: tuple[PlantShift, ...] = Field((), description="when people work and lines run; default: round the clock")
    closed: tuple[Closure, ...] = Field((), description="days on which nobody works")
    people: dict[Name, Annotated[int, Field(ge=1, le=100_000)]] = Field(
        {}, description="number of persons by group, as in `fitters: 12`"
    )
    maintenance: Name | None = Field(
        None, description="group that sees to the machines and draws what they need; default: everybody"
    )
    crews: int = Field(0, ge=0, le=100_000, description="machines that can be repaired at a time; 0: any number")
    climate: Climate = Field(Climate(), description="temperature in the hall")
    stop_cost_per_hour: Money | None = Field(
        None, description="cost of an hour of working time that a line loses in stops; default: nothing"
    )
    work_order: PositiveDuration = Field(8 * MS_PER_HOUR, description="running time of one work order of a line")
    lines: dict[Name, Line] = Field({}, description="lines by name")
    mode: Literal["simulated", "emulated"] = Field(
        "simulated", description="whether emulators serve its machines in `mro-twin hil run` and `hil accept`"
    )
