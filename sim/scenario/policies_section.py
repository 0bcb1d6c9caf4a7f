"""The `policies` list: which policy and which opening stock apply to which items at which nodes."""

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

import policies.computed
import policies.predictive  # noqa: F401
from policies.fields import Duration, Level, Model, QuantityField
from policies.replenishment import REPLENISHMENT, ReplenishmentPolicy
from policies.sourcing import SOURCING, SourcingRule
from sim.scenario.base import ItemFilter, ItemSelection, Patterns
from sim.units import UnitError

if TYPE_CHECKING:
    PolicyField = ReplenishmentPolicy
    SourcingField = SourcingRule
else:
    PolicyField = REPLENISHMENT.field_type()
    SourcingField = SOURCING.field_type()

KINDS_IN_MODELS = REPLENISHMENT.kinds
"""The kinds that the models are built with; `sim.scenario.kinds` rebuilds them when there are more."""

ALL_ITEMS = ItemFilter(names=("*",))


class OpeningOrder(Model):
    """An order that is under way at the start."""

    quantity: QuantityField = Field(description="what will arrive")
    arrives: Duration = Field(description="when, since the start")


class PolicyEntry(Model):
    """One entry of the list. A field that is given overrides what earlier entries said for the same node and item."""

    nodes: Patterns = Field(description="node, pattern or list")
    items: ItemSelection = Field(
        ALL_ITEMS, description="item, pattern, list, or {classes: [A], names: [..]}; default: all"
    )
    policy: PolicyField | None = Field(
        None, description="replenishment policy; without any, the item is ordered through"
    )
    review: Literal["continuous", "periodic"] | None = Field(
        None,
        description="continuous: at once, or periodic: on the node's `review` calendar; default: its calendar if any",
    )
    sourcing: SourcingField | None = Field(None, description="from whom to order; overrides the node's `sourcing`")
    minimum_order: QuantityField | None = Field(None, description="smallest order; overrides the supplier's")
    multiple: QuantityField | None = Field(None, description="pack: orders are a multiple; overrides the supplier's")
    capacity: QuantityField | None = Field(None, description="largest inventory position allowed; default: no limit")
    on_hand: Level | None = Field(None, description="opening stock; default: what the policy orders up to")
    age: Duration | None = Field(None, description="age of the opening stock at the start; default: new")
    on_order: tuple[OpeningOrder, ...] | None = Field(None, description="orders under way at the start")
    owed: QuantityField | None = Field(None, description="what customers are owed at the start")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set - {"nodes", "items"}:
            raise UnitError("the entry sets nothing", "give a `policy`, `on_hand` or another setting")
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """The given fields other than nodes and items, by name."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self._given}

    @property
    def _given(self) -> set[str]:
        return {name for name in self.model_fields_set - {"nodes", "items"} if getattr(self, name) is not None}
