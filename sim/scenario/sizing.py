"""The section `sizing:` of a scenario: what a customer uses, what a pilot may be built of, and what is promised."""

from typing import Self

from pydantic import Field, model_validator

from policies.fields import Model, Money, PositiveDuration, Share
from sim.scenario.base import Name
from sim.size.catalogue import DeviceKind, Promise, ServiceCosts, Visits
from sim.units import MS_PER_MONTH, UnitError


class Offer(Model):
    """The money side of the pilot: what is asked today, and what the supplier wants to earn."""

    supplier: str | None = Field(None, max_length=60, description="who offers, as the proposal names him")
    customer: str | None = Field(None, max_length=60, description="who it is offered to, as the proposal names him")
    base_fee: Money | None = Field(None, description="per month, as it is offered now; default: nothing")
    mark_up: Share = Field(
        0.0, ge=-0.9, le=10, description="on the prices of the usage table, which the customer pays elsewhere today"
    )
    margin: Share = Field(
        0.15, ge=0, lt=1, description="wanted by the supplier: revenue less goods and service, as a share of revenue"
    )
    replaced: Share = Field(
        1.0,
        ge=0,
        le=1,
        description="share of the goods that replaces what the customer buys today; the rest is new cost",
    )
    carrying_rate: Share = Field(
        0.12, ge=0, le=1, description="what the customer's own stock costs it today, a year, on the price"
    )


class SizingSection(Model):
    """What `mro-twin size` works from."""

    usage: str = Field(
        min_length=1,
        max_length=1000,
        description="table of what the customer uses: CSV, XLSX or Parquet beside the file",
    )
    devices: dict[Name, DeviceKind] = Field(min_length=1, max_length=50, description="the catalogue, by name")
    service: ServiceCosts = Field(description="what it costs to keep the stock filled")
    promise: Promise = Field(Promise(), description="the service wanted; tiers change it")
    tiers: dict[Name, Promise] = Field(
        {}, max_length=10, description="promises the customer chooses between, as basic, standard, premium"
    )
    visits: Visits = Field(Visits(), description="how often somebody comes to refill")
    stop_cost: Money = Field(description="the customer's loss when an item that stops work is missing, per event")
    offer: Offer = Field(Offer(), description="fee, prices and the margin wanted")
    pilot: PositiveDuration = Field(6 * MS_PER_MONTH, description="how long the pilot lasts")

    @model_validator(mode="after")
    def _window_in_pilot(self) -> Self:
        for name, promise in (("promise", self.promise), *self.tiers.items()):
            if promise.window > self.pilot:
                raise UnitError(
                    f"the window of `{name}` is longer than the pilot",
                    "measure it over the pilot at most, as in `1 mo`",
                )
        return self
