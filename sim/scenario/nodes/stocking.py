"""Warehouses and stores: places that hold stock and order more. What they hold is said under `policies`."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from policies.allocation import ALLOCATION, AllocationRule, FirstComeFirstServed
from policies.sourcing import SOURCING, Primary, SourcingRule
from sim.scenario.calendars import Review
from sim.scenario.nodes.common import NodeBase, node_kind

if TYPE_CHECKING:
    AllocationField = AllocationRule
    SourcingField = SourcingRule
else:
    AllocationField = ALLOCATION.field_type()
    SourcingField = SOURCING.field_type()


class StockingNode(NodeBase):
    """A place that holds stock."""

    allocation: AllocationField = Field(
        FirstComeFirstServed(), description="who gets stock that several are waiting for"
    )
    sourcing: SourcingField = Field(Primary(), description="from whom it orders when several lanes bring an item")
    review: Review | None = Field(
        None, description="when it looks at its stock and orders; default: after every change (continuous review)"
    )


@node_kind("warehouse")
class Warehouse(StockingNode):
    """A warehouse: central, regional or local; serves other nodes and may serve customers."""

    kind: Literal["warehouse"] = Field(description="warehouse")


@node_kind("store")
class Store(StockingNode):
    """A store: serves customers."""

    kind: Literal["store"] = Field(description="store")
