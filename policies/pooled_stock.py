"""One safety stock for several stock points: how much together, and how it is split.

The pooled demand is the sum of the members' demands; its variance holds their covariance, so that it is only as small
as their correlation allows. The square-root law (Maister 1976) assumes equal, uncorrelated members; it is worked out
beside for comparison.
"""

import math

import numpy as np
from numpy.typing import NDArray

from policies.compilable import compilable


@compilable
def pooled_variance(variances: NDArray[np.float64], correlation: float) -> float:
    """Variance of the sum of demands, any two of which have this correlation; not below 0."""
    total = 0.0
    deviations = 0.0
    for variance in variances:
        total += variance
        deviations += math.sqrt(variance)
    return max((1.0 - correlation) * total + correlation * deviations * deviations, 0.0)


@compilable
def square_root_law(alone: float, members: int) -> float:
    """Safety stock in one place, by the law, of what `members` places would hold `alone`, added up."""
    return alone / math.sqrt(members)


@compilable
def split(total: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole units for each in proportion to its weight, rest to the largest remainders, ties in order.

    Without any weight the first gets all.
    """
    parts = np.zeros(len(weights), np.int64)
    whole = weights.sum()
    if whole <= 0.0:
        parts[0] = total
        return parts
    remainder = np.empty(len(weights))
    given = 0
    for place in range(len(weights)):
        exact = total * weights[place] / whole
        parts[place] = int(exact)
        remainder[place] = exact - parts[place]
        given += parts[place]
    for _ in range(total - given):
        place = int(np.argmax(remainder))
        parts[place] += 1
        remainder[place] = -1.0
    return parts
