"""Node kinds. Each lies in a file of its own and registers itself; the scenario takes any of them by its `kind`."""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from sim.scenario.nodes.common import NODE_KINDS, NodeBase
from sim.scenario.nodes.plant import Plant
from sim.scenario.nodes.stocking import StockingNode, Store, Warehouse
from sim.scenario.nodes.supplier import Supplier

if TYPE_CHECKING:
    Node = NodeBase
else:
    Node = Annotated[Union[tuple(NODE_KINDS.values())], Field(discriminator="kind")]  # noqa: UP007

__all__ = ["NODE_KINDS", "Node", "NodeBase", "Plant", "StockingNode", "Store", "Supplier", "Warehouse"]
