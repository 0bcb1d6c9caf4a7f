"""Pools: nodes that help each other out with stock (lateral transshipment), and whom they ask when nobody can."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from policies.fields import Duration, Level, Model, Money
from sim.scenario.base import AbcClass, ItemFilter, ItemSelection, Patterns, WorkingHours, weekly_windows
from sim.scenario.calendars import Calendar
from sim.scenario.distributions import DurationDistribution, DurationField
from sim.units import Cover, Quantity, UnitError

EVERYTHING = ("*",)
USUAL_DELIVERY = DurationDistribution(constant="4 h")
"""Within a region; where a pool says nothing."""


class Preventive(Model):
    """Asking before being short."""

    below: Level = Field(description="ask when stock - owed + what the pool has sent is below this")
    up_to: Level = Field(description="and then for what is missing to this; at least `below`")


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


class Approval(Model):
    """The time somebody takes to approve a transfer."""

    time: Duration = Field(0, description="working time until a transfer is approved")
    working_hours: Annotated[
        tuple[WorkingHours, ...], BeforeValidator(_listed, json_schema_input_type=WorkingHours | list[WorkingHours])
    ] = Field((), description="when somebody is there to approve, one window or a list; default: round the clock")

    def working_ms(self) -> list[tuple[int, int]]:
        """Weekly windows [from, to) in ms since Monday 00:00, sorted and merged; empty: round the clock."""
        return weekly_windows(self.working_hours)


class PoolLink(Model):
    """What is different between some of the nodes. Later entries override earlier ones, field by field."""

    from_: Patterns = Field(alias="from", description="giving node, pattern or list")
    to: Patterns = Field(description="asking node, pattern or list")
    allowed: bool | None = Field(None, description="false: nothing is given that way; default: true")
    delivery: DurationField | None = Field(None, description="from release to arrival; default: the pool's")
    cost_per_transfer: Money | None = Field(None, description="default: the pool's")
    cost_per_kg: Money | None = Field(None, description="default: the pool's")


class Emergency(Model):
    """Somebody outside the pool who is asked when the pool has nothing: another warehouse, or a supplier."""

    from_: str = Field(alias="from", description="node that is asked: one outside the pool, or a supplier")
    to: Patterns = Field(EVERYTHING, description="which of the asking nodes it helps; default: all")
    lead_time: DurationField = Field(description="from the request (of a supplier: its release) to arrival")
    cost_per_order: Money | None = Field(None, description="per emergency order; default: nothing")
    cost_per_kg: Money | None = Field(None, description="per kilogram; default: nothing")


class Pool(Model):
    """Nodes that give each other stock when a customer would have to wait (settled at cost), and in between if wanted.

    All nodes give and ask unless said otherwise: a pool is complete, one-way (`gives`, `asks`, `links`) or partial
    (`hold_back`).
    """

    nodes: Patterns = Field(description="members: name, pattern or list")
    items: ItemSelection = Field(
        ItemFilter(names=EVERYTHING), description="item, pattern, list, or {classes: [A], names: [..]}; default: all"
    )
    gives: Patterns = Field(EVERYTHING, description="which of the nodes give; default: all")
    asks: Patterns = Field(EVERYTHING, description="which of the nodes ask; default: all")
    hold_back: Level | dict[AbcClass, Level] | None = Field(
        None, description="what a giver keeps for itself: a level, or one per class; default: nothing"
    )
    preventive: Preventive | None = Field(None, description="asking before being short; default: only when short")
    donor: Literal["nearest", "most_stock", "most_cover", "lowest_cost"] = Field(
        "nearest",
        description="who gives: by mean delivery time, by what it can give, by the days that lasts, or by the cost of "
        "1 kg; ties: the nearest, then in the order of the nodes",
    )
    partial: bool = Field(True, description="whether a giver may give less than what is missing, and several give")
    search_time: Duration = Field(0, description="until a giver is found")
    approval: Approval = Field(Approval(), description="time to approve a transfer; default: none")
    delivery: DurationField | None = Field(None, description="of a transfer, from approval to arrival; default: 4 h")
    cost_per_transfer: Money | None = Field(None, description="per transfer; default: nothing")
    cost_per_kg: Money | None = Field(None, description="per kilogram transferred; default: nothing")
    links: tuple[PoolLink, ...] = Field((), description="what is different between some of the nodes")
    emergency: tuple[Emergency, ...] = Field((), description="who is asked, in order, when the pool has nothing")
    rebalancing: Calendar | None = Field(
        None, description="when excess is moved to where it is short, if that is worth the freight; default: never"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        preventive = self.preventive
        if preventive is not None and _comparable(preventive.below, preventive.up_to):
            below, up_to = preventive.below, preventive.up_to
            if (below.ms > up_to.ms) if isinstance(below, Cover) else (below.amount > up_to.amount):  # type: ignore[union-attr]
                raise UnitError(f"up_to ({up_to}) is below the level at which it asks ({below})", "give up_to >= below")
        return self

    @property
    def hold_back_levels(self) -> dict[AbcClass, Quantity | Cover]:
        """What is held back by class; classes without any are left out."""
        if self.hold_back is None:
            return {}
        if isinstance(self.hold_back, dict):
            return self.hold_back
        return {"A": self.hold_back, "B": self.hold_back, "C": self.hold_back}


def _comparable(one: Quantity | Cover, other: Quantity | Cover) -> bool:
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return one.unit == other.unit
    return isinstance(one, Cover) and isinstance(other, Cover)
