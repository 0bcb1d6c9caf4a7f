"""Edge gateways: what collects the reports of the devices of a plant and passes them on to the platform."""

from typing import Literal

from pydantic import Field

from policies.fields import Duration, Model, SignedDuration
from sim.scenario.spells import Spells


class Gateway(Model):
    """An edge gateway. Devices name it; the reports of devices without one reach the platform at once."""

    at: str = Field(description="plant in which it stands, and whose devices it serves")
    poll: Duration = Field(
        0, description="it asks its devices at multiples of this, counted from the start; 0: they report by themselves"
    )
    delay: Duration = Field(0, description="from collection to the platform")
    spacing: Duration = Field(0, description="between the arrivals of two messages at least")
    clock_offset: SignedDuration = Field(0, description="its clock minus the true time")
    store: int = Field(
        1_000_000, ge=1, le=10**12, description="messages that it keeps while the uplink is down, at most"
    )
    overflow: Literal["oldest", "newest"] = Field(
        "oldest", description="which message is lost when the store is full: the oldest in it, or the new one"
    )
    outages: Spells | None = Field(None, description="times in which the uplink is down; default: never")
