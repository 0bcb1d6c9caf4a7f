"""Sensors: how a device finds out what it holds. A new kind is a class here with the decorator, and nothing else.

A sensor knows what it cannot measure (`problem`) and how its settings become those of a stock point
(`point_settings`). What a sensor of each kind shows, and when, says docs/plant.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar, Union

from pydantic import Field

from policies.fields import FineWeight, Model, QuantityField, RateField, Share, WeightDrift
from sim import plant_plan as plan
from sim.scenario.base import ItemFilter, ItemSelection
from sim.scenario.spells import Spells
from sim.units import MS_PER_DAY, PHYSICAL_UNITS, ItemUnit, Quantity, round_half_up

S = TypeVar("S", bound="type[SensorBase]")

SENSOR_KINDS: dict[str, "type[SensorBase]"] = {}

NOTHING = Quantity(Fraction(0))
UNIT_OF_LEVEL_MG = 1000
"""A level is worked out as a weight at which an integer unit of the item weighs this."""


def sensor(kind: str) -> Callable[[S], S]:
    """Decorator that makes a sensor model known under its kind."""

    def add(model: S) -> S:
        SENSOR_KINDS[kind] = model
        return model

    return add


@dataclass(frozen=True)
class Measured:
    """An item as a sensor sees it."""

    name: str
    unit: ItemUnit
    weight_mg: int  # of an integer unit; 0 where the item states no weight


class SensorBase(Model):
    """What all sensors have in common."""

    items: ItemSelection = Field(
        ItemFilter(names=("*",)),
        description="items that it measures: item, pattern, list, or {classes: [A], names: [..]}; default: all",
    )

    code: ClassVar[int]
    """SENSOR_* code of `sim.plant_plan`."""

    def problem(self, item: Measured) -> tuple[str, str] | None:
        """Why it cannot measure an item, and what would be right; None when it can."""
        return None

    def point_settings(self, item: Measured) -> dict[str, Any]:
        """Fields of `sim.plant_plan.DevicePoint` for an item that it measures."""
        return {"sensor": self.code}


class ReadingSensor(SensorBase):
    """What sensors that report how much there is have in common."""

    stuck: Spells | None = Field(None, description="times in which it shows the same all along; default: never")

    def point_settings(self, item: Measured) -> dict[str, Any]:
        """The kind, and when it is stuck."""
        settings = super().point_settings(item)
        if self.stuck is not None:
            settings |= {
                "stuck_every": self.stuck.every.for_engine(),
                "stuck_lasting": self.stuck.lasting.for_engine(),
            }
        return settings


@sensor("scan")
class Scan(SensorBase):
    """A barcode gun: each draw is reported, unless somebody forgets to scan it."""

    kind: Literal["scan"] = Field(description="scan")
    missed: Share = Field(0, ge=0, le=1, description="share of draws and returns that are not scanned")

    code = plan.SENSOR_SCAN

    def point_settings(self, item: Measured) -> dict[str, Any]:
        """The kind, and the share of missed scans."""
        return super().point_settings(item) | {"missed_scan": self.missed}


@sensor("vend")
class Vend(SensorBase):
    """A vending machine's own books: it reports what it believes to have given out."""

    kind: Literal["vend"] = Field(description="vend")

    code = plan.SENSOR_VEND


@sensor("rfid")
class Rfid(ReadingSensor):
    """Antennas in a shelf that read the tags of everything that lies there."""

    kind: Literal["rfid"] = Field(description="rfid")
    read_rate: Share = Field(1, gt=0, le=1, description="share of the tags that a round reads")
    stray_tags: float = Field(
        0, ge=0, le=100, allow_inf_nan=False, description="mean number of tags from elsewhere that a round reads"
    )

    code = plan.SENSOR_RFID

    def problem(self, item: Measured) -> tuple[str, str] | None:
        """Only pieces carry tags."""
        if item.unit.name == "each":
            return None
        return (
            f"`{item.name}` is counted in {item.unit}; only pieces carry tags",
            "use `kind: weigh`, or leave the item out of `items`",
        )

    def point_settings(self, item: Measured) -> dict[str, Any]:
        """The kind, and how well tags are read."""
        return super().point_settings(item) | {"read_rate": self.read_rate, "stray_tags": self.stray_tags}


