"""Predictive replenishment: order for the parts that will wear out, not for those that wore out on average."""

from typing import Literal

import numpy as np
from pydantic import Field

from policies.custom import CustomPolicy, Int64Array, View
from policies.fields import Duration, Share
from policies.remaining_life import RemainingLife, level_for
from policies.replenishment import policy

_DAY_MS = 86_400_000


@policy("predictive")
class Predictive(CustomPolicy):
    """Order up to what machines will use, by the age of their parts, running hours and temperature.

    When the position does not cover lead time and review period with the chance `service`, it orders what covers
    `look_ahead` on top. What people draw on top is taken as Poisson with the stated mean. Reviewed on the node's
    `review` calendar (a machine that runs changes no stock, so that continuous review would look too late).
    """

    kind: Literal["predictive"] = Field("predictive", description="name of the policy")
    service: Share = Field(0.98, gt=0, lt=1, description="chance to get through the protection time")
    review_period: Duration = Field(_DAY_MS, description="time between reviews; belongs to the protection time")
    look_ahead: Duration = Field(7 * _DAY_MS, description="an order covers so much more; 0: small orders, often")

    def decide(self, view: View) -> Int64Array:
        """Up to the level with `look_ahead`, where the position is below the level without."""
        needs = np.zeros(len(view.items), np.int64)
        for item in range(len(view.items)):
            if np.isnan(view.lead_time_days[item]):
                continue
            uses = _uses(view, item)
            other = max(float(view.mean_demand_per_day[item] - uses.mean_per_day().sum()), 0.0)
            days = float(view.lead_time_days[item]) + self.review_period / _DAY_MS
            if view.position[item] < level_for(uses, other, days, self.service):
                enough = level_for(uses, other, days + self.look_ahead / _DAY_MS, self.service)
                needs[item] = enough - view.position[item]
        return needs


def _uses(view: View, item: int) -> RemainingLife:
    if view.remaining_life is not None:
        return view.remaining_life.chosen(item)
    nothing, none = np.zeros(0, np.int64), np.zeros(0)
    return RemainingLife(nothing, nothing, none, none, none, none, none, none, none, none, none)
