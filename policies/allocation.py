"""Who gets stock that several are waiting for."""

from typing import Literal

from pydantic import Field

from policies.fields import Model
from policies.registry import Registry

ALLOCATION = Registry("allocation")


class AllocationRule(Model):
    """What every allocation rule is: configuration with a `kind`."""


@ALLOCATION.register("first_come_first_served")
class FirstComeFirstServed(AllocationRule):
    """Strictly in order of arrival: the first entry of the queue that cannot be satisfied ends the round."""

    kind: Literal["first_come_first_served"] = Field("first_come_first_served", description="name of the rule")
