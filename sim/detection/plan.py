"""A detection rule with the stock points it watches, as `PlantPlan.rules` holds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from policies.detection.rule import DetectionRule
from sim.network import Float64Array, Int64Array


@dataclass(frozen=True)
class PlannedRule:
    """A rule and its n stock points, ascending; all of them are in devices."""

    name: str  # unique within the network: the rule's kind, numbered from the second of a kind on
    rule: DetectionRule
    points: Int64Array  # (n,)
    amount: Mapping[str, Float64Array] = field(default_factory=dict)  # settings in integer units, (n,) each

    def instants_ms(self, horizon_ms: int) -> Int64Array:
        """When it is evaluated: the multiples of its interval after 0 and before the horizon."""
        return np.arange(self.rule.every, horizon_ms, self.rule.every, dtype=np.int64)
