"""Who gets stock that several are waiting for: a node's own customers, and the orders of those it supplies."""

from typing import ClassVar, Literal

from pydantic import Field

from policies.fields import Level, Model
from policies.registry import Registry

ALLOCATION = Registry("allocation")


class AllocationRule(Model):
    """What every allocation rule is: configuration with a `kind`, and a reserve for the node's own customers."""

    reserve: Level | None = Field(
        None, description="kept for own customers, orders get only what is above; days are of their own mean demand"
    )

    customers_first: ClassVar[bool] = True
    """Whether own customers come before orders; with a reserve they always do."""


@ALLOCATION.register("first_come_first_served")
class FirstComeFirstServed(AllocationRule):
    """Strictly in order of arrival: the first entry of the queue that cannot be satisfied ends the round."""

    kind: Literal["first_come_first_served"] = Field("first_come_first_served", description="name of the rule")

    customers_first = False


@ALLOCATION.register("fair_share")
class FairShare(AllocationRule):
    """Own customers first; orders share what is there in proportion to what each is owed."""

    kind: Literal["fair_share"] = Field("fair_share", description="name of the rule; outgoing lanes deliver in parts")


@ALLOCATION.register("priority")
class Priority(AllocationRule):
    """Own customers first; then urgent orders, then by the lanes' `priority`, then in order of arrival, strictly."""

    kind: Literal["priority"] = Field("priority", description="name of the rule")
