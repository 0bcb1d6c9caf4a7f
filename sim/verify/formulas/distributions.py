"""Distributions of demand over 0, 1, 2, ... units."""

from typing import Final

import numpy as np
from scipy import stats

from sim.network import Float64Array

NEGLIGIBLE: Final = 1e-12
ONE_UNIT: Final[Float64Array] = np.array([0.0, 1.0])
"""Every customer asks for one unit."""


def mean_of(probabilities: Float64Array) -> float:
    """Mean of a distribution over 0, 1, 2, ..."""
    return float(np.arange(len(probabilities)) @ probabilities)


def poisson(mean: float) -> Float64Array:
    """Poisson probabilities, cut where the tail is negligible."""
    distribution: Float64Array = stats.poisson.pmf(np.arange(int(stats.poisson.isf(NEGLIGIBLE, mean)) + 2), mean)
    return distribution


def geometric(success: float) -> Float64Array:
    """Sizes 1, 2, ...: each further unit with probability 1 - success."""
    last = int(np.ceil(np.log(NEGLIGIBLE) / np.log(1 - success))) + 1
    weights = (1 - success) ** np.arange(last)
    return np.concatenate(([0.0], weights / weights.sum()))


def compound_poisson(mean_customers: float, sizes: Float64Array) -> Float64Array:
    """Units that a Poisson number of customers asks for (the recursion of Adelson 1966).

    k P(k) = mean_customers x sum over j of j size(j) P(k - j)
    """
    weights = mean_customers * np.arange(len(sizes)) * sizes
    probabilities = [float(np.exp(-mean_customers * (1 - sizes[0])))]
    while sum(probabilities) < 1 - NEGLIGIBLE and len(probabilities) < 10_000:
        k = len(probabilities)
        reach = min(k, len(sizes) - 1)
        probabilities.append(float(weights[1 : reach + 1] @ probabilities[k - reach :][::-1]) / k)
    return np.array(probabilities)


def thinned(probabilities: Float64Array, share: float) -> Float64Array:
    """Of a random number of units each is ours with probability `share`, independently: how many are ours."""
    number = np.arange(len(probabilities))
    ours: Float64Array = stats.binom.pmf(number[:, None], number[None, :], share) @ probabilities
    return ours
