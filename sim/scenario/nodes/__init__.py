"""Node kinds. Each lies in a file of its own and registers itself; the scenario takes any of them by its `kind`."""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from sim.scenario.nodes.common import NODE_KINDS, NodeBase
from sim.scenario.nodes.devices import DeviceNode
from sim.scenario.nodes.plant import Plant
from sim.scenario.nodes.shelf import Shelf
from sim.scenario.nodes.stocking import StockingNode, Store, Warehouse
from sim.scenario.nodes.supplier import Supplier
from sim.scenario.nodes.tank import Tank
from sim.scenario.nodes.vending_machine import VendingMachine

if TYPE_CHECKING:
    Node = NodeBase
else:
    Node = Annotated[Union[tuple(NODE_KINDS.values())], Field(discriminator="kind")]  # noqa: UP007

__all__ = [
    "NODE_KINDS",
    "DeviceNode",
    "Node",
    "NodeBase",
    "Plant",
    "Shelf",
    "StockingNode",
    "Store",
    "Supplier",
    "Tank",
    "VendingMachine",
    "Warehouse",
]
