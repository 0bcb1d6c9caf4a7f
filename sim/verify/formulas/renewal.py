"""Parts that wear out and are replaced at once: how many are used, and how temperature shortens their lives."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from sim.network import Float64Array

BOLTZMANN_EV_PER_K = 8.617333262e-5
ZERO_CELSIUS_K = 273.15


@dataclass(frozen=True)
class WeibullLife:
    """Life of a part in running hours: P(life <= t) = 1 - exp(-(t / scale)^shape).

    Attributes:
        shape: above 1 it wears out, at 1 it fails by chance, below 1 early.
        scale_hours: age at which 63 % have failed.
    """

    shape: float
    scale_hours: float

    @property
    def mean_hours(self) -> float:
        """Mean life."""
        return self.scale_hours * float(special.gamma(1 + 1 / self.shape))

    @property
    def variation(self) -> float:
        """Standard deviation / mean."""
        second = float(special.gamma(1 + 2 / self.shape))
        return float(np.sqrt(second / special.gamma(1 + 1 / self.shape) ** 2 - 1))

    def cumulative(self, hours: Float64Array) -> Float64Array:
        """Share of the parts that have failed by an age."""
        failed: Float64Array = -np.expm1(-((hours / self.scale_hours) ** self.shape))
        return failed

    def replacements(self, hours: float, steps: int = 4000) -> float:
        """Mean number of replacements in this time when the first part is new: the renewal function m(t).

        m(t) = F(t) + integral of m(t - x) dF(x), by the midpoint rule on the Stieltjes integral (Xie 1989); its error
        falls with the square of the step where F has a density at 0, more slowly for shapes below 1.
        """
        step = np.float64(hours / steps)
        ends = self.cumulative(step * np.arange(1, steps + 1, dtype=np.float64))
        middles = self.cumulative(step * (np.arange(steps, dtype=np.float64) + 0.5))
        increments = np.zeros(steps)  # m at the ends, differenced
        total = 0.0
        for i in range(steps):
            later = float(increments[:i] @ middles[i:0:-1])  # those of step j are i - j + 1/2 steps old
            increments[i] = (ends[i] + later - total) / (1 - middles[0])
            total += increments[i]
        return total

    def replacements_in_the_long_run(self, hours: float) -> float:
        """t / mean + (variation^2 - 1) / 2: where the line lies that m(t) approaches (Smith 1954, Cox 1962)."""
        return hours / self.mean_hours + (self.variation**2 - 1) / 2


def replacements_by_series(shape: float, scaled_hours: float, terms: int = 60) -> float:
    """The renewal function of Weibull lives as the power series of Smith and Leadbetter (1963).

    m(t) = sum over k >= 1 of (-1)^(k - 1) A(k) t^(k shape) / Gamma(k shape + 1), t in units of the scale, with
    A(1) = a(1), A(k) = a(k) - sum over j < k of a(j) A(k - j), a(k) = Gamma(k shape + 1) / k!. In floating point it
    is of use for small t only, as its terms grow before they fall.
    """
    numbers = np.arange(terms + 1)
    a = np.exp(special.gammaln(numbers * shape + 1) - special.gammaln(numbers + 1))
    coefficients = np.zeros(terms + 1)
    for k in range(1, terms + 1):
        coefficients[k] = a[k] - sum(a[j] * coefficients[k - j] for j in range(1, k))
    logs = numbers * shape * np.log(scaled_hours) - special.gammaln(numbers * shape + 1)
    signs = np.where(numbers % 2 == 1, 1.0, -1.0)
    return float((signs * coefficients * np.exp(logs))[1:].sum())


def q10_acceleration(factor: float, celsius: float, reference_c: float) -> float:
    """How much faster a part ages than at the reference: `factor` times for each 10 degrees (van 't Hoff 1884)."""
    return float(factor ** ((celsius - reference_c) / 10))


def arrhenius_acceleration(activation_ev: float, celsius: float, reference_c: float) -> float:
    """The same by an activation energy: exp(E / k (1 / T0 - 1 / T)), absolute temperatures (Arrhenius 1889)."""
    warm, reference = celsius + ZERO_CELSIUS_K, reference_c + ZERO_CELSIUS_K
    return float(np.exp(activation_ev / BOLTZMANN_EV_PER_K * (1 / reference - 1 / warm)))
