"""Lanes: which node refills which, how, how fast and at what cost."""

from typing import Literal

from pydantic import Field

from policies.fields import Model, Money
from sim.scenario.base import AbcClass, ItemSelection, Patterns
from sim.scenario.distributions import DurationField


class Express(Model):
    """A faster parcel service for orders that customers are waiting for."""

    lead_time: DurationField = Field(description="from dispatch to arrival")
    classes: tuple[AbcClass, ...] = Field(("A", "B", "C"), min_length=1, description="classes that may use it")
    cost_per_order: Money | None = Field(None, description="on top of the usual costs, per order; default: nothing")


class Lane(Model):
    """A way of refilling. The first lane in the list that leads to a node and fits an item serves it there.

    The others are alternatives, for nodes whose `sourcing` uses them.
    """

    from_: Patterns = Field(alias="from", description="source node, pattern or list; one lane per pair of nodes")
    to: Patterns = Field(description="node that is refilled, pattern or list")
    lead_time: DurationField | None = Field(
        None, description="of a parcel, dispatch to arrival; from a supplier the default is the supplier's own"
    )
    truck: str | None = Field(None, description="route that carries it; default: parcels")
    items: ItemSelection | None = Field(None, description="items it serves; default: all")
    delivery: Literal["whole", "partial"] = Field(
        "whole", description="whether an order leaves complete, or in parts as stock allows"
    )
    overtaking: bool | None = Field(
        None, description="whether a later parcel may arrive before an earlier one; default: the supplier's, else true"
    )
    priority: int = Field(
        0, ge=-1_000_000, le=1_000_000, description="where the source allocates by priority: lower is served first"
    )
    express: Express | None = Field(None, description="service for urgent orders")
    cost_per_order: Money | None = Field(None, description="per order placed; default: nothing")
    cost_per_line: Money | None = Field(None, description="per shipped line; default: nothing")
    cost_per_kg: Money | None = Field(None, description="per kilogram shipped; default: nothing")
