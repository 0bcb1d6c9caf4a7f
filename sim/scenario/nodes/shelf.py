"""The smart shelf: people take what they need, and the shelf finds out what is gone."""

from typing import Literal

from pydantic import Field

from sim import plant_plan as plan
from sim.scenario.nodes.common import node_kind
from sim.scenario.nodes.devices import DeviceNode
from sim.scenario.nodes.people import PeopleAtShelf


@node_kind("shelf")
class Shelf(DeviceNode):
    """An open shelf in a plant, with antennas, scales or a barcode gun, or with books kept by hand."""

    kind: Literal["shelf"] = Field(description="shelf")
    people: PeopleAtShelf | None = Field(
        None, description="who draws; default: everybody in the plant, as much as he wants"
    )
    standby: bool = Field(
        False, description="hot standby: stock for critical lines; a label, which stands as the default `echelon`"
    )

    device = plan.DEVICE_SHELF
    sensor_kinds = ("rfid", "weigh", "scan")

    @property
    def label(self) -> str:
        """The stated echelon, else what the shelf is for."""
        return self.echelon or ("standby shelf" if self.standby else self.kind)
