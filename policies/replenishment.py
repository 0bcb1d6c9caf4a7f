"""The replenishment policies a stock point can follow.

Each kind says its levels in its own words and translates them to one of the rules of `policies.ordering`. Whether a
stock point is reviewed all the time or on its node's calendar is not the policy's business: every kind has both forms.
Policies that decide in Python lie in `policies.custom`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from policies.fields import Level, Model
from policies.ordering import CAN_ORDER, KANBAN, LOT, ORDER_UP_TO
from policies.registry import Registry
from policies.units import Cover, Quantity

Int64Array = npt.NDArray[np.int64]

REPLENISHMENT = Registry("replenishment")
policy = REPLENISHMENT.register


@dataclass(frozen=True)
class OrderRule:
    """A policy in integer units, one entry per stock point; shapes all (K,) or scalar-like (1,).

    `order_up_to` is the position after ordering (of lots: the highest), `lot` the size of a lot or bin; with
    CAN_ORDER `lot` is the can-order level.
    """

    rule: int
    reorder_point: Int64Array
    order_up_to: Int64Array
    lot: Int64Array


Resolve = Callable[[Quantity | Cover], Int64Array]
"""Turns a level into integer units per stock point (days of cover become units of mean demand)."""


class ReplenishmentPolicy(Model):
    """What every replenishment policy offers."""

    ascending: ClassVar[tuple[tuple[str, str, bool], ...]] = ()
    """Pairs of levels of which the second is above the first (True) or at least not below it (False)."""
    above_zero: ClassVar[tuple[str, ...]] = ()
    """Levels that are at least one unit."""
    in_tables: ClassVar[bool] = True
    """Whether a stocking table can give it: the fields that it requires are levels and counts."""
    lots: ClassVar[frozenset[str]] = frozenset()
    """Names of the fields that say how much is ordered, not how much is held: a stock factor leaves them alone."""

    @classmethod
    def rule_from(cls, figures: Mapping[str, Int64Array]) -> OrderRule:
        """The engine's rule for levels in integer units and for counts, by field name."""
        raise NotImplementedError

    def order_rule(self, resolve: Resolve, resolve_lot: Resolve | None = None) -> OrderRule:
        """The policy as one of the engine's rules.

        Its levels are turned into integer units by `resolve`, those named in `lots` by `resolve_lot` (default: alike).
        """
        of_lots = resolve_lot or resolve
        levels = {name: (of_lots if name in self.lots else resolve)(level) for name, level in self.levels().items()}
        size = len(next(iter(levels.values()), ()))
        counts = {name: np.full(size, getattr(self, name), dtype=np.int64) for name in self.count_names()}
        return self.rule_from(levels | counts)

    def levels(self) -> dict[str, Quantity | Cover]:
        """The policy's levels by field name."""
        return {
            name: value
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), Quantity | Cover)
        }

    @classmethod
    def level_names(cls) -> tuple[str, ...]:
        """Fields that are levels: quantities or days of cover."""
        wanted = Quantity | Cover
        return tuple(name for name, field in cls.model_fields.items() if field.annotation == wanted)

    @classmethod
    def count_names(cls) -> tuple[str, ...]:
        """Fields that are plain whole numbers, as the number of bins."""
        return tuple(name for name, field in cls.model_fields.items() if field.annotation is int)


@policy("s_S")
class ReorderPointOrderUpTo(ReplenishmentPolicy):
    """(s, S): when the position is at or below the reorder point, order up to the target."""

    kind: Literal["s_S"] = Field("s_S", description="name of the policy")
    reorder_point: Level = Field(description="s: order when the inventory position is at or below this")
    order_up_to: Level = Field(description="S: the position after ordering; more than the reorder point")

    ascending = (("reorder_point", "order_up_to", True),)

    @classmethod
    def rule_from(cls, figures: Mapping[str, Int64Array]) -> OrderRule:
        """Order-up-to; the target is at least one above the reorder point, also when days of cover round down."""
        return _up_to(figures["reorder_point"], figures["order_up_to"])


