"""A policy in a file of its own, as somebody outside would write it."""

from typing import Literal

import numpy as np
from pydantic import Field

from policies.custom import CustomPolicy, Int64Array, View, policy


@policy("lead_time_cover")
class LeadTimeCover(CustomPolicy):
    """Holds the mean demand of the lead time and of some days more."""

    kind: Literal["lead_time_cover"] = Field("lead_time_cover", description="name of the policy")
    days: float = Field(14, ge=0, description="days of demand on top of the lead time")

    def decide(self, view: View) -> Int64Array:
        """Up to the target."""
        target = (view.lead_time_days + self.days) * view.mean_demand_per_day
        needs: Int64Array = np.ceil(target).astype(np.int64) - view.position
        return needs
