"""From a service target to a reorder point, and from costs or cover to a lot: plain functions of numbers.

Let D be the demand over the time that stock has to protect against (lead time, and review period under periodic
review). Two measures of service:

- cycle service: D does not exceed the reorder point R, P(D <= R) >= target.
- fill rate: with lots of Q and the position spread evenly over R + 1 .. R + Q, the share of units that have to wait
  is (n(R) - n(R + Q)) / Q, where n(y) = E[max(D - y, 0)] (Hadley and Whitin 1963; Axsäter 2015, section 5.3). Exact for
  unit demands in continuous review; Q = 1 is base stock.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from policies.compilable import compilable
from policies.normal import normal_loss, normal_quantile

POISSON: Final = 0
NEGATIVE_BINOMIAL: Final = 1
NORMAL: Final = 2
EMPIRICAL: Final = 3
DISTRIBUTIONS: Final = ("poisson", "negative_binomial", "normal", "empirical")

CYCLE_SERVICE: Final = 0
FILL_RATE: Final = 1
MEASURES: Final = ("cycle_service", "fill_rate")

NOTHING: Final = -1
"""Reorder point of what is not asked for: nothing is held, it is ordered through."""

_SUM_FROM_ZERO: Final = 50.0  # up to this mean the probabilities are added up from 0
_LARGEST_DEVIATION: Final = 20_000.0  # beyond, a normal distribution takes the place of the discrete one
_NEGLIGIBLE: Final = 1e-18


@compilable
def protection_demand(
    mean: float, variance: float, lead_time: float, lead_time_variance: float, review_period: float
) -> tuple[float, float]:
    """Mean and variance of the demand over lead time and review period, all times in the unit of `mean` per time.

    Demands of disjoint times are independent, the lead time independent of them: E[T] var(D) + E[D]^2 var(L)
    (Silver, Pyke and Thomas 2017, section 6.9).
    """
    protection = lead_time + review_period
    return mean * protection, variance * protection + mean * mean * lead_time_variance


# --- Poisson and negative binomial by recurrence -------------------------------------------------------------------


@compilable
def _ratio(k: int, mean: float, size: float, fail: float) -> float:
    """P(D = k + 1) / P(D = k), Poisson (`size` 0) or negative binomial (`size`, and `fail` = 1 - mean / variance)."""
    if size == 0.0:
        return mean / (k + 1.0)
    return (k + size) / (k + 1.0) * fail


@compilable
def _log_probability(k: int, mean: float, size: float, fail: float) -> float:
    if size == 0.0:
        return k * math.log(mean) - mean - math.lgamma(k + 1.0)
    chance = math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1.0)
    return chance + size * math.log1p(-fail) + k * math.log(fail)


@compilable
def _at(k: int, mean: float, size: float, fail: float) -> tuple[float, float, float]:
    """P(D = k), P(D > k) and E[max(D - k, 0)], the latter two added up from k onwards."""
    probability = math.exp(_log_probability(k, mean, size, fail))
    tail = 0.0
    loss = 0.0
    term = probability
    j = k
    while True:
        term *= _ratio(j, mean, size, fail)
        j += 1
        tail += term
        loss += (j - k) * term
        if j > mean and (term == 0.0 or term * (j - k) <= _NEGLIGIBLE * loss):
            return probability, tail, loss


@compilable
def _start(mean: float, size: float, fail: float) -> tuple[float, float, float]:
    """The same at k = 0."""
    logarithm = -mean if size == 0.0 else size * math.log1p(-fail)
    return math.exp(logarithm), -math.expm1(logarithm), mean


@compilable
def discrete_reorder_point(mean: float, variance: float, target: float, measure: int, lot: int) -> int:
    """Smallest R >= 0 that reaches the target where demand is Poisson (`variance` <= `mean`) or negative binomial.

    Without demand NOTHING. `lot` matters to the fill rate only.
    """
    if mean <= 0.0:
        return NOTHING
    deviation = math.sqrt(max(variance, mean))
    if deviation > _LARGEST_DEVIATION:
        return normal_reorder_point(mean, variance, target, measure, lot)
    size = 0.0
    fail = 0.0
    if variance > mean * (1.0 + 1e-9):
        size = mean * mean / (variance - mean)
        fail = (variance - mean) / variance
    if measure == FILL_RATE:
        return _by_fill_rate(mean, size, fail, 1.0 - target, lot)
    return _by_cycle_service(mean, deviation, size, fail, target)


@compilable
def _by_cycle_service(mean: float, deviation: float, size: float, fail: float, target: float) -> int:
    allowed = 1.0 - target
    k = 0
    if mean <= _SUM_FROM_ZERO:
        probability, tail, _ = _start(mean, size, fail)
    else:
        k = max(int(mean + normal_quantile(target) * deviation), 0)
        probability, tail, _ = _at(k, mean, size, fail)
    while k > 0 and tail + probability <= allowed:
        tail += probability
        probability /= _ratio(k - 1, mean, size, fail)
        k -= 1
    while tail > allowed:
        probability *= _ratio(k, mean, size, fail)
        if probability <= _NEGLIGIBLE * tail and k > mean:
            break  # beyond what the sum of floats can tell
        tail -= probability
        k += 1
    return k


@compilable
def _by_fill_rate(mean: float, size: float, fail: float, allowed: float, lot: int) -> int:
    k = 0
    top = lot
    short = allowed * lot
    if mean <= _SUM_FROM_ZERO:
        probability, tail, loss = _start(mean, size, fail)
        high_probability, high_tail, high_loss = probability, tail, loss
        for j in range(lot):
            high_probability, high_tail, high_loss = _step(j, high_probability, high_tail, high_loss, mean, size, fail)
            if high_loss == 0.0:
                break
    else:
        k = int(mean)
        top = k + lot
        probability, tail, loss = _at(k, mean, size, fail)
        high_probability, high_tail, high_loss = _at(top, mean, size, fail)
    while k > 0:
        below = loss + tail + probability
        high_below = high_loss + high_tail + high_probability
        if below - high_below > short:
            break
        loss, tail = below, tail + probability
        high_loss, high_tail = high_below, high_tail + high_probability
        probability /= _ratio(k - 1, mean, size, fail)
        high_probability /= _ratio(top - 1, mean, size, fail)
        k -= 1
        top -= 1
    while loss - high_loss > short:
        probability, tail, loss = _step(k, probability, tail, loss, mean, size, fail)
        high_probability, high_tail, high_loss = _step(top, high_probability, high_tail, high_loss, mean, size, fail)
        k += 1
        top += 1
    return k


@compilable
def _step(
    k: int, probability: float, tail: float, loss: float, mean: float, size: float, fail: float
) -> tuple[float, float, float]:
    """From k to k + 1; zeros once nothing is left that floats can tell."""
    loss -= tail
    probability *= _ratio(k, mean, size, fail)
    tail -= probability
    if k > mean and (tail <= 1e-15 or loss <= 1e-14 * mean):
        return 0.0, 0.0, 0.0
    return probability, tail, loss


# --- normal and empirical --------------------------------------------------------------------------------------------


@compilable
def normal_reorder_point(mean: float, variance: float, target: float, measure: int, lot: int) -> int:
    """Smallest whole R >= 0 that reaches the target where demand is normal; NOTHING without demand."""
    if mean <= 0.0:
        return NOTHING
    deviation = math.sqrt(max(variance, 0.0))
    if deviation == 0.0:
        return int(math.ceil(mean))
    if measure == CYCLE_SERVICE:
        return max(int(math.ceil(mean + normal_quantile(target) * deviation)), 0)
    low, high = -1, int(math.ceil(mean + 9.0 * deviation))
    short = (1.0 - target) * lot
    while high - low > 1:
        middle = (low + high) // 2
        z = (middle - mean) / deviation
        above = (middle + lot - mean) / deviation
        if deviation * (normal_loss(z) - normal_loss(above)) <= short:
            high = middle
        else:
            low = middle
    return high


@compilable
def empirical_reorder_point(sums: NDArray[np.float64], target: float, measure: int, lot: int) -> int:
    """Smallest whole R >= 0 that reaches the target if every value of `sums` (sorted, at least one) is as likely."""
    count = len(sums)
    if sums[count - 1] <= 0.0:
        return NOTHING
    if measure == CYCLE_SERVICE:
        return int(sums[min(max(int(math.ceil(target * count - 1e-9)), 1), count) - 1])
    low, high = -1, int(sums[count - 1])
    short = (1.0 - target) * lot * count
    while high - low > 1:
        middle = (low + high) // 2
        waiting = 0.0
        for one in sums:
            waiting += min(max(one - middle, 0.0), float(lot))
        if waiting <= short:
            high = middle
        else:
            low = middle
    return high


@compilable
def block_sums(history: NDArray[np.float64], oldest: int, count: int, block: int) -> NDArray[np.float64]:
    """Sums of every `block` buckets in a row of the last `count`, sorted: overlapping blocks (Porras and Dekker 2008).

    `history` is a ring whose oldest value stands at `oldest`; there are `count` - `block` + 1 sums.
    """
    size = len(history)
    sums = np.empty(count - block + 1)
    total = 0.0
    for place in range(count):
        total += history[(oldest + place) % size]
        if place >= block:
            total -= history[(oldest + place - block) % size]
        if place >= block - 1:
            sums[place - block + 1] = total
    sums.sort()
    return sums


# --- lots ------------------------------------------------------------------------------------------------------------


@compilable
def economic_lot(demand_per_year: float, cost_per_order: float, holding_per_unit_year: float) -> int:
    """Order quantity of least ordering and holding cost (Harris 1913), rounded half up, at least 1."""
    if holding_per_unit_year <= 0.0:
        return 1
    return max(int(math.sqrt(2.0 * demand_per_year * cost_per_order / holding_per_unit_year) + 0.5), 1)


@compilable
def cover_lot(demand_per_day: float, days: float) -> int:
    """Units that last so many days, rounded half up, at least 1."""
    return max(int(demand_per_day * days + 0.5), 1)
