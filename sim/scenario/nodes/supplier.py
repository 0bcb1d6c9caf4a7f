"""The supplier: an outside source that is never short but takes its time."""

from typing import Literal

from pydantic import Field

from policies.fields import Model, PositiveDuration, QuantityField, UnitPriceField
from sim.scenario.calendars import Closure
from sim.scenario.distributions import DurationField
from sim.scenario.nodes.common import NodeBase, node_kind


class Capacity(Model):
    """How much a supplier can make, all items together."""

    units: int = Field(ge=1, le=10**15, description="integer units per period")
    per: PositiveDuration = Field(description="length of a period; periods are counted from the start")


class Outages(Model):
    """Random times in which the supplier delivers nothing."""

    every: DurationField = Field(description="time from the end of one outage to the start of the next")
    lasting: DurationField = Field(description="how long an outage lasts")


class PriceBreak(Model):
    """A lower cost from some order quantity on."""

    from_: QuantityField = Field(alias="from", description="smallest order quantity at this cost")
    cost: UnitPriceField = Field(description="cost per natural unit of the item")


class SupplierItem(Model):
    """A supplier's terms for one item."""

    minimum_order: QuantityField | None = Field(None, description="smallest order; default: the supplier's own")
    multiple: QuantityField | None = Field(None, description="pack: orders are a multiple of this")
    price_breaks: tuple[PriceBreak, ...] = Field((), description="costs by order quantity, ascending")


@node_kind("supplier")
class Supplier(NodeBase):
    """An outside source with lead time, calendar, capacity and terms."""

    kind: Literal["supplier"] = Field(description="supplier")
    lead_time: DurationField = Field(description="from release of an order to its arrival, for lanes that give none")
    capacity: Capacity | None = Field(None, description="output per period; default: unlimited")
    closed: tuple[Closure, ...] = Field((), description="closed periods")
    outages: Outages | None = Field(None, description="random outages; default: none")
    overtaking: bool = Field(True, description="whether a later order may arrive before an earlier one")
    minimum_order: QuantityField | None = Field(None, description="smallest order of any of its items")
    items: dict[str, SupplierItem] = Field({}, description="terms by item name")
