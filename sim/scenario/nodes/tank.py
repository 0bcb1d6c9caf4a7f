"""The tank: one fluid, drawn by machines, with a level sensor or a flow meter, and leaks."""

from typing import Literal

from pydantic import Field

from policies.fields import PositiveQuantity, PositiveRate
from sim import plant_plan as plan
from sim.scenario.nodes.common import node_kind
from sim.scenario.nodes.devices import DeviceNode
from sim.scenario.spells import Spells


class TankLeak(Spells):
    """Leaks, one after the other, until each is found and mended."""

    rate: PositiveRate = Field(description="what leaks, as in `2 l /h`")
    step: PositiveQuantity = Field(description="amount in which it is booked, as in `1 l`")


@node_kind("tank")
class Tank(DeviceNode):
    """A tank in a plant, with one item in it."""

    kind: Literal["tank"] = Field(description="tank")
    item: str = Field(description="what is in it")
    capacity: PositiveQuantity = Field(description="what it holds when full")
    leak: TankLeak | None = Field(None, description="leaks; default: none")

    device = plan.DEVICE_TANK
    sensor_kinds = ("level", "meter")
