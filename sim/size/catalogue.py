"""What a pilot may be built of, and what is promised: kinds of devices, costs of service, the promise, visits.

A device is worth its slots: a slot holds one item, as much of it as volume, weight and number of pieces allow.
"""

from fractions import Fraction
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from policies.fields import Duration, Model, Money, PositiveDuration, PositiveVolume, PositiveWeight, Share
from sim.scenario.base import Patterns
from sim.units import MS_PER_DAY, MS_PER_MONTH, MS_PER_WEEK, MS_PER_YEAR, UnitError

DeviceForm = Literal["piece", "bulk", "liquid"]
NO_MONEY: Final = Fraction(0)
HOLDS: Final[dict[str, tuple[DeviceForm, ...]]] = {
    "shelf": ("piece", "bulk"),
    "cabinet": ("piece", "bulk"),
    "vending_machine": ("piece",),
    "tank": ("liquid",),
}
"""What a kind of device can hold: pieces, bulk goods (by weight or length), liquids."""


class DeviceKind(Model):
    """A kind of device in the supplier's catalogue."""

    kind: Literal["shelf", "cabinet", "vending_machine", "tank"] = Field(description="what it is")
    slots: int = Field(1, ge=1, le=10_000, description="slots of one device; each holds one item. A tank has one")
    slot_volume: PositiveVolume = Field(description="what goes into a slot by volume; of a tank its capacity")
    slot_weight: PositiveWeight | None = Field(None, description="what a slot carries; default: no limit")
    slot_pieces: int | None = Field(None, ge=1, le=1_000_000, description="pieces in a slot at most; default: no limit")
    price: Money = Field(description="to the supplier, once, for one device")
    life: PositiveDuration = Field(5 * MS_PER_YEAR, description="over which the price is written off in equal parts")
    rent: Money = Field(NO_MONEY, description="per device and month, where it is rented; 0 where it is bought")
    running: Money = Field(NO_MONEY, description="per device and month: uplink, repairs, software")
    most: int = Field(50, ge=1, le=1_000, description="devices of the kind there can be at most")
    items: Patterns = Field(("*",), description="items it may hold, by name or pattern; only what its kind can hold")

    @model_validator(mode="after")
    def _one_slot_of_a_tank(self) -> Self:
        if self.kind == "tank" and self.slots != 1:
            raise UnitError("a tank with several slots", "a tank holds one item: leave `slots` out")
        return self

    @property
    def cost_per_month(self) -> float:
        """Rent, running cost and write-off of one device, in major units of currency per month of 365/12 days."""
        return float(self.rent + self.running + self.price * MS_PER_MONTH / self.life)


class ServiceCosts(Model):
    """What it costs the supplier to keep the stock filled."""

    visit: Money = Field(description="one visit: travel and the time it takes whatever is refilled")
    line: Money = Field(NO_MONEY, description="each item refilled at a visit, besides")
    emergency: Money = Field(description="one emergency delivery, when an item has run out")
    emergency_time: PositiveDuration = Field(MS_PER_DAY, description="from running out until that delivery is there")
    staff: Money = Field(NO_MONEY, description="per month whatever happens: planning, account, platform")
    financing_rate: Share = Field(0.08, ge=0, le=1, description="per year, on the cost of consigned stock")

    def under(self, promise: "Promise") -> "ServiceCosts":
        """The costs where a promise has emergency deliveries of its own: faster and dearer, or slower and cheaper."""
        own = {name: getattr(promise, name) for name in ("emergency", "emergency_time")}
        return self.model_copy(update={name: value for name, value in own.items() if value is not None})


class Promise(Model):
    """The service promised, and how sure the supplier wants to be of keeping it."""

    availability: Share = Field(
        0.99, gt=0, lt=1, description="share of time that the items covered are in stock, mean over items and window"
    )
    probability: Share = Field(
        0.95, gt=0, lt=1, description="with which every whole window of the pilot is kept, at least"
    )
    confidence: Share = Field(0.95, gt=0.5, lt=1, description="of the statement that it does, from simulation")
    window: PositiveDuration = Field(MS_PER_MONTH, description="over which the promise is measured")
    covers: Literal["critical", "all"] = Field("critical", description="items covered: critical ones, or all")
    emergency: Money | None = Field(None, description="one emergency delivery; default: as in `service`")
    emergency_time: PositiveDuration | None = Field(
        None, description="from running out until an emergency delivery is there; default: as in `service`"
    )


class Visits(Model):
    """How often somebody comes to refill."""

    intervals: tuple[PositiveDuration, ...] = Field(
        (MS_PER_WEEK // 2, MS_PER_WEEK, 2 * MS_PER_WEEK), min_length=1, max_length=20, description="to be considered"
    )
    preparation: Duration = Field(
        MS_PER_DAY, description="from looking at the stock until the visit that refills it, besides an item's lead time"
    )

    @model_validator(mode="after")
    def _short_enough(self) -> Self:
        longest = max(self.intervals)
        if longest > MS_PER_YEAR:
            raise UnitError("a visit interval of more than a year", "give intervals such as `1 wk`")
        if len(set(self.intervals)) < len(self.intervals):
            raise UnitError("an interval is there twice", "keep one of them")
        return self
