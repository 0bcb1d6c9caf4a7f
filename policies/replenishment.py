"""The replenishment policies a stock point can follow.

Each kind says its levels in its own words and translates them to one of two rules (`policies.ordering`): order-up-to
(at or below s, order up to S) and lots (at or below R, the fewest lots that lift the position above R).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from policies.fields import Level, Model
from policies.ordering import LOT, ORDER_UP_TO
from policies.registry import Registry
from policies.units import Cover, Quantity

Int64Array = npt.NDArray[np.int64]

REPLENISHMENT = Registry("replenishment")
policy = REPLENISHMENT.register


@dataclass(frozen=True)
class OrderRule:
    """A policy in integer units, one entry per stock point; shapes all (K,) or scalar-like (1,).

    `order_up_to` matters to ORDER_UP_TO, `lot` to LOT.
    """

    rule: int
    reorder_point: Int64Array
    order_up_to: Int64Array
    lot: Int64Array


Resolve = Callable[[Quantity | Cover], Int64Array]
"""Turns a level into integer units per stock point (days of cover become units of mean demand)."""


class ReplenishmentPolicy(Model):
    """What every replenishment policy offers."""

    @classmethod
    def rule_from(cls, levels: Mapping[str, Int64Array]) -> OrderRule:
        """The engine's rule for levels in integer units, by field name."""
        raise NotImplementedError

    def order_rule(self, resolve: Resolve) -> OrderRule:
        """The policy as one of the engine's rules, its levels turned into integer units by `resolve`."""
        return self.rule_from({name: resolve(level) for name, level in self.levels().items()})

    def levels(self) -> dict[str, Quantity | Cover]:
        """The policy's levels by field name."""
        return {
            name: value
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), Quantity | Cover)
        }


@policy("s_S")
class ReorderPointOrderUpTo(ReplenishmentPolicy):
    """(s, S): when the position is at or below the reorder point, order up to the target."""

    kind: Literal["s_S"] = Field("s_S", description="name of the policy")
    reorder_point: Level = Field(description="s: order when the inventory position is at or below this")
    order_up_to: Level = Field(description="S: the position after ordering; more than the reorder point")

    @classmethod
    def rule_from(cls, levels: Mapping[str, Int64Array]) -> OrderRule:
        """Order-up-to; the target is at least one above the reorder point, also when days of cover round down."""
        return _up_to(levels["reorder_point"], levels["order_up_to"])


@policy("r_nQ")
class ReorderPointLot(ReplenishmentPolicy):
    """(R, nQ): when the position is at or below R, order the fewest lots that lift it above R."""

    kind: Literal["r_nQ"] = Field("r_nQ", description="name of the policy")
    reorder_point: Level = Field(description="R: order when the inventory position is at or below this")
    lot: Level = Field(description="Q: orders are a whole number of lots; at least one unit")

    @classmethod
    def rule_from(cls, levels: Mapping[str, Int64Array]) -> OrderRule:
        """Lots of at least one unit."""
        reorder_point = levels["reorder_point"]
        lot = np.maximum(levels["lot"], 1)
        return OrderRule(LOT, reorder_point, reorder_point + lot, lot)


@policy("base_stock")
class BaseStock(ReplenishmentPolicy):
    """One for one: every unit of demand is ordered at once, so that the position stays at the level."""

    kind: Literal["base_stock"] = Field("base_stock", description="name of the policy")
    level: Level = Field(description="S: the inventory position after every order; 0 orders on demand only")

    @classmethod
    def rule_from(cls, levels: Mapping[str, Int64Array]) -> OrderRule:
        """(S - 1, S)."""
        return _up_to(levels["level"] - 1, levels["level"])


@policy("min_max")
class MinMax(ReplenishmentPolicy):
    """Minimum and maximum: when the position is below the minimum, order up to the maximum."""

    kind: Literal["min_max"] = Field("min_max", description="name of the policy")
    minimum: Level = Field(description="order when the inventory position is below this")
    maximum: Level = Field(description="the position after ordering; at least the minimum")

    @classmethod
    def rule_from(cls, levels: Mapping[str, Int64Array]) -> OrderRule:
        """(minimum - 1, maximum)."""
        return _up_to(levels["minimum"] - 1, levels["maximum"])


def _up_to(reorder_point: Int64Array, order_up_to: Int64Array) -> OrderRule:
    target = np.maximum(order_up_to, reorder_point + 1)
    return OrderRule(ORDER_UP_TO, reorder_point, target, np.ones_like(target))