@policy("r_nQ")
class ReorderPointLot(ReplenishmentPolicy):
    """(R, nQ): when the position is at or below R, order the fewest lots that lift it above R."""

    lots = frozenset({"lot"})

    kind: Literal["r_nQ"] = Field("r_nQ", description="name of the policy")
    reorder_point: Level = Field(description="R: order when the inventory position is at or below this")
    lot: Level = Field(description="Q: orders are a whole number of lots; at least one unit")

    above_zero = ("lot",)

    @classmethod
    def rule_from(cls, figures: Mapping[str, Int64Array]) -> OrderRule:
        """Lots of at least one unit."""
        reorder_point = figures["reorder_point"]
        lot = np.maximum(figures["lot"], 1)
        return OrderRule(LOT, reorder_point, reorder_point + lot, lot)


@policy("base_stock")
class BaseStock(ReplenishmentPolicy):
    """One for one: every unit of demand is ordered at once, so that the position stays at the level."""

    kind: Literal["base_stock"] = Field("base_stock", description="name of the policy")
    level: Level = Field(description="S: the inventory position after every order; 0 orders on demand only")

    @classmethod
    def rule_from(cls, figures: Mapping[str, Int64Array]) -> OrderRule:
        """(S - 1, S)."""
        return _up_to(figures["level"] - 1, figures["level"])


@policy("min_max")
class MinMax(ReplenishmentPolicy):
    """Minimum and maximum: when the position is below the minimum, order up to the maximum."""

    kind: Literal["min_max"] = Field("min_max", description="name of the policy")
    minimum: Level = Field(description="order when the inventory position is below this")
    maximum: Level = Field(description="the position after ordering; at least the minimum")

    ascending = (("minimum", "maximum", False),)

    @classmethod
    def rule_from(cls, figures: Mapping[str, Int64Array]) -> OrderRule:
        """(minimum - 1, maximum)."""
        return _up_to(figures["minimum"] - 1, figures["maximum"])


@policy("can_order")
class CanOrder(ReplenishmentPolicy):
    """(s, c, S), joint replenishment: when one item must order, those at or below their c order along (Balintfy 1964).

    The items of a node that follow this policy and have the same source form a family.
    """

    kind: Literal["can_order"] = Field("can_order", description="name of the policy")
    reorder_point: Level = Field(description="s: at or below this the item makes its family order")
    can_order: Level = Field(description="c: at or below this it orders along; from s to below S")
    order_up_to: Level = Field(description="S: the position after ordering; more than c")

    ascending = (("reorder_point", "can_order", False), ("can_order", "order_up_to", True))

    @classmethod
    def rule_from(cls, figures: Mapping[str, Int64Array]) -> OrderRule:
        """s <= c < S, also when days of cover round down."""
        reorder_point = figures["reorder_point"]
        can_order = np.maximum(figures["can_order"], reorder_point)
        return OrderRule(CAN_ORDER, reorder_point, np.maximum(figures["order_up_to"], can_order + 1), can_order)


@policy("kanban")
class Kanban(ReplenishmentPolicy):
    """Bins of a fixed size: every bin that is empty is ordered.

    With two bins, the classic two-bin system, the second is opened when the first is empty, and the first is ordered.
    """

    kind: Literal["kanban"] = Field("kanban", description="name of the policy")
    bin_size: Level = Field(description="Q: what a bin holds; at least one unit")
    bins: int = Field(2, ge=1, le=10_000, description="N: number of bins")

    above_zero = ("bin_size",)

    @classmethod
    def rule_from(cls, figures: Mapping[str, Int64Array]) -> OrderRule:
        """At or below (N - 1) Q, whole bins up to N Q; bins of at least one unit."""
        size = np.maximum(figures["bin_size"], 1)
        bins = figures["bins"]
        return OrderRule(KANBAN, (bins - 1) * size, bins * size, size)


def _up_to(reorder_point: Int64Array, order_up_to: Int64Array) -> OrderRule:
    target = np.maximum(order_up_to, reorder_point + 1)
    return OrderRule(ORDER_UP_TO, reorder_point, target, np.ones_like(target))
