"""Warehouses and stores: places that hold stock and order more. What they hold is said under `policies`."""

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

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
    mode: Literal["simulated", "emulated", "hardware"] = Field(
        "simulated", description="what it is in `mro-twin hil run` and `hil accept`; whatever else runs simulates it"
    )
    url: str | None = Field(
        None, min_length=1, max_length=500, description="of hardware: where its device is, as modbus://10.0.0.7:502/1"
    )

    @model_validator(mode="after")
    def _url_of_hardware(self) -> Self:
        if (self.mode == "hardware") != (self.url is not None):
            raise ValueError("`mode: hardware`, and nothing else, needs a `url`")
        return self


@node_kind("warehouse")
class Warehouse(StockingNode):
    """A warehouse: central, regional or local; serves other nodes and may serve customers."""

    kind: Literal["warehouse"] = Field(description="warehouse")


@node_kind("store")
class Store(StockingNode):
    """A store: serves customers."""

    kind: Literal["store"] = Field(description="store")
