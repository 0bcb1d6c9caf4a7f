"""The vending machine: one unit a turn, out of slots that jam, and lockers for what is lent."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from policies.fields import Model, Share
from sim import plant_plan as plan
from sim.scenario.distributions import DurationField
from sim.scenario.nodes.common import node_kind
from sim.scenario.nodes.devices import DeviceItem, DeviceNode
from sim.scenario.nodes.people import PeopleWhoReturn
from sim.scenario.nodes.sensors import Sensor, Vend
from sim.units import UnitError


class SlotItem(DeviceItem):
    """The slots of an item in a vending machine."""

    slots: int = Field(1, ge=1, le=100_000, description="slots (or lockers) that hold it")
    capacity: int = Field(1, ge=1, le=1_000_000, description="pieces in a slot; at most the machine's `slot_capacity`")


class Jam(Model):
    """An item jams: nothing comes out of any of its slots until they are cleared."""

    share: Share = Field(ge=0, le=1, description="share of turns")
    clear: DurationField = Field(description="until it is cleared")


class FailedVend(Model):
    """Nothing comes out, although the slot does not jam."""

    share: Share = Field(ge=0, le=1, description="share of turns")
    refund: Share = Field(1, ge=0, le=1, description="share of those that the machine notices, and does not book")


@node_kind("vending_machine")
class VendingMachine(DeviceNode):
    """A vending machine in a plant. What it holds is bounded by its slots; every item in it has some."""

    kind: Literal["vending_machine"] = Field(description="vending_machine")
    slots: int = Field(ge=1, le=100_000, description="slots and lockers of the machine")
    slot_capacity: int | None = Field(
        None, ge=1, le=1_000_000, description="pieces that go into a slot at most; default: no limit"
    )
    items: dict[str, SlotItem] = Field(  # type: ignore[assignment]  # never written to
        min_length=1, description="the slots of each item, by name or pattern; the last that fits counts"
    )
    sensors: tuple[Sensor, ...] = Field(
        (Vend(kind="vend"),),
        description="how it measures; the first that covers an item measures it, what none covers is booked by hand; "
        "default: its own books",
    )
    people: PeopleWhoReturn | None = Field(
        None, description="who draws; default: everybody in the plant, as much as he wants"
    )
    jam: Jam | None = Field(None, description="slots that jam; default: never")
    failed_vend: FailedVend | None = Field(None, description="turns at which nothing comes out; default: never")
    wrong_product: Share = Field(0, ge=0, le=1, description="share of turns at which another item comes out")

    device = plan.DEVICE_VENDING
    sensor_kinds = ("vend", "rfid", "weigh", "scan")

    @model_validator(mode="after")
    def _turns(self) -> Self:
        jam = self.jam.share if self.jam is not None else 0.0
        failed = self.failed_vend.share if self.failed_vend is not None else 0.0
        if jam + failed + self.wrong_product > 1 + 1e-9:
            raise UnitError(
                f"jams, failed vends and wrong products sum to {100 * (jam + failed + self.wrong_product):.6g} % of "
                "the turns",
                "let them sum to 100 % at most",
            )
        return self

    def point_settings(self, particular: DeviceItem | None) -> dict[str, Any]:
        """As in the base class, with what goes wrong at a turn."""
        settings = super().point_settings(particular) | {"wrong_product": self.wrong_product}
        if self.jam is not None:
            settings |= {"jam": self.jam.share, "jam_clear": self.jam.clear.for_engine()}
        if self.failed_vend is not None:
            settings |= {"fail": self.failed_vend.share, "refund": self.failed_vend.refund}
        return settings
