"""Items: what is stocked, demanded, ordered and carried."""

from fractions import Fraction
from typing import Literal, Self

from pydantic import Field, model_validator

from policies.fields import ItemUnitField, Model, PositiveDuration, Share, UnitPriceField, Volume, Weight
from sim.scenario.base import AbcClass
from sim.units import ItemUnit, UnitError, UnitPrice

EACH = ItemUnit(Fraction(1), "each")
NOTHING = UnitPrice(Fraction(0))


class Item(Model):
    """A consumable or spare part."""

    unit: ItemUnitField = Field(
        EACH, description="what is counted: each, 0.1 kg, 10 ml; quantities are whole multiples"
    )
    cost: UnitPriceField = Field(NOTHING, description="purchase cost per natural unit (each, kg, l)")
    price: UnitPriceField | None = Field(None, description="sales price per natural unit; default: the cost")
    class_: AbcClass | None = Field(
        None, alias="class", description="A, B or C; default: by yearly demand value, see abc"
    )
    critical: bool = Field(False, description="whether a missing part stops work")
    shelf_life: PositiveDuration | None = Field(None, description="time from receipt by the network to expiry")
    volume: Volume = Field(0, description="packed volume per natural unit")
    weight: Weight = Field(0, description="weight per natural unit; items counted by weight weigh what they are")
    lots: Literal["none", "fifo", "fefo"] = Field(
        "none", description="whether lots are tracked, and who goes first: first in or first to expire"
    )
    certificate: bool = Field(
        False, description="whether a certificate comes with every lot; its number stands in traces and usage logs"
    )
    description: str = Field("", description="free text")

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        for price in (self.cost, self.price):
            if price is not None:
                price.per_integer_unit(self.unit)
        if self.lots == "fefo" and self.shelf_life is None:
            raise UnitError("`lots: fefo` without a shelf life", "give `shelf_life: 2 y`, or use `lots: fifo`")
        if self.certificate and self.lots == "none":
            raise UnitError("`certificate: true` where no lots are tracked", "give `lots: fifo` or `lots: fefo`")
        return self

    @property
    def unit_cost(self) -> Fraction:
        """Purchase cost per integer unit, major units of currency, exact."""
        return self.cost.per_integer_unit(self.unit)

    @property
    def unit_price(self) -> Fraction:
        """Sales price per integer unit, major units of currency, exact."""
        return (self.price or self.cost).per_integer_unit(self.unit)

    @property
    def unit_weight_g(self) -> Fraction:
        """Grams per integer unit."""
        if self.weight == 0 and self.unit.name in ("mg", "g", "kg", "t"):
            return self.unit.size
        return self.weight * self.unit.resolution

    @property
    def unit_volume_ml(self) -> Fraction:
        """Millilitres per integer unit."""
        if self.volume == 0 and self.unit.name in ("ml", "l", "m3"):
            return self.unit.size
        return self.volume * self.unit.resolution


class AbcShares(Model):
    """Where the classes end, by cumulative share of yearly demand value."""

    a_share: Share = Field(0.8, gt=0, lt=1, description="A items make up this share of the value")
    b_share: Share = Field(0.95, gt=0, le=1, description="A and B items together; the rest is C")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.a_share >= self.b_share:
            raise UnitError("`b_share` is not above `a_share`", "shares are cumulative, as in 0.8 and 0.95")
        return self
