"""Policies that decide in Python: one file with a configuration and a pure function, nothing else to change.

    @policy("lead_time_cover")
    class LeadTimeCover(CustomPolicy):
        kind: Literal["lead_time_cover"] = Field("lead_time_cover", description="name of the policy")
        days: float = Field(14, ge=0, description="days of demand to hold on top of the lead time")

        def decide(self, view: View) -> Int64Array:
            target = (view.lead_time_days + self.days) * view.mean_demand_per_day
            return np.ceil(target).astype(np.int64) - view.position

The command line finds such a file by `--policies FILE`, or by the entry point group `mro_twin.policies` of an installed
package; in Python it is enough to define the class before a scenario is loaded.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from policies.remaining_life import RemainingLife
from policies.replenishment import Int64Array, ReplenishmentPolicy, policy
from policies.units import LARGEST

__all__ = ["CustomPolicy", "Float64Array", "Int64Array", "PolicyError", "RemainingLife", "View", "needs_of", "policy"]

Float64Array = npt.NDArray[np.float64]


class PolicyError(ValueError):
    """A policy that returned something that is no need: wrong shape, not whole, not finite, too large."""


@dataclass(frozen=True)
class View:
    """What the system knows of the items of one node that are reviewed at one instant; arrays over these items, (n,).

    Quantities are in the item's integer units. On hand is what the records say, which may differ from the shelf.
    """

    node: str
    time_ms: int  # since the scenario's start
    weekday: int  # 0 Monday to 6 Sunday
    time_of_day_ms: int  # since midnight
    items: tuple[str, ...]
    on_hand: Int64Array
    on_order: Int64Array  # ordered and not yet received
    waiting: Int64Array  # owed to customers and to downstream orders
    position: Int64Array  # on hand + on order - waiting
    mean_demand_per_day: Float64Array  # as stated in the scenario, of own customers and everything downstream
    forecast_per_day: Float64Array  # NaN without a forecast
    lead_time_days: Float64Array  # mean, from the usual source, without queues
    minimum_order: Int64Array
    multiple: Int64Array  # orders are rounded up to this
    capacity: Int64Array  # largest position allowed, -1 without limit
    unit_cost: Float64Array  # in the currency's major unit, per integer unit
    remaining_life: RemainingLife | None = None  # what machines will use of these items; None: no machine uses any


class CustomPolicy(ReplenishmentPolicy):
    """A policy whose `decide` is called at every review of a node, for all its items that are reviewed then."""

    in_tables: ClassVar[bool] = False
    kind: str

    @abstractmethod
    def decide(self, view: View) -> Int64Array:
        """How much is needed of each item, (n,): whole units, nothing where it is zero or less.

        It must be a pure function: the same view, the same needs. What is needed is raised to the minimum order,
        rounded up to the pack and cut to the capacity like any other need.
        """


def needs_of(decider: Any, view: View) -> Int64Array:
    """The needs that a policy returns for a view, (n,), none below zero.

    Raises PolicyError if they are not one whole number per item, or so large that the position would exceed `LARGEST`.
    """
    kind = getattr(decider, "kind", type(decider).__name__)
    needs = np.asarray(decider.decide(view))
    if needs.shape != (len(view.items),):
        raise PolicyError(f"policy `{kind}` returned shape {needs.shape} for {len(view.items)} items at `{view.node}`")
    if needs.dtype.kind not in "iu" and not (
        needs.dtype.kind == "f" and bool(np.all(np.isfinite(needs) & (needs == np.floor(needs))))
    ):
        raise PolicyError(f"policy `{kind}` returned needs at `{view.node}` that are not whole numbers: round them up")
    too_large = np.flatnonzero(needs > LARGEST - np.maximum(view.position, 0))
    if too_large.size:
        first = too_large[0]
        raise PolicyError(
            f"policy `{kind}` returned a need of {needs[first]:,.0f} of `{view.items[first]}` at `{view.node}`: "
            f"it is too large, the position may be {LARGEST:,} units at most"
        )
    whole: Int64Array = np.maximum(needs, 0).astype(np.int64)
    return whole
