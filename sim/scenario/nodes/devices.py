"""What shelves, vending machines and tanks have in common: they stand in a plant, hold stock and measure it."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from policies.fields import Level, Model, Share
from sim.scenario.calendars import Calendar
from sim.scenario.distributions import DurationField
from sim.scenario.nodes.people import People
from sim.scenario.nodes.sensors import Sensor
from sim.scenario.nodes.stocking import StockingNode
from sim.units import UnitError


class Inspection(Model):
    """Goods are inspected on arrival: until then they lie in quarantine and nobody is served from them."""

    time: DurationField = Field(description="from arrival to release")
    rejected: Share = Field(0, ge=0, le=1, description="share of deliveries that are rejected")


class Loan(Model):
    """A tool that is borrowed and brought back."""

    time: DurationField = Field(description="how long it is out")
    lost: Share = Field(0, ge=0, le=1, description="share that never comes back")
    worn: Share = Field(0, ge=0, le=1, description="share that is scrapped when it is back; with `lost` at most 100 %")

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if self.lost + self.worn > 1 + 1e-9:
            raise UnitError(
                f"`lost` and `worn` sum to {100 * (self.lost + self.worn):.6g} %", "let them sum to 100 % at most"
            )
        return self


class DeviceItem(Model):
    """What is particular about an item in a device."""

    loan: Loan | None = Field(None, description="the item is lent, not used up; default: used up")


def _for_all(value: object) -> object:
    return value if isinstance(value, Mapping) else {"*": value}


class DeviceNode(StockingNode):
    """A place in a plant that holds stock, gives it to people and machines, and measures what it holds."""

    at: str | None = Field(None, description="plant in which it stands; default: none, so people have no names")
    gateway: str | None = Field(
        None, description="gateway that passes its reports on; default: they reach the platform at once"
    )
    sensors: tuple[Sensor, ...] = Field(
        (), description="how it measures; the first that covers an item measures it, what none covers is booked by hand"
    )
    people: People | None = Field(None, description="who draws; default: everybody in the plant, as much as he wants")
    items: dict[str, DeviceItem] = Field(
        {}, description="what is particular about items, by name or pattern; the last that fits counts"
    )
    count: Calendar | None = Field(None, description="when its stock is counted and the record corrected")
    count_error: Share = Field(0, ge=0, le=1, description="share of counts that are one too high or too low")
    blocks_expired: bool = Field(False, description="whether expired lots are taken off at midnight")
    inspection: Inspection | None = Field(None, description="inspection of deliveries; default: none")
    low_level: Annotated[
        dict[str, Level], BeforeValidator(_for_all, json_schema_input_type=str | float | dict[str, Any])
    ] = Field(
        {}, description="a record at or below this is an alarm: a level, or {item or pattern: level}; default: none"
    )

    device: ClassVar[int]
    """DEVICE_* code of `sim.plant_plan`."""
    sensor_kinds: ClassVar[tuple[str, ...]]
    """Kinds of sensors that have something to measure here."""

    def point_settings(self, particular: DeviceItem | None) -> dict[str, Any]:
        """Fields of `sim.plant_plan.DevicePoint` that this device sets for an item, sensors and persons aside.

        `particular` is what `items` says about the item.
        """
        settings: dict[str, Any] = {"device": self.device, "blocks_expired": self.blocks_expired}
        settings["count_error"] = self.count_error
        if self.people is not None:
            settings |= self.people.point_settings()
        if self.inspection is not None:
            settings |= {"inspection": self.inspection.time.for_engine(), "rejected": self.inspection.rejected}
        if particular is not None and particular.loan is not None:
            loan = particular.loan
            settings |= {"loan": loan.time.for_engine(), "loan_lost": loan.lost, "loan_worn": loan.worn}
        return settings