@sensor("weigh")
class Weigh(ReadingSensor):
    """Load cells under a shelf."""

    kind: Literal["weigh"] = Field(description="weigh")
    resolution: FineWeight = Field(Fraction(0), description="steps of the display; 0: none")
    noise: FineWeight = Field(Fraction(0), description="standard deviation of a reading")
    drift: WeightDrift = Field(Fraction(0), description="how much more it shows every day, since the last count")
    tare: FineWeight = Field(Fraction(0), description="standard deviation of the zero after a count")

    code = plan.SENSOR_WEIGH

    def problem(self, item: Measured) -> tuple[str, str] | None:
        """An item has to weigh something."""
        if item.weight_mg > 0:
            return None
        return f"`{item.name}` weighs nothing", f"give the item a weight, as in `{item.name}: {{weight: 300 g}}`"

    def point_settings(self, item: Measured) -> dict[str, Any]:
        """The kind, the weight of a unit and the errors of the scale, in milligrams."""
        return super().point_settings(item) | {
            "unit_weight_mg": item.weight_mg,
            "resolution_mg": round_half_up(self.resolution),
            "noise_mg": float(self.noise),
            "drift_mg_per_day": float(self.drift),
            "tare_mg": float(self.tare),
        }


@sensor("level")
class LevelSensor(ReadingSensor):
    """The level of a tank. All errors are in the unit of the item, as in `2 l`."""

    kind: Literal["level"] = Field(description="level")
    resolution: QuantityField = Field(NOTHING, description="steps of the display; 0: none")
    noise: QuantityField = Field(NOTHING, description="standard deviation of a reading")
    drift: RateField | None = Field(None, description="how much more it shows every day, since the last count")
    tare: QuantityField = Field(NOTHING, description="standard deviation of the zero after a count")

    code = plan.SENSOR_LEVEL

    def problem(self, item: Measured) -> tuple[str, str] | None:
        """Its errors have to be in the item's unit."""
        named = [(name, getattr(self, name)) for name in ("resolution", "noise", "drift", "tare")]
        for name, value in named:
            if value is None or (isinstance(value, Quantity) and value.amount == 0):
                continue
            if PHYSICAL_UNITS[value.unit][0] != PHYSICAL_UNITS[item.unit.name][0]:
                found = "pieces" if value.unit == "each" else value.unit
                per_day = " /d" if name == "drift" else ""
                return (
                    f"`{name}` is in {found}, `{item.name}` is counted in {item.unit}",
                    f"write it in the item's unit, as in `2 {item.unit.name}{per_day}`",
                )
        return None

    def point_settings(self, item: Measured) -> dict[str, Any]:
        """The kind and the errors, an integer unit of the item being UNIT_OF_LEVEL_MG."""

        def scaled(quantity: Quantity) -> Fraction:
            return quantity.amount * PHYSICAL_UNITS[quantity.unit][1] / item.unit.size * UNIT_OF_LEVEL_MG

        drift = Quantity(self.drift.per_ms * MS_PER_DAY, self.drift.unit) if self.drift is not None else NOTHING
        return super().point_settings(item) | {
            "unit_weight_mg": UNIT_OF_LEVEL_MG,
            "resolution_mg": round_half_up(scaled(self.resolution)),
            "noise_mg": float(scaled(self.noise)),
            "drift_mg_per_day": float(scaled(drift)),
            "tare_mg": float(scaled(self.tare)),
        }


@sensor("meter")
class Meter(SensorBase):
    """A flow meter at the outlet of a tank: it reports what passed."""

    kind: Literal["meter"] = Field(description="meter")
    error: Share = Field(
        0, gt=-1, le=1, description="it shows that share too much of what passes, negative: too little, as in `-1%`"
    )

    code = plan.SENSOR_METER

    def point_settings(self, item: Measured) -> dict[str, Any]:
        """The kind and the meter's error."""
        return super().point_settings(item) | {"meter_error": self.error}


if TYPE_CHECKING:
    Sensor = SensorBase
else:
    Sensor = Annotated[Union[tuple(SENSOR_KINDS.values())], Field(discriminator="kind")]  # noqa: UP007
