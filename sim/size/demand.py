"""Use of an item over any stretch of time: a Poisson or compound Poisson process with given mean and variance.

Draws come at random (Poisson), their sizes follow a logarithmic series, so that the units drawn in t days are negative
binomial with mean m t and variance v m t (Quenouille 1949, "A relation between the logarithmic, Poisson, and negative
binomial series"; Axsäter 2015, Inventory Control, section 5.1.1). v is the ratio of variance to mean; 1 is Poisson.
A use steadier than Poisson counts as Poisson, so that stock is too high rather than too low.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

Float64Array = npt.NDArray[np.float64]
ArrayLike = npt.ArrayLike

DAYS_PER_MONTH: Final = 365 / 12
_POISSON_BELOW: Final = 1 + 1e-9


@dataclass(frozen=True)
class Demand:
    """Units of an item used, independent in stretches that do not overlap.

    Attributes:
        per_day: mean units a day, > 0.
        ratio: variance / mean of the units in any stretch, >= 1.
    """

    per_day: float
    ratio: float = 1.0

    @staticmethod
    def of_month(mean: float, variability: float) -> "Demand":
        """From the mean and the coefficient of variation of one month's use."""
        return Demand(mean / DAYS_PER_MONTH, max(1.0, variability**2 * mean))

    def mean(self, days: ArrayLike) -> Float64Array:
        """Mean units in so many days."""
        return self.per_day * np.asarray(days, np.float64)

    def above(self, units: ArrayLike, days: ArrayLike) -> Float64Array:
        """P(more than so many units are asked for in so many days); units >= -1, arrays broadcast."""
        return self._above(np.asarray(units, np.float64), self.mean(days), 0.0)

    def short(self, units: ArrayLike, days: ArrayLike) -> Float64Array:
        """Mean units beyond so many: E[max(D - units, 0)] = E[D; D > units] - units P(D > units), units >= 0."""
        stock, mean = np.asarray(units, np.float64), self.mean(days)
        # E[D; D > s] = mean P(D' > s - 1), where D' has one more draw's worth of shape (Johnson, Kemp, Kotz 2005)
        loss = mean * self._above(stock - 1, mean, 1.0) - stock * self._above(stock, mean, 0.0)
        return np.asarray(np.maximum(loss, 0.0), np.float64)

    def _above(self, units: Float64Array, mean: Float64Array, more_shape: float) -> Float64Array:
        units, mean = np.broadcast_arrays(units, mean)
        if self.ratio <= _POISSON_BELOW:
            chance = special.gammainc(np.maximum(units + 1, 1e-300), mean)
        else:
            shape = mean / (self.ratio - 1) + more_shape
            chance = special.betainc(np.maximum(units + 1, 1e-300), np.maximum(shape, 1e-300), 1 - 1 / self.ratio)
        return np.where(units < 0, 1.0, np.where(mean <= 0, 0.0, chance))
