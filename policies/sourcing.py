"""From whom a stock point orders when several lanes bring an item: which source, in which order."""

from typing import Literal, Self

from pydantic import Field, model_validator

from policies.fields import Model, Share
from policies.registry import Registry
from policies.units import UnitError

SOURCING = Registry("sourcing")


class SourcingRule(Model):
    """What every sourcing rule is: configuration with a `kind`.

    All but `primary` use every lane that leads to the node and fits the item, one source each. The first of them is
    the usual one: mean demand is passed on to it, and its terms (minimum order, pack) hold for every order.
    """


@SOURCING.register("primary")
class Primary(SourcingRule):
    """The first lane in the list that fits, always."""

    kind: Literal["primary"] = Field("primary", description="name of the rule")


@SOURCING.register("fallback")
class Fallback(SourcingRule):
    """The first source in the order of the lanes that is a supplier or has the quantity free; else the first of all."""

    kind: Literal["fallback"] = Field("fallback", description="name of the rule")


@SOURCING.register("nearest_with_stock")
class NearestWithStock(SourcingRule):
    """As `fallback`, in the order of mean lead times: of a truck the mean wait for the timetable and the drive."""

    kind: Literal["nearest_with_stock"] = Field("nearest_with_stock", description="name of the rule")


@SOURCING.register("cheapest")
class Cheapest(SourcingRule):
    """As `fallback`, in the order of the landed cost of a unit.

    That is the supplier's cost at its smallest quantity (else the item's), freight by weight, and costs per order and
    line spread over the smallest order that the supplier takes.
    """

    kind: Literal["cheapest"] = Field("cheapest", description="name of the rule")


@SOURCING.register("split")
class Split(SourcingRule):
    """Every order is divided among the sources by their shares, in whole packs; the first source gets the rest."""

    kind: Literal["split"] = Field("split", description="name of the rule")
    shares: dict[str, Share] = Field(min_length=1, description="share of each source by node name; together 100 %")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if any(not 0 < share <= 1 for share in self.shares.values()):
            raise UnitError("a share is not between 0 and 100 %", "leave out a source that gets nothing")
        total = sum(self.shares.values())
        if abs(total - 1) > 1e-6:
            raise UnitError(f"the shares sum to {100 * total:.6g} %", "let them sum to 100 %")
        return self
