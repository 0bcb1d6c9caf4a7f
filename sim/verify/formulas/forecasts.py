"""What the forecasts of the Croston family expect in the long run, when demand is as they suppose.

Every period has demand with probability 1 / `interval`, independently; sizes are independent of that, with mean
`size`. `smoothing` is the weight of the newest value. The mean demand per period is size / interval, and that is what
an unbiased forecast has as its mean. Forecasts begin in their stationary state.
"""

import math

import numpy as np
from scipy import integrate


def croston(size: float, interval: float, smoothing: float) -> float:
    """Exact mean of Croston's forecast (smoothed size / smoothed interval), which is too high.

    Both are smoothed at each demand and independent of each other. The smoothed interval is
    p = smoothing x sum over k of (1 - smoothing)^k Y_k with geometric intervals Y_k, and
    E[1 / p] = integral over t > 0 of E[exp(-t p)] = integral of the product of the Y_k's Laplace transforms at
    t smoothing (1 - smoothing)^k. With smoothing 1 it is the closed form ln(interval) / (interval - 1) of Syntetos and
    Boylan (2001).
    """
    chance = 1 / interval
    kept = 1 - smoothing
    terms = 1 if kept == 0 else math.ceil(math.log(1e-14) / math.log(kept)) + 1
    weights = smoothing * kept ** np.arange(terms) if kept else np.ones(1)

    def transform(t: float) -> float:
        steps = t * weights
        # 1 / E[exp(-s Y)] = (exp(s) - (1 - chance)) / chance, stable for small and large s
        return float(np.exp(-np.sum(steps + np.log1p((1 - chance) / chance * -np.expm1(-steps)))))

    mean_inverse, _ = integrate.quad(transform, 0, np.inf, limit=500, epsabs=1e-12, epsrel=1e-10)
    return size * float(mean_inverse)


def croston_by_taylor(size: float, interval: float, smoothing: float) -> float:
    """The same by a Taylor series of second order (Syntetos and Boylan 2005), an approximation."""
    return size / interval * (1 + smoothing / (2 - smoothing) * (interval - 1) / interval)


def sba(size: float, interval: float, smoothing: float) -> float:
    """Exact mean of the forecast of Syntetos and Boylan (2005): Croston's, times 1 - smoothing / 2."""
    return (1 - smoothing / 2) * croston(size, interval, smoothing)


def tsb(size: float, interval: float) -> float:
    """Mean of the forecast of Teunter, Syntetos and Babai (2011), smoothed size x smoothed chance: without bias.

    The smoothed size has mean `size` whatever the periods with demand were, and the smoothed chance is 1 / interval on
    average.
    """
    return size / interval
