"""Durations and order sizes from uniform numbers, compiled: every draw takes a fixed number of stream words.

The codes are those of `sim.network`: DISTRIBUTION_* for durations in milliseconds, SIZE_* for quantities in integer
units. A duration takes one word (a constant none), a size one word (a constant none, a negative binomial two).
"""

import math

import numpy as np

from sim.chance.quantiles import gamma_quantile, normal_quantile, poisson_quantile
from sim.chance.streams import uniform
from sim.jit import compiled
from sim.network import (
    DISTRIBUTION_CONSTANT,
    DISTRIBUTION_EXPONENTIAL,
    DISTRIBUTION_GAMMA,
    DISTRIBUTION_LOGNORMAL,
    DISTRIBUTION_TRIANGULAR,
    DISTRIBUTION_UNIFORM,
    SIZE_CONSTANT,
    SIZE_EMPIRICAL,
    SIZE_GEOMETRIC,
    SIZE_LOGARITHMIC,
    SIZE_NEGATIVE_BINOMIAL,
    SIZE_NORMAL,
    SIZE_POISSON,
    Float64Array,
)

SIZE_POISSON_FROM_ONE = 8  # 1 + Poisson(a - 1), mean a: what SIZE_POISSON means where a line must ask for something
_LONGEST_MS = 4.0e18  # below 2**62, so that adding a time cannot overflow


@compiled
def _triangular_quantile(low: float, mode: float, high: float, u: float) -> float:
    if high <= low:
        return low
    rising = (mode - low) / (high - low)
    if u < rising:
        return low + math.sqrt(u * (high - low) * (mode - low))
    return high - math.sqrt((1.0 - u) * (high - low) * (high - mode))


@compiled
def duration_from_uniform(kind: int, a: float, b: float, c: float, offset: int, u: float) -> int:
    """Duration in ms (int): the quantile of u, rounded half up, cut at 0, plus `offset` ms."""
    if kind == DISTRIBUTION_CONSTANT:
        value = a
    elif kind == DISTRIBUTION_EXPONENTIAL:
        value = -math.log(1.0 - u) * a
    elif kind == DISTRIBUTION_GAMMA:
        value = gamma_quantile(a, u) * b
    elif kind == DISTRIBUTION_LOGNORMAL:
        value = math.exp(a + b * normal_quantile(u))
    elif kind == DISTRIBUTION_UNIFORM:
        value = a + u * (b - a)
    elif kind == DISTRIBUTION_TRIANGULAR:
        value = _triangular_quantile(a, b, c, u)
    else:
        value = a + b * normal_quantile(u)
    return int(math.floor(min(max(value, 0.0), _LONGEST_MS) + 0.5)) + offset


@compiled
def draw_duration(
    kind: int,
    a: float,
    b: float,
    c: float,
    offset: int,
    key0: np.uint64,
    key1: np.uint64,
    seed: np.uint64,
    replication: np.uint64,
    index: int,
) -> int:
    """Duration in ms from word `index` of a stream; a constant looks at no word, and the caller counts none."""
    if kind == DISTRIBUTION_CONSTANT:
        return duration_from_uniform(kind, a, b, c, offset, 0.5)
    return duration_from_uniform(kind, a, b, c, offset, uniform(key0, key1, seed, replication, index))


@compiled
def geometric_quantile(log_failure: float, u: float) -> int:
    """Geometric on 1, 2, ... ; `log_failure` is the log of the probability to go on (-inf: always 1)."""
    return max(int(math.ceil(math.log(1.0 - u) / log_failure)), 1)


@compiled
def logarithmic_quantile(p: float, u: float) -> int:
    """Logarithmic series distribution on 1, 2, ... with P(k) proportional to p**k / k, by adding up."""
    probability = -p / math.log1p(-p) if p > 0.0 else 1.0
    total = probability
    k = 1
    while total < u and total + probability > total:
        probability *= p * k / (k + 1)
        total += probability
        k += 1
    return k


@compiled
def empirical_quantile(table: Float64Array, first: int, count: int, u: float) -> int:
    """Size from rows first .. first + count - 1 of a table of (cumulative probability, size): the first row that
    reaches u."""
    low = first
    high = first + count - 1
    while low < high:
        middle = (low + high) // 2
        if table[middle, 0] < u:
            low = middle + 1
        else:
            high = middle
    return int(math.floor(table[low, 1] + 0.5))


@compiled
def size_words(kind: int) -> int:
    """How many stream words a size of this kind takes."""
    if kind == SIZE_CONSTANT:
        return 0
    return 2 if kind == SIZE_NEGATIVE_BINOMIAL else 1


@compiled
def size_from_uniforms(kind: int, a: float, b: float, table: Float64Array, u: float, v: float) -> int:
    """Quantity (int, >= 0) of a SIZE_* code with parameters a and b; `v` is used by the negative binomial only.

    A negative binomial of mean a and variance b is a Poisson whose mean is gamma distributed with shape
    a**2 / (b - a); that makes it two inversions instead of one over an unbounded sum.
    """
    if kind == SIZE_CONSTANT:
        return int(math.floor(a + 0.5))
    if kind == SIZE_GEOMETRIC:
        return geometric_quantile(math.log1p(-a) if a < 1.0 else -math.inf, u)
    if kind == SIZE_LOGARITHMIC:
        return logarithmic_quantile(a, u)
    if kind == SIZE_NORMAL:
        return int(math.floor(max(a + b * normal_quantile(u), 0.0) + 0.5))
    if kind == SIZE_POISSON:
        return poisson_quantile(a, u)
    if kind == SIZE_POISSON_FROM_ONE:
        return 1 + poisson_quantile(a - 1.0, u)
    if kind == SIZE_NEGATIVE_BINOMIAL:
        if a <= 0.0:
            return 0
        if b <= a:
            return poisson_quantile(a, v)
        return poisson_quantile(gamma_quantile(a * a / (b - a), u) * ((b - a) / a), v)
    if kind == SIZE_EMPIRICAL:
        return empirical_quantile(table, int(a), int(b), u)
    return int(math.floor(a + u * (b - a + 1.0)))
