"""The statistics of a comparison, on plain arrays: G quantities (rows) in R replications (columns).

Under common random numbers replication r of every variant meets the same chance, so what is compared is the
difference within each replication: its mean and Student's t interval over replications (Law, Simulation Modeling and
Analysis, 5th ed. 2015, section 10.2.1, paired-t). Runs that do not share their random numbers are compared by Welch's
interval (Welch 1947). A change relative to the base is a ratio of two means, with Fieller's interval (Fieller 1954): it
leaves out zero exactly when the interval of the difference does.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]

BOOTSTRAP_DRAWS: Final = 10_000


@dataclass(frozen=True)
class Differences:
    """Variant minus base, one entry per row (G,). Half widths, bounds and p are NaN with fewer than two replications.

    Attributes:
        base_mean, mean: means of the base and of the variant, over the replications that count.
        difference: mean of variant minus base.
        half_width: of the confidence interval of the difference.
        relative: difference / base mean; NaN where the base's is 0.
        relative_low, relative_high: Fieller's interval of it; NaN where the base's mean is not known to differ from 0.
        p_value: two-sided, of no difference.
        pairs: replications that count: pairs, or the smaller number of replications where they are not paired.
        identical: whether the two are equal in every single pair.
    """

    base_mean: Float64Array
    mean: Float64Array
    difference: Float64Array
    half_width: Float64Array
    relative: Float64Array
    relative_low: Float64Array
    relative_high: Float64Array
    p_value: Float64Array
    pairs: Int64Array
    identical: npt.NDArray[np.bool_]


def paired(base: Float64Array, other: Float64Array, confidence: float) -> Differences:
    """Differences of (G, R) values whose columns belong together; a pair with a NaN on either side does not count."""
    there = ~(np.isnan(base) | np.isnan(other))
    n = there.sum(axis=1)
    x, y = np.where(there, base, 0.0), np.where(there, other, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        base_mean, mean = x.sum(axis=1) / n, y.sum(axis=1) / n
        dx, dy = np.where(there, x - base_mean[:, None], 0.0), np.where(there, y - mean[:, None], 0.0)
        difference = (y - x).sum(axis=1) / n
        off = np.where(there, (y - x) - difference[:, None], 0.0)
        freedom = (n - 1).astype(np.float64)
        error = np.sqrt((off**2).sum(axis=1) / freedom / n)
        of_means = [(one * two).sum(axis=1) / freedom / n for one, two in ((dx, dx), (dy, dy), (dx, dy))]
    identical = (there.sum(axis=1) > 0) & ((x == y) | ~there).all(axis=1)
    return _differences(base_mean, mean, difference, error, freedom, of_means, n, identical, confidence)


def unpaired(base: Float64Array, other: Float64Array, confidence: float) -> Differences:
    """Differences of (G, R1) and (G, R2) values that are independent of each other (Welch); NaN does not count."""
    sides = [_moments(values) for values in (base, other)]
    (base_mean, of_base, base_n), (mean, of_other, other_n) = sides
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(of_base + of_other)
        freedom = (of_base + of_other) ** 2 / (of_base**2 / (base_n - 1) + of_other**2 / (other_n - 1))
    fewest = np.minimum(base_n, other_n)
    freedom = np.where(np.isnan(freedom) & (fewest > 1), fewest - 1.0, freedom)  # neither of them varies
    none = np.zeros_like(error)
    identical = np.zeros(len(error), dtype=np.bool_)
    return _differences(
        base_mean, mean, mean - base_mean, error, freedom, [of_base, of_other, none], fewest, identical, confidence
    )


def _moments(values: Float64Array) -> tuple[Float64Array, Float64Array, Int64Array]:
    """Mean, variance of the mean, and how many count, of each row."""
    there = ~np.isnan(values)
    n = there.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(there, values, 0.0).sum(axis=1) / n
        squares = (np.where(there, values - mean[:, None], 0.0) ** 2).sum(axis=1)
        return mean, squares / (n - 1) / n, n


def _differences(
    base_mean: Float64Array,
    mean: Float64Array,
    difference: Float64Array,
    error: Float64Array,
    freedom: Float64Array,
    of_means: list[Float64Array],
    pairs: Int64Array,
    identical: npt.NDArray[np.bool_],
    confidence: float,
) -> Differences:
    from scipy.special import stdtr, stdtrit

    error = np.where(pairs > 1, error, np.nan)
    freedom = np.where(pairs > 1, freedom, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        quantile = np.asarray(stdtrit(freedom, 0.5 + confidence / 2), dtype=np.float64)
        t = np.where(difference == 0.0, 0.0, np.abs(difference) / error)  # 0 / 0 is no difference, x / 0 a sure one
        p_value = np.where(pairs > 1, 2.0 * stdtr(freedom, -t), np.nan)
        relative = np.where(base_mean != 0.0, difference / base_mean, np.nan)
    low, high = fieller(base_mean, mean, of_means[0], of_means[1], of_means[2], quantile)
    return Differences(
        base_mean, mean, difference, quantile * error, relative, low - 1.0, high - 1.0, p_value, pairs, identical
    )


def fieller(
    base_mean: Float64Array,
    mean: Float64Array,
    base_variance: Float64Array,
    variance: Float64Array,
    covariance: Float64Array,
    quantile: Float64Array,
) -> tuple[Float64Array, Float64Array]:
    """Fieller's interval (1954) of the ratio mean / base mean; NaN where the base's mean may be 0 (no finite interval).

    The variances and the covariance are those of the two means.
    """
    squared = quantile**2
    with np.errstate(divide="ignore", invalid="ignore"):
        a = base_mean**2 - squared * base_variance
        b = base_mean * mean - squared * covariance
        root = np.sqrt(np.maximum(b**2 - a * (mean**2 - squared * variance), 0.0))
        finite = a > 0.0
        return np.where(finite, (b - root) / a, np.nan), np.where(finite, (b + root) / a, np.nan)


# --- more than one variant against the base ---------------------------------------------------------------------------
def holm(p_values: Float64Array) -> Float64Array:
    """Holm's (1979) adjusted p values of a family (K,): at most alpha for those rejected at family-wise level alpha."""
    adjusted = np.full(p_values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return adjusted


def simultaneous_confidence(confidence: float, comparisons: int) -> float:
    """Level of each of several intervals that hold together with at least `confidence` (Bonferroni)."""
    return 1.0 - (1.0 - confidence) / max(comparisons, 1)


def probability_of_being_best(
    values: list[Float64Array], higher_is_better: bool, together: bool, seed: int, draws: int = BOOTSTRAP_DRAWS
) -> Float64Array:
    """How often each of K variants has the best mean when replications are drawn again with replacement (bootstrap).

    Args:
        values: per variant its values by replication.
        higher_is_better: which end is best. Ties share.
        together: draw the same replications for all, which keeps the pairs (common random numbers); needs equal
            lengths. Otherwise each variant's are drawn on their own.
        seed: of the drawing.
        draws: how many times.
    """
    generator = np.random.Generator(np.random.Philox(seed))
    count = len(values[0])
    index = generator.integers(0, count, (draws, count)) if together else None
    means = np.stack(
        [
            one[index if index is not None else generator.integers(0, len(one), (draws, len(one)))].mean(axis=1)
            for one in values
        ]
    )
    best = means.max(axis=0) if higher_is_better else means.min(axis=0)
    winners = (means == best).astype(np.float64)
    shares: Float64Array = (winners / winners.sum(axis=0)).mean(axis=1)
    return shares
